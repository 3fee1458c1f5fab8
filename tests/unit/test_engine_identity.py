"""Identities are kept sealed and shown masked; QR codes are taken once, after their proof."""

import os

import pytest
import virtual
from inproc import JOURNAL_KEY, TERMINAL, Clock, card, soft_sam
from occard.qr import Codes, TokenDecoder
from occard.social import SSSE
from ocwire import record
from onecard.identity import IdentityError, open_identity
from onecard.keystore import Keystore
from onecard.report import describe
from onecard.sim.cards.tags import PlainTag
from ram_flash import RamFlash
from shop import Direct
from terminal.engine import Engine
from terminal.journal import Journal
from terminal.outcomes import (
    CARD_ERROR,
    CODE_EXPIRED,
    CODE_WRONG,
    EXPIRED,
    HOTLISTED,
    IDENTIFIED,
    OFFLINE,
    UNKNOWN_CARD,
    Outcome,
)
from terminal.rules import Rules
from terminal.sealing import Sealer
from test_occard_identity import ID, NAME, social_card
from test_occard_qr import ACCOUNT, code, codes

KEYS = Keystore(bytes(32), None)


class Bench:
    def __init__(self, **options):
        self.clock = Clock()
        self.flash = RamFlash(8)
        key = KEYS.journal_key(TERMINAL)
        self.journal = Journal(self.flash, key, self.clock.now_s)
        self.journal.mount()
        rules = Rules(options.pop("hotlist", ()))
        self.engine = Engine(
            self.journal, soft_sam(), self.clock, rules, sealer=Sealer(key), **options
        )

    def identify(self, target):
        return virtual.run(self.engine.identify(target, record.CHECK_IN))

    def records(self):
        first, raw = self.journal.read(1, 1 << 16)
        return record.split(raw, first) if raw else []


def test_p6_an_identity_is_kept_sealed_shown_masked_and_opened_by_the_keystore():
    bench = Bench()
    outcome = bench.identify(social_card())
    assert (outcome.kind, outcome.detail) == (IDENTIFIED, "110105**********2X")
    (item,) = bench.records()
    assert describe(item)["purpose"] == "check-in"
    for secret in (ID.encode(), NAME.encode("gbk"), b"A12345678"):
        assert secret not in bytes(bench.flash.data) and secret not in item.raw
    holder = open_identity(item, TERMINAL, KEYS.identity_key(TERMINAL))
    assert (holder.id_number, holder.name, holder.region) == (ID, NAME, "440301")
    assert holder.masked() == "张** 110105**********2X" and NAME not in repr(holder)


def test_p6_an_identity_opens_with_no_other_key_and_for_no_other_terminal():
    bench = Bench()
    bench.identify(social_card())
    (item,) = bench.records()
    key = KEYS.identity_key(TERMINAL)
    for terminal, other in ((TERMINAL, os.urandom(16)), ("112233445567", key)):
        with pytest.raises(IdentityError, match="does not open"):
            open_identity(item, terminal, other)
    assert JOURNAL_KEY != key


def test_cards_that_identify_nobody_are_told_apart():
    bench = Bench()
    assert bench.identify(Direct(card())).kind == UNKNOWN_CARD
    bench.clock.base_s += 9 * 365 * 86400
    assert bench.identify(social_card()).kind == EXPIRED
    wrong = social_card()
    wrong._applications[SSSE][b"\xef\x06"][0] = b"\x08\x12" + b"1" * 18
    assert bench.identify(wrong).kind == CARD_ERROR
    tag = PlainTag()
    tag.is_iso_dep = False
    assert bench.identify(tag).kind == UNKNOWN_CARD
    assert bench.records() == []


def test_a_code_is_taken_once_recorded_and_refused_the_second_time():
    bench = Bench(codes=codes())
    raw = code(generated_s=Clock().now_s())
    assert virtual.run(bench.engine.take_code(raw, record.ADMISSION, 200)).kind == IDENTIFIED
    assert virtual.run(bench.engine.take_code(raw, record.ADMISSION, 200)).kind == CODE_EXPIRED
    (item,) = bench.records()
    assert item.fields()["serial"] == ACCOUNT and item.fields()["amount"] == 200


def test_a_hotlisted_account_is_refused_by_its_code_too():
    bench = Bench(codes=codes(), hotlist=(ACCOUNT,))
    raw = code(generated_s=Clock().now_s())
    assert virtual.run(bench.engine.take_code(raw, record.ADMISSION)).kind == HOTLISTED
    assert [record.name(item.kind) for item in bench.records()] == ["refused"]


def test_p4_a_token_that_nobody_knows_leaves_no_record_that_it_was_taken():
    async def stranger(raw, purpose):
        return Outcome(CODE_WRONG)

    bench = Bench(codes=Codes([TokenDecoder()]))
    taking = bench.engine.take_code(b"0123456789ABCDEF", record.RIDE, 200, stranger)
    assert virtual.run(taking).kind == CODE_WRONG
    taking = bench.engine.take_code(b"FEDCBA9876543210", record.RIDE, 200)  # nobody to ask
    assert virtual.run(taking).kind == OFFLINE
    assert bench.records() == []


def test_a_token_that_the_host_knows_is_kept_by_its_digest_alone():
    async def known(raw, purpose):
        assert (raw, purpose) == (b"0123456789ABCDEF", record.ADMISSION)

    bench = Bench(codes=Codes([TokenDecoder()]))
    taking = bench.engine.take_code(b"0123456789ABCDEF", record.ADMISSION, 0, known)
    assert virtual.run(taking).kind == IDENTIFIED
    (item,) = bench.records()
    assert b"0123456789ABCDEF" not in item.raw and item.fields()["serial"] == bytes(10)


def test_without_decoders_or_with_nonsense_no_code_is_taken():
    assert virtual.run(Bench().engine.take_code(b"x" * 20, record.ADMISSION)).kind == CODE_WRONG
    bench = Bench(codes=codes())
    assert virtual.run(bench.engine.take_code(b"", record.ADMISSION)).kind == CODE_WRONG
    assert bench.records() == []
