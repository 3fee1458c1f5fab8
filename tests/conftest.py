"""What all levels share: MicroPython's names on CPython, virtual time, the glyph stand-in."""

import gc

import fake_glyphs
import pytest
import virtual
from hypothesis import settings

virtual.install()
fake_glyphs.install()

# The same examples every time: a failure in CI is a failure here.
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("fixed")


@pytest.fixture
def counted(record_property):
    """Tells how many cases a sweep went through: counted(target, what, cases).

    Printed, and kept with the test's result in the JUnit file for tests/power/report.py.
    """

    def tell(target, what, cases):
        print(f"{target}, {what}")
        print("cases:", cases)
        for name, value in (("target", target), ("what", what), ("cases", cases)):
            record_property(name, value)

    return tell


def pytest_runtest_setup():
    """Firmware collects garbage often; what the collection of tests, earlier tests and the modules
    they imported made is none of it: a sweep took eighty times as long behind them as alone."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish():
    """What was set aside is looked at again when the interpreter ends."""
    gc.unfreeze()
