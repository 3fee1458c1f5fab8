"""A day's settlement: who owes whom how much, balanced to the fen or told where it is not."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from ocwire import record
from ocwire.errors import RecordError

from ..errors import OneCardError
from ..keystore import Keystore
from ..store import Store
from ..verify import NOTICES
from ..verify_bulk import Array, Rows, recount_rows
from . import relations, totals
from .audit import Audit, audit
from .engines import Engine
from .rates import Rates

_EPOCH = datetime.date(1970, 1, 1)
_SUMS = ("purchases_count", "purchases", "refunds_count", "refunds", "loads_count", "loads")


@dataclass
class Settlement:
    """Sums in fen. lines: per merchant, scene, account and issuer. merchants: what each is paid:
    purchases - refunds - loads - fee. issuers: what each pays: purchases - refunds - loads.

    imbalances: why it is not balanced, in words; none if it is. findings: of the audit, that keep
    something from being proved.
    """

    day: str
    is_closed: bool
    lines: list[dict[str, Any]]
    merchants: list[dict[str, Any]] = field(default_factory=list)
    issuers: list[dict[str, Any]] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    doubts: list[dict[str, Any]] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    imbalances: list[str] = field(default_factory=list)

    @property
    def is_balanced(self) -> bool:
        """To the fen."""
        return not self.imbalances

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {"balanced": self.is_balanced}


def day_number(day: datetime.date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def name_day(number: int) -> str:
    """2025-06-12 of days since 1970-01-01."""
    return (_EPOCH + datetime.timedelta(number)).isoformat()


def is_closed(store: Store, day: datetime.date) -> bool:
    """Whether the day's settlement is booked."""
    query = "SELECT day FROM closings WHERE day = ?"
    return bool(store.database.run(query, [day_number(day)]))


def settle(engine: Engine, keystore: Keystore, day: datetime.date, rates: Rates) -> Settlement:
    """Audit the store and settle a day (booked or not): late transactions of days before come in
    the first settlement that is not closed. The same store and rates give the same settlement.

    Raises OneCardError for a day whose records were let go of.
    """
    number, closed = day_number(day), is_closed(engine.store, day)
    for (from_day,) in engine.store.database.run("SELECT from_day FROM retained"):
        if number < from_day:
            raise OneCardError(
                f"records of days before {name_day(from_day)} were let go of",
                f"the files of the settlement of {day} have it",
            )
    audited = audit(engine, keystore)
    lines = engine.fetch(totals.lines, number, closed)
    out = Settlement(day.isoformat(), closed, lines)
    out.doubts = engine.fetch(totals.open_cases, number)
    for case in out.doubts:
        case["outcome"] = record.OUTCOMES.get(case["outcome"], "open")
    out.held = engine.fetch(totals.held_back, number)
    out.findings = [
        {"terminal": report.terminal} | asdict(finding)
        for report in audited.reports
        for finding in report.findings
        if finding.kind not in NOTICES
    ]
    _add_up(out, rates)
    _check(engine, keystore, audited, out)
    return out


def _add_up(out: Settlement, rates: Rates) -> None:
    merchants: dict[str, dict[str, Any]] = {}
    issuers: dict[str, dict[str, Any]] = {}
    turnovers: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in out.lines:
        line["issuer"] = rates.issuer(line["issuer"])
        net = line["purchases"] - line["refunds"] - line["loads"]
        key = line["merchant"], line["scene"], line["account"]
        turnovers[key] += line["purchases"] - line["refunds"]
        for name, table in (("merchant", merchants), ("issuer", issuers)):
            row = table.setdefault(line[name], {name: line[name]} | dict.fromkeys(_SUMS, 0))
            for column in _SUMS:
                row[column] += line[column]
            if name == "merchant":
                row.setdefault("fee", 0)
            row["net"] = row.get("net", 0) + net
    for (merchant, scene, account), turnover in turnovers.items():
        fee = rates.fee(scene, account, turnover)
        merchants[merchant]["fee"] += fee
        merchants[merchant]["net"] -= fee
    out.merchants = [merchants[name] for name in sorted(merchants)]
    out.issuers = [issuers[name] for name in sorted(issuers)]
    out.totals = {name: sum(line[name] for line in out.lines) for name in _SUMS}
    out.totals["fees"] = sum(row["fee"] for row in out.merchants)
    out.totals["paid_to_merchants"] = sum(row["net"] for row in out.merchants)
    out.totals["paid_by_issuers"] = sum(row["net"] for row in out.issuers)


def _check(engine: Engine, keystore: Keystore, audited: Audit, out: Settlement) -> None:
    sums = out.totals
    if sums["paid_by_issuers"] != sums["paid_to_merchants"] + sums["fees"]:
        out.imbalances.append("what issuers pay is not what merchants get and the fees")
    for row in out.merchants:
        if row["merchant"] == relations.UNKNOWN:
            count = row["purchases_count"] + row["refunds_count"] + row["loads_count"]
            out.imbalances.append(f"{count} transactions of terminals that are nobody's")
    counted = recount(engine.store, keystore, audited)
    for row in engine.fetch(totals.by_terminal):
        again = counted.pop(row["terminal"], [0, 0, 0])
        if again != [row["purchases"], row["refunds"], row["loads"]]:
            out.imbalances.append(f"terminal {row['terminal']}: its records add up to {again} fen")
    rest = [name for name, again in counted.items() if any(again)]
    out.imbalances += [f"terminal {name}: its records are not in the tables" for name in rest]


def recount(store: Store, keystore: Keystore, audited: Audit) -> dict[str, list[int]]:
    """[purchases, refunds, loads] in fen per terminal, counted again record by record from their
    bytes alone, without what the audit before it does not prove or holds back."""
    held: dict[str, list[int]] = {}
    for name, seq in audited.held:
        held.setdefault(name, []).append(seq)
    out = {}
    for group in store.groups(keystore.journal_key):
        for name, rows in group.items():
            is_free = rows.seqs < audited.unproved.get(name, 1 << 32)
            is_free &= ~np.isin(rows.seqs, held.get(name, []))
            sums = recount_rows(rows, is_free)
            out[name] = _one_by_one(rows, is_free) if sums is None else sums
    return out


def _one_by_one(rows: Rows, is_free: Array) -> list[int]:
    sums = [0, 0, 0]
    intents: dict[int, dict[str, Any]] = {}
    for item, free in zip(rows.items(), is_free.tolist(), strict=True):
        try:
            values = item.fields()
        except RecordError:
            continue
        if item.kind == record.INTENT:
            intents[item.seq] = values
        elif item.kind == record.CARRIED:
            intents.setdefault(values["intent_seq"], values)
        elif record.closes(item.kind):
            intent = intents.pop(values["intent_seq"], None)
            if intent and free and values["outcome"] in record.COUNTED:
                sums[_place(intent)] += intent["amount"]
        elif free and item.kind == record.CODE:
            sums[0] += values["amount"]
        elif free and item.kind == record.MEDICAL:
            sums[0] += values["amount"] * (values["event"] == record.COMMITTED)
    return sums


def _place(intent: dict[str, Any]) -> int:
    if intent["tti"] not in record.LOADS:
        return 0
    payload = intent["payload"]
    return 1 if len(payload) == 8 and payload[:4] == b"undo" else 2


def close(engine: Engine, day: datetime.date, settled: Settlement) -> int:
    """Book a balanced settlement: its transactions are in no other from now on. How many.

    Raises OneCardError if it is not balanced or closed already; nothing is booked then.
    """
    if is_closed(engine.store, day):
        raise OneCardError(f"{day} is closed already", "its settlement can be made anew any time")
    if not settled.is_balanced:
        raise OneCardError(f"{day} is not balanced", "; ".join(settled.imbalances[:5]))
    db, number = engine.store.database, day_number(day)
    rows = engine.fetch(totals.items, number, False)
    schema = pa.schema([("terminal", pa.string()), ("seq", pa.int64())])
    booked = pa.table({name: [row[name] for row in rows] for name in schema.names}, schema=schema)
    with db.transaction():
        db.claim("closings")
        if is_closed(engine.store, day):  # by another one, while this one was proving
            raise OneCardError(f"{day} is closed already", "its settlement can be made anew")
        db.put("booked", booked)
        db.run(
            "INSERT INTO settled SELECT terminal, seq, CAST(? AS INTEGER) FROM booked", [number]
        )
        db.run("INSERT INTO closings VALUES (?)", [number])
    engine.refresh("settled")
    settled.is_closed = True
    return len(rows)
