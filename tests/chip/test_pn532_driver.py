"""drivers.reader.pn532 against the simulated chip at byte level, in virtual time."""

import asyncio
import random
import time

import pytest
import virtual
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import FaultyCard, PlainTag
from onecard.sim.chips.pn532 import PN532Chip
from onecard.sim.field import Field

from drivers.reader import pn532
from drivers.reader.base import CardGone, LinkError
from drivers.reader.pn532 import PN532
from drivers.reader.pn532_frame import ABORT_OR_ACK, put_frame
from drivers.reader.pn532_frame import ACK as ACK_FRAME
from drivers.reader.pn532_link import TIMED_OUT, HsuLink

SELECT = bytes.fromhex("00A4040008A000000632010105")
ACK = bytes.fromhex("0000FF00FF00")


class Port:
    """The UART between driver and chip. Bytes sent at another rate than the chip's are garbled.

    from_chip, to_chip: called with each piece, return what arrives. max_rate: what the cable can.
    """

    def __init__(self, chip_field, max_rate=921600):
        self.chip = PN532Chip(chip_field, self._send)
        self.from_chip = self.to_chip = lambda data: data
        self.baud, self.max_rate = 115200, max_rate
        self.written = []
        self._incoming = bytearray()

    def _is_clear(self):
        return self.baud == self.chip.baud_rate <= self.max_rate

    def _send(self, data, after_us):
        done = []

        def deliver():
            done.append(True)
            arriving = self.from_chip(data)
            self._incoming += arriving if self._is_clear() else bytes(b | 0x91 for b in arriving)

        handle = asyncio.get_running_loop().call_later(after_us / 1e6, deliver)

        def cancel():
            handle.cancel()
            return not done

        return cancel

    # -- what the driver uses ------------------------------------------------------------

    def write(self, data):
        data = bytes(data)
        self.written.append(data)
        data = self.to_chip(data)
        if self._is_clear():
            self.chip.feed(data)

    async def read_into(self, view, timeout_ms):
        start = time.ticks_ms()
        while not self._incoming:
            if time.ticks_diff(time.ticks_ms(), start) >= timeout_ms:
                return 0
            await asyncio.sleep_ms(1)
        count = min(len(view), len(self._incoming))
        view[:count] = bytes(self._incoming[:count])
        del self._incoming[:count]
        return count

    def set_baud(self, rate):
        self.baud = rate

    def clear(self):
        self._incoming.clear()


class Bench:
    """A driver on a port on a chip with a field."""

    def __init__(self, **options):
        is_fast = options.pop("is_fast", True)
        self.field = Field()
        self.port = Port(self.field, **options)
        self.chip = self.port.chip
        self.reader = PN532(HsuLink(self.port, is_fast))


def card(**options):
    return PurseCard.make(balance=1000, apdu_us=0, **options)


def session(test, **options):
    """Run `test(bench)` after the reader has started; returns (result, virtual milliseconds)."""

    async def play():
        bench = Bench(**options)
        await bench.reader.start()
        start = virtual.clock.now_s
        result = await test(bench)
        return result, (virtual.clock.now_s - start) * 1000

    return virtual.run(play())


async def one_card(bench, a_card):
    bench.field.place(a_card)
    target = await bench.reader.poll(200)
    assert target is not None
    return target


# -- start ----------------------------------------------------------------------------------


def test_start_wakes_the_chip_reads_its_version_and_raises_the_line():
    async def test(bench):
        assert bench.reader.firmware == b"\x01\x06"
        assert bench.port.baud == bench.chip.baud_rate == 921600
        assert bench.chip.faults == []

    session(test)


def test_start_stays_at_115200_when_asked_to():
    async def test(bench):
        assert bench.port.baud == bench.chip.baud_rate == 115200
        assert 0x10 not in bench.chip.commands

    session(test, is_fast=False)


def test_a_chip_that_refuses_the_higher_rate_is_used_at_the_old_one():
    async def test():
        bench = Bench()
        del bench.chip._table[0x10]
        await bench.reader.start()
        assert bench.port.baud == bench.chip.baud_rate == 115200
        assert (await one_card(bench, card())).is_iso_dep

    virtual.run(test())


def test_a_cable_that_cannot_carry_the_higher_rate_ends_at_115200_after_the_chips_reset():
    async def test():
        bench = Bench(max_rate=115200)
        with pytest.raises(LinkError):  # the chip is at 921600 by now and cannot be heard
            await bench.reader.start()
        bench.chip.power_on()
        await bench.reader.start()
        assert bench.port.baud == bench.chip.baud_rate == 115200

    virtual.run(test())


def test_a_restart_of_the_terminal_finds_the_chip_at_its_higher_rate():
    async def test(bench):
        again = PN532(HsuLink(bench.port))
        bench.port.baud = 115200
        await again.start()
        assert bench.port.baud == bench.chip.baud_rate == 921600
        bench.reader = again
        assert await one_card(bench, card())

    session(test)


def test_a_restart_in_the_middle_of_an_endless_search_finds_the_chip():
    async def test(bench):
        bench.port.write(bytes.fromhex("0000FF04FCD44A0100E100"))  # InListPassiveTarget
        again = PN532(HsuLink(bench.port))
        await again.start()
        bench.reader = again
        assert await one_card(bench, card())

    session(test)


def test_start_again_and_again_does_no_harm():
    async def test(bench):
        for _ in range(5):
            await bench.reader.start()
            assert bench.port.baud == 921600
        assert await one_card(bench, card())

    session(test)


def test_an_absent_chip_is_a_link_error_in_bounded_time():
    async def test():
        bench = Bench()
        bench.port.to_chip = lambda data: b""
        start = virtual.clock.now_s
        with pytest.raises(LinkError, match="does not acknowledge command 14"):
            await bench.reader.start()
        assert virtual.clock.now_s - start < 3

    virtual.run(test())


def test_another_chip_is_told_by_its_version():
    async def test():
        bench = Bench()
        bench.chip._table[0x02] = lambda data: bytes.fromhex("33010607")
        with pytest.raises(LinkError, match=r"not a PN532.*33010607"):
            await bench.reader.start()

    virtual.run(test())


# -- poll -----------------------------------------------------------------------------------


@pytest.mark.parametrize("timeout_ms", [0, 150, 1000])
def test_an_empty_field_is_none_in_time(timeout_ms):
    async def test(bench):
        return await bench.reader.poll(timeout_ms)

    result, took_ms = session(test)
    assert result is None and timeout_ms <= took_ms < timeout_ms + 200


def test_a_card_that_comes_while_searching_is_found_at_once():
    async def test(bench):
        asyncio.get_running_loop().call_later(0.3, bench.field.place, card())
        target = await bench.reader.poll(1000)
        assert target.uid == bytes.fromhex("04A1B2C3") and target.is_iso_dep
        assert target.ats == bytes.fromhex("0578807002")

    _, took_ms = session(test)
    assert took_ms < 330


@pytest.mark.parametrize("size", [4, 7, 10])
def test_identities_of_all_sizes_are_read(size):
    async def test(bench):
        target = await one_card(bench, card(uid=bytes(range(8, 8 + size))))
        assert target.uid == bytes(range(8, 8 + size))

    session(test)


def test_a_plain_tag_is_no_iso_dep_card_and_its_exchange_fails_typed():
    async def test(bench):
        target = await one_card(bench, PlainTag())
        assert not target.is_iso_dep and target.ats == b""
        with pytest.raises(CardGone):
            await target.exchange(SELECT)

    session(test)


# -- exchange -------------------------------------------------------------------------------


def test_an_exchange_is_what_the_card_says():
    async def test(bench):
        a_card = card()
        target = await one_card(bench, a_card)
        answer = await target.exchange(SELECT)
        assert answer == card().process(SELECT)
        assert await target.exchange(bytes.fromhex("805C000204")) == bytes.fromhex("000003E89000")

    session(test)


@pytest.mark.parametrize("size", [1, 250, 253, 254, 255, 256])
def test_answers_of_any_size_come_whole_in_ordinary_and_extended_frames(size):
    async def test(bench):
        want = random.Random(size).randbytes(size) + b"\x90\x00"
        target = await one_card(bench, FaultyCard(card(), 0xB0, want))
        assert await target.exchange(bytes.fromhex("00B0950000")) == want

    session(test)


@pytest.mark.parametrize("size", [5, 60, 61, 62, 250, 251, 252, 253, 254, 255, 261])
def test_commands_of_any_size_arrive_whole(size):
    async def test(bench):
        seen = []

        def remember(apdu, right):
            seen.append(apdu)
            return b"\x90\x00"

        target = await one_card(bench, FaultyCard(card(), 0xD6, remember))
        data = bytes(range(min(255, size - 5)))
        command = bytes.fromhex("00D68000") + bytes((len(data),)) + data
        command += bytes(size - len(command))  # Le
        assert await target.exchange(command) == b"\x90\x00" and seen == [command]

    session(test)


def test_an_answer_that_never_ends_is_a_link_error():
    async def test(bench):
        target = await one_card(bench, card())
        bench.chip._table[0x40] = lambda data: b"\x40" + bytes(200)
        with pytest.raises(LinkError, match="longer than a short APDU"):
            await target.exchange(SELECT)

    session(test)


def test_a_card_that_leaves_at_any_byte_of_an_exchange_is_gone_and_the_next_is_found():
    async def test(bench):
        for n in range(1, 90):
            bench.field.place(card(), leave_after_bytes=n)
            target = await bench.reader.poll(0)
            try:
                answer = target and await target.exchange(SELECT)
                assert answer is None or answer == card().process(SELECT)
            except CardGone:
                assert bench.field.card is None
            bench.field.remove()
        target = await one_card(bench, card())
        assert (await target.exchange(SELECT))[-2:] == b"\x90\x00"

    session(test)


@pytest.mark.parametrize("code", range(1, 0x40))
def test_every_error_code_is_a_typed_error(code):
    async def test(bench):
        target = await one_card(bench, card())
        bench.chip._table[0x40] = lambda data: bytes((code,))
        with pytest.raises(CardGone if code in pn532._GONE else LinkError, match=f"{code:02X}"):
            await target.exchange(SELECT)

    session(test)


def test_a_card_that_asks_for_time_gets_it():
    async def test(bench):
        slow = card()
        slow.apdu_us = 900_000.0
        target = await one_card(bench, slow)
        assert (await target.exchange(SELECT))[-2:] == b"\x90\x00"

    _, took_ms = session(test)
    assert 900 < took_ms < 1200


# -- presence -------------------------------------------------------------------------------


@pytest.mark.parametrize("has_diagnose", [True, False])
def test_presence_is_told_with_the_chips_test_and_without(has_diagnose):
    async def test(bench):
        if not has_diagnose:
            del bench.chip._table[0x00]
        target = await one_card(bench, card())
        for _ in range(3):
            assert await target.is_present()
        bench.field.remove()
        assert not await target.is_present()
        assert not await target.is_present()
        assert await one_card(bench, card(uid=bytes.fromhex("01020304")))

    session(test)


def test_the_chips_presence_test_leaves_the_application_selected():
    async def test(bench):
        target = await one_card(bench, card())
        await target.exchange(SELECT)
        assert await target.is_present()
        assert await target.exchange(bytes.fromhex("805C000204")) == bytes.fromhex("000003E89000")

    session(test)


# -- the line fails -------------------------------------------------------------------------


def losing(frames, change):
    """A function for Port.from_chip that changes the n-th piece for each n in frames."""
    count = [0]

    def pass_on(data):
        count[0] += 1
        return change(data) if count[0] in frames else data

    return pass_on


def test_a_lost_ack_has_the_command_sent_again():
    async def test(bench):
        target = await one_card(bench, card())
        bench.port.from_chip = losing({1}, lambda data: b"")
        assert (await target.exchange(SELECT))[-2:] == b"\x90\x00"

    session(test)


def flipped(data, bit):
    raw = bytearray(data)
    raw[bit // 8] ^= 1 << bit % 8
    return bytes(raw)


def test_any_bit_flip_in_a_response_is_repaired_or_a_typed_error_and_never_a_wrong_answer():
    right = card().process(SELECT)

    async def test(bench):
        outcomes = []
        target = await one_card(bench, card())
        bits = range(0, (len(right) + 11) * 8, 5)
        for bit in bits:
            bench.port.from_chip = losing({2}, lambda data, bit=bit: flipped(data, bit))
            try:
                assert await target.exchange(SELECT) == right, bit
                outcomes.append("right")
            except LinkError:
                outcomes.append("error")
                bench.port.from_chip = lambda data: data
                await bench.reader.start()
                target = await one_card(bench, card())
        print({kind: outcomes.count(kind) for kind in ("right", "error")})
        assert outcomes.count("right") > 0.8 * len(outcomes)

    session(test)


def test_a_garbled_response_is_asked_for_again_with_a_nack():
    async def test(bench):
        target = await one_card(bench, card())
        bench.port.from_chip = losing({2}, lambda data: flipped(data, 90))
        del bench.port.written[:]
        assert (await target.exchange(SELECT))[-2:] == b"\x90\x00"
        assert pn532.NACK in bench.port.written
        assert bench.chip.commands.count(0x40) == 1  # the card was asked once

    session(test)


def test_responses_that_stay_garbled_are_a_link_error():
    async def test(bench):
        target = await one_card(bench, card())
        bench.port.from_chip = lambda data: data if data == ACK else flipped(data, 90)
        with pytest.raises(LinkError, match="garbled responses to command 40"):
            await target.exchange(SELECT)

    session(test)


def test_noise_before_a_frame_is_passed_over():
    seed = 4
    print("seed", seed)
    rng = random.Random(seed)

    def noisy(data):
        noise = rng.randbytes(rng.randrange(6)).replace(b"\xff", b"\xfe")
        return noise + bytes(rng.randrange(4)) + data

    async def test(bench):
        bench.port.from_chip = noisy
        for _ in range(30):
            target = await one_card(bench, card())
            assert (await target.exchange(SELECT))[-2:] == b"\x90\x00"
            bench.field.remove()

    session(test)


def test_frames_in_single_bytes_are_put_together():
    async def test(bench):
        whole = bench.port.read_into

        async def one_byte(view, timeout_ms):
            return await whole(view[:1], timeout_ms)

        bench.port.read_into = one_byte
        target = await one_card(bench, card())
        assert await target.exchange(SELECT) == card().process(SELECT)

    session(test)


def test_a_syntax_error_is_told_as_such():
    async def test(bench):
        with pytest.raises(pn532.SyntaxErrorFrame, match="refuses command 66"):
            await bench.reader.command(0x66, b"")
        assert await one_card(bench, card())

    session(test)


@pytest.mark.parametrize("answers", [0, 1])
def test_a_chip_that_stops_answering_is_a_link_error_in_bounded_time(answers):
    async def test(bench):
        target = await one_card(bench, card())
        left = [answers]

        def dying(data):
            left[0] -= 1
            return data if left[0] >= 0 else b""

        bench.port.from_chip = dying
        with pytest.raises(LinkError):
            await target.exchange(SELECT)
        bench.port.from_chip = lambda data: data
        await bench.reader.start()
        bench.field.remove()
        assert await one_card(bench, card())

    _, took_ms = session(test)
    assert took_ms < 7000


def test_a_chip_that_lost_its_power_is_a_link_error_and_comes_back_with_start():
    async def test(bench):
        target = await one_card(bench, card())
        bench.chip.power_on()
        with pytest.raises(LinkError):
            await target.exchange(SELECT)
        await bench.reader.start()
        assert bench.chip.baud_rate == 921600
        bench.field.remove()
        assert await one_card(bench, card())

    session(test)


def test_any_bytes_from_the_line_end_in_a_typed_error_or_an_answer():
    seed = 6
    print("seed", seed)
    rng = random.Random(seed)

    async def test(bench):
        for _ in range(150):
            bench.port.from_chip = lambda data: (
                rng.randbytes(rng.randrange(40)) + (b"\x00\xff" if rng.random() < 0.3 else b"")
            )
            try:
                await bench.reader.poll(0)
            except LinkError:
                pass
        bench.port.from_chip = lambda data: data
        await bench.reader.start()
        assert await one_card(bench, card())

    session(test)


def test_commands_that_do_not_fit_a_frame_are_refused():
    buf = bytearray(300)
    assert put_frame(buf, 0x40, bytes(263)) == 275
    with pytest.raises(ValueError, match="264 bytes"):
        put_frame(buf, 0x40, bytes(264))


def test_frames_are_those_of_the_manual():
    buf = bytearray(300)
    size = put_frame(buf, 0x02, b"")
    assert bytes(buf[:size]).hex() == "0000ff02fed4022a00"
    size = put_frame(buf, 0x40, bytes(257))  # LEN 259: cards.md 1.1
    assert bytes(buf[:8]).hex() == "0000ffffff0103fc" and size == 269


class LatePort:
    """Bytes come, but whoever reads is woken after the deadline."""

    def __init__(self, data):
        self.data = data

    async def read_into(self, view, timeout_ms):
        if timeout_ms:
            await asyncio.sleep_ms(timeout_ms + 100)
            return 0
        view[: len(self.data)] = self.data
        count, self.data = len(self.data), b""
        return count


class NoisyPort:
    """A byte of noise every millisecond, for ever."""

    reads = 0

    async def read_into(self, view, timeout_ms):
        await asyncio.sleep_ms(1)
        self.reads += 1
        view[0] = 0x55
        return 1


def test_an_ack_that_came_in_time_is_taken_by_a_loop_that_is_late():
    assert virtual.run(HsuLink(LatePort(ABORT_OR_ACK)).receive(60)) == ACK_FRAME
    assert virtual.run(HsuLink(LatePort(b"")).receive(60)) == TIMED_OUT


def test_noise_that_never_ends_ends_the_wait_all_the_same():
    port = NoisyPort()
    assert virtual.run(HsuLink(port).receive(60)) == TIMED_OUT
    assert port.reads < 70
