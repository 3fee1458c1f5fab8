"""The terminal's configuration: what the host sent, as JSON, checked before it is kept.

The host checks the same values with explanations; this is the last line against a bad one.
"""

import binascii
import json

import occrypto
from occard.profiles import ACCOUNTS

from .files import read_file, replace_file

# name: (default, type, lowest, highest); sizes of texts in characters
_FIELDS = {
    "merchant": ("", str, 0, 32),
    "scene": ("canteen", str, 1, 16),
    "price": (0, int, 0, 10000000),  # fen; 0: keyed in for each sale
    "serial_offset": (0, int, 0, 0xFFFFFFFF),
    "repeat_ms": (1500, int, 0, 60000),  # the same card within this time is not charged again
    "account": ("transit", str, 1, 16),  # which account of the card is charged
    "tap_limit": (0, int, 0, 10000000),  # fen of one purchase; 0, as below: no limit
    "day_limit": (0, int, 0, 100000000),  # fen of a card's day here
    "day_count": (0, int, 0, 1000),  # purchases of a card's day here
    "min_left": (0, int, 0, 10000000),  # fen that must stay on the card
    "passback_s": (0, int, 0, 86400),  # a card is not let in twice within it
    "counted_cards": (1000, int, 10, 8000),  # different cards a day, where they are counted
    "city": ("", str, 0, 4),  # region code; "": cards' management information is not asked for
    "takes_test_cards": (0, int, 0, 1),
    "hotlist_days": (0, int, 0, 3650),  # nothing is sold on an older hotlist; 0: any age will do
    "qr_roots": ("", str, 0, 600),  # root keys of transit codes: "1=03AB...", more after spaces
    "update_roots": ("", str, 0, 300),  # SM2 keys that sign updates, compressed, with spaces
    "trial_s": (600, int, 5, 86400),  # an update that is not confirmed by then is rolled back
    "sam": ("soft", str, 1, 16),
    "sam_scheme": ("transport", str, 1, 16),
    "sm4_session": ("", str, 0, 16),  # how SM4 cards make session keys, for the soft SAM
    "sm4_algorithm": (4, int, 2, 255),  # the algorithm byte of such cards
}
SCENES = ("canteen",)
# field: what it may be, where that is a list
_CHOICES = {
    "scene": SCENES,
    "account": ACCOUNTS,
    "sam": ("soft", "psam"),
    "sam_scheme": ("transport", "housing"),
    "sm4_session": ("", "complement", "zeros"),
}


class ConfigError(Exception):
    """A configuration that this terminal cannot run. The one before stays."""


def check(values):
    """All fields with defaults filled in. Raises ConfigError naming the field and its range."""
    if not isinstance(values, dict):
        raise ConfigError("configuration is not an object")
    out = {}
    for name in values:
        if name not in _FIELDS:
            raise ConfigError("unknown field %s" % name)
    for name, (default, kind, lowest, highest) in _FIELDS.items():
        value = values.get(name, default)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ConfigError("%s must be %s" % (name, kind.__name__))
        size = len(value) if kind is str else value
        if not lowest <= size <= highest:
            raise ConfigError("%s must be %d to %d" % (name, lowest, highest))
        out[name] = value
    for name, choices in _CHOICES.items():
        if out[name] not in choices:
            raise ConfigError("%s %s is unknown, not of %s" % (name, out[name], _words(choices)))
    roots(out)
    update_roots(out)
    if out["city"] and (len(out["city"]) != 4 or not out["city"].isdigit()):
        raise ConfigError("city must be four digits")
    return out


def _words(choices):
    return ", ".join(choices)


def roots(values):
    """{root key index: SM2 public key, compressed} of qr_roots. Raises ConfigError."""
    found = {}
    for word in values["qr_roots"].split():
        index, _, key = word.partition("=")
        try:
            found[int(index)] = binascii.unhexlify(key)
            occrypto.sm2_point(found[int(index)])
        except ValueError:
            raise ConfigError("qr_roots: %s is no index=SM2 public key" % word[:20]) from None
    return found


def update_roots(values):
    """SM2 public keys (X|Y) whose holders may sign updates. Raises ConfigError."""
    found = []
    for word in values["update_roots"].split():
        try:
            found.append(occrypto.sm2_point(binascii.unhexlify(word)))
        except ValueError:
            raise ConfigError("update_roots: %s is no SM2 public key" % word[:20]) from None
    return found


def parse(raw):
    """check() of JSON text as bytes."""
    try:
        values = json.loads(raw)
    except ValueError:
        raise ConfigError("configuration is no JSON") from None
    return check(values)


def load(path):
    """The configuration in `path`, or the defaults if it is missing or damaged.

    Fields that newer firmware kept there are passed over: this may be the one rolled back to.
    """
    try:
        kept = json.loads(read_file(path) or b"{}")
        return check({name: kept[name] for name in kept if name in _FIELDS})
    except (ConfigError, ValueError, TypeError):
        return check({})


def save(path, values):
    """Keep checked values."""
    replace_file(path, json.dumps(values).encode())
