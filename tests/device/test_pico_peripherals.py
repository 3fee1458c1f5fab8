"""The drivers of the peripherals in the UF2, on the virtual Pico's own buses and pins."""

import pytest
from onecard.sim.buses import UartPart, Wiring
from onecard.sim.chips.ds3231 import DS3231Chip
from onecard.sim.chips.escpos import EscPosPrinter
from onecard.sim.chips.gm65 import GM65Chip
from onecard.sim.chips.keypad import KeyMatrix
from onecard.sim.chips.ssd1306_wires import SSD1306OnSpi
from onecard.sim.chips.st7789 import ST7789Chip
from onecard.sim.rp2040_wiring import PicoWiring
from onecard.sim.timers import AlarmTimers
from onecard.sim.worlds.pico import PicoWorld
from pico_repl import open_repl

pytestmark = pytest.mark.pico

DC, RESET, OLED_CS, TFT_CS = 6, 7, 28, 24  # the reader has the pins of SPI 0
LED = 25
ROWS, COLUMNS = (10, 11, 12, 13), (14, 22, 26, 27)


class Plug(UartPart):
    """A socket on a UART: `part` is what is plugged in."""

    def __init__(self):
        self.part = UartPart()

    def put(self, part):
        part.power_on()
        part.send = self.send
        self.part, self.baud_rate = part, part.baud_rate
        return part

    def receive(self, data):
        self.part.receive(data)


class Pico:
    """A Pico at its REPL with all of our parts beside the terminal's."""

    def __init__(self, uf2):
        self.timers, self.wiring, self.plug = AlarmTimers(), Wiring(), Plug()
        lines = {pin: self.wiring.line(pin) for pin in (DC, RESET, OLED_CS, TFT_CS, LED)}
        self.oled = SSD1306OnSpi(self.timers, lines[DC], lines[RESET])
        self.tft = ST7789Chip(self.timers, lines[DC], lines[RESET])
        self.wiring.add_spi(1, OLED_CS, self.oled)
        self.wiring.add_spi(1, TFT_CS, self.tft)
        self.clock = DS3231Chip(self.timers)
        self.wiring.i2c[1] = [self.clock]
        self.wiring.uart[0] = self.plug
        rows, columns = ([self.wiring.line(pin) for pin in pins] for pins in (ROWS, COLUMNS))
        self.keys = KeyMatrix(self.timers, rows, columns, bounce_us=8_000, seed=4)
        self.world = open_repl(PicoWorld(uf2, extra=(self.timers, PicoWiring(self.wiring))))
        self.exec("import asyncio, gc, time\nfrom machine import I2C, SPI, UART, Pin")

    def exec(self, code):
        """What the code prints, by lines."""
        return self.world.exec(code).split("\n")[:-1]

    def start(self, code):
        """Begin to run code in the raw REPL; finish() gives what it printed."""
        self.world.bench.out.clear()
        self.world.link_write(code.encode() + b"\x04")

    def finish(self, ms=10_000):
        """Run until the started code has ended."""
        out = self.world.bench.out
        assert self.world.run(ms, lambda: out.count(b"\x04") >= 2), bytes(out)
        printed, error, _ = bytes(out).split(b"\x04", 2)
        assert not error, error.decode()
        return printed[2:].decode().split("\r\n")[:-1]


@pytest.fixture(scope="module")
def pico(uf2):
    """Booted once: that takes longer than any of the tests."""
    one = Pico(uf2)
    yield one
    one.world.close()


# -- displays --------------------------------------------------------------------------------


PANELS = """
from drivers.display.wires import SpiWire
from drivers.display.ssd1306 import SSD1306
from drivers.display.st7789 import ST7789
spi = SPI(1, baudrate=15_000_000, sck=Pin(10), mosi=Pin(11), miso=Pin(12))
pins = [Pin(n, Pin.OUT, value=1) for n in (6, 28, 24, 7)]
oled = SSD1306(SpiWire(spi, pins[0], pins[1], pins[3]))
# a part of the panel: the emulator takes long for each byte
tft = ST7789(SpiWire(spi, pins[0], pins[2]), 64, 32, panel=(160, 80))
def show(display, seed):
    b = display.buffer
    for i in range(len(b)):
        b[i] = (i * 73 + seed) * 151 >> 3 & 255
    display.show()
def allocated(display):
    gc.collect(); gc.disable(); before = gc.mem_alloc()
    for i in range(0, 256, 70):
        display.buffer[i] ^= 0x18
        display.show()
    after = gc.mem_alloc(); gc.enable()
    return after - before
"""


def pattern(size, seed):
    return bytes((i * 73 + seed) * 151 >> 3 & 255 for i in range(size))


def test_both_panels_show_their_pictures_on_one_spi_and_show_allocates_nothing(pico):
    oled, tft = pico.oled.chip, pico.tft
    pico.exec(PANELS)
    pico.exec("show(oled, 1)")
    assert oled.framebuffer() == pattern(1024, 1)
    pico.exec("show(tft, 2)")
    want = pattern(256, 2)
    for x in range(128):
        for y in range(64):
            ink = want[(y // 16) * 64 + x // 2] >> (y // 2 & 7) & 1
            assert tft.pixel(16 + x, 8 + y) == ((255, 255, 255) if ink else (0, 0, 0))
    assert pico.exec("print(allocated(oled), allocated(tft))") == ["0 0"]
    assert oled.faults == [] and tft.faults == []


# -- keypad ----------------------------------------------------------------------------------


def test_keys_are_read_through_pins_and_interrupts_while_the_core_sleeps_between_them(pico):
    pico.exec(
        "from drivers.keypad import Keypad\n"
        "rows = [Pin(n, Pin.OPEN_DRAIN, value=1) for n in (10, 11, 12, 13)]\n"
        "columns = [Pin(n, Pin.IN, Pin.PULL_UP) for n in (14, 22, 26, 27)]\n"
        "pad = Keypad(rows, columns, tuple('123A456B789C*0#D'))\n"
        "async def listen(ms):\n"
        " end = time.ticks_add(time.ticks_ms(), ms)\n"
        " while time.ticks_diff(end, time.ticks_ms()) > 0:\n"
        "  key = pad.read()\n"
        "  if key: print(key)\n"
        "  await asyncio.sleep_ms(50)\n"
        "asyncio.new_event_loop()\n"
    )
    pico.start("asyncio.run(listen(600))")
    pico.world.run(30)
    for row, column in ((0, 0), (1, 1), (3, 3)):
        pico.keys.press(row, column)
        pico.world.run(50)
        pico.keys.release(row, column)
        pico.world.run(50)
    for place in ((0, 0), (0, 1), (1, 0)):  # 5 is the ghost
        pico.keys.press(*place)
        pico.world.run(40)
    assert pico.finish() == ["1", "5", "D", "1", "2"]


# -- signals ---------------------------------------------------------------------------------


def test_a_light_blinks_by_its_pattern_and_a_passive_buzzer_has_its_tone(pico):
    changes = []
    pico.wiring.line(LED).listen(lambda level: changes.append((pico.world.us, level)))
    printed = pico.exec(
        "from machine import PWM\n"
        "from drivers.led import Led\n"
        "from drivers.buzzer import ToneBuzzer\n"
        "pwm = PWM(Pin(16))\n"
        "async def signal():\n"
        " light, sound = Led(Pin(25, Pin.OUT)), ToneBuzzer(pwm, 2700)\n"
        " light.play((30, 20, 10)); sound.play((40,))\n"
        " print(pwm.freq(), pwm.duty_u16() > 0)\n"
        " await asyncio.sleep_ms(100)\n"
        " print(pwm.duty_u16())\n"
        "asyncio.new_event_loop(); asyncio.run(signal()); pwm.deinit()\n"
    )
    assert printed == ["2700 True", "0"]
    levels = [level for _, level in changes]
    assert levels == [True, False, True, False]
    times_ms = [(at_us - changes[0][0]) / 1000 for at_us, _ in changes]
    assert times_ms == pytest.approx([0, 30, 50, 60], abs=3)


# -- clock -----------------------------------------------------------------------------------


def test_the_clock_is_set_read_and_kept_over_a_power_cut_of_its_own(pico):
    printed = pico.exec(
        "from drivers.ds3231 import DS3231\n"
        "c = DS3231(I2C(1, sda=Pin(2), scl=Pin(3), freq=400_000))\n"
        "print(c.is_there(), c.read_s()); c.write_s(1767225599); print(c.read_s())\n"
        "time.sleep_ms(2500); print(c.read_s(), c.temperature_centi_c())\n"
    )
    assert printed == ["True None", "1767225599", "1767225601 2500"]
    pico.clock.power_off()
    assert pico.exec(
        "try: c.read_s()\nexcept OSError as e: print(type(e).__name__, c.is_there())"
    ) == ["ClockError False"]
    pico.world.run(3000)
    pico.clock.power_on()
    assert int(pico.exec("print(c.read_s())")[0]) >= 1767225604
    assert pico.clock.faults == []


# -- scanner and printer ---------------------------------------------------------------------


SCANNER = """
from drivers.uart_port import UartPort
from drivers.scanner import Scanner
uart = UART(0, 9600, tx=Pin(0), rx=Pin(1), rxbuf=600)
s = Scanner(UartPort(uart))
async def play():
    await s.start()
    for _ in range(2):
        print(await s.scan(600))
asyncio.new_event_loop()
"""


def test_a_code_is_scanned_over_uart0_and_a_missing_one_is_none(pico):
    scanner = pico.plug.put(GM65Chip(pico.timers))
    pico.exec(SCANNER)
    scanner.show(b"QR:" + b"0123456789" * 20)
    pico.start("asyncio.run(play())")
    assert pico.world.run(1000, lambda: scanner.reads)
    scanner.show(None)
    assert pico.finish() == [str(b"QR:" + b"0123456789" * 20), "None"]
    assert scanner.faults == []


PRINTER = """
import gb_table
from drivers.uart_port import UartPort
from drivers.gb18030 import Encoder
from drivers.printer import *
uart = UART(0, 115200, tx=Pin(0), rx=Pin(1), txbuf=256)
p = Printer(UartPort(uart), Encoder(gb_table.CHARACTERS, gb_table.CODES).encode, stall_ms=800)
async def play():
    await p.start()
    await p.text("食堂", CENTRE, True, 2)
    for n in range(25):
        await p.pair("金额 %d" % n, "¥12.%02d" % n)
    await p.qr(b"https://example/1")
    await p.cut()
    await p.finish()
    print("printed")
async def stop():
    try:
        for n in range(100):
            await p.text("%030d" % n)
    except PrinterError as error:
        print(type(error).__name__)
asyncio.new_event_loop()
"""


def test_a_receipt_is_printed_over_uart0_and_an_open_cover_is_told(pico):
    printer = pico.plug.put(EscPosPrinter(pico.timers, 115200, buffer_size=1024))
    pico.exec(PRINTER)
    assert pico.exec("asyncio.run(play())") == ["printed"]
    texts = [printed.text for printed in printer.paper]
    assert texts[0] == "食堂" and texts[-2:] == ["https://example/1", ""]
    assert texts[1:-2] == [f"金额 {n}".ljust(32 - 2 - 7) + f"￥12.{n:02d}" for n in range(25)]
    printer.open_cover()
    assert pico.exec("asyncio.run(stop())") == ["CoverOpen"]
    assert printer.faults == []
