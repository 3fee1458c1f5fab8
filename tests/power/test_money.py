"""Money against a tiny reference ledger: taps, tears, power cuts, hotlists, limits, clocks, loads.

The ledger is a dictionary of balances and a few rules; the terminal is the real engine on the real
journal on NOR flash that can be cut. `make test-money` runs a million steps.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from inproc import card, soft_sam
from issuer import BenchIssuer
from onecard.sim.flash import CUT_MODES, PowerCut
from shop import Shop, Tear, judge
from terminal.engine import Load, Purchase
from terminal.outcomes import (
    APPROVED,
    HOLD_STILL,
    HOTLISTED,
    IN_DOUBT,
    LOADED,
    NOT_ENOUGH,
    OVER_DAY,
    RESOLVED,
    TAP_AGAIN,
)
from terminal.rules import Limits, Rules
from terminal.tally import Tally, day_start

STEPS = int(os.environ.get("ONECARD_MONEY_STEPS", "10000"))
STEP_COUNT = 50
CARDS = 4
START = 20_000
OTHER = "112233445577"
DAY_LIMIT = 30_000
DEBIT_APDU = 3  # SELECT, INITIALIZE, DEBIT
steps_done = 0


class Ledger:
    """What a child would write down. open: card -> amount, done, is a load, day of a lost tap."""

    def __init__(self):
        self.balance = {n: START for n in range(CARDS)}
        self.spent = {n: 0 for n in range(CARDS)}
        self.open = {}
        self.hot = set()
        self.moved_on = set()  # cards with an open debit here that paid elsewhere since


class Money(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.ledger = Ledger()
        self.cards = [card(n + 1, START, balance_limit=1_000_000) for n in range(CARDS)]
        self.hotlist = set()
        self.here = Shop(make_rules=self._rules)
        self.elsewhere = Shop(make_sam=lambda: soft_sam(OTHER), number=OTHER)
        self.issuer = BenchIssuer()

    def _rules(self):
        tally = Tally(16, day_start)
        if hasattr(self, "here"):
            tally.restore(self.here.journal, self.here.clock.now_s())
        return Rules(self.hotlist, Limits(day=DAY_LIMIT), tally)

    def _restart(self):
        self.here.start()
        # the rules need the mounted journal: made again now that it is there
        self.here.engine.rules = self._rules()

    # -- what the ledger expects ----------------------------------------------------------

    def _settle_first(self, n):
        """The kind that an open transaction of this card ends the tap with, or None."""
        ledger = self.ledger
        if n not in ledger.open:
            return None
        amount, done, is_load, day = ledger.open.pop(n)
        if n in ledger.moved_on:
            ledger.moved_on.discard(n)
            return IN_DOUBT
        if not done:
            return None
        if not is_load and day == self._day():
            ledger.spent[n] += amount
        return LOADED if is_load else RESOLVED

    def _expected(self, n, amount):
        """(kind of a purchase that nothing disturbs, whether it debits)."""
        settled = self._settle_first(n)
        if settled is not None:
            return settled, False
        if n in self.ledger.hot:
            return HOTLISTED, False
        if self.ledger.spent[n] + amount > DAY_LIMIT:
            return OVER_DAY, False
        if amount > self.ledger.balance[n]:
            return NOT_ENOUGH, False
        return APPROVED, True

    def _day(self):
        return (self.here.clock.time_s + 8 * 3600) // 86400

    # -- steps ----------------------------------------------------------------------------

    @rule(n=st.integers(0, CARDS - 1), amount=st.integers(1, 6000))
    def purchase(self, n, amount):
        kind, debits = self._expected(n, amount)
        outcome = self.here.run(self.cards[n], Purchase(amount))
        assert outcome.kind == kind
        if debits:
            self.ledger.balance[n] -= amount
            self.ledger.spent[n] += amount
            assert outcome.balance == self.ledger.balance[n]

    @rule(n=st.integers(0, CARDS - 1), amount=st.integers(1, 6000), acts=st.booleans())
    def torn_in_the_debit(self, n, amount, acts):
        if n in self.ledger.open:  # then the third APDU is another one
            self.purchase(n, amount)
            return
        kind, debits = self._expected(n, amount)
        outcome = self.here.run(self.cards[n], Purchase(amount), Tear(DEBIT_APDU, acts))
        if not debits:
            # a poor card is asked for its balance in the third APDU
            assert outcome.kind in (kind, HOLD_STILL)
            return
        assert outcome.kind == TAP_AGAIN
        self.ledger.open[n] = amount, acts, False, self._day()
        if acts:
            self.ledger.balance[n] -= amount

    @rule(n=st.integers(0, CARDS - 1), amount=st.integers(1, 6000), number=st.integers(1, 2))
    def torn_before_the_debit(self, n, amount, number):
        outcome = self.here.run(self.cards[n], Purchase(amount), Tear(number, True))
        assert outcome.kind in (HOLD_STILL, TAP_AGAIN, HOTLISTED, OVER_DAY)

    @rule(n=st.integers(0, CARDS - 1), amount=st.integers(1, 6000))
    def purchase_elsewhere(self, n, amount):
        if amount > self.ledger.balance[n]:
            return
        assert self.elsewhere.run(self.cards[n], Purchase(amount)).kind == APPROVED
        self.ledger.balance[n] -= amount
        if n in self.ledger.open and not self.ledger.open[n][2]:
            self.ledger.moved_on.add(n)

    @rule(n=st.integers(0, CARDS - 1), amount=st.integers(1, 6000))
    def load(self, n, amount):
        settled = self._settle_first(n)
        kind = settled or (HOTLISTED if n in self.ledger.hot else LOADED)
        outcome = self.here.run(self.cards[n], Load(amount, self.issuer))
        assert outcome.kind == kind
        if settled is None and kind == LOADED:
            self.ledger.balance[n] += amount
            assert outcome.balance == self.ledger.balance[n]

    @rule(n=st.integers(0, CARDS - 1), amount=st.integers(1, 6000), acts=st.booleans())
    def torn_in_the_load(self, n, amount, acts):
        if n in self.ledger.open or n in self.ledger.hot:
            return
        outcome = self.here.run(self.cards[n], Load(amount, self.issuer), Tear(3, acts))
        assert outcome.kind == TAP_AGAIN
        self.ledger.open[n] = amount, acts, True, self._day()
        if acts:
            self.ledger.balance[n] += amount

    @rule(
        n=st.integers(0, CARDS - 1),
        amount=st.integers(1, 6000),
        operation=st.integers(1, 3),
        mode=st.sampled_from(CUT_MODES),
    )
    def power_cut_in_a_purchase(self, n, amount, operation, mode):
        if n in self.ledger.open:
            return
        kind, debits = self._expected(n, amount)
        self.here.nor.cut_at(operation, mode, amount)
        before = self.cards[n].balance
        try:
            outcome = self.here.run(self.cards[n], Purchase(amount))
        except PowerCut:
            outcome = None
        self._restart()
        done = self.cards[n].balance != before
        assert not done or debits
        if done:
            self.ledger.balance[n] -= amount
        if outcome is not None:
            assert outcome.kind == kind
            if debits:
                self.ledger.spent[n] += amount
        elif self._is_open(n):
            self.ledger.open[n] = amount, done, False, self._day()
        elif done:  # the result was whole before the power went
            self.ledger.spent[n] += amount

    def _is_open(self, n):
        return self.here.engine.ledger.open_of(self.cards[n].serial) is not None

    @rule()
    def power_cycle(self):
        self._restart()

    @rule(n=st.integers(0, CARDS - 1))
    def lost_card(self, n):
        self.hotlist ^= {self.cards[n].serial}
        self.ledger.hot ^= {n}

    @rule(days=st.integers(0, 2), seconds=st.integers(0, 3600))
    def time_passes(self, days, seconds):
        before = self._day()
        self.here.clock.time_s += days * 86400 + seconds
        if self._day() != before:
            self.ledger.spent = {n: 0 for n in range(CARDS)}

    @rule()
    def host_pulls(self):
        self.here.pull()

    # -- what always holds ------------------------------------------------------------------

    @invariant()
    def cards_hold_what_the_ledger_says(self):
        global steps_done
        steps_done += 1
        if hasattr(self, "ledger"):
            held = {n: one.balance for n, one in enumerate(self.cards)}
            assert held == self.ledger.balance

    def teardown(self):
        if not hasattr(self, "ledger"):
            return
        moved = sum(START - one.balance for one in self.cards)
        shops = (self.here, self.elsewhere)
        assert judge(moved, [s.report() for s in shops], [s.doubtful() for s in shops])


Money.TestCase.settings = settings(
    max_examples=max(1, STEPS // 40),
    stateful_step_count=STEP_COUNT,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(7200)
def test_no_sequence_of_events_makes_or_loses_a_fen():
    Money.TestCase("runTest").runTest()
    print("steps:", steps_done)
    assert steps_done >= STEPS


def test_a_ledger_that_is_wrong_would_be_noticed(monkeypatch):
    """The model can fail: a terminal that charges a fen too much is found at once."""
    machine = Money()
    machine.begin()
    take = Purchase.__init__
    monkeypatch.setattr(Purchase, "__init__", lambda s, a, *rest: take(s, a + 1, *rest))
    with pytest.raises(AssertionError):
        machine.purchase(0, 100)
