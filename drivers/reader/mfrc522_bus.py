"""The three host interfaces of the MFRC522 (data sheet rev 3.9, 8.1): SPI, I2C, UART.

Each reads and writes registers; data for the FIFO goes and comes as a block.
"""

import asyncio

from micropython import const

from .base import LinkError

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from ..kinds import UART, Data, I2CStream, Room, SPIStream, Switch

_READ = const(0x80)
_FIFO_SIZE = const(64)
_SERIAL_SPEED = const(0x1F)
_BAUD_115200 = const(0x7A)  # table 9
_SETTLE_MS = const(5)
_RESYNC = b"\xb7\xb7"  # a chip that waits for a value takes the first, answers the second


class SpiBus:
    """spi: machine.SPI or alike in mode 0, MSB first, at most 10 MHz; cs: pin, active low."""

    def __init__(self, spi: "SPIStream", cs: "Switch"):
        self._spi = spi
        self._cs = cs
        self._two = bytearray(2)
        self._out = memoryview(bytearray(_FIFO_SIZE + 1))
        self._in = memoryview(bytearray(_FIFO_SIZE + 1))
        cs(1)

    async def open(self) -> None:
        """Ready at once."""

    def write(self, register: int, value: int) -> None:
        """One register."""
        self._two[0], self._two[1] = register << 1, value
        self._cs(0)
        self._spi.write(self._two)
        self._cs(1)

    def write_block(self, register: int, data: "Data") -> None:
        """Up to 64 bytes into one register."""
        size = len(data) + 1
        self._out[0] = register << 1
        self._out[1:size] = data
        self._cs(0)
        self._spi.write(self._out[:size])
        self._cs(1)

    def read(self, register: int) -> int:
        """One register."""
        self._two[0], self._two[1] = register << 1 | _READ, 0
        self._cs(0)
        self._spi.write_readinto(self._two, self._two)
        self._cs(1)
        return self._two[1]

    def read_each(self, registers: bytes, into: "Room") -> None:
        """Several registers in one go, each into its place."""
        size, out = len(registers), self._out
        for index in range(size):
            out[index] = registers[index] << 1 | _READ
        out[size] = 0
        self._cs(0)
        self._spi.write_readinto(out[: size + 1], self._in[: size + 1])
        self._cs(1)
        into[:size] = self._in[1 : size + 1]

    def read_block(self, register: int, into: "Room") -> None:
        """One register again and again."""
        size, out, address = len(into), self._out, register << 1 | _READ
        for index in range(size):
            out[index] = address
        out[size] = 0
        self._cs(0)
        self._spi.write_readinto(out[: size + 1], self._in[: size + 1])
        self._cs(1)
        into[:] = self._in[1 : size + 1]


class _PlainBus:
    """A bus on which each register is read by itself."""

    def read(self, register: int) -> int:
        """One register. Raises LinkError."""
        raise LinkError("no bus")

    def read_each(self, registers: bytes, into: "Room") -> None:
        """Several registers, each into its place."""
        for index in range(len(registers)):
            into[index] = self.read(registers[index])


class I2cBus(_PlainBus):
    """i2c: machine.I2C or alike; address by the chip's pins, 28 to 2F or 08 upward."""

    def __init__(self, i2c: "I2CStream", address: int = 0x28):
        self._i2c = i2c
        self._address = address
        self._two = bytearray(2)
        self._one = memoryview(self._two)[:1]
        self._out = memoryview(bytearray(_FIFO_SIZE + 1))

    async def open(self) -> None:
        """Ready at once."""

    def write(self, register: int, value: int) -> None:
        """One register."""
        self._two[0], self._two[1] = register, value
        self._send(self._two)

    def write_block(self, register: int, data: "Data") -> None:
        """Up to 64 bytes into one register."""
        size = len(data) + 1
        self._out[0] = register
        self._out[1:size] = data
        self._send(self._out[:size])

    def read(self, register: int) -> int:
        """One register."""
        self.read_block(register, self._one)
        return self._one[0]

    def read_block(self, register: int, into: "Room") -> None:
        """One register again and again."""
        self._out[0] = register
        self._send(self._out[:1])
        try:
            self._i2c.readfrom_into(self._address, into)
        except OSError as error:
            raise LinkError("MFRC522 does not answer on I2C: %s" % error)

    def _send(self, data: "Data") -> None:
        try:
            self._i2c.writeto(self._address, data)
        except OSError as error:
            raise LinkError("MFRC522 does not acknowledge on I2C: %s" % error)


class UartBus(_PlainBus):
    """uart: machine.UART or alike at 9600 baud 8N1 with a read time-out of some 20 ms.

    The chip echoes each address it is to write to. Reads block for two byte times (174 us at
    115200, to which open() raises the line).
    """

    def __init__(self, uart: "UART"):
        self._uart = uart
        self._two = bytearray(2)
        self._one = memoryview(bytearray(1))

    async def open(self) -> None:
        """Raise the line to 115200, from whichever speed the chip has."""
        for rate in (9600, 115200, 9600):
            self._uart.init(baudrate=rate)
            self._uart.write(_RESYNC)
            await asyncio.sleep_ms(_SETTLE_MS)  # what a wrong speed made the chip say
            while self._uart.any():
                self._uart.read(self._uart.any())
            try:
                self.write(_SERIAL_SPEED, _BAUD_115200)
                break
            except LinkError as error:
                last = error
        else:
            raise last
        self._uart.init(baudrate=115200)
        await asyncio.sleep_ms(_SETTLE_MS)

    def write(self, register: int, value: int) -> None:
        """One register."""
        self._two[0], self._two[1] = register, value
        self._uart.write(self._two)
        if self._uart.readinto(self._one) != 1 or self._one[0] != register:
            raise LinkError("MFRC522 does not echo address %02X" % register)

    def write_block(self, register: int, data: "Data") -> None:
        """Bytes into one register, each with its address."""
        for value in data:
            self.write(register, value)

    def read(self, register: int) -> int:
        """One register."""
        self._one[0] = register | _READ
        self._uart.write(self._one)
        if self._uart.readinto(self._one) != 1:
            raise LinkError("MFRC522 does not answer on its UART")
        return self._one[0]

    def read_block(self, register: int, into: "Room") -> None:
        """One register again and again."""
        for index in range(len(into)):
            into[index] = self.read(register)
