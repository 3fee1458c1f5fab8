"""A Grow GM65 bar-code and QR scanner on a UART, after its User Manual V1.3.

Chapter 2 (serial protocol, zone bits), 3 (read modes) and appendix A (CRC). What is held before
its window is put there by show(); it needs DECODE_US to make it out. Not modelled: sensing mode
(as continuous), set-up codes, lights, sleep, output through USB or with the data protocol.
"""

from __future__ import annotations

import binascii

from onecard.sim.buses import UartPart
from onecard.sim.timers import Action, Cancel, Timers

DECODE_US = 60_000.0
ANSWER_US = 2_000.0

_HEAD = b"\x7e\x00"
_READ, _WRITE, _SAVE = 7, 8, 9
_NO_CHECK = 0xABCD  # in place of the CRC
_MODE, _TRIGGER, _INTERVAL, _READ_TIME, _SAME_CODE = 0x00, 0x02, 0x05, 0x06, 0x13
_BAUD, _TAIL, _RESET = 0x2A, 0x60, 0xD9
_MANUAL, _COMMAND, _CONTINUOUS, _SENSING = range(4)
_TAILS = {0x00: b"\r", 0x20: b"\r\n", 0x40: b"\t", 0x60: b""}
_BAUD_CODES = {0x09C4: 1200, 0x0271: 4800, 0x0139: 9600, 0x00D0: 14400, 0x009C: 19200,
               0x004E: 38400, 0x0034: 57600, 0x001A: 115200}  # fmt: skip
_FACTORY = {_MODE: 0xD6, _INTERVAL: 0x0A, _READ_TIME: 0x32, _BAUD: 0x39, _BAUD + 1: 0x01,
            _TAIL: 0x01, _SAME_CODE: 0x00}  # fmt: skip


class GM65Chip(UartPart):
    """faults: what the manual does not define. reads: codes it has sent."""

    baud_rate: int | None = 9600

    def __init__(self, timers: Timers) -> None:
        self.faults: list[str] = []
        self.reads: list[bytes] = []
        self._timers = timers
        self._saved = bytearray(256)
        for address, value in _FACTORY.items():
            self._saved[address] = value
        self._seen: bytes | None = None
        self._is_looking = False
        self._waiting: list[Cancel] = []
        self._zones = bytearray(self._saved)
        self._command = bytearray()

    def power_on(self) -> None:
        """Settings come from its EEPROM; in continuous mode it begins to look."""
        self._zones = bytearray(self._saved)
        self._command = bytearray()
        self._set_rate()
        self._stop()
        if self._mode in (_CONTINUOUS, _SENSING):
            self._look()

    @property
    def _mode(self) -> int:
        return self._zones[_MODE] & 3

    @property
    def is_looking(self) -> bool:
        """True while its light is on and it looks for a code."""
        return self._is_looking

    # -- the window -------------------------------------------------------------------

    def show(self, code: bytes | None) -> None:
        """Hold a code before the window, None to take it away."""
        self._seen = code
        if self._is_looking and code is not None:
            self._later(DECODE_US, self._decode)

    def press(self) -> None:
        """Its own button, in manual mode."""
        if self._mode == _MANUAL:
            self._look()

    def _later(self, delay_us: float, action: Action) -> None:
        self._waiting.append(self._timers.after(delay_us, action))

    def _look(self) -> None:
        self._stop()
        self._is_looking = True
        if self._zones[_READ_TIME] and self._mode != _CONTINUOUS:
            self._later(self._zones[_READ_TIME] * 100_000.0, self._stop)
        if self._seen is not None:
            self._later(DECODE_US, self._decode)

    def _stop(self) -> None:
        self._is_looking = False
        for cancel in self._waiting:
            cancel()
        self._waiting.clear()
        self._zones[_TRIGGER] &= 0xFE

    def _decode(self) -> None:
        """What is before the window has been made out: send it."""
        if not self._is_looking or self._seen is None:
            return
        self._stop()
        tail = _TAILS[self._zones[_TAIL] & 0x60] if self._zones[_TAIL] & 1 else b""
        if self._zones[_TAIL] & 0x80:
            self.faults.append("the data protocol is not modelled")
        self.reads.append(self._seen)
        self.send(self._seen + tail, 0.0)
        if self._mode in (_CONTINUOUS, _SENSING):
            self._later(self._zones[_INTERVAL] * 100_000.0, self._look)

    # -- commands -----------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Commands; what is none is passed over until a head comes."""
        for byte in data:
            self._command.append(byte)
            self._try()

    def _try(self) -> None:
        raw = self._command
        while raw and not _HEAD.startswith(bytes(raw[:2])) and bytes(raw[:2]) != _HEAD:
            del raw[0]
        if len(raw) < 4:
            return
        # A read carries one byte, how many zones it wants; a write as many as its length says.
        size = 6 + (1 if raw[2] == _READ else raw[3]) + 2
        if len(raw) < size:
            return
        body, check = bytes(raw[2 : size - 2]), int.from_bytes(raw[size - 2 : size], "big")
        del raw[:size]
        if check not in (_NO_CHECK, binascii.crc_hqx(body, 0)):
            return  # the manual promises an answer to right commands only
        self._run(body[0], int.from_bytes(body[2:4], "big"), body[4:])

    def _run(self, kind: int, address: int, data: bytes) -> None:
        if kind == _READ:
            self._answer(self._zones[address : address + (data[0] or 256)])
        elif kind == _WRITE:
            self._answer(b"\0")
            self._write(address, data)
        elif kind == _SAVE:
            self._saved[:] = self._zones
            self._saved[_TRIGGER] = 0
            self._answer(b"\0")
        else:
            self.faults.append(f"command type {kind:02X}")

    def _answer(self, data: bytes | bytearray) -> None:
        body = bytes((0, len(data))) + bytes(data)
        check = binascii.crc_hqx(body, 0).to_bytes(2, "big")
        self.send(b"\x02\x00" + body + check, ANSWER_US)

    def _write(self, address: int, data: bytes) -> None:
        if address == _RESET:
            if data != b"\x50":
                self.faults.append(f"zone 00D9 with {data.hex()} is not modelled")
                return
            for at in range(len(self._saved)):
                self._saved[at] = _FACTORY.get(at, 0)
            self.power_on()
            return
        if address + len(data) > len(self._zones):
            self.faults.append(f"zone {address:04X}")
            return
        self._zones[address : address + len(data)] = data
        if address == _MODE:
            self._stop()
            if self._mode in (_CONTINUOUS, _SENSING):
                self._look()
        elif address == _TRIGGER:
            if not data[0] & 1:
                self._stop()
            elif self._mode == _COMMAND:
                self._look()
                self._zones[_TRIGGER] |= 1
        elif address in (_BAUD, _BAUD + 1):
            self._timers.after(50_000.0, self._set_rate)  # the answer leaves at the old rate

    def _set_rate(self) -> None:
        code = self._zones[_BAUD] | self._zones[_BAUD + 1] << 8
        if code in _BAUD_CODES:
            self.baud_rate = _BAUD_CODES[code]
        else:
            self.faults.append(f"baud rate {code:04X}")
