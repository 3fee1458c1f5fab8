"""Batches: windows of many terminals that become durable together, in one file."""

from __future__ import annotations

import datetime
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence

from ocwire import calendar, record

from ..errors import OneCardError
from . import parquet
from .depot import SUFFIX, Depot, DepotError

_MOST_HEADS = 100_000


def name_at(unix_s: float) -> str:
    """A name that no other batch has: under the day it came, China Standard Time."""
    when = datetime.datetime.fromtimestamp(unix_s, datetime.UTC)
    day = (when + datetime.timedelta(seconds=calendar.CST_OFFSET_S)).date()
    return f"received={day.isoformat()}/{when:%Y%m%dT%H%M%S}-{uuid.uuid4().hex}{SUFFIX}"


class _Batch:
    """One to come. is_done: it is durable, or `error` tells why not."""

    def __init__(self) -> None:
        self.windows: list[parquet.Window] = []
        self.records = 0
        self.is_done = threading.Event()
        self.error: OneCardError | None = None


class Batches:
    """Where sessions put what they have proved: a pull.Keeper for many threads.

    The first session that comes to an empty batch writes it: after linger_s, or when the batch has
    most_records or most_windows. append() returns when the batch is durable. So what is held at
    most is a window of each session.
    """

    def __init__(
        self,
        depot: Depot,
        linger_s: float = 1.0,
        most_records: int = 50_000,
        most_windows: int = 128,
        on_written: Callable[[int, int], None] = lambda records, size: None,
    ) -> None:
        self._depot, self._linger_s = depot, linger_s
        self._most_records, self._most_windows = most_records, most_windows
        self._on_written = on_written
        self._turn = threading.Condition()
        self._next = _Batch()
        self._is_hurried = False
        self._heads: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    def last(self, terminal: str) -> tuple[int, bytes]:
        """The newest record that came through here, as far as that is remembered."""
        with self._turn:
            return self._heads.get(terminal, (0, record.FIRST_MAC))

    def append(self, terminal: str, records: Sequence[record.Record]) -> int:
        """Add a window; durable on return. How many records it has: which of them are new is told
        when they are imported. Raises DepotError; nothing of the batch is to be acknowledged."""
        if not records:
            return 0
        window = parquet.Window(terminal, records)
        with self._turn:
            batch = self._next
            batch.windows.append(window)
            batch.records += len(records)
            is_first = len(batch.windows) == 1
            if self._is_full(batch):
                self._turn.notify_all()
        if is_first:
            self._lead(batch)
        else:
            batch.is_done.wait()
        if batch.error is not None:
            raise batch.error
        with self._turn:
            self._heads[terminal] = (records[-1].seq, records[-1].mac)
            self._heads.move_to_end(terminal)
            while len(self._heads) > _MOST_HEADS:
                self._heads.popitem(last=False)
        return len(records)

    def hurry(self) -> None:
        """Write without waiting for more from now on: the collector ends."""
        with self._turn:
            self._is_hurried = True
            self._turn.notify_all()

    def _is_full(self, batch: _Batch) -> bool:
        is_full = batch.records >= self._most_records or len(batch.windows) >= self._most_windows
        return is_full or self._is_hurried

    def _lead(self, batch: _Batch) -> None:
        with self._turn:
            self._turn.wait_for(lambda: self._is_full(batch), self._linger_s)
            self._next = _Batch()
        batch.error = DepotError("a batch was not written", "the session that wrote it died")
        try:
            self._on_written(batch.records, write(self._depot, batch.windows))
            batch.error = None
        except OneCardError as error:
            batch.error = error
        finally:
            batch.is_done.set()


def write(depot: Depot, windows: Sequence[parquet.Window]) -> int:
    """One batch, durable on return; its size in bytes. Raises DepotError."""
    now_s = time.time()
    content = parquet.pack(windows, int(now_s))
    depot.put(name_at(now_s), content)
    return len(content)
