"""Records for make bench-host: many terminals' days of purchases, each MAC and TAC right."""

from __future__ import annotations

import datetime
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import occrypto
import pyarrow as pa
import pyarrow.parquet as pq
from ocwire import calendar, record
from onecard.keystore import Keystore, PurseKeys

DAY = datetime.date(2025, 6, 12)
DAY_S = 1_749_686_400 - calendar.CST_OFFSET_S  # when it began in China
EACH = 50_000  # records of a terminal
CARDS = 500  # of a terminal, each at no other
START = 5_000_000  # fen on each
STEP_S = 3
KEYS = PurseKeys(bytes(range(16)), bytes(range(16, 32)))


def keystore() -> Keystore:
    """The same each time."""
    return Keystore(bytes(range(32)), KEYS)


def name_of(number: int) -> str:
    """Of terminal `number`."""
    return f"{4403_0000_0000 + number:012d}"


def journal(number: int) -> list[bytes]:
    """EACH records of terminal `number`: purchases, one every three seconds."""
    count, terminal = EACH // 2, bytes.fromhex(name_of(number))
    serials = [bytes.fromhex(f"03109990{number:06d}{n:06d}") for n in range(CARDS)]
    amounts = [100 + (7 * n + number) % 1900 for n in range(count)]
    texts = b"".join(
        serials[n % CARDS][2:]
        + amounts[n].to_bytes(4, "big")
        + b"\x06"
        + terminal
        + (n + 1).to_bytes(4, "big")
        + calendar.to_bcd(DAY_S + STEP_S * n)
        for n in range(count)
    )
    tacs = occrypto.pboc_tacs(KEYS.dtk, texts, 22, True)
    key, before, left, out = keystore().journal_key(name_of(number)), record.FIRST_MAC, {}, []
    for n in range(count):
        serial, now_s = serials[n % CARDS], DAY_S + STEP_S * n
        balance = left.get(serial, START)
        left[serial] = balance - amounts[n]
        body = record.pack(
            record.INTENT, 1, serial, now_s, amounts[n], balance, n // CARDS, n + 1, bytes(4),
            1, 0, 1, 6,
        )  # fmt: skip
        out.append(record.seal(key, 2 * n + 1, before, record.INTENT, body))
        body = record.pack(record.DEBITED, 1, tacs[4 * n : 4 * n + 4])
        out.append(record.seal(key, 2 * n + 2, out[-1][-8:-4], record.DEBITED, body))
        before = out[-1][-8:-4]
    return out


def _write(path: Path, number: int) -> None:
    table = pa.table({"raw": pa.array(journal(number), pa.large_binary())})
    pq.write_table(table, path / f"{name_of(number)}.parquet", compression="none")


def make(path: Path, records: int) -> None:
    """A Parquet file of each terminal in `path`, if they are not there yet."""
    path.mkdir(parents=True, exist_ok=True)
    wanted = [n for n in range(records // EACH) if not (path / f"{name_of(n)}.parquet").exists()]
    with ProcessPoolExecutor(2) as workers:
        for _ in workers.map(_write, [path] * len(wanted), wanted):
            pass


def read(path: Path, number: int) -> pa.Array:
    """The records of terminal `number`."""
    column = pq.read_table(path / f"{name_of(number)}.parquet").column("raw")
    return column.combine_chunks()
