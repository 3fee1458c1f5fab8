"""make screens: takes all pictures anew and writes them into docs/screens."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in (".", "firmware", "tests/shim", "tests/screens")]

import fake_glyphs  # noqa: E402
import virtual  # noqa: E402

virtual.install()
fake_glyphs.install()

import gallery  # noqa: E402
import sheet  # noqa: E402
import tour  # noqa: E402

with tour.real_glyphs():
    for name, image in gallery.sheets():
        path = gallery.FOLDER / f"{name}.png"
        sheet.save(image, path)
        print(f"{path.relative_to(ROOT)}: {image.width} x {image.height}")
