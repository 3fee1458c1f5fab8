"""Thieves: at the cards, at the terminals, and at the office's store. Each tells what it did."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
from ocwire import record

from onecard.errors import OneCardError

from .day import County, buy
from .journals import Purse, Terminal

REPLAYED = "replayed record"
TAIL = "deleted tail"
CLONED_CARD = "cloned card"
CLONED_TERMINAL = "cloned terminal"
EDITED = "edited amount"
EDITED_TABLE = "edited table"
CLOCK = "clock game"
PULLED_TWICE = "duplicated pull"
RELAYED = "card in two places"
FALSE_MONEY = "false money"
_AMOUNT = record.HEAD_SIZE + 15  # of an intent (SPEC.md section 1)


class Pulled(Protocol):
    """Whatever takes what pulls bring."""

    def append(self, terminal: str, records: list[record.Record], /) -> int: ...


@dataclass(frozen=True)
class Fraud:
    """What a thief did. seq: the first record it touches. card: "" if it is about none.

    others: further (terminal, seq) that it touches.
    """

    name: str
    terminal: str
    seq: int
    card: str = ""
    others: tuple[tuple[str, int], ...] = ()


@dataclass
class Plan:
    """frauds: all of them. clone: the copied terminal's own records, as pulls bring them."""

    frauds: list[Fraud]
    clone: tuple[str, list[record.Record]]


def plant(county: County) -> Plan:
    """What happens in the county itself, before its journals are pulled; and who will be robbed.

    Needs eight canteen terminals of two merchants that have sold something.
    """
    sellers = [one for one in county.of_scene("canteen") if len(one.deals) > 8]
    others = [one for one in sellers if one.place.merchant != sellers[0].place.merchant]
    if len(sellers) < 8 or not others:
        raise ValueError("too few canteens for all frauds")
    marks = [one for one in sellers if one not in (sellers[0], others[0])]
    frauds = [
        _clone_card(county, sellers[0], others[0]),
        _relay(county, sellers[0], others[0]),
        _fill(county, sellers[0]),
        _play_with_clock(county, marks[0]),
        _fraud(REPLAYED, marks[1], len(marks[1].records) + 1),
        _fraud(TAIL, marks[2], len(marks[2].records) - 5),
        _fraud(EDITED, marks[3], marks[3].deals[-3].intent_seq),
        _fraud(EDITED_TABLE, marks[4], marks[4].deals[-3].intent_seq),
        _fraud(PULLED_TWICE, marks[0], 1),
    ]
    fraud, clone = _clone_terminal(county, marks[5 % len(marks)])
    return Plan([*frauds, fraud], clone)


def bring(county: County, plan: Plan, store: Pulled) -> None:
    """Every pull of the day, one of them twice, and the copied terminal's beside them."""
    for terminal, records in county.pulls():
        store.append(terminal, records)
    twice = next(one.terminal for one in plan.frauds if one.name == PULLED_TWICE)
    for terminal, records in county.pulls():
        if terminal == twice:
            store.append(terminal, records)
    try:
        store.append(*plan.clone)
    except OneCardError:
        pass  # the office refuses it


def tamper(path: Path, plan: Plan) -> None:
    """What somebody with the office's store under his hands does to it."""
    deeds = {REPLAYED: _replay, TAIL: _cut, EDITED: _edit, EDITED_TABLE: _edit_table}
    with duckdb.connect(str(path)) as db:
        for fraud in plan.frauds:
            if fraud.name in deeds:
                deeds[fraud.name](db, fraud)


def _fraud(name: str, terminal: Terminal, seq: int) -> Fraud:
    return Fraud(name, terminal.place.terminal, seq)


# -- in the county ----------------------------------------------------------------------------


def _owner(county: County) -> Purse:
    """Somebody with money, who has gone home by now."""
    return max(county.cards, key=lambda purse: purse.balance * (purse.algorithm == 0))


def _clone_card(county: County, here: Terminal, there: Terminal) -> Fraud:
    purse = _owner(county)
    twin = purse.twin()
    buy(here, purse, county.at(22.5), 1800)
    buy(there, twin, county.at(22.9), 2400)
    purse.balance = 0  # the owner has it locked
    ends = [one.deals[-1].seq for one in (here, there)]
    return Fraud(
        CLONED_CARD,
        here.place.terminal,
        ends[0],
        purse.serial.hex(),
        ((there.place.terminal, ends[1]),),
    )


def _relay(county: County, here: Terminal, there: Terminal) -> Fraud:
    """One card, lent over a radio: its counters go on, its places do not fit."""
    purse = _owner(county)
    buy(here, purse, county.at(23), 600)
    buy(there, purse, county.at(23) + 4, 700)
    other = (there.place.terminal, there.deals[-1].seq)
    seq, card = here.deals[-1].seq, purse.serial.hex()
    purse.balance = 0
    return Fraud(RELAYED, here.place.terminal, seq, card, (other,))


def _fill(county: County, here: Terminal) -> Fraud:
    """A card is given 50.00 by somebody who can write it, and no terminal loads it."""
    purse = _owner(county)
    buy(here, purse, county.at(23.1), 400)
    purse.balance += 5000
    buy(here, purse, county.at(23.2), 500)
    seq, card = here.deals[-1].seq, purse.serial.hex()
    purse.balance = 0
    return Fraud(FALSE_MONEY, here.place.terminal, seq, card)


def _play_with_clock(county: County, terminal: Terminal) -> Fraud:
    """Three sales are dated to the day before."""
    now_s = county.at(22.6)
    past_s = now_s - 86_400
    seq = terminal.add(record.CLOCK_SET, past_s, now_s)
    for n in range(3):
        buy(terminal, _owner(county), past_s + 60 * n, 500)
    terminal.add(record.CLOCK_SET, now_s + 200, past_s + 200)
    return _fraud(CLOCK, terminal, seq)


def _clone_terminal(
    county: County, terminal: Terminal
) -> tuple[Fraud, tuple[str, list[record.Record]]]:
    """The device's flash was copied; both go on."""
    end = len(terminal.records)
    twin = terminal.twin(end - 4)
    stranger = Purse.issue(999_999, "03109990", county.keystore.purse, county.rng)
    for n in range(3):
        buy(twin, stranger, county.at(22.7) + n * 60, 100)
    fraud = _fraud(CLONED_TERMINAL, terminal, end - 3)
    return fraud, (terminal.place.terminal, twin.records[end - 8 :])


# -- in the office ----------------------------------------------------------------------------


def _raw(db: duckdb.DuckDBPyConnection, terminal: str, seq: int) -> bytes:
    found = db.execute(
        "SELECT raw FROM records WHERE terminal = ? AND seq = ?", [terminal, seq]
    ).fetchone()
    if found is None:
        raise ValueError(f"no record {seq} of terminal {terminal}")
    return bytes(found[0])


def _sum(raw: bytes) -> bytes:
    """The record with the right CRC-32, which needs no key."""
    return raw[:-4] + struct.pack(">I", zlib.crc32(raw[:-4]))


def _replay(db: duckdb.DuckDBPyConnection, fraud: Fraud) -> None:
    """A sale is put in once more behind the last record."""
    found = db.execute(
        "SELECT max(seq) FROM records WHERE terminal = ? AND kind = ?",
        [fraud.terminal, record.DEBITED],
    ).fetchone()
    for n, source in enumerate((found[0] - 1, found[0]) if found else ()):
        seq = fraud.seq + n
        raw = bytearray(_raw(db, fraud.terminal, source))
        raw[2:4] = struct.pack(">H", seq & 0xFFFF)
        db.execute(
            "INSERT INTO records SELECT * REPLACE (? AS seq, ?::BLOB AS raw, "
            "CASE WHEN intent_seq IS NULL THEN NULL ELSE ? END AS intent_seq) "
            "FROM records WHERE terminal = ? AND seq = ?",
            [seq, _sum(bytes(raw)), seq - 1, fraud.terminal, source],
        )


def _cut(db: duckdb.DuckDBPyConnection, fraud: Fraud) -> None:
    db.execute("DELETE FROM records WHERE terminal = ? AND seq >= ?", [fraud.terminal, fraud.seq])


def _edit(db: duckdb.DuckDBPyConnection, fraud: Fraud) -> None:
    """Ten times the amount, in the record and beside it."""
    raw = bytearray(_raw(db, fraud.terminal, fraud.seq))
    amount = 10 * struct.unpack_from(">I", raw, _AMOUNT)[0]
    struct.pack_into(">I", raw, _AMOUNT, amount)
    db.execute(
        "UPDATE records SET raw = ?, amount = ? WHERE terminal = ? AND seq = ?",
        [_sum(bytes(raw)), amount, fraud.terminal, fraud.seq],
    )


def _edit_table(db: duckdb.DuckDBPyConnection, fraud: Fraud) -> None:
    """Ten times the amount, beside the record only."""
    db.execute(
        "UPDATE records SET amount = amount * 10 WHERE terminal = ? AND seq = ?",
        [fraud.terminal, fraud.seq],
    )
