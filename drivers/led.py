"""A light on a pin, steady or in patterns."""

from micropython import const

from .pattern import Player

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from .kinds import Switch


class Led(Player):
    """pin: machine.Pin or alike, called with 1 or 0. is_active_low: lit by 0."""

    def __init__(self, pin: "Switch", is_active_low: bool = False):
        self._pin = pin
        self._dark = 1 if is_active_low else 0
        super().__init__(self._light)

    def _light(self, level: int) -> None:
        self._pin(level ^ self._dark)

    def on(self) -> None:
        """Light it until something else is asked for."""
        self.stop()
        self._light(1)

    def off(self) -> None:
        """End what it shows."""
        self.stop()
