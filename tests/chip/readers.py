"""Every reader on every bus, in process and in virtual time: what chip-level tests share."""

import virtual
from buses import I2C, SPI, UART, Pin, Timers, Wiring
from occrypto import crc_a, crc_b
from onecard.sim.buses import Line
from onecard.sim.cards.purse import PurseCard
from onecard.sim.chips.mfrc522 import MFRC522Chip
from onecard.sim.chips.mfrc522_bus import MFRC522OnI2c, MFRC522OnSpi, MFRC522OnUart
from onecard.sim.chips.pn532_links import PN532OnI2c, PN532OnSpi, PN532OnUart
from onecard.sim.field import Field

from drivers.reader.iso14443 import Iso14443Reader
from drivers.reader.mfrc522 import MFRC522
from drivers.reader.mfrc522_bus import I2cBus, SpiBus, UartBus
from drivers.reader.pn532 import PN532
from drivers.reader.pn532_link import HsuLink, I2cLink, SpiLink
from drivers.reader.pn532_thru import PN532Thru

CS, RESET, IRQ = 17, 20, 21


class Irq:
    """drivers.irq.IrqLine on CPython."""

    def __init__(self, line):
        import asyncio

        self.line, self._event = line, asyncio.Event()
        line.listen(lambda level: None if level else self._event.set())

    async def wait(self, timeout_ms):
        import asyncio

        if not self.line.level:
            return True
        self._event.clear()
        try:
            await asyncio.wait_for(self._event.wait(), max(timeout_ms, 0) / 1000)
        except TimeoutError:
            pass
        return not self.line.level


class Bench:
    """One reader of `kind` in a field. Made inside a running loop (see play()).

    kinds: pn532-hsu, pn532-i2c, pn532-spi, with "+irq" for the buses; pn532-thru (raw frames);
    mfrc522-spi, -i2c, -uart, with "+irq".
    """

    def __init__(self, kind, version=0x92, **options):
        self.field, self.wiring, self.timers = Field(), Wiring(), Timers()
        kind, _, irq = kind.partition("+")
        self.irq_line = Line()
        has_irq = self.irq_line if irq else None
        self.reset = Pin(self.wiring, RESET, Pin.OUT, value=1)
        chip, bus = kind.split("-")
        irq = Irq(self.irq_line) if irq else None
        if chip == "pn532":
            self._pn532(bus, has_irq, irq, options)
        else:
            self._mfrc522(bus, version, has_irq, irq, options)
        self.wiring.line(RESET).listen(self.chip.reset_pin)
        self.wiring.power_on()

    def _pn532(self, bus, line, irq, options):
        link = "hsu" if bus == "thru" else bus
        if link == "hsu":
            part = self.wiring.uart[1] = PN532OnUart(self.field, self.timers)
            self.bus = UART(self.wiring, 1)
            link = HsuLink(self.bus)
        elif link == "i2c":
            part = PN532OnI2c(self.field, self.timers, line)
            self.wiring.i2c[0] = [part]
            self.bus = I2C(self.wiring, 0)
            link = I2cLink(self.bus, irq)
        else:
            part = PN532OnSpi(self.field, self.timers, line)
            self.wiring.add_spi(0, CS, part)
            is_lsb = options.pop("is_lsb_first", False)
            self.bus = SPI(self.wiring, 0, 5_000_000, SPI.LSB if is_lsb else SPI.MSB)
            link = SpiLink(self.bus, Pin(self.wiring, CS, Pin.OUT, value=1), irq, is_lsb)
        self.chip = part.chip
        thru_options = {}
        if bus == "thru":
            thru_options, options = options, {}
        self.reader = self.pn532 = PN532(link, self.reset, **options)
        if bus == "thru":
            self.reader = Iso14443Reader(PN532Thru(self.pn532), **thru_options)

    def _mfrc522(self, bus, version, line, irq, options):
        self.chip = MFRC522Chip(self.field, self.timers, version, line)
        if bus == "spi":
            self.wiring.add_spi(0, CS, MFRC522OnSpi(self.chip))
            self.bus = SPI(self.wiring, 0, 5_000_000)
            driver = SpiBus(self.bus, Pin(self.wiring, CS, Pin.OUT, value=1))
        elif bus == "i2c":
            self.wiring.i2c[0] = [MFRC522OnI2c(self.chip)]
            self.bus = I2C(self.wiring, 0)
            driver = I2cBus(self.bus)
        else:
            self.wiring.uart[1] = MFRC522OnUart(self.chip)
            self.bus = UART(self.wiring, 1, 9600, timeout_ms=20)
            driver = UartBus(self.bus)
        self.pcd = MFRC522(driver, crc_a, crc_b, self.reset, irq)
        self.reader = Iso14443Reader(self.pcd, **options)


ALL = (
    "pn532-hsu",
    "pn532-i2c",
    "pn532-i2c+irq",
    "pn532-spi",
    "pn532-spi+irq",
    "pn532-thru",
    "mfrc522-spi",
    "mfrc522-spi+irq",
    "mfrc522-i2c",
    "mfrc522-uart",
)
IN_SOFTWARE = ("pn532-thru", "mfrc522-spi")


def play(kind, test, **options):
    """Run `await test(bench)` after the reader has started; returns (result, virtual ms)."""

    async def session():
        bench = Bench(kind, **options)
        await bench.reader.start()
        start = virtual.clock.now_s
        result = await test(bench)
        return result, (virtual.clock.now_s - start) * 1000

    return virtual.run(session())


def purse(**options):
    """A purse card that answers at once."""
    return PurseCard.make(**({"balance": 1000, "apdu_us": 0} | options))


class TypeB:
    """A type B card around another card's commands."""

    def __init__(self, card=None, pupi="11223344", afi=0, fsci=8, fwi=4):
        self.card = card or purse()
        self.apdu_us = self.card.apdu_us
        protocol = bytes([0x00, fsci << 4 | 1, fwi << 4])
        self.atqb = b"\x50" + bytes.fromhex(pupi) + bytes([afi, 0, 0, 0]) + protocol
        self.uid, self.ats, self.sak, self.atqa = b"", b"", 0, b""

    def process(self, apdu):
        return self.card.process(apdu)

    def power_off(self):
        self.card.power_off()


class Echo:
    """A card that gives back what it is told, or `size` bytes; fsci and inf_size as given."""

    def __init__(self, fsci=8, uid="04010203", size=None, apdu_us=0.0, fwi=7, inf_size=None, ta=0):
        self.uid, self.size, self.apdu_us = bytes.fromhex(uid), size, apdu_us
        self.ats = bytes([5, 0x70 | fsci, ta, fwi << 4, 0x02])
        self.atqa, self.sak, self.seen = b"\x04\x00", 0x20, []
        if inf_size:
            self.inf_size = inf_size

    def process(self, apdu):
        self.seen.append(bytes(apdu))
        return (bytes(apdu) if self.size is None else bytes(self.size)) + b"\x90\x00"

    def power_off(self):
        pass
