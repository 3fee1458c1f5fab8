"""Talks to one terminal over an open port: firmware/ocwire/SPEC.md sections 3 to 5.

Every request is safe to send again, so a lost frame costs a repetition and nothing else.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import occrypto
import serial
from ocwire import bundle, frame, message, record
from ocwire.errors import WireError
from ocwire.fingerprint import fingerprint
from ocwire.session import HOST, TERMINAL, Session, proof

from . import parts
from .replies import Greeting, LinkFailed, Question, Refused, Status, UpdateStatus

WINDOW_SIZE = 64 * 1024
PARTIAL_HOTLIST = 0xFFFFFFFF
_SERIALS = 200  # of 10 bytes: what fits a frame
_ATTEMPTS = 3
_PART = 1024  # bytes of a card list in a frame
_CLEAR_S = 40.0  # another number: the terminal erases its journal first, 45 ms a sector
_READ_SIZE = 4096
_SLACK = 64 * 1024  # beyond a window: what a lost frame makes come again
_MOST_IDLE = 100
_HOSTILE = "is it the terminal it says it is? nothing of this was stored"


class LinkClient:
    """port: from open_port. timeout_s: longest silence before a request is repeated."""

    def __init__(self, port: serial.SerialBase, timeout_s: float = 5.0) -> None:
        self._port = port
        self._timeout_s = timeout_s
        self._decoder = frame.Decoder()
        self._inbox: list[bytes] = []
        self._session: Session | None = None
        self._nonces: tuple[bytes, bytes] | None = None
        self._terminal_id = b""
        self._asked = 0  # type of the request under way
        self.bytes_received = 0

    @property
    def port(self) -> serial.SerialBase:
        """The open port, for what is no link message."""
        return self._port

    def close(self) -> None:
        """Close the port."""
        self._port.close()

    def __enter__(self) -> LinkClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- opening a session -----------------------------------------------------------

    def hello(self, attempts: int = _ATTEMPTS) -> Greeting:
        """Ask who is there. Raises LinkFailed if nothing that speaks this protocol answers.

        Safe to say to a stranger: what it says does nothing to a MicroPython prompt.
        """
        self._session = None
        request, host_nonce = _quiet_hello()
        fields, tail = self._ask(request, attempts)
        _, state, self._terminal_id, terminal_nonce = fields
        self._nonces = (host_nonce, terminal_nonce)
        return Greeting(
            self._terminal_id.hex(),
            message.STATES.get(state, "unknown"),
            tail.decode("utf-8", "replace"),
        )

    def authenticate(self, link_key: bytes) -> None:
        """Prove the link key to the terminal and have it proved back; messages are sealed then."""
        if self._nonces is None:
            raise LinkFailed("hello() comes first")
        nonces, self._nonces = self._nonces, None
        request = message.pack(
            message.AUTHENTICATE, proof(link_key, HOST, self._terminal_id, *nonces)
        )
        (answer,), _ = self._ask(request, attempts=1)
        if not occrypto.equal(answer, proof(link_key, TERMINAL, self._terminal_id, *nonces)):
            raise LinkFailed(
                f"device does not hold the keys of terminal {self._terminal_id.hex()}",
                "it may be another device with this terminal's number: check what is plugged in",
            )
        self._session = Session(HOST, link_key, self._terminal_id, *nonces)

    def log_in(self, key_of: Callable[[str], bytes]) -> Greeting:
        """hello() and, at a terminal with keys, authenticate() with key_of(its number).

        Tried twice: a proof is good for one try, so that a lost frame costs a new greeting, and so
        does an answer that was still on its way to a host which died. Raises LinkFailed, Refused.
        """
        for is_last in (False, True):
            greeting = self.hello()
            if not greeting.is_provisioned:
                break
            try:
                self.authenticate(key_of(greeting.terminal_id))
                break
            except (LinkFailed, Refused):
                if is_last:
                    raise
        return greeting

    # -- requests ----------------------------------------------------------------------

    def status(self) -> Status:
        """The terminal's state."""
        fields, tail = self._ask(message.pack(message.STATUS))
        names = [item.name for item in dataclasses.fields(Status)]
        state, fault = message.STATES.get(fields[0], "unknown"), tail.decode("utf-8", "replace")
        return Status(**dict(zip(names, (state, *fields[1:], fault), strict=True)))

    def set_time(self, unix_s: int) -> None:
        """Set the terminal's clock, UTC seconds."""
        self._ask(message.pack(message.SET_TIME, unix_s))

    def configure(self, values: dict[str, Any]) -> None:
        """Give the terminal a configuration; it refuses one it cannot run."""
        self._ask(message.pack(message.CONFIGURE, tail=parts.send(self._ask, values)))

    def read_config(self) -> dict[str, Any]:
        """The configuration the terminal runs, without PINs."""
        return parts.read(self._ask)

    def hotlist(self, base: int, version: int, add: list[bytes], remove: list[bytes]) -> int:
        """Apply a delta to the hotlist (10-byte serials); base 0 replaces it. -> its version.

        Sent in parts; a list that got only some of them has a version near PARTIAL_HOTLIST until
        a whole list comes.
        """
        add = sorted(add, key=fingerprint)  # the terminal then rewrites each part of it once
        remove = sorted(remove, key=fingerprint)
        changes = [(serial, True) for serial in add] + [(serial, False) for serial in remove]
        parts = [changes[i : i + _SERIALS] for i in range(0, len(changes), _SERIALS)] or [[]]
        for number, part in enumerate(parts):
            added = [serial for serial, is_added in part if is_added]
            removed = [serial for serial, is_added in part if not is_added]
            to = version if number == len(parts) - 1 else PARTIAL_HOTLIST - number
            request = message.pack(
                message.HOTLIST, base, to, len(added), tail=b"".join(added + removed)
            )
            base = self._ask(request)[0][0]
        return base

    def provision(self, keys: tuple[Any, ...], values: dict[str, Any]) -> None:
        """Write keys (field values of PROVISION) and configuration. In clear on a terminal that
        has no keys yet: do that over a cable in a room you trust; sealed afterwards."""
        raw = parts.send(self._ask, values)
        patience_s = self._timeout_s
        self._timeout_s = max(patience_s, _CLEAR_S)
        try:
            self._ask(message.pack(message.PROVISION, *keys, tail=raw))
        finally:
            self._timeout_s = patience_s

    def acknowledge(self, upto_seq: int, mac: bytes) -> int:
        """Tell the terminal that all records up to this one are stored durably."""
        return self._ask(message.pack(message.ACKNOWLEDGE, upto_seq, mac))[0][0]

    def service(self) -> None:
        """Have the terminal hand its port to the MicroPython REPL (mpremote)."""
        self._ask(message.pack(message.SERVICE))

    def update_status(self) -> UpdateStatus:
        """What firmware runs, and how an update of it stands."""
        fields, tail = self._ask(message.pack(message.UPDATE_STATUS))
        version, slot, state, tries, base, offset, image = fields
        told, fault = bundle.version_text(version), tail.decode("utf-8", "replace")
        return UpdateStatus(told, slot, state, tries, base, offset, image, fault)

    def update_begin(self, header: bytes) -> int:
        """Announce a bundle by its header; the offset in its image to go on from."""
        return self._ask(message.pack(message.UPDATE_BEGIN, tail=header))[0][0]

    def update_data(self, offset: int, data: bytes) -> int:
        """Give bytes of the image, whole pages but for its end; the offset wanted next."""
        return self._ask(message.pack(message.UPDATE_DATA, offset, tail=data))[0][0]

    def update_activate(self) -> None:
        """Put the image on trial: the terminal restarts."""
        self._ask(message.pack(message.UPDATE_ACTIVATE))

    def update_confirm(self) -> None:
        """Have what runs on trial stay; refused if the terminal is not in order."""
        self._ask(message.pack(message.UPDATE_CONFIRM))

    def question(self, wait_ms: int = 500) -> Question | None:
        """What the terminal waits for an answer to; None if it asks nothing within wait_ms."""
        (number, left_ms), tail = self._ask(message.pack(message.QUESTION, wait_ms))
        if not number:
            return None
        try:
            what, values = json.loads(tail)
        except (ValueError, TypeError):
            what = values = None
        if not isinstance(what, str) or not isinstance(values, dict):
            raise LinkFailed("the terminal asks something that is no question")
        return Question(number, what, values, left_ms)

    def reply(self, number: int, answer: dict[str, Any]) -> bool:
        """Answer a question; False if that came too late: nothing was done then."""
        raw = json.dumps(answer, ensure_ascii=False).encode()
        return bool(self._ask(message.pack(message.REPLY, number, tail=raw))[0][0])

    def send_list(self, number: int, raw: bytes) -> None:
        """A card list, whole: ocwire.cardlist. Goes on where it was broken off."""
        offset = 0
        for _ in range(_ATTEMPTS * (len(raw) // _PART + 1)):
            request = message.pack(message.LIST, number, offset, tail=raw[offset : offset + _PART])
            offset = self._ask(request)[0][0]
            if offset >= len(raw):
                return
        raise LinkFailed("the terminal does not get on with the list", "run the command again")

    def pull(self, from_seq: int, window: int = WINDOW_SIZE) -> list[record.Record]:
        """The records from `from_seq` on, about `window` bytes; empty at the journal's end.

        They come in one turn. A frame lost on the way is asked for again; a hole in the journal
        itself is passed over (the record numbers show it).
        """
        out: list[record.Record] = []
        seq, is_hole_certain = from_seq, False
        left = window + _SLACK  # of what may come in all: the records are kept in memory
        for _ in range(_ATTEMPTS * 4):
            is_whole = False
            for kind, fields, tail in self._stream(message.pack(message.PULL, seq, window)):
                left -= len(tail)
                if left < 0:
                    raise LinkFailed("the terminal sends more than was asked for", _HOSTILE)
                if kind != message.RECORDS:  # fields[0]: where the terminal has got to
                    is_whole = fields[0] <= seq or is_hole_certain
                    is_hole_certain = True
                elif fields[0] == seq or (fields[0] > seq and is_hole_certain):
                    out += self._split(tail, fields[0])
                    seq, is_hole_certain = out[-1].seq + 1, False
                elif fields[0] > seq:
                    is_hole_certain = True  # a lost frame, or a hole: asking again will tell
                    break
            if is_whole:
                return out
            self._drain()
        raise LinkFailed("the line loses too much", "check the cable; what came is stored")

    @staticmethod
    def _split(tail: bytes, first_seq: int) -> list[record.Record]:
        try:
            found: list[record.Record] = record.split(tail, first_seq)
        except WireError as error:
            raise LinkFailed(f"what comes are no records: {error}", _HOSTILE) from error
        if not found:
            raise LinkFailed("the terminal sends a batch without records", _HOSTILE)
        return found

    def _stream(self, request: bytes) -> Iterator[tuple[int, tuple[Any, ...], bytes]]:
        """The messages that follow a PULL, up to its answer; ends early when they stop coming."""
        for _ in range(_ATTEMPTS):
            self._send(request)
            has_begun = False
            idle = 0  # messages that are no part of the answer
            while idle < _MOST_IDLE and (answer := self._receive()) is not None:
                has_begun = True
                idle = 0 if answer[0] == message.RECORDS else idle + 1
                if answer[0] in (message.RECORDS, request[0] | message.ANSWER):
                    yield answer
                if answer[0] == request[0] | message.ANSWER:
                    return
            if has_begun:
                return
        raise LinkFailed(f"no answer in {self._timeout_s:g} s", "is the terminal still connected?")

    def _ask(self, request: bytes, attempts: int = _ATTEMPTS) -> tuple[tuple[Any, ...], bytes]:
        """Send a request, return the answer's fields and tail; repeats it when nothing comes."""
        for _ in range(attempts):
            self._send(request)
            deadline = time.monotonic() + self._timeout_s
            while time.monotonic() < deadline:
                answer = self._receive()
                if answer is None:
                    break
                kind, fields, tail = answer
                if kind == request[0] | message.ANSWER:
                    return fields, tail
        raise LinkFailed(
            f"no answer to {attempts} requests in {self._timeout_s:g} s each",
            "check the cable and that a terminal (not a REPL) is at this port",
        )

    def _send(self, payload: bytes) -> None:
        self._asked = payload[0]
        if self._session is not None:
            payload = self._session.seal(payload)
        try:
            self._port.write(frame.encode(payload))
        except (serial.SerialException, OSError) as error:
            raise LinkFailed(f"the port went away: {error}", "plug it in and run again") from error

    def _receive(self) -> tuple[int, tuple[Any, ...], bytes] | None:
        """The next message, opened if sealed; None after timeout_s of silence. Raises Refused."""
        deadline = time.monotonic() + self._timeout_s
        while True:
            while self._inbox:
                opened = self._open(self._inbox.pop(0))
                if opened is not None:
                    return opened
            if time.monotonic() > deadline:
                self._decoder.reset()  # the rest of a frame that has begun will not come
                return None
            try:
                waiting = getattr(self._port, "in_waiting", 0)
                chunk = self._port.read(min(_READ_SIZE, waiting) or 1)
            except (serial.SerialException, OSError) as error:
                raise LinkFailed(
                    f"the port went away: {error}", "plug it in and run again"
                ) from error
            if chunk:
                self.bytes_received += len(chunk)
                self._inbox += self._decoder.feed(chunk)

    def _open(self, payload: bytes) -> tuple[int, tuple[Any, ...], bytes] | None:
        """A payload as a message; None for one that is damaged or from an earlier session."""
        try:
            kind, fields, tail = message.unpack(payload)
            if kind == message.SEALED:
                if self._session is None:
                    return None
                kind, fields, tail = message.unpack(self._session.open(fields[0], tail))
            elif self._session is not None and kind != message.ERROR:
                return None  # in a session, only what is sealed counts
        except WireError:
            return None
        if kind == message.ERROR:
            if fields[0] not in (self._asked, message.SEALED if self._session else self._asked):
                return None  # it refuses an earlier request
            raise Refused(tail.decode("utf-8", "replace"), fields[1])
        return kind, fields, tail

    def _drain(self) -> None:
        """Let what is still on its way arrive, and forget it."""
        quiet_at = time.monotonic() + min(self._timeout_s, 0.5)
        ends_at = time.monotonic() + 2 * self._timeout_s  # whatever goes on coming
        while time.monotonic() < min(quiet_at, ends_at):
            chunk = self._port.read(_READ_SIZE)
            if chunk:
                quiet_at = time.monotonic() + 0.2
                for payload in self._decoder.feed(chunk):
                    self._open(payload)
        self._inbox.clear()


def _quiet_hello() -> tuple[bytes, bytes]:
    """A HELLO and the nonce in it, without a byte that would interrupt a MicroPython prompt or
    restart it (Ctrl-B to Ctrl-E, line ends). What is random in the nonce is 112 bits."""
    while True:
        nonce = bytes(byte | 0x80 for byte in os.urandom(16))
        request = message.pack(message.HELLO, message.PROTOCOL_VERSION, nonce)
        if all(byte > 0x1F for byte in frame.encode(request)[-20:]):
            return request, nonce
