"""A keystore's backup: an encrypted file, and its key as shares of which some number is enough.

Shares are lists of words by SLIP-39 (package `shamir-mnemonic`, its authors' own): each checks
itself, fewer than needed tell nothing. The file may lie anywhere; without the shares it is noise.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics

from .keystore import Keystore, KeystoreError

_MAGIC = b"OCB2"
_KEY_SIZE, _NONCE_SIZE = 32, 12
MOST_SHARES = 16  # SLIP-39


def backup(keystore: Keystore, path: Path, needed: int, of: int) -> list[str]:
    """Write the backup file; the shares, each a line of words. Raises KeystoreError."""
    if not 2 <= needed <= of <= MOST_SHARES:
        raise KeystoreError(
            f"{needed} of {of} shares", f"at least 2 are needed, of at most {MOST_SHARES}"
        )
    if path.exists():
        raise KeystoreError(f"{path} exists", "move it away first")
    key, nonce = os.urandom(_KEY_SIZE), os.urandom(_NONCE_SIZE)
    sealed = AESGCM(key).encrypt(nonce, keystore.packed(), _MAGIC)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(_MAGIC + nonce + sealed)
        out.flush()
        os.fsync(out.fileno())
    return generate_mnemonics(1, [(needed, of)], key)[0]


def restore(path: Path, shares: Sequence[str]) -> Keystore:
    """The keystore in a backup file. Raises KeystoreError: too few shares, another backup's,
    a word that was copied wrong, a damaged file."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise KeystoreError(f"no backup at {path}: {error.strerror}") from error
    if raw[:4] != _MAGIC:
        raise KeystoreError(f"{path} is no keystore's backup")
    try:
        key = combine_mnemonics([" ".join(share.split()).lower() for share in shares])
    except (MnemonicError, ValueError) as error:
        raise KeystoreError(
            f"these {len(shares)} shares do not fit together: {error}",
            "look for a wrong word, or a share of another backup",
        ) from error
    try:
        plain = AESGCM(key).decrypt(raw[4 : 4 + _NONCE_SIZE], raw[4 + _NONCE_SIZE :], _MAGIC)
    except (InvalidTag, ValueError) as error:
        raise KeystoreError(
            f"{path} does not open with these shares",
            "they are of another backup, or it is damaged",
        ) from error
    return Keystore.unpacked(plain)
