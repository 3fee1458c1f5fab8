"""drivers.keypad on a simulated matrix of bouncing contacts, in virtual time."""

import asyncio
import random

import pytest
import virtual
from buses import Pin, Timers, Wiring
from onecard.sim.chips.keypad import KeyMatrix

from drivers.keypad import Keypad

ROWS, COLUMNS = (10, 11, 12, 13), (14, 22, 26, 27)
KEYS = (
    "1", "2", "3", "a",
    "4", "5", "6", "b",
    "7", "8", "9", "cancel",
    ".", "0", None, "confirm",
)  # fmt: skip
PLACES = {key: divmod(index, 4) for index, key in enumerate(KEYS) if key}


class Polled:
    """A pin that cannot interrupt."""

    def __init__(self, pin):
        self._pin = pin

    def __call__(self, *level):
        return self._pin(*level)


class Bench:
    """The matrix and the driver; a finger is press(), release()."""

    def __init__(self, seed=1, bounce_us=8_000, can_interrupt=True, **options):
        self.wiring = Wiring()
        rows = [self.wiring.line(pin) for pin in ROWS]
        columns = [self.wiring.line(pin) for pin in COLUMNS]
        self.matrix = KeyMatrix(Timers(), rows, columns, bounce_us, seed)
        row_pins = [Pin(self.wiring, pin, Pin.OPEN_DRAIN, value=1) for pin in ROWS]
        column_pins = [Pin(self.wiring, pin, Pin.IN, Pin.PULL_UP) for pin in COLUMNS]
        if not can_interrupt:
            column_pins = [Polled(pin) for pin in column_pins]
        self.keypad = Keypad(row_pins, column_pins, KEYS, **options)
        self.scans = 0
        scan = self.keypad.scan

        def counted():
            self.scans += 1
            return scan()

        self.keypad.scan = counted

    def press(self, key):
        self.matrix.press(*PLACES[key])

    def release(self, key):
        self.matrix.release(*PLACES[key])

    def taken(self):
        found = []
        while (key := self.keypad.read()) is not None:
            found.append(key)
        return found


def play(test, **options):
    """Run `test(bench)` with the scanning going; the keys it left are its result."""

    async def run():
        bench = Bench(**options)
        assert bench.taken() == []
        await asyncio.sleep(0.1)
        await test(bench)
        found = bench.taken()
        bench.keypad.close()
        await asyncio.sleep(0.01)
        return found

    return virtual.run(run())


async def tap(bench, key, down_s=0.06, up_s=0.05):
    bench.press(key)
    await asyncio.sleep(down_s)
    bench.release(key)
    await asyncio.sleep(up_s)


@pytest.mark.parametrize("can_interrupt", [True, False])
def test_every_key_is_read_once_however_its_contact_bounces(can_interrupt):
    for seed in range(5):

        async def test(bench):
            for key in PLACES:
                await tap(bench, key)
                assert bench.taken() == [key]

        assert play(test, seed=seed, can_interrupt=can_interrupt) == []


def test_keys_wait_in_order_until_they_are_read():
    async def test(bench):
        for key in ("1", "2", ".", "5", "0", "confirm"):
            await tap(bench, key)

    assert play(test) == ["1", "2", ".", "5", "0", "confirm"]


def test_more_than_eight_unread_keys_are_dropped_and_counted():
    async def test(bench):
        for key in "1234567890":
            await tap(bench, key)
        assert bench.keypad.lost == 2

    assert play(test) == list("12345678")


def test_a_held_key_is_one_press_and_is_told_as_down():
    async def test(bench):
        bench.press("5")
        await asyncio.sleep(3)
        assert bench.keypad.is_down("5") and not bench.keypad.is_down("6")
        bench.release("5")
        await asyncio.sleep(0.1)
        assert not bench.keypad.is_down("5")

    assert play(test) == ["5"]


@pytest.mark.parametrize("for_us", [500, 4_000, 9_000, 13_000])
def test_a_contact_that_closes_for_too_short_is_no_key(for_us):
    async def test(bench):
        for _ in range(20):
            bench.matrix.touch(1, 1, for_us)
            await asyncio.sleep(0.033)

    assert play(test) == []


def test_a_place_without_a_key_gives_nothing():
    async def test(bench):
        bench.matrix.press(3, 2)
        await asyncio.sleep(0.1)

    assert play(test) == []


@pytest.mark.parametrize("pair", [("1", "2"), ("1", "4"), ("1", "5"), ("confirm", "1")])
def test_a_second_key_is_read_while_the_first_is_held(pair):
    async def test(bench):
        bench.press(pair[0])
        await asyncio.sleep(0.03)  # the first contact may still be bouncing
        bench.press(pair[1])
        await asyncio.sleep(0.1)
        assert bench.keypad.is_down(pair[0]) and bench.keypad.is_down(pair[1])
        bench.release(pair[0])
        await asyncio.sleep(0.1)
        assert not bench.keypad.is_down(pair[0]) and bench.keypad.is_down(pair[1])

    assert play(test) == list(pair)


def test_many_keys_at_once_are_read_while_no_rectangle_is_closed():
    async def test(bench):
        for key in ("1", "2", "3", "b"):  # a row of three and one elsewhere
            bench.press(key)
            await asyncio.sleep(0.05)

    assert play(test) == ["1", "2", "3", "b"]


def test_a_ghost_is_never_read_and_the_third_key_is_when_it_is_certain():
    async def test(bench):
        bench.press("1")
        await asyncio.sleep(0.1)
        bench.press("2")
        await asyncio.sleep(0.1)
        bench.press("4")  # 5 now reads as closed too
        await asyncio.sleep(0.2)
        assert bench.taken() == ["1", "2"]
        assert bench.keypad.is_down("1") and bench.keypad.is_down("2")
        bench.release("2")
        await asyncio.sleep(0.1)

    assert play(test) == ["4"]


def test_three_keys_that_come_together_with_a_ghost_are_not_guessed_at():
    async def test(bench):
        for key in ("2", "3", "6"):
            bench.press(key)
        await asyncio.sleep(0.3)
        assert bench.taken() == []
        bench.release("6")
        await asyncio.sleep(0.1)
        assert sorted(bench.taken()) == ["2", "3"]

    assert play(test) == []


@pytest.mark.parametrize("seed", range(20))
def test_random_play_is_read_as_it_was_pressed_and_nothing_is_invented(seed):
    rng = random.Random(seed)

    async def test(bench):
        down, pressed = [], []
        for _ in range(60):
            if down and (len(down) == 2 or rng.random() < 0.5):
                bench.release(down.pop(rng.randrange(len(down))))
            else:
                key = rng.choice([k for k in PLACES if k not in down])
                bench.press(key)
                down.append(key)
                pressed.append(key)
            await asyncio.sleep(rng.uniform(0.04, 0.1))
            assert bench.taken() == pressed
            pressed.clear()

    assert play(test, seed=seed) == []


def test_an_idle_keypad_with_interrupts_does_not_scan():
    async def test(bench):
        before = bench.scans
        await asyncio.sleep(60)
        assert bench.scans == before
        await tap(bench, "9")
        assert 5 < bench.scans - before < 40

    assert play(test) == ["9"]


def test_scanning_by_calls_needs_no_task():
    async def run():
        bench = Bench(debounce_ms=15)
        found = []
        for step in range(40):
            if step == 5:
                bench.press("8")
            if step == 20:
                bench.release("8")
            bench.keypad.scan()
            found.append(bench.keypad.take())
            await asyncio.sleep(0.005)
        return found

    assert [key for key in virtual.run(run()) if key] == ["8"]


def test_a_map_that_does_not_fit_is_refused_and_an_unknown_name_is_an_error():
    with pytest.raises(ValueError, match="15 keys on 4 x 4"):
        Keypad([lambda level: None] * 4, [lambda: 1] * 4, KEYS[:15])
    with pytest.raises(ValueError):
        Bench().keypad.is_down("x")
