"""What a display shows, whichever it is: pixels in colours, as ink on paper, as a PNG file."""

from __future__ import annotations

import functools
import struct
import zlib
from collections import Counter
from dataclasses import dataclass

MONO_WIDTH, MONO_HEIGHT = 128, 64
_INK, _PAPER = bytes((200, 232, 255)), bytes(3)  # of an OLED's glass
_PAGE = 8
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB8 = struct.pack(">BBBBB", 8, 2, 0, 0, 0)  # PNG 11.2.2: bits, truecolour


@dataclass(frozen=True)
class Picture:
    """width, height: pixels, height a multiple of 8. rgb: row by row, three bytes a pixel."""

    width: int
    height: int
    rgb: bytes

    @classmethod
    def of_mono(cls, raw: bytes, width: int = MONO_WIDTH, height: int = MONO_HEIGHT) -> Picture:
        """Of a MONO_VLSB framebuffer, as it is seen. Raises ValueError for a wrong size."""
        if len(raw) != width * height // _PAGE:
            raise ValueError(f"{len(raw)} bytes are no {width}x{height} framebuffer")
        pixels = (_INK, _PAPER)
        made = cls(
            width,
            height,
            b"".join(
                pixels[not byte >> (y & 7) & 1]
                for y in range(height)
                for byte in raw[(y >> 3) * width : ((y >> 3) + 1) * width]
            ),
        )
        made.__dict__["mono"] = bytes(raw)
        return made

    @classmethod
    def dark(cls, width: int, height: int) -> Picture:
        """Nothing is lit."""
        made = cls(width, height, bytes(3 * width * height))
        made.__dict__["mono"] = bytes(width * height // _PAGE)
        return made

    @functools.cached_property
    def mono(self) -> bytes:
        """Ink as MONO_VLSB: in each page of 8 rows whatever has not its most frequent colour."""
        out = bytearray(self.width * self.height // _PAGE)
        step = 3 * self.width
        for page in range(self.height // _PAGE):
            band = self.rgb[page * _PAGE * step : (page + 1) * _PAGE * step]
            pixels = [band[at : at + 3] for at in range(0, len(band), 3)]
            paper = Counter(pixels).most_common(1)[0][0]
            for at, pixel in enumerate(pixels):
                if pixel != paper:
                    out[page * self.width + at % self.width] |= 1 << at // self.width
        return bytes(out)

    @property
    def half(self) -> Picture:
        """Every second pixel of every second row."""
        step = 3 * self.width
        rows = (self.rgb[y * step : (y + 1) * step] for y in range(0, self.height, 2))
        rgb = b"".join(row[at : at + 3] for row in rows for at in range(0, step, 6))
        return Picture(self.width // 2, self.height // 2, rgb)

    @functools.cached_property
    def png(self) -> bytes:
        """A file of it (PNG, ISO/IEC 15948), pixel by pixel."""
        step = 3 * self.width
        rows = (b"\0" + self.rgb[at : at + step] for at in range(0, len(self.rgb), step))
        head = struct.pack(">II", self.width, self.height) + _RGB8
        chunks = (b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")
        return _SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)
