"""MicroPython's `framebuf` on CPython: monochrome, the methods the firmware draws with."""

MONO_VLSB = 0
MONO_HLSB = 3


class FrameBuffer:
    """MONO_VLSB: a byte is 8 rows; MONO_HLSB: a byte is 8 columns, the left one highest."""

    def __init__(self, buffer, width, height, form):
        if form not in (MONO_VLSB, MONO_HLSB):
            raise ValueError("only MONO_VLSB and MONO_HLSB are modelled")
        self._buffer, self._width, self._height, self._form = buffer, width, height, form
        need = (height + 7) // 8 * width if form == MONO_VLSB else (width + 7) // 8 * height
        if len(buffer) < need:
            raise ValueError(f"buffer of {len(buffer)} bytes, {need} needed")

    def _place(self, x, y):
        if self._form == MONO_VLSB:
            return (y >> 3) * self._width + x, y & 7
        return y * ((self._width + 7) // 8) + (x >> 3), 7 - (x & 7)

    def fill(self, color):
        """All pixels."""
        self._buffer[:] = (b"\xff" if color else b"\x00") * len(self._buffer)

    def pixel(self, x, y, color=None):
        """Read a pixel, or set it; outside it is nothing."""
        if not (0 <= x < self._width and 0 <= y < self._height):
            return None
        index, bit = self._place(x, y)
        if color is None:
            return self._buffer[index] >> bit & 1
        self._buffer[index] = self._buffer[index] & ~(1 << bit) | (1 << bit if color else 0)
        return None

    def fill_rect(self, x, y, width, height, color):
        """A filled rectangle, clipped."""
        for row in range(y, y + height):
            for column in range(x, x + width):
                self.pixel(column, row, color)

    def blit(self, source, x, y):
        """Copy another buffer here, clipped."""
        for row in range(source._height):
            for column in range(source._width):
                self.pixel(x + column, y + row, source.pixel(column, row))
