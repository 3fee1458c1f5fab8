"""The radio field: bytes and time on air, chaining, waiting time extensions, cards that leave."""

import random

import pytest
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import FaultyCard, PlainTag
from onecard.sim.field import BYTE_US, crc_a
from onecard.sim.field import Field as Air
from onecard.sim.pcd import Pcd

SELECT = bytes.fromhex("00A4040008A000000632010105")
INIT = bytes.fromhex("805001020B01000000C81122334455660F")
DEBIT = bytes.fromhex("805401000F0000012320250131123456FA18F43A08")
BALANCE = bytes.fromhex("805C000204")
ACTIVATION_BYTES = 1 + 2 + 2 + 5 + 9 + 3 + 4 + 7


class Field(Air):
    """The air with one reader in it."""

    def __init__(self):
        super().__init__()
        pcd = Pcd(self)
        self.activate, self.transceive, self.frame = pcd.activate, pcd.transceive, pcd.frame
        self.is_present, self.deselect = pcd.is_present, pcd.deselect


class Echo:
    """A card that gives back what it is told, or size bytes."""

    def __init__(self, ats="0578807002", uid="01020304", size=None, apdu_us=0.0):
        self.uid, self.ats, self.size = bytes.fromhex(uid), bytes.fromhex(ats), size
        self.atqa, self.sak, self.apdu_us = b"\x04\x00", 0x20, apdu_us
        self.seen, self.offs = [], 0

    def process(self, apdu):
        self.seen.append(apdu)
        return (apdu if self.size is None else bytes(self.size)) + b"\x90\x00"

    def power_off(self):
        self.offs += 1


def field_with(card, **options):
    field = Field()
    field.place(card, **options)
    return field


def test_crc_a_of_the_worked_exchange():
    assert crc_a(bytes.fromhex("02805C000204")) == bytes.fromhex("0682")


@pytest.mark.parametrize("uid", ["01020304", "04112233445566", "04112233445566778899"])
def test_activation_finds_uids_of_every_size(uid):
    target = field_with(Echo(uid=uid)).activate()
    assert target.uid == bytes.fromhex(uid)
    assert (target.atqa, target.sak) == (b"\x04\x00", 0x20)
    assert target.ats == bytes.fromhex("0578807002")


def test_activation_counts_its_bytes_and_their_time():
    field = field_with(Echo())
    field.activate()
    assert field.air_bytes == ACTIVATION_BYTES
    assert ACTIVATION_BYTES * BYTE_US < field.air_us < ACTIVATION_BYTES * BYTE_US + 1000


def test_empty_field_is_silent():
    field = Field()
    assert field.activate() is None
    assert field.transceive(SELECT) is None


def test_a_tag_without_14443_4_gives_no_ats_and_no_answers():
    field = field_with(PlainTag())
    assert field.activate().ats == b""
    assert field.transceive(SELECT) is None


def test_an_apdu_of_one_block_costs_three_bytes_a_frame():
    field = field_with(Echo())
    field.activate()
    before = field.air_bytes
    assert field.transceive(b"\x00\x84\x00\x00\x04") == b"\x00\x84\x00\x00\x04\x90\x00"
    assert field.air_bytes - before == (5 + 3) + (7 + 3)


@pytest.mark.parametrize("size", [1, 13, 14, 60, 61, 62, 122, 123, 261])
def test_long_apdus_are_chained_both_ways(size):
    card = Echo(ats="0570807002")  # FSC 16: 13 bytes a block
    field = field_with(card)
    field.activate()
    for _ in range(2):
        command = random.Random(size).randbytes(size)
        assert field.transceive(command) == command + b"\x90\x00"
        assert card.seen[-1] == command


def test_an_apdu_may_come_in_two_calls():
    card = Echo()
    field = field_with(card)
    field.activate()
    assert field.transceive(b"ab", more=True) == b""
    assert field.transceive(b"cd") == b"abcd\x90\x00"


def test_a_slow_card_asks_for_time_and_all_of_it_passes():
    field = field_with(Echo(apdu_us=500_000.0))
    field.activate()
    before = field.card_us
    assert field.transceive(b"hello") == b"hello\x90\x00"
    assert field.card_us - before == pytest.approx(500_000.0)


def test_presence_check_has_no_side_effect():
    card = Echo()
    field = field_with(card)
    field.activate()
    assert field.is_present()
    assert field.transceive(b"x") == b"x\x90\x00"
    assert field.is_present()
    assert card.seen == [b"x"]


def test_a_deselected_card_is_found_again():
    field = field_with(Echo())
    field.activate()
    assert field.deselect()
    assert field.transceive(b"x") is None
    assert field.activate() is not None
    assert field.transceive(b"x") == b"x\x90\x00"


def test_losing_the_carrier_resets_the_card():
    card = Echo()
    field = field_with(card)
    field.activate()
    field.switch(False)
    assert card.offs == 1
    assert field.transceive(b"x") is None


def test_listeners_hear_cards_come_and_go():
    field, heard = Field(), []
    field.subscribe(lambda: heard.append("chip"))
    field.on_change = lambda: heard.append("user")
    field.place(Echo())
    field.remove()
    field.remove()
    assert heard == ["chip", "user"] * 2


def test_a_purchase_is_carried_out_iff_its_command_crossed_before_the_card_left():
    def tap(leave_after_bytes):
        card = PurseCard.make(balance=1000, offline_serial=16, random_source=b"\xa1\xb2\xc3\xd4")
        field = field_with(card, leave_after_bytes=leave_after_bytes)
        answers = []
        if field.activate():
            answers = [field.transceive(SELECT), field.transceive(INIT)]
            answers += [field.air_bytes, field.transceive(DEBIT)]
        return card, field, answers

    _, whole, (_, _, before_debit, answer) = tap(None)
    assert answer[-2:] == b"\x90\x00"
    debited = []
    for n in range(whole.air_bytes + 1):
        card, field, answers = tap(n)
        assert field.card is None
        debited.append(card.balance == 800)
        assert card.balance in (800, 1000)
        assert bool(answers and answers[-1]) == (n == whole.air_bytes)
    command_size = len(DEBIT) + 3
    assert debited.index(True) == before_debit + command_size + 1
    assert all(debited[debited.index(True) :])


def test_a_faulty_card_spoils_only_the_chosen_instruction():
    card = PurseCard.make(balance=77)
    field = field_with(FaultyCard(card, 0x5C, lambda apdu, right: right[:-1]))
    field.activate()
    assert field.transceive(SELECT)[-2:] == b"\x90\x00"
    assert field.transceive(BALANCE) == b"\x00\x00\x00\x4d\x90"
    field.place(FaultyCard(card, 0x5C, b"\x6f\xff"))
    field.activate()
    field.transceive(SELECT)
    assert field.transceive(BALANCE) == b"\x6f\xff"


def test_raw_frames_of_any_kind_never_break_the_card():
    seed = 4
    print("seed", seed)
    rng = random.Random(seed)
    field = field_with(Echo())
    for _ in range(5000):
        if rng.random() < 0.05:
            field.activate()
        data = rng.randbytes(rng.randrange(1, 8))
        field.frame(data, bits=rng.choice([7, 8, 8, 8]), has_crc=rng.random() < 0.9)
    field.place(Echo())
    assert field.activate() is not None
