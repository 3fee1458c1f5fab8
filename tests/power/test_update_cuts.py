"""Power cuts at every flash operation of an update: download, activation, trial, confirmation and
roll-back, on NOR flash with littlefs. P5: after each the old or the new firmware runs, never
neither, and the update can be gone through with."""

import os
import random

import pytest
from ocwire import bundle
from onecard.sim.flash import CUT_MODES, NORFlash, PowerCut
from terminal import files
from terminal.boot import Boot
from terminal.link.service import Refused
from terminal.update import Updates
from update_slots import NorSlots, StubTerminal, bundle_of
from updates import KEY

CHUNK = 2048
MOST_STARTS = 12
OLD = bundle_of(random.Random(1).randbytes(1500), (0, 1, 1), KEY)
NEW = bundle_of(random.Random(2).randbytes(5000), (0, 1, 2), KEY)
FROZEN = "frozen"


def drive(coroutine):
    """Run a coroutine that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


class Terminal:
    """A terminal from one power-up to the next: boot selector and update service."""

    def __init__(self, nor):
        self.slots = NorSlots(nor)
        files.open, files.os = self.slots.open, self.slots
        self.boot = Boot(self.slots)
        self.boot.choose()
        self.boot.watchdog = self.slots.watchdog()
        self.host = StubTerminal(KEY.root)
        self.updates = Updates(self.host, self.boot, "nor")
        self.updates.scene_moves()

    @property
    def runs(self):
        """The bundle whose very bytes run, or FROZEN."""
        if not self.boot.slot:
            return FROZEN
        image = self.slots.image(self.boot.slot)
        for made in (OLD, NEW):
            whole = bundle.page(made.header.pack()) + made.image
            if image[: len(whole)] == whole:
                return made
        raise AssertionError("neither the old nor the new")

    def download(self, made):
        offset = self.updates.begin(made.header.pack())
        while offset < len(made.image):
            offset = self.updates.write(offset, made.image[offset : offset + CHUNK])
        self.updates.activate()

    def live(self, made, is_good):
        """One power-up: True when there is nothing left to do."""
        if self.boot.is_trial:
            if is_good:
                drive(self.updates.confirm())
                return True
            self.boot.crashed("it is bad")  # and is reset
            return False
        if self.boot.rolled_back is not None:
            self.updates.tell_roll_back()
        if self.runs is made or (not is_good and "bad" in self.boot.fault):
            return True
        self.download(made)
        return False


def go(nor, made, is_good):
    """Power-up after power-up until the update is through or rolled back. -> the last."""
    for _ in range(MOST_STARTS):
        terminal = Terminal(nor)
        if terminal.live(made, is_good):
            return terminal
    raise AssertionError("no end")


@pytest.fixture(autouse=True)
def own_files():
    yield
    files.os = os
    if "open" in vars(files):
        del files.open


def start_image(has_old):
    """A flash whose terminal runs OLD from a slot, or the frozen firmware."""
    terminal = Terminal(None)
    nor = terminal.slots.nor
    if has_old:
        go(nor, OLD, True)
        assert Terminal(nor).runs is OLD
    return nor.image()


class Sweep:
    """All cuts of one way through an update. count: cases so far."""

    def __init__(self, has_old, is_good):
        self.before = OLD if has_old else FROZEN
        self.is_good = is_good
        self.image = start_image(has_old)
        self.count = 0
        nor = self.flash()
        operations = nor.operations
        assert go(nor, NEW, is_good).boot.is_trial is False
        self.operations = nor.operations - operations

    def flash(self, image=None):
        nor = NORFlash(len(self.image))
        nor.load(image or self.image)
        return nor

    def cut(self, nor, operation, mode):
        """Go on until the power fails in that operation; False if it never does."""
        nor.cut_at(operation, mode, random.Random(operation))
        try:
            go(nor, NEW, self.is_good)
            return False
        except PowerCut:
            return True
        finally:
            nor.power_on()

    def check(self, nor):
        """Old or new runs, and the way can be gone to its end."""
        self.count += 1
        runs = Terminal(copy_of(nor)).runs
        assert runs in (self.before, NEW)
        last = go(copy_of(nor), NEW, self.is_good)
        assert Terminal(last.slots.nor).runs is (NEW if self.is_good else self.before)


def copy_of(nor):
    """Another flash of the same content."""
    copy = NORFlash(nor.size)
    copy.load(nor.image())
    return copy


WAYS = [(False, True), (True, True), (False, False), (True, False)]
NAMES = ["frozen, good", "slot, good", "frozen, bad", "slot, bad"]


@pytest.mark.parametrize("way", WAYS, ids=NAMES)
def test_a_cut_at_any_operation_of_an_update_leaves_the_old_or_the_new_p5(way):
    sweep = Sweep(*way)
    for operation in range(1, sweep.operations + 1):
        for mode in CUT_MODES:
            nor = sweep.flash()
            assert sweep.cut(nor, operation, mode), operation
            sweep.check(nor)
    print(f"{sweep.count} cuts in {sweep.operations} operations")
    assert sweep.count == sweep.operations * len(CUT_MODES) > 150


@pytest.mark.parametrize("way", WAYS, ids=NAMES)
def test_a_second_cut_in_the_recovery_too_p5(way):
    second(Sweep(*way), every=11, seed=4)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("way", WAYS, ids=NAMES)
def test_every_second_cut_in_the_recovery_too_p5(way, counted):
    counted("CPython", "an update, twice", second(Sweep(*way), every=1, seed=5))


def second(sweep, every, seed):
    """Each `every`-th cut, then each `every`-th operation of what follows is cut as well; how
    many pairs there were."""
    print("seed", seed)
    rng = random.Random(seed)
    for operation in range(1 + rng.randrange(every), sweep.operations + 1, every):
        for mode in CUT_MODES:
            nor = sweep.flash()
            sweep.cut(nor, operation, mode)
            image = nor.image()
            again = 1 + rng.randrange(every)
            while True:
                nor = sweep.flash(image)
                if not sweep.cut(nor, again, rng.choice(CUT_MODES)):
                    break
                sweep.check(nor)
                again += every
    print(f"{sweep.count} pairs of cuts")
    assert sweep.count > 20
    return sweep.count


def test_any_flipped_bit_in_a_slot_means_the_frozen_firmware():
    image = start_image(True)
    used = bundle.PAGE_SIZE + len(OLD.image)
    rng = random.Random(6)
    print("seed 6")
    for at in [*range(0, 140), *(rng.randrange(used) for _ in range(300))]:
        nor = NORFlash(len(image))
        nor.load(image)
        nor.memory[32 * 1024 + at] ^= 1 << rng.randrange(8)
        terminal = Terminal(nor)
        assert terminal.runs == FROZEN and terminal.boot.fault == "slot 1 is damaged"


def test_a_flipped_bit_in_a_download_is_found_before_it_is_tried_and_sent_anew():
    rng = random.Random(7)
    print("seed 7")
    for _ in range(60):
        terminal = Terminal(None)
        updates, nor = terminal.updates, terminal.slots.nor
        updates.begin(NEW.header.pack())
        for offset in range(0, len(NEW.image), CHUNK):
            updates.write(offset, NEW.image[offset : offset + CHUNK])
        at = 32 * 1024 + bundle.PAGE_SIZE + rng.randrange(len(NEW.image))
        nor.memory[at] ^= 1 << rng.randrange(8)
        with pytest.raises(Refused, match="another digest"):
            updates.activate()
        assert not terminal.boot.is_activated
        assert go(nor, NEW, True).runs is NEW
