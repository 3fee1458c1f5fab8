"""Terminals that keep signed journals, and purses that pay at them: the physics of the county."""

from __future__ import annotations

import copy
import struct
from dataclasses import dataclass, field
from random import Random

import occrypto
from ocwire import calendar, record

from onecard.keystore import Keystore, PurseKeys

PURCHASE_EP, COMPOUND, LOAD_EP = 0x06, 0x09, 0x02
DES3, SM4 = 0x00, 0x04
PURCHASE, LOAD, REFUND, CODE, MEDICAL = "purchase", "load", "refund", "code", "medical"
NO_TAC = bytes(4)
OPEN = 0  # outcome of a deal that has no result yet


@dataclass(frozen=True)
class Place:
    """Where a terminal stands. terminal: 12 digits."""

    terminal: str
    merchant: str
    scene: str


@dataclass(frozen=True)
class Deal:
    """One movement of money, as it was. amount: fen. time_s: by the terminal's clock.

    kind: purchase, load, refund, code or medical. outcome: of record.OUTCOMES, or OPEN.
    is_moved: whether the money moved, whatever the record says. seq: of the record that ends it
    (its intent's while it is open).
    """

    place: Place
    kind: str
    card: str
    application: int
    amount: int
    outcome: int
    is_moved: bool
    time_s: int
    intent_seq: int
    seq: int


@dataclass
class Purse:
    """One purse of a card. balance: fen. offline, online: the card's transaction counters."""

    serial: bytes
    dtk: bytes
    balance: int
    application: int = 1
    algorithm: int = DES3
    offline: int = 0
    online: int = 0
    free_s: int = 0  # not before this can its holder be anywhere else

    @classmethod
    def issue(cls, number: int, issuer: str, keys: PurseKeys, rng: Random) -> Purse:
        """A card of an issuer (8 digits) with money on it."""
        serial = bytes.fromhex(f"{issuer}{number:012d}")
        algorithm = SM4 if rng.random() < 0.02 else DES3
        application = rng.choices((1, 2, 3), (8, 1, 1))[0]
        balance, offline = rng.randrange(2_000, 30_000), rng.randrange(500)
        dtk = keys.card_dtk(serial)
        return cls(serial, dtk, balance, application, algorithm, offline, rng.randrange(40))

    def twin(self) -> Purse:
        """A copy of the card: same keys, same counters, same money."""
        return copy.copy(self)

    def tac(self, text: bytes, rng: Random) -> bytes:
        """The card's signature under a transaction. SM4: of no published form, so any bytes."""
        return occrypto.pboc_tac(self.dtk, text) if self.algorithm == DES3 else rng.randbytes(4)


@dataclass(repr=False)
class Terminal:
    """A terminal and its journal, which is a chain of MACs under its own key."""

    place: Place
    key: bytes
    rng: Random
    records: list[record.Record] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    boots: int = 0
    slow_s: int = 0  # what its clock is behind

    @classmethod
    def install(cls, place: Place, keystore: Keystore, rng: Random) -> Terminal:
        """A provisioned terminal with an empty journal."""
        return cls(place, keystore.journal_key(place.terminal), rng)

    def twin(self, until: int) -> Terminal:
        """A copy of the whole device as it was after record `until`."""
        made = copy.copy(self)
        made.records, made.deals = self.records[:until], []
        return made

    def add(self, kind: int, *values: object, tail: bytes = b"") -> int:
        """Write a record; its sequence number."""
        return self._append(kind, record.pack(kind, *values, tail=tail))

    def _append(self, kind: int, body: bytes) -> int:
        seq = len(self.records) + 1
        before = self.records[-1].mac if self.records else record.FIRST_MAC
        self.records.append(record.Record(seq, record.seal(self.key, seq, before, kind, body)))
        return seq

    def boot(self, now_s: int, cause: int = 1) -> None:
        """Switched on."""
        self.boots += 1
        self.add(record.BOOT, now_s, self.boots, cause, b"0.1.0\0\0\0")

    def note(self, kind: str, card: str, amount: int, now_s: int, seq: int) -> None:
        """Money that moved without a purse: a code, a medical account."""
        self.deals.append(
            Deal(self.place, kind, card, 0, amount, record.DONE, True, now_s, seq, seq)
        )

    def intend(
        self, purse: Purse, amount: int, now_s: int, tti: int, payload: bytes = b""
    ) -> tuple[int, bytes, int]:
        """Write an intent: (its number, its body, the terminal's transaction serial)."""
        counter = purse.online if tti == LOAD_EP else purse.offline
        serial = len(self.records) + 1_000_001
        body = record.pack(
            record.INTENT,
            purse.application,
            purse.serial,
            now_s,
            amount,
            purse.balance,
            counter & 0xFFFF,
            serial,
            self.rng.randbytes(4),
            1,
            purse.algorithm,
            1,
            tti,
            tail=payload,
        )
        return self._append(record.INTENT, body), body, serial

    def end(
        self, intent: tuple[int, bytes, int], now_s: int, outcome: int, balance: int, tac: bytes
    ) -> int:
        """Write what became of an intent, in the shortest form that says it; its number."""
        mac2 = self.rng.randbytes(4) if outcome == record.WRONG_MAC2 else record.NO_MAC2
        body = record.pack(record.RESULT, intent[0], now_s, outcome, balance, tac, mac2)
        is_next = intent[0] == len(self.records)
        kind, body = record.shortest(
            len(self.records) + 1, record.RESULT, body, intent[1] if is_next else None
        )
        return self._append(kind, body)

    def sign(self, purse: Purse, amount: int, now_s: int, tti: int, serial: int) -> bytes:
        """What the card signs (JR/T 0025.1): called after the money has moved."""
        when, own = calendar.to_bcd(now_s), bytes.fromhex(self.place.terminal)
        text = struct.pack(">IB", amount, tti) + own
        if tti == LOAD_EP:
            text = struct.pack(">IH", purse.balance, purse.online - 1 & 0xFFFF) + text
        else:
            text += struct.pack(">I", serial)
        return purse.tac(text + when, self.rng)

    def deal(
        self,
        kind: str,
        purse: Purse,
        amount: int,
        now_s: int,
        intent_seq: int,
        seq: int,
        outcome: int,
        is_moved: bool,
    ) -> None:
        """Write down in the truth what happened."""
        card = purse.serial.hex()
        self.deals.append(
            Deal(
                self.place,
                kind,
                card,
                purse.application,
                amount,
                outcome,
                is_moved,
                now_s,
                intent_seq,
                seq or intent_seq,
            )
        )


def debit(purse: Purse, amount: int) -> None:
    """The card's side of a purchase."""
    purse.balance -= amount
    purse.offline += 1


def credit(purse: Purse, amount: int) -> None:
    """The card's side of a load."""
    purse.balance += amount
    purse.online += 1
