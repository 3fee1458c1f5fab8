"""ISO/IEC 14443-4 in software over two chips, against a block-level card that does all it may."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onecard.sim.field import TO_CARD, TO_READER

from drivers.reader.base import CardGone
from drivers.reader.iso14443_4 import FRAME_SIZES, Ats, fwt_us
from tests.chip.readers import IN_SOFTWARE, Echo, TypeB, play

APDU = bytes.fromhex("00A4040008A000000632010105")


async def found(bench, card):
    bench.field.place(card)
    target = await bench.reader.poll(300)
    assert target is not None
    return target


@pytest.mark.parametrize("kind", IN_SOFTWARE)
@given(
    fsci=st.integers(0, 8),
    command=st.binary(min_size=1, max_size=256),
    inf_size=st.one_of(st.none(), st.integers(1, 60)),
    slow_fwt=st.sampled_from([0, 0, 1.5, 70]),
    faults=st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from("drop flip".split())), max_size=2
    ),
)
@settings(max_examples=60)
def test_any_apdu_survives_chaining_waiting_and_two_lost_blocks(
    kind, fsci, command, inf_size, slow_fwt, faults
):
    """Every FSC from 16 to 256; the same answer over both chips; the card runs a command once."""
    card = Echo(fsci, apdu_us=slow_fwt * fwt_us(4), fwi=4, inf_size=inf_size)

    async def test(bench):
        target = await found(bench, card)
        frames = {"count": 0}
        at = dict(faults)

        def tamper(way, data):
            fault = at.pop(frames["count"], None)
            frames["count"] += 1
            if fault == "drop":
                return None
            return bytes([data[0] ^ 0x20]) + data[1:] if fault else data

        bench.field.tamper = tamper
        assert bytes(await target.exchange(command)) == command + b"\x90\x00"
        assert card.seen == [command]
        bench.field.tamper = lambda way, data: data
        assert bytes(await target.exchange(APDU)) == APDU + b"\x90\x00"

    play(kind, test)


@pytest.mark.parametrize("kind", IN_SOFTWARE)
@pytest.mark.parametrize("way", [TO_CARD, TO_READER])
@pytest.mark.parametrize("at", range(12))
def test_one_block_lost_anywhere_in_a_chained_exchange_costs_nothing(kind, way, at):
    card = Echo(fsci=0, inf_size=13)

    async def test(bench):
        target = await found(bench, card)
        count = [0]

        def tamper(where, data):
            if where == way:
                count[0] += 1
                if count[0] == at + 1:
                    return None
            return data

        bench.field.tamper = tamper
        command = bytes(range(50))
        assert bytes(await target.exchange(command)) == command + b"\x90\x00"
        assert card.seen == [command]

    play(kind, test)


@pytest.mark.parametrize("kind", IN_SOFTWARE)
def test_a_card_that_stays_silent_is_gone_after_a_bounded_number_of_tries(kind):
    async def test(bench):
        target = await found(bench, Echo())
        sent = []
        bench.field.tamper = lambda way, data: sent.append(data)
        with pytest.raises(CardGone):
            await target.exchange(APDU)
        assert len(sent) == 4  # the block and three R(NAK)s

    play(kind, test)


@pytest.mark.parametrize("kind", IN_SOFTWARE)
def test_a_card_that_asks_for_time_for_ever_is_gone_in_the_end(kind):
    async def test(bench):
        target = await found(bench, Echo(fwi=10))
        bench.field.breaks_parity = False
        wtx = bytes.fromhex("F23B")
        from onecard.sim.crc import crc_a

        bench.field.tamper = lambda way, data: wtx + crc_a(wtx) if way == TO_READER else data
        with pytest.raises(CardGone):
            await target.exchange(APDU)

    _, taken_ms = play(kind, test)
    assert taken_ms < 20_000


@pytest.mark.parametrize("kind", IN_SOFTWARE)
@pytest.mark.parametrize(
    "answer", ["", "02", "03", "F200", "F23C", "F2", "A2", "A3", "B2", "C2", "E0"]
)
def test_wrong_blocks_from_a_card_end_in_card_gone(kind, answer):
    """WTXM 0 and 60, an empty I-block of the other number, S- and R-blocks out of place."""
    from onecard.sim.crc import crc_a

    body = bytes.fromhex(answer)

    async def test(bench):
        target = await found(bench, Echo())
        bench.field.breaks_parity = False
        bench.field.tamper = lambda way, data: body + crc_a(body) if way == TO_READER else data
        if answer == "02":
            assert bytes(await target.exchange(APDU)) == b""  # an I-block without a byte
            return
        with pytest.raises(CardGone):
            await target.exchange(APDU)

    play(kind, test)


@pytest.mark.parametrize("kind", IN_SOFTWARE)
def test_an_answer_longer_than_a_short_apdu_is_refused(kind):
    from drivers.reader.base import LinkError

    async def test(bench):
        target = await found(bench, Echo(size=257))
        with pytest.raises(LinkError, match="longer"):
            await target.exchange(APDU)

    play(kind, test)


def test_pps_raises_the_rate_and_release_takes_it_back():
    async def test(bench):
        card = Echo(ta=0x33)  # 212 and 424 kbit/s both ways
        target = await found(bench, card)
        assert bench.field._present[0].picc.rates == (2, 2)
        before = bench.field.air_us
        assert bytes(await target.exchange(bytes(60))) == bytes(60) + b"\x90\x00"
        fast_us = bench.field.air_us - before
        await target.release()
        assert bytes(await (await found(bench, Echo())).exchange(APDU)) == APDU + b"\x90\x00"
        return fast_us

    fast_us, _ = play("mfrc522-spi", test, max_rate=2)
    assert fast_us < 62 * 2 * 85 / 2


def test_pps_asks_for_the_same_rate_both_ways_where_the_card_wants_that():
    async def test(bench):
        await found(bench, Echo(ta=0x80 | 0x31))
        assert bench.field._present[0].picc.rates == (1, 1)

    play("mfrc522-spi", test, max_rate=3)


@pytest.mark.parametrize("fsci", range(9))
def test_type_b_cards_of_every_frame_size_chain(fsci):
    async def test(bench):
        card = Echo()
        target = await found(bench, TypeB(card, fsci=fsci))
        command = bytes(range(200))
        assert bytes(await target.exchange(command)) == command + b"\x90\x00"

    play("pn532-thru", test)


@pytest.mark.parametrize(
    "raw, fsc, fwt, sfgi",
    [
        ("02 08", 256, 4, 0),
        ("01", 32, 4, 0),
        ("05 72 80 70 02", 32, 7, 0),
        ("05 78 80 F5 02", 256, 4, 5),  # FWI 15 is RFU
        ("03 25 E1", 64, 14, 1),
        ("05 78 80 7F 02", 256, 7, 0),  # SFGI 15 is RFU
    ],
)
def test_ats_bytes_that_are_missing_or_reserved_take_their_defaults(raw, fsc, fwt, sfgi):
    ats = Ats(bytes.fromhex(raw))
    assert (ats.fsc, ats.fwt_us, ats.sfgi) == (fsc, fwt_us(fwt), sfgi)
    assert fsc in FRAME_SIZES


@pytest.mark.parametrize("raw", ["", "05 78", "00", "FF 78 80 70 02"])
def test_what_cannot_be_an_ats_is_card_gone(raw):
    with pytest.raises(CardGone):
        Ats(bytes.fromhex(raw))


def test_frame_waiting_times_are_the_standards():
    assert [round(fwt_us(fwi) / 1000, 1) for fwi in (0, 4, 7, 8, 11, 14)] == [
        0.3, 4.8, 38.7, 77.3, 618.5, 4948.0,
    ]  # fmt: skip
