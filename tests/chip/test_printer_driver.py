"""drivers.printer against the simulated receipt printer, in virtual time."""

import asyncio
import random

import buses
import pytest
import virtual
from buses import UART, Pin, Timers, Wiring
from onecard.sim.chips.escpos import EscPosPrinter, Printed

from drivers import printer as esc
from drivers.gb18030 import Encoder
from drivers.printer import CoverOpen, PaperOut, Printer, PrinterError

CHARACTERS = "合学小帐支付成功第余额计¥"
CODES = "合学小帐支付成功第余额计￥".encode("gb18030")
BUSY_PIN = 6


class Bench:
    """The printer and its driver; options are the printer's."""

    def __init__(self, has_busy_wire=False, stall_ms=5000, **options):
        wiring = Wiring()
        busy = wiring.line(BUSY_PIN) if has_busy_wire else None
        self.chip = EscPosPrinter(Timers(), busy=busy, **options)
        wiring.uart[0] = self.chip
        self.uart = UART(wiring, 0, self.chip.baud_rate)
        pin = Pin(wiring, BUSY_PIN, Pin.IN) if has_busy_wire else None
        encode = Encoder(CHARACTERS, CODES).encode
        self.printer = Printer(self.uart, encode, pin, stall_ms=stall_ms)


def play(test, is_started=True, **options):
    """Run `test(bench)`; returns (the printer, virtual milliseconds)."""

    async def run():
        bench = Bench(**options)
        if is_started:
            await bench.printer.start()
        start_s = virtual.clock.now_s
        await test(bench)
        took_ms = (virtual.clock.now_s - start_s) * 1000
        assert bench.chip.faults == []
        return bench.chip, took_ms

    return virtual.run(run())


def later(delay_s, action, *values):
    asyncio.get_running_loop().call_later(delay_s, action, *values)


# -- what is printed -------------------------------------------------------------------------


def test_a_receipt_comes_out_as_it_was_meant():
    async def test(bench):
        out = bench.printer
        await out.text("第小学", esc.CENTRE, True, 2)
        await out.text("支付成功")
        await out.pair("合计", "¥12.00")
        await out.pair("No.", "000123", is_bold=True)
        await out.qr(b"https://example/1")
        await out.barcode("A{1}")
        await out.feed(2)
        await out.cut()
        await out.finish()

    paper = play(test)[0].paper
    assert paper == [
        Printed("text", "第小学", "centre", True, (2, 2)),
        Printed("text", "支付成功"),
        Printed("text", "合计" + " " * 21 + "￥12.00"),
        Printed("text", "No." + " " * 23 + "000123", is_bold=True),
        Printed("qr", "https://example/1", "centre"),
        Printed("code128", "A{1}", "centre"),
        Printed("cut", "", "centre"),
    ]


def test_what_does_not_fit_beside_the_amount_stays_whole():
    async def test(bench):
        await bench.printer.pair("x" * 30, "12.00")
        await bench.printer.pair("y", "z" * 40)
        await bench.printer.pair("v" * 27, "12.00")
        await bench.printer.pair("w" * 26, "12.00")
        await bench.printer.finish()

    assert [p.text for p in play(test)[0].paper] == [
        "x" * 30, " " * 27 + "12.00", "y", "z" * 32, "z" * 8,
        "v" * 27, " " * 27 + "12.00", "w" * 26 + " 12.00",
    ]  # fmt: skip


def test_what_the_table_lacks_and_control_characters_become_question_marks():
    async def test(bench):
        await bench.printer.text("a龘b\x1b@\x10\x04\x01\n\x7fé学")
        await bench.printer.finish()

    assert [p.text for p in play(test)[0].paper] == ["a?b?@??????学"]


@pytest.mark.parametrize("codes", [b"", CODES[:-1], CODES + b"x"])
def test_a_table_that_does_not_fit_its_characters_is_refused(codes):
    with pytest.raises(ValueError, match="characters"):
        Encoder(CHARACTERS, codes)


def test_styles_do_not_run_into_the_next_line_or_the_next_start():
    async def test(bench):
        await bench.printer.text("a", esc.RIGHT, True, 3)
        await bench.printer.text("b")
        await bench.printer.text("c", esc.CENTRE)
        await bench.printer.start()
        await bench.printer.text("d")
        await bench.printer.finish()

    assert play(test)[0].paper == [
        Printed("text", "a", "right", True, (3, 3)),
        Printed("text", "b"),
        Printed("text", "c", "centre"),
        Printed("text", "d"),
    ]


@pytest.mark.parametrize("size", [1, 100, 255, 256, 1000, 2331])
def test_qr_codes_of_any_size_keep_their_bytes(size):
    data = random.Random(size).randbytes(3 * size).replace(b"\x10", b"")[:size]

    async def test(bench):
        await bench.printer.qr(data)
        await bench.printer.finish()

    assert play(test)[0].paper[0].text.encode("latin-1") == data


@pytest.mark.parametrize(
    "data", [b"", bytes(2332), b"a\x10\x04b", b"\x10\x05", b"\x10\x14", bytes(1037), bytes(1293)]
)
def test_qr_codes_that_cannot_be_sent_are_refused(data):
    async def test(bench):
        with pytest.raises(ValueError, match="QR"):
            await bench.printer.qr(data)

    play(test)


@pytest.mark.parametrize("text", ["", "x" * 251, "é", "a\n"])
def test_bar_codes_that_code_128_cannot_hold_are_refused(text):
    async def test(bench):
        with pytest.raises(ValueError, match="Code 128"):
            await bench.printer.barcode(text)

    play(test)


@pytest.mark.parametrize("scale", [0, 9])
def test_a_scale_that_printers_do_not_have_is_refused(scale):
    async def test(bench):
        with pytest.raises(ValueError, match="scale"):
            await bench.printer.text("a", scale=scale)

    play(test)


# -- time and flow ---------------------------------------------------------------------------


def test_finish_waits_for_the_paper():
    async def test(bench):
        await bench.printer.text("a")
        await bench.printer.finish()
        assert [p.text for p in bench.chip.paper] == ["a"]
        await bench.printer.feed(100)
        await bench.printer.finish()

    took_ms = play(test)[1]
    assert took_ms == pytest.approx(101 * 30 / 8 / 60 * 1000, rel=0.02)


@pytest.mark.parametrize("has_busy_wire", [False, True])
@pytest.mark.parametrize("baud_rate,buffer_size", [(115200, 1024), (115200, 4096), (9600, 512)])
def test_a_long_receipt_overruns_no_buffer(has_busy_wire, baud_rate, buffer_size):
    lines = [f"{n:04d} " + "小学" * 6 for n in range(150)]

    async def test(bench):
        for line in lines:
            await bench.printer.text(line)
        await bench.printer.finish(60_000)

    options = {"baud_rate": baud_rate, "buffer_size": buffer_size}
    chip, took_ms = play(test, has_busy_wire=has_busy_wire, **options)
    assert [p.text for p in chip.paper] == lines
    # As fast as the paper moves; what is due during a write of this bench happens after it.
    assert 150 * 62.5 <= took_ms < 150 * 62.5 * 1.2


def moments():
    """Of the virtual clock. From the first a wait of the UART's once ended a rounding error early,
    again and again."""
    rng = random.Random(1)
    return 9385.958677423489, *(rng.uniform(1e3, 1e5) for _ in range(30))


def test_no_moment_of_the_virtual_clock_makes_the_bench_wait_for_ever(monkeypatch):
    for now_s in moments():
        monkeypatch.setattr(virtual.clock, "now_s", now_s)
        test_a_long_receipt_overruns_no_buffer(True, 9600, 512)  # raises virtual.Stuck


def test_a_wait_that_ends_a_rounding_error_early_would_be_noticed(monkeypatch):
    """The check can fail: a UART that waits also for what the loop does not wait for."""
    monkeypatch.setattr(buses, "_RESOLUTION_S", 5e-324)
    with pytest.raises(virtual.Stuck, match="it is still"):
        test_no_moment_of_the_virtual_clock_makes_the_bench_wait_for_ever(monkeypatch)


def test_a_printer_without_flow_control_would_lose_bytes():
    async def test(bench):
        bench.uart.from_part = lambda data: b"" if data in (b"\x11", b"\x13") else data
        for n in range(150):
            await bench.printer.text(f"{n:030d}")
        assert "a byte found the buffer full" in bench.chip.faults
        bench.chip.faults.clear()

    play(test, baud_rate=115200, buffer_size=1024)


@pytest.mark.parametrize("has_busy_wire", [False, True])
def test_paper_that_runs_out_in_the_middle_is_told_and_the_rest_follows_the_new_roll(
    has_busy_wire,
):
    async def test(bench):
        with pytest.raises(PaperOut):
            for n in range(200):
                await bench.printer.text(f"{n:030d}")
        before = len(bench.chip.paper)
        assert 25 <= before <= 27
        bench.chip.load_paper()
        await bench.printer.finish()
        texts = [p.text for p in bench.chip.paper]
        assert len(texts) > before and texts == [f"{n:030d}" for n in range(len(texts))]

    play(test, has_busy_wire=has_busy_wire, buffer_size=1024, paper_mm=100, stall_ms=2000)


def test_a_cover_that_is_closed_again_in_time_is_waited_for():
    async def test(bench):
        bench.chip.open_cover()
        later(1.5, bench.chip.close_cover)
        for n in range(10):
            await bench.printer.text(str(n))
        await bench.printer.finish()

    chip, took_ms = play(test)
    assert [p.text for p in chip.paper] == list("0123456789") and took_ms > 1500


def test_a_printer_that_is_stuck_without_a_reason_is_told_in_bounded_time():
    async def test(bench):
        bench.chip._reply(b"\x13")
        await asyncio.sleep(0.1)
        with pytest.raises(PrinterError, match="takes nothing for 5000 ms"):
            await bench.printer.text("a")

    assert 5000 <= play(test)[1] < 5300


# -- state -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "do,flags,error",
    [
        (lambda chip: None, 0, None),
        (EscPosPrinter.open_cover, esc.OFFLINE | esc.COVER_OPEN, CoverOpen),
        (lambda chip: chip.load_paper(0), esc.OFFLINE | esc.PAPER_OUT, PaperOut),
        (lambda chip: chip.load_paper(500), esc.PAPER_LOW, None),
        (lambda chip: chip.jam(True), esc.OFFLINE | esc.FAULT, PrinterError),
    ],
)
def test_the_state_is_told_and_start_says_why_it_cannot_print(do, flags, error):
    async def test(bench):
        do(bench.chip)
        await asyncio.sleep(0.05)
        assert await bench.printer.status() == flags
        if error is None:
            await bench.printer.start()
            return
        for call in (bench.printer.check, bench.printer.start, bench.printer.finish):
            with pytest.raises(error) as caught:
                await call()
            assert type(caught.value) is error

    play(test, is_started=False, stall_ms=500)


def test_the_state_is_told_while_it_prints_a_long_receipt():
    async def test(bench):
        await bench.printer.feed(255)
        assert await bench.printer.status() == 0

    assert play(test)[1] < 100


def test_an_absent_printer_is_a_typed_error_in_bounded_time():
    async def test(bench):
        bench.uart.to_part = lambda data: b""
        with pytest.raises(PrinterError, match="does not answer"):
            await bench.printer.start()
        with pytest.raises(PrinterError, match="does not answer"):
            await bench.printer.finish(500)

    assert play(test)[1] < 1500


def test_a_printer_at_another_rate_is_a_typed_error():
    async def run():
        bench = Bench(baud_rate=115200)
        bench.uart.set_baud(9600)
        with pytest.raises(PrinterError, match="does not answer"):
            await bench.printer.start()

    virtual.run(run())


def test_a_printer_that_is_slower_than_promised_is_told():
    async def test(bench):
        await bench.printer.feed(200)
        with pytest.raises(PrinterError, match="not printed after 300 ms"):
            await bench.printer.finish(300)

    play(test)


@pytest.mark.parametrize("seed", range(8))
def test_garbled_answers_end_in_typed_errors_and_pass(seed):
    rng = random.Random(seed)

    async def test(bench):
        bench.uart.from_part = lambda data: bytes(b ^ 1 << rng.randrange(8) for b in data)
        for _ in range(20):
            try:
                await bench.printer.check()
            except PrinterError:
                pass
        bench.uart.from_part = lambda data: data
        await bench.printer.start()
        assert await bench.printer.status() == 0

    play(test)


def test_the_simulated_printer_notices_what_is_not_defined():
    async def run():
        bench = Bench()
        for data in (b"\x1b\x01", b"\x10\x04\x09", b"\x1dr\x09", b"\x1dk\x41\x01x", b"\x81\xff\n",
                     b"\x1d(k\x03\x001Q0", b"\x1d(X\x01\x00\x00"):  # fmt: skip
            bench.uart.write(data)
        await asyncio.sleep(1)
        return bench.chip.faults

    assert len(virtual.run(run())) == 7
