"""The journal under canteen purchases by the real engine on a simulated flash: what it costs."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from inproc import JOURNAL_KEY, NORBlocks, card
from ocwire import record
from onecard.sim.flash import SECTOR_SIZE, NORFlash
from onecard.sim.worlds.base import JOURNAL_SIZE
from shop import Shop
from terminal.engine import Purchase
from terminal.journal import Journal
from terminal.outcomes import APPROVED, JOURNAL_FULL

SECTORS = JOURNAL_SIZE // SECTOR_SIZE
FILLS = (0.01, 0.5, 0.99)
WINDOW = 0.01  # of the journal: what is measured at each fill
PUPILS = 500
LOADED = 50_000  # fen on a card that comes from the top-up counter
PRICE = 1200


@dataclass
class Cost:
    """Of appends and all that goes with them. records, record_bytes: what was to be kept.

    worst: most (programs + erases) of one append; clocked: bytes sent to the part with program
    commands; set: of these, the ones that are not FF.
    """

    records: int = 0
    record_bytes: int = 0
    clocked: int = 0
    set: int = 0
    erases: int = 0
    erases_in_taps: int = 0
    reads: int = 0
    bytes_read: int = 0
    worst: int = 0
    purchases: int = 0


class Meter:
    """Counts on a NORFlash between start() and stop()."""

    def __init__(self, nor: NORFlash) -> None:
        self.nor = nor
        self.cost = Cost()

    def _now(self) -> tuple[int, ...]:
        nor = self.nor
        return nor.bytes_programmed, nor.bytes_set, sum(nor.erases), nor.reads, nor.bytes_read

    def start(self) -> None:
        """From here on."""
        self._before = self._now()

    def stop(self) -> None:
        """Up to here."""
        grown = [now - then for now, then in zip(self._now(), self._before, strict=True)]
        cost = self.cost
        cost.clocked += grown[0]
        cost.set += grown[1]
        cost.erases += grown[2]
        cost.reads += grown[3]
        cost.bytes_read += grown[4]

    def append(self, action: Callable[[], Any], size: int = 0) -> None:
        """One durable append of a record of that many bytes: counts its operations."""
        before = self.nor.operations
        action()
        self.cost.worst = max(self.cost.worst, self.nor.operations - before)
        self.cost.records += 1
        self.cost.record_bytes += size


@dataclass
class Ours:
    """purchases: in a journal from empty to full. mounts: fill -> reads. costs: fill -> Cost."""

    purchases: int = 0
    records: int = 0
    costs: dict[float, Cost] = field(default_factory=dict)
    mounts: dict[float, int] = field(default_factory=dict)


class Canteen:
    """A terminal that sells meals from an empty journal to a full one.

    is_keyed: amounts as a cashier keys them in, 3.00 to 25.00 in steps of 0.50, else one price.
    Cards are of one county: the issuer's number and the town are the same, the rest is drawn. One
    with too little money comes back from the top-up counter.
    """

    def __init__(self, is_keyed: bool, page_size: int, seed: int, sectors: int = SECTORS) -> None:
        self.rng = random.Random(seed)
        self.shop = Shop(sectors, page_size=page_size)
        self._is_keyed, self._page_size = is_keyed, page_size
        numbers = self.rng.sample(range(10**9), PUPILS)
        self._cards = [
            card(
                bytes.fromhex(f"03104370{n:012d}"),
                balance=self.rng.randint(2_500, LOADED),
                offline_serial=n % 3000,
            )
            for n in numbers
        ]
        self._sold = 0
        self._room = self.shop.journal.free_bytes

    @property
    def fill(self) -> float:
        """How much of the room is used, 0 to 1."""
        return 1 - self.shop.journal.free_bytes / self._room

    def sell(self) -> bool:
        """The next one in the queue; False when the journal is full."""
        self._sold += 1
        is_next_day = self._sold % 300 == 0
        self.shop.clock.time_s += 18 * 3600 if is_next_day else self.rng.randint(3, 12)
        amount = 50 * self.rng.randint(6, 50) if self._is_keyed else PRICE
        number = self.rng.randrange(PUPILS)
        one = self._cards[number]
        if one.balance < amount:
            one = self._cards[number] = card(
                one.serial, balance=LOADED, offline_serial=one.offline_serial
            )
        kind = self.shop.run(one, Purchase(amount)).kind
        if kind == JOURNAL_FULL:
            return False
        assert kind == APPROVED, kind
        return True

    def measure(self, end: float) -> Cost:
        """Sell until the fill is `end`; between two taps the terminal erases ahead."""
        shop = self.shop
        meter = Meter(shop.nor)
        first = shop.journal.next_seq
        with _watched(shop.journal, meter):
            while self.fill < end:
                meter.start()
                erased = sum(shop.nor.erases)
                has_sold = self.sell()
                meter.cost.erases_in_taps += sum(shop.nor.erases) - erased
                shop.journal.prepare()
                meter.stop()
                if not has_sold:
                    break
                meter.cost.purchases += 1
        meter.cost.record_bytes = _size(shop.journal, first)
        return meter.cost

    def mount_reads(self) -> int:
        """Reads that a mount takes now."""
        nor = self.shop.nor
        before = nor.reads
        now_s = self.shop.clock.now_s
        again = Journal(NORBlocks(nor), JOURNAL_KEY, now_s, self._page_size)
        again.mount()
        assert again.next_seq == self.shop.journal.next_seq
        return nor.reads - before

    def run(self) -> Ours:
        """From empty to full."""
        found = Ours()
        for fill in FILLS:
            start = fill - WINDOW if fill == FILLS[-1] else fill
            self._sell_until(start)
            found.costs[fill] = self.measure(start + WINDOW)
            found.mounts[fill] = self.mount_reads()
        while self.sell():
            self.shop.journal.prepare()
        found.purchases = self._sold - 1
        found.records = self.shop.journal.next_seq - 1
        return found

    def _sell_until(self, fill: float) -> None:
        while self.fill < fill and self.sell():
            self.shop.journal.prepare()


class _watched:
    """Counts each append of a journal."""

    def __init__(self, journal: Journal, meter: Meter) -> None:
        self._journal, self._meter = journal, meter

    def __enter__(self) -> None:
        append = self._journal.append
        meter = self._meter

        def counted(*values: Any) -> Any:
            answer: list[Any] = []
            meter.append(lambda: answer.append(append(*values)))
            return answer[0]

        self._journal.append = counted

    def __exit__(self, *_: object) -> None:
        del self._journal.append


def _size(journal: Journal, seq: int) -> int:
    """Bytes of all records from number `seq` on, as they go to the host."""
    total = 0
    while True:
        first, raw = journal.read(seq, 2048)
        if not raw:
            return total
        items = record.split(raw, first)
        total += len(raw)
        seq = items[-1].seq + 1
