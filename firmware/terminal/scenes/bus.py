"""Bus: tap to ride, flat or by distance, with transfers; QR ride codes; the driver's trip.

Keys: "f2" and "f3" go to the next and to the last stop, "0" turns round, "confirm" begins a trip
(the driver's number is asked for) or ends it.
"""

from occard import transit
from occard.purse import EF_MANAGEMENT
from ocwire import record

from .. import events
from ..engine.order import Refusal
from ..engine.ride import Place, Ride, Tariff
from ..outcomes import IDENTIFIED, REVIEW_DUE, Outcome
from ..ui import dialogs, moods, texts
from ..ui.facade import yuan

_OUTWARD, _BACK = 0, 1


class ClassRide(Ride):
    """A ride at a reduced fare for some types of card. percents: {card type: percent}.

    review_at: the setting bus.review_at.
    """

    def __init__(self, place, tariff, percents, account, review_at=0):
        super().__init__(place, tariff, account)
        self._percents = percents
        self._review_at = review_at
        self._full = tariff

    async def prepare(self, engine, card):
        """Settle the fare by the card's type before the ride is looked at."""
        if self._percents and card.profile.is_transit:
            management = transit.Management(await card.binary(EF_MANAGEMENT))
            percent = self._percents.get(management.card_type, 100)
            if percent != 100:
                self._check_review(management, engine.clock.bcd()[:4])
                self._tariff = self._full.at(percent)
                self.amount = self._tariff.most
        await super().prepare(engine, card)

    def _check_review(self, management, today):
        """A class has to be proved again each year: a card without a date is not asked."""
        until = management.date_at(self._review_at) if self._review_at else None
        if until is not None and until < today:
            raise Refusal(Outcome(REVIEW_DUE))


def by_stops(rows):
    """Fares by how many stops were passed. rows: the setting bus.fares."""
    rows = sorted(rows, key=lambda row: row["stops"])
    fares, begin = [], 0
    for row in rows:
        fares += [row["fare"]] * (row["stops"] + 1 - begin)
        begin = row["stops"] + 1
    return tuple(fares)


class Trip:
    """Line, direction and stop of the bus, and the trip's driver."""

    def __init__(self, till):
        settings, config = till.settings, till.config
        self._till = till
        self.line = settings["line_number"]
        self.name = settings["line"] or str(self.line)
        self.stop_count = settings["stops"]
        self.direction = _BACK if settings["direction"] == "down" else _OUTWARD
        self.driver, self.count = "", 0
        self.tariff = Tariff(
            config["price"],
            by_stops(settings["fares"]) if settings["mode"] == "by_stops" else (),
            settings["transfer_off"],
            settings["transfer_s"],
        )
        self.review_at = settings["review_at"]
        self.percents = {row["card_type"]: row["percent"] for row in settings["classes"]}
        self.place = Place(
            bytes.fromhex(config["city"] or "0000"),
            bytes.fromhex(settings["institution"] or "00" * 8),
            bytes.fromhex(settings["operator_code"] or "0000"),
            self.line.to_bytes(2, "big"),
            (settings["vehicle"].encode() + bytes(8))[:8],
            1 if self.direction == _OUTWARD else self.stop_count,
        )

    def ride(self):
        """The order of the card that comes next."""
        return ClassRide(
            self.place, self.tariff, self.percents, self._till.config["account"], self.review_at
        )

    def move(self, step):
        """Go on by `step` stops, within the line."""
        self.place.stop = max(1, min(self.place.stop + step, self.stop_count))

    def turn(self):
        """The other direction, from its first stop."""
        self.direction = _BACK if self.direction == _OUTWARD else _OUTWARD
        self.place.stop = 1 if self.direction == _OUTWARD else self.stop_count

    async def begin_or_end(self):
        """A trip begins with the driver's number, and ends at the same key."""
        if self.driver:
            self._record(record.ENDED)
            self.driver = ""
            return
        driver = await dialogs.number(self._till, texts.DRIVER, 8)
        if driver:
            self.driver, self.count = driver, 0
            self._record(record.BEGUN)

    def _record(self, event):
        self._till.record(
            record.TRIP, self._till.clock.now_s(), event, self.line, self.direction,
            self.place.stop, tail=self.driver.encode(),
        )  # fmt: skip

    async def by_card(self, target):
        """One tap: boards, alights or rides."""
        till = self._till
        order = self.ride()
        outcome = await till.engine.run(target, order)
        if outcome.is_sale:
            self.count += 1
        till.show_outcome(outcome)
        await till.card_left(target)

    async def by_code(self, raw):
        """A QR ride code: its fare is charged to its account by the clearing centre."""
        till = self._till
        engine, ask = till.engine, till.online.refuses_code
        outcome = await engine.take_code(raw, record.RIDE, self.tariff.most, ask)
        if outcome.kind == IDENTIFIED:
            self.count += 1
        till.show_outcome(outcome)

    async def press(self, key):
        """The driver's keys."""
        if key == "f2":
            self.move(-1 if self.direction else 1)
        elif key == "f3":
            self.move(1 if self.direction else -1)
        elif key == "0":
            self.turn()
        elif key == "confirm":
            await self.begin_or_end()
            return True
        return False

    def draw(self):
        """What driver and passengers see."""
        till, ui = self._till, self._till.ui
        if not till.can_sell():
            ui.journal_full()
            return
        head = self.name + " " + ui.pick(texts.BACK if self.direction else texts.OUTWARD)
        foot = texts.NO_TRIP
        if self.driver:
            foot = ui.say(texts.RIDERS, self.place.stop, self.count)
        ui.page(moods.IDLE, head, "¥" + yuan(self.tariff.most), foot)


async def run(till):
    """Carry people until the till is over."""
    trip = Trip(till)
    while True:
        state = (trip.place.stop, trip.direction, trip.driver, trip.count, till.can_sell())
        if till.must_draw(state):
            trip.draw()
        kind, value = await till.next()
        if kind == events.OVER:
            return
        if kind == events.KEY:
            if await trip.press(value):
                till.redraws()
        elif kind == events.CODE:
            await trip.by_code(value)
            till.redraws()
        elif kind == events.CARD:
            await trip.by_card(value)
            till.redraws()
