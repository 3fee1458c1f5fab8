"""Solomon Systech SSD1306, 128 x 64 OLED on I2C. Data sheet rev 1.1, chapters 8.1.5, 9 and 10."""

from micropython import const

_SET_COLUMN_PAGE = const(0xB0)
_ADDRESS = const(0x3C)
_PAGES = const(8)

# Figure 2 of the application note: multiplex 64, no offset, start line 0, remap for a module whose
# connector is at the top, contrast, charge pump on, page addressing.
_SETUP = (
    b"\xae\xd5\x80\xa8\x3f\xd3\x00\x40\x8d\x14\x20\x02\xa1\xc8\xda\x12\x81\xcf\xd9\xf1\xdb\x40"
    b"\xa4\xa6\xaf"
)


class SSD1306:
    """i2c: machine.I2C or alike (writevto). buffer: the picture, MONO_VLSB; show() sends it."""

    width = 128
    height = 64

    def __init__(self, i2c, address=_ADDRESS):
        self._i2c = i2c
        self._address = address
        self.buffer = bytearray(self.width * _PAGES)
        self._sent = bytearray(len(self.buffer))
        self._is_known = False  # what the chip's RAM holds; undefined after power-up
        self._head = bytearray((0x00, 0, 0x00, 0x10))
        self._command(_SETUP)

    def _command(self, commands):
        self._i2c.writevto(self._address, (b"\x00", commands))

    def show(self):
        """Send the pages that changed since the last call (2.9 ms each at 400 kHz)."""
        buffer, sent, width = memoryview(self.buffer), memoryview(self._sent), self.width
        for page in range(_PAGES):
            start, end = page * width, (page + 1) * width
            if self._is_known and buffer[start:end] == sent[start:end]:
                continue
            self._head[1] = _SET_COLUMN_PAGE | page
            self._i2c.writeto(self._address, self._head)
            self._i2c.writevto(self._address, (b"\x40", buffer[start:end]))
            sent[start:end] = buffer[start:end]
        self._is_known = True
