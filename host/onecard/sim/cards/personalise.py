"""One card, one TOML file: who it is, what its applications remember, how it behaves.

    [card]       UID, frame sizes, speed and habits (class Body)
    [purse]      a PBOC or JT/T 978 purse (PurseState)
    [social]     the social security application (SocialState)
    [bank]       a bank application to read (BankState)
    [ndef]       a Type 4 tag's message (NdefState)
    [psam]       instead of all others: a purchase SAM (Psam)

What a table leaves out has its default; a wrong or unknown field is refused by name. The file is
written anew, in one step, whenever the card's memory changes: balances and counters live on.
"""

from __future__ import annotations

import os
import random
import secrets
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Protocol

import tomli_w

from onecard.sim.cards import memory
from onecard.sim.cards.application import Application
from onecard.sim.cards.bank import Bank, BankState
from onecard.sim.cards.base import Card
from onecard.sim.cards.chip import Chip
from onecard.sim.cards.cipher import ALGORITHM_SM4
from onecard.sim.cards.memory import CardFileError, choice, number, octets
from onecard.sim.cards.ndef import Ndef, NdefState
from onecard.sim.cards.psam import Psam
from onecard.sim.cards.purse import Purse
from onecard.sim.cards.purse_memory import PurseState
from onecard.sim.cards.social import Social, SocialState
from onecard.sim.cards.tags import FaultyCard, PlainTag

EXAMPLES = Path(__file__).parent / "examples"
_INITIALIZE, _DEBIT, _SELECT = 0x50, 0x54, 0xA4


@dataclass(frozen=True)
class Body:
    """What is of the whole card.

    interface: "contact" cards answer in a slot alone; a "tag" has a UID and no applications.
    uid: 4, 7 or 10 bytes. fsci: code of the largest frame that it takes (8: 256 bytes). fwi: its
    waiting time; an APDU that takes longer than that makes it ask for more (S(WTX)). chain_size:
    at most so many bytes of answer a block. apdu_us: its time for one APDU, microseconds.
    named: its DFs have names; without, a purse is found in DF 1001 alone. prove: knows GET
    TRANSACTION PROVE. transit: the purse has what JT/T 978 adds. buggy: of BUGS.
    """

    interface: str = choice("contactless", "dual", "contact", "tag")
    uid: bytes = octets("04A1B2C3", most=10)
    fsci: int = number(8, 8)
    fwi: int = number(7, 14)
    chain_size: int = number(253, 253, 1)
    apdu_us: int = number(10_000, 5_000_000)
    named: bool = True
    prove: bool = True
    transit: bool = True
    buggy: str = choice("", "top-bit", "short-initialize", "torn-fci", "debit-6f00")


def _bugs() -> dict[str, tuple[int, Callable[[bytes, bytes], bytes]]]:
    """Instruction and what becomes of its right answer."""
    return {
        "short-initialize": (_INITIALIZE, lambda apdu, right: right[:1] + right[-2:]),
        "torn-fci": (_SELECT, lambda apdu, right: right[:7] + right[-2:]),
        "debit-6f00": (_DEBIT, lambda apdu, right: b"\x6f\x00"),  # and yet the card has paid
    }


def _tables() -> dict[str, Any]:
    return {
        "card": Body,
        "purse": PurseState,
        "social": SocialState,
        "bank": BankState,
        "ndef": NdefState,
        "psam": Psam,
    }


class CardFile:
    """A card and its file. card: what enters a field or a slot. chip: its applications, if any."""

    def __init__(self, path: Path, body: Body, memories: dict[str, Any]) -> None:
        self.path, self.body = path, body
        self.psam: Psam | None = memories.get("psam")
        self.chip: Chip | None = None
        self.card: Card | Psam
        if self.psam is not None:
            self.psam.on_commit, self.psam.apdu_us = self._committed, body.apdu_us
            self.card = self.psam
        elif body.interface == "tag":
            self.card = PlainTag(body.uid)
        else:
            self.chip = self._chip(memories)
            bug = _bugs().get(body.buggy)
            self.card = FaultyCard(self.chip, *bug) if bug else self.chip

    def _chip(self, memories: dict[str, Any]) -> Chip:
        body = self.body
        applications: list[Application] = []
        if "social" in memories:
            applications.append(Social(memories["social"]))
        if "purse" in memories:
            applications.append(
                Purse(
                    memories["purse"],
                    is_transit=body.transit,
                    has_prove=body.prove,
                    sets_top_bit=body.buggy == "top-bit",
                )
            )
        if "bank" in memories:
            applications.append(Bank(memories["bank"]))
        if "ndef" in memories:
            applications.append(Ndef(memories["ndef"]))
        has_air = body.interface != "contact"
        return Chip(
            applications,
            body.uid,
            rng=random.Random(secrets.randbits(64)),
            has_names=body.named,
            on_commit=self._committed,
            apdu_us=body.apdu_us,
            ats=bytes([5, 0x70 | body.fsci, 0x80, body.fwi << 4, 0x02]) if has_air else b"",
            sak=0x20 if has_air else 0,
            inf_size=body.chain_size,
        )

    def application(self, kind: str) -> Application | None:
        """The application of this kind ("purse", "social", "bank", "ndef"), if there."""
        return self.chip.find(kind) if self.chip is not None else None

    @property
    def balance(self) -> int | None:
        """Fen in the purse, None without one."""
        purse = self.application("purse")
        return purse.memory.balance if purse is not None else None

    def memories(self) -> dict[str, Any]:
        """The memories by table name, as they are now."""
        if self.psam is not None:
            return {"psam": self.psam}
        return {a.kind: a.memory for a in self.chip.applications} if self.chip is not None else {}

    def _committed(self, _: Any) -> None:
        self.save()

    def save(self) -> None:
        """Write the file in one step, readable by its owner alone: it holds keys."""
        tables = {"card": self.body} | self.memories()
        text = tomli_w.dumps({name: memory.dump(value) for name, value in tables.items()})
        beside = self.path.with_name(self.path.name + ".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(text.encode())
            out.flush()
            os.fsync(out.fileno())
        beside.replace(self.path)


def load(path: Path) -> CardFile:
    """The card of a file. Raises CardFileError: file, field and what it permits."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CardFileError(
            f"cannot read {path}: {error}", "make one: onecard card new"
        ) from error
    known = _tables()
    for name in tables:
        if name not in known:
            raise CardFileError(f"{path}: unknown table {name}", f"tables: {', '.join(known)}")
    body = memory.load(Body, tables.pop("card", {}), f"{path}: card")
    found = {name: memory.load(known[name], t, f"{path}: {name}") for name, t in tables.items()}
    if len(body.uid) not in (4, 7, 10):
        raise CardFileError(f"{path}: card.uid must have 4, 7 or 10 bytes")
    if "psam" in found and len(found) > 1:
        raise CardFileError(f"{path}: a psam has no other application")
    if body.interface == "tag" and found:
        raise CardFileError(f"{path}: a tag has no applications", 'interface = "contactless"')
    if body.interface != "tag" and not found:
        raise CardFileError(f"{path}: no application", f"tables: {', '.join(known)}")
    return CardFile(path, body, found)


def kinds() -> list[str]:
    """What `new` can make: the names of the examples."""
    return sorted(path.stem for path in EXAMPLES.glob("*.toml"))


class Masters(Protocol):
    """Whoever gives a card its own keys by its 10-byte serial (the host's PurseKeys does)."""

    @property
    def key_index(self) -> int: ...
    def card_dpk(self, serial: bytes) -> bytes: ...
    def card_dtk(self, serial: bytes) -> bytes: ...


def new(kind: str, path: Path, masters: Masters | None = None, **purse: Any) -> CardFile:
    """A card like the example of this kind, with UID, serial and keys of its own, saved.

    masters: where a 3DES purse's purchase and TAC keys come from; random ones without. purse:
    fields of the purse that are to be otherwise. Raises CardFileError.
    """
    if kind not in kinds():
        raise CardFileError(f"no kind of card {kind!r}", f"kinds: {', '.join(kinds())}")
    if path.exists():
        raise CardFileError(f"{path} is there already", "name another file")
    example = load(EXAMPLES / f"{kind}.toml")
    found = {name: _own_keys(value) for name, value in example.memories().items()}
    if "purse" in found:
        found["purse"] = replace(_own_purse(found["purse"], masters), **purse)
    elif purse or masters is not None:
        raise CardFileError(f"a {kind} card has no purse", "leave balance and keystore away")
    uid = example.body.uid[:1] + secrets.token_bytes(3)
    made = CardFile(path, replace(example.body, uid=uid), found)
    made.save()
    return made


def _own_purse(m: PurseState, masters: Masters | None) -> PurseState:
    """A serial of its own and, of masters, its keys."""
    serial = bytes.fromhex(m.serial.hex()[:9] + f"{secrets.randbelow(10**11):011d}")
    if masters is None:
        return replace(m, serial=serial)
    if m.algorithm == ALGORITHM_SM4:
        raise CardFileError("a keystore has no keys for SM4 cards", "leave the keystore away")
    dpk, dtk = masters.card_dpk(serial), masters.card_dtk(serial)
    return replace(m, serial=serial, dpk=dpk, dtk=dtk, key_indexes=(masters.key_index,))


def _own_keys(value: Any) -> Any:
    """The memory with every 16-byte key a random one."""
    secret = [f.name for f in fields(value) if f.metadata.get("is_secret")]
    keys = [name for name in secret if len(getattr(value, name)) == 16]
    return replace(value, **{name: secrets.token_bytes(16) for name in keys})
