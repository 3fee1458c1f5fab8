"""Every screen of every tour, pixel by pixel, as it is in docs/screens (`make screens`).

What differs is put into build/screens, to be looked at beside the picture that was expected.
"""

import gallery
import pytest
import sheet
import tour
import virtual
from buses import SPI, Pin, Timers, Wiring
from inproc import Buzzer, ColourDisplay
from onecard.build.sources import project_root
from onecard.sim.chips.st7789 import ST7789Chip
from PIL import ImageChops
from terminal import outcomes
from terminal.ui import facade, moods, texts

from drivers.display.st7789 import ST7789
from drivers.display.wires import SpiWire

ACTUAL = project_root() / "build" / "screens"


@pytest.fixture(scope="module")
def made():
    """Every sheet as it comes out now, by name."""
    with tour.real_glyphs():
        return dict(gallery.sheets())


def test_every_sheet_is_there_and_no_other(made):
    found = {path.stem for path in gallery.FOLDER.glob("*.png")}
    assert found == set(made) | {"web-bench"}  # that one is a browser's: write_page.py


def test_every_screen_looks_as_it_is_documented(made):
    differing = []
    for name, image in made.items():
        path = gallery.FOLDER / f"{name}.png"
        expected = sheet.load(path) if path.exists() else None
        box = same = None
        if expected is not None and expected.size == image.size:
            box = ImageChops.difference(image, expected).getbbox()
            same = box is None
        if not same:
            sheet.save(image, ACTUAL / f"{name}.png")
            differing.append((name, box))
    assert not differing, f"see {ACTUAL}"


def test_every_outcome_is_in_the_gallery():
    with tour.real_glyphs():
        assert set(texts.OUTCOMES) <= set(gallery.pictures("outcomes", "zh", "mono"))


def test_a_difference_of_one_pixel_is_seen(made):
    name, image = next(iter(made.items()))
    other = image.copy()
    other.putpixel((100, 40), (1, 2, 3))
    assert ImageChops.difference(other, sheet.load(gallery.FOLDER / f"{name}.png")).getbbox()


def test_the_panel_itself_shows_what_the_pictures_do():
    wiring = Wiring()
    lines = [wiring.line(pin) for pin in (20, 17, 21)]
    chip = ST7789Chip(Timers(), lines[0], lines[2])
    chip.power_on()
    virtual.clock.advance(0.2)
    wiring.add_spi(0, 17, chip)
    pins = [Pin(wiring, number, Pin.OUT) for number in (20, 17, 21)]
    panel = ST7789(SpiWire(SPI(wiring, 0, 15_000_000), *pins), 320, 240, 1)
    display = ColourDisplay()
    with tour.real_glyphs():
        for face in (facade.UI(panel, Buzzer()), facade.UI(display, Buzzer())):
            face.outcome(outcomes.Outcome(outcomes.HOLD_STILL))
            face.outcome(outcomes.Outcome(outcomes.NOT_ENOUGH, 12_00, 5_00))
    assert bytes(display.buffer) == bytes(panel.buffer)
    assert chip.picture() == tour.picture(display).tobytes() and not chip.faults
    seen = {colour for _, colour in tour.picture(display).getcolors()}
    assert seen == {tour.rgb(colour) for colour in moods.COLOURS[moods.REFUSED]}
