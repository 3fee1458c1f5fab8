"""The audit: all that is proved of each terminal, and all that only the whole store can tell.

It leaves its engine with what was assembled, what is not proved and what is held back.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from ocwire import record

from .. import columns, verify
from ..clocks import check_clock
from ..keystore import Keystore
from ..report import clock_text, masked, yuan
from ..verify import Finding, Report
from ..verify_bulk import Rows, check_clock_rows, verify_rows
from . import cross, relations
from .engines import Engine

_FUTURE_S = 600
_COPIES = """
SELECT terminal, seq FROM records WHERE kind = ? AND octet_length(raw) = ?
AND substr({hex}, 9, CAST(? AS INTEGER)) = ? AND NOT (terminal = ? AND seq = ?)
ORDER BY terminal, seq LIMIT 1
"""


@dataclass
class Audit:
    """What an audit found. unproved: terminal -> number from which on nothing is proved. held:
    (terminal, number) of single transactions -> why they are held back, the first reason."""

    reports: list[Report] = field(default_factory=list)
    unproved: dict[str, int] = field(default_factory=dict)
    held: dict[tuple[str, int], str] = field(default_factory=dict)


def audit(engine: Engine, keystore: Keystore, only: str | None = None) -> Audit:
    """Prove every terminal's records and look across all of them.

    only: report this terminal alone, which is still seen beside all others. Findings of cards go
    to the terminals they were seen at.
    """
    made = _Auditor(engine, keystore)
    for group in engine.store.groups(keystore.journal_key):
        made.group(group)
    made.across()
    for report in made.reports.values():
        report.findings = sorted(set(report.findings), key=lambda f: (f.seq, f.kind, f.text))
    wanted = [report for report in made.reports.values() if only in (None, report.terminal)]
    return Audit(wanted, made.unproved, made.held)


class _Auditor:
    """reports: by terminal, as far as they have come."""

    def __init__(self, engine: Engine, keystore: Keystore) -> None:
        self._engine, self._store, self._keystore = engine, engine.store, keystore
        self._db = engine.store.database
        self._purse = keystore.purse if keystore.purse.dtk else None  # a collector has no TAC keys
        self.reports: dict[str, Report] = {}
        self.unproved: dict[str, int] = {}
        self.held: dict[tuple[str, int], str] = {}
        self._heads: dict[str, int] = dict(self._db.run("SELECT terminal, seq FROM heads"))
        self._repeats: dict[str, list[tuple[int, int, int]]] = {}
        query = "SELECT terminal, first_seq, last_seq, times FROM repeats ORDER BY 1, 2, 3, 4"
        for name, *repeated in self._db.run(query):
            self._repeats.setdefault(name, []).append(tuple(repeated))
        query = "SELECT DISTINCT terminal FROM conflicts"
        self._conflicting = {row[0] for row in self._db.run(query)}

    def _find(self, terminal: str, seq: int, kind: str, text: str, card: str = "") -> None:
        self.reports[terminal].findings.append(Finding(seq, kind, text, card))

    def _hold(self, terminal: str, seqs: Iterable[int], reason: str) -> None:
        for seq in seqs:
            self.held.setdefault((terminal, seq), reason)

    # -- terminals by themselves ---------------------------------------------------------

    def group(self, stored: dict[str, Rows]) -> None:
        """Chain, TACs, clock, what stands beside the records, what once was here."""
        with ThreadPoolExecutor() as workers:  # most of it is one call of C for each
            reports = workers.map(self._prove, stored, stored.values())
            self.reports |= dict(zip(stored, reports, strict=True))
        for name, rows in stored.items():
            report, key = self.reports[name], self._keystore.journal_key(name)
            altered = [f for f in report.findings if f.kind == verify.ALTERED]
            if altered:
                self.unproved[name] = altered[0].seq
                self._name_altered(name, rows, key, altered[0])
            wrong = [f.seq for f in report.findings if f.kind == verify.WRONG_TAC]
            self._hold(name, wrong, verify.WRONG_TAC)
            self._once_here(name, rows)
            if name in self._conflicting:
                self._conflicts(name, rows, key)
        self._table(stored)

    def _prove(self, name: str, rows: Rows) -> Report:
        key = self._keystore.journal_key(name)
        report = verify_rows(name, rows, key, self._purse)
        if report is None:
            items = rows.items()
            report = verify.verify(name, items, key, self._purse, rows.before, rows.erased)
        told = check_clock_rows(rows)
        report.findings += check_clock(rows.items()) if told is None else told
        report.findings += _gone(rows)
        return report

    def _name_altered(self, name: str, rows: Rows, key: bytes, found: Finding) -> None:
        items = rows.items()
        at = next(n for n, item in enumerate(items) if item.seq == found.seq)
        item, size = items[at], len(items[at].body)
        wanted = [item.kind, len(item.raw), 2 * size, item.body.hex().upper(), name, item.seq]
        query = _COPIES.format(hex=self._db.hex.format("raw"))
        copies = self._db.run(query, wanted)
        if copies:
            terminal, seq = copies[0]
            where = "" if terminal == name else f" of terminal {terminal}"
            text = f"record {item.seq} is record {seq}{where} put in again"
            self._find(name, item.seq, verify.REPLAYED, text)
            return
        before = items[at - 1].mac if at else rows.before[1]
        amount = verify.true_amount(item, key, before)
        if amount is not None:
            text = f"record {item.seq} says {yuan(item.fields()['amount'])}: "
            card = item.fields()["serial"].hex()
            self._find(name, item.seq, verify.EDITED, text + f"it was {yuan(amount)}", card)

    def _table(self, stored: dict[str, Rows]) -> None:
        """Do the columns say what the records beside them say?"""
        parts = [rows for rows in stored.values() if len(rows)]
        if not parts:
            return
        names = pa.array(list(stored), pa.string())
        owners = np.repeat(np.arange(len(stored)), [len(rows) for rows in stored.values()])
        seqs = np.concatenate([rows.seqs for rows in parts])
        told = columns.decode(seqs, pa.concat_arrays([rows.raws for rows in parts]), owners)
        own = {"terminal": names.take(pa.array(owners)), "seq": pa.array(seqs, pa.uint32())}
        self._db.put("told", pa.table(own | told))
        differs = " OR ".join(f"r.{column} IS DISTINCT FROM t.{column}" for column in told)
        rows = self._db.run(
            "SELECT r.terminal, r.seq, r.amount, t.amount, coalesce(t.intent_seq, r.seq), "
            "r.time_s > r.stored_s + ?, r.time_s, coalesce(t.card, '') FROM records r "
            f"JOIN told t USING (terminal, seq) WHERE {differs} OR r.time_s > r.stored_s + ? "
            "ORDER BY r.terminal, seq",
            [_FUTURE_S, _FUTURE_S],
        )
        late: set[str] = set()
        for name, seq, amount, true, intent_seq, is_future, time_s, card in rows:
            if is_future and name not in late:
                text = f"record {seq} is of {clock_text(time_s)}, later than it was stored"
                self._find(name, seq, verify.CLOCK, text)
                late.add(name)
            if is_future and amount == true:
                continue
            text = f"what stands beside record {seq} is not what it says"
            if amount != true:
                text = f"the table says {yuan(amount)}, record {seq} says {yuan(true)}"
            self._find(name, seq, verify.EDITED, text, card)
            ends = self._db.run(
                "SELECT seq FROM records WHERE terminal = ? AND intent_seq = ?", [name, intent_seq]
            )
            self._hold(name, {seq, *(row[0] for row in ends)}, verify.EDITED)

    def _once_here(self, name: str, rows: Rows) -> None:
        last, head = int(rows.seqs[-1]) if len(rows) else rows.before[0], self._heads.get(name, 0)
        if head > last:
            text = f"records {last + 1} to {head} were stored and are gone"
            self._find(name, last + 1, verify.TAIL, text)
        for first, end, times in self._repeats.get(name, ()):
            text = f"records {first} to {end} came again, {times} times: passed over"
            self._find(name, first, verify.PULLED_TWICE, text)

    def _conflicts(self, name: str, rows: Rows, key: bytes) -> None:
        """What came under numbers that were taken: of a second device, or of none."""
        found = self._db.run(
            "SELECT seq, raw FROM conflicts WHERE terminal = ? ORDER BY seq", [name]
        )
        others = [record.Record(seq, raw) for seq, raw in found]
        macs: dict[int, set[bytes]] = {rows.before[0]: {rows.before[1]}}
        for item in (*rows.items(), *others):
            macs.setdefault(item.seq, set()).add(item.mac)
        for item in others:
            before = macs.get(item.seq - 1, set())
            if any(item.is_authentic(key, mac) for mac in before):
                text = f"a second device with its number and keys wrote record {item.seq} too"
                self._find(name, item.seq, verify.CLONED_TERMINAL, text)
                return
        text = f"no device with its keys wrote what came as record {others[0].seq}"
        self._find(name, others[0].seq, verify.FORGED, text)

    # -- across ----------------------------------------------------------------------------

    def across(self) -> None:
        """What no terminal can see alone. Clones first: what they did is held back."""
        self._engine.put_rows(relations.unproved, list(self.unproved.items()))
        self._put_held()
        self._engine.assemble()
        for row in self._engine.fetch(cross.cloned):
            card, amount = row["card"], yuan(row["amount"])
            text = f"card {masked(card)} exists twice: {amount} at its count {row['counter']}, "
            text += "which it also used elsewhere"
            self._find(row["terminal"], row["seq"], verify.CLONED_CARD, text, card)
            self._hold(row["terminal"], [row["seq"]], verify.CLONED_CARD)
        self._put_held()
        for row in self._engine.fetch(cross.two_places):
            text = f"card {masked(row['card'])} was at terminal {row['was_terminal']} "
            text += f"{row['time_s'] - row['was_s']} s before"
            self._find(row["terminal"], row["seq"], verify.TWO_PLACES, text, row["card"])
        for row in self._engine.fetch(cross.counter_gaps):
            what = "loads" if row["is_load"] else "purchases"
            text = (
                f"{row['missing']} {what} of card {masked(row['card'])} before this are not here"
            )
            self._find(row["terminal"], row["seq"], verify.COUNTER_GAP, text, row["card"])
        for row in self._engine.fetch(cross.wrong_balances):
            text = f"card {masked(row['card'])}: {yuan(row['before'])}, {yuan(row['amount'])} and "
            text += f"{yuan(row['after'])} after it do not add up"
            self._find(row["terminal"], row["seq"], verify.BALANCE, text, row["card"])
        for row in self._engine.fetch(cross.unbalanced):
            self._unbalanced(row)

    def _put_held(self) -> None:
        rows = [(*at, reason) for at, reason in self.held.items()]
        self._engine.put_rows(relations.held, rows)

    def _unbalanced(self, row: dict[str, Any]) -> None:
        card = masked(row["card"])
        if row["surplus"] > 0:
            kind = verify.BALANCE
            text = f"card {card} has {yuan(row['surplus'])} more than was loaded: false money, "
            text += "or a load that is not here"
        else:
            kind = verify.COUNTER_GAP
            text = (
                f"card {card} has {yuan(-row['surplus'])} less than is told here: purchases are "
            )
            text += "not here"
        self._find(row["terminal"], row["seq"], kind, text, row["card"])


def _gone(rows: Rows) -> list[Finding]:
    """What was taken out on purpose, for people."""
    found = []
    seq = rows.before[0]
    if seq:
        text = f"records 1 to {seq} were let go of: their time was over"
        found.append(Finding(seq, verify.LET_GO, text))
    if rows.erased:
        text = f"{len(rows.erased)} records have no personal part any more"
        found.append(Finding(min(rows.erased), verify.ERASED, text))
    return found
