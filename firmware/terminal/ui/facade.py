"""What scenes say to people: one call a situation, on screen and by sound."""

from . import layout_colour, layout_mono, moods, texts

BRIGHTEST = 3
_COLOUR_WIDTH = 320  # pixels; smaller displays have the layout of 128 x 64


def yuan(amount):
    """12.00 of 1200 fen; -0.50 of -50: an overdrawn purse."""
    sign = "-" if amount < 0 else ""
    return "%s%d.%02d" % (sign, abs(amount) // 100, abs(amount) % 100)


class UI:
    """display and buzzer: the board's. language: one of texts.LANGUAGES.

    What is shown is a text of texts.py, a plain str (a name, a number) as it is, or None.
    """

    def __init__(self, display, buzzer, language="zh"):
        layout = layout_colour if display.width >= _COLOUR_WIDTH else layout_mono
        self._display = display
        self.brightness = BRIGHTEST
        self._layout = layout.Layout(display)
        self.canvas = self._layout.canvas
        self._buzzer = buzzer
        self.language = texts.LANGUAGES.index(language)

    def shine(self, level):
        """Set the brightness, 1 to BRIGHTEST."""
        if level != self.brightness:
            self.brightness = level
            self._display.brightness(level * 100 // BRIGHTEST)

    # -- any screen ---------------------------------------------------------------------------

    def pick(self, text):
        """The str that stands on the screen for a text."""
        if text is None:
            return ""
        return text[self.language] if isinstance(text, tuple) else text

    def say(self, text, *values):
        """A text with values for its %-forms."""
        return self.pick(text) % values

    def page(self, mood, head, big="", foot=None):
        """One screen: the head, large in the middle what it is about, the foot."""
        self._layout.page(mood, self.pick(head), self.pick(big), self.pick(foot))

    def rows(self, title, rows, selected=None):
        """A list; as many rows as fit around number `selected`, which is marked."""
        self._layout.rows(self.pick(title), [self.pick(row) for row in rows], selected)

    def entry(self, head, typed, foot=None):
        """Something being keyed in, as far as it has come."""
        self.page(moods.ENTRY, head, typed, foot)

    def sound(self, mood):
        """The mood's sound, if it has one."""
        if moods.SOUNDS[mood]:
            self._buzzer.play(moods.SOUNDS[mood])

    def key(self):
        """A key was taken."""
        self._buzzer.play(moods.SOUND_KEY)

    # -- situations ---------------------------------------------------------------------------

    def idle(self, title, amount):
        """Waiting for a card that is to pay `amount` fen."""
        self.page(moods.IDLE, title, "¥" + yuan(amount), texts.TAP)

    def enter(self, title, digits):
        """An amount being keyed in, as far as it has come."""
        self.entry(title, "¥" + digits, texts.ENTER_AMOUNT)

    def outcome(self, outcome):
        """What a tap ended in: only called once it is durable (P1)."""
        code, first, last = texts.OUTCOMES[outcome.kind]
        foot = self.pick(last)
        if last is None and outcome.balance is not None:
            foot = self.pick(texts.BALANCE) + " ¥" + yuan(outcome.balance)
        big = "¥" + yuan(outcome.amount) if outcome.amount is not None else ""
        mood = moods.of_outcome(outcome.kind)
        self.sound(mood)
        self._layout.page(mood, self.pick(first), big, foot, code)

    def one_card(self):
        """Several cards lie there: none of them is charged."""
        self.sound(moods.REFUSED)
        self.notice(texts.ONE_CARD, mood=moods.REFUSED)

    def journal_full(self):
        """Nothing can be sold: every record must be kept, and there is no room for more."""
        self.notice(texts.JOURNAL_FULL, texts.PULL_FIRST)

    def notice(self, first, last=None, mood=moods.STAFF):
        """A state of the terminal itself."""
        self.page(mood, first, "", last)

    def title(self, merchant, scene):
        """The merchant's name if the screen can show it, else the scene's: a text."""
        can_show = merchant and self.canvas.can_show(merchant)
        return merchant if can_show else texts.SCENES[scene]
