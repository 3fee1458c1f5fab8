"""Where a keystore's passphrase comes from: the environment, a file that it names, the system's
keyring. Never argv.

The keyring (Secret Service, macOS Keychain, Windows Credential Locker) is reached through the
`keyring` package, which need not be installed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .errors import OneCardError

VARIABLE = "ONECARD_PASSPHRASE"
FILE_VARIABLE = "ONECARD_PASSPHRASE_FILE"  # for services: systemd's LoadCredential
_SERVICE = "onecard keystore"


class KeyringError(OneCardError):
    """There is no keyring, or it does not open."""


def known(path: Path) -> str | None:
    """The passphrase of the keystore at `path` if nobody needs to be asked for it."""
    found = os.environ.get(VARIABLE)
    if found:
        return found
    file = os.environ.get(FILE_VARIABLE)
    if file:
        return _first_line(Path(file))
    try:
        ring = _keyring()
        value = ring.get_password(_SERVICE, str(path.resolve()))
    except KeyringError:
        return None
    except _errors():
        return None  # locked, or no service runs: then it is asked for
    return None if value is None else str(value)


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise OneCardError(f"{FILE_VARIABLE}: no passphrase in {path}: {error}") from error


def remember(path: Path, passphrase: str) -> None:
    """Put it into the system's keyring. Raises KeyringError."""
    ring = _keyring()
    try:
        ring.set_password(_SERVICE, str(path.resolve()), passphrase)
    except _errors() as error:
        raise KeyringError(
            f"the system's keyring does not take it: {error or type(error).__name__}",
            f"unlock it, or give the passphrase in {VARIABLE}",
        ) from error


def forget(path: Path) -> None:
    """Take it out of the system's keyring. Raises KeyringError if it is not there."""
    ring = _keyring()
    try:
        ring.delete_password(_SERVICE, str(path.resolve()))
    except _errors() as error:
        raise KeyringError(f"the system's keyring has none for {path}") from error


def _keyring() -> Any:
    try:
        import keyring
    except ImportError as error:
        raise KeyringError("keyring is not installed", "pip install onecard[keyring]") from error
    return keyring


def _errors() -> tuple[type[Exception], ...]:
    from keyring.errors import KeyringError as RingError

    return (RingError, RuntimeError)
