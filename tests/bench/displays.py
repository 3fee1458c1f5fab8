"""What a screen costs on the virtual Pico, on either display: heap, and simulated time.

python tests/bench/displays.py: exact and repeatable. Time to draw is the firmware's, time to send
is that of the bus at its speed there; emulating 150 kB on a bus takes minutes of real time.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "device")]

from onecard.build import image_of  # noqa: E402
from onecard.sim.buses import Wiring  # noqa: E402
from onecard.sim.chips.ssd1306_wires import SSD1306OnI2c  # noqa: E402
from onecard.sim.chips.st7789 import ST7789Chip  # noqa: E402
from onecard.sim.rp2040_wiring import PicoWiring  # noqa: E402
from onecard.sim.timers import AlarmTimers  # noqa: E402
from onecard.sim.worlds.pico import PicoWorld  # noqa: E402
from pico_repl import open_repl  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

DC, RESET, CS = 6, 7, 24
ADDRESS = 0x3D  # beside the terminal's own

SETUP = """
import gc, time
from machine import I2C, SPI, Pin
from drivers.display.wires import I2cWire, SpiWire
from drivers.display.ssd1306 import SSD1306
from drivers.display.st7789 import ST7789
from terminal import outcomes
from terminal.ui.facade import UI
class Buzzer:
    def play(self, pattern): pass
def mono():
    return SSD1306(I2cWire(I2C(1, sda=Pin(2), scl=Pin(3), freq=400000), 0x3D))
def colour():
    spi = SPI(1, baudrate=12000000, sck=Pin(10), mosi=Pin(11), miso=Pin(12))
    pins = [Pin(n, Pin.OUT, value=1) for n in (6, 24, 7)]
    return ST7789(SpiWire(spi, *pins), 320, 240, 1)
def build(make):
    global face, display
    face = display = None
    gc.collect(); before = gc.mem_alloc()
    display = make(); face = UI(display, Buzzer())
    gc.collect()
    print(gc.mem_alloc() - before)
def timed(action):
    drawn = []
    class Watch:
        buffer = display.buffer
        def show(self):
            drawn.append(time.ticks_us())
            display.show()
    canvas = face._layout._canvas
    canvas._display = Watch()
    gc.collect(); start = time.ticks_us()
    action()
    end = time.ticks_us()
    canvas._display = display
    print(time.ticks_diff(drawn[0], start), time.ticks_diff(end, drawn[0]))
"""
PAGES = {
    "first picture: idle": "face.idle('第一小学食堂', 1200)",
    "idle to approved": "face.outcome(outcomes.Outcome(outcomes.APPROVED, 1200, 8800))",
    "approved to idle": "face.idle('第一小学食堂', 1200)",
    "first digit keyed in": "face.enter('第一小学食堂', '1')",
    "second digit keyed in": "face.enter('第一小学食堂', '12')",
    "a list": "face.rows('List', ['第一小学食堂'] * 6, 1)",
    "the next row of it": "face.rows('List', ['第一小学食堂'] * 6, 2)",
}


class Bench:
    """A Pico at its REPL with both panels."""

    def __init__(self) -> None:
        timers, wiring = AlarmTimers(), Wiring()
        lines = {pin: wiring.line(pin) for pin in (DC, RESET, CS)}
        wiring.add_spi(1, CS, ST7789Chip(timers, lines[DC], lines[RESET]))
        wiring.i2c[1] = [SSD1306OnI2c(ADDRESS)]
        extra = (timers, PicoWiring(wiring))
        self.world = open_repl(PicoWorld(image_of("rp2_pico"), extra=extra))
        self.world.exec(SETUP)

    def measure(self, make: str) -> tuple[int, dict[str, tuple[int, int]]]:
        """Heap of a display and its UI, bytes; microseconds to draw and to send each page."""
        heap = int(self.world.exec(f"build({make})"))
        found = {}
        for name, code in PAGES.items():
            draw_us, send_us = self.world.exec(f"timed(lambda: {code})").split()
            found[name] = int(draw_us), int(send_us)
        return heap, found


def main() -> None:
    """Print the table."""
    bench = Bench()
    table = Table("", "SSD1306 128 x 64, I2C 400 kHz", "ST7789 320 x 240, SPI 12 MHz")
    (mono_heap, mono), (colour_heap, colour) = bench.measure("mono"), bench.measure("colour")
    table.add_row("heap of display and UI, bytes", f"{mono_heap:,}", f"{colour_heap:,}")
    for name in PAGES:
        pairs = mono[name], colour[name]
        cells = [f"{draw / 1000:.1f} + {send / 1000:.1f}" for draw, send in pairs]
        table.add_row(f"{name}: draw + send, ms", *cells)
    Console().print(table)
    bench.world.close()


main()
