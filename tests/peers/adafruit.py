"""Adafruit's PN532 driver on the simulated chip over each of its three links, in virtual time.

CircuitPython's `digitalio` and `busio` are stood in for by what the driver uses of them.
"""

import sys
import types

import pytest
import virtual

from tests.chip.readers import CS, Bench

_STAND_INS = {
    "digitalio": {
        "Direction": types.SimpleNamespace(OUTPUT=1, INPUT=0),
        "DigitalInOut": object,
    },
    "busio": {"I2C": object, "SPI": object, "UART": object},
    "circuitpython_typing": {"ReadableBuffer": bytes, "WriteableBuffer": bytearray},
}


class _Time:
    """`time` for the driver: sleeping lets virtual time pass."""

    @staticmethod
    def monotonic():
        return virtual.clock.now_s

    @staticmethod
    def sleep(seconds):
        virtual.clock.advance(seconds)


class _Bus:
    """busio.SPI and busio.I2C over ours."""

    def __init__(self, bus):
        self._bus = bus

    def try_lock(self):
        return True

    def unlock(self):
        pass

    def configure(self, **options):
        pass

    def write(self, data, *, start=0, end=None):
        self._bus.write(bytes(data)[start:end])

    def readinto(self, buf, *, start=0, end=None, write_value=0):
        part = bytearray(len(buf[start:end]))
        self._bus.readinto(part, write_value)
        buf[start : start + len(part)] = part

    def write_readinto(self, out, into, **_):
        self._bus.write_readinto(out, into)

    def writeto(self, address, data, *, start=0, end=None):
        self._bus.writeto(address, bytes(data)[start:end])

    def readfrom_into(self, address, buf, *, start=0, end=None):
        part = bytearray(len(buf[start:end]))
        self._bus.readfrom_into(address, part)
        buf[start : start + len(part)] = part


class _Pin:
    """digitalio.DigitalInOut of the chip select."""

    def __init__(self, line):
        self._line = line

    def switch_to_output(self, value=False, drive_mode=None):
        self.value = value

    @property
    def value(self):
        return self._line.level

    @value.setter
    def value(self, level):
        self._line.drive(bool(level), self)


class _Uart:
    """A pyserial-like port with a time-out of 0.1 s."""

    def __init__(self, uart):
        self._uart = uart
        self.write = uart.write

    @property
    def in_waiting(self):
        return self._uart.any()

    def read(self, count):
        data, end_s = b"", virtual.clock.now_s + 0.1
        while len(data) < count and virtual.clock.now_s < end_s:
            data += self._uart.read(count - len(data)) or b""
            if len(data) < count:
                virtual.clock.advance(0.0005)
        return data

    def reset_input_buffer(self):
        self._uart.clear()


def load():
    """The driver's modules, on virtual time. Skips where the package is missing."""
    pytest.importorskip("adafruit_pn532", reason="adafruit-circuitpython-pn532 is missing")
    for name, values in _STAND_INS.items():
        if name not in sys.modules:
            sys.modules[name] = types.ModuleType(name)
            vars(sys.modules[name]).update(values)
    from adafruit_bus_device import i2c_device, spi_device
    from adafruit_pn532 import adafruit_pn532, i2c, spi, uart

    for module in (adafruit_pn532, i2c, spi, uart, i2c_device, spi_device):
        module.time = _Time
    return i2c, spi, uart


def open_driver(link):
    """(bench, driver) with the driver's reader at work on link hsu, i2c or spi.

    Called inside a running loop.
    """
    i2c, spi, uart = load()
    bench = Bench("pn532-" + link)
    if link == "hsu":
        bench.bus.timeout_ms = 100
        driver = uart.PN532_UART(_Uart(bench.bus))
    elif link == "i2c":
        driver = i2c.PN532_I2C(_Bus(bench.bus))
    else:
        driver = spi.PN532_SPI(_Bus(bench.bus), _Pin(bench.wiring.line(CS)))
    return bench, driver
