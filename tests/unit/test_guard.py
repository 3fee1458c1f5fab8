"""How long the next PIN is not asked for, and what a restart changes: nothing."""

from ocwire import record
from shop import Shop
from terminal.guard import Guard
from virtual import clock


def kept(*events):
    """A journal of admin events."""
    journal = Shop().journal
    for event in events:
        journal.append(record.ADMIN, record.pack(record.ADMIN, 1, event, 7))
    return journal


def test_after_three_wrong_ones_each_wait_is_twice_the_one_before_up_to_an_hour():
    guard, waits = Guard(), []
    for _ in range(12):
        guard.wrong()
        waits.append(guard.left_s())
        clock.advance(guard.left_s())
        assert guard.left_s() == 0
    assert waits == [0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_right_one_forgets_them():
    guard = Guard()
    for _ in range(5):
        guard.wrong()
    guard.right()
    guard.wrong()
    assert guard.left_s() == 0


def test_the_wait_begins_anew_with_a_restart():
    wrong, right = record.LOCKED_OUT, record.ENTERED
    for events, left_s in (
        ((wrong, wrong, wrong, wrong), 60),
        ((wrong, wrong, wrong, right), 0),
        ((wrong, wrong, right, wrong, wrong, wrong), 30),
        ((), 0),
    ):
        guard = Guard()
        guard.restore(kept(*events))
        assert guard.left_s() == left_s, events
