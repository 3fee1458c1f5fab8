"""The boot selector: what runs, after everything that can happen to an update."""

import os

import pytest
from ocwire import bundle
from terminal import boot as module
from terminal import files
from terminal.boot import TRIES, Boot
from update_slots import NorSlots, bundle_of
from updates import KEY

MADE = bundle_of(b"an image of firmware " * 40, (0, 2, 0), KEY)
USED = bundle.PAGE_SIZE + len(MADE.image)
VERSION = bytes(MADE.header.version)


@pytest.fixture
def slots():
    one = NorSlots()
    files.open, files.os = one.open, one
    yield one
    files.os = os
    del files.open


def started(slots):
    """What a power-up chooses."""
    boot = Boot(slots)
    boot.choose()
    boot.watchdog = slots.watchdog()
    return boot


def put(slots, slot):
    """Have the bundle in a slot."""
    whole = bundle.page(MADE.header.pack()) + MADE.image
    for start in range(0, len(whole), 256):
        slots.flash(slot).writeblocks(start // 4096, whole[start : start + 256], start % 4096)


def activated(slots):
    boot = started(slots)
    put(slots, boot.free_slot)
    boot.activate(bundle.PAGE_SIZE, USED, VERSION)
    return boot


def confirmed(slots):
    activated(slots)
    started(slots).confirm()


def test_a_new_terminal_runs_what_is_frozen(slots):
    boot = started(slots)
    assert (boot.slot, boot.is_trial, boot.free_slot, boot.rolled_back) == (0, False, 1, None)


def test_an_activated_image_runs_on_trial_and_stays_when_confirmed(slots):
    boot = activated(slots)
    assert boot.is_activated and boot.free_slot == 0
    boot = started(slots)
    assert (boot.slot, boot.is_trial, boot.tries) == (1, True, TRIES - 1)
    assert boot.free_slot == 0 and not boot.is_activated
    boot.confirm()
    assert not boot.is_trial and boot.free_slot == 2
    for _ in range(5):
        boot = started(slots)
        assert (boot.slot, boot.is_trial, boot.fault) == (1, False, "")


@pytest.mark.parametrize("has_old", [False, True])
def test_a_trial_that_is_never_confirmed_ends_after_its_tries(slots, has_old):
    if has_old:
        confirmed(slots)
    activated(slots)
    for left in range(TRIES - 1, -1, -1):
        boot = started(slots)
        assert (boot.slot, boot.is_trial, boot.tries) == (1 + has_old, True, left)
    boot = started(slots)
    assert (boot.slot, boot.is_trial) == (int(has_old), False)
    assert boot.rolled_back == VERSION and boot.fault == "hung, or lost its power"
    boot.told()
    assert started(slots).rolled_back is None


def test_a_crash_is_named_and_giving_up_takes_no_more_tries(slots):
    activated(slots)
    started(slots).crashed("ValueError: no")
    boot = started(slots)
    assert boot.is_trial
    boot.give_up("not confirmed in 600 s")
    boot = started(slots)
    assert (boot.slot, boot.fault) == (0, "not confirmed in 600 s")
    activated(slots)
    assert started(slots).fault == ""


def test_a_damaged_trial_is_not_run_at_all(slots):
    activated(slots)
    slots.nor.memory[32 * 1024 + 700] ^= 1
    boot = started(slots)
    assert (boot.slot, boot.is_trial, boot.fault) == (0, False, "slot 1 is damaged")
    assert boot.rolled_back == VERSION


def test_a_confirmed_image_that_rots_gives_way_and_a_new_one_goes_to_the_other_slot(slots):
    confirmed(slots)
    slots.nor.memory[32 * 1024 + 700] ^= 1
    boot = started(slots)
    assert (boot.slot, boot.fault, boot.free_slot) == (0, "slot 1 is damaged", 2)
    confirmed(slots)
    assert started(slots).slot == 2


def test_a_confirmed_image_that_crashes_again_and_again_gives_way(slots):
    confirmed(slots)
    for _ in range(3):
        boot = started(slots)
        assert boot.slot == 1
        boot.crashed("MemoryError: ")
    boot = started(slots)
    assert boot.slot == 0 and boot.fault.startswith("crashed 3 times, MemoryError")


def test_crashes_far_apart_do_not_add_up(slots):
    confirmed(slots)
    for _ in range(6):
        boot = started(slots)
        assert boot.slot == 1
        boot.crashed("x")
        started(slots).is_well()


@pytest.mark.parametrize("damage", ["short", "flipped", "newer"])
def test_a_state_that_cannot_be_read_means_the_frozen_firmware(slots, damage):
    confirmed(slots)
    raw = files.read_file("/update.bin")
    changed = {
        "short": raw[:40],
        "flipped": raw[:9] + b"\x55" + raw[10:],
        "newer": b"\2" + raw[1:],
    }
    files.replace_file("/update.bin", changed[damage])
    assert started(slots).slot == 0


class Loaded:
    """What run() does with the app it loads."""

    def __init__(self, monkeypatch, end):
        self.boots = []

        def serve(boot):
            self.boots.append(boot)
            if isinstance(end, Exception):
                raise end
            return end

        monkeypatch.setattr(module, "_serve", serve)


def test_run_ends_in_service_mode_and_resets_for_a_restart(slots, monkeypatch):
    Loaded(monkeypatch, False)
    module.run(slots)
    assert slots.resets == 0
    Loaded(monkeypatch, True)
    module.run(slots)
    assert slots.resets == 1


def test_an_error_of_the_frozen_firmware_is_shown_and_one_of_an_update_resets(slots, monkeypatch):
    loaded = Loaded(monkeypatch, ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        module.run(slots)
    activated(slots)
    for count in range(1, TRIES + 1):
        module.run(slots)
        assert slots.resets == count and loaded.boots[-1].is_trial
    with pytest.raises(ValueError, match="no"):
        module.run(slots)
    assert loaded.boots[-1].fault == "ValueError: no"


def test_a_board_without_slots_runs_what_it_has(monkeypatch):
    loaded = Loaded(monkeypatch, False)
    module.run(None)
    assert loaded.boots == [None]


def test_a_bundle_over_an_image_that_was_flashed_over_is_left_out(slots):
    confirmed(slots)
    slots.base = b"a new fr"
    boot = started(slots)
    assert (boot.slot, boot.fault) == (0, "slot 1 lies over an earlier image")
    slots.base = NorSlots.base
    assert started(slots).slot == 1
