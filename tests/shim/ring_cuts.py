"""Two power cuts in a row anywhere in the journal alone, for any runtime.

A case: a ring of few sectors in some state (ring_model.py), an action whose power fails at its
n-th program or erase, then (or not) again at the m-th of what follows. Then it must mount by
itself, take a record, and hold every record that append() returned for, the one that was being
written or not, and nothing else.

micropython ring_cuts.py FIRST SECOND EVERY STEP START: see main(); prints "cases: N".
"""

import sys

from ocwire import record
from ram_flash import CUT_MODES, RANDOM_MODES, PowerCut
from ring_model import Ring
from terminal.journal import JournalError

PAGE_SIZES = (256, 1)

# -- states ---------------------------------------------------------------------------------


def fresh(ring):
    """A flash that was never used."""


def begun(ring):
    ring.mount()
    ring.purchase()


def unread(ring):
    """Two intents open, a few other records, none of them acknowledged."""
    ring.mount()
    ring.refuse()
    ring.intent()
    ring.refuse()
    ring.intent()
    ring.purchase()


def edge(ring):
    """No room for another record in the first sector."""
    begun(ring)
    ring.fill_sector(5)


def edge_open(ring):
    """The same, with open intents that have to be carried."""
    unread(ring)
    ring.fill_sector(5)


def edge_ahead(ring):
    """The same, on another round, with the next sector erased ahead of need."""
    wrapped(ring)
    ring.journal.prepare()


def wrapped(ring):
    """Every sector used, all acknowledged, one intent open, no room in the head."""
    unread(ring)
    ring.result(record.NOT_DONE)
    for _ in range(2):
        ring.fill()
        ring.acknowledge()
    ring.fill_sector(30)
    ring.acknowledge()
    ring.fill_sector(5)
    ring.pull()


def full(ring):
    """Nothing more is sold; the host has read it."""
    unread(ring)
    ring.fill()
    ring.pull()


def half_acked(ring):
    """Full, but for what the host has acknowledged when half of it was there."""
    unread(ring)
    ring.fill_sector(5)
    ring.refuse()
    ring.acknowledge()
    ring.fill()
    ring.pull()


# -- actions --------------------------------------------------------------------------------


def restart(ring):
    ring.mount()


def buy(ring):
    ring.purchase()


def buy_twice(ring):
    ring.purchase()
    ring.purchase()


def refuse(ring):
    ring.refuse()


def close_all(ring):
    while ring.result(record.NOT_DONE):
        pass


def receive(ring):
    ring.acknowledge()


def receive_and_buy(ring):
    ring.acknowledge()
    ring.journal.prepare()
    ring.purchase()


def prepare_and_buy(ring):
    ring.journal.prepare()
    ring.purchase()


def renumber(ring):
    ring.clear()


def go_round(ring):
    """A whole sector and into the next one."""
    ring.fill_sector(0)
    ring.refuse()
    ring.fill_sector(0)
    ring.intent()


SCENES = [
    (fresh, restart), (fresh, buy_twice), (fresh, receive_and_buy), (fresh, go_round),
    (begun, buy), (begun, refuse), (begun, receive), (begun, renumber), (begun, prepare_and_buy),
    (unread, buy), (unread, close_all), (unread, receive_and_buy), (unread, go_round),
    (unread, renumber),
    (edge, buy), (edge, refuse), (edge, receive), (edge, prepare_and_buy),
    (edge_open, buy), (edge_open, close_all), (edge_open, receive_and_buy), (edge_open, refuse),
    (edge_ahead, buy), (edge_ahead, close_all), (edge_ahead, receive_and_buy),
    (wrapped, buy), (wrapped, close_all), (wrapped, receive_and_buy), (wrapped, prepare_and_buy),
    (wrapped, refuse), (wrapped, go_round), (wrapped, renumber),
    (full, close_all), (full, receive), (full, receive_and_buy), (full, renumber),
    (half_acked, close_all), (half_acked, receive_and_buy), (half_acked, prepare_and_buy),
]  # fmt: skip
BAD_SCENES = [(edge_open, buy), (edge_open, receive_and_buy), (edge, prepare_and_buy)]
BAD = (1,)  # the sector behind the head takes nothing


ALL = range(len(SCENES) + len(BAD_SCENES))


def scene_of(number):
    return (SCENES + BAD_SCENES)[number]


def name_of(number):
    state, action = scene_of(number)
    worn = ", a worn sector" if number >= len(SCENES) else ""
    return state.__name__ + ", " + action.__name__ + worn


def recover(ring):
    """What a terminal and its host go through when the power is back."""
    ring.mount()
    ring.journal.prepare()
    ring.acknowledge()
    ring.purchase()
    ring.result(record.NOT_DONE)


def settle(ring):
    """In peace: it mounts, takes a record, and is the same after another start (P5)."""
    ring.mount()
    if not ring.journal.has_room():
        ring.acknowledge()
    assert ring.refuse(), "P5: takes no record"
    ring.mount()
    ring.check()


def count(ring, action, cut=None):
    """(programs and erases it took, True if the power failed). cut: (n, mode, seed) or None."""
    flash = ring.flash
    before = flash.operations
    if cut is not None:
        flash.cut_at(*cut)
    try:
        action(ring)
        is_cut = False
    except PowerCut:
        is_cut = True
    flash.power_on()
    return flash.operations - before, is_cut


def ways(seeds):
    """(mode, seed) of every way an operation can be cut."""
    return [
        (mode, seed) for mode in CUT_MODES for seed in range(seeds if mode in RANDOM_MODES else 1)
    ]


class Sweep:
    """All cases of one scene. first, second: ways() of the two cuts. every: of the second cuts
    each so many-th is made, all over the modes and operations. cases: how many so far."""

    def __init__(self, scene, page_size, first, second, every=1, bad=()):
        self.scene, self.first, self.second, self.every = scene, first, second, every
        self.cases = self._turn = 0
        self.ring = Ring(page_size, bad)
        self.case = scene[0].__name__, scene[1].__name__, page_size

    def run(self):
        """Go through them; returns how many. Raises AssertionError with the case in it."""
        try:
            self._run()
            assert self.ring.flash.violations == 0, "P5: a byte was programmed twice"
        except AssertionError as error:
            raise AssertionError(f"{error} in {self.case}")
        except JournalError as error:
            raise AssertionError(f"P5: {error} in {self.case}")
        return self.cases

    def _run(self):
        ring, (state, action) = self.ring, self.scene
        state(ring)
        saved, head = ring.save(), self.case

        def acting(ring):
            if state is not fresh or action is not restart:
                ring.mount()
            action(ring)

        total, _ = count(ring, acting)
        assert total, "no operation"
        for n in range(1, total + 1):
            for mode, seed in self.first:
                ring.load(saved)
                self.case = head + (n, mode, seed)
                assert count(ring, acting, (n, mode, seed))[1], "no cut"
                self._second(ring.save())

    def _second(self, torn):
        ring, head = self.ring, self.case
        rest, _ = count(ring, recover)
        ring.load(torn)
        settle(ring)
        self.cases += 1
        for m in range(1, rest + 1):
            for mode, seed in self.second:
                self._turn += 1
                if self._turn % self.every:
                    continue
                ring.load(torn)
                self.case = head + (m, mode, seed)
                assert count(ring, recover, (m, mode, m * 31 + seed))[1], "no second cut"
                settle(ring)
                self.cases += 1


def sweep(number, page_size, first, second, every):
    """The Sweep of scene `number` of ALL; first, second: seeds of random ways of the cuts."""
    bad = BAD if number >= len(SCENES) else ()
    return Sweep(scene_of(number), page_size, ways(first), ways(second), every, bad)


def main(first, second, every, step, start):
    """Each `step`-th scene from `start` on, in both page sizes."""
    total = 0
    for number in range(int(start), len(ALL), int(step)):
        for page_size in PAGE_SIZES:
            total += sweep(number, page_size, int(first), int(second), int(every)).run()
    print("cases:", total)


if __name__ == "__main__":
    main(*sys.argv[1:])
