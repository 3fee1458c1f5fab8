"""A virtual terminal's side of the link, without a line: messages in, messages out."""

from __future__ import annotations

import bisect
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import occrypto
from ocwire import message, record
from ocwire.errors import SessionError, WireError
from ocwire.session import HOST, TERMINAL, Session, proof

from onecard.collect import post

BATCH_SIZE = 2048
_DESCRIPTION = b"sim fleet"


class _Refused(Exception):
    def __init__(self, text: str, code: int = message.E_REFUSED) -> None:
        super().__init__(text)
        self.code = code


class FleetTerminal:
    """A terminal whose day is written already: records are there from their time on.

    number: 12 digits. items: its journal from record 1 on. now_s(): UTC seconds of its clock.
    acked: records up to this one may be let go. records_sent: each as often as it was sent.
    """

    def __init__(
        self,
        number: str,
        link_key: bytes,
        items: Sequence[record.Record],
        now_s: Callable[[], float],
        nonces: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.number, self._key = number, link_key
        self._id = bytes.fromhex(number)
        self._raw = b"".join(item.raw for item in items)
        self._ends: list[int] = []  # of each record in _raw
        self._times: list[int] = []  # at which each record is there
        self._macs = b"".join(item.mac for item in items)
        for item in items:
            self._ends.append((self._ends[-1] if self._ends else 0) + len(item.raw))
            self._times.append(max(item.time_s, self._times[-1] if self._times else 0))
        self._now_s, self._nonces = now_s, nonces
        self._pair: tuple[bytes, bytes] | None = None
        self._session: Session | None = None
        self.oldest, self.acked = 1, 0
        self.records_sent = 0

    @property
    def count(self) -> int:
        """Records that are there now."""
        return bisect.bisect_right(self._times, self._now_s())

    @property
    def whole(self) -> int:
        """Records at the day's end."""
        return len(self._times)

    def times(self) -> Sequence[int]:
        """UTC seconds at which each record is there, rising."""
        return self._times

    def mac(self, seq: int) -> bytes:
        """Of a record; FIRST_MAC before the first."""
        return self._macs[4 * seq - 4 : 4 * seq] if seq else record.FIRST_MAC

    def raw(self, from_seq: int, most_bytes: int) -> tuple[bytes, int]:
        """Records from one on that are there, and the number of the last; never half of one."""
        start = self._ends[from_seq - 2] if from_seq > 1 else 0
        last = bisect.bisect_right(self._ends, start + most_bytes, hi=self.count)
        return (self._raw[start : self._ends[last - 1]], last) if last >= from_seq else (b"", last)

    def acknowledge(self, upto: int, mac: bytes) -> int:
        """Take a receipt; what is acknowledged then. Raises WireError if it does not fit."""
        if not 0 < upto <= self.count or not occrypto.equal(mac, self.mac(upto)):
            raise WireError(f"receipt for record {upto} does not fit")
        self.acked = max(self.acked, upto)
        return self.acked

    # -- on a broker ------------------------------------------------------------------------

    def sealed_report(self) -> bytes:
        """The oldest records that are not acknowledged, as collect.post has it; b"" if all are."""
        raw, last = self.raw(self.acked + 1, post.MOST_BYTES)
        if not raw:
            return b""
        self.records_sent += last - self.acked
        plain = post.report(self.mac(self.acked), self.acked + 1, raw)
        return post.seal(self._key, post.TERMINAL, self.number, self._nonces(16), plain)

    def take_receipt(self, sealed: bytes) -> None:
        """One for records up to some number. Raises WireError if it is none, or does not fit."""
        plain = post.unseal(self._key, post.HOST, self.number, sealed)
        self.acknowledge(*post.read_receipt(plain))

    # -- the link --------------------------------------------------------------------------

    def hang_up(self) -> None:
        """The line is gone, and the session with it."""
        self._pair = self._session = None

    def answers(self, payload: bytes) -> Iterable[bytes]:
        """Payloads of the frames that answer one; every failure becomes an ERROR message."""
        kind = payload[0]
        try:
            kind, fields, tail = message.unpack(payload)
            if kind == message.HELLO:
                return [self._hello(*fields)]
            if kind == message.AUTHENTICATE:
                return [self._authenticate(*fields)]
            if kind != message.SEALED or self._session is None:
                raise _Refused("say HELLO and authenticate")
            return self._sealed(self._session, self._session.open(fields[0], tail))
        except (WireError, _Refused) as error:
            return [_error(kind, error)]

    def _hello(self, version: int, host_nonce: bytes) -> bytes:
        if version != message.PROTOCOL_VERSION:
            raise _Refused("another protocol version")
        self._session, self._pair = None, (host_nonce, self._nonces(16))
        return _packed(
            message.HELLO | message.ANSWER,
            version,
            message.IN_SERVICE,
            self._id,
            self._pair[1],
            tail=_DESCRIPTION,
        )

    def _authenticate(self, given: bytes) -> bytes:
        if self._pair is None:
            raise _Refused("say HELLO first")
        pair, self._pair = self._pair, None
        if not occrypto.equal(given, proof(self._key, HOST, self._id, *pair)):
            raise _Refused("host has another link key")
        self._session = Session(TERMINAL, self._key, self._id, *pair)
        return _packed(
            message.AUTHENTICATE | message.ANSWER, proof(self._key, TERMINAL, self._id, *pair)
        )

    def _sealed(self, session: Session, inner: bytes) -> Iterable[bytes]:
        kind = inner[0]
        try:
            kind, fields, _ = message.unpack(inner)
            if kind == message.PULL:
                return [session.seal(one) for one in self._pulled(*fields)]
            return [session.seal(self._one(kind, fields))]
        except (WireError, _Refused) as error:
            return [session.seal(_error(kind, error))]

    def _one(self, kind: int, fields: tuple[Any, ...]) -> bytes:
        if kind == message.STATUS:
            state = (message.IN_SERVICE, int(self._now_s()), self.oldest, self.count + 1)
            rest = (self.acked, 0, 1_000_000, 1, 1, 0, 150_000)
            return _packed(message.STATUS | message.ANSWER, *state, *rest)
        if kind == message.ACKNOWLEDGE:
            return _packed(message.ACKNOWLEDGE | message.ANSWER, self.acknowledge(*fields))
        if kind == message.SET_TIME:  # its day is written already
            return _packed(message.SET_TIME | message.ANSWER)
        raise _Refused(f"message {kind:02x} is not taken here", message.E_UNKNOWN)

    def _pulled(self, seq: int, window: int) -> Iterable[bytes]:
        seq = max(seq, self.oldest)
        while window > 0:
            raw, last = self.raw(seq, BATCH_SIZE)
            if not raw:
                break
            yield _packed(message.RECORDS, seq, tail=raw)
            self.records_sent += last + 1 - seq
            seq, window = last + 1, window - len(raw)
        yield _packed(message.PULL | message.ANSWER, seq)


def _packed(kind: int, *values: object, tail: bytes = b"") -> bytes:
    return bytes(message.pack(kind, *values, tail=tail))


def _error(kind: int, error: Exception) -> bytes:
    code = message.E_BAD_DATA
    if isinstance(error, _Refused):
        code = error.code
    elif isinstance(error, SessionError):
        code = message.E_REFUSED
    return _packed(message.ERROR, kind, code, tail=f"{error}".encode()[:200])
