"""What scenes say to people: one call a situation, on screen and by sound."""

from .. import outcomes
from . import screen, texts

_SOUND_GOOD = (80,)
_SOUND_REFUSED = (80, 80, 80, 80, 80)
_SOUND_AGAIN = (500,)
_SOUND_KEY = (15,)
_SOUNDS = {
    outcomes.APPROVED: _SOUND_GOOD,
    outcomes.RESOLVED: _SOUND_GOOD,
    outcomes.TAP_AGAIN: _SOUND_AGAIN,
    outcomes.HOLD_STILL: _SOUND_AGAIN,
}


def yuan(amount):
    """12.00 of 1200 fen; -0.50 of -50: an overdrawn purse."""
    sign = "-" if amount < 0 else ""
    return "%s%d.%02d" % (sign, abs(amount) // 100, abs(amount) % 100)


class UI:
    """display and buzzer: the board's."""

    def __init__(self, display, buzzer):
        self._screen = screen.Screen(display)
        self._buzzer = buzzer

    def idle(self, title, amount):
        """Waiting for a card that is to pay `amount` fen."""
        self._screen.show((title, ("¥" + yuan(amount),), texts.TAP))

    def enter(self, title, digits):
        """An amount being keyed in, as far as it has come."""
        self._screen.show((title, ("¥" + digits,), texts.ENTER_AMOUNT))

    def key(self):
        """A key was taken."""
        self._buzzer.play(_SOUND_KEY)

    def outcome(self, outcome):
        """What a tap ended in: only called once it is durable (P1)."""
        first, last = texts.OUTCOMES[outcome.kind]
        if last is None and outcome.balance is not None:
            last = texts.BALANCE + " ¥" + yuan(outcome.balance)
        middle = ("¥" + yuan(outcome.amount),) if outcome.amount is not None else ("",)
        self._buzzer.play(_SOUNDS.get(outcome.kind, _SOUND_REFUSED))
        self._screen.show((first, middle, last))

    def one_card(self):
        """Several cards lie there: none of them is charged."""
        self._buzzer.play(_SOUND_REFUSED)
        self.notice(texts.ONE_CARD)

    def journal_full(self):
        """Nothing can be sold: every record must be kept, and there is no room for more."""
        self.notice(texts.JOURNAL_FULL, texts.PULL_FIRST)

    def notice(self, first, last=None):
        """A state of the terminal itself."""
        self._screen.show((None, first, last))

    @staticmethod
    def title(merchant, scene):
        """The merchant's name if the screen can show it, else the scene's."""
        return merchant if merchant and screen.can_show(merchant) else texts.SCENES[scene]
