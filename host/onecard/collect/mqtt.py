"""Terminals that report over an MQTT broker. Collectors share the reports by a shared
subscription: each goes to one of them, no matter which, for a report stands alone (post.py)."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any

from ocwire.errors import WireError

from .. import verify
from ..errors import OneCardError
from ..keystore import Keystore
from . import broker, parquet, post
from .address import Broker
from .batches import write
from .counts import Counts
from .depot import Depot

_SHARED = f"$share/collectors/{post.UP_TOPICS}"
_SLICE_S = 0.5


@dataclass(frozen=True)
class _Report:
    terminal: str
    window: parquet.Window | None
    message: Any


class Subscriber:
    """at_once: reports that are held at most; the broker keeps the others back. The password of a
    broker: see broker.open_client, whose errors this raises."""

    def __init__(
        self,
        at: Broker,
        keystore: Keystore,
        depot: Depot,
        counts: Counts,
        linger_s: float = 1.0,
        at_once: int = 256,
    ) -> None:
        self._keystore, self._depot, self.counts = keystore, depot, counts
        self._linger_s, self._at_once = linger_s, at_once
        self._log = logging.getLogger("onecard.pull")
        self._come: queue.Queue[Any] = queue.Queue()  # bounded by what the broker may send
        self._stopping = threading.Event()
        self._client = broker.open_client(
            at, self._come.put, [_SHARED], at_once, post.MOST_PACKET, self._log.error
        )

    def run(self) -> None:
        """Take reports until stop()."""
        while not self._stopping.is_set():
            if messages := self._gather():
                self.take(messages)
        broker.close(self._client)

    def stop(self) -> None:
        """End; reports that have come and are not durable stay with their terminals."""
        self._stopping.set()

    def _gather(self) -> list[Any]:
        """What comes within linger_s of the first; half of what the broker may send is enough."""
        out: list[Any] = []
        ends_s = time.monotonic() + _SLICE_S
        while len(out) <= self._at_once // 2 and not self._stopping.is_set():
            try:
                out.append(self._come.get(timeout=max(0.0, ends_s - time.monotonic())))
            except queue.Empty:
                break
            if len(out) == 1:
                ends_s = time.monotonic() + self._linger_s
        return out

    def take(self, messages: list[Any]) -> None:
        """Prove reports, make them durable in one batch, then send receipts. One that is not what
        it should be is told and gets none."""
        reports = [self._opened(message) for message in messages]
        windows = [report.window for report in reports if report.window is not None]
        try:
            if windows:
                size = write(self._depot, windows)
                records = sum(len(window.records) for window in windows)
                self.counts.add(
                    sessions=len(windows), records=records, batches=1, bytes_written=size
                )
                for window in windows:
                    self._give_receipt(window)
        except OneCardError as error:  # terminals report again
            self._log.error("a batch was not written: %s", error.text)
            self.counts.add(failed=len(windows))
            self._stopping.wait(_SLICE_S)
        for report in reports:
            self._client.ack(report.message.mid, report.message.qos)

    def _opened(self, message: Any) -> _Report:
        terminal, window = post.terminal_of(message.topic), None
        self.counts.add(bytes_received=len(message.payload))
        try:
            window = self._proved(terminal, message.payload)
        except (OneCardError, WireError) as error:
            text = error.text if isinstance(error, OneCardError) else str(error)
            self._log.warning("%.40r: failed: %s", terminal, text)
            self.counts.add(failed=1)
        return _Report(terminal, window, message)

    def _proved(self, terminal: str, sealed: bytes) -> parquet.Window | None:
        key = self._keystore.link_key(terminal)
        before, items = post.read_report(post.unseal(key, post.TERMINAL, terminal, sealed))
        journal_key = self._keystore.journal_key(terminal)
        good, findings = verify.chain(items, journal_key, items[0].seq - 1, before)
        for finding in findings:
            self._log.error("%s: alarm: %s", terminal, finding.text)
        self.counts.add(alarms=len(findings))
        return parquet.Window(terminal, good) if good else None

    def _give_receipt(self, window: parquet.Window) -> None:
        last, terminal = window.records[-1], window.terminal
        plain = post.receipt(last.seq, last.mac)
        key, nonce = self._keystore.link_key(terminal), os.urandom(post.NONCE_SIZE)
        sealed = post.seal(key, post.HOST, terminal, nonce, plain)
        self._client.publish(post.down(terminal), sealed, qos=0)  # lost: it reports again
