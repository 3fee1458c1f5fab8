"""The keystore: the master keys from which every terminal's and every card's keys are derived.

One encrypted file (sealed_file.py). Keys live in memory only while a command runs, and no
method prints, logs or returns one as text. A role's keystore is handed out from the office's: it
holds the keys that the role needs, of the terminals it needs them for, and no master.
"""

from __future__ import annotations

import json
import os
import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import occrypto

from . import passphrase, sealed_file
from .errors import OneCardError

PASSPHRASE_VARIABLE = passphrase.VARIABLE
_MAGIC = b"OCK1"
_KEY_SIZE = 16
_ID_SIZE = 6
DIVERSIFIED = 1

OFFICE, TECHNICIAN, COLLECTOR, SETTLEMENT = "office", "technician", "collector", "settlement"
REGISTRAR = "registrar"
_LINK, _JOURNAL, _IDENTITY = "link", "journal", "identity"
# role handed out -> (keys of each terminal, keys of the purse scheme)
ROLES = {
    TECHNICIAN: ((_LINK, _JOURNAL), ("dpk",)),  # provisions, updates, pulls
    COLLECTOR: ((_LINK, _JOURNAL), ()),  # pulls
    SETTLEMENT: ((_JOURNAL,), ("dtk",)),  # proves what was stored; cannot talk to a terminal
    REGISTRAR: ((_IDENTITY,), ()),  # opens sealed identities, and can prove or pull nothing
}


class KeystoreError(OneCardError):
    """The keystore cannot be read, or a key file is not right."""


@dataclass(frozen=True, repr=False)
class PurseKeys:
    """Keys of the purse scheme. dpk, dtk: 16 bytes, none in a role's that lacks it.

    is_diversified: masters, from which a card's own keys come with the right-most 8 bytes of its
    application serial; else used as they are.
    """

    dpk: bytes
    dtk: bytes
    key_index: int = 1
    is_diversified: bool = True

    def card_dpk(self, serial: bytes) -> bytes:
        """The purchase key of the card with this 10-byte application serial."""
        _need(self.dpk, "purchase keys")
        return occrypto.diversify_des(self.dpk, serial[2:]) if self.is_diversified else self.dpk

    def card_dtk(self, serial: bytes) -> bytes:
        """The TAC key of the card with this 10-byte application serial."""
        _need(self.dtk, "TAC keys")
        return occrypto.diversify_des(self.dtk, serial[2:]) if self.is_diversified else self.dtk


@dataclass(repr=False)
class Keystore:
    """master: 32 bytes, for terminals' own keys; none in one that was handed out. purse: the purse
    scheme's keys. role: OFFICE or of ROLES. made_s: when its keys were made, UTC seconds, 0 if not
    known. terminals: number -> purpose -> key, in one that was handed out."""

    master: bytes
    purse: PurseKeys
    role: str = OFFICE
    made_s: int = 0
    terminals: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @classmethod
    def make(cls, purse: PurseKeys | None = None) -> Keystore:
        """A keystore with fresh random masters (purse keys too, unless given)."""
        made = purse or PurseKeys(os.urandom(_KEY_SIZE), os.urandom(_KEY_SIZE))
        return cls(os.urandom(32), made, made_s=int(time.time()))

    def hand_out(self, role: str, terminals: Iterable[str]) -> Keystore:
        """A keystore with what `role` (of ROLES) needs for these terminals."""
        if role not in ROLES:
            raise KeystoreError(f"no role {role!r}", f"roles: {', '.join(ROLES)}")
        purposes, of_purse = ROLES[role]
        keys = {
            terminal: {purpose: self._key(purpose, terminal) for purpose in purposes}
            for terminal in terminals
        }
        for name in of_purse:
            _need(getattr(self.purse, name), "purse keys")
        purse = PurseKeys(
            self.purse.dpk if "dpk" in of_purse else b"",
            self.purse.dtk if "dtk" in of_purse else b"",
            self.purse.key_index,
            self.purse.is_diversified,
        )
        return Keystore(b"", purse, role, self.made_s, keys)

    def link_key(self, terminal_id: str) -> bytes:
        """The terminal's link key, 16 bytes."""
        return self._derive(_LINK, terminal_id)

    def journal_key(self, terminal_id: str) -> bytes:
        """The terminal's journal key, 16 bytes."""
        return self._derive(_JOURNAL, terminal_id)

    def identity_key(self, terminal_id: str) -> bytes:
        """The key that opens this terminal's sealed identities, 16 bytes (SPEC.md section 1): for
        the office and its registrar, though who proves records could derive it."""
        if self.role not in (OFFICE, REGISTRAR):
            raise KeystoreError(
                f"a {self.role} opens no identities", "a registrar does: onecard keystore hand-out"
            )
        return self._key(_IDENTITY, terminal_id)

    def _key(self, purpose: str, terminal_id: str) -> bytes:
        if purpose == _IDENTITY and self.master:
            return occrypto.hmac_sm3(self.journal_key(terminal_id), b"OCT1 identity")[:_KEY_SIZE]
        return self._derive(purpose, terminal_id)

    def _derive(self, purpose: str, terminal_id: str) -> bytes:
        text = b"OCT1 " + purpose.encode() + b" " + parse_terminal_id(terminal_id)
        if not self.master:
            key = self.terminals.get(terminal_id, {}).get(purpose)
            if key is None:
                raise KeystoreError(
                    f"this {self.role}'s keystore has no {purpose} key of terminal {terminal_id}",
                    "the office hands one out: onecard keystore hand-out",
                )
            return key
        return occrypto.hmac_sm3(self.master, text)[:_KEY_SIZE]

    def provision_fields(self, terminal_id: str) -> tuple[bytes, bytes, bytes, bytes, int, int]:
        """The field values of ocwire's PROVISION message for this terminal."""
        _need(self.purse.dpk, "purchase keys")
        return (
            parse_terminal_id(terminal_id),
            self.link_key(terminal_id),
            self.journal_key(terminal_id),
            self.purse.dpk,
            self.purse.key_index,
            DIVERSIFIED if self.purse.is_diversified else 0,
        )

    # -- the file --------------------------------------------------------------------

    def save(self, path: Path, words: str) -> None:
        """Write the encrypted file; readable by its owner alone. Replaces it in one step."""
        sealed_file.save(path, _MAGIC, words, self.packed())

    def packed(self) -> bytes:
        """Everything in it, in clear: only to be sealed."""
        return json.dumps(
            {
                "master": self.master.hex(),
                "dpk": self.purse.dpk.hex(),
                "dtk": self.purse.dtk.hex(),
                "key_index": self.purse.key_index,
                "diversified": self.purse.is_diversified,
                "role": self.role,
                "made_s": self.made_s,
                "terminals": {
                    number: {purpose: key.hex() for purpose, key in keys.items()}
                    for number, keys in self.terminals.items()
                },
            }
        ).encode()

    @classmethod
    def load(cls, path: Path, words: str) -> Keystore:
        """Open the file. Raises KeystoreError: missing, damaged, or another passphrase."""
        try:
            plain = sealed_file.load(path, _MAGIC, words)
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
        return cls.unpacked(plain)

    @classmethod
    def unpacked(cls, plain: bytes) -> Keystore:
        """What packed() gave; also of an earlier version's file."""
        values = json.loads(plain)
        purse = PurseKeys(
            bytes.fromhex(values["dpk"]),
            bytes.fromhex(values["dtk"]),
            values["key_index"],
            values["diversified"],
        )
        terminals = {
            number: {purpose: bytes.fromhex(key) for purpose, key in keys.items()}
            for number, keys in values.get("terminals", {}).items()
        }
        role, made_s = values.get("role", OFFICE), values.get("made_s", 0)
        return cls(bytes.fromhex(values["master"]), purse, role, made_s, terminals)

    # -- what may be shown -------------------------------------------------------------

    def check_value(self) -> str:
        """8 hex digits that are the same for the same master and tell nothing of it."""
        _need(self.master, "masters")
        return occrypto.hmac_sm3(self.master, b"OCT1 check value")[:4].hex()


def _need(key: bytes, what: str) -> None:
    if not key:
        raise KeystoreError(f"this keystore holds no {what}", "that is for another role's")


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
