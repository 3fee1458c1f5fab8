"""drivers.pattern and what is built on it: buzzers and lights, in virtual time."""

import asyncio

import pytest
import virtual
from buses import Pin, Wiring

from drivers.buzzer import Buzzer, ToneBuzzer
from drivers.led import Led

PIN = 15


class Recorder:
    """Changes of a wire as (milliseconds since the start, level)."""

    def __init__(self):
        self.wiring = Wiring()
        self.pin = Pin(self.wiring, PIN, Pin.OUT)
        self.changes, self._start_s = [], virtual.clock.now_s
        self.wiring.line(PIN).listen(self._changed)

    def _changed(self, level):
        self.changes.append((round((virtual.clock.now_s - self._start_s) * 1000), int(level)))

    def start(self):
        self.changes.clear()
        self._start_s = virtual.clock.now_s


class Pwm:
    """machine.PWM: what it was told last."""

    def __init__(self):
        self.hz, self.duty, self.duties = None, None, []

    def freq(self, hz):
        self.hz = hz

    def duty_u16(self, duty):
        self.duty = duty
        self.duties.append(duty)


def play(make, *steps):
    """Run steps on what make(recorder.pin) makes: numbers are milliseconds to wait."""

    async def run():
        recorder = Recorder()
        part = make(recorder.pin)
        recorder.start()
        for step in steps:
            if isinstance(step, int):
                await asyncio.sleep(step / 1000)
            else:
                step(part)
        return recorder.changes

    return virtual.run(run())


def test_a_pattern_is_on_and_off_times_and_ends_off():
    changes = play(Buzzer, lambda b: b.play((80, 40, 20)), 500)
    assert changes == [(0, 1), (80, 0), (120, 1), (140, 0)]


def test_a_new_pattern_ends_the_one_playing_without_a_gap():
    changes = play(Buzzer, lambda b: b.play((500,)), 100, lambda b: b.play((50, 50, 50)), 500)
    assert changes == [(0, 1), (150, 0), (200, 1), (250, 0)]


def test_stop_is_at_once_and_harmless_when_nothing_plays():
    changes = play(Buzzer, lambda b: b.play((500,)), 30, lambda b: b.stop(), 100, Buzzer.stop)
    assert changes == [(0, 1), (30, 0)]


def test_an_empty_pattern_leaves_silence():
    assert play(Buzzer, lambda b: b.play(()), 100)[-1][1] == 0


def test_a_repeated_pattern_goes_on_until_the_next():
    changes = play(Led, lambda led: led.play((100, 100), repeats=True), 450, Led.off, 500)
    assert changes == [(0, 1), (100, 0), (200, 1), (300, 0), (400, 1), (450, 0)]


@pytest.mark.parametrize("pattern", [(), (100,), (0, 0), (10, 10, 10)])
def test_a_pattern_that_cannot_be_repeated_is_refused(pattern):
    with pytest.raises(ValueError):
        play(Led, lambda led: led.play(pattern, repeats=True))


def test_a_light_that_is_lit_by_a_low_level():
    def make(pin):
        return Led(pin, is_active_low=True)

    assert play(make, Led.on, 10, lambda led: led.play((20,)), 100) == [(0, 0), (30, 1)]
    assert play(make, Led.on, 10, Led.off, 100) == [(0, 0), (10, 1)]


def test_a_passive_buzzer_is_given_its_tone():
    pwm = Pwm()
    play(lambda pin: ToneBuzzer(pwm, tone_hz=2400), lambda b: b.play((80, 40, 80)), 300)
    assert pwm.hz == 2400 and pwm.duty == 0
    assert [duty for duty in pwm.duties if duty] == [0x8000] * 3
    assert pwm.duties[0] == 0  # silent before it has its tone
