"""The synthetic county keeps its own books right; its records are what terminals write."""

import datetime
from collections import defaultdict

import pytest
from ocwire import calendar, record
from onecard.sim.cards import pboc
from onecard.sim.county import make_county, plant

DAY = datetime.date(2025, 6, 12)
SEED = 11


@pytest.fixture(scope="module")
def county():
    print("seed", SEED)
    return make_county(SEED, DAY, terminals=30, records=5000)


def test_every_scene_and_every_outcome_is_there(county):
    assert len({place.scene for place in county.places}) == 9
    assert {deal.outcome for deal in county.deals} == {0, *record.OUTCOMES}
    assert {deal.kind for deal in county.deals} == {
        "purchase", "load", "refund", "code", "medical",
    }  # fmt: skip
    assert 4000 < county.records < 6000


def test_the_same_seed_gives_the_same_bytes(county):
    again = make_county(SEED, DAY, terminals=30, records=5000)
    assert [r.raw for _, rs in again.pulls() for r in rs] == [
        r.raw for _, rs in county.pulls() for r in rs
    ]
    assert again.deals == county.deals


def test_each_record_is_chained_and_each_tac_is_the_cards_by_another_implementation(county):
    seen = 0
    for name, terminal in county.terminals.items():
        before, intents = record.FIRST_MAC, {}
        for item in terminal.records:
            assert item.is_authentic(terminal.key, before)
            before = item.mac
            values = item.fields()
            if item.kind == record.INTENT:
                intents[item.seq] = values
            elif item.kind == record.DEBITED and seen < 200:
                intent = intents[values["intent_seq"]]
                if intent["algorithm"] == 0:
                    text = pboc.amount4(intent["amount"]) + bytes([intent["tti"]])
                    text += bytes.fromhex(name) + pboc.amount4(intent["terminal_serial"])
                    text += calendar.to_bcd(intent["time_s"])
                    dtk = county.keystore.purse.card_dtk(intent["serial"])
                    assert pboc.mac(pboc.tac_key(dtk), text) == values["tac"]
                    seen += 1
    assert seen == 200


def test_what_moved_explains_every_purse(county):
    moved = defaultdict(int)
    for deal in county.deals:
        if deal.is_moved and deal.application:
            sign = -1 if deal.kind == "purchase" else 1
            moved[deal.card] += sign * deal.amount
    first = {}
    for terminal in county.terminals.values():
        for item in terminal.records:
            if item.kind == record.INTENT:
                values = item.fields()
                key = (values["time_s"], -values["card_counter"])
                card = values["serial"].hex()
                if card not in first or key < first[card][0]:
                    first[card] = (key, values["balance"])
    for purse in county.cards:
        card = purse.serial.hex()
        if card in first:
            assert purse.balance == first[card][1] + moved[card], card


def test_each_fraud_is_planted_once():
    plan = plant(make_county(SEED, DAY, terminals=30, records=3000))
    assert len({fraud.name for fraud in plan.frauds}) == len(plan.frauds) == 10
    assert plan.clone[1]


def test_a_county_too_small_for_it_is_refused():
    with pytest.raises(ValueError, match="too few"):
        make_county(1, DAY, terminals=5)
    with pytest.raises(ValueError, match="too few canteens"):
        plant(make_county(1, DAY, terminals=9, records=300))
