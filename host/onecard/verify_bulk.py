"""A terminal's records proved in bulk: what verify() and check_clock() say, for whole columns.

Columns tell all only of records that are as they should be; the few others are looked at one by
one: these functions return None for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import occrypto
import pyarrow as pa
from ocwire import calendar, record

from . import verify
from .clocks import BACK_S, JUMP_S
from .columns import LAYOUTS, NONE, Batch, be32, undone
from .keystore import PurseKeys
from .verify import ALGORITHM_3DES, Finding, Report

Array = npt.NDArray[Any]
_FIELDS: Mapping[str, Any] = LAYOUTS[record.INTENT].fields or {}
_FACTOR_SIZE, _TAC_SIZE, _TIME_SIZE = 8, 4, 7


class Rows:
    """All of a terminal's records that are here. seqs: their numbers, rising. raws: whole. before:
    (number, MAC) of the last one that was let go of. erased: numbers of those whose personal part
    is gone."""

    def __init__(
        self,
        seqs: Array,
        raws: pa.Array,
        before: tuple[int, bytes] = (0, record.FIRST_MAC),
        erased: Set[int] = frozenset(),
    ) -> None:
        self.seqs, self.raws = seqs, raws
        self.before, self.erased = before, erased
        self.batch = Batch(raws)

    @property
    def is_whole(self) -> bool:
        """Whether no number is missing."""
        first = self.before[0] + 1
        return np.array_equal(self.seqs, np.arange(first, first + len(self)))

    def __len__(self) -> int:
        return len(self.seqs)

    def items(self) -> list[record.Record]:
        """The same one by one."""
        seqs, raws = self.seqs.tolist(), self.raws.to_pylist()
        return [record.Record(seq, raw) for seq, raw in zip(seqs, raws, strict=True)]


@dataclass
class _Ends:
    """Records that end intents, in order. seqs: their numbers. rows: which intent each ends.
    tacs: as whole numbers."""

    seqs: Array
    rows: Array
    outcomes: Array
    tacs: Array


def verify_rows(terminal: str, rows: Rows, key: bytes, purse: PurseKeys | None) -> Report | None:
    """verify.verify() of a terminal whose records are all here and as it wrote them, else None."""
    batch, count = rows.batch, len(rows)
    if not rows.is_whole or not _is_chained(rows, key):
        return None
    if sum(len(batch.bodies(kind)[0]) for kind in LAYOUTS) != count:
        return None
    at, intents = batch.bodies(record.INTENT)
    first = rows.before[0] + 1
    ends = _ends(batch, at, first)
    if ends is None or not _are_carried(batch, at, ends, first):
        return None
    report = Report(terminal, count)
    _judge(report, first, _Transactions(batch, at, intents, terminal), ends, purse)
    return report


def _is_chained(rows: Rows, key: bytes) -> bool:
    """Whether each record follows the one before it: by one call for each stretch between two
    that are erased."""
    (seq, mac), at = rows.before, 0
    first = seq + 1
    stops = sorted(seq for seq in rows.erased if first <= seq < first + len(rows))
    for stop in (*stops, first + len(rows)):
        part = rows.raws[at : stop - first]
        if len(part):
            data = Batch(part).joined.data
            if occrypto.records_verify(key, seq + 1, mac, data)[0] != len(part):
                return False
        at = stop - first + 1  # behind the erased one
        if at <= len(rows):
            seq, mac = stop, record.Record(stop, rows.raws[at - 1].as_py()).mac
    return True


def _ends(batch: Batch, at: Array, first: int) -> _Ends | None:
    """None unless each ends one intent before it, and no two the same. first: the number of the
    record at 0, as below."""
    results_at, results = batch.bodies(record.RESULT)
    debits_at, debits = batch.bodies(record.DEBITED)
    places = np.concatenate([results_at, debits_at])
    opened = np.concatenate([results["intent_seq"].astype(np.int64) - first, debits_at - 1])
    outcomes = np.concatenate([results["outcome"], np.full(len(debits_at), record.DONE, np.uint8)])
    tacs = np.concatenate([be32(results["tac"]), be32(debits["tac"])])
    order = np.argsort(places, kind="stable")
    places, opened = places[order], opened[order]
    if len(places) and (opened.min() < 0 or (opened >= places).any()):
        return None
    row_of = np.full(len(batch), -1, np.int64)
    row_of[at] = np.arange(len(at))
    rows = row_of[opened]
    if (rows < 0).any() or len(np.unique(rows)) != len(rows):
        return None
    return _Ends(places + first, rows, outcomes[order], tacs[order])


def _are_carried(batch: Batch, at: Array, ends: _Ends, first: int) -> bool:
    """True if each carried intent is here and was open then."""
    carried_at, carried = batch.bodies(record.CARRIED)
    if not len(carried_at):
        return True
    ended = np.full(len(batch) + 1, len(batch) + 1, np.int64)
    ended[at[ends.rows]] = ends.seqs - first
    opened = carried["intent_seq"].astype(np.int64) - first
    if opened.min() < 0 or (opened >= carried_at).any() or not np.isin(opened, at).all():
        return False
    return bool((ended[opened] > carried_at).all())


class _Transactions:
    """Intents as columns. at: where they are in the batch; values: their fields."""

    def __init__(self, batch: Batch, at: Array, values: Array, terminal: str) -> None:
        self.batch, self.at, self.values = batch, at, values
        self.terminal = np.frombuffer(bytes.fromhex(terminal), np.uint8)
        self.is_load = np.isin(values["tti"], record.LOADS)

    def tacs(self, rows: Array, purse: PurseKeys) -> Array:
        """What a 3DES card gives for each of these (verify.tac_of), as whole numbers."""
        out = np.zeros(len(rows), np.uint32)
        for is_load in (False, True):
            of = np.flatnonzero(self.is_load[rows] == is_load)
            if len(of):
                items = np.hstack([self._factors(rows[of]), *self._text(rows[of], is_load)])
                data = np.ascontiguousarray(items).tobytes()
                size = items.shape[1] - _FACTOR_SIZE
                found = occrypto.pboc_tacs(purse.dtk, data, size, purse.is_diversified)
                out[of] = np.frombuffer(found, ">u4")
        return out

    def _field(self, rows: Array, name: str, skip: int = 0) -> Array:
        kind, offset = _FIELDS[name][:2]
        size = kind.itemsize - skip
        return self.batch.cut(self.at[rows], record.HEAD_SIZE + offset + skip, size)

    def _factors(self, rows: Array) -> Array:
        return self._field(rows, "serial", 2)

    def _text(self, rows: Array, is_load: bool) -> list[Array]:
        parts = [
            self._field(rows, "amount"),
            self._field(rows, "tti"),
            np.broadcast_to(self.terminal, (len(rows), len(self.terminal))),
        ]
        if is_load:
            values = self.values[rows]
            after = values["balance"].astype(np.uint32) + values["amount"].astype(np.uint32)
            head = after.astype(">u4").view(np.uint8).reshape(-1, 4)
            parts = [head, self._field(rows, "card_counter"), *parts]
        else:
            parts.append(self._field(rows, "terminal_serial"))
        return [*parts, to_bcd(self.values["time_s"][rows])]


def to_bcd(times_s: Array) -> Array:
    """calendar.to_bcd() of many: UTC seconds -> (n, 7) bytes, China Standard Time."""
    local_s = times_s.astype(np.int64) + calendar.CST_OFFSET_S
    days = (local_s // 86400).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    parts = (
        years // 100,
        years % 100,
        months.astype(np.int64) % 12 + 1,
        (days - months).astype(np.int64) + 1,
        local_s // 3600 % 24,
        local_s // 60 % 60,
        local_s % 60,
    )
    out = np.empty((len(times_s), _TIME_SIZE), np.uint8)
    for place, number in enumerate(parts):
        out[:, place] = number // 10 * 16 + number % 10
    return out


def _judge(
    report: Report, first: int, made: _Transactions, ends: _Ends, purse: PurseKeys | None
) -> None:
    values, happened = made.values, ends.outcomes != record.NOT_DONE
    is_counted = happened & np.isin(ends.outcomes, record.COUNTED)
    is_right = np.ones(len(ends.rows), bool)
    if purse is not None:
        has_tac = np.isin(values["algorithm"][ends.rows], ALGORITHM_3DES)
        checked = np.flatnonzero(happened & has_tac)
        is_right[checked] = made.tacs(ends.rows[checked], purse) == ends.tacs[checked]
        report.tacs = len(checked)
        report.unchecked_tacs = int((happened & ~has_tac).sum())
    is_load, amounts = made.is_load[ends.rows], values["amount"].astype(np.int64)[ends.rows]
    loads, purchases = is_counted & is_load, is_counted & ~is_load
    report.purchases, report.debited = int(purchases.sum()), int(amounts[purchases].sum())
    report.loads, report.loaded = int(loads.sum()), int(amounts[loads].sum())
    for n in np.flatnonzero(happened & ~(is_counted & is_right)).tolist():
        seq = int(ends.seqs[n])
        if is_counted[n]:
            report.findings.append(verify.wrong_tac(seq))
        else:
            report.findings.append(verify.in_doubt(seq, int(ends.outcomes[n]), bool(is_right[n])))
    is_open = np.ones(len(made.at), bool)
    is_open[ends.rows] = False
    for n in np.flatnonzero(is_open).tolist():
        report.findings.append(
            verify.still_open(int(made.at[n]) + first, int(values["amount"][n]))
        )


def check_clock_rows(rows: Rows) -> list[Finding] | None:
    """clocks.check_clock() of a terminal with nothing to tell: []; else None."""
    batch = rows.batch
    times = np.zeros(len(batch), np.int64)
    may_fall = np.zeros(len(batch), bool)
    known = 0
    for kind in LAYOUTS:
        at, values = batch.bodies(kind)
        known += len(at)
        if kind in (record.CARRIED, record.DEBITED):
            continue
        times[at] = values["time_s"]
        if kind == record.BOOT:
            may_fall[at] = values["cause"] & (record.CLOCK_NOT_SET | record.CLOCK_LATE) != 0
        elif kind == record.CLOCK_SET:
            may_fall[at] = True
            jumps = values["time_s"].astype(np.int64) - values["before_s"].astype(np.int64)
            if (np.abs(jumps) > JUMP_S).any() and (batch.kinds == record.INTENT).any():
                first = int(np.flatnonzero(batch.kinds == record.INTENT)[0])
                if (at[np.abs(jumps) > JUMP_S] > first).any():
                    return None
    if known != len(batch):
        return None
    told = np.flatnonzero((times != 0) | may_fall)
    falls = np.diff(times[told]) < -BACK_S
    return None if (falls & ~may_fall[told[1:]]).any() else []


def recount_rows(rows: Rows, is_free: Array) -> list[int] | None:
    """[purchases, refunds, loads] in fen of the records at which is_free is true; None if they
    have to be counted one by one."""
    batch = rows.batch
    at, intents = batch.bodies(record.INTENT)
    first = rows.before[0] + 1
    ends = _ends(batch, at, first) if rows.is_whole else None
    if ends is None:
        return None
    counts = is_free[ends.seqs - first] & np.isin(ends.outcomes, record.COUNTED)
    amounts = np.where(counts, intents["amount"].astype(np.int64)[ends.rows], 0)
    is_load = np.isin(intents["tti"], record.LOADS)[ends.rows]
    is_undo = is_load & (undone(batch, at, intents.dtype.itemsize) != NONE)[ends.rows]
    sums = [int(amounts[part].sum()) for part in (~is_load, is_undo, is_load & ~is_undo)]
    codes_at, codes = batch.bodies(record.CODE)
    sums[0] += int(codes["amount"].astype(np.int64)[is_free[codes_at]].sum())
    paid_at, paid = batch.bodies(record.MEDICAL)
    is_paid = is_free[paid_at] & (paid["event"] == record.COMMITTED)
    sums[0] += int(paid["amount"].astype(np.int64)[is_paid].sum())
    return sums
