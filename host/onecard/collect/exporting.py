"""A store as files: its records as batches, by day and merchant, and the tables beside them.

What `onecard import` makes of them in an empty store is the same store, in whatever database.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from ..store import Store, rows
from ..store.schema import local_day
from . import parquet
from .depot import SUFFIX, Depot

# what stands beside the records -> how it comes into a store that may have some of it
BESIDE = {
    "anchors": """INSERT INTO anchors SELECT terminal, seq, mac, seal FROM given
    WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.terminal = given.terminal)
    ON CONFLICT DO NOTHING""",
    "erased": """INSERT INTO erased SELECT terminal, seq, digest, seal FROM given
    WHERE NOT EXISTS (SELECT 1 FROM records r
        WHERE r.terminal = given.terminal AND r.seq = given.seq)
    ON CONFLICT DO NOTHING""",
    "heads": """INSERT INTO heads SELECT terminal, seq, mac FROM given WHERE true
    ON CONFLICT (terminal) DO UPDATE SET seq = excluded.seq, mac = excluded.mac
    WHERE excluded.seq > heads.seq""",
    "conflicts": """INSERT INTO conflicts SELECT terminal, seq, raw FROM given WHERE true
    ON CONFLICT DO NOTHING""",
    "repeats": """INSERT INTO repeats SELECT terminal, first_seq, last_seq, times FROM given
    WHERE true ON CONFLICT DO NOTHING""",
    "merchants": """INSERT INTO merchants SELECT terminal, merchant, scene FROM given WHERE true
    ON CONFLICT DO NOTHING""",
    "settled": """INSERT INTO settled SELECT terminal, seq, day FROM given WHERE true
    ON CONFLICT DO NOTHING""",
    "closings": "INSERT INTO closings SELECT day FROM given WHERE true ON CONFLICT DO NOTHING",
    "retained": """INSERT INTO retained SELECT from_day FROM given
    WHERE NOT EXISTS (SELECT 1 FROM retained)""",
}
_DAY = local_day("time_s")
_PLACES = f"""SELECT DISTINCT {_DAY} AS day, coalesce(m.merchant, '') AS merchant
FROM records r LEFT JOIN merchants m ON m.terminal = r.terminal ORDER BY day, merchant"""
_RECORDS = f"""SELECT r.* FROM records r LEFT JOIN merchants m ON m.terminal = r.terminal
WHERE {_DAY} = ? AND coalesce(m.merchant, '') = ? ORDER BY r.terminal, r.seq"""


@dataclass
class Exported:
    """files: that were written, with `records` records in them."""

    files: int = 0
    records: int = 0


def export_store(
    store: Store,
    depot: Depot,
    name_day: Callable[[int], str],
    before_day: int | None = None,
) -> Exported:
    """Every record, or those of days before one (since 1970; by the terminal's clock), and what
    stands beside them, to a place.

    Raises DepotError, DatabaseError; the files before are there then.
    """
    store.database.freeze()
    result = Exported()
    for name in BESIDE:
        if name == "heads" and before_day is not None:
            continue  # of a part, its own newest records are the newest
        table = store.database.table(f"SELECT * FROM {name}")
        depot.put(f"beside/{name}{SUFFIX}", parquet.pack_beside(name, table))
        result.files += 1
    for day, merchant in store.database.run(_PLACES):
        if before_day is not None and day >= before_day:
            continue
        found = store.database.table(_RECORDS, [day, merchant])
        whose = urllib.parse.quote(merchant, safe=" ") or "unknown"
        name = f"day={name_day(day)}/merchant={whose}/records{SUFFIX}"
        depot.put(name, parquet.pack_rows(_typed(found)))
        result.files += 1
        result.records += len(found)
    return result


def _typed(found: pa.Table) -> pa.Table:
    """With the types that batches have, whatever database it is from."""
    return found.select(rows.SCHEMA.names).cast(rows.SCHEMA)
