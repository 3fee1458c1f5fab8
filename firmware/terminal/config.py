"""The terminal's configuration: what the host sent, as JSON, checked before it is kept.

The host checks the same values with explanations; this is the last line against a bad one.
"""

import gc
import json

from ocwire import roots, settings
from ocwire.errors import UNKNOWN, SettingError
from ocwire.settings import check

from .files import drop_draft, keep_draft, read_draft, read_file, write_draft


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


def draft(path, raw, scenes=None):
    """Check settings (JSON bytes), write them beside `path`, and give them as they are read from
    there. Raises SettingError, OSError; no draft is left then.

    What a check leaves lies all over a small heap, among what it needed for a while, and splits
    the room for tables; what is read lies together.
    """
    try:
        write_draft(path, parse(raw, scenes))
        gc.collect()
        return read_draft(path)
    except (MemoryError, OSError):
        drop_draft(path)
        raise


def keep(path):
    """Have `path` hold the last draft."""
    keep_draft(path)


def drop(path):
    """Leave no draft beside `path`: it is refused, or says nothing new."""
    drop_draft(path)


def load(path, scenes=None):
    """The configuration in `path`, or the defaults if it is missing or damaged.

    Fields that newer firmware kept there are passed over: this may be the one rolled back to.
    """
    try:
        read = json.loads(read_file(path) or b"{}")
        checked = check(read, scenes, _pass_unknown)
        return read if read == checked else checked  # together, see draft()
    except (SettingError, ValueError, TypeError):
        return check({})


def _pass_unknown(path, text, field):
    if text != UNKNOWN:
        raise SettingError(path, text)


def shown(values):
    """JSON of checked values for whoever may read them: without PINs."""
    return json.dumps(settings.hidden(values)).encode()
