"""The simulated MFRC522 against the registers, times and examples of its data sheet."""

import pytest
import virtual
from buses import Timers
from onecard.sim.buses import Line
from onecard.sim.chips import mfrc522 as m
from onecard.sim.chips.mfrc522 import MFRC522Chip
from onecard.sim.crc import crc_a
from onecard.sim.field import BYTE_US, SHORT_FRAME_US, Field

from tests.chip.readers import Echo


class Bench:
    """A chip started, its antenna on, 100 % ASK, the timer at 25 ms."""

    def __init__(self, **options):
        self.field = Field()
        self.chip = MFRC522Chip(self.field, Timers(), **options)
        self.wait(2000)
        for register, value in (
            (m.TX_ASK, 0x40), (m.T_MODE, 0x80), (m.T_PRESCALER, 0xA9), (m.T_RELOAD_HI, 0x03),
            (m.T_RELOAD_LO, 0xE8), (m.TX_CONTROL, 0x83),
        ):  # fmt: skip
            self.chip.write(register, value)

    def wait(self, us):
        virtual.clock.advance(us / 1e6)
        self.chip.read(m.COM_IRQ)

    def send(self, data, last_bits=0, align=0):
        """Start a transceive."""
        chip = self.chip
        chip.write(m.COMMAND, m.IDLE)
        chip.write(m.COM_IRQ, 0x7F)
        chip.write(m.FIFO_LEVEL, 0x80)
        for byte in data:
            chip.write(m.FIFO_DATA, byte)
        chip.write(m.COMMAND, m.TRANSCEIVE)
        chip.write(m.BIT_FRAMING, 0x80 | align << 4 | last_bits)

    def fifo(self):
        chip = self.chip
        return bytes(chip.read(m.FIFO_DATA) for _ in range(chip.read(m.FIFO_LEVEL)))

    def exchange(self, data, last_bits=0, align=0):
        self.send(data, last_bits, align)
        self.wait(20_000)
        return self.fifo()


def play(test, **options):
    async def session():
        test(Bench(**options))

    virtual.run(session())


def test_version_and_reset_values():
    def test(bench):
        chip = bench.chip
        assert chip.read(m.VERSION) == 0x92
        chip.write(m.MODE, 0x11)
        chip.write(m.COMMAND, m.SOFT_RESET)
        assert chip.read(m.COMMAND) & 0x10
        bench.wait(2000)
        assert chip.read(m.COMMAND) == 0x20 and chip.read(m.MODE) == 0x3F
        assert not bench.field.is_on

    play(test)


def test_the_fifo_holds_64_bytes_and_says_when_it_held_no_more():
    def test(bench):
        for byte in range(65):
            bench.chip.write(m.FIFO_DATA, byte)
        assert bench.chip.read(m.FIFO_LEVEL) == 64
        assert bench.chip.read(m.ERROR) & 0x10
        assert bench.fifo() == bytes(range(64))
        bench.chip.write(m.FIFO_LEVEL, 0x80)
        assert not bench.chip.read(m.ERROR)

    play(test)


def test_wupa_is_answered_after_its_time_on_air_and_not_before():
    def test(bench):
        bench.field.place(Echo())
        bench.send(b"\x52", 7)
        frame_us = SHORT_FRAME_US + 1236 / 13.56 + 2 * BYTE_US
        bench.wait(frame_us - 20)
        assert not bench.chip.read(m.COM_IRQ) & m.IRQ_RX
        bench.wait(40)
        assert bench.chip.read(m.COM_IRQ) & m.IRQ_RX
        assert bench.fifo() == b"\x04\x00" and bench.chip.read(m.CONTROL) & 7 == 0

    play(test)


def test_the_timer_ends_a_silent_exchange_at_its_reload_value():
    """8.5: (2 * 169 + 1) / 13.56 MHz a tick, 1001 ticks: 25.0 ms."""

    def test(bench):
        bench.send(b"\x52", 7)
        bench.wait(SHORT_FRAME_US + 24_900)
        assert not bench.chip.read(m.COM_IRQ) & m.IRQ_TIMER
        bench.wait(300)
        assert bench.chip.read(m.COM_IRQ) & m.IRQ_TIMER

    play(test)


def test_hardware_crc_is_sent_checked_and_taken_off():
    def test(bench):
        bench.field.place(Echo())
        bench.exchange(b"\x52", 7)
        uid = bench.exchange(b"\x93\x20")
        assert uid == bytes.fromhex("0401020303") or uid[:4] == bytes.fromhex("04010203")
        bench.chip.write(m.TX_MODE, 0x80)
        bench.chip.write(m.RX_MODE, 0x80)
        assert bench.exchange(b"\x93\x70" + uid) == b"\x20"
        bench.chip.write(m.RX_MODE, 0x00)
        ats = bench.exchange(b"\xe0\x50")
        assert ats[-2:] == crc_a(ats[:-2]) and ats[0] == len(ats) - 2

    play(test)


def test_a_collision_is_told_with_its_position_and_the_bits_behind_it_are_zero():
    def test(bench):
        bench.field.add(Echo(uid="0401FF03"))
        bench.field.add(Echo(uid="0401F703"))
        bench.exchange(b"\x52", 7)
        bench.chip.write(m.COLL, 0x00)
        heard = bench.exchange(b"\x93\x20")
        assert bench.chip.read(m.ERROR) & 0x08
        assert bench.chip.read(m.COLL) & 0x1F == 16 + 3 + 1
        assert heard[:3] == bytes.fromhex("040107")

    play(test)


def test_a_split_byte_is_put_behind_the_bits_that_were_sent():
    def test(bench):
        bench.field.place(Echo(uid="0401F703"))
        bench.exchange(b"\x52", 7)
        rest = bench.exchange(b"\x93\x45\x04\x01\x17", 5, 5)
        assert rest[0] & 0xE0 == 0xF7 & 0xE0 and rest[1] == 0x03 and len(rest) == 3

    play(test)


def test_the_irq_pin_follows_the_enabled_requests():
    line = Line()

    def test(bench):
        bench.chip.write(m.COM_I_EN, 0x80 | m.IRQ_TIMER)
        assert line.level
        bench.exchange(b"\x52", 7)
        bench.wait(10_000)
        assert not line.level
        bench.chip.write(m.COM_IRQ, 0x7F)
        assert line.level

    play(test, irq=line)


def test_the_crc_coprocessor_gives_the_annex_example():
    def test(bench):
        bench.chip.write(m.MODE, 0x3D)
        bench.chip.write(m.FIFO_LEVEL, 0x80)
        for byte in b"\x12\x34":
            bench.chip.write(m.FIFO_DATA, byte)
        bench.chip.write(m.COMMAND, m.CALC_CRC)
        assert (bench.chip.read(m.CRC_LOW), bench.chip.read(m.CRC_HIGH)) == (0x26, 0xCF)

    play(test)


@pytest.mark.parametrize(
    "speed, rate", [(0xEB, 9600), (0xDA, 14400), (0xCB, 19200), (0x9A, 57600), (0x7A, 115200)]
)
def test_uart_rates_are_those_of_table_9(speed, rate):
    def test(bench):
        bench.chip.write(m.SERIAL_SPEED, speed)
        assert abs(bench.chip.uart_rate - rate) < rate * 0.005

    play(test)


def test_what_the_data_sheet_does_not_allow_is_noted():
    def test(bench):
        bench.chip.write(m.BIT_FRAMING, 0x80)
        bench.chip.write(m.VERSION, 0)
        bench.chip.write(m.TX_MODE, 0x03)
        bench.exchange(b"\x05\x00\x00")
        assert len(bench.chip.faults) == 3

    play(test)


def test_soft_power_down_takes_the_field_and_keeps_the_registers():
    def test(bench):
        bench.chip.write(m.COMMAND, 0x10)
        assert not bench.field.is_on
        bench.chip.write(m.COMMAND, m.IDLE)
        assert bench.field.is_on and bench.chip.read(m.TX_ASK) == 0x40

    play(test)
