"""Pulling: from a terminal's journal into the store, proved on the way, acknowledged after."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ocwire import record

from . import verify
from .errors import OneCardError
from .keystore import Keystore
from .link import LinkClient

_CLOCK_TOLERANCE_S = 2
_MOST_MORE = 10_000  # records that may come on while one pull runs; the next takes the rest


class Keeper(Protocol):
    """Where pulled records go: a Store, or what is like one."""

    def last(self, terminal: str) -> tuple[int, bytes]:
        """(sequence number, MAC) of the terminal's newest record; (0, FIRST_MAC) without one."""

    def append(self, terminal: str, records: Sequence[record.Record]) -> int:
        """Add records of one terminal, durable on return; how many were new."""


class PullError(OneCardError):
    """Records that are not what the terminal wrote; what came before them is stored."""


@dataclass
class PullResult:
    """Of one pull. acked: highest sequence number the terminal may let go of now."""

    terminal: str
    new: int = 0
    acked: int = 0
    unread: int = 0
    fault: str = ""
    findings: list[verify.Finding] = field(default_factory=list)


def connect(client: LinkClient, keystore: Keystore) -> str:
    """Greet and authenticate a provisioned terminal; returns its id. Raises OneCardError."""
    greeting = client.log_in(keystore.link_key)
    if not greeting.is_provisioned:
        raise OneCardError(
            "this terminal is not provisioned yet", "run: onecard provision --device …"
        )
    return greeting.terminal_id


def pull(
    client: LinkClient,
    keystore: Keystore,
    store: Keeper,
    progress: Callable[[int, int], None] = lambda done, total: None,
    expected: str | None = None,
) -> PullResult:
    """Copy every record the store does not have yet, and acknowledge what is stored.

    Each batch is proved, stored durably, then acknowledged: whichever side dies when, nothing is
    lost and nothing doubled. Sets the terminal's clock if it is more than two seconds off.
    progress(done, total) counts records. expected: number of the only terminal that may be there.
    Raises PullError for an altered record, for another terminal than the expected one, for one
    whose records are not those that were pulled from its number before.
    """
    terminal = connect(client, keystore)
    if expected is not None and terminal != expected:
        raise PullError(
            f"terminal {terminal} is there, not {expected}", "nothing was pulled: which is right?"
        )
    return pull_from(client, terminal, keystore, store, progress)


def pull_from(
    client: LinkClient,
    terminal: str,
    keystore: Keystore,
    store: Keeper,
    progress: Callable[[int, int], None] = lambda done, total: None,
    is_shared: bool = False,
) -> PullResult:
    """pull() from a terminal that is connected to.

    is_shared: others pull it too, into other stores; what it says that it may let go of is theirs,
    and no gap. Raises PullError as pull() does.
    """
    status = client.status()
    seq, mac = store.last(terminal)
    if is_shared and status.acked_seq > seq:
        seq, mac = status.acked_seq, record.UNKNOWN_MAC
    if seq >= status.next_seq:
        raise PullError(
            f"terminal {terminal} has {status.next_seq - 1} records, but {seq} were pulled",
            "its flash was replaced or put back to an earlier state: provision it under a new id",
        )
    result = PullResult(terminal, acked=status.acked_seq)
    puller = _Puller(client, store, keystore.journal_key(terminal), result)
    puller.seq, puller.mac = seq, mac
    total = status.next_seq - 1 - seq
    now_s = int(time.time())
    if abs(status.time_s - now_s) > _CLOCK_TOLERANCE_S:
        client.set_time(now_s)  # before the pull, which takes the record of it along
    while puller.seq < status.next_seq + _MOST_MORE and puller.step(status.oldest_seq):
        progress(result.new, max(total, result.new))
    status = client.status()
    result.unread, result.fault = status.unread, status.fault
    return result


class _Puller:
    """One terminal's records, window by window. seq, mac: the newest record in the store."""

    def __init__(self, client: LinkClient, store: Keeper, key: bytes, result: PullResult) -> None:
        self._client, self._store, self._key, self._result = client, store, key, result
        self.seq, self.mac = 0, record.FIRST_MAC
        self._is_same = False

    def step(self, oldest_seq: int) -> bool:
        """Pull, prove, store and acknowledge one window; False when there was nothing more."""
        window = self._window(oldest_seq)
        if not window:
            if self.seq > self._result.acked:  # stored by a pull that died before its receipt
                self._acknowledge()
            return False
        if not self.seq and window[0].seq > 1:
            self._start_late(window.pop(0))
        good, findings = verify.chain(window, self._key, self.seq, self.mac)
        self._result.findings += findings
        if good:
            self._result.new += self._store.append(self._result.terminal, good)
            self.seq, self.mac = good[-1].seq, good[-1].mac
            self._acknowledge()
        if any(finding.kind == verify.ALTERED for finding in findings):
            raise PullError(findings[-1].text, "nothing from it on was stored or acknowledged")
        return True

    def _window(self, oldest_seq: int) -> list[record.Record]:
        """The next records. The first time the newest one that is stored comes along: it must be
        the same, or this is another device (or another flash) under a known number."""
        is_known = self.seq >= oldest_seq and not self._is_same
        window = self._client.pull(max(self.seq + (0 if is_known else 1), oldest_seq))
        if is_known and window and window[0].seq == self.seq:
            known = window.pop(0)
            if record.UNKNOWN_MAC not in (known.mac, self.mac) and known.mac != self.mac:
                terminal = self._result.terminal
                raise PullError(
                    f"terminal {terminal}: its record {self.seq} is another than was pulled",
                    "two devices with one number (a copy), or a replaced flash: keep both, pull "
                    f"neither, look at: onecard logs --terminal {terminal}",
                )
            if self.mac == record.UNKNOWN_MAC:
                self.mac = known.mac
        self._is_same = True
        return window

    def _acknowledge(self) -> None:
        self._result.acked = self._client.acknowledge(self.seq, self.mac)

    def _start_late(self, item: record.Record) -> None:
        """A new store whose terminal has let go of its first records: they are somewhere else."""
        text = f"records 1 to {item.seq - 1} are not here: pulled into another store"
        self._result.findings.append(verify.Finding(1, verify.GAP, text))
        self._result.new += self._store.append(self._result.terminal, [item])
        self.seq, self.mac = item.seq, item.mac
