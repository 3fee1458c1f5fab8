"""Files of secrets, encrypted with AES-256-GCM under a key that scrypt makes from a passphrase
(RFC 7914, NIST SP 800-38D; package `cryptography`)."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

_SCRYPT_N = 2**15
_SALT_SIZE = 16
_NONCE_SIZE = 12
_TAG_SIZE = 16


class WrongPassphrase(ValueError):
    """The passphrase is another one, or the file was altered."""


def save(path: Path, magic: bytes, passphrase: str, plain: bytes) -> None:
    """Write the encrypted file; readable by its owner alone. Replaces it in one step.

    magic: 4 bytes that say what kind of file it is.
    """
    salt, nonce = os.urandom(_SALT_SIZE), os.urandom(_NONCE_SIZE)
    head = magic + struct.pack(">I", _SCRYPT_N) + salt + nonce
    sealed = AESGCM(_key(passphrase, salt, _SCRYPT_N)).encrypt(nonce, plain, head)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(path.suffix + ".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        os.fchmod(out.fileno(), 0o600)  # also when the file was there already
        out.write(head + sealed)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)


def load(path: Path, magic: bytes, passphrase: str) -> bytes:
    """What save() wrote. Raises OSError, ValueError (another kind of file), WrongPassphrase."""
    raw = path.read_bytes()
    size = len(magic) + 4 + _SALT_SIZE + _NONCE_SIZE
    if len(raw) < size + _TAG_SIZE or raw[: len(magic)] != magic:
        raise ValueError("another kind of file")
    head, n = raw[:size], struct.unpack_from(">I", raw, len(magic))[0]
    if n not in (2**14, 2**15, 2**16, 2**17):
        raise ValueError("damaged")
    salt, nonce = head[-_SALT_SIZE - _NONCE_SIZE : -_NONCE_SIZE], head[-_NONCE_SIZE:]
    try:
        return AESGCM(_key(passphrase, salt, n)).decrypt(nonce, raw[size:], head)
    except InvalidTag as error:
        raise WrongPassphrase("wrong passphrase or damaged file") from error


def _key(passphrase: str, salt: bytes, n: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=8, p=1).derive(passphrase.encode())
