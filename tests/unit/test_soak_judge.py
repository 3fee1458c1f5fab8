"""The soak's reconciliation: what it must find right, and what it must not let pass."""

from types import SimpleNamespace

import pytest
from inproc import JOURNAL_KEY, card, soft_sam
from shop import PURSE, Shop, Tear
from terminal.engine import Purchase
from terminal.outcomes import APPROVED, TAP_AGAIN

from tests.soak.judge import judge, slope
from tests.soak.soak import PRICE, START, TERMINAL, Sample, fen


class Day:
    """Three cards at a terminal; the third's debit is done and its answer lost."""

    def __init__(self):
        self.shop = Shop(make_sam=lambda: soft_sam(TERMINAL), number=TERMINAL)
        self.cards = [card(number, START) for number in (1, 2, 3)]
        self.tally = SimpleNamespace(shown=[])
        self.keystore = SimpleNamespace(journal_key=lambda _: JOURNAL_KEY, purse=PURSE)
        self.store = SimpleNamespace(records=lambda _: iter(self.shop.stored))
        for one in self.cards[:2]:
            assert self.shop.run(one, Purchase(PRICE)).kind == APPROVED
            self.tally.shown.append((bytes(one.serial), one.balance))
        torn = self.shop.run(self.cards[2], Purchase(PRICE), Tear(3, acts=True))
        assert torn.kind == TAP_AGAIN
        self.shop.pull()


def test_cards_screen_and_store_that_agree():
    verdict = judge(Day())
    assert (verdict.missing, verdict.unexplained, verdict.in_doubt) == (0, 0, 0)
    assert verdict.lost == 3 * PRICE and verdict.report.debited == 2 * PRICE
    assert [f.kind for f in verdict.report.findings] == ["open"]


def test_a_success_that_is_not_in_the_store_is_found():
    day = Day()
    day.tally.shown.append((bytes(day.cards[0].serial), START - 2 * PRICE))
    assert judge(day).missing == 1


@pytest.mark.parametrize("fen_more", [1, PRICE])
def test_money_that_no_record_explains_is_found(fen_more):
    day = Day()
    held = day.cards[0]
    day.cards[0] = SimpleNamespace(serial=held.serial, balance=held.balance - fen_more)
    assert judge(day).unexplained == 1


def test_a_record_that_is_gone_is_found():
    day = Day()
    del day.shop.stored[1]
    assert not judge(day).report.is_proved


def test_fen_of_a_screens_row():
    assert fen("余额 ¥88.05") == 8805
    with pytest.raises(AssertionError):
        fen("余额")


def test_the_slope_of_free_ram():
    samples = [Sample(taps, 0, 1000 - 2 * taps) for taps in (0, 10, 20)]
    assert slope(samples) == -2.0
    assert slope(samples[:1]) == 0.0
