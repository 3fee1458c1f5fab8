"""The virtual Pico: its repairs, its sense of time, its link and its power cuts.

Runs on the REPL of the project's own image, whose terminal hands its port over when asked to.
"""

import hashlib
import os
import select
import zlib

import pytest
from ocwire import frame, message
from onecard.sim.cards.purse import PurseCard
from onecard.sim.flash import PowerCut
from onecard.sim.worlds.pico import PicoWorld
from onecard.sim.worlds.pico_terminal import PicoTerminal
from pico_repl import open_repl

pytestmark = pytest.mark.pico

READER = """
from machine import UART, Pin
import time
u = UART(1, 115200, tx=Pin(4), rx=Pin(5), timeout=50)
def frame(b):
    b = b'\\xd4' + b
    return bytes([0, 0, 255, len(b), -len(b) & 255]) + b + bytes([-sum(b) & 255, 0])
def cmd(text):
    u.write(frame(bytes.fromhex(text)))
    ack = u.read(6)
    head = u.read(5)
    return u.read(head[3] + 2)[2:-2].hex() if ack and head else None
u.write(b'\\x55\\x55' + bytes(14))
cmd('1401')
"""


@pytest.fixture(scope="module")
def image(uf2):
    """Flash after the first boot, with its file system made."""
    world = PicoWorld(uf2)
    world.boot()
    world.run(300)
    return world.flash_image()


@pytest.fixture
def world(image):
    """A Pico of its own, at its REPL."""
    one = open_repl(PicoWorld(flash=image))
    yield one
    one.close()


@pytest.fixture(scope="module")
def shared(image):
    """A Pico at its REPL for tests that leave it as they found it."""
    one = open_repl(PicoWorld(flash=image))
    one.exec(READER)
    yield one
    one.close()


def test_reader_answers_on_uart1(shared):
    shared.field.place(PurseCard.make(balance=1234))
    assert shared.exec("print(cmd('4A0100'))").startswith("0101")
    assert shared.exec("print(cmd('400100A4040008A000000632010105'))").startswith("006f")
    assert shared.exec("print(cmd('4001805C000204'))") == "00000004d29000\n"


@pytest.mark.slow
def test_reader_is_lost_at_a_wrong_rate_and_found_at_the_right_one(world):
    world.exec(READER)
    world.exec("cmd('1007'); u.write(b'\\0\\0\\xff\\0\\xff\\0'); u.flush()")
    assert world.exec("print(cmd('02'))") == "None\n"
    world.exec("u.init(921600, timeout=50)")
    assert world.exec("print(cmd('02'))") == "32010607\n"


def test_bytes_on_a_uart_take_ten_bits_each(shared):
    code = "t=time.ticks_us(); u.write(bytes(100)); u.flush(); print(time.ticks_us() - t)"
    assert 8680 <= int(shared.exec(code)) < 9200


def test_display_gets_its_picture_and_the_bus_takes_its_time(shared):
    taken = shared.exec(
        "from machine import I2C, Pin\nimport time\n"
        "i = I2C(0, sda=Pin(8), scl=Pin(9), freq=400000)\n"
        "i.writeto(60, b'\\0\\xae\\x20\\0\\x21\\0\\x7f\\x22\\0\\x07\\xa1\\xc8\\x8d\\x14\\xaf')\n"
        "t = time.ticks_us(); i.writeto(60, b'\\x40' + bytes(range(256)) * 4)\n"
        "print(time.ticks_us() - t)"
    )
    assert shared.framebuffer() == bytes(range(256)) * 4
    assert 1026 * 9 / 0.4 <= int(taken) < 1.2 * 1026 * 9 / 0.4


def test_a_missing_address_is_eio(shared):
    code = "from machine import I2C, Pin\nI2C(0, sda=Pin(8), scl=Pin(9)).writeto(0x33, b'x')"
    with pytest.raises(RuntimeError, match="EIO"):
        shared.exec(code)


def test_buzzer_events_carry_simulated_time(shared):
    shared.exec(
        "from machine import Pin\nimport time\nb = Pin(15, Pin.OUT, value=0)\n"
        "b(1); time.sleep_ms(50); b(0)"
    )
    (on_us, on), (off_us, off) = shared.buzzer_events
    assert (on, off) == (True, False)
    assert 50_000 <= off_us - on_us < 51_000


def test_flash_takes_its_data_sheet_time(shared):
    code = (
        "import rp2, time\nf = rp2.Flash()\n"
        "n = f.ioctl(4, 0) - 1\n"
        "t = time.ticks_us(); f.ioctl(6, n); e = time.ticks_us() - t\n"
        "t = time.ticks_us(); f.writeblocks(n, bytes(256), 0); print(e, time.ticks_us() - t)"
    )
    before = len(shared.flash_operations)
    erase_us, program_us = map(int, shared.exec(code).split())
    assert 45_000 <= erase_us < 46_000 and 400 <= program_us < 800
    assert [op[0] for op in shared.flash_operations[before:]] == [0x20, 0x02]


# Registers: RP2040 data sheet, 3.7.
PIO = """
from machine import mem32
import time
def echo(pio, word):
    for n, code in enumerate((0x80A0, 0xA0C7, 0x8020, 0x0000)):  # pull, mov isr osr, push, jmp 0
        mem32[pio + 0x48 + 4 * n] = code
    mem32[pio + 0x10] = word
    time.sleep_ms(1)
    before = mem32[pio + 4] >> 8 & 1  # FSTAT: nothing has come
    mem32[pio] = 1
    time.sleep_ms(1)
    mem32[pio] = 0
    return before, hex(mem32[pio + 0x20])
print(echo(0x50200000, 0x1234ABCD), echo(0x50300000, 0x2BCD5678))
"""


def test_a_pio_that_is_started_runs_at_once(shared):
    """They are passed over until then (rp2040_pio.py)."""
    assert list(shared.bench.mcu.pio) == []
    assert shared.exec(PIO) == "(1, '0x1234abcd') (1, '0x2bcd5678')\n"
    assert len(list(shared.bench.mcu.pio)) == 2


@pytest.mark.slow
def test_random_numbers_differ_and_follow_the_seed(image):
    def draw(seed):
        one = open_repl(PicoWorld(flash=image, seed=seed))
        return one.exec("import os; print(os.urandom(8))")

    assert draw(5) == draw(5) != draw(6)


def test_a_lot_of_bytes_pass_in_unharmed(shared):
    data = hashlib.shake_256(b"in").digest(25_000)
    shared.exec("import micropython, sys, binascii, time")
    shared.link_write(
        b"micropython.kbd_intr(-1)\nc=0\nn=0\nprint('ready')\n"
        b"while n < 25000:\n b=sys.stdin.buffer.read(500)\n c=binascii.crc32(b,c)\n n+=len(b)\n"
        b"print('crc', c, n)\nmicropython.kbd_intr(3)\n\x04"
    )
    assert shared.run(1000, lambda: b"ready" in shared.bench.out)
    shared.link_write(data)
    assert shared.bench.unsent > 20_000
    assert shared.run(20_000, lambda: b" 25000\r" in shared.bench.out)
    assert shared.bench.unsent == 0
    assert f"crc {zlib.crc32(data)} 25000".encode() in shared.link_read()


def test_a_lot_of_bytes_pass_out_unharmed(shared):
    shared.exec("import sys")
    shared.link_write(
        b"b = bytes((i * 31 + (i >> 8)) & 255 for i in range(499))\n"
        b"for k in range(50): sys.stdout.buffer.write(bytes([k]) + b)\n\x04"
    )
    assert shared.run(30_000, lambda: len(shared.bench.out) >= 25_000 + 2)
    block = bytes((i * 31 + (i >> 8)) & 255 for i in range(499))
    assert b"".join(bytes([k]) + block for k in range(50)) in shared.link_read()


def test_the_link_is_served_on_a_pseudo_terminal(shared):
    fd = os.open(shared.link_pty(), os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(fd, b"\x02\r\nprint(6 * 7)\r\n")
        got = b""
        for _ in range(200):
            shared.serve_once(2.0)
            if select.select([fd], [], [], 0)[0]:
                got += os.read(fd, 4096)
            if b"\r\n42\r\n" in got:
                break
        assert b"\r\n42\r\n" in got
    finally:
        os.close(fd)


@pytest.mark.slow
def test_power_fails_in_the_chosen_operation_and_the_pico_boots_again(image):
    code = "f = open('a', 'wb'); f.write(b'B' * 3000); f.close(); print(open('a', 'rb').read(2))"
    whole = open_repl(PicoWorld(flash=image))
    before = len(whole.flash_operations)
    whole.exec(code)
    count = len(whole.flash_operations) - before
    assert count > 3
    for n, part in ((2, "undefined"), (count, 0.5)):
        one = open_repl(PicoWorld(flash=image))
        one.cut_power_at(n, part, seed=n)
        with pytest.raises(PowerCut):
            one.exec(code)
        with pytest.raises(PowerCut):
            one.run(10)
        one.reboot()
        open_repl(one)
        assert one.exec("import os; print(len(os.listdir()) < 3)") == "True\n"
        assert one.exec(code) == "b'BB'\n"


def test_watchdog_and_reset_bring_the_link_back(world):
    world.exec("import machine")
    world.link_write(b"machine.WDT(timeout=100)\nwhile True: pass\n\x04")
    assert world.run(2000, lambda: world.bench.resets == 1)
    open_repl(world)
    assert world.exec("import machine; print(machine.reset_cause())") == "3\n"


@pytest.mark.slow
def test_two_runs_are_equal(image):
    def run():
        one = open_repl(PicoWorld(flash=image))
        one.field.place(PurseCard.make())
        one.exec(READER)
        one.exec("cmd('4A0100'); f = open('x', 'w'); f.write('1' * 500); f.close()")
        return one.us, one.bench.mcu.core.cycles, hashlib.sha256(one.flash_image()).hexdigest()

    assert run() == run()


class Talk:
    """A terminal world whose port a host tool has open."""

    def __init__(self, world):
        self.world = world
        self.fd = os.open(world.link_path, os.O_RDWR | os.O_NOCTTY)

    def enter_repl(self):
        """True once the terminal has handed its port over."""
        for _ in range(50):
            self.world.step(0.0)
        return self.say(frame.encode(message.pack(message.SERVICE)), b">>> ")

    def say(self, line, answer, steps=600):
        """Write a line; True once the answer was read, False when power went or steps ran out."""
        os.write(self.fd, line)
        got = b""
        for _ in range(steps):
            self.world.step(0.0)
            if not self.world.is_on:
                return False
            if select.select([self.fd], [], [], 0)[0]:
                got += os.read(self.fd, 4096)
            if answer in got:
                return True
        return False


def test_the_terminal_world_keeps_its_flash_over_power_cuts_and_process_ends(uf2, tmp_path):
    one = PicoTerminal(uf2, tmp_path, is_paced=False)
    one.power_on()
    talk = Talk(one)
    assert talk.enter_repl()
    assert talk.say(b"f = open('kept', 'w'); f.write('x'); f.close(); print(6 * 7)\r\n", b"\n42")
    one.cut_power_at(1, "bits")
    assert not talk.say(b"f = open('b', 'w'); f.write('y' * 3000); f.close()\r\n", b"never")
    assert not one.is_on and one.events.power_changes == [True, False]
    before = one.now_ms
    one.power_on()
    assert talk.enter_repl()
    assert talk.say(b"print(len(open('kept').read()))\r\n", b"\n1")
    assert one.now_ms > before > 100
    one.close()
    os.close(talk.fd)

    two = PicoTerminal(uf2, tmp_path, is_paced=False)
    two.power_on()
    talk = Talk(two)
    assert talk.enter_repl()
    assert talk.say(b"import os; print(os.listdir())\r\n", b"'kept'")
    two.close()
    os.close(talk.fd)


def test_the_terminal_world_tells_what_is_programmed_in_the_journal(uf2, tmp_path):
    one = PicoTerminal(uf2, tmp_path, is_paced=False)
    one.power_on()
    talk = Talk(one)
    assert talk.enter_repl()
    line = (
        b"import rp2; f = rp2.Flash(); f.writeblocks(f.ioctl(4, 0) - 1, b'journal!', 256);"
        b" print(6 * 7)\r\n"
    )
    assert talk.say(line, b"\n42")
    address = 1316 * 1024 - 4096 + 256
    assert one.events.programmed[-1] == address
    assert one.journal_read(address, 8) == b"journal!"
    one.close()
    os.close(talk.fd)
