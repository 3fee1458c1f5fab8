"""Properties of the contact card slot: any ATR, any APDU, any noise."""

import pytest
from contact import play
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onecard.sim.chips.iso7816_atr import DI, FI, Profile
from onecard.sim.chips.iso7816_wire import WireFault

from drivers.sam.atr import Atr, missing
from drivers.sam.base import ProtocolError, SamError

HZ = 3_571_429
ta1s = st.one_of(st.none(), st.builds(lambda f, d: f << 4 | d, st.sampled_from(sorted(FI)),
                                      st.sampled_from(sorted(DI))))  # fmt: skip
profiles = st.builds(
    Profile,
    ta1=ta1s,
    tc1=st.one_of(st.none(), st.sampled_from((0, 1, 5, 30, 255))),
    ta2=st.sampled_from((None, None, 0x00)),
    tc2=st.one_of(st.none(), st.integers(1, 255)),
    protocols=st.sampled_from(((0,), (0, 1), (1, 0), (0, 15), (0, 1, 15))),
    historical=st.binary(max_size=15),
    is_inverse=st.booleans(),
    reset_clocks=st.integers(400, 40_000),
    pps=st.sampled_from(("accept", "default")),
    ack=st.sampled_from(("all", "one", "mixed")),
    nulls=st.integers(0, 3),
    character_etu=st.integers(12, 60),
)


class Echo:
    """An APDU-level card: answers `answer` to every command and remembers it."""

    apdu_us = 100.0

    def __init__(self, answer):
        self.answer, self.seen = answer, []

    def process(self, apdu):
        self.seen.append(apdu)
        return self.answer

    def power_off(self):
        pass


@given(profiles)
def test_an_atr_says_what_the_card_meant(profile):
    data = profile.atr()
    atr = Atr(data)
    assert atr.ta1 == (0x11 if profile.ta1 is None else profile.ta1)
    assert FI[atr.ta1 >> 4] == atr.fi and DI[atr.ta1 & 15] == atr.di
    assert atr.extra_guard == (profile.tc1 or 0) and atr.wi == (profile.tc2 or 10)
    assert atr.protocols == tuple(p for p in profile.protocols if p != 15)
    assert atr.specific == profile.ta2 and atr.historical == profile.historical


@given(profiles)
def test_the_characters_still_to_come_are_never_too_many(profile):
    data, count, asked = profile.atr(), 0, 0
    while more := missing(data, count):
        count += more
        asked += 1
        assert count <= len(data)
    assert count == len(data) and asked < 10


@given(st.binary(max_size=40))
def test_any_bytes_are_an_atr_or_a_protocol_error(data):
    try:
        atr = Atr(b"\x3b" + data)
    except ProtocolError:
        return
    assert len(atr.raw) <= 33 and len(atr.historical) == data[0] & 15


@given(st.binary(max_size=40), st.sampled_from((0x3B, 0x3F, 0x00)))
@settings(max_examples=40)
def test_a_card_with_any_atr_is_used_or_told_in_bounded_time(data, ts):
    async def test(bench):
        try:
            await bench.slot.power_on()
        except SamError:
            assert not bench.slot.is_on and not bench.card.has_vcc

    profile = Profile(raw=bytes([ts]) + data, is_inverse=ts == 0x3F)
    _, took_ms = play(test, Echo(b"\x90\x00"), profiles=[profile])
    assert took_ms < 15_000


def expected_baud(profile):
    """The fastest of the default and TA1's, by the standard."""
    clocks = profile.etu()
    if profile.ta2 is None and (clocks >= 372 or profile.pps == "default"):
        return round(HZ / 372)
    return round(HZ / clocks)


@given(
    profiles,
    st.binary(max_size=256),
    st.sampled_from((b"\x90\x00", b"\x62\x82", b"\x6a\x81", b"\x94\x01")),
    st.binary(max_size=255),
    st.sampled_from((None, 0, 8, 255)),
)
@settings(max_examples=150)
def test_every_case_of_apdu_gives_what_the_card_said(profile, said, sw, data, le):
    """Cases 1 to 4, 61xx and 6Cxx, at any speed, convention and manner of acknowledging."""
    assume(data or le is not None or len(said) < 256)  # a case 1 command has no answer of 256
    card = Echo(said + sw)
    command = bytes([0x80, 0x54 if data else 0xB0, 1, 2])
    if data:
        command += bytes([len(data)]) + data
    if le is not None:
        command += bytes([le])

    async def test(bench):
        await bench.slot.power_on()
        assert abs(bench.slot.baud - expected_baud(profile)) <= 1
        answer = await bench.exchange(command)
        assert bench.faults == [] and bench.wire.parity_errors == 0
        return answer

    answer, _ = play(test, card, profiles=[profile], max_baud=10_000_000)
    assert answer == said + sw
    asked = command[: 5 + len(data)] if data else command[:4] + bytes([le or 0])
    assert card.seen[0] == asked


kinds = st.sampled_from(("drop", "flip", "double", "late", "spurious"))
noise = st.lists(st.builds(WireFault, st.integers(0, 60), kinds, st.integers(0, 255)), max_size=6)


@given(noise)
@settings(max_examples=150)
def test_any_noise_ends_in_an_answer_or_a_typed_error_and_the_card_is_found_again(faults):
    async def test(bench):
        bench.wire.injected.extend(faults)
        for _ in range(2):
            try:
                await bench.slot.power_on()
                await bench.exchange("00B0000006")
                await bench.exchange("0054000003010203")
            except SamError:
                assert not bench.slot.is_on
        bench.wire.injected.clear()
        await bench.slot.power_on()
        assert await bench.exchange("00B0000006") == b"sixsix\x90\x00"

    _, took_ms = play(test, Echo(b"sixsix\x90\x00"), profiles=[Profile(ta1=0x18)])
    assert took_ms < 30_000


@pytest.mark.parametrize("clock_hz", [1_000_000, 2_500_000, 3_571_429, 4_000_000, 5_000_000])
def test_any_clock_the_standard_allows_will_do(clock_hz):
    async def test(bench):
        clock = bench.slot._clock
        clock._granted = clock_hz
        clock.freq(clock_hz)
        bench.slot._clock_hz = clock.freq()
        await bench.slot.power_on()
        assert await bench.exchange("00B0000006") == b"sixsix\x90\x00"
        assert bench.faults == []

    play(test, Echo(b"sixsix\x90\x00"), profiles=[Profile(ta1=0x18, tc2=3)])
