"""What the office's side does a second, beside plain Python, sqlite3, PostgreSQL and Spark; into
docs/benchmarks.md.

make bench-host (1 and 10 million records); python tests/bench/host.py 1000000 for less. Each part
runs in a process of its own, which tells its seconds, processor time and greatest memory.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in (".", "tests/bench", "tests/shim")]

import host_engines  # noqa: E402
import occrypto  # noqa: E402
import pyarrow as pa  # noqa: E402
from host_records import DAY, EACH, KEYS, keystore, make, name_of, read  # noqa: E402
from ocwire import record  # noqa: E402
from onecard import verify  # noqa: E402
from onecard.collect import parquet  # noqa: E402
from onecard.collect.depot import Folder  # noqa: E402
from onecard.collect.importing import import_batches  # noqa: E402
from onecard.columns import Batch  # noqa: E402
from onecard.settle import relations, totals  # noqa: E402
from onecard.settle.audit import audit  # noqa: E402
from onecard.settle.engines import open_engine  # noqa: E402
from onecard.settle.merchants import keep_merchants  # noqa: E402
from onecard.settle.rates import Rates  # noqa: E402
from onecard.settle.settlement import settle  # noqa: E402
from onecard.store import Store, rows  # noqa: E402
from rich.console import Console  # noqa: E402

from tests.bench.native_report import table, write  # noqa: E402

MARKS = "host: begin, written by make bench-host", "host: end"
SIZES = (1_000_000, 10_000_000)
WINDOW = 20_000  # records of a batch that is stored
HEAD = """## The office's side

Written by `make bench-host`. Purchases of terminals of 50,000 records, each MAC and TAC right
(tests/bench/host_records.py). Each part in a process of its own. Cores: processor time by the
clock's. Memory: the most that was held. "One by one": the loop in Python that the bulk code
replaces, on one terminal in twenty. A settlement proves the whole store first.

The relations alone: what a settlement and its audit ask of an engine, without the proving, from
opening it to the last answer; columns go over to PostgreSQL and Spark first. All their processes
count: Java, the server. Both as they are installed, Spark with tests/scale/spark (two partitions).

"""


def integrity(folder: Path, records: int) -> int:
    """Sizes and CRC-32 by one call a terminal."""
    count = 0
    for number in range(records // EACH):
        count += occrypto.records_check(Batch(read(folder, number)).joined.data)[0]
    return count


def integrity_python(folder: Path, records: int) -> int:
    """The same by zlib.crc32 in a loop."""
    count = 0
    for number in range(max(1, records // EACH // 20)):
        for raw in read(folder, number).to_pylist():
            count += zlib.crc32(raw[:-4]) == int.from_bytes(raw[-4:], "big")
    return count


def chain(folder: Path, records: int) -> int:
    """Numbers and MAC chain besides."""
    keys, count = keystore(), 0
    for number in range(records // EACH):
        key = keys.journal_key(name_of(number))
        data = Batch(read(folder, number)).joined.data
        count += occrypto.records_verify(key, 1, record.FIRST_MAC, data)[0]
    return count


def prove_python(folder: Path, records: int) -> int:
    """Chain and TACs, record by record."""
    keys, count = keystore(), 0
    for number in range(max(1, records // EACH // 20)):
        raws = read(folder, number).to_pylist()
        key, before, transactions = keys.journal_key(name_of(number)), record.FIRST_MAC, {}
        for seq, raw in enumerate(raws, 1):
            item = record.Record(seq, raw)
            assert item.is_authentic(key, before)
            before, values = item.mac, item.fields()
            if item.kind == record.INTENT:
                transactions[seq] = values
            else:
                tac = verify.tac_of(transactions.pop(values["intent_seq"]), name_of(number), KEYS)
                assert occrypto.equal(tac, values["tac"])
            count += 1
    return count


def _store(folder: Path, records: int) -> Path:
    return folder / f"store-{records}.duckdb"


def _batches(folder: Path, records: int) -> Path:
    return folder / f"batches-{records}"


def pack_batches(folder: Path, records: int) -> int:
    """What collectors would have written: a Parquet file for each terminal. In no table."""
    depot = Folder(_batches(folder, records))
    for number in range(records // EACH):
        seqs, raws = range(1, EACH + 1), read(folder, number)
        names = [name_of(number)] * EACH
        values = [pa.array(names), pa.array(seqs, pa.uint32()), raws.cast(pa.binary())]
        incoming = pa.table(values, schema=rows.INCOMING)
        depot.put(f"{number:06d}.parquet", parquet.pack_rows(rows.decoded(incoming, 1)))
    return records


def ingest(folder: Path, records: int) -> int:
    """`onecard import`: batches read, checked, decoded and put into the keyed store, durable after
    each 200,000."""
    path = _store(folder, records)
    path.unlink(missing_ok=True)
    with Store(path) as store:
        done = import_batches(Folder(_batches(folder, records)), store)
    assert done.is_well
    return done.new


def ingest_windows(folder: Path, records: int) -> int:
    """As pulls bring them: durable after each window."""
    count = 0
    with (
        tempfile.TemporaryDirectory(dir=folder) as place,
        Store(Path(place) / "s.duckdb") as store,
    ):
        for number in range(records // EACH):
            raws = read(folder, number).to_pylist()
            for at in range(0, EACH, WINDOW):
                part = [record.Record(at + n + 1, raw) for n, raw in enumerate(raws[at:][:WINDOW])]
                count += store.append(name_of(number), part)
    return count


def ingest_sqlite(folder: Path, records: int) -> int:
    """Number and bytes alone into a keyed table of sqlite3, durable after each window."""
    count = 0
    with tempfile.TemporaryDirectory(dir=folder) as place:
        db = sqlite3.connect(Path(place) / "peer.db")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(
            "CREATE TABLE records (terminal TEXT, seq INTEGER, raw BLOB,"
            " PRIMARY KEY (terminal, seq)) WITHOUT ROWID"
        )
        for number in range(records // EACH):
            raws, name = read(folder, number).to_pylist(), name_of(number)
            for at in range(0, EACH, WINDOW):
                rows = [(name, at + n + 1, raw) for n, raw in enumerate(raws[at:][:WINDOW])]
                with db:
                    db.executemany("INSERT OR IGNORE INTO records VALUES (?, ?, ?)", rows)
                count += len(rows)
        db.close()
    return count


def prove(folder: Path, records: int) -> int:
    """`onecard verify`: chain, TACs, columns, clock, and across all terminals."""
    with Store(_store(folder, records)) as store, open_engine("duckdb", store) as engine:
        reports = audit(engine, keystore()).reports
    assert all(not report.findings for report in reports), reports[0].findings[:3]
    return sum(report.records for report in reports)


def settled(folder: Path, records: int) -> int:
    """`onecard settle` of the day."""
    with Store(_store(folder, records)) as store, open_engine("duckdb", store) as engine:
        names = range(records // EACH)
        keep_merchants(store, [(name_of(n), f"merchant {n % 50}", "canteen") for n in names])
        found = settle(engine, keystore(), DAY, Rates())
    assert found.is_balanced, found.imbalances[:3]
    assert found.totals["purchases_count"] == records // 2
    return records


PARTS: dict[str, tuple[str, Callable[[Path, int], int]]] = {
    "integrity": ("integrity (size, CRC-32)", integrity),
    "integrity_python": ("the same, zlib.crc32 one by one", integrity_python),
    "chain": ("numbers and MAC chain", chain),
    "prove_python": ("chain and TACs, one by one", prove_python),
    "ingest": ("`onecard import` of Parquet batches into the store", ingest),
    "ingest_windows": ("into the store as pulls do, 20,000 at a time", ingest_windows),
    "ingest_sqlite": ("number and bytes into sqlite3, 20,000 at a time", ingest_sqlite),
    "prove": ("onecard verify: all that can be proved", prove),
    "settled": ("onecard settle: that, and the day", settled),
}


def run(name: str, folder: Path, records: int) -> None:
    """One part, here; prints what it took, or why it cannot be measured."""
    if name in host_engines.ENGINES:
        try:
            figures = host_engines.measured(name, _store(folder, records), records)
        except host_engines.Missing as missing:
            figures = {"missing": str(missing)}
        print(json.dumps(figures))
        return
    relations.sql(
        totals.lines, 0, False, dialect="duckdb"
    )  # Ibis is imported and warm: it takes no part in this
    begun, before = time.perf_counter(), time.process_time()
    count = (pack_batches if name == "batches" else PARTS[name][1])(folder, records)
    took, cpu = time.perf_counter() - begun, time.process_time() - before
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"count": count, "took_s": took, "cpu_s": cpu, "most": most}))


def part(name: str, folder: Path, records: int, most_s: float | None = None) -> dict[str, Any]:
    """One part in a process of its own: what it printed. Raises TimeoutExpired after most_s."""
    words = [sys.executable, __file__, "part", name, str(folder), str(records)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, text=True, start_new_session=True, **pipes) as process:
        try:
            out, errors = process.communicate(timeout=most_s)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # Java as well
            raise
    if process.returncode:
        raise SystemExit(f"{name}: {errors}")
    return json.loads(out.splitlines()[-1])


def row_of(what: str, got: dict[str, Any]) -> tuple[str, ...]:
    """A row of the table."""
    if "missing" in got:
        return what, "not measured", got["missing"], "", ""
    rate, cores = got["count"] / got["took_s"], got["cpu_s"] / got["took_s"]
    most = f"{got['most'] / 2**20:,.0f}"
    return what, f"{got['count']:,}", f"{rate:,.0f}", f"{cores:.2f}", most


def engine_row(name: str, folder: Path, records: int) -> tuple[str, ...]:
    """An engine's; Spark is given less if it takes too long."""
    what = host_engines.ENGINES[name]
    if name != "on_spark":
        return row_of(what, part(name, folder, records))
    try:
        return row_of(what, part(name, folder, records, host_engines.SPARK_MOST_S))
    except subprocess.TimeoutExpired:
        less = host_engines.SPARK_LESS
        make(folder, less)
        part("batches", folder, less)
        part("ingest", folder, less)
        what += f", with fewer: of {records:,} it took more than {host_engines.SPARK_MOST_S} s"
        return row_of(what, part(name, folder, less))


def measure(folder: Path, records: int) -> str:
    """The table of one size."""
    part("batches", folder, records)
    lines = []
    for name, (what, _) in PARTS.items():
        lines.append(row_of(what, part(name, folder, records)))
        print(lines[-1], file=sys.stderr, flush=True)
    for name in host_engines.ENGINES if records <= host_engines.MOST else ():
        lines.append(engine_row(name, folder, records))
        print(lines[-1], file=sys.stderr, flush=True)
    head = ("part", "records", "records a second", "cores", "memory, MiB")
    size = _store(folder, records).stat().st_size
    tail = f"\nThe store takes {size / records:.1f} bytes a record.\n"
    return f"### {records:,} records\n\n" + table(head, lines) + tail + "\n"


def main() -> None:
    """Measure and write."""
    if sys.argv[1:2] == ["part"]:
        run(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
        return
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    folder = ROOT / "build" / "bench-host"
    text = HEAD
    for records in sizes:
        make(folder, records)
        text += measure(folder, records)
    write(ROOT / "docs" / "benchmarks.md", text, MARKS)
    Console().print(text, markup=False, highlight=False)


if __name__ == "__main__":
    main()
