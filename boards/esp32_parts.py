"""What the ESP32 boards have in common: their secret, and the ways a reader is looked for.

It goes beside board.py in the bundle.
"""

import os

import esp32
import machine
import network
from occrypto import crc_a, crc_b

from drivers.reader.iso14443 import Iso14443Reader
from drivers.reader.mfrc522 import MFRC522
from drivers.reader.mfrc522_bus import SpiBus
from drivers.reader.pn532 import PN532
from drivers.reader.pn532_link import HsuLink, I2cLink, SpiLink
from drivers.uart_port import UartPort

_SECRET_SIZE = 32
_NOT_FOUND = -0x1102  # ESP_ERR_NVS_NOT_FOUND

# As the usual membrane of 4 x 4 is printed: 123A 456B 789C *0#D.
KEYS = (
    "1", "2", "3", "f1",
    "4", "5", "6", "f2",
    "7", "8", "9", "cancel",
    ".", "0", "f3", "confirm",
)  # fmt: skip


def secret():
    """The bytes that seal the keys: the chip's id and 32 random bytes that NVS keeps.

    The id alone would not do: it is the MAC address that the radio sends. The random bytes are
    made at the first start; they are gone if NVS is erased, and the keys with them. Raises
    OSError if NVS fails.
    """
    store = esp32.NVS("onecard")
    raw = bytearray(_SECRET_SIZE)
    try:
        size = store.get_blob("secret", raw)
    except OSError as error:
        if error.errno != _NOT_FOUND:
            raise
        raw = _random()
        store.set_blob("secret", raw)
        store.commit()
        size = len(raw)
    if size != _SECRET_SIZE:
        raise OSError("secret of %d bytes in NVS" % size)
    return machine.unique_id() + bytes(raw)


def _random():
    """32 bytes of the chip's generator, which is a true one while the radio is on."""
    radio = network.WLAN(network.STA_IF)
    radio.active(True)
    try:
        return bytearray(os.urandom(_SECRET_SIZE))
    finally:
        radio.active(False)


def i2c_reader(i2c, reset, irq=None):
    """A PN532 on I2C, to be looked for."""
    return lambda: PN532(I2cLink(i2c, irq), reset)


def spi_readers(pins, cs, reset, irq=None):
    """An MFRC522 and a PN532 on the same SPI wires, to be looked for.

    pins: sck, mosi, miso. The two differ in the order of bits; who is asked sets up the bus.
    """
    sck, mosi, miso = pins

    def bus(order):
        return machine.SPI(1, 5000000, firstbit=order, sck=sck, mosi=mosi, miso=miso)

    def mfrc522():
        chip = MFRC522(SpiBus(bus(machine.SPI.MSB), cs), crc_a, crc_b, reset, irq)
        return Iso14443Reader(chip)

    def pn532():
        return PN532(SpiLink(bus(machine.SPI.LSB), cs, irq, is_lsb_first=True), reset)

    return mfrc522, pn532


def hsu_reader(tx, rx, reset):
    """A PN532 on UART 1, to be looked for."""

    def pn532():
        uart = machine.UART(1, 115200, tx=tx, rx=rx, rxbuf=512, txbuf=320)
        return PN532(HsuLink(UartPort(uart)), reset)

    return pn532
