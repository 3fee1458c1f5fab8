"""What all levels share: MicroPython's names on CPython, virtual time, the glyph stand-in."""

import fake_glyphs
import virtual
from hypothesis import settings

virtual.install()
fake_glyphs.install()

# The same examples every time: a failure in CI is a failure here.
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("fixed")
