"""The terminal's configuration: what the host sent, as JSON, checked before it is kept.

The host checks the same values with explanations; this is the last line against a bad one.
"""

import json

from .files import read_file, replace_file

# name: (default, type, lowest, highest); sizes of texts in characters
_FIELDS = {
    "merchant": ("", str, 0, 32),
    "scene": ("canteen", str, 1, 16),
    "price": (0, int, 0, 10000000),  # fen; 0: keyed in for each sale
    "serial_offset": (0, int, 0, 0xFFFFFFFF),
    "repeat_ms": (1500, int, 0, 60000),  # the same card within this time is not charged again
}
SCENES = ("canteen",)


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
    if out["scene"] not in SCENES:
        raise ConfigError("scene %s is unknown" % out["scene"])
    return out


def parse(raw):
    """check() of JSON text as bytes."""
    try:
        values = json.loads(raw)
    except ValueError:
        raise ConfigError("configuration is no JSON") from None
    return check(values)


def load(path):
    """The configuration in `path`, or the defaults if it is missing or damaged."""
    raw = read_file(path)
    try:
        return parse(raw) if raw is not None else check({})
    except ConfigError:
        return check({})


def save(path, values):
    """Keep checked values."""
    replace_file(path, json.dumps(values).encode())
