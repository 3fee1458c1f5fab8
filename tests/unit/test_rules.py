"""Limits, places, test cards, anti-passback, old hotlists: refused before a card is asked."""

import pytest
from inproc import card, soft_sam
from occard.profiles import BANK, SOCIAL
from onecard.sim.cards.tags import FaultyCard
from shop import Direct, Shop
from terminal.engine import Purchase
from terminal.outcomes import (
    APPROVED,
    HOTLIST_OLD,
    NO_ACCOUNT,
    NOT_ENOUGH,
    NOT_HERE,
    OVER_COUNT,
    OVER_DAY,
    OVER_TAP,
    PIN_NEEDED,
    TEST_CARD,
    TOO_SOON,
)
from terminal.rules import Limits, Rules
from terminal.tally import Tally, day_start


def shop(cards=16, hotlist=(), **limits):
    """A shop with these limits; its tally is made anew from the journal at each start."""
    made = Shop(make_sam=soft_sam)

    def start():
        Shop.start(made)
        tally = Tally(cards, day_start)
        tally.restore(made.journal, made.clock.now_s())
        made.engine.rules = Rules(hotlist, Limits(**limits), tally)

    made.start = start
    start()
    return made


def kinds(a_shop, a_card, *amounts):
    return [a_shop.run(a_card, Purchase(amount)).kind for amount in amounts]


def test_a_purchase_above_the_limit_of_one_is_refused():
    assert kinds(shop(tap=1000), card(), 1001, 1000) == [OVER_TAP, APPROVED]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_cards_day_has_a_limit_that_a_power_cut_does_not_lift(restarts):
    here, a_card, other = shop(day=2500), card(1), card(2)
    assert kinds(here, a_card, 1200, 1200) == [APPROVED, APPROVED]
    if restarts:
        here.start()
    assert kinds(here, a_card, 101, 100) == [OVER_DAY, APPROVED]
    assert kinds(here, other, 2500) == [APPROVED]


@pytest.mark.parametrize("restarts", [False, True])
def test_the_day_ends_at_midnight_in_china(restarts):
    here, a_card = shop(count=1), card()
    here.clock.time_s += 15 * 3600 + 59 * 60  # 23:59
    assert kinds(here, a_card, 100, 100) == [APPROVED, OVER_COUNT]
    here.clock.time_s += 120
    if restarts:
        here.start()
    assert kinds(here, a_card, 100, 100) == [APPROVED, OVER_COUNT]


def test_a_debit_proved_at_the_next_tap_counts_too():
    here, a_card = shop(count=1), card()
    here.run(FaultyCard(a_card, 0x54, b"\x90\x00"), Purchase(100))
    here.run(a_card, Purchase(100))  # tells that it was made
    assert kinds(here, a_card, 100) == [OVER_COUNT]


def test_a_debit_that_was_not_made_does_not_count():
    here, a_card = shop(count=1), card()
    here.run(FaultyCard(a_card, 0x54, b"\x90\x00", runs=False), Purchase(100))
    here.start()
    assert kinds(here, a_card, 100, 100) == [APPROVED, OVER_COUNT]


def test_who_was_let_in_is_not_let_in_again_so_soon():
    here, a_card = shop(passback_s=300), card()
    assert kinds(here, a_card, 100, 100) == [APPROVED, TOO_SOON]
    here.clock.time_s += 299
    here.start()
    assert kinds(here, a_card, 100) == [TOO_SOON]
    here.clock.time_s += 1
    assert kinds(here, a_card, 100) == [APPROVED]


def test_what_must_stay_on_the_card_stays():
    assert kinds(shop(left=500), card(balance=1000), 501, 500) == [NOT_ENOUGH, APPROVED]


def test_a_card_that_the_table_has_no_room_for_is_refused_not_let_past():
    here = shop(cards=3, day=5000)
    assert [kinds(here, card(n), 100)[0] for n in range(1, 5)] == [APPROVED] * 3 + [OVER_DAY]


def test_a_tally_takes_twelve_bytes_a_card_and_counts_thousands():
    tally = Tally(2000, day_start)
    for number in range(2000):
        tally.add(number.to_bytes(10, "big"), number, 1767225600)
    assert 24_000 <= sum(len(block) for block in tally._blocks) < 25_000
    assert tally.of((1999).to_bytes(10, "big"), 1767225600) == (1999, 1, 1767225600)
    next_day_s = day_start(1767225600 + 86400)
    assert tally.of((1999).to_bytes(10, "big"), 1767225600 + 86400) == (0, 0, next_day_s)


def test_a_tally_keeps_the_last_second_of_a_day_and_the_most_that_settings_may_ask_for():
    tally, serial = Tally(10, day_start), bytes(10)
    last_s = day_start(1767225600) + 86399
    for _ in range(1100):
        tally.add(serial, 100_000_000, last_s)
    assert tally.of(serial, last_s) == (0xFFFFFFFF, 1023, last_s)


def test_a_tally_that_gave_its_memory_back_lets_nobody_past_a_limit():
    here = shop(cards=3, day=5000)
    assert kinds(here, card(1), 100) == [APPROVED]
    here.engine.rules.release()
    assert kinds(here, card(2), 100) == [OVER_DAY]


MANAGEMENT = "00000156 4400 {city} {interop} {kind}"


def city_card(city="4403", interop="0001", kind="01"):
    raw = bytes.fromhex(MANAGEMENT.format(city=city, interop=interop, kind=kind))
    return card(management=raw.ljust(60, b"\0"))


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (dict(), APPROVED),
        (dict(interop="0000"), APPROVED),
        (dict(city="3100"), APPROVED),
        (dict(city="3100", interop="0000"), NOT_HERE),
        (dict(kind="04"), TEST_CARD),
    ],
)
def test_cards_of_other_cities_and_test_cards(made, kind):
    here = shop()
    here.engine.rules = Rules(city=b"\x44\x03")
    assert kinds(here, city_card(**made), 100) == [kind]
    here.engine.rules = Rules(city=b"\x44\x03", takes_test_cards=True)
    if kind == TEST_CARD:
        assert kinds(here, city_card(**made), 100) == [APPROVED]


def test_without_a_city_no_file_is_read_for_it():
    target = Direct(city_card(kind="04"))
    import virtual

    assert virtual.run(shop().engine.run(target, Purchase(100))).kind == APPROVED
    assert target.count == 3


class OldList(tuple):
    """A hotlist made ten days ago."""

    def is_older_than(self, days, now_s):
        return days < 10


def test_on_a_hotlist_that_is_too_old_nothing_is_sold():
    here = shop()
    here.engine.rules = Rules(OldList(), hotlist_days=7)
    assert kinds(here, card(), 100) == [HOTLIST_OLD]
    here.engine.rules = Rules(OldList(), hotlist_days=14)
    assert kinds(here, card(), 100) == [APPROVED]


# -- accounts -------------------------------------------------------------------------------


def test_a_card_without_the_account_is_refused_with_what_it_has():
    outcome = shop().run(card(), Purchase(100, SOCIAL))
    assert (outcome.kind, outcome.detail) == (NO_ACCOUNT, "it has JT/T 978 transit purse")


def test_the_bank_account_wants_a_pin():
    here, a_card = shop(), card()

    def unnamed(kinds_of_purse):
        def select(apdu, right):
            if apdu[2] != 0:
                return bytes.fromhex("6A82")
            old = a_card.public_information()
            return right.replace(old, old[:8] + kinds_of_purse + old[9:])

        return FaultyCard(a_card, 0xA4, select)

    assert here.run(unnamed(b"\x03"), Purchase(100, BANK)).kind == PIN_NEEDED
    assert here.run(unnamed(b"\x02"), Purchase(100, BANK)).kind == NO_ACCOUNT  # a purse alone
    assert a_card.balance == 100_00


def test_a_scene_that_starts_again_counts_with_its_new_meter_alone():
    class Meter:
        def __init__(self):
            self.asked = self.told = 0

        def check(self, serial, amount, now_s):
            self.asked += 1

        def took(self, serial, amount, time_s, tti, payload):
            self.told += 1

    here, shift, first, second = shop(), Meter(), Meter(), Meter()
    rules = here.engine.rules
    rules.meters.append(shift)
    rules.count_also(first)
    rules.count_also(second)
    assert here.run(card(1), Purchase(100)).kind == APPROVED
    assert (shift.asked, shift.told) == (second.asked, second.told) == (1, 1)
    assert (first.asked, first.told) == (0, 0)
