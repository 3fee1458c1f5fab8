"""Lets go of whole days whose time is over: every record up to a place in each terminal's chain.

What stays is tied to what went by an anchor: the number and MAC of the last record that was let
go of, sealed by the terminal's key. The cut is the same day everywhere, so that no card's history
gets a hole. A day goes only if all that was paid on it is booked and nothing on it is in dispute.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
from ocwire import record

from ..errors import OneCardError
from ..keystore import Keystore
from ..settle.audit import Audit, audit
from ..settle.engines import open_engine
from ..store import Store, seals
from ..store.schema import local_day
from ..verify import NOTICES

_MOST_TOLD = 20
_DAY = local_day("CASE WHEN time_s < stored_s THEN time_s ELSE stored_s END")
# the first record of each terminal that stays, by its day; 0 is no time
_STAYS = f"""SELECT terminal, min(seq) FROM records
WHERE time_s > 0 AND {_DAY} >= ? GROUP BY terminal"""
_AT = f"""SELECT {_DAY} FROM records WHERE terminal = ? AND seq <= ? AND time_s > 0
ORDER BY seq DESC LIMIT 1"""
_BEHIND = f"""SELECT {_DAY} FROM records WHERE terminal = ? AND seq > ? AND time_s > 0
ORDER BY seq LIMIT 1"""
_BEGINS = "SELECT terminal, min(seq) FROM records GROUP BY terminal"
_ENDS = "SELECT terminal, max(seq) FROM records GROUP BY terminal"
_UNBOOKED = """SELECT m.terminal, m.seq, m.day FROM moves m LEFT JOIN settled s
ON s.terminal = m.terminal AND s.seq = m.seq
WHERE m.is_counted AND s.seq IS NULL AND m.day < ? ORDER BY m.day, m.terminal, m.seq"""
_DOUBTFUL = """SELECT terminal, seq, day FROM moves WHERE is_doubtful AND day < ?
ORDER BY day, terminal, seq"""
# transactions that began and did not end before a terminal's cut
_ACROSS = """SELECT m.terminal, min(m.intent_seq) FROM moves m JOIN cuts c
ON c.terminal = m.terminal WHERE m.intent_seq <= c.seq AND m.seq > c.seq GROUP BY m.terminal"""
_HOLES = """SELECT card FROM (
    SELECT card, application, kind <> 'purchase' AS is_load,
    max(CASE WHEN m.seq <= c.seq THEN m.counter END) AS gone,
    min(CASE WHEN m.seq > coalesce(c.seq, 0) THEN m.counter END) AS kept
    FROM moves m LEFT JOIN cuts c ON c.terminal = m.terminal
    WHERE m.application IS NOT NULL GROUP BY card, application, kind <> 'purchase'
) x WHERE gone > kept ORDER BY card"""
_CUT = " WHERE EXISTS (SELECT 1 FROM cuts c WHERE c.terminal = {0}.terminal AND {0}.{1} <= c.seq)"
_DELETED = {
    "records": "seq",
    "erased": "seq",
    "conflicts": "seq",
    "settled": "seq",
    "repeats": "last_seq",
}
_ANCHORS = """INSERT INTO anchors SELECT terminal, seq, mac, seal FROM cuts WHERE true
ON CONFLICT (terminal)
DO UPDATE SET seq = excluded.seq, mac = excluded.mac, seal = excluded.seal"""
_CUTS = {
    "terminal": pa.string(),
    "seq": pa.int64(),
    "mac": pa.binary(),
    "seal": pa.binary(),
}


@dataclass
class Pruned:
    """before_day: days before it are gone, or would be (since 1970); it may be earlier than was
    asked: `reasons` tell why. records, terminals: how many, of how many."""

    before_day: int
    records: int = 0
    terminals: int = 0
    reasons: list[str] = field(default_factory=list)


def prune(
    store: Store,
    keystore: Keystore,
    before_day: int,
    is_accepting: bool = False,
    is_dry: bool = False,
) -> Pruned:
    """Let go of all records of days before one (days since 1970, China Standard Time).

    The day is brought forward to that of the first transaction that is not booked, is open or in
    doubt, or of the first finding that is no notice. is_accepting: neither findings nor what is
    open or in doubt keeps anything. Raises OneCardError if a card's history would get a hole,
    DatabaseError, KeystoreError; nothing is let go of then.
    """
    with open_engine("", store) as engine:
        audited = audit(engine, keystore)
        result = Pruned(before_day)
        _bring_forward(store, audited, is_accepting, result)
        cuts = _cuts(store, audited, result.before_day)
        _check_cards(store, cuts)
        result.terminals = len(cuts)
        where = _CUT.format("records", "seq")
        result.records = int(store.database.run(f"SELECT count(*) FROM records{where}")[0][0])
        if cuts and not is_dry:
            _let_go(store, keystore, cuts, result.before_day)
    return result


def _bring_forward(store: Store, audited: Audit, is_accepting: bool, result: Pruned) -> None:
    """To the first day on which something has to stay."""
    found: list[tuple[int, str]] = []
    for terminal, seq, day in store.database.run(_UNBOOKED, [result.before_day]):
        found.append((day, f"transaction {seq} of terminal {terminal} is in no closed settlement"))
    if not is_accepting:
        for terminal, seq, day in store.database.run(_DOUBTFUL, [result.before_day]):
            found.append((day, f"transaction {seq} of terminal {terminal} is open or in doubt"))
        found += _disputed(store, audited, result.before_day)
    if found:
        result.before_day = min(day for day, _ in found)
        result.reasons = [text for day, text in sorted(found) if day == result.before_day]
        del result.reasons[_MOST_TOLD:]


def _disputed(store: Store, audited: Audit, before_day: int) -> list[tuple[int, str]]:
    out = []
    for report in audited.reports:
        for finding in report.findings:
            if finding.kind in NOTICES:
                continue
            at = [report.terminal, finding.seq]  # of a gap, what is here beside it
            for (day,) in store.database.run(_AT, at) or store.database.run(_BEHIND, at):
                if day < before_day:
                    text = f"terminal {report.terminal}, {finding.kind}: {finding.text}"
                    out.append((day, text))
    return out


def _cuts(store: Store, audited: Audit, before_day: int) -> dict[str, int]:
    """The last record of each terminal that goes; none that is not proved, no half transaction."""
    stays: dict[str, int] = dict(store.database.run(_STAYS, [before_day]))
    cuts = {}
    for name, last in store.database.run(_ENDS):
        cuts[name] = min(stays.get(name, last + 1), audited.unproved.get(name, last + 1)) - 1
    while True:
        _put(store, [(name, seq, b"", b"") for name, seq in cuts.items()])
        across = store.database.run(_ACROSS)
        if not across:
            break
        cuts |= {name: seq - 1 for name, seq in across}
    first: dict[str, int] = dict(store.database.run(_BEGINS))
    return {name: seq for name, seq in cuts.items() if seq >= first[name]}


def _check_cards(store: Store, cuts: dict[str, int]) -> None:
    """`cuts` is a table of these from here on."""
    _put(store, [(name, seq, b"", b"") for name, seq in cuts.items()])
    holes = store.database.run(_HOLES)
    if holes:
        raise OneCardError(
            f"the histories of {len(holes)} cards would get holes: a terminal's clock was wrong",
            "nothing was let go of; an earlier or a later day may do",
        )


def _put(store: Store, cuts: list[tuple[str, int, bytes, bytes]]) -> None:
    columns = zip(*cuts, strict=True) if cuts else [()] * len(_CUTS)
    schema = pa.schema(list(_CUTS.items()))
    store.database.put("cuts", pa.table([*map(list, columns)], schema=schema))


def _let_go(store: Store, keystore: Keystore, cuts: dict[str, int], before_day: int) -> None:
    db = store.database
    sealed = []
    for name, seq in cuts.items():
        ((raw,),) = db.run("SELECT raw FROM records WHERE terminal = ? AND seq = ?", [name, seq])
        mac = record.Record(seq, bytes(raw)).mac
        seal = seals.of_anchor(keystore.journal_key(name), name, seq, mac)
        sealed.append((name, seq, mac, seal))
    with db.transaction():
        db.claim("")
        _put(store, sealed)
        db.run(_ANCHORS)
        for table, column in _DELETED.items():
            db.run(f"DELETE FROM {table}{_CUT.format(table, column)}")
        db.run("DELETE FROM retained WHERE from_day < ?", [before_day])
        db.run("INSERT INTO retained SELECT ? WHERE NOT EXISTS (SELECT 1 FROM retained)",
               [before_day])  # fmt: skip
    db.forget()
