"""The day itself: who comes when, what each scene does, and what goes wrong."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from ocwire import calendar, record

from onecard.keystore import Keystore, PurseKeys

from .journals import (
    CODE,
    COMPOUND,
    LOAD,
    LOAD_EP,
    MEDICAL,
    NO_TAC,
    OPEN,
    PURCHASE,
    PURCHASE_EP,
    REFUND,
    Deal,
    Place,
    Purse,
    Terminal,
    credit,
    debit,
)

# scene -> (share of the terminals, terminals of one merchant, its merchants' name)
SCENES = {
    "canteen": (0.40, 6, "食堂"),
    "bus": (0.20, 100, "公交"),
    "clinic": (0.12, 2, "卫生室"),
    "museum": (0.06, 3, "博物馆"),
    "library": (0.06, 8, "图书馆"),
    "hotel": (0.05, 2, "宾馆"),
    "topup": (0.05, 4, "充值点"),
    "subsidy": (0.03, 4, "发放点"),
    "enquiry": (0.03, 9, "服务窗口"),
}
ISSUERS = ("03109990", "03104403", "03101000")
_PRICES = {"canteen": (300, 2500), "museum": (500, 4000), "hotel": (5000, 20000)}
_GAP_S = 180  # nobody is at two places within this


@dataclass(repr=False)
class County:
    """A day that was. cards: of everybody. deals: the truth, all of them."""

    seed: int
    day: datetime.date
    keystore: Keystore
    rng: Random
    terminals: dict[str, Terminal] = field(default_factory=dict)
    cards: list[Purse] = field(default_factory=list)

    @property
    def places(self) -> list[Place]:
        """Where the terminals stand."""
        return [terminal.place for terminal in self.terminals.values()]

    @property
    def deals(self) -> list[Deal]:
        """All that happened to money."""
        return [deal for terminal in self.terminals.values() for deal in terminal.deals]

    @property
    def records(self) -> int:
        """Of all journals."""
        return sum(len(terminal.records) for terminal in self.terminals.values())

    def at(self, hour: float) -> int:
        """UTC seconds of an hour of the day, China Standard Time."""
        day = self.day
        return calendar.unix(day.year, day.month, day.day) + int(hour * 3600)

    def of_scene(self, scene: str) -> list[Terminal]:
        """Its terminals, in order."""
        return [one for one in self.terminals.values() if one.place.scene == scene]

    def pulls(self, window: int = 256) -> list[tuple[str, list[record.Record]]]:
        """What pulls bring, window by window: (terminal, records)."""
        return [
            (name, terminal.records[first : first + window])
            for name, terminal in self.terminals.items()
            for first in range(0, len(terminal.records), window)
        ]


def make_county(
    seed: int, day: datetime.date, terminals: int = 300, records: int = 60_000
) -> County:
    """A county's day with about so many records. The same seed gives the same bytes."""
    rng = Random(seed)
    keys = PurseKeys(rng.randbytes(16), rng.randbytes(16))
    county = County(seed, day, Keystore(rng.randbytes(32), keys), rng)
    for place in _places(terminals):
        county.terminals[place.terminal] = Terminal.install(place, county.keystore, rng)
    for number in range(max(60, records // 12)):
        issuer = rng.choices(ISSUERS, (8, 1, 1))[0]
        county.cards.append(Purse.issue(number + 1, issuer, keys, rng))
    for terminal in county.terminals.values():
        terminal.boot(county.at(5))
        terminal.add(record.CLOCK_SET, county.at(5) + 2, county.at(5) + 1)
        terminal.add(record.SHIFT, county.at(5.1), 1, 1, 0, 0)
    _Traffic(county).run(max(0, records - 6 * terminals))
    for terminal in county.terminals.values():
        sales = [d for d in terminal.deals if d.kind == PURCHASE and d.outcome in record.COUNTED]
        total = sum(deal.amount for deal in sales)
        terminal.add(record.SHIFT, county.at(22), 2, 1, len(sales), total)
        terminal.add(record.ACKNOWLEDGED, county.at(22.2), len(terminal.records))
    return county


def _places(count: int) -> list[Place]:
    """Every scene has one at least; the canteens have the rest."""
    sizes = {scene: max(1, int(share * count)) for scene, (share, _, _) in SCENES.items()}
    sizes["canteen"] += count - sum(sizes.values())
    if sizes["canteen"] < 1:
        raise ValueError(f"{count} terminals are too few: {len(SCENES)} scenes")
    out: list[Place] = []
    for scene, size in sizes.items():
        _, group, name = SCENES[scene]
        for n in range(size):
            terminal = f"3401{len(out) + 1:08d}"
            out.append(Place(terminal, f"{name}{n // group + 1:02d}", scene))
    return out


class _Traffic:
    """Visits in order of time; every so often one goes wrong, each way in turn."""

    def __init__(self, county: County) -> None:
        self._county, self._rng = county, county.rng
        self._scenes: dict[str, Callable[[Terminal, Purse, int], None]] = {
            "canteen": self._sale,
            "museum": self._sale,
            "hotel": self._hotel,
            "bus": self._ride,
            "clinic": self._clinic,
            "library": self._library,
            "topup": self._load,
            "subsidy": self._load,
            "enquiry": self._enquiry,
        }
        self._faults = (
            self._not_done,
            self._proved,
            self._power_cut,
            self._in_doubt,
            self._in_doubt_moved,
            self._wrong_mac2,
            self._unchecked,
            self._open,
            self._open_moved,
            self._refused,
            self._clock_lost,
            self._refund,
        )
        self._sales = 0

    def run(self, records: int) -> None:
        """Go on until the journals hold so many more records."""
        rng, county = self._rng, self._county
        terminals = list(county.terminals.values())
        names = [one for one in terminals for _ in range(2 if one.place.scene == "bus" else 1)]
        count = records // 2
        spans = ((6.5, 9.0), (11.0, 13.5), (15.0, 20.0))
        times = sorted(county.at(rng.uniform(*rng.choice(spans))) for _ in range(count))
        for now_s in times:
            terminal = rng.choice(names)
            if max(item.time_s for item in terminal.records[-4:]) > now_s:
                continue  # somebody is being served
            purse = self._someone(now_s)
            purse.free_s = now_s + _GAP_S
            self._scenes[terminal.place.scene](terminal, purse, now_s)

    def _someone(self, now_s: int) -> Purse:
        while True:
            purse = self._rng.choice(self._county.cards)
            if purse.free_s <= now_s:
                return purse

    # -- what scenes do ------------------------------------------------------------------

    def _sale(self, terminal: Terminal, purse: Purse, now_s: int) -> None:
        low, high = _PRICES[terminal.place.scene]
        self._buy(terminal, purse, now_s, self._rng.randrange(low, high), PURCHASE_EP)

    def _buy(self, terminal: Terminal, purse: Purse, now_s: int, amount: int, tti: int) -> None:
        if purse.balance < amount:
            return
        self._sales += 1
        turn, rest = divmod(self._sales, 6 if self._sales < 150 else 60)
        if not rest:
            self._faults[turn % len(self._faults)](terminal, purse, now_s, amount)
        else:
            buy(terminal, purse, now_s, amount, tti)

    def _ride(self, terminal: Terminal, purse: Purse, now_s: int) -> None:
        if self._rng.random() < 0.1:
            digest, card = self._rng.randbytes(8), purse.serial
            seq = terminal.add(record.CODE, now_s, record.RIDE, card, now_s - 9, 200, digest)
            terminal.note(CODE, card.hex(), 200, now_s, seq)
        else:
            self._buy(terminal, purse, now_s, 200, COMPOUND)

    def _hotel(self, terminal: Terminal, purse: Purse, now_s: int) -> None:
        terminal.add(record.STAY, now_s, record.ARRIVES, purse.serial, tail=b"0301")
        self._sale(terminal, purse, now_s + 20)

    def _clinic(self, terminal: Terminal, purse: Purse, now_s: int) -> None:
        amount, card = self._rng.randrange(800, 20_000), purse.serial
        reference = b"A%06d" % len(terminal.records)
        terminal.add(record.MEDICAL, now_s, record.ASKED, card, amount, tail=reference)
        if self._rng.random() < 0.1:
            terminal.add(record.MEDICAL, now_s + 4, record.REVERSED, card, amount, tail=reference)
            return
        seq = terminal.add(
            record.MEDICAL, now_s + 3, record.COMMITTED, card, amount, tail=reference
        )
        terminal.note(MEDICAL, card.hex(), amount, now_s + 3, seq)

    def _library(self, terminal: Terminal, purse: Purse, now_s: int) -> None:
        terminal.add(record.LOAN, now_s, record.LEND, 1, purse.serial, tail=b"9787020002207")

    def _enquiry(self, terminal: Terminal, purse: Purse, now_s: int) -> None:
        terminal.add(record.ADMIN, now_s, record.ENTERED, 1)

    def _load(self, terminal: Terminal, purse: Purse, now_s: int) -> None:
        load(terminal, purse, now_s, self._rng.randrange(1, 20) * 1000)

    # -- what goes wrong -------------------------------------------------------------------

    def _ended(
        self, terminal: Terminal, purse: Purse, now_s: int, amount: int, outcome: int, moved: bool
    ) -> None:
        """A purchase that ends some seconds later with this outcome, or not at all (OPEN)."""
        intent = terminal.intend(purse, amount, now_s, PURCHASE_EP)
        if moved:
            debit(purse, amount)
        tac = terminal.sign(purse, amount, now_s, PURCHASE_EP, intent[2])
        has_tac = outcome in (*record.COUNTED, record.WRONG_MAC2)
        seq, balance = 0, 0 if outcome == record.IN_DOUBT else purse.balance
        if outcome != OPEN:
            seq = terminal.end(intent, now_s + 7, outcome, balance, tac if has_tac else NO_TAC)
        terminal.deal(PURCHASE, purse, amount, now_s, intent[0], seq, outcome, moved)

    def _not_done(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        self._ended(terminal, purse, now_s, amount, record.NOT_DONE, False)

    def _proved(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        self._ended(terminal, purse, now_s, amount, record.PROVED, True)

    def _in_doubt(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        self._ended(terminal, purse, now_s, amount, record.IN_DOUBT, False)

    def _in_doubt_moved(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        self._ended(terminal, purse, now_s, amount, record.IN_DOUBT, True)

    def _wrong_mac2(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        self._ended(terminal, purse, now_s, amount, record.WRONG_MAC2, True)

    def _unchecked(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        self._ended(terminal, purse, now_s, amount, record.UNCHECKED, True)

    def _open(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        self._ended(terminal, purse, now_s, amount, OPEN, False)

    def _open_moved(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        self._ended(terminal, purse, now_s, amount, OPEN, True)

    def _power_cut(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        intent = terminal.intend(purse, amount, now_s, PURCHASE_EP)
        debit(purse, amount)
        tac = terminal.sign(purse, amount, now_s, PURCHASE_EP, intent[2])
        terminal.boot(now_s + 11)
        body = terminal.records[intent[0] - 1].body
        carried = record.fields(record.INTENT, body)
        carried.pop("payload")
        terminal.add(record.CARRIED, intent[0], *carried.values())
        seq = terminal.end(intent, now_s + 15, record.PROVED, purse.balance, tac)
        terminal.deal(PURCHASE, purse, amount, now_s, intent[0], seq, record.PROVED, True)

    def _refused(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        terminal.add(record.REFUSED, now_s, record.HOTLISTED, purse.serial, amount)

    def _clock_lost(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        """A flat battery: it goes on from its last record's time until the host sets it."""
        late_s = terminal.records[-1].time_s or now_s - 1
        terminal.boot(late_s, 1 | record.CLOCK_LATE)
        terminal.add(record.CLOCK_SET, now_s, late_s + 1)

    def _refund(self, terminal: Terminal, purse: Purse, now_s: int, amount: int) -> None:
        """The last purchase is given back a minute later."""
        serial = buy(terminal, purse, now_s, amount, PURCHASE_EP)
        terminal.add(record.ADMIN, now_s + 50, record.UNDONE, 2)
        payload = b"undo" + serial.to_bytes(4, "big")
        load(terminal, purse, now_s + 60, amount, REFUND, payload)


def buy(terminal: Terminal, purse: Purse, now_s: int, amount: int, tti: int = PURCHASE_EP) -> int:
    """A purchase as nearly all are; the terminal's transaction serial."""
    intent = terminal.intend(purse, amount, now_s, tti)
    debit(purse, amount)
    tac = terminal.sign(purse, amount, now_s, tti, intent[2])
    seq = terminal.end(intent, now_s + 1, record.DONE, purse.balance, tac)
    terminal.deal(PURCHASE, purse, amount, now_s, intent[0], seq, record.DONE, True)
    return intent[2]


def load(
    terminal: Terminal,
    purse: Purse,
    now_s: int,
    amount: int,
    kind: str = LOAD,
    payload: bytes = b"",
) -> None:
    """Money onto a card."""
    intent = terminal.intend(purse, amount, now_s, LOAD_EP, payload)
    credit(purse, amount)
    tac = terminal.sign(purse, amount, now_s, LOAD_EP, intent[2])
    seq = terminal.end(intent, now_s + 2, record.DONE, purse.balance, tac)
    terminal.deal(kind, purse, amount, now_s, intent[0], seq, record.DONE, True)
