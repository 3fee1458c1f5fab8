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
