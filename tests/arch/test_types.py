"""drivers/ and boards/ against MicroPython's published stubs, and that the check finds errors."""

import re

import pytest

from tools import typecheck

PLANTED = {
    "rp2": """
        import asyncio, framebuf, machine, rp2, time
        from drivers.display.ssd1306 import SSD1306
        from drivers.display.wires import I2cWire, SpiWire
        from drivers.ds3231 import DS3231
        from drivers.keypad import Keypad
        from drivers.led import Led
        from drivers.printer import Printer
        from drivers.uart_port import UartPort
        i2c = machine.I2C(0)
        pin = machine.Pin(machine.Pin.board.I2C_SDA)
        SSD1306(I2cWire(i2c))
        SSD1306(i2c)  # wrong: a bus is no wire
        SpiWire(machine.SPI(0), pin, pin, pin)
        SpiWire(i2c, pin, pin)  # wrong: another bus
        DS3231(i2c).write_s(5)
        DS3231(i2c).write_s("5")  # wrong: text
        DS3231(machine.UART(0))  # wrong: another bus
        Keypad([pin], [pin], ("1",))
        Keypad([pin], [pin], "1")  # wrong: names are a tuple
        Led(pin).play((10, 20))
        Led(pin).play(10)  # wrong: no pattern
        Printer(UartPort(machine.UART(0)), str.encode)
        Printer(machine.UART(0), str.encode)  # wrong: no byte port
        machine.Pin.board.NO_SUCH_PIN  # wrong: not in pins.csv
        rp2.Flash(start=0, len=4096)
        rp2.Flash(begin=0)  # wrong: no such argument
        time.sleep_ms(5)
        time.sleep_ms("5")  # wrong: text
        time.sleep_years(1)  # wrong: no such function
        framebuf.FrameBuffer(bytearray(8), 8, 8)  # wrong: no format
    """,
    "esp32": """
        import esp32, machine
        from drivers.ds3231 import DS3231
        from esp32_parts import spi_readers
        import rp2  # wrong: not on this port
        DS3231(machine.I2C(0)).read_s()
        DS3231(machine.SPI(1)).read_s()  # wrong: another bus
        esp32.Partition("journal").ioctl(4, 0)
        esp32.Partition(start=0)  # wrong: no such argument
        spi_readers((1, 2, 3))  # wrong: no chip select
    """,
    "unix": """
        import machine, bench
        machine.RTC().set_speed(5)  # wrong: not in the shim
        bench.Flash(0)  # wrong: no size
        bench.Flash(0, 4096)
    """,
}


@pytest.mark.parametrize("port", typecheck.PORTS)
def test_drivers_and_boards_have_the_types_that_the_port_publishes(port):
    assert typecheck.check(port) == []


@pytest.mark.parametrize("port", PLANTED)
def test_every_planted_error_is_found_and_nothing_else(port, tmp_path):
    lines = [line.strip() for line in PLANTED[port].splitlines()]
    file = tmp_path / "planted.py"
    file.write_text("\n".join(lines) + "\n")
    found = "\n".join(typecheck.check(port, (str(file),)))
    wrong = {number for number, line in enumerate(lines, 1) if "# wrong" in line}
    assert {int(n) for n in re.findall(r"planted\.py:(\d+): error", found)} == wrong, found


def test_a_correction_that_no_longer_fits_is_told(monkeypatch, tmp_path):
    typecheck.install("rp2")
    monkeypatch.setitem(typecheck.CORRECTIONS, "rp2", (("vfs.pyi", "no such text", ""),))
    with pytest.raises(typecheck.StubError, match="no longer says"):
        typecheck._correct("rp2", _copy(tmp_path))


def _copy(folder):
    """As much of fresh stubs as the corrections for all ports look at."""
    for file, old, _ in typecheck._EVERYWHERE:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as out:
            out.write(old)
    return folder
