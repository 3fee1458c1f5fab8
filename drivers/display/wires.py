"""How display controllers are wired: I2C with control bytes, or SPI with a data/command pin.

Both take messages whose first byte is the I2C control byte (00 commands, 40 data: SSD1306 data
sheet 8.1.5.2); SPI leaves it out and sets the D/C pin instead.
"""

import time

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import I2C, SPI, Switch

_DATA = const(0x40)
_RESET_LOW_MS = const(1)  # SSD1306 12: 3 us; ST7789 7.4.5: 10 us


class I2cWire:
    """i2c: machine.I2C or alike (writeto). address: 7 bits."""

    HEAD = 0  # messages go out from their first byte

    def __init__(self, i2c: "I2C", address: int = 0x3C):
        self._i2c = i2c
        self._address = address

    def reset(self) -> bool:
        """False: these modules have no reset wire, they reset themselves at power-up."""
        return False

    def send(self, control: int, message: "bytes | bytearray | memoryview") -> None:
        """One transaction. message: with its control byte. Raises OSError: no acknowledge."""
        self._i2c.writeto(self._address, message)


class SpiWire:
    """spi: machine.SPI or alike (write), mode 0, MSB first. dc, cs, reset: output pins.

    reset: None if the module resets itself. Nothing tells whether a panel is there: SPI has no
    acknowledge.
    """

    HEAD = 1  # D/C says what the control byte would

    def __init__(self, spi: "SPI", dc: "Switch", cs: "Switch", reset: "Switch | None" = None):
        self._spi = spi
        self._dc = dc
        self._cs = cs
        self._reset = reset
        cs(1)
        if reset is not None:
            reset(1)

    def reset(self) -> bool:
        """Pulse the reset pin; False if there is none."""
        if self._reset is None:
            return False
        self._reset(0)
        time.sleep_ms(_RESET_LOW_MS)
        self._reset(1)
        return True

    def send(self, control: int, message: "bytes | bytearray | memoryview") -> None:
        """One selection. message: without its control byte."""
        self._dc(1 if control == _DATA else 0)
        self._cs(0)
        try:
            self._spi.write(message)
        finally:
            self._cs(1)
