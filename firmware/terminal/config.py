"""The terminal's configuration: what the host sent, as JSON, checked before it is kept.

The host checks the same values with explanations; this is the last line against a bad one.
"""

import json

from ocwire import roots, settings
from ocwire.errors import UNKNOWN, SettingError
from ocwire.settings import check

from .files import read_file, replace_json


def qr_roots(values):
    """{root key index: SM2 public key, compressed} of checked values."""
    return roots.qr_roots(values["qr_roots"])


def update_roots(values):
    """SM2 public keys (X|Y) whose holders may sign updates, of checked values."""
    return roots.sm2_keys(values["update_roots"])


def list_roots(values):
    """SM2 public keys (X|Y) whose holders may sign card lists, of checked values."""
    return roots.sm2_keys(values["list_roots"])


def parse(raw, scenes=None):
    """ocwire.settings.check of JSON text as bytes. Raises SettingError."""
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
    replace_json(path, values)


def shown(values):
    """JSON of checked values for whoever may read them: without PINs."""
    return json.dumps(settings.hidden(values)).encode()
