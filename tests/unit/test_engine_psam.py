"""Purchases with a PSAM: it has keys and serial; whatever becomes of it, no fen is lost."""

import pytest
import virtual
from contact import play
from inproc import DTK, JOURNAL_KEY, TERMINAL, Clock, K, tap
from ocwire import record
from onecard.sim.cards.psam import Psam as PsamCard
from onecard.sim.cards.psam import diversify
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import FaultyCard
from ram_flash import RamFlash
from slots import DirectSlot
from terminal.engine import Engine
from terminal.journal import Journal
from terminal.outcomes import APPROVED, CARD_ERROR, IN_DOUBT, RESOLVED, SAM_FAULT, TAP_AGAIN
from terminal.rules import Rules
from terminal.sam.base import ABSENT, EXHAUSTED, WRONG, SamError
from terminal.sam.psam import Psam

SERIAL = bytes.fromhex("03109990012345678900")
ISSUER = bytes.fromhex("31099900FFFFFFFF")
INIT, CREDIT = 0x70, 0x72


def a_card(balance=5000, **options):
    """A card whose purchase key comes from K by its issuer, then by its serial."""
    dpk = diversify(diversify(K, ISSUER), SERIAL[2:])
    return PurseCard.make(
        serial=SERIAL, issuer=ISSUER, balance=balance, dpk=dpk, dtk=DTK, apdu_us=0, **options
    )


class Bench:
    """A terminal with a PSAM in its slot; restart() is a power cycle of both."""

    def __init__(self, slot=None, number=TERMINAL, **options):
        self._number = bytes.fromhex(number)
        self.slot = slot or DirectSlot(PsamCard(dpk=K, **options))
        self.flash = RamFlash(8)
        self.restart()

    def restart(self):
        self.clock = Clock()
        self.journal = Journal(self.flash, JOURNAL_KEY, self.clock.now_s)
        self.journal.mount()
        self.sam = Psam(self.slot, wanted=self._number)
        self.engine = Engine(self.journal, self.sam, self.clock, Rules())
        self.started = None
        try:
            virtual.run(self.engine.start())
        except SamError as error:
            self.started = error

    def tap(self, card, amount=1200, **options):
        return tap(self.engine, card, amount, **options)

    def records(self, *kinds):
        first, raw = self.journal.read(1, 1 << 16)
        return [item.fields() for item in record.split(raw, first) if item.kind in kinds]

    def outcomes(self):
        found = self.records(record.RESULT, record.DEBITED)
        return [result["outcome"] for result in found]


def test_a_purchase_has_the_sams_serial_and_a_mac2_that_it_found_right():
    bench, card = Bench(next_serial=77), a_card()
    assert bench.started is None
    outcome = bench.tap(card)
    assert (outcome.kind, outcome.balance, card.balance) == (APPROVED, 3800, 3800)
    assert bench.outcomes() == [record.DONE]
    assert bench.records(record.INTENT)[0]["terminal_serial"] == 77
    bench.restart()
    bench.tap(card)
    assert [i["terminal_serial"] for i in bench.records(record.INTENT)] == [77, 78]


def test_the_sams_key_index_is_the_one_that_the_card_is_asked_with():
    bench = Bench(key_index=3)
    assert bench.tap(a_card(key_indexes=(3,))).kind == APPROVED
    assert bench.records(record.INTENT)[0]["key_index"] == 3
    assert bench.tap(a_card(key_indexes=(1,))).kind == CARD_ERROR


def test_a_key_version_that_the_sam_has_not_is_the_cards_fault_and_writes_nothing():
    bench, card = Bench(key_version=2), a_card(key_version=1)
    assert bench.tap(card).kind == CARD_ERROR
    assert bench.records(record.INTENT) == [] and card.balance == 5000


@pytest.mark.parametrize(
    ("slot", "options", "kind"),
    [
        (DirectSlot(None), {}, ABSENT),
        (None, dict(terminal=bytes.fromhex("990000000009")), WRONG),
        (None, dict(application=b"\x10\x01"), WRONG),
        (DirectSlot(a_card()), {}, WRONG),
    ],
    ids=["empty slot", "another terminal's", "another scheme's", "no SAM at all"],
)
def test_what_is_wrong_with_a_sam_is_told_at_start(slot, options, kind):
    assert Bench(slot, **options).started.kind == kind


def test_an_exhausted_sam_sells_nothing():
    bench, card = Bench(next_serial=0x100000000), a_card()
    outcome = bench.tap(card)
    assert outcome.kind == SAM_FAULT and EXHAUSTED in outcome.detail
    assert card.balance == 5000 and bench.records(record.INTENT) == []


def test_a_sam_that_dies_before_mac1_costs_nothing_and_one_that_comes_back_serves():
    bench, card = Bench(), a_card()
    sam_card = bench.slot.card
    bench.slot.dies_at = INIT
    assert bench.tap(card).kind == SAM_FAULT
    assert bench.tap(card).kind == SAM_FAULT  # it stays away
    assert card.balance == 5000 and bench.records(record.INTENT) == []
    bench.slot.card, bench.slot.dies_at = sam_card, None
    assert bench.tap(card).kind == APPROVED


def test_p2_a_sam_that_dies_before_it_checks_mac2_leaves_the_debit_recorded_with_its_tac():
    bench, card = Bench(), a_card()
    bench.slot.dies_at = CREDIT
    outcome = bench.tap(card)
    assert outcome.kind == IN_DOUBT and not outcome.is_sale and card.balance == 3800
    (result,) = bench.records(record.RESULT)
    assert result["outcome"] == record.UNCHECKED and result["tac"] == card.proofs[0].tac


def test_p2_a_lost_answer_is_proved_by_the_sam_that_still_waits_for_its_mac2():
    bench, card = Bench(), a_card()
    assert bench.tap(FaultyCard(card, 0x54, b"\x90\x00")).kind == TAP_AGAIN
    assert bench.tap(card).kind == RESOLVED
    assert bench.outcomes() == [record.PROVED] and card.balance == 3800


@pytest.mark.parametrize("forgets", ["power cut", "another purchase"])
def test_p2_a_lost_answer_is_settled_by_proof_counter_and_balance_once_the_sam_forgot(forgets):
    bench, card = Bench(), a_card()
    assert bench.tap(FaultyCard(card, 0x54, b"\x90\x00")).kind == TAP_AGAIN
    if forgets == "power cut":
        bench.restart()
    else:
        dpk = diversify(diversify(K, ISSUER), bytes(8))
        other = PurseCard.make(serial=bytes(10), issuer=ISSUER, balance=5000, dpk=dpk, apdu_us=0)
        assert bench.tap(other).kind == APPROVED
    assert bench.tap(card).kind == RESOLVED
    assert bench.outcomes()[-1] == record.UNCHECKED and card.balance == 3800


def test_p2_a_debit_that_never_reached_the_card_is_known_after_a_power_cut_too():
    bench, card = Bench(), a_card()
    assert bench.tap(FaultyCard(card, 0x54, b"\x90\x00", runs=False)).kind == TAP_AGAIN
    bench.restart()
    assert bench.tap(card).kind == APPROVED
    assert bench.outcomes() == [record.NOT_DONE, record.DONE] and card.balance == 3800


def test_a_wrong_mac2_is_the_sams_word():
    bench, card = Bench(), a_card()
    wrong = FaultyCard(card, 0x54, lambda apdu, right: right[:4] + bytes(4) + right[8:])
    assert bench.tap(wrong).kind == IN_DOUBT
    assert bench.outcomes() == [record.WRONG_MAC2]


def test_a_purchase_through_a_real_contact_line():
    card = a_card()
    sam_card = PsamCard(dpk=K, apdu_us=2000.0)

    async def test(line):
        clock = Clock()
        journal = Journal(RamFlash(8), JOURNAL_KEY, clock.now_s)
        journal.mount()
        engine = Engine(journal, Psam(line.slot), clock, Rules())
        await engine.start()
        card.power_off()

        class Still:
            is_iso_dep = True

            @staticmethod
            async def exchange(command, expected=0):
                return card.process(bytes(command))

        outcome = await engine.purchase(Still, 1200)
        assert outcome.kind == APPROVED and card.balance == 3800
        assert line.faults == []

    play(test, sam_card)


def test_p2_a_purchase_of_the_same_amount_elsewhere_is_not_taken_for_ours():
    """Proof, counter and balance are as if ours had been made; the card's log names the other."""
    bench, card = Bench(), a_card()
    assert bench.tap(FaultyCard(card, 0x54, b"\x90\x00", runs=False)).kind == TAP_AGAIN
    other = Bench(number="990000000009", terminal=bytes.fromhex("990000000009"))
    assert other.tap(card).kind == APPROVED
    bench.restart()
    assert bench.tap(card).kind == IN_DOUBT
    assert bench.outcomes() == [record.IN_DOUBT] and card.balance == 3800
