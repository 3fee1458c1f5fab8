"""drivers.sam.t0 against the simulated contact card: every case of APDU, every procedure byte."""

import pytest
from contact import play
from onecard.sim.cards.psam import Psam
from onecard.sim.chips.iso7816_atr import Profile

from drivers.sam.base import ProtocolError, SamTimeout

TERMINAL = "00B0960006"
RIGHT = bytes.fromhex("1122334455669000")


def psam():
    return Psam(apdu_us=2000.0)


class Files:
    """An APDU-level card: B0 reads `size` bytes of it, D6 takes bytes, A4 answers to bytes."""

    apdu_us = 500.0

    def __init__(self, content=bytes(range(256)) * 2):
        self.content, self.seen = content, []

    def process(self, apdu):
        self.seen.append(apdu)
        ins, size = apdu[1], (apdu[4] or 256) if len(apdu) == 5 else 0
        if ins == 0xB0:
            return self.content[:size] + b"\x90\x00"
        if ins == 0xB2:  # a record: wrong Le is told
            if size != len(self.content):
                return bytes([0x6C, len(self.content) & 0xFF])
            return self.content + b"\x90\x00"
        if ins == 0xA4:
            return self.content + b"\x90\x00"
        return b"\x90\x00"

    def power_off(self):
        pass


ACKS = [Profile(ack=ack, nulls=nulls) for ack in ("all", "one", "mixed") for nulls in (0, 3)]


@pytest.mark.parametrize("profile", ACKS)
@pytest.mark.parametrize("size", [1, 2, 5, 255, 256])
def test_answers_of_all_sizes_come_whole_however_the_card_acknowledges(profile, size):
    async def test(bench):
        await bench.slot.power_on()
        answer = await bench.exchange(bytes([0, 0xB0, 0, 0, size & 0xFF]))
        assert answer == bench.card.card.content[:size] + b"\x90\x00"
        assert bench.faults == []

    play(test, Files(), profiles=[profile])


@pytest.mark.parametrize("profile", ACKS)
@pytest.mark.parametrize("size", [1, 2, 4, 255])
def test_data_of_all_sizes_arrives_whole_however_the_card_acknowledges(profile, size):
    async def test(bench):
        await bench.slot.power_on()
        command = bytes([0, 0xD6, 0, 0, size]) + bytes(range(size))
        assert await bench.exchange(command) == b"\x90\x00"
        assert bench.card.card.seen == [command] and bench.faults == []

    play(test, Files(), profiles=[profile])


@pytest.mark.parametrize("size", [1, 20, 255, 256])
@pytest.mark.parametrize("le", ["", "00"])
def test_the_answer_to_a_command_with_data_is_fetched(size, le):
    async def test(bench):
        await bench.slot.power_on()
        answer = await bench.exchange("00A40000023F00" + le)
        assert answer == bench.card.card.content + b"\x90\x00"
        assert bench.card.card.seen == [bytes.fromhex("00A40000023F00")]
        assert bench.faults == []

    play(test, Files(bytes(size)))


@pytest.mark.parametrize("size", [1, 20, 256])
def test_a_wrong_le_is_put_right_once(size):
    async def test(bench):
        await bench.slot.power_on()
        assert await bench.exchange("00B2010405") == bench.card.card.content + b"\x90\x00"
        assert [apdu[4] for apdu in bench.card.card.seen] == [5, size & 0xFF]

    play(test, Files(bytes(size)))


def test_a_second_wrong_le_goes_to_the_caller():
    class Wrong(Files):
        def process(self, apdu):
            return b"\x6c\x09"

    async def test(bench):
        await bench.slot.power_on()
        assert await bench.exchange(TERMINAL) == b"\x6c\x09"

    play(test, Wrong())


def test_a_command_without_data_and_answer_is_its_status_word():
    async def test(bench):
        await bench.slot.power_on()
        assert await bench.exchange("00440000") == b"\x90\x00"
        assert await bench.exchange("0044000000") == b"\x90\x00"

    play(test, Files())


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("", "of 0 bytes"),
        ("00B096", "of 3 bytes"),
        ("00D6000003AABB", "Lc 3"),
        ("00D6000001AABBCC", "Lc 1"),
        ("00D6000000AA", "Lc 0"),
        ("0060000001", "INS 60"),
        ("009F000001", "INS 9F"),
    ],
)
def test_what_is_no_short_apdu_is_refused_and_the_card_stays_on(command, text):
    async def test(bench):
        await bench.slot.power_on()
        with pytest.raises(ValueError, match=text):
            await bench.exchange(command)
        assert await bench.exchange(TERMINAL) == RIGHT

    play(test, psam())


def test_a_card_that_works_long_is_waited_for_by_its_nulls():
    async def test(bench):
        await bench.slot.power_on()
        assert await bench.exchange(TERMINAL) == RIGHT

    slow = psam()
    slow.apdu_us = 9_000_000.0
    _, took_ms = play(test, slow, profiles=[Profile(ta1=0x18)])
    assert 9000 < took_ms < 9500


def test_a_card_that_asks_for_time_without_end_is_given_up():
    async def test(bench):
        await bench.slot.power_on()
        with pytest.raises(SamTimeout, match="51 times"):
            await bench.exchange(TERMINAL)
        assert not bench.slot.is_on

    slow = psam()
    slow.apdu_us = 1e12
    _, took_ms = play(test, slow, max_nulls=50)
    assert took_ms < 60_000


@pytest.mark.parametrize(("wi", "wait_ms"), [(None, 1000), (1, 100), (30, 3000)])
def test_the_work_waiting_time_is_the_atrs(wi, wait_ms):
    async def test(bench):
        await bench.slot.power_on()
        bench.card._command = lambda header: bench.card._mute()
        with pytest.raises(SamTimeout) as error:
            await bench.exchange(TERMINAL)
        return int(str(error.value).split()[3])

    waited_ms, _ = play(test, psam(), profiles=[Profile(ta1=0x18, tc2=wi)])
    assert wait_ms <= waited_ms <= wait_ms * 1.01 + 6


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("B1", "procedure byte B1"),
        ("4E", "procedure byte 4E"),
        ("00", "procedure byte 00"),
        ("6108 C0 0102030405060708 6105 6105", "no data to GET RESPONSE"),
        ("9000FF", "more than announced"),
    ],
)
def test_what_a_card_may_not_say_is_a_protocol_error(said, text):
    script = [bytes.fromhex(part) for part in said.split()]

    def command(card):
        def session(header):
            yield 1000.0
            for _ in range(2 if header[1] == 0xC0 and len(script) > 1 else 1):
                yield script.pop(0)
            if script and header[1] == 0xC0 and len(script) == 2:
                yield script.pop(0)

        return session

    async def test(bench):
        await bench.slot.power_on()
        bench.card._command = command(bench.card)
        with pytest.raises(ProtocolError, match=text):
            await bench.exchange(TERMINAL)
        assert not bench.slot.is_on and not bench.card.has_vcc

    play(test, psam())


def test_more_than_the_buffer_holds_is_a_protocol_error():
    async def test(bench):
        await bench.slot.power_on()
        bench.into = bytearray(20)
        assert len(await bench.exchange("00B0000012")) == 20
        with pytest.raises(ProtocolError, match="buffer of 20"):
            await bench.exchange("00B0000013")

    play(test, Files())


def test_tx_and_rx_that_are_not_joined_are_told():
    async def test(bench):
        await bench.slot.power_on()
        bench.wire.echo = lambda data: None
        with pytest.raises(ProtocolError, match="joined"):
            await bench.exchange(TERMINAL)

    play(test, psam())
