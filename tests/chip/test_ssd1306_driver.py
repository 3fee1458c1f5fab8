"""drivers.display.ssd1306 against the simulated chip: what is in the buffer is what one sees."""

import random

import pytest
from onecard.sim.chips.ssd1306 import SSD1306Chip

from drivers.display.ssd1306 import SSD1306


class I2C:
    """An I2C bus with the chip at 3C; remembers the writes."""

    def __init__(self):
        self.chip, self.writes = SSD1306Chip(), []

    def writeto(self, address, data):
        if address != 0x3C:
            raise OSError(5)
        self.writes.append(bytes(data))
        self.chip.write(bytes(data))

    def writevto(self, address, parts):
        self.writeto(address, b"".join(bytes(part) for part in parts))


def bench():
    bus = I2C()
    return bus, SSD1306(bus)


def pages_sent(bus):
    return [w[1] & 7 for w in bus.writes if w[0] == 0 and len(w) == 4]


def test_setting_up_turns_the_display_on_without_a_fault():
    bus, _ = bench()
    assert bus.chip.is_on and bus.chip.has_charge_pump and bus.chip.faults == []


def test_the_picture_is_what_the_buffer_holds_also_over_what_was_in_the_chip_before():
    bus, display = bench()
    bus.chip.ram[:] = b"\x55" * 1024  # undefined after power-up
    display.show()
    assert bus.chip.framebuffer() == bytes(1024)
    assert pages_sent(bus) == list(range(8))


@pytest.mark.parametrize("seed", range(5))
def test_any_picture_comes_out_pixel_by_pixel(seed):
    bus, display = bench()
    rng = random.Random(seed)
    for _ in range(10):
        display.buffer[:] = rng.randbytes(1024)
        display.show()
        assert bus.chip.framebuffer() == bytes(display.buffer)
    assert bus.chip.faults == []


def test_only_pages_that_changed_are_sent():
    bus, display = bench()
    display.show()
    del bus.writes[:]
    display.show()
    assert bus.writes == []
    display.buffer[3 * 128 + 5] = 1
    display.buffer[6 * 128 + 127] = 1
    display.show()
    assert pages_sent(bus) == [3, 6]
    assert bus.chip.framebuffer() == bytes(display.buffer)


def test_a_display_at_another_address_is_an_os_error():
    with pytest.raises(OSError):
        SSD1306(I2C(), address=0x3D)
