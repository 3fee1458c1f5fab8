"""Building what runs on a terminal: glyphs, the unix binary, the Pico's UF2, native modules."""

from .boards import BOARDS, BuildError, build, image_of

__all__ = ["BOARDS", "BuildError", "build", "image_of"]
