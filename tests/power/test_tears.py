"""A card torn away at every byte on the air of every kind of transaction, both directions.

Then it comes back to the same terminal, pays elsewhere first, comes back after a power cut, or
never comes back. Whatever happens: what left the card is what the records say, and what is in
doubt with its evidence explains the rest to the fen. The exhaustive form is `make test-money`.
"""

import pytest
from inproc import TERMINAL, K, card, soft_sam
from issuer import BenchIssuer
from occard import transit
from onecard.sim.cards.cipher import suite_of
from onecard.sim.cards.psam import Psam as PsamCard
from onecard.sim.cards.psam import diversify
from onecard.sim.cards.tags import FaultyCard
from shop import Shop, judge
from slots import DirectSlot
from terminal.engine import CompoundPurchase, Load, Place, Purchase, Ride, Tariff
from terminal.outcomes import APPROVED, IN_DOUBT, LOADED, RESOLVED
from terminal.sam.psam import Psam

START = 20_000
AMOUNT = 1200
OTHER = "112233445577"
PLACE = Place(
    b"\x44\x03", b"\x31\x09\x99\x00\xff\xff\xff\xff", b"\x00\x01", b"\x00\x12", b"VEHICLE1"
)
AFTER = ("same", "elsewhere", "power cut", "never")
STRIDE = 11  # of the short form


def transit_card(number=1, **options):
    rides = tuple(bytes(transit.Ride(n).raw) for n in (transit.RAIL, transit.BUS))
    options = {"balance_limit": 1_000_000, "rides": rides} | options
    return card(number, START, **options)


def psam_card():
    made = transit_card()
    dpk = diversify(diversify(K, made.issuer), made.serial[2:])
    return transit_card(dpk=dpk)


def psam_shop(number=TERMINAL):
    slot = DirectSlot(PsamCard(dpk=K, terminal=bytes.fromhex(number)))
    return Shop(make_sam=lambda: Psam(slot), number=number)


def soft_shop(number=TERMINAL):
    return Shop(make_sam=lambda: soft_sam(number), number=number)


def purchase():
    return Purchase(AMOUNT)


def metro_exit():
    record = bytes.fromhex("27017D0101") + bytes(123)
    return CompoundPurchase(AMOUNT, ((0x1A, 1, record),))


def load():
    return Load(AMOUNT, BenchIssuer())


def ride():
    return Ride(PLACE, Tariff(flat=200, transfer_fen=100, transfer_s=3600))


def no_prove(a_card):
    return FaultyCard(a_card, 0x5A, b"\x6d\x00")


def sm4_card():
    suite = suite_of(4, "complement")
    number = bytes.fromhex(f"{7:020d}")
    return transit_card(7, algorithm=4, dpk=suite.diversify(K, number[2:]))


def sm4_shop(number=TERMINAL):
    return Shop(make_sam=lambda: soft_sam(number, sm4_session="complement"), number=number)


def boarding():
    return Ride(PLACE, Tariff(by_stops=(100, 200, 300)))


# name: (shop, card, order, what stands before the card)
KINDS = {
    "purchase": (soft_shop, transit_card, purchase, None),
    "purchase, a card without GET TRANSACTION PROVE": (
        soft_shop, transit_card, purchase, no_prove,
    ),
    "purchase with a PSAM": (psam_shop, psam_card, purchase, None),
    "compound purchase": (soft_shop, transit_card, metro_exit, None),
    "purchase from an SM4 card": (sm4_shop, sm4_card, purchase, None),
    "boarding and alighting": (soft_shop, transit_card, boarding, None),
    "bus ride": (soft_shop, transit_card, ride, None),
    "load": (soft_shop, transit_card, load, None),
    "load, a card without GET TRANSACTION PROVE": (soft_shop, transit_card, load, no_prove),
}  # fmt: skip


def case(kind, after, leave_after):
    """One tear and what follows; True if it all reconciles."""
    make_shop, make_card, make_order, wrap = KINDS[kind]
    here, a_card = make_shop(), make_card()
    held = wrap(a_card) if wrap else a_card
    shops = [here]
    first, _ = here.run_in_field(held, make_order(), leave_after)
    torn = first is None or first.kind not in (APPROVED, LOADED)
    if after == "elsewhere":
        other = make_shop(OTHER)
        shops.append(other)
        assert other.run_in_field(held, purchase())[0].kind == APPROVED
    if after == "power cut":
        here.start()
    if after != "never" and torn:
        here.clock.time_s += 5
        again, _ = here.run_in_field(held, make_order())
        assert again.kind in (APPROVED, LOADED, RESOLVED, IN_DOUBT), again.kind
        if again.kind == IN_DOUBT:
            assert after == "elsewhere" or wrap is not None, again.detail
        assert not here.journal.open
    moved = START - a_card.balance
    return judge(moved, [s.report() for s in shops], [s.doubtful() for s in shops])


def air_bytes(kind):
    make_shop, make_card, make_order, wrap = KINDS[kind]
    a_card = make_card()
    outcome, total = make_shop().run_in_field(wrap(a_card) if wrap else a_card, make_order())
    assert outcome.kind in (APPROVED, LOADED)
    return total


def twice_torn(kind, first_after, second_after):
    """Torn away, and torn away again while it is being settled; then it stays. True if all is
    reconciled and nothing is open."""
    make_shop, make_card, make_order, wrap = KINDS[kind]
    here, a_card = make_shop(), make_card()
    held = wrap(a_card) if wrap else a_card
    here.run_in_field(held, make_order(), first_after)
    here.clock.time_s += 5
    here.run_in_field(held, make_order(), second_after)
    for _ in range(2):
        here.clock.time_s += 5
        outcome, _ = here.run_in_field(held, make_order())
        assert outcome.kind in (APPROVED, LOADED, RESOLVED, IN_DOUBT), outcome.kind
    assert not here.journal.open
    return judge(START - a_card.balance, [here.report()], [here.doubtful()])


def sweep_twice(kind, stride):
    total, cases = air_bytes(kind), 0
    for first_after in range(1, total + 2, stride):
        for second_after in range(1 + first_after % stride, total + 60, stride):
            assert twice_torn(kind, first_after, second_after), (kind, first_after, second_after)
            cases += 1
    print(f"{kind}: torn twice, {cases} cases")
    return cases


def sweep(kind, stride):
    total, cases = air_bytes(kind), 0
    for after in AFTER:
        for leave_after in range(1 + AFTER.index(after) % stride, total + 2, stride):
            assert case(kind, after, leave_after), (kind, after, leave_after)
            cases += 1
    print(f"{kind}: {total} bytes on the air, {cases} cases")
    return cases


@pytest.mark.parametrize("kind", KINDS)
def test_p2_a_tear_at_any_byte_reconciles_to_the_fen(kind):
    assert sweep(kind, STRIDE) > 40


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_p2_a_tear_at_every_byte_reconciles_to_the_fen(kind):
    assert sweep(kind, 1) > 400


@pytest.mark.parametrize("kind", KINDS)
def test_p2_a_card_torn_away_twice_reconciles_to_the_fen(kind):
    assert sweep_twice(kind, 41) > 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_p2_a_card_torn_away_twice_anywhere_reconciles_to_the_fen(kind):
    assert sweep_twice(kind, 5) > 1000


def test_a_terminal_that_takes_a_lost_answer_for_no_debit_would_be_noticed(monkeypatch):
    """The judge can say no: without the card's word the sums differ."""
    from terminal.engine.settle import Settle

    async def nothing_was_done(self, a_card, intent_seq, intent):
        self._ledger.close(intent_seq, 3, intent["balance"])

    monkeypatch.setattr(Settle, "resolve", nothing_was_done)
    total = air_bytes("purchase")
    verdicts = [case("purchase", "same", n) for n in range(total - 20, total + 1)]
    assert not all(verdicts)
