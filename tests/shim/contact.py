"""A contact card slot in one process: machine's UART and PWM on a simulated card, in virtual time.

Unlike the UART of buses.py this one has characters of 12 bits, a parity setting, and TX and RX
joined on the card's I/O wire, which is what a slot needs.
"""

import buses
import virtual
from onecard.sim.chips.iso7816 import ContactCard
from onecard.sim.chips.iso7816_wire import IoWire

from drivers.sam.iso7816 import Iso7816Slot
from drivers.sam.line import CardLine

RST, VCC = (3, 7), (6, 28)


class CardUart:
    """machine.UART on an IoWire. sees_parity: it has take_errors(), as no stock port has."""

    def __init__(self, wire, sees_parity=True):
        self.wire, self.baud, self._parity, self._incoming = wire, 0, 0, bytearray()
        self.inits = []
        self._free_s = 0.0
        wire.send, wire.echo = self._send, self._arrive
        wire.reader_parity = lambda: self._parity
        if sees_parity:
            self.take_errors = wire.take_errors

    def init(self, baudrate, bits, parity, stop):
        assert (bits, stop) == (8, 2)
        self.baud, self._parity = baudrate, parity
        self.inits.append((baudrate, parity))
        self._incoming.clear()

    def _is_clear(self):
        rate = self.wire.baud_rate
        return rate is None or abs(rate - self.baud) <= 0.03 * rate

    def _arrive(self, data):
        self._incoming += data

    def _send(self, data, after_us):
        if not self._is_clear():  # bits that are no characters: stop bits are missing
            data = bytes(byte ^ 0xFF for byte in data)
            self.wire.parity_errors += len(data)
        start_s = max(virtual.clock.now_s + after_us / 1e6, self._free_s)
        self._free_s = start_s + 11 / (self.wire.baud_rate or self.baud)
        delay_us = (self._free_s - virtual.clock.now_s) * 1e6
        virtual.hardware.after(delay_us, lambda: self._arrive(data))

    def write(self, data):
        for index, byte in enumerate(bytes(data)):
            delay_us = (12 * index + 11) * 1e6 / self.baud
            virtual.hardware.after(delay_us, lambda byte=byte: self._has_left(byte))
        return len(data)

    def _has_left(self, byte):
        if self._is_clear():
            self.wire.receive(bytes([byte]))
        else:
            self._arrive(bytes([byte]))  # the reader hears itself; no card understands it

    def any(self):
        return len(self._incoming)

    def readinto(self, buf, size):
        assert size <= len(self._incoming)  # a real one would block the loop
        count = min(len(buf), size)
        buf[:count] = bytes(self._incoming[:count])
        del self._incoming[:count]
        return count or None


class Pwm:
    """machine.PWM as a clock of any number of cards; granted: the frequency that it can do."""

    def __init__(self, *cards, granted=3_571_429):
        self._cards, self._hz, self._granted, self.duty = cards, 0, granted, 0

    def freq(self, hz=None):
        if hz is None:
            return self._hz
        self._hz = self._granted
        return None

    def duty_u16(self, duty):
        self.duty = duty
        for card in self._cards:
            card.set_clock(self._hz if duty else 0)


class Bench:
    """One or two cards (APDU-level objects) on one line, their slots as the driver sees them.

    profiles: one for each card. options: for Iso7816Slot.
    """

    def __init__(self, *cards, profiles=(), sees_parity=True, has_switch=True, **options):
        self.timers = virtual.hardware
        self.wire = IoWire()
        self.uart = CardUart(self.wire, sees_parity)
        self.wiring = buses.Wiring()
        self.line = CardLine(self.uart)
        profiles = tuple(profiles) + (None,) * (len(cards) - len(profiles))
        self.cards = [
            ContactCard(c, self.wire, self.timers, p) for c, p in zip(cards, profiles, strict=True)
        ]
        self.slots = [self._slot(i, has_switch, options) for i in range(len(cards))]
        self.card, self.slot = self.cards[0], self.slots[0]
        self.into = bytearray(258)

    def _slot(self, index, has_switch, options):
        card = self.cards[index]
        self.wiring.lines[RST[index]] = buses.Line(False)
        self.wiring.lines[VCC[index]] = buses.Line(False)
        self.wiring.line(RST[index]).listen(card.set_rst)
        self.wiring.line(VCC[index]).listen(card.set_vcc)
        rst, vcc = (buses.Pin(self.wiring, pins[index]) for pins in (RST, VCC))
        present = (lambda: card.is_inserted) if has_switch else None
        return Iso7816Slot(self.line, Pwm(card), rst, vcc, present, **options)

    async def exchange(self, command, slot=0):
        """The answer to a command in hex or bytes."""
        if isinstance(command, str):
            command = bytes.fromhex(command)
        size = await self.slots[slot].exchange(command, self.into)
        return bytes(self.into[:size])

    @property
    def faults(self):
        """What the cards and the wire complain of."""
        return [fault for card in self.cards for fault in card.faults] + self.wire.faults


def play(test, *cards, **options):
    """Run `test(bench)` in virtual time; its result and the milliseconds it took."""

    async def session():
        bench = Bench(*cards, **options)
        start_s = virtual.clock.now_s
        result = await test(bench)
        return result, (virtual.clock.now_s - start_s) * 1000

    return virtual.run(session())
