"""The MFRC522's three host interfaces (data sheet rev 3.9, 8.1)."""

from onecard.sim.buses import I2cPart, SpiPart, UartPart
from onecard.sim.chips.mfrc522 import MFRC522Chip


class MFRC522OnSpi(SpiPart):
    """Address byte: register << 1, bit 7 for a read. A read goes on with the next address."""

    def __init__(self, chip: MFRC522Chip) -> None:
        self.chip = chip
        self._address: int | None = None

    def power_on(self) -> None:
        """See SpiPart."""
        self.chip.power_on()

    def select(self, is_on: bool) -> None:
        """See SpiPart."""
        self._address = None

    def byte(self, value: int) -> int:
        """See SpiPart."""
        if self._address is None:
            self._address = self._take(value)
            return 0x00
        if self._address & 0x80:
            answer = self.chip.read(self._address >> 1 & 0x3F)
            self._address = self._take(value)
            return answer
        self.chip.write(self._address >> 1 & 0x3F, value)
        return 0x00

    def _take(self, value: int) -> int:
        if value & 1:
            self.chip.faults.append(f"address byte {value:02X}: bit 0 is to be 0")
        return value | 0x80 if value == 0 else value  # 00 ends a read: reads register 00


class MFRC522OnI2c(I2cPart):
    """The first byte written is the register's address; all that follow go to or come from it."""

    def __init__(self, chip: MFRC522Chip, address: int = 0x28) -> None:
        self.chip, self.address = chip, address
        self._register: int | None = None
        self._is_first = True

    def power_on(self) -> None:
        """See I2cPart."""
        self.chip.power_on()

    def start(self, is_read: bool) -> bool:
        """See I2cPart."""
        self._is_first = not is_read
        return not self.chip.is_dead

    def write(self, byte: int) -> bool:
        """See I2cPart."""
        if self._is_first:
            self._register, self._is_first = byte & 0x3F, False
        elif self._register is not None:
            self.chip.write(self._register, byte)
        return True

    def read(self) -> int:
        """See I2cPart."""
        return self.chip.read(self._register or 0)


class MFRC522OnUart(UartPart):
    """Address with bit 7 for a read, which is answered; a write's address is echoed."""

    def __init__(self, chip: MFRC522Chip) -> None:
        self.chip = chip
        self._address: int | None = None
        chip.on_rate = self._set_rate
        self.power_on()

    def _set_rate(self, rate: int) -> None:
        """Once the echo of the address has left at the old rate."""
        self._address = None
        echo_us = 10e6 / (self.baud_rate or rate)
        self.chip.timers.after(echo_us, lambda: self._now_at(rate))

    def _now_at(self, rate: int) -> None:
        self.baud_rate = rate

    def power_on(self) -> None:
        """See UartPart."""
        self.chip.power_on()
        self.baud_rate = self.chip.uart_rate
        self._address = None

    def receive(self, data: bytes) -> None:
        """See UartPart."""
        for byte in data:
            if self._address is not None:
                register, self._address = self._address, None
                self.send(bytes([register]), 0.0)
                self.chip.write(register, byte)
            elif byte & 0x80:
                self.send(bytes([self.chip.read(byte & 0x3F)]), 0.0)
            else:
                self._address = byte & 0x3F
