"""The terminal's configuration: what the host sent, as JSON, checked before it is kept.

The host checks the same values with explanations; this is the last line against a bad one.
"""

import binascii
import json

import occrypto
from ocwire import settings
from ocwire.errors import UNKNOWN, SettingError

from .files import read_file, replace_file


def check(values, scenes=None, refuse=None):
    """All settings with defaults filled in; see ocwire.settings.check. Raises SettingError.

    scenes: names of those that this firmware has, None: any will do.
    """
    out = settings.check(values, scenes, refuse)
    roots(out)
    update_roots(out)
    return out


def roots(values):
    """{root key index: SM2 public key, compressed} of qr_roots. Raises SettingError."""
    found = {}
    for word in values["qr_roots"].split():
        index, _, key = word.partition("=")
        try:
            found[int(index)] = binascii.unhexlify(key)
            occrypto.sm2_point(found[int(index)])
        except ValueError:
            raise SettingError("qr_roots", "%s is no index=SM2 public key" % word[:20]) from None
    return found


def update_roots(values):
    """SM2 public keys (X|Y) whose holders may sign updates. Raises SettingError."""
    found = []
    for word in values["update_roots"].split():
        try:
            found.append(occrypto.sm2_point(binascii.unhexlify(word)))
        except ValueError:
            raise SettingError("update_roots", "%s is no SM2 public key" % word[:20]) from None
    return found


def parse(raw, scenes=None):
    """check() of JSON text as bytes."""
    try:
        values = json.loads(raw)
    except ValueError:
        raise SettingError("", "configuration is no JSON") from None
    return check(values, scenes)


def load(path, scenes=None):
    """The configuration in `path`, or the defaults if it is missing or damaged.

    Fields that newer firmware kept there are passed over: this may be the one rolled back to.
    """
    try:
        return check(json.loads(read_file(path) or b"{}"), scenes, _pass_unknown)
    except (SettingError, ValueError, TypeError):
        return check({})


def _pass_unknown(path, text, field):
    if text != UNKNOWN:
        raise SettingError(path, text)


def save(path, values):
    """Keep checked values."""
    replace_file(path, json.dumps(values).encode())


def shown(values):
    """JSON of checked values for whoever may read them: without PINs."""
    return json.dumps(settings.hidden(values)).encode()
