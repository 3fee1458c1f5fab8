"""What only MicroPython itself can show of the drivers: that their hot paths allocate nothing."""

import subprocess

import needs

GUEST = """
import gc
from drivers.display.ssd1306 import SSD1306
from drivers.display.st7789 import ST7789
from drivers.display.wires import I2cWire, SpiWire
from drivers.ds3231 import DS3231
from drivers.keypad import Keypad

class Bus:
    def writeto(self, address, data): pass
    def write(self, data): pass
    def readfrom_mem_into(self, address, register, into):
        if len(into) > 5:
            into[4] = into[5] = 1  # a date
    def writeto_mem(self, address, register, data): pass

class Contact:
    level = 1
    def __call__(self, level=None):
        return self.level

def allocated(call):
    call()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(50):
        call()
    after = gc.mem_alloc()
    gc.enable()
    return after - before

def change_and_show(display):
    def call():
        display.buffer[5] ^= 0x18
        display.buffer[700] ^= 0x81
        display.show()
    return call

pin, bus = Contact(), Bus()
clock = DS3231(bus)
pad = Keypad([Contact() for _ in range(4)], [pin] * 4, tuple("123A456B789C*0#D"))

def press_and_take():
    pin.level = 0
    pad.scan()
    pin.level = 1
    pad.scan()
    pad.take()

for name, call in (
    ("ssd1306 on I2C", change_and_show(SSD1306(I2cWire(bus)))),
    ("ssd1306 on SPI", change_and_show(SSD1306(SpiWire(bus, pin, pin, pin)))),
    ("st7789", change_and_show(ST7789(SpiWire(bus, pin, pin)))),
    ("keypad", press_and_take),
    ("clock read", clock.read_s),
    ("clock set", lambda: clock.write_s(1767225600)),
    ("temperature", clock.temperature_centi_c),
    ("a list (it is measured)", lambda: [1]),
):
    print(name, allocated(call))
"""


def test_displays_keypad_and_clock_allocate_nothing_while_they_work():
    done = subprocess.run(
        [needs.image("unix"), "-c", GUEST], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert int(found.pop("a list (it is measured)")) > 0
    assert len(found) == 7 and set(found.values()) == {"0"}, found
