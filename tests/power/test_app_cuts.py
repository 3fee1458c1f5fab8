"""Power cuts at every flash operation of what a host asks of a terminal, and in the recovery.

Configuration, time, hotlist, keys and receipts go through app.Terminal; its files (littlefs), its
hotlist and its journal lie on one NOR flash, every program and erase of which is cut. After each
cut: P5 the terminal starts by itself, its files and hotlist are the old or the new whole, and what
was asked can be asked again; P3 no record is gone; P4 the chain holds.
"""

import json
import os
import random

import pytest
from app_scenes import SCENES, Configuration, HotlistDelta
from nor_terminal import Site, serial
from ocwire import record
from onecard.sim.flash import CUT_MODES, PowerCut
from terminal import config, files, keys
from terminal.hotlist import Hotlist

RANDOM_MODES = ("prefix", "bits", "undefined")


@pytest.fixture(autouse=True)
def own_files():
    yield
    files.os = keys.os = os
    if "open" in vars(files):
        del files.open


def ways(seeds):
    """(mode, seed) of every way an operation can be cut."""
    return [
        (mode, seed) for mode in CUT_MODES for seed in range(seeds if mode in RANDOM_MODES else 1)
    ]


class Sweep:
    """All first cuts of a scene; second_ways(rng): the cuts at each operation of the recovery.
    cases: how many were judged."""

    def __init__(self, scene, first_ways, second_ways):
        self.scene, self.site = scene(), Site()
        self._first_ways, self._second_ways = first_ways, second_ways
        self._rng = random.Random(scene.__name__)
        self.cases = 0
        self.scene.before(self.site)
        self._saved = self.site.save()
        self._stored = {key: len(stored) for key, stored in self.site.chains.items()}

    def acting(self):
        """From a power-up to the end of what is asked."""
        self.site.start()
        self.site.idle()
        self.scene.act(self.site)

    def operations(self, saved):
        """Programs and erases of acting() where nothing is cut; it ends as it must."""
        self.site.load(saved)
        before = self.site.nor.operations
        self.acting()
        count = self.site.nor.operations - before
        self.scene.must_be(self.site)
        return count

    def cut(self, saved, n, mode, seed):
        """The power fails in the n-th operation from `saved` on; it is back on return."""
        self.site.load(saved)
        self.site.nor.cut_at(n, mode, seed)
        try:
            self.acting()
        except PowerCut:
            return
        finally:
            self.site.nor.power_on()
        raise AssertionError("no cut")

    def run(self):
        total = self.operations(self._saved)
        assert total >= self.scene.least, total
        for n in range(1, total + 1):
            for mode, seed in self._first_ways:
                case = n, mode, seed
                self.cut(self._saved, n, mode, seed)
                torn = self.site.save()
                self.settle(case)
                for m in range(1, self.operations(torn) + 1):
                    for mode2, seed2 in self._second_ways(self._rng):
                        self.cut(torn, m, mode2, seed2)
                        self.settle((*case, m, mode2, seed2))
        assert self.site.nor.violations == []
        return self.cases

    def settle(self, case):
        """In peace: it starts, everything is old or new, and it is asked for again."""
        site, scene = self.site, self.scene
        self.cases += 1
        site.start()
        assert site.terminal.fault == "", case  # P5
        if site.terminal.keys is not None:
            site.judge(case)
        scene.may_be(site)
        site.idle()
        scene.act(site)
        scene.must_be(site)
        self.sells()
        site.judge(case)
        self._nothing_invented(case)

    def sells(self):
        """The journal takes a sale."""
        journal, now_s = self.site.terminal.journal, self.site.rtc.now_s
        intent = record.pack(
            record.INTENT, 1, serial(8), now_s, 700, 5000, 4, 2, b"rand", 1, 0, 1, 6
        )
        seq = journal.append(record.INTENT, intent)
        result = record.pack(record.RESULT, seq, now_s, record.NOT_DONE, 5000, bytes(4), bytes(4))
        journal.append(record.RESULT, result)
        assert seq not in journal.open

    def _nothing_invented(self, case):
        """Behind what was there stand boots, what the scene writes, open debits told again and
        the sale; where the host had to pull first, its receipts."""
        may = (record.BOOT, record.CARRIED, record.ACKNOWLEDGED, *self.scene.kinds)
        for key, stored in self.site.chains.items():
            new = stored[self._stored.get(key, 0) :]
            if key == self.site.terminal.keys.journal:
                assert [item.kind for item in new[-2:]] == [record.INTENT, record.RESULT], case
                new = new[:-2]
            assert all(item.kind in may for item in new), (case, new)


def one_way(rng):
    """For the short form: one way of the second cut in a tenth of the places, drawn."""
    return [(rng.choice(CUT_MODES), rng.randrange(1 << 16))] if rng.random() < 0.1 else []


@pytest.mark.parametrize("scene", SCENES)
def test_p3_p4_p5_what_a_host_asks_is_cut_anywhere_and_asked_again(scene):
    sweep = Sweep(scene, ways(1), one_way)
    print(f"drawn with random.Random({scene.__name__!r})")
    print("cases:", sweep.run())
    assert sweep.cases > 5


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("scene", SCENES)
def test_p3_p4_p5_what_a_host_asks_is_cut_anywhere_twice_in_every_way(scene, counted):
    sweep = Sweep(scene, ways(2), lambda rng: ways(1))
    counted("CPython", "what a host asks, twice", sweep.run())
    assert sweep.cases > 100


def test_a_hotlist_that_forgets_before_it_writes_would_be_noticed(monkeypatch):
    """The checks can fail: a delta that begins with an empty list."""
    apply = Hotlist.apply

    def forget(hotlist, base, version, add, remove):
        if base:
            hotlist._clear()
            hotlist.version = base
        apply(hotlist, base, version, add, remove)

    monkeypatch.setattr(Hotlist, "apply", forget)
    with pytest.raises(AssertionError):
        Sweep(HotlistDelta, ways(1), lambda rng: []).run()


def test_a_file_that_is_written_over_would_be_noticed(monkeypatch):
    """The checks can fail: a configuration that is not written beside and renamed."""

    def draft(path, raw, scenes=None):
        values = config.parse(raw, scenes)
        text = json.dumps(values).encode()
        for part in (text[:100], text):
            with files.open(path, "wb") as file:
                file.write(part)
        return values

    monkeypatch.setattr(config, "draft", draft)
    monkeypatch.setattr(config, "keep", lambda path: None)
    with pytest.raises(AssertionError):
        Sweep(Configuration, ways(1), lambda rng: []).run()
