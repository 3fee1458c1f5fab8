"""MicroPython's `framebuf` on CPython: the formats and methods that the project uses.

Formats and arguments: MicroPython 1.25, extmod/modframebuf.c and its documentation.
"""

MONO_VLSB = 0
RGB565 = 1
MONO_HLSB = 3
MONO_HMSB = 4
GS8 = 6

_MONO = (MONO_VLSB, MONO_HLSB, MONO_HMSB)
_BYTES = {GS8: 1, RGB565: 2}


class FrameBuffer:
    """MONO_VLSB: a byte is 8 rows, bit 0 on top; MONO_HLSB and MONO_HMSB: a byte is 8 columns, the
    left one in bit 7 and in bit 0; RGB565: two bytes, low one first; GS8: one byte.

    stride: pixels from one row to the next.
    """

    def __init__(self, buffer, width, height, form, stride=None):
        if form not in (*_MONO, *_BYTES):
            raise ValueError("a format that is not modelled")
        self._buffer, self._width, self._height, self._form = buffer, width, height, form
        stride = width if stride is None else stride
        if width < 1 or height < 1 or stride < width:
            raise ValueError("width, height or stride")
        if form in (MONO_HLSB, MONO_HMSB):
            stride = (stride + 7) // 8 * 8
        self._stride = stride
        if form == MONO_VLSB:
            need = ((height + 7) // 8 - 1) * stride + width
        elif form in _MONO:
            need = ((height - 1) * stride + (width + 7) // 8 * 8) // 8
        else:
            need = ((height - 1) * stride + width) * _BYTES[form]
        if len(buffer) < need:
            raise ValueError(f"buffer of {len(buffer)} bytes, {need} needed")

    def _place(self, x, y):
        if self._form == MONO_VLSB:
            return (y >> 3) * self._stride + x, y & 7
        bit = x & 7 if self._form == MONO_HMSB else 7 - (x & 7)
        return (y * self._stride + x) >> 3, bit

    def fill(self, color):
        """All pixels."""
        if self._form in _MONO and self._stride == self._width:
            self._buffer[:] = (b"\xff" if color else b"\x00") * len(self._buffer)
        else:
            self.fill_rect(0, 0, self._width, self._height, color)

    def _get(self, x, y):
        if self._form in _MONO:
            index, bit = self._place(x, y)
            return self._buffer[index] >> bit & 1
        size = _BYTES[self._form]
        index = (y * self._stride + x) * size
        return int.from_bytes(self._buffer[index : index + size], "little")

    def _set(self, x, y, color):
        if self._form in _MONO:
            index, bit = self._place(x, y)
            self._buffer[index] = self._buffer[index] & ~(1 << bit) | (1 << bit if color else 0)
        else:
            size = _BYTES[self._form]
            index = (y * self._stride + x) * size
            self._buffer[index : index + size] = (color & (1 << 8 * size) - 1).to_bytes(
                size, "little"
            )

    def pixel(self, x, y, color=None):
        """Read a pixel, or set it; outside it is nothing."""
        if not (0 <= x < self._width and 0 <= y < self._height):
            return None
        if color is None:
            return self._get(x, y)
        self._set(x, y, color)
        return None

    def fill_rect(self, x, y, width, height, color):
        """A filled rectangle, clipped."""
        for row in range(y, y + height):
            for column in range(x, x + width):
                self.pixel(column, row, color)

    def blit(self, source, x, y, key=-1, palette=None):
        """Copy another buffer here, clipped; palette: a row of colours, by the source's.

        What has the colour `key` after the palette is left out.
        """
        for row in range(max(0, -y), min(source._height, self._height - y)):
            for column in range(max(0, -x), min(source._width, self._width - x)):
                color = source._get(column, row)
                if palette is not None:
                    color = palette._get(color, 0)
                if color != key:
                    self._set(x + column, y + row, color)
