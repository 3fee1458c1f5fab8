"""APDUs and the purse: the published values through the terminal's own code, and bad answers."""

import random

import occrypto
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inproc import DTK, K
from occard import apdu, purse, tlv
from occard.errors import CardError, ProtocolError, StatusError
from occard.profiles import PURSES
from ocwire import calendar
from onecard.keystore import PurseKeys
from onecard.sim.cards.purse import PurseCard
from onecard.verify import tac_of
from terminal.sam.base import REFUSED, Request, SamError
from terminal.sam.soft import PurchaseKey, SoftSam
from virtual import run

from drivers.reader.base import Target


def h(text):
    return bytes.fromhex(text)


class Direct(Target):
    """A card wired to the terminal; remembers the commands."""

    is_iso_dep = True

    def __init__(self, answer):
        self._answer, self.commands = answer, []

    async def exchange(self, command, expected=0):
        self.commands.append(bytes(command))
        return self._answer(command)


def published_card(**options):
    """Card, serial and random of cards.md 7.7's own set."""
    options = {"balance": 1000, "offline_serial": 0x10, "random_source": h("A1B2C3D4")} | options
    return PurseCard.make(dpk=K, dtk=DTK, **options)


# -- cards.md 7.7 ---------------------------------------------------------------------------


def test_the_published_purchase_comes_out_of_the_terminals_code():
    a_card = published_card()
    target = Direct(a_card.process)
    sam = SoftSam(h("112233445566"), (PurchaseKey(1, K, False),))
    moment = h("20250131123456")

    async def buy():
        held = await purse.select(target)
        answer = await held.initialize_purchase(1, 0xC8, sam.terminal)
        request = Request(held, 1, answer, 0xC8, 6, moment)
        pending = await sam.purchase(request, 0x123)
        return request, pending, await held.debit(pending.serial, moment, pending.mac1), held

    request, pending, (tac, mac2), held = run(buy())
    assert pending.mac1 == h("FA18F43A")
    assert (tac, mac2) == (h("FE42C476"), h("0881E007"))
    assert run(pending.is_mac2(mac2)) and not run(pending.is_mac2(tac))
    assert target.commands[-2:] == [
        h("805001020B 01000000C8112233445566 0F"),
        h("805401000F 00000123 20250131123456 FA18F43A 08"),
    ]
    assert run(held.prove(6, 0x11)) == (tac, mac2)
    assert run(held.prove(6, 0x12)) is None
    assert run(held.balance()) == 1000 - 0xC8
    assert run(sam.resume(request, 0x123).is_mac2(mac2))


def test_the_published_session_keys_and_diversification():
    assert occrypto.pboc_session_key(K, h("A1B2C3D400100123")) == h("6696ADD895DE22EF")
    assert occrypto.diversify_des(K, h("3109990012345678")) == h(
        "33C463DCDEF8D7642D87781FA0B83326"
    )
    session_key = occrypto.pboc_session_key(K, h("1122334400000001"))
    assert occrypto.pboc_mac(session_key, h("00001000 06 001122334455 20120229 135100")) == h(
        "F15CAB75"
    )
    assert occrypto.pboc_mac(session_key, h("00001000")) == h("56988A13")


def test_the_host_computes_the_published_tac():
    intent = {
        "amount": 0xC8,
        "tti": 6,
        "terminal_serial": 0x123,
        "time_s": calendar.from_bcd(h("20250131123456")),
        "serial": bytes(10),
    }
    keys = PurseKeys(K, DTK, 1, is_diversified=False)
    assert tac_of(intent, "112233445566", keys) == h("FE42C476")


def test_a_master_key_serves_each_card_with_the_cards_own_key():
    number = h("99003109990012345678")
    own = occrypto.diversify_des(K, number[2:])
    a_card = PurseCard.make(serial=number, balance=500, dpk=own, dtk=DTK)
    sam = SoftSam(bytes(6), (PurchaseKey(1, K, True),))

    async def buy():
        held = await purse.select(Direct(a_card.process))
        answer = await held.initialize_purchase(1, 100, sam.terminal)
        request = Request(held, 1, answer, 100, 6, h("20260101000000"))
        pending = await sam.purchase(request, 1)
        return await pending.is_mac2((await held.debit(1, request.date_time, pending.mac1))[1])

    assert run(buy())


def request_with(algorithm=0, key_index=1):
    raw = bytearray(15)
    raw[10] = algorithm
    held = purse.Purse(Direct(None), PURSES[0], bytes(30))
    return Request(held, key_index, purse.Initialized(bytes(raw), False), 1, 6, bytes(7))


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (dict(algorithm=0x33), "algorithm 33"),
        (dict(algorithm=0x04), "need a PSAM"),
        (dict(key_index=2), "index 2"),
    ],
)
def test_a_soft_sam_refuses_what_it_cannot_compute(wanted, text):
    sam = SoftSam(bytes(6), (PurchaseKey(1, K, True),))
    with pytest.raises(SamError, match=text) as caught:
        run(sam.purchase(request_with(**wanted), 1))
    assert caught.value.kind == REFUSED


def test_p6_no_key_is_in_the_texts_of_a_sam():
    key = PurchaseKey(1, K, True)
    sam = SoftSam(bytes(6), (key,))
    for thing in (key, sam, run(sam.purchase(request_with(), 1))):
        text = repr(thing) + str(thing)
        assert K.hex() not in text.lower() and repr(K) not in text


# -- APDUs ----------------------------------------------------------------------------------


def test_commands_are_encoded_in_the_short_form():
    assert apdu.encode(0x80, 0x5C, 0, 2, le=4) == h("805C000204")
    assert apdu.encode(0, 0xA4, 4, 0, b"\xa0\x01", le=256) == h("00A4040002A00100")
    assert apdu.encode(0, 0xA4, 0, 0, b"\x3f\x00") == h("00A40000023F00")


@pytest.mark.parametrize("raw", ["", "90"])
def test_an_answer_without_a_status_word_is_a_protocol_error(raw):
    with pytest.raises(ProtocolError, match="no status word"):
        apdu.decode(h(raw))


def test_every_status_word_but_9000_is_told_by_number_and_meaning():
    assert apdu.decode(h("01029000")) == h("0102")
    for sw in range(0, 0x10000, 7):
        if sw != 0x9000:
            with pytest.raises(StatusError, match=f"{sw:04X}") as caught:
                apdu.decode(sw.to_bytes(2, "big"))
            assert caught.value.sw == sw
    with pytest.raises(StatusError, match="not enough money"):
        apdu.decode(h("9401"))


def test_a_wrong_le_is_repeated_with_the_cards_own():
    target = Direct(lambda c: h("6C04") if c[-1] != 4 else h("AABBCCDD9000"))
    assert run(apdu.send(target, h("805C000200"))) == h("AABBCCDD")
    assert target.commands == [h("805C000200"), h("805C000204")]


def test_an_answer_that_is_announced_is_fetched():
    for command in ("00A4000002EF05", "00A40000"):  # no Le of its own: it is added, nothing lost
        target = Direct(lambda c: h("6C04") if c[-1] != 4 else h("AABBCCDD9000"))
        assert run(apdu.send(target, h(command))) == h("AABBCCDD")
        assert target.commands[1] == h(command) + b"\x04"
    fetched = iter([h("6102"), h("6C01"), h("079000")])
    target = Direct(lambda c: next(fetched))
    assert run(apdu.send(target, h("00A4000002EF05"))) == h("07")
    assert target.commands[1:] == [h("00C0000002"), h("00C0000001")]  # not the command again
    parts = iter([h("01 6102"), h("0203 6100"), h("04 9000")])
    target = Direct(lambda c: next(parts))
    assert run(apdu.send(target, h("00A4000002"))) == h("01020304")
    assert target.commands[1:] == [h("00C0000002"), h("00C0000000")]


@pytest.mark.parametrize("answer", ["6C08", "6110", "AA6110"])
def test_a_card_that_never_ends_is_given_up(answer):
    target = Direct(lambda c: h(answer))
    with pytest.raises(ProtocolError, match="never stops"):
        run(apdu.send(target, h("00A4000000")))
    assert len(target.commands) <= 6


def test_objects_are_found_by_their_path():
    data = h("6F0E 8403A00001 A507 9F0801AA 9F0C00")
    assert tlv.find(data, (0x6F, 0x84)) == h("A00001")
    assert tlv.find(data, (0x6F, 0xA5, 0x9F08)) == h("AA")
    assert tlv.find(data, (0x6F, 0xA5, 0x9F0C)) == b""
    assert tlv.find(data, (0x6F, 0x85)) is None
    assert tlv.find(h("00FF00 8101 55"), (0x81,)) == h("55")
    assert tlv.find(h("84 81 02 0102"), (0x84,)) == h("0102")
    assert tlv.find(h("84 82 0002 0102"), (0x84,)) == h("0102")


@pytest.mark.parametrize("raw", ["84", "8405AA", "9F", "84830000010A", "8481", "84820001", "8480"])
def test_broken_objects_are_a_protocol_error(raw):
    with pytest.raises(ProtocolError):
        tlv.find(h(raw), (0x84,))


@given(st.binary(max_size=80))
def test_p7_any_bytes_as_objects_are_an_answer_or_a_protocol_error(raw):
    try:
        value = tlv.find(raw, (0x6F, 0xA5, 0x9F0C))
    except ProtocolError:
        return
    assert value is None or value in raw


# -- the purse ------------------------------------------------------------------------------


def test_the_top_bit_of_a_balance_is_not_money():
    assert purse.Initialized(h("800003E8") + bytes(11), False).balance == 1000
    held = purse.Purse(Direct(lambda c: h("800003E89000")), PURSES[0], bytes(30))
    assert run(held.balance()) == 1000


@pytest.mark.parametrize("size", [0, 1, 3, 5, 7, 14, 16])
def test_answers_of_a_wrong_size_are_protocol_errors(size):
    held = purse.Purse(Direct(lambda c: bytes(size) + h("9000")), PURSES[0], bytes(30))
    for call in (
        held.balance(),
        held.initialize_purchase(1, 1, bytes(6)),
        held.debit(1, bytes(7), bytes(4)),
        held.prove(6, 1),
    ):
        with pytest.raises(ProtocolError, match=f"{size} bytes"):
            run(call)


def test_p7_random_cards_end_in_a_typed_error_or_a_purse():
    seed = 3
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(500):
        ending = rng.choice([b"\x90\x00", b"\x6a\x82", b""])

        def answer(command, ending=ending):
            return rng.randbytes(rng.randrange(64)) + ending

        try:
            held = run(purse.select(Direct(answer)))
        except CardError:
            continue
        assert len(held.serial) == 10
