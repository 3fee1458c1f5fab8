"""drivers.sam.iso7816 against the simulated contact card, character by character."""

import asyncio

import pytest
from contact import play
from onecard.sim.cards.psam import Psam
from onecard.sim.chips.iso7816_atr import Profile

from drivers.sam.base import (
    CardMute,
    NotPowered,
    ProtocolError,
    SamError,
    SamTimeout,
    SlotEmpty,
    Unsupported,
)

TERMINAL = "00B0960006"
RIGHT = bytes.fromhex("1122334455669000")
HZ = 3_571_429


def psam(**options):
    return Psam(apdu_us=2000.0, **options)


async def read_terminal(bench):
    """Switch on and read the terminal number; nothing may be wrong."""
    atr = await bench.slot.power_on()
    assert await bench.exchange(TERMINAL) == RIGHT
    assert bench.faults == []
    return atr


# -- reset and speed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "baud"),
    [
        (Profile(), 9601),
        (Profile(ta1=0x11), 9601),
        (Profile(ta1=0x18), 115207),
        (Profile(ta1=0x13), 38402),
        (Profile(ta1=0x94), 55804),
        (Profile(ta1=0x96), 223214),
        (Profile(ta1=0x97), 446429),
        (Profile(ta1=0x31), 9601),  # Fi 744: slower than the default, not asked for
        (Profile(ta1=0x01), 9601),
        (Profile(ta1=0x18, is_inverse=True), 115207),
        (Profile(ta1=0x18, tc1=255), 115207),
        (Profile(ta1=0x18, tc1=20), 115207),
        (Profile(ta1=0x18, pps="default"), 9601),
        (Profile(ta1=0x18, pps="mute"), 9601),
        (Profile(ta1=0x18, ta2=0x00), 115207),  # specific mode: TA1 holds at once
        (Profile(ta1=0x13, protocols=(1, 0)), 38402),
        (Profile(protocols=(1, 0)), 9601),  # PPS only to choose T=0
        (Profile(protocols=(0, 1, 15)), 9601),
        (Profile(reset_clocks=400), 9601),
        (Profile(reset_clocks=40_000), 9601),
        (Profile(character_etu=9600), 9601),
    ],
)
def test_a_card_is_read_at_the_fastest_speed_that_it_offers(profile, baud):
    async def test(bench):
        atr = await read_terminal(bench)
        assert (atr, bench.slot.baud) == (profile.atr(), baud)
        bench.slot.power_off()
        assert bench.faults == []

    play(test, psam(), profiles=[profile])


@pytest.mark.parametrize("sees_parity", [True, False])
def test_the_inverse_convention_is_found_with_and_without_a_uart_that_sees_parity(sees_parity):
    async def test(bench):
        assert (await read_terminal(bench))[0] == 0x3F
        assert [parity for _, parity in bench.uart.inits] == [0, 1]
        assert bench.card.resets == 2

    play(test, psam(), profiles=[Profile(is_inverse=True)], sees_parity=sees_parity)


def test_the_clock_that_the_pwm_really_gives_counts():
    async def test(bench):
        bench.slot._clock._granted = 5_000_000
        bench.slot._clock.freq(1)
        bench.slot._clock_hz = bench.slot._clock.freq()
        await read_terminal(bench)
        assert bench.slot.baud == 161290

    play(test, psam(), profiles=[Profile(ta1=0x18)])


def test_a_speed_beyond_the_ports_is_not_asked_for():
    async def test(bench):
        await read_terminal(bench)
        assert bench.slot.baud == 9601

    play(test, psam(), profiles=[Profile(ta1=0x18)], max_baud=100_000)


@pytest.mark.parametrize(("ta1", "baud"), [(None, 38402), (0x13, 38402), (0x18, 115207)])
def test_a_sam_that_starts_at_38400_is_found_by_the_list_of_speeds(ta1, baud):
    async def test(bench):
        await read_terminal(bench)
        assert bench.slot.baud == baud

    profile = Profile(ta1=ta1, reset_etu=93)
    play(test, psam(), profiles=[profile], reset_etus=(372, 93))
    play(test, psam(), profiles=[profile], reset_etus=(93, 372))


def test_a_sam_at_another_speed_than_the_list_has_is_no_answer_of_its_own():
    async def test(bench):
        with pytest.raises(ProtocolError, match="no TS but C4"):
            await bench.slot.power_on()

    play(test, psam(), profiles=[Profile(reset_etu=93)], sees_parity=False)


@pytest.mark.parametrize(
    "profile",
    [
        Profile(protocols=(1,)),
        Profile(ta2=0x01, protocols=(0, 1)),
        Profile(ta2=0x10),
        Profile(protocols=(1, 0), pps="mute"),
    ],
)
def test_a_card_that_cannot_be_talked_to_is_told_with_its_atr(profile):
    async def test(bench):
        with pytest.raises(Unsupported, match=profile.atr().hex()):
            await bench.slot.power_on()
        assert not bench.slot.is_on and not bench.card.has_vcc

    play(test, psam(), profiles=[profile])


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("3B80FFFFFFFFFF00", "33 characters"),
        ("3B81015000", "TCK"),
        ("3B0150534D", "more than announced"),
        ("3B0450", "no character"),
        ("3A00", "no TS but 3A"),
        ("3F00", "no TS but 3F"),  # in the direct convention no such TS exists
    ],
)
def test_a_wrong_atr_is_a_typed_error(raw, text):
    async def test(bench):
        with pytest.raises(SamError, match=text):
            await bench.slot.power_on()
        assert bench.card.resets == 3

    raw = raw.replace("FFFFFFFFFF", "FF" * 5 * 8)
    play(test, psam(), profiles=[Profile(raw=bytes.fromhex(raw))])


@pytest.mark.parametrize("has_switch", [True, False])
def test_an_empty_slot_is_told_by_its_switch_or_by_silence(has_switch):
    async def test(bench):
        bench.card.remove()
        with pytest.raises(SlotEmpty if has_switch else CardMute):
            await bench.slot.power_on()
        bench.card.insert()
        await read_terminal(bench)

    _, took_ms = play(test, psam(), has_switch=has_switch)
    assert took_ms < 300


def test_activation_and_deactivation_keep_the_order_of_the_contacts():
    async def test(bench):
        seen = []
        card = bench.card
        for name in ("set_vcc", "set_rst", "set_clock"):
            setter = getattr(card, name)

            def note(level, name=name, setter=setter):
                seen.append((name[4:], bool(level)))
                setter(level)

            setattr(card, name, note)
        bench.wiring.line(3)._listeners[:] = [card.set_rst]
        bench.wiring.line(6)._listeners[:] = [card.set_vcc]
        await bench.slot.power_on()
        on = [item for item in seen if item[1]]
        assert on == [("vcc", True), ("clock", True), ("rst", True)]
        del seen[:]
        bench.slot.power_off()
        assert seen == [("rst", False), ("clock", False), ("vcc", False)]
        assert bench.faults == []

    play(test, psam())


def test_a_card_whose_supply_is_always_on_needs_no_pin():
    async def test(bench):
        bench.slot._vcc = None
        bench.card.set_vcc(True)
        await read_terminal(bench)
        bench.slot.power_off()
        await read_terminal(bench)
        assert bench.card.resets == 2

    play(test, psam())


# -- commands ---------------------------------------------------------------------------------


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


# -- one line, several users ------------------------------------------------------------------


def test_a_slot_that_is_off_says_so():
    async def test(bench):
        with pytest.raises(NotPowered):
            await bench.exchange(TERMINAL)
        await bench.slot.power_on()
        bench.slot.power_off()
        bench.slot.power_off()
        with pytest.raises(NotPowered):
            await bench.exchange(TERMINAL)

    play(test, psam())


def test_two_slots_on_one_line_take_turns():
    async def test(bench):
        one, two = bench.slots
        for _ in range(3):
            await one.power_on()
            assert await bench.exchange(TERMINAL, 0) == RIGHT
            assert bench.cards[1].baud_rate is None and bench.cards[1].has_vcc
            await two.power_on()
            assert await bench.exchange(TERMINAL, 1) == bytes(6) + b"\x90\x00"
            assert bench.cards[0].baud_rate is None and bench.cards[0].hz == 0
            with pytest.raises(NotPowered):
                await bench.exchange(TERMINAL, 0)
        two.power_off()
        assert not any(card.has_vcc for card in bench.cards)
        assert bench.faults == []

    profiles = [Profile(ta1=0x18, is_inverse=True), Profile(ta1=0x13)]
    play(test, psam(), psam(terminal=bytes(6)), profiles=profiles)


def test_switching_one_slot_on_waits_for_the_others_command():
    async def test(bench):
        one, two = bench.slots
        await one.power_on()
        command = asyncio.create_task(bench.exchange(TERMINAL, 0))
        await asyncio.sleep(0.003)
        await two.power_on()
        assert await command == RIGHT
        assert bench.faults == []

    play(test, psam(), psam())


@pytest.mark.parametrize("after_ms", [1, 6, 12, 20])
def test_a_caller_that_gives_up_leaves_the_card_off_and_the_slot_usable(after_ms):
    async def test(bench):
        await bench.slot.power_on()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(bench.exchange(TERMINAL), after_ms / 1000)
        assert not bench.slot.is_on and not bench.card.has_vcc
        await bench.slot.power_on()
        assert await bench.exchange(TERMINAL) == RIGHT

    play(test, psam())


def test_power_off_in_the_middle_of_a_command_ends_it():
    async def test(bench):
        await bench.slot.power_on()
        command = asyncio.create_task(bench.exchange(TERMINAL))
        await asyncio.sleep(0.01)
        bench.slot.power_off()
        with pytest.raises(SamError):
            await command
        await bench.slot.power_on()
        assert await bench.exchange(TERMINAL) == RIGHT

    play(test, psam())
