"""Every character of a whole session with a PSAM goes wrong, in every way: see `KINDS`.

Each ends in the right answers or in a typed error, in bounded time, and the next power_on works.
The session: reset, PPS, a read, a 6Cxx, a 61xx, a purchase with 28 bytes of data.
"""

import pytest
from contact import play
from onecard.sim.cards.psam import Psam
from onecard.sim.chips.iso7816_atr import Profile
from onecard.sim.chips.iso7816_wire import WireFault

from drivers.sam.base import CardMute, ParityError, SamError

PROFILE = Profile(ta1=0x18, tc2=2, historical=b"P", ack="mixed", nulls=1)
INIT_SAM = ("807000001C A1B2C3D4 0010 000000C8 06 20250131123456 01 00 3109990012345678").replace(
    " ", ""
)
COMMANDS = ("00B0960006", "00B0960000", "00A40000028011", INIT_SAM)
KINDS = {
    "drop": WireFault(0, "drop"),
    "flip": WireFault(0, "flip", 0x10),
    "double flip": WireFault(0, "flip", 0x41),  # parity does not see it
    "double": WireFault(0, "double"),
    "late": WireFault(0, "late", 1_500),
    "too late": WireFault(0, "late", 3_000_000),
    "spurious NULL": WireFault(0, "spurious", 0x60),
    "spurious SW1": WireFault(0, "spurious", 0x90),
    "spurious INS": WireFault(0, "spurious", 0xB0),
}


def psam():
    return Psam(next_serial=0x123, apdu_us=300.0)


async def session(bench):
    """Its answers."""
    await bench.slot.power_on()
    return [await bench.exchange(command) for command in COMMANDS]


def count_and_answers():
    """How many characters a session without faults has, and its answers."""

    async def test(bench):
        answers = await session(bench)
        assert bench.faults == []
        return bench.wire.count, answers

    return play(test, psam(), profiles=[PROFILE])[0]


COUNT, ANSWERS = count_and_answers()


async def is_usable_again(bench):
    """After whatever happened: a new session gives the right answers."""
    bench.wire.injected.clear()
    bench.card.card.next_serial = 0x123
    assert await session(bench) == ANSWERS
    return True


def test_the_session_has_the_characters_that_the_standard_makes_of_it():
    assert ANSWERS[0] == bytes.fromhex("1122334455669000") == ANSWERS[1]
    assert ANSWERS[3].hex()[:8] == "00000123" and len(ANSWERS[3]) == 10
    assert COUNT > 120


def is_wrong(outcome):
    """True for an answer that claims success and is not what the card said."""
    return any(
        got != want and got[-2:] == b"\x90\x00" for got, want in zip(outcome, ANSWERS, strict=True)
    )


CASES = [(kind, True) for kind in KINDS] + [("flip", False), ("spurious SW1", False)]


@pytest.mark.parametrize(("kind", "sees_parity"), CASES)
def test_a_fault_at_any_character_is_survived(kind, sees_parity):
    fault = KINDS[kind]
    may_be_wrong = kind == "double flip" or (kind == "flip" and not sees_parity)
    outcomes = []

    async def test(bench):
        bench.wire.injected.append(WireFault(at, fault.kind, fault.value))
        try:
            outcomes.append(await session(bench))
            assert bench.slot.is_on
        except SamError as error:
            outcomes.append(error)
            assert not bench.slot.is_on and not bench.card.has_vcc and str(error)
        assert await is_usable_again(bench)

    for at in range(COUNT):
        _, took_ms = play(test, psam(), profiles=[PROFILE], sees_parity=sees_parity)
        assert took_ms < 8000, f"{kind} at {at}"
    assert len(outcomes) == COUNT
    failed = [outcome for outcome in outcomes if isinstance(outcome, SamError)]
    passed = [outcome for outcome in outcomes if not isinstance(outcome, SamError)]
    if not may_be_wrong:
        assert not any(is_wrong(outcome) for outcome in passed)
    if sees_parity and not may_be_wrong:
        assert all(outcome == ANSWERS for outcome in passed)
    if kind == "late":
        assert not failed
    elif kind not in ("too late", "double flip"):
        assert len(failed) > COUNT // 2  # in the ATR and the PPS most are repaired
    if kind == "flip" and sees_parity:
        assert any(isinstance(outcome, ParityError) for outcome in failed)


@pytest.mark.parametrize("at", range(COUNT - 1))
def test_a_card_pulled_at_any_character_is_a_typed_error_and_is_found_again(at):
    async def test(bench):
        bench.wire.on_character = lambda count: bench.card.remove() if count == at else None
        with pytest.raises(SamError):
            await session(bench)
        bench.wire.on_character = lambda count: None
        with pytest.raises(CardMute):
            await bench.slot.power_on()
        bench.card.insert()
        assert await is_usable_again(bench)

    play(test, psam(), profiles=[PROFILE], has_switch=False)


def test_a_reset_of_the_card_at_any_character_is_a_typed_error_and_it_is_found_again():
    """A glitch on RST: the card begins anew with an ATR in the middle of everything."""
    outcomes = []

    async def test(bench):
        def glitch(count):
            if count == at:
                bench.card.set_rst(False)
                bench.timers.after(200.0, lambda: bench.card.set_rst(bench.wiring.line(3).level))

        bench.wire.on_character = glitch
        try:
            outcomes.append(await session(bench))
        except SamError as error:
            outcomes.append(error)
        bench.wire.on_character = lambda count: None
        assert await is_usable_again(bench)

    for at in range(COUNT):  # noqa: B007 (glitch takes it)
        play(test, psam(), profiles=[PROFILE])
    assert not any(is_wrong(one) for one in outcomes if not isinstance(one, SamError))
    assert sum(isinstance(one, SamError) for one in outcomes) > COUNT // 2


def test_two_faults_at_any_two_places_of_a_reset_are_survived():
    kinds = list(KINDS.values())
    size = len(PROFILE.atr()) + 8  # ATR, PPS and its echo

    async def test(bench):
        for at, fault in ((first, one), (first + 1 + second, other)):
            bench.wire.injected.append(WireFault(at, fault.kind, fault.value))
        try:
            await bench.slot.power_on()
        except SamError:
            assert not bench.card.has_vcc
        assert await is_usable_again(bench)

    for first in range(size):
        for second in range(0, size, 5):
            one, other = kinds[(first + second) % 9], kinds[(first * 2 + second) % 9]
            play(test, psam(), profiles=[PROFILE])
