"""ESC/POS receipt printers on a UART, 58 mm: 384 dots, 32 columns.

Commands under the names of Epson's ESC/POS Command Reference, those that small printers share.
A printer that takes no more says so by XOFF, or by its busy line if that is wired.
"""

import time

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from collections.abc import Callable

    from .kinds import BytePort, Level

_XON = const(0x11)
_XOFF = const(0x13)
_CHUNK = const(64)  # printers still take some after XOFF; this is less than the least
_REAL_TIME = (b"\x10\x04", b"\x10\x05", b"\x10\x14")
_STATUS_MS = const(300)
_POLL_MS = const(20)
_STATUS_MASK = const(0x93)  # DLE EOT: 0xx1xx10; XON and XOFF are other patterns
_STATUS_FIXED = const(0x12)
_REPLY_MASK = const(0x90)  # GS r: 0xx0xxxx

LEFT = const(0)
CENTRE = const(1)
RIGHT = const(2)

# Bits of status().
OFFLINE = const(0x01)
COVER_OPEN = const(0x02)
PAPER_OUT = const(0x04)
PAPER_LOW = const(0x08)
FAULT = const(0x10)


class PrinterError(OSError):
    """The printer does not answer, or cannot print. What was sent last is not all on paper."""


class PaperOut(PrinterError):
    """There is no paper."""


class CoverOpen(PrinterError):
    """The cover is open."""


class Printer:
    """port: a byte port (drivers.uart_port.UartPort). encode: text to the printer's bytes, one
    to a column (drivers.gb18030.Encoder.encode). busy: an input pin that is high while the
    printer takes nothing; None: XON/XOFF.

    stall_ms: how long it may take nothing. One task uses it at a time.
    """

    def __init__(
        self,
        port: "BytePort",
        encode: "Callable[[str], bytes]",
        busy: "Level | None" = None,
        columns: int = 32,
        stall_ms: int = 5000,
    ):
        self._port = port
        self._encode = encode
        self._busy = busy
        self._columns = columns
        self._stall_ms = stall_ms
        self._is_stopped = False  # by XOFF
        self._align = self._size = 0
        self._is_bold = False
        self._in = memoryview(bytearray(16))
        self._head = bytearray(3)
        self._head_view = memoryview(self._head)

    async def start(self) -> None:
        """Bring the printer to a known state, Chinese text. Raises PrinterError and its kin."""
        self._port.clear()
        self._is_stopped = False
        await self.check()
        self._align = self._size = 0
        self._is_bold = False
        await self.send(b"\x1b@\x1c&")  # ESC @; FS &

    # -- what is printed --------------------------------------------------------------------

    async def text(
        self, text: str, align: int = LEFT, is_bold: bool = False, scale: int = 1
    ) -> None:
        """One line; what is too long is wrapped by the printer. scale: 1 to 8 times as large."""
        if not 1 <= scale <= 8:
            raise ValueError("scale %d" % scale)
        await self._style(align, is_bold, (scale - 1) * 0x11)
        await self.send(self._encode(text))
        await self.send(b"\n")

    async def pair(self, left: str, right: str, is_bold: bool = False) -> None:
        """One line with `left` at the left and `right` at the right edge, at least a blank apart.

        If both do not fit, `right` (the amount) comes on a line of its own.
        """
        await self._style(LEFT, is_bold, 0)
        first, last = self._encode(left), self._encode(right)
        gap = self._columns - len(first) - len(last)
        if gap < 1:
            first, gap = first + b"\n", self._columns - len(last)
        await self.send(first + b" " * gap + last + b"\n")

    async def feed(self, lines: int = 1) -> None:
        """Empty lines, up to 255."""
        await self._short(0x1B, 0x64, lines)  # ESC d

    async def cut(self) -> None:
        """Feed to the knife and cut; a printer without one feeds."""
        await self.send(b"\x1dVB\x00")  # GS V, function B

    async def qr(self, data: bytes, dots: int = 6) -> None:
        """A QR code, model 2, level M, in the middle. dots: edge of one module, 1 to 16.

        data: up to 2331 bytes. Raises ValueError for more, and if what is sent would hold the
        beginning of a real-time command (DLE EOT, DLE ENQ, DLE DC4), which the printer takes for
        one wherever it is: in data, or as the length of 1037 or 1293 bytes.
        """
        if not 0 < len(data) <= 2331:
            raise ValueError("QR code of %d bytes" % len(data))
        size = len(data) + 3
        store = b"\x1d(k" + bytes((size & 0xFF, size >> 8)) + b"1P0" + data
        for command in _REAL_TIME:
            if command in store:
                raise ValueError("QR code with a real-time command in it")
        await self._style(CENTRE, False, 0)
        await self.send(b"\x1d(k\x04\x001A2\x00")  # 165: model 2
        await self.send(b"\x1d(k\x03\x001C" + bytes((dots,)))  # 167: size
        await self.send(b"\x1d(k\x03\x001E1")  # 169: level M
        await self.send(store)  # 180
        await self.send(b"\x1d(k\x03\x001Q0")  # 181: print

    async def barcode(self, text: str, height_dots: int = 80) -> None:
        """A Code 128 (set B) with its text below, in the middle. text: printable ASCII."""
        data = text.replace("{", "{{").encode()
        if not text or len(data) > 250 or not all(0x20 <= b < 0x7F for b in data):
            raise ValueError("not a text for Code 128: %r" % text)
        await self._style(CENTRE, False, 0)
        await self._short(0x1D, 0x68, height_dots)  # GS h
        await self._short(0x1D, 0x77, 2)  # GS w: narrow bars of 0.25 mm
        await self._short(0x1D, 0x48, 2)  # GS H: text below
        await self.send(b"\x1dkI" + bytes((len(data) + 2,)) + b"{B" + data)  # GS k

    async def _style(self, align: int, is_bold: bool, size: int) -> None:
        """Tell the printer what differs from what it was told last."""
        if align != self._align:
            self._align = align
            await self._short(0x1B, 0x61, align)  # ESC a
        if is_bold != self._is_bold:
            self._is_bold = is_bold
            await self._short(0x1B, 0x45, 1 if is_bold else 0)  # ESC E
        if size != self._size:
            self._size = size
            await self._short(0x1D, 0x21, size)  # GS !

    async def _short(self, first: int, second: int, value: int) -> None:
        head = self._head
        head[0] = first
        head[1] = second
        head[2] = value
        await self.send(self._head_view)

    # -- its state --------------------------------------------------------------------------

    async def status(self) -> int:
        """OFFLINE, COVER_OPEN, PAPER_OUT, PAPER_LOW, FAULT or-ed together; 0 is all well.

        Answered at once, also by a printer that is busy or stopped. Raises PrinterError.
        """
        flags = 0
        if await self._ask(1) & 0x08:
            flags |= OFFLINE
        cause = await self._ask(2)
        if cause & 0x04:
            flags |= COVER_OPEN
        if cause & 0x40:
            flags |= FAULT
        if await self._ask(3) & 0x68:  # knife, unrecoverable, head too hot
            flags |= FAULT
        paper = await self._ask(4)
        if paper & 0x60:
            flags |= PAPER_OUT
        elif paper & 0x0C:
            flags |= PAPER_LOW
        return flags

    async def check(self) -> None:
        """Raise CoverOpen, PaperOut or PrinterError if it cannot print now."""
        flags = await self.status()
        if flags & COVER_OPEN:
            raise CoverOpen("the printer's cover is open")
        if flags & PAPER_OUT:
            raise PaperOut("the printer is out of paper")
        if flags & (FAULT | OFFLINE):
            raise PrinterError("the printer has a fault: status %02x" % flags)

    async def finish(self, timeout_ms: int = 10_000) -> None:
        """Wait until all that was sent is on paper. Raises as check(), PrinterError if late."""
        await self.send(b"\x1dr\x01")  # GS r: answered in its turn, behind what was sent before
        if await self._answer(_REPLY_MASK, 0x00, timeout_ms) < 0:
            await self.check()
            raise PrinterError("not printed after %d ms" % timeout_ms)

    async def _ask(self, n: int) -> int:
        """DLE EOT n: goes past the flow control, as it is meant to."""
        head = self._head
        head[0] = 0x10
        head[1] = 0x04
        head[2] = n
        self._port.write(self._head_view)
        answer = await self._answer(_STATUS_MASK, _STATUS_FIXED, _STATUS_MS)
        if answer < 0:
            raise PrinterError("the printer does not answer")
        return answer

    # -- the line ---------------------------------------------------------------------------

    async def send(self, data: "bytes | memoryview") -> None:
        """Bytes as they are, in pieces that the printer's reserve can hold.

        Raises CoverOpen, PaperOut, PrinterError if it takes nothing for stall_ms.
        """
        view = memoryview(data)
        for at in range(0, len(view), _CHUNK):
            if self._port.any():
                await self._answer(0, 1, 0)  # takes XON and XOFF
            if self._is_full():
                await self._wait_for_room()
            self._port.write(view[at : at + _CHUNK])
            await self._port.drain()  # or all of it would lie in our buffer when XOFF comes

    def _is_full(self) -> bool:
        return self._is_stopped if self._busy is None else bool(self._busy())

    async def _wait_for_room(self) -> None:
        start_ms = time.ticks_ms()
        while self._is_full():
            if time.ticks_diff(time.ticks_ms(), start_ms) >= self._stall_ms:
                await self.check()
                raise PrinterError("the printer takes nothing for %d ms" % self._stall_ms)
            await self._answer(0, 1, _POLL_MS)

    async def _answer(self, mask: int, fixed: int, timeout_ms: int) -> int:
        """The next byte with these bits, -1 after timeout_ms; XON and XOFF are heeded."""
        start_ms, left_ms = time.ticks_ms(), timeout_ms
        while left_ms >= 0:
            count = await self._port.read_into(self._in, left_ms)
            for at in range(count):
                byte = self._in[at]
                if byte == _XOFF or byte == _XON:
                    self._is_stopped = byte == _XOFF
                elif byte & mask == fixed:
                    return byte
            passed_ms = time.ticks_diff(time.ticks_ms(), start_ms)
            left_ms = timeout_ms - passed_ms if passed_ms < timeout_ms else -1
        return -1
