"""An ESC/POS receipt printer of 58 mm on a UART, after Epson's ESC/POS Command Reference.

Bytes go into its receive buffer; it works through them as fast as paper moves. It asks for a
pause by XOFF and by its busy line when the buffer is nearly full or it cannot print. DLE EOT is
answered when it arrives, wherever in the data that is. What comes out is `paper`: see Printed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onecard.sim.buses import Line, UartPart
from onecard.sim.timers import Cancel, Timers

COLUMNS = 32
DOTS_PER_MM = 8
_FONT_DOTS, _SPACING_DOTS = 24, 30
_QR_DOTS = 200
_RESERVE, _RESUME = 256, 1024  # free bytes at which it stops and resumes its sender
_XON, _XOFF = b"\x11", b"\x13"
_DLE_EOT = b"\x10\x04"
_REPLY_US = 500.0
_ALIGNMENTS = ("left", "centre", "right")
# ESC/POS commands of a fixed length: prefix and how many bytes follow it.
_FIXED = {
    b"\x1b@": 0, b"\x1b!": 1, b"\x1ba": 1, b"\x1bE": 1, b"\x1bd": 1, b"\x1bJ": 1, b"\x1b2": 0,
    b"\x1b3": 1, b"\x1bt": 1, b"\x1c&": 0, b"\x1c.": 0, b"\x1d!": 1, b"\x1dh": 1, b"\x1dw": 1,
    b"\x1dH": 1, b"\x1df": 1, b"\x1dr": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Printed:
    """One thing on paper. kind: "text", "qr", "code128" or "cut". scale: width, height."""

    kind: str
    text: str = ""
    align: str = "left"
    is_bold: bool = False
    scale: tuple[int, int] = (1, 1)


class EscPosPrinter(UartPart):
    """paper_mm: what is left on the roll. busy: a wire that is high while it takes nothing.

    faults: what the reference does not define, and bytes that found the buffer full.
    """

    def __init__(
        self,
        timers: Timers,
        baud_rate: int = 9600,
        speed_mm_s: float = 60.0,
        buffer_size: int = 4096,
        paper_mm: float = 30_000.0,
        busy: Line | None = None,
    ) -> None:
        self.baud_rate = baud_rate
        self.speed_mm_s, self.buffer_size = speed_mm_s, buffer_size
        self.paper: list[Printed] = []
        self.faults: list[str] = []
        self.paper_mm, self.near_end_mm = paper_mm, 1_000.0
        self._timers, self._busy = timers, busy
        self._is_cover_open = self._has_fault = False
        self.power_on()

    def power_on(self) -> None:
        """The buffer is empty; settings are the defaults."""
        self._buffer = bytearray()
        self._held = bytearray()  # what may become a DLE EOT
        self._is_stopping = False
        self._moving: Cancel | None = None
        self._initialize()
        if self._busy is not None:
            self._busy.drive(False)

    def _initialize(self) -> None:
        """ESC @: the line that was not printed yet is lost."""
        self._line = bytearray()
        self._align, self._is_bold, self._size, self._spacing = 0, False, 0, _SPACING_DOTS
        self._is_chinese = True  # what is sold in China is delivered so
        self._qr = b""

    # -- people -----------------------------------------------------------------------

    def open_cover(self) -> None:
        """It stops at once."""
        self._is_cover_open = True
        self._flow()

    def close_cover(self) -> None:
        """It goes on with what is in its buffer."""
        self._is_cover_open = False
        self._go_on()

    def load_paper(self, paper_mm: float = 30_000.0) -> None:
        """A new roll."""
        self.paper_mm = paper_mm
        self._go_on()

    def jam(self, is_jammed: bool) -> None:
        """The knife sticks, or is free again."""
        self._has_fault = is_jammed
        self._go_on()

    @property
    def is_offline(self) -> bool:
        """It cannot print now."""
        return self._is_cover_open or self._has_fault or self.paper_mm <= 0

    # -- the line -----------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Bytes from the terminal."""
        for byte in data:
            self._held.append(byte)
            if bytes(self._held[:2]) == _DLE_EOT and len(self._held) == 3:
                self._held.clear()
                self._status(byte)  # at once, also by a full buffer
            while self._held and not _DLE_EOT.startswith(bytes(self._held[:2])):
                self._store(self._held.pop(0))
        self._flow()
        self._work()

    def _store(self, byte: int) -> None:
        if len(self._buffer) >= self.buffer_size:
            self.faults.append("a byte found the buffer full")
        else:
            self._buffer.append(byte)

    def _reply(self, data: bytes) -> None:
        self.send(data, _REPLY_US)

    def _status(self, n: int) -> None:
        """DLE EOT n."""
        is_out = self.paper_mm <= 0
        bits = {
            1: 0x08 * self.is_offline,
            2: 0x04 * self._is_cover_open | 0x20 * is_out | 0x40 * self._has_fault,
            3: 0x08 * self._has_fault,
            4: 0x60 * is_out | 0x0C * (self.paper_mm < self.near_end_mm),
        }
        if n in bits:
            self._reply(bytes((0x12 | bits[n],)))
        else:
            self.faults.append(f"DLE EOT {n}")

    def _flow(self) -> None:
        """Stop or resume the sender."""
        free = self.buffer_size - len(self._buffer)
        limit = _RESUME if self._is_stopping else _RESERVE
        is_stopping = self.is_offline or free < min(limit, self.buffer_size // 2)
        if is_stopping == self._is_stopping:
            return
        self._is_stopping = is_stopping
        if self._busy is not None:
            self._busy.drive(is_stopping)
        else:
            self._reply(_XOFF if is_stopping else _XON)

    def _go_on(self) -> None:
        self._flow()
        self._work()

    # -- paper --------------------------------------------------------------------------

    def _move(self, dots: float) -> None:
        """The paper moves; nothing is worked on before it has."""
        way_mm = dots / DOTS_PER_MM
        self.paper_mm -= way_mm
        self._moving = self._timers.after(way_mm / self.speed_mm_s * 1e6, self._moved)

    def _moved(self) -> None:
        self._moving = None
        self._go_on()

    def _put(self, kind: str, text: str) -> None:
        scale = (self._size >> 4) + 1, (self._size & 15) + 1
        align = _ALIGNMENTS[self._align]
        self.paper.append(Printed(kind, text, align, self._is_bold, scale))

    def _print_line(self) -> None:
        raw, self._line = bytes(self._line), bytearray()
        try:
            text = raw.decode("gb18030" if self._is_chinese else "cp437")
        except UnicodeDecodeError:
            self.faults.append(f"not GB18030: {raw.hex()}")
            text = raw.decode("gb18030", "replace")
        self._put("text", text)
        self._move(max(self._spacing, _FONT_DOTS * ((self._size & 15) + 1)))

    def _work(self) -> None:
        """Take commands from the buffer until paper moves or one is not whole."""
        while self._buffer and self._moving is None and not self.is_offline:
            size = self._next_size()
            if not size or len(self._buffer) < size:
                break
            command = bytes(self._buffer[:size])
            if not self._has_room_for(command):
                self._print_line()  # the line is full: this goes on the next
                continue
            del self._buffer[:size]
            self._run(command)
        self._flow()

    def _has_room_for(self, command: bytes) -> bool:
        if command[0] < 0x20 or not self._line:
            return True
        columns = COLUMNS // ((self._size >> 4) + 1)
        return len(self._line) + len(command) <= columns

    def _next_size(self) -> int:
        """Bytes of the character or command that comes next; 0 if that cannot be said yet."""
        raw = self._buffer
        first = raw[0]
        if first not in (0x10, 0x1B, 0x1C, 0x1D):
            return 2 if self._is_chinese and first >= 0x81 else 1
        if len(raw) < 2:
            return 0
        prefix = bytes(raw[:2])
        if prefix in _FIXED:
            return 2 + _FIXED[prefix]
        if prefix == b"\x1dV":
            return 0 if len(raw) < 3 else 4 if raw[2] in (65, 66) else 3
        if prefix == b"\x1d(":
            return 0 if len(raw) < 5 else 5 + (raw[3] | raw[4] << 8)
        if prefix == b"\x1dk":
            return 0 if len(raw) < 4 else 4 + raw[3]
        return 2

    def _run(self, command: bytes) -> None:
        if command[0] >= 0x20:
            self._line += command
            return
        if command == b"\n":
            self._print_line()
            return
        handler = self._handlers().get(command[:2])
        if handler is None:
            self.faults.append(f"command {command.hex()}")
        else:
            handler(command[2:])

    def _handlers(self) -> dict[bytes, Callable[[bytes], None]]:
        return {
            b"\r": lambda _: None,
            b"\x1b@": lambda _: self._initialize(),
            b"\x1b!": lambda v: self._print_mode(v[0]),
            b"\x1bt": lambda _: None,
            b"\x1ba": lambda v: setattr(self, "_align", v[0] % 48 % 3),
            b"\x1bE": lambda v: setattr(self, "_is_bold", bool(v[0] & 1)),
            b"\x1bd": lambda v: self._feed(v[0] * self._spacing),
            b"\x1bJ": lambda v: self._feed(v[0]),
            b"\x1b2": lambda _: setattr(self, "_spacing", _SPACING_DOTS),
            b"\x1b3": lambda v: setattr(self, "_spacing", v[0]),
            b"\x1c&": lambda _: setattr(self, "_is_chinese", True),
            b"\x1c.": lambda _: setattr(self, "_is_chinese", False),
            b"\x1d!": lambda v: setattr(self, "_size", v[0] & 0x77),
            b"\x1dh": lambda v: setattr(self, "_bar_dots", v[0]),
            b"\x1dw": lambda _: None,
            b"\x1dH": lambda _: None,
            b"\x1df": lambda _: None,
            b"\x1dr": lambda v: self._sensor(v[0]),
            b"\x1dV": lambda _: self._cut(),
            b"\x1d(": self._symbol,
            b"\x1dk": self._bars,
        }

    def _print_mode(self, bits: int) -> None:
        """ESC !: bold and double size in one."""
        self._is_bold = bool(bits & 0x08)
        self._size = (0x10 if bits & 0x20 else 0) | (0x01 if bits & 0x10 else 0)

    def _feed(self, dots: int) -> None:
        if self._line:
            self._print_line()
        self._move(dots)

    def _cut(self) -> None:
        self._put("cut", "")
        self._move(10 * DOTS_PER_MM)  # from the head to the knife

    def _sensor(self, n: int) -> None:
        """GS r: in its turn, so that the answer says what was before it is printed."""
        if n not in (1, 49):
            self.faults.append(f"GS r {n}")
        else:
            self._reply(bytes((0x03 if self.paper_mm < self.near_end_mm else 0x00,)))

    def _symbol(self, parameters: bytes) -> None:
        """GS ( k: functions 165, 167, 169, 180, 181 of QR codes."""
        kind, code, function, data = (
            parameters[:1], parameters[3:4], parameters[4:5], parameters[5:],
        )  # fmt: skip
        if kind != b"k" or code != b"1" or function not in (b"A", b"C", b"E", b"P", b"Q"):
            self.faults.append(f"command 1d28{parameters[:5].hex()}")
        elif function == b"P":
            self._qr = data[1:]
        elif function == b"Q":
            if not self._qr:
                self.faults.append("a QR code without data")
                return
            self._put("qr", self._qr.decode("latin-1"))
            self._move(_QR_DOTS)

    _bar_dots = 162

    def _bars(self, parameters: bytes) -> None:
        """GS k, function B: Code 128 only."""
        kind, data = parameters[0], parameters[2:]
        if kind != 73 or not data.startswith(b"{B"):
            self.faults.append(f"bar code {kind} of {data[:2]!r}")
            return
        self._put("code128", data[2:].replace(b"{{", b"{").decode("latin-1"))
        self._move(self._bar_dots + _FONT_DOTS)
