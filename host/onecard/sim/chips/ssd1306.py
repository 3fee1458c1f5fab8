"""An SSD1306 with its 128x64 OLED on I2C, after Solomon Systech's data sheet rev 1.1.

The glass is mounted as on the usual modules: with segment remap (A1) and reversed COM scan (C8)
column 0 of page 0 is at the upper left; without them the picture stands on its head.
"""

from collections.abc import Callable

WIDTH, HEIGHT, PAGES = 128, 64, 8

_PARAMETERS = {0x20: 1, 0x21: 2, 0x22: 2, 0x26: 6, 0x27: 6, 0x29: 5, 0x2A: 5, 0x81: 1, 0x8D: 1,
               0xA3: 2, 0xA8: 1, 0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1}  # fmt: skip
_HORIZONTAL, _VERTICAL, _PAGE = 0, 1, 2


class SSD1306Chip:
    """The controller behind its bus: see SSD1306OnI2c and SSD1306OnSpi for its wires.

    write() takes one I2C write transaction (without the address byte). faults: what the data
    sheet does not define, as text. contrast 0..255.
    on_change: called after a transaction that changed the memory or how it is shown.
    """

    def __init__(self) -> None:
        self.on_change: Callable[[], None] | None = None
        self.faults: list[str] = []
        self.power_on()

    def power_on(self) -> None:
        """The memory is undefined after power-up and is made zero here."""
        self.ram = bytearray(WIDTH * PAGES)  # by segment, not by column
        self.reset()

    def reset(self) -> None:
        """The state after RES# (8.9); what the memory holds stays."""
        self.contrast = 0x7F
        self.is_on = self.is_inverted = self.is_all_on = self.has_charge_pump = False
        self._is_remapped = self._is_reversed = False
        self._mode = _PAGE
        self._start_line = self._offset = 0
        self._multiplex = HEIGHT
        self._columns, self._pages = (0, WIDTH - 1), (0, PAGES - 1)
        self._column = self._page = self._page_column = 0
        self._command: list[int] = []
        self._is_changed = False

    # -- the bus ----------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Control bytes (Co, D/C#) with commands or data behind them."""
        index = 0
        while index < len(data):
            control = data[index]
            index += 1
            if control & 0x3F:
                self.faults.append(f"control byte {control:02X}")
            rest = data[index : index + 1] if control & 0x80 else data[index:]
            index += len(rest)
            if control & 0x40:
                for byte in rest:
                    self.take_data(byte)
            else:
                for byte in rest:
                    self.take_command(byte)
        self.settle()

    def settle(self) -> None:
        """A transaction is over: tell who watches if it changed anything."""
        if self._is_changed:
            self._is_changed = False
            if self.on_change is not None:
                self.on_change()

    def read(self) -> int:
        """The status byte: bit 6 is set while the display is off."""
        return 0x00 if self.is_on else 0x40

    # -- data -------------------------------------------------------------------------

    def take_data(self, byte: int) -> None:
        """A byte for the memory."""
        segment = WIDTH - 1 - self._column if self._is_remapped else self._column
        self.ram[self._page * WIDTH + segment] = byte
        self._is_changed = True
        self._advance()

    def _advance(self) -> None:
        if self._mode == _PAGE:
            self._column = self._column + 1 if self._column < WIDTH - 1 else self._page_column
        elif self._mode == _HORIZONTAL:
            if self._step_column():
                self._step_page()
        elif self._step_page():
            self._step_column()

    def _step_column(self) -> bool:
        """To the next column of the window; True when it wrapped."""
        wraps = self._column == self._columns[1]
        self._column = self._columns[0] if wraps else (self._column + 1) % WIDTH
        return wraps

    def _step_page(self) -> bool:
        wraps = self._page == self._pages[1]
        self._page = self._pages[0] if wraps else (self._page + 1) % PAGES
        return wraps

    # -- commands -------------------------------------------------------------------

    def take_command(self, byte: int) -> None:
        """A command or a parameter of one."""
        self._command.append(byte)
        code = self._command[0]
        if len(self._command) <= _PARAMETERS.get(code, 0):
            return
        command, self._command = self._command, []
        self._is_changed = True
        if code in _PARAMETERS:
            self._run_long(code, command[1:])
        else:
            self._run_short(code)

    def _run_short(self, code: int) -> None:
        if code < 0x10:
            self._set_page_column(self._page_column & 0xF0 | code)
        elif code < 0x20:
            self._set_page_column((code & 7) << 4 | self._page_column & 0x0F)
        elif 0x40 <= code < 0x80:
            self._start_line = code & 0x3F
        elif 0xB0 <= code <= 0xB7:
            self._page = code & 7
        elif code & 0xF0 == 0xC0:
            self._is_reversed = bool(code & 8)
        elif code in (0xA0, 0xA1):
            self._is_remapped = code == 0xA1
        elif code in (0xA4, 0xA5):
            self.is_all_on = code == 0xA5
        elif code in (0xA6, 0xA7):
            self.is_inverted = code == 0xA7
        elif code in (0xAE, 0xAF):
            self.is_on = code == 0xAF
        elif code not in (0x2E, 0xE3):  # scroll off, no operation
            self.faults.append(f"command {code:02X}")

    def _set_page_column(self, column: int) -> None:
        self._page_column = self._column = column

    def _run_long(self, code: int, values: list[int]) -> None:
        first = values[0]
        if code == 0x20:
            self._mode = first & 3
            if self._mode == 3:
                self.faults.append("addressing mode 3")
                self._mode = _PAGE
        elif code == 0x21:
            self._columns = values[0] & 0x7F, values[1] & 0x7F
            self._column = self._columns[0]
        elif code == 0x22:
            self._pages = values[0] & 7, values[1] & 7
            self._page = self._pages[0]
        elif code == 0x81:
            self.contrast = first
        elif code == 0x8D:
            self.has_charge_pump = bool(first & 0x04)
        elif code == 0xA8:
            self._multiplex = (first & 0x3F) + 1
            if self._multiplex < 16:
                self.faults.append(f"multiplex ratio {self._multiplex}")
        elif code == 0xD3:
            self._offset = first & 0x3F
        elif code == 0xDA and first != 0x12:
            self.faults.append(f"COM pins {first:02X} on a 128x64 glass")
        elif code in (0x26, 0x27, 0x29, 0x2A, 0xA3):
            self.faults.append(f"scroll command {code:02X} is not modelled")

    # -- what one sees --------------------------------------------------------------

    def framebuffer(self) -> bytes:
        """1024 bytes, MONO_VLSB: byte page*128+x, bit 0 on top; 1 is a lit pixel.

        Dark if the display is off or the charge pump (the module's only supply) is.
        """
        if not (self.is_on and self.has_charge_pump):
            return bytes(WIDTH * PAGES)
        if self.is_all_on:
            return b"\xff" * (WIDTH * PAGES)
        rows = [self._row_of(HEIGHT - 1 - y) for y in range(HEIGHT)]
        if rows == list(range(HEIGHT)):
            seen = b"".join(self.ram[p : p + WIDTH][::-1] for p in range(0, len(self.ram), WIDTH))
        else:
            seen = self._compose(rows)
        return bytes(byte ^ 0xFF for byte in seen) if self.is_inverted else seen

    def _row_of(self, com: int) -> int | None:
        """The memory row that a COM line shows, None for one that is not driven."""
        if com >= self._multiplex:
            return None
        scan = self._multiplex - 1 - com if self._is_reversed else com
        return (scan + self._offset + self._start_line) % HEIGHT

    def _compose(self, rows: list[int | None]) -> bytes:
        seen = bytearray(WIDTH * PAGES)
        for y, row in enumerate(rows):
            if row is None:
                continue
            for x in range(WIDTH):
                lit = self.ram[(row >> 3) * WIDTH + WIDTH - 1 - x] >> (row & 7) & 1
                seen[(y >> 3) * WIDTH + x] |= lit << (y & 7)
        return bytes(seen)
