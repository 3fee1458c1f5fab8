"""A terminal on NOR flash and its cards, for sweeps and models of money: no reader, no link.

A Shop is switched on and off, sells, loads, loses cards and power; `judge` says whether what the
cards hold, what the journal says and what is in doubt are one and the same to the fen.
"""

import virtual
from inproc import DTK, JOURNAL_KEY, NOW_S, TERMINAL, FieldTarget, K, NORBlocks, soft_sam
from ocwire import calendar, record
from onecard import verify
from onecard.keystore import PurseKeys
from onecard.sim.field import Field
from onecard.sim.flash import NORFlash
from terminal.engine import Engine
from terminal.journal import Journal
from terminal.rules import Rules

from drivers.reader.base import CardGone, Target

PURSE = PurseKeys(K, DTK)


class Clock:
    """Stands still until it is moved."""

    def __init__(self):
        self.time_s = NOW_S

    def now_s(self):
        return self.time_s

    def is_set(self):
        return True

    def bcd(self):
        return calendar.to_bcd(self.time_s)


class Tear:
    """Which APDU of a tap is the last: number counts from 1. acts: it still reaches the card."""

    def __init__(self, number, acts):
        self.number, self.acts = number, acts


class Direct(Target):
    """A card at once; torn away as `tear` says."""

    is_iso_dep = True

    def __init__(self, card, tear=None):
        self._card, self._tear, self.count = card, tear, 0

    async def exchange(self, command, expected=0):
        self.count += 1
        tear = self._tear
        if tear is not None and self.count >= tear.number:
            if self.count == tear.number and tear.acts:
                self._card.process(bytes(command))
            raise CardGone("torn")
        return self._card.process(bytes(command))


class Shop:
    """make_sam() and make_rules() are called at each start, as a terminal does."""

    def __init__(
        self, sectors=6, make_sam=soft_sam, make_rules=Rules, number=TERMINAL, page_size=256
    ):
        self.nor = NORFlash(sectors * 4096)
        self.clock = Clock()
        self.number = number
        self._make_sam, self._make_rules, self._page_size = make_sam, make_rules, page_size
        self.stored = []
        self.start()

    def start(self):
        """Power comes (back)."""
        self.nor.power_on()
        now_s = self.clock.now_s
        self.journal = Journal(NORBlocks(self.nor), JOURNAL_KEY, now_s, self._page_size)
        self.journal.mount()
        self.engine = Engine(self.journal, self._make_sam(), self.clock, self._make_rules())
        virtual.run(self.engine.start())

    def run(self, card, order, tear=None):
        """Hold a card there once, with the field seen empty before: -> Outcome."""
        self.engine.field_is_empty()
        card.power_off()
        return virtual.run(self.engine.run(Direct(card, tear), order))

    def run_in_field(self, card, order, leave_after=None):
        """The same through the simulated field: the card leaves after so many bytes on the air.

        Returns (Outcome or None if the card was not even activated, bytes on the air).
        """
        self.engine.field_is_empty()
        field = Field()
        field.place(card, leave_after)
        try:
            target = FieldTarget(field)
            return virtual.run(self.engine.run(target, order)), field.air_bytes
        except CardGone:
            return None, field.air_bytes
        finally:
            field.remove()

    def pull(self):
        """The host stores what is new, acknowledges it and gives the journal room."""
        seq = self.stored[-1].seq + 1 if self.stored else 1
        while True:
            first, raw = self.journal.read(seq, 2048)
            if not raw:
                break
            self.stored += record.split(raw, first)
            seq = self.stored[-1].seq + 1
        if self.stored:
            self.journal.acknowledge(self.stored[-1].seq, self.stored[-1].mac)

    def journal_records(self):
        """The journal's records, as they are now."""
        first, raw = self.journal.read(self.journal.oldest_seq, 1 << 16)
        return record.split(raw, first) if raw else []

    def report(self):
        """What the host makes of everything this terminal ever wrote."""
        self.pull()
        return verify.verify(self.number, self.stored, JOURNAL_KEY, PURSE)

    def doubtful(self):
        """{intent's number: its fields} of what is open or in doubt."""
        self.pull()
        found = {}
        for item in self.stored:
            if item.kind == record.INTENT:
                found[item.seq] = item.fields()
            elif record.closes(item.kind):
                result = item.fields()
                if result["outcome"] in record.COUNTED or result["outcome"] == record.NOT_DONE:
                    found.pop(result["intent_seq"], None)
        return found


def judge(moved, reports, doubts):
    """moved: fen that left the cards (loads count against it). reports, doubts: of all shops.

    True if some of the doubtful transactions, each done or not, explain the rest exactly.
    """
    assert all(report.is_proved for report in reports), [r.findings for r in reports]
    known = sum(report.debited - report.loaded for report in reports)
    signs = [
        -intent["amount"] if intent["tti"] in record.LOADS else intent["amount"]
        for found in doubts
        for intent in found.values()
    ]
    sums = {0}
    for amount in signs:
        sums |= {total + amount for total in sums}
    return moved - known in sums
