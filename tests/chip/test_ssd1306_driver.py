"""drivers.display.ssd1306 on both wires: what is in the buffer is what one sees."""

import random

import pytest
from buses import I2C, SPI, Pin, Timers, Wiring
from onecard.sim.chips.ssd1306_wires import SSD1306OnI2c, SSD1306OnSpi

from drivers.display.base import Display, DisplayError
from drivers.display.ssd1306 import SSD1306
from drivers.display.wires import I2cWire, SpiWire

DC, CS, RESET = 20, 17, 21


class OnI2c:
    """The chip at 3C with the driver before it. bytes: on the wire, without addresses."""

    def __init__(self, has_reset=True):
        self.part = SSD1306OnI2c()
        self.wiring = Wiring(i2c={0: [self.part]})
        self.bus = I2C(self.wiring, 0, 400_000)
        self.chip, self.display = self.part.chip, SSD1306(I2cWire(self.bus))

    @property
    def bytes(self):
        return self.bus.written

    def unplug(self):
        self.wiring.i2c[0].remove(self.part)

    def plug(self):
        self.part.power_on()
        self.wiring.i2c[0].append(self.part)


class OnSpi:
    """The chip on four wires and reset."""

    def __init__(self, has_reset=True):
        self.wiring = Wiring()
        reset = self.wiring.line(RESET) if has_reset else None
        self.part = SSD1306OnSpi(Timers(), self.wiring.line(DC), reset)
        self.wiring.add_spi(0, CS, self.part)
        self.bus = SPI(self.wiring, 0, 8_000_000)
        pins = [Pin(self.wiring, number, Pin.OUT) for number in (DC, CS, RESET)]
        if not has_reset:
            pins[2] = None
        self.chip, self.display = self.part.chip, SSD1306(SpiWire(self.bus, *pins))

    @property
    def bytes(self):
        return self.bus.count


BENCHES = pytest.mark.parametrize("bench", [OnI2c, OnSpi])


@BENCHES
def test_the_first_show_turns_the_panel_on_without_a_fault(bench):
    one = bench()
    one.display.show()
    assert one.chip.is_on and one.chip.has_charge_pump and one.chip.faults == []


@BENCHES
def test_what_the_memory_held_at_power_up_is_never_seen(bench):
    one = bench()
    one.chip.ram[:] = b"\x55" * 1024
    seen = []
    one.chip.on_change = lambda: seen.append(one.chip.framebuffer())
    one.display.buffer[:] = b"\x0f" * 1024
    one.display.show()
    assert seen[-1] == b"\x0f" * 1024
    assert set(seen) == {bytes(1024), b"\x0f" * 1024}


@BENCHES
@pytest.mark.parametrize("seed", range(5))
def test_any_picture_comes_out_pixel_by_pixel(bench, seed):
    one = bench()
    rng = random.Random(seed)
    for _ in range(10):
        one.display.buffer[:] = rng.randbytes(1024)
        one.display.show()
        assert one.chip.framebuffer() == bytes(one.display.buffer)
    assert one.chip.faults == []


@BENCHES
@pytest.mark.parametrize("seed", range(5))
def test_any_change_comes_out_and_nothing_else_is_touched(bench, seed):
    one = bench()
    rng = random.Random(seed)
    one.display.show()
    for _ in range(60):
        for _ in range(rng.randrange(4)):
            at = rng.randrange(1024)
            size = rng.randrange(1, 40)
            one.display.buffer[at : at + size] = rng.randbytes(size)[: 1024 - at]
        one.display.show()
        assert one.chip.framebuffer() == bytes(one.display.buffer)
    assert one.chip.faults == []


@BENCHES
def test_what_becomes_again_what_it_was_is_sent_again(bench):
    one = bench()
    one.display.buffer[:] = b"\x99" * 1024
    for value in (0x99, 0x00, 0x99, 0x42, 0x99):
        one.display.buffer[3 * 128 : 4 * 128] = bytes((value,)) * 128
        one.display.show()
        assert one.chip.framebuffer() == bytes(one.display.buffer)


@BENCHES
def test_nothing_is_sent_when_nothing_changed(bench):
    one = bench()
    one.display.show()
    before = one.bytes
    one.display.show()
    assert one.bytes == before


@pytest.mark.parametrize(
    "columns,sent",
    [((0,), 16), ((127,), 16), ((60,), 16), ((48, 63), 16), ((63, 64), 32), ((0, 127), 128)],
)
def test_only_the_columns_of_a_page_that_changed_are_sent(columns, sent):
    for one, overhead in ((OnI2c(), 5), (OnSpi(), 3)):  # control bytes are I2C's alone
        one.display.show()
        before = one.bytes
        for column in columns:
            one.display.buffer[3 * 128 + column] = 0xA5
        one.display.show()
        assert one.bytes - before == sent + overhead
        assert one.chip.framebuffer() == bytes(one.display.buffer)


def test_a_display_that_does_not_answer_is_a_typed_error_and_comes_back_whole():
    one = OnI2c()
    one.display.buffer[:] = b"\x3c" * 1024
    one.display.show()
    one.unplug()
    one.display.buffer[5] = 0xFF
    for _ in range(2):
        with pytest.raises(DisplayError):
            one.display.show()
    one.plug()
    one.display.show()
    assert one.chip.framebuffer() == bytes(one.display.buffer) and one.chip.faults == []


@pytest.mark.parametrize("at", range(1, 18))
def test_a_transfer_that_fails_anywhere_leaves_nothing_behind(at):
    one = OnI2c()
    one.display.show()
    for page in range(8):
        one.display.buffer[page * 128 + page] = 0x81
    count, start = [0], one.part.start

    def failing(is_read):
        count[0] += 1
        return count[0] != at and start(is_read)

    one.part.start = failing
    if at <= 16:
        with pytest.raises(DisplayError):
            one.display.show()
    one.display.show()
    assert one.chip.framebuffer() == bytes(one.display.buffer)


def test_a_module_without_a_reset_wire_is_set_up_from_any_state():
    one = OnSpi(has_reset=False)
    for command in (0xA5, 0xA7, 0x20, 0x00, 0x45, 0xD3, 0x10, 0xA0, 0xC0):
        one.chip.take_command(command)
    one.display.buffer[:] = random.Random(3).randbytes(1024)
    one.display.show()
    assert one.chip.framebuffer() == bytes(one.display.buffer) and one.chip.faults == []


def test_the_reset_wire_is_pulsed_for_long_enough_and_the_bus_is_quiet_meanwhile():
    one = OnSpi()
    one.chip.take_command(0xAF)
    one.display.show()
    assert one.chip.faults == []
    short = OnSpi()
    short.wiring.line(RESET).drive(False)
    short.wiring.line(RESET).drive(True)
    assert short.chip.faults == ["reset pulse of 0.0 us"]


def test_the_chip_notices_bytes_during_reset():
    one = OnSpi()
    one.wiring.line(RESET).drive(False)
    one.display._wire.send(0, b"\xae")
    assert one.chip.faults == ["a byte while reset is low"]


@pytest.mark.parametrize("size", [(0, 64), (128, 0), (120, 64), (128, 60), (-16, 8)])
def test_a_size_that_is_not_whole_pages_is_refused(size):
    with pytest.raises(ValueError):
        Display(*size)
