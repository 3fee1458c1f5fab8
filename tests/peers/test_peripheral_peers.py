"""Drivers written by others (luma.oled, luma.lcd, python-escpos) on the simulated peripherals."""

import random

import pytest
from escpos.printer import Dummy
from luma.lcd.device import st7789
from luma.oled.device import ssd1306
from onecard.sim.buses import Line
from onecard.sim.chips.escpos import EscPosPrinter, Printed
from onecard.sim.chips.ssd1306_wires import SSD1306OnI2c
from onecard.sim.chips.st7789 import ST7789Chip
from onecard.sim.timers import RealTimers
from PIL import Image, ImageDraw

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:luma")


def picture(mode, size, colours, seed):
    """Lines and boxes of these colours."""
    rng = random.Random(seed)
    image = Image.new(mode, size)
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        corners = [rng.randrange(edge) for edge in size * 2]
        draw.line(corners, fill=rng.choice(colours))
        left, top = corners[0] // 2, corners[1] // 2
        draw.rectangle((left, top, left + 9, top + 5), fill=rng.choice(colours))
    return image


class I2cSerial:
    """luma's bus interface over the part's I2C."""

    def __init__(self, part):
        self._part = part

    def _transfer(self, control, data):
        self._part.start(False)
        for byte in (control, *data):
            assert self._part.write(byte)
        self._part.stop()

    def command(self, *codes):
        self._transfer(0x00, codes)

    def data(self, data):
        self._transfer(0x40, data)

    def cleanup(self):
        pass


class SpiSerial:
    """luma's bus interface over the part's SPI and its D/C wire."""

    _bus = None

    def __init__(self, part, dc):
        self._part, self._dc = part, dc

    def _transfer(self, is_data, data):
        self._dc.drive(is_data)
        self._part.select(True)
        for byte in data:
            self._part.byte(byte)
        self._part.select(False)

    def command(self, *codes):
        self._transfer(False, codes)

    def data(self, data):
        self._transfer(True, data)

    def cleanup(self):
        pass


class NoPins:
    """What luma asks of a GPIO library for a backlight."""

    OUT = HIGH = LOW = BCM = 0

    def setup(self, *_):
        pass

    output = cleanup = setmode = setup


@pytest.mark.parametrize("seed", range(4))
def test_luma_shows_its_picture_on_the_ssd1306(seed):
    part = SSD1306OnI2c()
    device = ssd1306(I2cSerial(part), width=128, height=64)
    image = picture("1", (128, 64), (0, 1), seed)
    device.display(image)
    frame = part.chip.framebuffer()
    for x in range(128):
        for y in range(64):
            assert bool(image.getpixel((x, y))) == bool(frame[(y >> 3) * 128 + x] >> (y & 7) & 1)
    assert part.chip.faults == []


def test_luma_shows_its_picture_on_the_st7789_and_its_haste_is_noticed():
    dc = Line()
    part = ST7789Chip(RealTimers(), dc, mounting=0x60)
    device = st7789(SpiSerial(part, dc), gpio=NoPins())
    image = picture("RGB", (240, 240), ((252, 0, 128), (0, 255, 0), (255, 255, 255)), 1)
    device.display(image)
    for x in range(240):
        for y in range(240):
            assert [v >> 2 for v in part.pixel(x, y)] == [v >> 2 for v in image.getpixel((x, y))]
    # The data sheet wants 5 ms after SLPOUT; this driver does not wait.
    assert part.faults and all("after SLPOUT" in fault for fault in part.faults)


def test_python_escpos_prints_its_receipt_on_the_simulated_printer():
    out = Dummy(profile="default")
    out.hw("INIT")
    out.set(align="center", bold=True, double_width=True, double_height=True)
    out.text("CANTEEN\n")
    out.set(align="left", bold=False, normal_textsize=True)
    out.text("total  12.00\n")
    out.qr("https://example/1", native=True, size=6)
    out.barcode("{BABC-123", "CODE128", function_type="B", height=80)
    out.cut()
    timers = RealTimers(scale=0.0)
    printer = EscPosPrinter(timers)
    printer.receive(out.output)
    for _ in range(100):
        timers.run_due()
    assert printer.paper == [
        Printed("text", "CANTEEN", "centre", True, (2, 2)),
        Printed("text", "total  12.00"),
        Printed("qr", "https://example/1"),
        Printed("code128", "ABC-123", "centre"),
        Printed("cut", "", "centre"),
    ]
    assert printer.faults == []
