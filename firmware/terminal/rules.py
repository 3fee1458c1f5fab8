"""Who may pay, and how much: hotlist, dates, limits, places. Checked before anything is asked.

Settings are those of config.py; a limit of 0 is none.
"""

from occard import transit
from occard.purse import EF_MANAGEMENT
from ocwire import record

from .engine.order import Refusal
from .outcomes import (
    EXPIRED,
    HOTLIST_OLD,
    HOTLISTED,
    NOT_ENOUGH,
    NOT_HERE,
    OVER_COUNT,
    OVER_DAY,
    OVER_TAP,
    TEST_CARD,
    TOO_SOON,
    Outcome,
)


class Limits:
    """tap, day: fen of one purchase and of a card's day here; count: purchases of a card a day.

    left: fen that must stay on the card. passback_s: a card is not let in twice within it.
    """

    def __init__(self, tap=0, day=0, count=0, left=0, passback_s=0):
        self.tap = tap
        self.day = day
        self.count = count
        self.left = left
        self.passback_s = passback_s

    @property
    def needs_tally(self):
        """True if cards must be counted."""
        return bool(self.day or self.count or self.passback_s)


class Rules:
    """hotlist: see hotlist.Hotlist. limits: Limits. tally: tally.Tally, or None if not needed.

    city: this place's region code (2 bytes BCD); then each JT/T 978 card's management information
    is read: cards of other cities must be interoperable, and test cards are refused unless
    takes_test_cards. hotlist_days: nothing is sold on an older hotlist; 0: any age will do.

    meters: the terminal's Shift and the scene's own, with check(serial, amount, now_s), which
    raises Refusal for a purchase that may not be, and took(serial, amount, time_s, tti, payload),
    told of each transaction that was done; the scene's also with release().
    """

    def __init__(
        self,
        hotlist=(),
        limits=None,
        tally=None,
        city=b"",
        takes_test_cards=False,
        hotlist_days=0,
    ):
        self.hotlist = hotlist
        self._hotlist_days = hotlist_days
        self._limits = limits or Limits()
        self._tally = tally
        self._city = city
        self._takes_test_cards = takes_test_cards
        self.meters = []

    def count_also(self, meter):
        """Have the scene's own meter beside the terminal's. A scene that starts again brings a new
        one in the place of the one before."""
        self.meters[1:] = (meter,)

    def release(self):
        """Another configuration comes, and needs the memory. Until then nobody may pay whom a
        limit concerns."""
        if self._tally is not None:
            self._tally.release()
        for meter in self.meters[1:]:
            meter.release()

    async def check(self, card, order, clock, ledger):
        """Raises Refusal if `card` may not do `order` now."""
        if card.serial in self.hotlist:
            ledger.refuse(card.serial, order.amount, record.HOTLISTED)
            raise Refusal(Outcome(HOTLISTED))
        if self._hotlist_days and self.hotlist.is_older_than(self._hotlist_days, clock.now_s()):
            raise Refusal(Outcome(HOTLIST_OLD))
        if not card.is_enabled or not card.is_valid_on(clock.bcd()[:4]):
            raise Refusal(Outcome(EXPIRED))
        if self._city and card.profile.is_transit:
            await self._check_place(card)
        if not order.adds:
            now_s = clock.now_s()
            self._check_limits(card.serial, order.amount, now_s)
            for meter in self.meters:
                meter.check(card.serial, order.amount, now_s)

    def check_balance(self, order, answer):
        """Raises Refusal if too little would be left. answer: the card's Initialized."""
        if answer.balance + answer.overdraft - order.amount < self._limits.left:
            raise Refusal(Outcome(NOT_ENOUGH, order.amount, answer.balance))

    async def _check_place(self, card):
        management = transit.Management(await card.binary(EF_MANAGEMENT))
        if management.card_type == transit.TEST_CARD and not self._takes_test_cards:
            raise Refusal(Outcome(TEST_CARD))
        if management.city != self._city and not management.is_interoperable:
            raise Refusal(Outcome(NOT_HERE, detail="card of city " + management.city.hex()))

    def _check_limits(self, serial, amount, now_s):
        limits = self._limits
        if limits.tap and amount > limits.tap:
            raise Refusal(Outcome(OVER_TAP, amount))
        if self._tally is None:
            return
        spent, count, last_s = self._tally.of(serial, now_s)
        if limits.day and spent + amount > limits.day:
            raise Refusal(Outcome(OVER_DAY, amount, detail="%d fen today" % spent))
        if limits.count and count >= limits.count:
            raise Refusal(Outcome(OVER_COUNT, detail="%d times today" % count))
        if limits.passback_s and count and 0 <= now_s - last_s < limits.passback_s:
            raise Refusal(Outcome(TOO_SOON))

    def took(self, serial, amount, time_s, tti, payload):
        """A transaction was done."""
        if self._tally is not None and tti not in record.LOADS:
            self._tally.add(serial, amount, time_s)
        for meter in self.meters:
            meter.took(serial, amount, time_s, tti, payload)
