"""drivers.scanner against the simulated GM65, in virtual time at 9600 bit/s."""

import asyncio
import binascii
import random

import pytest
import virtual
from buses import UART, Timers, Wiring
from onecard.sim.chips.gm65 import GM65Chip

from drivers.scanner import BadCode, Scanner, ScannerError

QR = b"https://pay.example/000123?t=7"


class Bench:
    """The module with the driver before it; options are the driver's."""

    def __init__(self, **options):
        self.chip = GM65Chip(Timers())
        self.chip.power_on()
        self.uart = UART(Wiring(uart={0: self.chip}), 0, 9600)
        self.scanner = Scanner(self.uart, **options)

    def say(self, data):
        """Bytes on the line that no code before the window caused."""
        self.chip.send(data, 0)


def play(test, is_started=True, **options):
    """Run `test(bench)`; returns (result, virtual milliseconds)."""

    async def run():
        bench = Bench(**options)
        if is_started:
            await bench.scanner.start()
        start_s = virtual.clock.now_s
        result = await test(bench)
        assert bench.chip.faults == []
        return result, (virtual.clock.now_s - start_s) * 1000

    return virtual.run(run())


def later(delay_s, action, *values):
    asyncio.get_running_loop().call_later(delay_s, action, *values)


# -- the protocol as the manual prints it ----------------------------------------------------


@pytest.mark.parametrize(
    "command,answer",
    [
        ("7E00070100 2A02 D80F", "0200000239 01C14C"),
        ("7E00080100 0201 ABCD", "02000001003331"),
        ("7E00090100 0000 DEC8", "02000001003331"),
        ("7E00080100 D950 81D3", "02000001003331"),
    ],
)
def test_the_simulated_module_answers_as_the_manual_prints_it(command, answer):
    async def test(bench):
        bench.uart.write(bytes.fromhex(command))
        await asyncio.sleep(0.1)
        return bench.uart.read()

    assert play(test, is_started=False)[0] == bytes.fromhex(answer)


def test_a_command_with_a_wrong_check_is_not_answered():
    async def test(bench):
        bench.uart.write(bytes.fromhex("7E000701002A02D80E"))
        await asyncio.sleep(0.1)
        return bench.uart.read()

    assert play(test, is_started=False)[0] is None


# -- scanning --------------------------------------------------------------------------------


def test_a_code_that_is_held_before_the_window_is_scanned():
    async def test(bench):
        later(0.5, bench.chip.show, QR)
        code = await bench.scanner.scan(3000)
        assert not bench.chip.is_looking
        return code

    code, took_ms = play(test)
    assert code == QR
    assert took_ms == pytest.approx(500 + 60 + 31 * 10 / 9.6, abs=30)


def test_no_code_is_none_in_time_and_the_light_goes_off():
    async def test(bench):
        later(0.2, lambda: lit.append(bench.chip.is_looking))
        code = await bench.scanner.scan(1000)
        assert not bench.chip.is_looking
        return code

    lit = []
    code, took_ms = play(test)
    assert code is None and lit == [True] and 1000 <= took_ms < 1100


def test_one_code_after_the_other():
    async def test(bench):
        for number in range(20):
            bench.chip.show(b"%013d" % number)
            assert await bench.scanner.scan(1000) == b"%013d" % number

    play(test)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 200, 512])
def test_codes_of_any_size_and_any_bytes_but_line_ends_come_whole(size):
    code = bytes(b for b in random.Random(size).randbytes(2 * size + 64) if b not in b"\r\n")[
        :size
    ]

    async def test(bench):
        bench.chip.show(code)
        return await bench.scanner.scan(2000)

    assert play(test)[0] == code


@pytest.mark.parametrize(
    "code",
    [
        b"\x80\r", b"\x80\r\n", b"\x80\n", b"\x81ab\rcd\ne\r\nf", b"\x80" + b"\r" * 40,
        b"\x80" + bytes(range(256)), b"\x80\r\n\r", b"\x80\x81\x82",
    ],
)  # fmt: skip
def test_a_binary_code_may_have_line_ends_anywhere(code):
    """A ride code has the time in it: for 18 hours on end each may have a 0A or 0D."""

    async def test(bench):
        bench.chip.show(code)
        found = await bench.scanner.scan(1000)
        bench.chip.show(b"and text")
        return found, await bench.scanner.scan(1000)

    found, text = play(test)[0]
    assert found == code and text == b"and text"


def test_a_code_that_looks_like_an_answer_is_a_code():
    async def test(bench):
        bench.chip.show(bytes.fromhex("02000001003331"))
        return await bench.scanner.scan(1000)

    assert play(test)[0] == bytes.fromhex("02000001003331")


def test_the_module_is_found_though_it_scans_on_its_own_at_power_up():
    async def test(bench):
        bench.chip.show(QR)
        assert bench.chip.is_looking  # continuous mode is what it is delivered with
        await asyncio.sleep(0.07)  # in the middle of sending a code
        await bench.scanner.start()
        bench.chip.show(b"next")
        return await bench.scanner.scan(1000)

    assert play(test, is_started=False)[0] == b"next"


def test_continuous_mode_gives_codes_as_they_come():
    async def test(bench):
        await bench.scanner.start(is_continuous=True)
        found = []
        for code in (b"first", b"second"):
            bench.chip.show(code)
            found.append(await bench.scanner.read(3000))
        bench.chip.show(None)
        found.append(await bench.scanner.read(3000))
        return found

    assert play(test)[0] == [b"first", b"second", None]


def test_two_codes_in_one_portion_are_two_codes_and_empty_lines_are_none():
    async def test(bench):
        bench.say(b"\r\n\r\none\r\n\r\ntwo\r")
        return [await bench.scanner.read(500) for _ in range(3)]

    assert play(test)[0] == [b"one", b"two", None]


# -- errors ----------------------------------------------------------------------------------


def test_an_absent_module_is_a_typed_error_in_bounded_time():
    async def test(bench):
        bench.uart.to_part = lambda data: b""
        for call in (bench.scanner.start(), bench.scanner.scan(1000)):
            with pytest.raises(ScannerError, match="does not answer about zone"):
                await call

    assert play(test)[1] < 1500


def test_a_module_at_another_rate_is_a_typed_error():
    async def test(bench):
        bench.chip.baud_rate = 115200
        with pytest.raises(ScannerError, match="does not answer"):
            await bench.scanner.start()

    play(test, is_started=False)


def test_a_module_that_refuses_is_told_apart():
    body = bytes.fromhex("010100")
    answer = b"\x02\x00" + body + binascii.crc_hqx(body, 0).to_bytes(2, "big")

    async def test(bench):
        bench.uart.from_part = lambda data: answer
        with pytest.raises(ScannerError, match="refuses zone 0002: 01"):
            await bench.scanner.scan(1000)

    play(test)


@pytest.mark.parametrize("size", [17, 30, 200])
def test_a_code_that_is_too_long_is_a_typed_error_and_the_next_is_right(size):
    async def test(bench):
        bench.chip.show(b"x" * size)
        with pytest.raises(BadCode, match="longer than 16 bytes"):
            await bench.scanner.scan(1000)
        bench.chip.show(b"y" * 16)
        return await bench.scanner.scan(1000)

    assert play(test, most=16)[0] == b"y" * 16


def test_a_code_that_is_cut_off_is_a_typed_error_and_the_next_is_right():
    async def test(bench):
        bench.say(b"hal")
        with pytest.raises(BadCode, match="cut off after 3 bytes"):
            await bench.scanner.read(1000)
        bench.chip.show(QR)
        return await bench.scanner.scan(1000)

    assert play(test)[0] == QR


def test_an_endless_stream_without_a_line_end_is_given_up_on():
    async def test(bench):
        bench.say(b"\xff" * 5000)
        with pytest.raises(BadCode, match="longer"):
            await bench.scanner.read(6000)

    play(test, most=100)


def test_endless_line_ends_are_no_code_in_bounded_time():
    async def test(bench):
        for _ in range(300):
            bench.say(b"\r")
        return await bench.scanner.read(100)

    code, took_ms = play(test)
    assert code is None and took_ms < 200


@pytest.mark.parametrize("lost", range(1, 4))
def test_an_answer_that_is_garbled_or_lost_is_asked_for_again(lost):
    async def test(bench):
        count = [0]

        def garble(data):
            count[0] += 1
            return data if count[0] >= lost else bytes(b ^ 0x04 for b in data)

        bench.uart.from_part = garble
        bench.chip.show(QR)
        return await bench.scanner.scan(1000)

    assert play(test)[0] == QR


@pytest.mark.parametrize("bit", range(7 * 8))
def test_any_flipped_bit_of_an_answer_is_noticed_and_its_settings_are_never_guessed(bit):
    async def test(bench):
        answers = []

        def flip_the_first(data):
            answers.append(data)
            if len(answers) > 1:
                return data
            raw = bytearray(data)
            raw[bit // 8] ^= 1 << bit % 8
            return bytes(raw)

        bench.uart.from_part = flip_the_first
        await bench.scanner.start()
        return bench.chip._zones[0]

    assert play(test, is_started=False)[0] == 0xD5  # as delivered, but for the mode


@pytest.mark.parametrize("seed", range(12))
def test_noise_on_the_line_ends_in_a_code_none_or_a_typed_error_and_passes(seed):
    rng = random.Random(seed)

    def noisy(data):
        raw = bytearray(data)
        for at in range(len(raw)):
            if rng.random() < 0.1:
                raw[at] ^= 1 << rng.randrange(8)
        return bytes(b for b in raw if rng.random() > 0.05)

    async def test(bench):
        bench.uart.from_part = noisy
        for _ in range(10):
            bench.chip.show(QR)
            try:
                code = await bench.scanner.scan(300)
            except ScannerError:
                continue
            assert code is None or isinstance(code, bytes)
        bench.uart.from_part = lambda data: data
        bench.chip.show(QR)
        await asyncio.sleep(1)
        return await bench.scanner.scan(1000)

    assert play(test)[0] == QR


def test_the_simulated_module_notices_what_is_not_defined():
    async def run():
        bench = Bench()
        for command in ("7E000B010000 00 ABCD", "7E0008010100 01 ABCD", "7E00080100D9 55 ABCD"):
            bench.uart.write(bytes.fromhex(command))
        bench.uart.write(bytes.fromhex("7E000802002A 1111 ABCD"))
        await asyncio.sleep(0.2)
        return bench.chip.faults

    assert len(virtual.run(run())) == 4


def test_the_simulated_module_changes_its_rate_and_keeps_saved_settings():
    async def run():
        bench = Bench()
        bench.uart.write(bytes.fromhex("7E000802002A 1A00 ABCD"))
        await asyncio.sleep(0.2)
        bench.uart.set_baud(115200)
        bench.uart.write(bytes.fromhex("7E00080100 00D1 ABCD 7E00090100 0000 DEC8"))
        await asyncio.sleep(0.2)
        bench.chip.power_on()
        assert bench.chip.baud_rate == 115200 and not bench.chip.is_looking
        await bench.scanner.start()
        bench.uart.write(bytes.fromhex("7E00080100 D950 81D3"))
        await asyncio.sleep(0.2)
        return bench.chip.baud_rate

    assert virtual.run(run()) == 9600
