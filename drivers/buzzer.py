"""Buzzers: one with its own tone on a pin, and one that is given its tone by PWM."""

from micropython import const

from .pattern import Player

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from .kinds import PWM


class Buzzer(Player):
    """An active buzzer. pin: machine.Pin or alike, called with 1 or 0."""


class ToneBuzzer(Player):
    """A passive buzzer. pwm: machine.PWM or alike (freq, duty_u16).

    tone_hz: where it is loudest; 2700 Hz for the usual 12 mm discs.
    """

    def __init__(self, pwm: "PWM", tone_hz: int = 2700):
        self._pwm = pwm
        pwm.duty_u16(0)
        pwm.freq(tone_hz)
        super().__init__(self._sound)

    def _sound(self, level: int) -> None:
        self._pwm.duty_u16(0x8000 if level else 0)
