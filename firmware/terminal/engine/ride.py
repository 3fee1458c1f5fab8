"""A bus ride by compound purchase (JT/T 978, GB/T 31778): ride record, trip log and purse at once.

Flat fare: one tap. Distance fare: a tap boards and costs nothing, the next one alights; who never
alights pays the marked amount when the card boards again.
"""

from occard import transit
from occard.profiles import TRANSIT
from occard.purse import EF_RIDES, EF_TRIPS
from ocwire import calendar

from ..outcomes import LOCKED, Outcome
from .order import CompoundPurchase, Refusal

_BUS_INDUSTRY = 0x02
_ENTRY, _EXIT, _SINGLE = 0x03, 0x04, 0x06  # trip types of the EP


class Place:
    """Where a terminal rides. city, operator, line: 2 bytes; institution, vehicle: 8.

    stop: a number; it changes on the way, and a scene sets it.
    """

    def __init__(self, city, institution, operator, line, vehicle, stop=0):
        self.city = city
        self.institution = institution
        self.operator = operator
        self.line = line
        self.vehicle = vehicle
        self.stop = stop


class Tariff:
    """Fares in fen. flat: of a ride; or by_stops: fares by how many stops were passed, the last
    for all beyond. transfer_fen is taken off a ride that begins on another line within transfer_s
    of the one before.
    """

    def __init__(self, flat=0, by_stops=(), transfer_fen=0, transfer_s=0):
        self.flat = flat
        self.by_stops = by_stops
        self._transfer_fen = transfer_fen
        self._transfer_s = transfer_s

    @property
    def most(self):
        """What a ride costs at most."""
        return max(self.by_stops) if self.by_stops else self.flat

    def at(self, percent):
        """The same tariff for those who pay so much of it."""
        return Tariff(
            self.flat * percent // 100,
            tuple(fare * percent // 100 for fare in self.by_stops),
            self._transfer_fen * percent // 100,
            self._transfer_s,
        )

    def between(self, stop, other):
        """The fare from one stop to another."""
        if not self.by_stops:
            return self.flat
        return self.by_stops[min(abs(stop - other), len(self.by_stops) - 1)]

    def discount(self, ride, line, now_s):
        """What a transfer from `ride`, the card's last one, takes off a ride on `line` now."""
        last_s = _seconds(ride.get("entry_moment"))
        if last_s is None or not 0 <= now_s - last_s <= self._transfer_s:
            return 0
        return self._transfer_fen if ride.get("entry_line") != line else 0


class Ride(CompoundPurchase):
    """One tap on a bus. A card without ride records pays the highest fare as a plain purchase."""

    def __init__(self, place, tariff, account=TRANSIT):
        super().__init__(tariff.most, (), account)
        self._place = place
        self._tariff = tariff
        self._record = None
        self._kind = _SINGLE

    async def prepare(self, engine, card):
        """Read the card's ride record and settle what this tap is: boarding, alighting, a ride."""
        self.is_compound = False
        raw = None
        if card.profile.is_transit:
            raw = await card.record(EF_RIDES, transit.BUS, transit.RIDE_SIZE)
        if raw is not None:
            ride = transit.Ride(transit.BUS, raw)
            if ride.is_locked:
                raise Refusal(Outcome(LOCKED, detail="ride record is locked"))
            self.is_compound = True
            self._record = ride
            self._decide(ride, engine.clock.now_s(), engine.sam.terminal)
        place = self._place
        self.payload = b"ride" + bytes((self._kind,)) + place.line + bytes((place.stop,))

    def _decide(self, ride, now_s, terminal):
        place, tariff = self._place, self._tariff
        moment = calendar.to_bcd(now_s)
        same_vehicle = ride.get("entry_vehicle") == place.vehicle
        if tariff.by_stops and ride.is_under_way and same_vehicle:
            self._kind = _EXIT
            self.amount = tariff.between(ride.number_of("entry_stop"), place.stop)
            self.amount = max(0, self.amount - ride.number_of("fare"))
            self._alight(ride, moment, terminal)
            return
        unpaid = ride.number_of("marked_amount") if ride.is_under_way else 0
        discount = 0 if unpaid else tariff.discount(ride, place.line, now_s)
        if tariff.by_stops:
            self._kind = _ENTRY  # until the card alights its fare is what a transfer takes off
            self.amount = unpaid
            self._board(ride, moment, terminal, transit.ENTERED, tariff.most, discount)
        else:
            self._kind = _SINGLE
            self.amount = max(0, tariff.flat - discount) + unpaid
            self._board(ride, moment, terminal, transit.LEFT, 0, max(0, tariff.flat - discount))

    def _board(self, ride, moment, terminal, status, marked, fare):
        self._put_place(ride, "entry_", moment, terminal)
        journey = moment + b"\x00"
        ride.put(valid=1, journey=journey, status=status, marked_amount=marked, fare=fare)

    def _alight(self, ride, moment, terminal):
        self._put_place(ride, "exit_", moment, terminal)
        ride.put(status=transit.LEFT, marked_amount=0, fare=self.amount)

    def _put_place(self, ride, end, moment, terminal):
        """Where and when; end: "entry_" or "exit_"."""
        place = self._place
        for name, value in (
            ("city", place.city),
            ("institution", place.institution),
            ("operator", place.operator),
            ("line", place.line),
            ("stop", place.stop),
            ("vehicle", place.vehicle),
            ("device", bytes(2) + terminal),
            ("moment", moment),
        ):
            ride.put(**{end + name: value})

    def writes_after(self, answer, terminal, date_time):
        """The ride record, and the trip with the balance that the debit leaves."""
        if self._record is None:
            return ()
        place = self._place
        trip = transit.trip(
            self._kind,
            terminal,
            _BUS_INDUSTRY,
            place.line + bytes((0, place.stop)) + place.operator,
            self.amount,
            answer.balance - self.amount,
            date_time,
            place.city,
            place.institution,
        )
        ride = self._record
        return ((EF_RIDES, ride.number, bytes(ride.raw)), (EF_TRIPS, 0, trip))

    def tti(self, card):
        return super().tti(card) if self.is_compound else card.profile.tti_purchase


def _seconds(moment):
    try:
        return calendar.from_bcd(moment)
    except ValueError:
        return None
