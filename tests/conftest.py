"""What all levels share: MicroPython's names on CPython, virtual time, the glyph stand-in."""

import gc
from pathlib import Path

import fake_glyphs
import pytest
import virtual
from hypothesis import settings

virtual.install()
fake_glyphs.install()

# The files that take longest, longest first: the workers of `make test` begin with them, so that
# none has one to itself at the end. The first needs no provisioned flash: the other makes it.
LONGEST = (
    "e2e/test_demo.py",
    "device/test_terminal_pico.py",
    "device/test_reader_scenario.py",
    "device/test_pico_bench.py",
    "device/test_pico_vectors.py",
    "device/test_story_pico.py",
    "device/test_section_7_7.py",
    "device/test_terminal_unix.py",
    "device/test_update_unix.py",
    "device/test_pico_sam.py",
)

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


def pytest_collection_modifyitems(items):
    """The longest files first, the others in the order of their folders."""
    root = Path(__file__).parent
    places = {root / name: place for place, name in enumerate(LONGEST)}
    if missing := [str(path) for path in places if not path.is_file()]:
        raise pytest.UsageError(f"LONGEST in tests/conftest.py names what is not there: {missing}")
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_runtest_setup():
    """Firmware collects garbage often; what the collection of tests, earlier tests and the modules
    they imported made is none of it: a sweep took eighty times as long behind them as alone."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish():
    """What was set aside is looked at again when the interpreter ends."""
    gc.unfreeze()
