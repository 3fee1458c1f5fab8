"""The contract of every reader, on every chip and bus: both types of card, several, none, gone."""

import pytest
from onecard.sim.cards.tags import PlainTag

from drivers.reader.base import CardGone, LinkError, SeveralCards
from tests.chip.readers import ALL, IN_SOFTWARE, Echo, TypeB, play, purse

SELECT = bytes.fromhex("00A4040008A000000632010105")
BALANCE = bytes.fromhex("805C000204")


async def tap(bench, card=None, timeout_ms=200):
    if card is not None:
        bench.field.place(card)
    target = await bench.reader.poll(timeout_ms)
    assert target is not None
    return target


@pytest.mark.parametrize("kind", ALL)
def test_a_card_is_found_and_talked_to(kind):
    async def test(bench):
        target = await tap(bench, purse(balance=4321))
        assert (target.uid.hex(), target.ats.hex()) == ("04a1b2c3", "0578807002")
        assert (target.kind, target.is_iso_dep) == ("A", True)
        assert bytes(await target.exchange(SELECT)).endswith(b"\x90\x00")
        assert bytes(await target.exchange(BALANCE)) == (4321).to_bytes(4, "big") + b"\x90\x00"
        assert bench.chip.faults == []

    play(kind, test)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("uid", ["04112233445566", "04112233445566778899"])
def test_longer_uids_are_read_whole(kind, uid):
    async def test(bench):
        assert (await tap(bench, Echo(uid=uid))).uid.hex() == uid

    play(kind, test)


@pytest.mark.parametrize("kind", ALL)
def test_an_empty_field_is_none_within_the_time_given(kind):
    async def test(bench):
        assert await bench.reader.poll(100) is None

    _, taken_ms = play(kind, test)
    assert 99 <= taken_ms < 300


@pytest.mark.parametrize("kind", ALL)
def test_a_card_is_detected_within_60_ms_whenever_it_comes(kind):
    """The goal at the default poll period, at 24 instants of the search."""
    import asyncio

    import virtual

    async def test(bench):
        waits = []
        for step in range(24):
            found = asyncio.create_task(bench.reader.poll(1000))
            await asyncio.sleep(0.1 + step * 0.0031)
            came_s = virtual.clock.now_s
            bench.field.place(Echo())
            target = await found
            waits.append((virtual.clock.now_s - came_s) * 1000)
            bench.field.remove()
            await target.release()
        return waits

    waits, _ = play(kind, test)
    assert max(waits) <= 60


@pytest.mark.parametrize("kind", [k for k in ALL if not k.startswith("mfrc522")])
def test_type_b_cards_are_found_and_talked_to(kind):
    async def test(bench):
        target = await tap(bench, TypeB(purse(balance=77)), 500)
        assert (target.kind, target.uid.hex(), target.ats) == ("B", "11223344", b"")
        assert bytes(await target.exchange(SELECT)).endswith(b"\x90\x00")
        assert bytes(await target.exchange(BALANCE)) == (77).to_bytes(4, "big") + b"\x90\x00"
        assert await target.is_present()
        bench.field.remove()
        assert not await target.is_present()
        assert bench.chip.faults == []

    play(kind, test)


def test_type_b_on_a_clone_that_has_it():
    async def test(bench):
        target = await tap(bench, TypeB(purse(balance=77)), 500)
        assert target.kind == "B" and bytes(await target.exchange(SELECT)).endswith(b"\x90\x00")
        assert bench.pcd.name == "FM17522"

    play("mfrc522-spi", test, version=0x88)


@pytest.mark.parametrize("kind", ALL)
def test_two_cards_are_refused_and_named(kind):
    async def test(bench):
        bench.field.add(Echo(uid="04010203"))
        bench.field.add(Echo(uid="04112233445566"))
        with pytest.raises(SeveralCards) as refused:
            await bench.reader.poll(200)
        assert {uid.hex() for uid in refused.value.uids} == {"04010203", "04112233445566"}
        bench.field.remove(bench.field.cards[1])
        assert (await tap(bench)).uid.hex() == "04010203"

    play(kind, test)


@pytest.mark.parametrize("kind", IN_SOFTWARE)
def test_four_cards_are_told_apart_and_named(kind):
    uids = ["04010203", "04010202", "84010203", "04112233445566"]

    async def test(bench):
        for uid in uids:
            bench.field.add(Echo(uid=uid))
        with pytest.raises(SeveralCards) as refused:
            await bench.reader.poll(500)
        assert sorted(uid.hex() for uid in refused.value.uids) == sorted(uids)

    play(kind, test)


@pytest.mark.parametrize("kind", ALL)
def test_four_cards_are_served_one_by_one_where_that_is_wanted(kind):
    """DB31/T 239: tell at least four apart and serve each in turn."""
    uids = ["04010203", "04010202", "84010203", "04112233445566"]

    async def test(bench):
        bench.reader.serves_several = True
        for uid in uids:
            bench.field.add(Echo(uid=uid) if uid != uids[2] else PlainTag(bytes.fromhex(uid)))
        served = []
        for _ in uids:
            target = await bench.reader.poll(300)
            assert target is not None, served
            if target.is_iso_dep:
                assert bytes(await target.exchange(b"hello")) == b"hello\x90\x00"
            served.append(target.uid.hex())
            await target.release()
        assert sorted(served) == sorted(uids)
        assert await bench.reader.poll(100) is None
        bench.field.remove()
        assert (await tap(bench, Echo())).uid.hex() == "04010203"

    play(kind, test)


@pytest.mark.parametrize("kind", IN_SOFTWARE)
def test_type_b_cards_collide_and_are_refused(kind):
    async def test(bench):
        bench.field.add(TypeB(pupi="11223344"))
        bench.field.add(TypeB(pupi="55667788"))
        with pytest.raises(SeveralCards):
            for _ in range(3):
                await bench.reader.poll(300)

    play(kind, test, **({} if kind == "pn532-thru" else {"version": 0x88}))


@pytest.mark.parametrize("kind", ALL)
def test_presence_is_known_of_cards_with_and_without_blocks(kind):
    async def test(bench):
        for card in (Echo(), PlainTag()):
            target = await tap(bench, card)
            for _ in range(3):
                assert await target.is_present()
            if target.is_iso_dep:
                assert bytes(await target.exchange(b"x")) == b"x\x90\x00"
            bench.field.remove()
            assert not await target.is_present()

    play(kind, test)


@pytest.mark.parametrize("kind", ALL)
def test_a_card_that_leaves_at_any_byte_is_gone_and_the_next_is_served(kind):
    async def test(bench):
        for count in range(1, 80, 3):
            bench.field.place(purse(), leave_after_bytes=count)
            try:
                target = await bench.reader.poll(0)
                if target is not None:
                    await target.exchange(SELECT)
                    await target.exchange(BALANCE)
            except CardGone:
                pass
            bench.field.remove()
            target = await tap(bench, purse(), 300)
            assert bytes(await target.exchange(SELECT)).endswith(b"\x90\x00"), count
            bench.field.remove()
            await bench.reader.poll(0)

    play(kind, test)


@pytest.mark.parametrize("kind", ALL)
def test_another_card_in_its_place_is_not_taken_for_it(kind):
    async def test(bench):
        target = await tap(bench, purse())
        bench.field.place(Echo(uid="04999999"))
        with pytest.raises(CardGone):
            await target.exchange(SELECT)
        assert (await tap(bench)).uid.hex() == "04999999"

    play(kind, test)


@pytest.mark.parametrize("kind", ALL)
def test_a_card_left_in_its_protocol_is_found_again_by_the_next_poll(kind):
    async def test(bench):
        target = await tap(bench, Echo())
        await target.exchange(b"x")
        again = await tap(bench)
        assert bytes(await again.exchange(b"y")) == b"y\x90\x00"

    play(kind, test)


@pytest.mark.parametrize("kind", ALL)
def test_a_chip_that_stopped_answering_is_told_and_brought_back_by_start(kind):
    """nfcpy 45, libnfc 742: a wedged chip comes back without its power being cycled."""

    async def test(bench):
        target = await tap(bench, Echo())
        bench.chip.is_dead = True
        with pytest.raises((LinkError, CardGone)):
            await target.exchange(b"x")
        await bench.reader.start()  # pulses its reset pin
        assert bytes(await (await tap(bench)).exchange(b"x")) == b"x\x90\x00"

    _, taken_ms = play(kind, test)
    assert taken_ms < 3000


@pytest.mark.parametrize("kind", ALL)
def test_a_chip_that_is_not_there_is_a_link_error_soon(kind):
    async def test(bench):
        bench.chip.is_dead = True
        bench.chip.reset_pin = bench.chip.power_on = lambda *_: None
        bench.wiring.line(20)._listeners.clear()
        with pytest.raises(LinkError):
            await bench.reader.start()

    _, taken_ms = play(kind, test)
    assert taken_ms < 3000


@pytest.mark.parametrize("kind", ALL)
def test_a_chip_that_lost_its_power_is_set_up_again_by_start(kind):
    async def test(bench):
        await tap(bench, Echo())
        bench.wiring.power_on()
        try:
            await bench.reader.poll(50)
        except LinkError:
            pass
        await bench.reader.start()
        assert bytes(await (await tap(bench)).exchange(b"x")) == b"x\x90\x00"

    play(kind, test)


@pytest.mark.parametrize("kind", [k for k in ALL if k.startswith("pn532") and "thru" not in k])
def test_a_sleeping_pn532_looks_all_the_same(kind):
    async def test(bench):
        assert await bench.reader.poll(200) is None
        await bench.reader.power_down()
        assert not bench.chip.is_awake and not bench.field.is_on
        await bench.reader.start()
        assert (await tap(bench, Echo())).uid.hex() == "04010203"

    play(kind, test, period_ms=40, is_sleeping=True)


def test_a_pn532_on_a_bus_that_can_send_the_lowest_bit_first():
    async def test(bench):
        target = await tap(bench, purse(balance=4321))
        assert bytes(await target.exchange(SELECT)).endswith(b"\x90\x00")
        assert bytes(await target.exchange(BALANCE)) == (4321).to_bytes(4, "big") + b"\x90\x00"
        assert bench.chip.faults == []

    play("pn532-spi", test, is_lsb_first=True)
