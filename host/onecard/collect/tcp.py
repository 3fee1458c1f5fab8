"""Terminals that connect by TCP, or serial servers in front of them: the link's host over their
connections, a thread each, so many at once and no more."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from typing import Any

from ocwire.errors import WireError

from ..errors import OneCardError
from ..keystore import Keystore
from ..link import LinkClient
from ..pull import PullError, PullResult, connect, pull_from
from .batches import Batches
from .counts import Counts

_READ_SIZE = 4096  # bytes
_BACKLOG = 4096  # connections that wait in the kernel for a thread
_SLICE_S = 0.5


class Connection:
    """An accepted connection as LinkClient's port. What it does after end_s fails: a peer that
    sends a byte now and then cannot hold a thread for ever. end_s: of time.monotonic()."""

    in_waiting = _READ_SIZE  # read() gives what is there

    def __init__(self, accepted: socket.socket, end_s: float) -> None:
        self._socket, self.end_s = accepted, end_s
        with contextlib.suppress(OSError):
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _left_s(self) -> float:
        left_s = self.end_s - time.monotonic()
        if left_s <= 0:
            raise OSError("it took too long")
        return left_s

    def read(self, size: int = 1) -> bytes:
        """What has come, at most `size` bytes; b"" after half a second of silence."""
        self._socket.settimeout(min(_SLICE_S, self._left_s()))
        try:
            data = self._socket.recv(size)
        except TimeoutError:
            return b""
        if not data:
            raise OSError("the other end closed the connection")
        return data

    def write(self, data: bytes) -> int:
        """All of it."""
        self._socket.settimeout(self._left_s())
        self._socket.sendall(data)
        return len(data)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class Listener:
    """address: host and port (0: any free one). sessions: threads at most; further peers wait.

    login_s: how long a peer may take until it has proved its key. session_s: and until it ends.
    """

    def __init__(
        self,
        address: tuple[str, int],
        keystore: Keystore,
        batches: Batches,
        counts: Counts,
        sessions: int = 256,
        timeout_s: float = 5.0,
        login_s: float = 10.0,
        session_s: float = 600.0,
    ) -> None:
        self._keystore, self._batches, self.counts = keystore, batches, counts
        self._timeout_s, self._login_s, self._session_s = timeout_s, login_s, session_s
        self._log = logging.getLogger("onecard.pull")
        self._most = sessions
        self._free = threading.BoundedSemaphore(sessions)
        self._stopping = threading.Event()
        try:
            family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
            self._socket = socket.create_server(address, family=family, backlog=_BACKLOG)
        except OSError as error:
            raise OneCardError(
                f"cannot listen on {address[0]}:{address[1]}: {error.strerror or error}",
                "is another collector at it? port 0 takes any free one",
            ) from error
        self._socket.settimeout(_SLICE_S)

    @property
    def port(self) -> int:
        """The one that is listened on."""
        return int(self._socket.getsockname()[1])

    def run(self) -> None:
        """Take connections until stop(); then let the sessions under way end."""
        while not self._stopping.is_set():
            if not self._free.acquire(timeout=_SLICE_S):
                continue
            try:
                accepted, peer = self._socket.accept()
            except OSError as error:  # nobody came, or no descriptor is free
                self._free.release()
                if not isinstance(error, TimeoutError) and not self._stopping.wait(_SLICE_S):
                    self._log.error("cannot take a connection: %s", error)
                continue
            where = f"{peer[0]}:{peer[1]}"
            work = threading.Thread(target=self._run_one, args=(accepted, where), daemon=True)
            work.start()
        self._socket.close()
        ends_s = time.monotonic() + self._timeout_s
        for _ in range(self._most):
            self._free.acquire(timeout=max(0.0, ends_s - time.monotonic()))

    def stop(self) -> None:
        """Take no more connections; what is proved is written at once."""
        self._stopping.set()
        self._batches.hurry()

    def _run_one(self, accepted: socket.socket, where: str) -> None:
        try:
            self.serve(accepted, where)
        finally:
            self._free.release()

    def serve(self, accepted: socket.socket, where: str) -> PullResult | None:
        """One terminal: everything it has. What goes wrong is its own affair: told, then over."""
        port = Connection(accepted, time.monotonic() + self._login_s)
        link: Any = port  # as much of a pyserial port as LinkClient asks for
        terminal = "-"
        try:
            with LinkClient(link, self._timeout_s) as client:
                try:
                    terminal = connect(client, self._keystore)
                    port.end_s = time.monotonic() + self._session_s
                    result = pull_from(
                        client, terminal, self._keystore, self._batches, is_shared=True
                    )
                finally:
                    self.counts.add(bytes_received=client.bytes_received)
        except PullError as error:
            self._log.error("%s %s: alarm: %s", terminal, where, error.text)
            self.counts.add(alarms=1)
        except (OneCardError, WireError, OSError) as error:
            text = error.text if isinstance(error, OneCardError) else str(error)
            self._log.warning("%s %s: failed: %s", terminal, where, text)
            self.counts.add(failed=1)
        else:
            for finding in result.findings:
                self._log.error("%s %s: alarm: %s", terminal, where, finding.text)
            self.counts.add(sessions=1, records=result.new, alarms=len(result.findings))
            return result
        return None
