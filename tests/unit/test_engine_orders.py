"""Loads, refunds, compound purchases, rides, SM4 cards: what else a terminal does with a purse."""

import random

import pytest
import virtual
from inproc import DTK, TERMINAL, K, card, soft_sam
from issuer import BenchIssuer
from occard import purse, transit
from occard.profiles import BANK
from ocwire import record
from onecard import verify
from onecard.sim.cards import pboc
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import FaultyCard
from shop import Direct, Shop, Tear
from terminal.engine import CompoundPurchase, Load, Place, Purchase, Ride, Tariff
from terminal.outcomes import (
    APPROVED,
    CARD_ERROR,
    LOADED,
    LOCKED,
    NOT_AUTHORISED,
    NOT_ENOUGH,
    OTHER_CARD,
    PIN_NEEDED,
    PIN_WRONG,
    TAP_AGAIN,
)

PLACE = Place(
    b"\x44\x03", bytes.fromhex("31099900FFFFFFFF"), b"\x00\x01", b"\x00\x12", b"VEHICLE1"
)
OTHER_LINE = Place(
    b"\x44\x03", bytes.fromhex("31099900FFFFFFFF"), b"\x00\x01", b"\x00\x34", b"VEHICLE2"
)
RIDES = tuple(bytes(transit.Ride(n).raw) for n in (transit.RAIL, transit.BUS))


def rider(**options):
    return card(1, 20_000, **{"rides": RIDES, "balance_limit": 1_000_000} | options)


def bus_record(a_card):
    return transit.Ride(transit.BUS, a_card.rides[1])


# -- loads ----------------------------------------------------------------------------------


def test_a_load_is_authorised_recorded_and_its_tac_proved():
    here, a_card, issuer = Shop(), rider(), BenchIssuer()
    outcome = here.run(a_card, Load(5000, issuer))
    assert (outcome.kind, outcome.balance, a_card.balance) == (LOADED, 25_000, 25_000)
    report = here.report()
    assert (report.loads, report.loaded, report.debited, report.tacs) == (1, 5000, 0, 1)
    assert report.is_proved and issuer.authorised == 5000


def test_a_load_that_the_issuer_refuses_changes_nothing():
    here, a_card, issuer = Shop(), rider(), BenchIssuer()
    issuer.refuses = "account is closed"
    outcome = here.run(a_card, Load(5000, issuer))
    assert (outcome.kind, outcome.detail) == (NOT_AUTHORISED, "account is closed")
    assert a_card.balance == 20_000 and here.report().records == 0


def test_a_card_whose_mac1_is_wrong_is_not_loaded():
    here, a_card = Shop(), rider(dlk=bytes(16))
    assert here.run(a_card, Load(5000, BenchIssuer())).kind == NOT_AUTHORISED
    assert a_card.balance == 20_000


@pytest.mark.parametrize("acts", [False, True])
@pytest.mark.parametrize("cuts_power", [False, True])
def test_p2_a_torn_load_is_settled_by_the_card_that_comes_back(acts, cuts_power):
    here, a_card, issuer = Shop(), rider(), BenchIssuer()
    assert here.run(a_card, Load(5000, issuer), Tear(3, acts)).kind == TAP_AGAIN
    if cuts_power:
        here.start()
    outcome = here.run(a_card, Load(5000, issuer))
    assert outcome.kind == LOADED and a_card.balance == 25_000
    report = here.report()
    assert (report.loaded, report.findings) == (5000, [])


def test_a_load_above_the_purses_limit_is_refused_by_the_card():
    assert Shop().run(rider(balance_limit=20_001), Load(2, BenchIssuer())).kind == CARD_ERROR


def test_the_published_load_comes_out_of_the_terminals_code():
    """cards.md 7.7: MAC1 11965A94, MAC2 BA992EB2, TAC 5B199CF5."""
    a_card = PurseCard.make(
        balance=0x1F4, online_serial=7, dlk=K, dtk=DTK, random_source=bytes.fromhex("A1B2C3D4")
    )
    terminal, moment = bytes.fromhex("112233445566"), bytes.fromhex("20250131123456")

    async def load():
        held = await purse.select(Direct(a_card))
        answer = await held.initialize_load(1, 0x3E8, terminal)
        key = pboc.load_session_key(K, answer.random, answer.counter)
        mac2 = pboc.mac(key, bytes.fromhex("000003E8 02 112233445566 20250131123456"))
        return answer, mac2, await held.credit(moment, mac2), await held.prove(2, 8)

    answer, mac2, tac, proof = virtual.run(load())
    assert (answer.balance, answer.counter) == (0x1F4, 7)
    assert answer.mac1.hex().upper() == "11965A94" and mac2.hex().upper() == "BA992EB2"
    assert tac.hex().upper() == "5B199CF5" and proof[0] == tac and a_card.balance == 0x5DC


# -- giving back ----------------------------------------------------------------------------


def undo(here, a_card, issuer):
    here.engine.field_is_empty()
    a_card.power_off()
    return virtual.run(here.engine.undo(Direct(a_card), issuer))


def test_the_last_purchase_is_given_back_once_to_its_card_alone():
    here, a_card, issuer = Shop(), rider(), BenchIssuer()
    here.run(a_card, Purchase(1200))
    assert undo(here, card(2), issuer).kind == OTHER_CARD
    assert undo(here, a_card, issuer).kind == LOADED and a_card.balance == 20_000
    assert undo(here, a_card, issuer).kind == CARD_ERROR and a_card.balance == 20_000
    report = here.report()
    assert (report.debited, report.loaded, report.is_proved) == (1200, 1200, True)
    payloads = [i.fields()["payload"] for i in here.stored if i.kind == record.INTENT]
    assert payloads == [b"", b"undo" + (1).to_bytes(4, "big")]


def test_a_refund_torn_away_is_settled_and_not_given_twice():
    here, a_card, issuer = Shop(), rider(), BenchIssuer()
    here.run(a_card, Purchase(1200))
    here.engine.field_is_empty()
    virtual.run(here.engine.undo(Direct(a_card, Tear(3, True)), issuer))
    a_card.power_off()
    assert undo(here, a_card, issuer).kind == LOADED and a_card.balance == 20_000
    assert undo(here, a_card, issuer).kind == CARD_ERROR and a_card.balance == 20_000


def test_there_is_nothing_to_give_back_before_a_purchase():
    assert undo(Shop(), rider(), BenchIssuer()).kind == CARD_ERROR


# -- PIN ------------------------------------------------------------------------------------


def with_deposit(**options):
    return rider(has_deposit=True, deposit=5000, pin=bytes.fromhex("123456"), **options)


def by_file(a_card):
    """The deposit is selected as DF 1001; its public information says ED and EP."""

    def select(apdu, right):
        old = a_card.public_information()
        return right.replace(old, old[:8] + b"\x03" + old[9:])

    return FaultyCard(a_card, 0xA4, select)


def test_a_deposit_is_charged_with_its_pin():
    here, a_card = Shop(), with_deposit()
    held = by_file(a_card)
    assert here.run(held, Purchase(1200, BANK)).kind == PIN_NEEDED
    wrong = here.run(held, Purchase(1200, BANK, pin="654321"))
    assert (wrong.kind, wrong.detail) == (PIN_WRONG, "2 tries left")
    right = here.run(held, Purchase(1200, BANK, pin="123456"))
    assert (right.kind, a_card.deposit, a_card.balance) == (APPROVED, 3800, 20_000)
    intents = [i.fields() for i in here.journal_records() if i.kind == record.INTENT]
    assert [i["tti"] for i in intents] == [5] and here.report().is_proved


def test_a_load_that_wants_a_pin_says_so():
    here, a_card = Shop(), with_deposit()
    assert here.run(a_card, Load(100, BenchIssuer())).kind == PIN_NEEDED
    assert here.run(a_card, Load(100, BenchIssuer(), pin="123456")).kind == LOADED


def test_a_blocked_pin_is_the_cards_word():
    here, held = Shop(), by_file(with_deposit(pin_tries=1))
    here.run(held, Purchase(100, BANK, pin="000000"))
    outcome = here.run(held, Purchase(100, BANK, pin="123456"))
    assert outcome.kind == CARD_ERROR and "6983" in outcome.detail


# -- compound purchases and rides -----------------------------------------------------------


def test_a_compound_purchase_writes_its_record_with_the_money():
    here, a_card = Shop(), rider()
    entry = transit.Ride(transit.RAIL)
    entry.put(status=transit.ENTERED, entry_amount=0)
    order = CompoundPurchase(0, ((0x1A, transit.RAIL, bytes(entry.raw)),), payload=b"entry")
    assert here.run(a_card, order).kind == APPROVED
    assert transit.Ride(transit.RAIL, a_card.rides[0]).is_under_way and a_card.balance == 20_000
    report = here.report()
    assert report.is_proved and report.tacs == 1
    assert here.stored[0].fields()["tti"] == 9


def test_a_flat_ride_takes_the_fare_and_a_transfer_less():
    here, a_card = Shop(), rider()
    tariff = Tariff(flat=200, transfer_fen=100, transfer_s=3600)
    assert here.run(a_card, Ride(PLACE, tariff)).amount == 200
    here.clock.time_s += 1800
    assert here.run(a_card, Ride(PLACE, tariff)).amount == 200  # the same line is no transfer
    assert here.run(a_card, Ride(OTHER_LINE, tariff)).amount == 100
    here.clock.time_s += 3601
    assert here.run(a_card, Ride(PLACE, tariff)).amount == 200
    trips = [transit.Trip(raw) for raw in a_card.journeys]
    assert [t.amount for t in trips] == [200, 100, 200, 200]
    assert [t.balance for t in trips] == [19_300, 19_500, 19_600, 19_800]
    assert a_card.balance == 19_300 and here.report().is_proved


def test_a_distance_fare_is_paid_on_leaving():
    here, a_card = Shop(), rider()
    tariff = Tariff(by_stops=(100, 200, 300))
    PLACE.stop = 1
    boarded = here.run(a_card, Ride(PLACE, tariff))
    assert (boarded.kind, boarded.amount) == (APPROVED, 0)
    assert bus_record(a_card).is_under_way
    assert bus_record(a_card).number_of("marked_amount") == 300
    PLACE.stop = 2
    assert here.run(a_card, Ride(PLACE, tariff)).amount == 200
    assert not bus_record(a_card).is_under_way and a_card.balance == 19_800
    PLACE.stop = 0


def test_who_never_alights_pays_the_marked_amount_at_the_next_boarding():
    here, a_card = Shop(), rider()
    tariff = Tariff(by_stops=(100, 200, 300))
    here.run(a_card, Ride(PLACE, tariff))
    again = here.run(a_card, Ride(OTHER_LINE, tariff))
    assert again.amount == 300 and a_card.balance == 19_700 and bus_record(a_card).is_under_way


def test_a_locked_ride_record_is_refused():
    locked = bytearray(RIDES[1])
    locked[5] = 1
    a_card = rider(rides=(RIDES[0], bytes(locked)))
    assert Shop().run(a_card, Ride(PLACE, Tariff(flat=200))).kind == LOCKED
    assert a_card.balance == 20_000


def test_a_card_without_ride_records_pays_the_highest_fare_plainly():
    here, a_card = Shop(), rider(rides=())
    assert here.run(a_card, Ride(PLACE, Tariff(by_stops=(100, 300)))).amount == 300
    assert here.report().is_proved and here.stored[0].fields()["tti"] == 6


@pytest.mark.parametrize("acts", [False, True])
def test_p2_a_torn_ride_leaves_record_and_money_together(acts):
    here, a_card = Shop(), rider()
    before = a_card.rides
    tear = Tear(6, acts)  # SELECT, READ RECORD, INITIALIZE, two UPDATEs, DEBIT
    assert here.run(a_card, Ride(PLACE, Tariff(flat=200)), tear).kind == TAP_AGAIN
    assert (a_card.balance, len(a_card.journeys)) == ((19_800, 1) if acts else (20_000, 0))
    assert (a_card.rides != before) is acts


# -- SM4 ------------------------------------------------------------------------------------


def sm4_card(session="complement", balance=5000):
    from onecard.sim.cards.cipher import suite_of

    number = bytes.fromhex(f"{7:020d}")
    suite = suite_of(4, session)
    return PurseCard.make(
        serial=number, balance=balance, algorithm=4, sm4_session=session,
        dpk=suite.diversify(K, number[2:]), dtk=DTK, apdu_us=0,
    )  # fmt: skip


@pytest.mark.parametrize("session", ["complement", "zeros"])
def test_an_sm4_card_pays_where_the_reading_of_its_keys_is_set(session):
    here = Shop(make_sam=lambda: soft_sam(sm4_session=session))
    a_card = sm4_card(session)
    assert here.run(a_card, Purchase(1200)).kind == APPROVED and a_card.balance == 3800
    report = here.report()
    assert report.is_proved and (report.tacs, report.unchecked_tacs) == (0, 1)
    assert here.run(card(1), Purchase(100)).kind == APPROVED  # and 3DES cards as before


def test_an_sm4_card_is_refused_where_no_reading_is_set_and_keeps_its_tries():
    here, a_card = Shop(), sm4_card()
    outcome = here.run(a_card, Purchase(1200))
    assert outcome.kind == CARD_ERROR and "PSAM" in outcome.detail
    assert a_card.balance == 5000 and a_card.mac_tries == 15


def test_after_a_wrong_mac_no_other_key_is_tried():
    """A wrong MAC costs the card one of its tries: it is never guessed again."""
    here, a_card = Shop(), card(dpk=bytes(16), key_indexes=(1, 2))
    assert here.run(a_card, Purchase(100)).kind == CARD_ERROR
    assert a_card.mac_tries == 14


@pytest.mark.parametrize("index", [1, 2, 3])
def test_key_indexes_are_tried_in_order_until_the_card_knows_one(index):
    from terminal.sam.soft import PurchaseKey, SoftSam

    keys = tuple(PurchaseKey(n, K, True) for n in (1, 2, 3))
    here = Shop(make_sam=lambda: SoftSam(bytes.fromhex(TERMINAL), keys))
    assert here.run(card(key_indexes=(index,)), Purchase(100)).kind == APPROVED
    assert here.report().is_proved and here.stored[0].fields()["key_index"] == index


# -- the rest -------------------------------------------------------------------------------


def test_an_overdrawn_purse_pays_within_its_limit():
    here, a_card = Shop(), card(1, 500, overdraft_limit=1000)
    assert here.run(a_card, Purchase(1200)).kind == APPROVED and a_card.balance == -700
    assert here.run(a_card, Purchase(301)).kind == NOT_ENOUGH


def test_a_counter_at_its_end_is_the_cards_end():
    outcome = Shop().run(rider(offline_serial=0xFFFF), Purchase(100))
    assert outcome.kind == CARD_ERROR and "counter at its end" in outcome.detail


def test_a_city_card_pays_with_its_security_identifier():
    """CJ/T 166: MAC1 covers nine bytes more."""
    here = Shop()
    a_card = rider(aid=bytes.fromhex("A00000000386980701"), security_id=bytes(range(9)))
    assert here.run(a_card, Purchase(100)).kind == APPROVED and here.report().is_proved
    assert here.stored[0].fields()["application"] == 2


def test_the_log_of_a_card_is_read_newest_first():
    here, a_card = Shop(), rider()
    for amount in (100, 200, 300):
        here.run(a_card, Purchase(amount))
    here.run(a_card, Load(500, BenchIssuer()))

    async def read():
        return await (await purse.select(Direct(a_card))).log()

    entries = virtual.run(read())
    assert [(e.amount, e.tti) for e in entries] == [(500, 2), (300, 6), (200, 6), (100, 6)]
    assert entries[0].is_load and entries[1].terminal == bytes.fromhex(TERMINAL)


# -- fuzz -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make_order", [
    lambda: Purchase(100),
    lambda: Load(100, BenchIssuer()),
    lambda: Ride(PLACE, Tariff(flat=200, transfer_fen=100, transfer_s=60)),
    lambda: CompoundPurchase(0, ((0x1A, 1, RIDES[0]),)),
], ids=["purchase", "load", "ride", "compound purchase"])  # fmt: skip
def test_p7_whatever_a_card_answers_ends_in_an_outcome_and_the_next_card_is_served(make_order):
    seed = 21
    print("seed", seed)
    rng = random.Random(seed)
    here = Shop(sectors=64)
    moved = 0
    for n in range(300):
        a_card = card(100 + n, 20_000, rides=RIDES, balance_limit=1_000_000)
        hit = rng.randrange(1, 8)
        count = [0]

        def spoil(apdu, right, hit=hit, count=count):
            count[0] += 1
            if count[0] != hit:
                return right
            how = rng.randrange(4)
            if how == 0:
                return rng.randbytes(rng.randrange(30))  # content, length and status word
            if how == 1:
                return right[: rng.randrange(len(right))]
            if how == 2:
                return right[:-2] + rng.choice([0x6A80, 0x6985, 0x9302, 0x6F00]).to_bytes(2, "big")
            return rng.randbytes(len(right) - 2) + right[-2:]

        assert here.run(FaultyCard(a_card, None, spoil), make_order()).kind
        here.clock.time_s += 1
        for _ in range(2):  # it comes back and is settled
            assert here.run(a_card, make_order()).kind
        moved += 20_000 - a_card.balance
        assert not here.journal.open
    assert here.run(card(1), Purchase(100)).kind == APPROVED
    report = here.report()
    wrong = [f for f in report.findings if f.kind not in (verify.IN_DOUBT, verify.WRONG_TAC)]
    assert wrong == []
    doubtful = sum(abs(i["amount"]) for i in here.doubtful().values())
    assert abs(moved + 100 - (report.debited - report.loaded)) <= doubtful + 100 * len(
        [f for f in report.findings if f.kind == verify.WRONG_TAC]
    )
