"""Some terminals' journals over several days: sales, and what says who was where."""

import datetime
import random

from ocwire import calendar, record
from onecard.keystore import Keystore, PurseKeys
from onecard.sim.county.journals import PURCHASE, PURCHASE_EP, Place, Purse, Terminal, debit

FIRST = datetime.date(2025, 6, 10)
SEED = 11
SCENES = ("library", "hotel", "canteen", "canteen")


class Days:
    """keystore; terminals: by number; cards. fault: a purchase that is "open" or "in doubt"."""

    def __init__(self, days=3, fault=""):
        rng = random.Random(SEED)
        keys = PurseKeys(rng.randbytes(16), rng.randbytes(16))
        self.keystore = Keystore(rng.randbytes(32), keys)
        self.cards = [Purse.issue(n + 1, "03109990", keys, rng) for n in range(6)]
        for card in self.cards:
            card.balance = 100_000
        self.terminals = {}
        for n, scene in enumerate(SCENES):
            place = Place(f"3401{n + 1:08d}", f"{scene}{n}", scene)
            self.terminals[place.terminal] = Terminal.install(place, self.keystore, rng)
        for day in range(days):
            for n, terminal in enumerate(self.terminals.values()):
                fault_here = fault if (day, n) == (1, 2) else ""
                self._day(terminal, day, 8 * 3600 + n * 1800, rng, fault_here)

    def _day(self, terminal, day, at_s, rng, fault):
        now_s = at(day) + at_s
        terminal.boot(now_s)
        for n, card in enumerate(rng.sample(self.cards, 4)):
            now_s += 200
            scene = terminal.place.scene
            if scene == "library":
                terminal.add(
                    record.LOAN, now_s, 1, 0, card.serial, tail=b"ISBN 7-02-00%d220-%d" % (day, n)
                )
            elif scene == "hotel":
                terminal.add(record.IDENTITY, now_s, 2, rng.randbytes(12), tail=rng.randbytes(60))
                terminal.add(
                    record.STAY, now_s + 1, 1, card.serial, tail=b"room %d%02d" % (day + 1, n)
                )
            else:
                self._sale(terminal, card, 100 * (n + 1), now_s)
        if fault == "open":
            terminal.intend(self.cards[0], 500, now_s + 60, PURCHASE_EP)
        if fault == "in doubt":
            self._sale(terminal, self.cards[0], 500, now_s + 60, record.IN_DOUBT)

    @staticmethod
    def _sale(terminal, card, amount, now_s, outcome=record.DONE):
        intent = terminal.intend(card, amount, now_s, PURCHASE_EP)
        debit(card, amount)
        tac = terminal.sign(card, amount, now_s, PURCHASE_EP, intent[2])
        seq = terminal.end(intent, now_s + 1, outcome, card.balance, tac)
        terminal.deal(PURCHASE, card, amount, now_s, intent[0], seq, record.DONE, True)

    def bring(self, store):
        """All of it into a store, and whose the terminals are."""
        from onecard.settle.merchants import keep_merchants

        for name, terminal in self.terminals.items():
            store.append(name, terminal.records)
        places = [terminal.place for terminal in self.terminals.values()]
        keep_merchants(store, [(p.terminal, p.merchant, p.scene) for p in places])


def date(day):
    """The date of day 0, 1, …"""
    return FIRST + datetime.timedelta(day)


def at(day):
    """UTC seconds at which it begins in China."""
    when = date(day)
    return calendar.unix(when.year, when.month, when.day)
