"""A Sitronix ST7789 with its TFT on SPI (4-line: D/C wire), after data sheet ST7789V v1.4.

Modelled: frame memory of 240 x 320 with 6 bits a colour, windows, MADCTL's MY, MX and MV (8.12),
16 and 18 bits a pixel, sleep, inversion, reset by wire and by command, and the times that must
pass after them. Not modelled: scrolling, partial mode, reading, gamma and power registers.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable

from onecard.sim.buses import Line, SpiPart
from onecard.sim.timers import Timers

COLUMNS, ROWS = 240, 320  # of the frame memory

_PARAMETERS = {0x26: 1, 0x2A: 4, 0x2B: 4, 0x35: 1, 0x36: 1, 0x3A: 1}
_MY, _MX, _MV = 0x80, 0x40, 0x20
_RESET_US, _AFTER_RESET_US, _BEFORE_SLPOUT_US = 10.0, 5_000.0, 120_000.0  # 7.4.5
_AFTER_SLPOUT_US, _BEFORE_SLPIN_US = 5_000.0, 120_000.0  # 9.1.11, 9.1.12
_NEVER_US = -1e12

Colour = tuple[int, int, int]
_COMPLEMENT = bytes(255 - value for value in range(256))


class ST7789Chip(SpiPart):
    """dc, reset: the wires beside the bus; reset None if it is not connected.

    mounting: the MADCTL value with which 0, 0 is at the viewer's upper left. is_ips: the glass
    shows the complement unless INVON was sent. faults: what the data sheet does not define.
    """

    def __init__(
        self,
        timers: Timers,
        dc: Line,
        reset: Line | None = None,
        mounting: int = _MX | _MV,
        is_ips: bool = True,
    ) -> None:
        self._timers, self._dc, self._mounting, self._is_ips = timers, dc, mounting, is_ips
        self.on_change: Callable[[], None] | None = None
        self.faults: list[str] = []
        self.data_bytes = 0  # taken as pixels since the start
        self._is_selected = False
        if reset is not None:
            reset.listen(self._reset_wire)
        self._start()

    def power_on(self) -> None:
        """Memory is undefined after power-up and made a pattern here; registers as after reset."""
        self._start()
        self._reset_us = self._timers.now_us()

    def _start(self) -> None:
        self._ram: list[Colour] = [(255, 0, 255)] * (COLUMNS * ROWS)
        self._is_held = False  # reset is low
        self._held_us = self._slpout_us = self._reset_us = _NEVER_US
        self._was_awake = False
        self._clear_registers()

    def _reset_now(self) -> None:
        self._was_awake = not self.is_asleep
        self._reset_us = self._timers.now_us()
        self._clear_registers()

    def _clear_registers(self) -> None:
        self.is_asleep, self.is_on, self.is_inverted = True, False, False
        self._madctl, self._pixel_bytes = 0, 3
        self._columns, self._rows = (0, COLUMNS - 1), (0, ROWS - 1)
        self._column = self._row = 0
        self._code = 0
        self._values: list[int] = []
        self._pixel = bytearray()

    def _reset_wire(self, level: bool) -> None:
        now_us = self._timers.now_us()
        if not level and not self._is_held:
            self._is_held, self._held_us = True, now_us
        elif level and self._is_held:
            self._is_held = False
            if now_us - self._held_us < _RESET_US:
                self.faults.append(f"reset pulse of {now_us - self._held_us:.1f} us")
            else:
                self._reset_now()

    # -- the bus ----------------------------------------------------------------------

    def select(self, is_on: bool) -> None:
        """CSX. Released between bytes it only makes a pause (8.6)."""
        was_selected, self._is_selected = self._is_selected, is_on
        if was_selected and not is_on and self.on_change is not None:
            self.on_change()

    def byte(self, value: int) -> int:
        """Eight bits in; D/CX is looked at with the last of them. Nothing comes out."""
        if not self._is_selected:
            return 0xFF
        if self._is_held:
            self.faults.append("a byte while reset is low")
        elif not self._dc.level:
            self._command(value)
        elif self._code in (0x2C, 0x3C):
            self._store(value)
        else:
            self._parameter(value)
        return 0xFF

    def transfer(self, data: bytes) -> bytes:
        """As byte() for each; whole pixels of 16 bits are stored run by run."""
        takes = self._is_selected and not self._is_held and self._dc.level
        if not takes or self._code not in (0x2C, 0x3C) or self._pixel_bytes != 2:
            return super().transfer(data)
        if self._pixel or len(data) % 2:
            return super().transfer(data)
        self.data_bytes += len(data)
        self._store_run([_colour_of(v) for v in struct.unpack(f">{len(data) // 2}H", data)])
        return b"\xff" * len(data)

    # -- commands -------------------------------------------------------------------

    def _command(self, code: int) -> None:
        self._check_time(code)
        if len(self._values) < _PARAMETERS.get(self._code, 0):
            self.faults.append(f"command {self._code:02X} with {len(self._values)} parameters")
        self._code, self._values = code, []
        if code != 0x3C:
            self._pixel.clear()
        if code == 0x01:
            self._reset_now()
        elif code in (0x10, 0x11):
            self.is_asleep = code == 0x10
            if code == 0x11:
                self._slpout_us = self._timers.now_us()
        elif code in (0x20, 0x21):
            self.is_inverted = code == 0x21
        elif code in (0x28, 0x29):
            self.is_on = code == 0x29
        elif code == 0x2C:
            self._column, self._row = self._columns[0], self._rows[0]
        elif code not in (0x00, 0x13, 0x34, 0x3C) and code not in _PARAMETERS and code < 0xB0:
            self.faults.append(f"command {code:02X}")

    def _check_time(self, code: int) -> None:
        now_us = self._timers.now_us()
        since_reset_us, since_slpout_us = now_us - self._reset_us, now_us - self._slpout_us
        if since_reset_us < _AFTER_RESET_US:
            self.faults.append(f"command {code:02X} {since_reset_us:.0f} us after reset")
        elif since_slpout_us < _AFTER_SLPOUT_US:
            self.faults.append(f"command {code:02X} {since_slpout_us:.0f} us after SLPOUT")
        if code == 0x11 and self._was_awake and since_reset_us < _BEFORE_SLPOUT_US:
            self.faults.append(f"SLPOUT {since_reset_us:.0f} us after reset")
        if code == 0x10 and since_slpout_us < _BEFORE_SLPIN_US:
            self.faults.append(f"SLPIN {since_slpout_us:.0f} us after SLPOUT")

    def _parameter(self, value: int) -> None:
        self._values.append(value)
        need = _PARAMETERS.get(self._code, 0)
        if len(self._values) > need:
            if self._code < 0xB0:
                self.faults.append(f"parameter {value:02X} of command {self._code:02X}")
        elif len(self._values) == need:
            self._set(self._code, self._values)

    def _set(self, code: int, values: list[int]) -> None:
        if code == 0x36:
            self._madctl = values[0]
            if values[0] & 0x08:
                self.faults.append("BGR order is not modelled")
        elif code == 0x3A:
            self._pixel_bytes = {5: 2, 6: 3}.get(values[0] & 7, 0)
            if not self._pixel_bytes:
                self.faults.append(f"COLMOD {values[0]:02X} is not modelled")
        elif code in (0x2A, 0x2B):
            start, end = values[0] << 8 | values[1], values[2] << 8 | values[3]
            is_long = (code == 0x2B) != bool(self._madctl & _MV)
            if start > end or end >= (ROWS if is_long else COLUMNS):
                self.faults.append(f"window {start}..{end} by command {code:02X}")
            elif code == 0x2A:
                self._columns = start, end
            else:
                self._rows = start, end

    # -- pixels -----------------------------------------------------------------------

    def _store(self, value: int) -> None:
        self.data_bytes += 1
        self._pixel.append(value)
        if not self._pixel_bytes or len(self._pixel) < self._pixel_bytes:
            return
        self._ram[_index(self._madctl, self._column, self._row)] = _colour(self._pixel)
        self._pixel.clear()
        if self._column < self._columns[1]:
            self._column += 1
            return
        self._column = self._columns[0]
        self._row = self._row + 1 if self._row < self._rows[1] else self._rows[0]

    def _store_run(self, colours: list[Colour]) -> None:
        places, width = _places(self._madctl), ROWS if self._madctl & _MV else COLUMNS
        at = 0
        while at < len(colours):
            run = colours[at : at + self._columns[1] - self._column + 1]
            start = self._row * width + self._column
            for place, colour in zip(places[start : start + len(run)], run, strict=True):
                self._ram[place] = colour
            at += len(run)
            self._column += len(run)
            if self._column > self._columns[1]:
                self._column = self._columns[0]
                self._row = self._row + 1 if self._row < self._rows[1] else self._rows[0]

    # -- what one sees --------------------------------------------------------------

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the panel as it is mounted, pixels."""
        return (ROWS, COLUMNS) if self._mounting & _MV else (COLUMNS, ROWS)

    def pixel(self, x: int, y: int) -> Colour:
        """Red, green, blue (0..255) at a place of the mounted panel; black if it is off."""
        if self.is_asleep or not self.is_on:
            return (0, 0, 0)
        red, green, blue = self._ram[_index(self._mounting, x, y)]
        if self.is_inverted != self._is_ips:
            return (255 - red, 255 - green, 255 - blue)
        return (red, green, blue)

    def picture(self) -> bytes:
        """The mounted panel, row by row, three bytes a pixel."""
        if self.is_asleep or not self.is_on:
            return bytes(3 * COLUMNS * ROWS)
        raw = bytes(v for place in _places(self._mounting) for v in self._ram[place])
        return raw.translate(_COMPLEMENT) if self.is_inverted != self._is_ips else raw


def _index(madctl: int, column: int, row: int) -> int:
    """Where in the frame memory a column and a row of the controller's are (8.12)."""
    if madctl & _MV:
        column, row = row, column
    if madctl & _MX:
        column = COLUMNS - 1 - column
    if madctl & _MY:
        row = ROWS - 1 - row
    return row * COLUMNS + column


@functools.cache
def _places(madctl: int) -> tuple[int, ...]:
    """_index() of every column of every row, row by row."""
    columns, rows = (ROWS, COLUMNS) if madctl & _MV else (COLUMNS, ROWS)
    return tuple(_index(madctl, column, row) for row in range(rows) for column in range(columns))


@functools.cache
def _colour_of(value: int) -> Colour:
    """Of 5-6-5 in a 16-bit number."""
    return _colour(bytearray(value.to_bytes(2, "big")))


def _colour(raw: bytearray) -> Colour:
    """8 bits a colour of 5-6-5 or of 6-6-6 in the upper bits; 5 bits are spread to 6 first."""
    if len(raw) == 3:
        red, green, blue = raw[0] >> 2, raw[1] >> 2, raw[2] >> 2
    else:
        value = raw[0] << 8 | raw[1]
        red, green, blue = value >> 11, value >> 5 & 63, value & 31
        red, blue = red << 1 | red >> 4, blue << 1 | blue >> 4
    return (red << 2 | red >> 4, green << 2 | green >> 4, blue << 2 | blue >> 4)
