"""The keystore: the master keys from which every terminal's and every card's keys are derived.

One encrypted file (sealed_file.py). Keys live in memory only while a command runs, and no
method prints, logs or returns one as text.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

import occrypto

from . import sealed_file
from .errors import OneCardError

PASSPHRASE_VARIABLE = "ONECARD_PASSPHRASE"
_MAGIC = b"OCK1"
_KEY_SIZE = 16
_ID_SIZE = 6
DIVERSIFIED = 1


class KeystoreError(OneCardError):
    """The keystore cannot be read, or a key file is not right."""


@dataclass(frozen=True, repr=False)
class PurseKeys:
    """Keys of the purse scheme. dpk, dtk: 16 bytes. is_diversified: masters, from which a card's
    own keys come with the right-most 8 bytes of its application serial; else used as they are."""

    dpk: bytes
    dtk: bytes
    key_index: int = 1
    is_diversified: bool = True

    def card_dpk(self, serial: bytes) -> bytes:
        """The purchase key of the card with this 10-byte application serial."""
        return occrypto.diversify_des(self.dpk, serial[2:]) if self.is_diversified else self.dpk

    def card_dtk(self, serial: bytes) -> bytes:
        """The TAC key of the card with this 10-byte application serial."""
        return occrypto.diversify_des(self.dtk, serial[2:]) if self.is_diversified else self.dtk


@dataclass(repr=False)
class Keystore:
    """master: 32 bytes, for terminals' own keys. purse: the purse scheme's keys."""

    master: bytes
    purse: PurseKeys

    @classmethod
    def make(cls, purse: PurseKeys | None = None) -> Keystore:
        """A keystore with fresh random masters (purse keys too, unless given)."""
        made = purse or PurseKeys(os.urandom(_KEY_SIZE), os.urandom(_KEY_SIZE))
        return cls(os.urandom(32), made)

    def link_key(self, terminal_id: str) -> bytes:
        """The terminal's link key, 16 bytes."""
        return self._derive(b"link", terminal_id)

    def journal_key(self, terminal_id: str) -> bytes:
        """The terminal's journal key, 16 bytes."""
        return self._derive(b"journal", terminal_id)

    def identity_key(self, terminal_id: str) -> bytes:
        """The key that opens this terminal's sealed identities, 16 bytes (SPEC.md section 1)."""
        return occrypto.hmac_sm3(self.journal_key(terminal_id), b"OCT1 identity")[:_KEY_SIZE]

    def _derive(self, purpose: bytes, terminal_id: str) -> bytes:
        text = b"OCT1 " + purpose + b" " + parse_terminal_id(terminal_id)
        return occrypto.hmac_sm3(self.master, text)[:_KEY_SIZE]

    def provision_fields(self, terminal_id: str) -> tuple[bytes, bytes, bytes, bytes, int, int]:
        """The field values of ocwire's PROVISION message for this terminal."""
        return (
            parse_terminal_id(terminal_id),
            self.link_key(terminal_id),
            self.journal_key(terminal_id),
            self.purse.dpk,
            self.purse.key_index,
            DIVERSIFIED if self.purse.is_diversified else 0,
        )

    # -- the file --------------------------------------------------------------------

    def save(self, path: Path, passphrase: str) -> None:
        """Write the encrypted file; readable by its owner alone. Replaces it in one step."""
        plain = json.dumps(
            {
                "master": self.master.hex(),
                "dpk": self.purse.dpk.hex(),
                "dtk": self.purse.dtk.hex(),
                "key_index": self.purse.key_index,
                "diversified": self.purse.is_diversified,
            }
        ).encode()
        sealed_file.save(path, _MAGIC, passphrase, plain)

    @classmethod
    def load(cls, path: Path, passphrase: str) -> Keystore:
        """Open the file. Raises KeystoreError: missing, damaged, or another passphrase."""
        try:
            plain = sealed_file.load(path, _MAGIC, passphrase)
        except OSError as error:
            raise KeystoreError(
                f"no keystore at {path}: {error.strerror}", "make one: onecard keystore init"
            ) from error
        except sealed_file.WrongPassphrase as error:
            raise KeystoreError(
                f"{path}: {error}",
                f"the passphrase comes from {PASSPHRASE_VARIABLE} or is asked for",
            ) from error
        except ValueError as error:
            raise KeystoreError(f"{path} is not a keystore: {error}") from error
        values = json.loads(plain)
        purse = PurseKeys(
            bytes.fromhex(values["dpk"]),
            bytes.fromhex(values["dtk"]),
            values["key_index"],
            values["diversified"],
        )
        return cls(bytes.fromhex(values["master"]), purse)


def parse_terminal_id(text: str) -> bytes:
    """12 digits as 6 BCD bytes. Raises KeystoreError for anything else."""
    if len(text) != 2 * _ID_SIZE or not text.isdecimal() or not text.isascii():
        raise KeystoreError(f"terminal id {text!r} is not 12 digits", "example: 112233445566")
    return bytes.fromhex(text)


def read_purse_keys(path: Path) -> PurseKeys:
    """Purse keys from a TOML file, for foreign cards and test decks:

        [purse]
        dpk = "32 hex digits"
        dtk = "32 hex digits"
        key_index = 1          # 0..255, default 1
        diversified = true     # false: the keys are the cards' own; default true

    The table's name may be left out. Raises KeystoreError naming the field and what it permits.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KeystoreError(f"cannot read {path}: {error}", "see: onecard sim --help") from error
    table = values.get("purse", values)
    if not isinstance(table, dict):
        raise KeystoreError(f"{path}: purse must be a table: [purse]", "see: onecard sim --help")
    table = {str(k).lower(): v for k, v in table.items()}
    known = {"dpk", "dtk", "key_index", "diversified"}
    for name in table:
        if name not in known:
            raise KeystoreError(
                f"{path}: unknown field {name}", f"fields: {', '.join(sorted(known))}"
            )
    index, is_diversified = table.get("key_index", 1), table.get("diversified", True)
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index <= 255:
        raise KeystoreError(f"{path}: key_index must be 0 to 255")
    if not isinstance(is_diversified, bool):
        raise KeystoreError(f"{path}: diversified must be true or false")
    return PurseKeys(
        _hex_key(path, table, "dpk"), _hex_key(path, table, "dtk"), index, is_diversified
    )


def _hex_key(path: Path, table: dict[str, object], name: str) -> bytes:
    try:
        key = bytes.fromhex(str(table[name]))
    except (KeyError, ValueError):
        key = b""
    if len(key) != _KEY_SIZE:
        raise KeystoreError(f"{path}: {name} must be 32 hex digits")
    return key
