"""What a screen is about, told by picture, colour and sound before anybody has read a word."""

from .. import outcomes

IDLE, ENTRY, GOOD, REFUSED, HOLD, AGAIN, STAFF, BUSY = range(8)

# By mood: the picture's name in glyphs (pictures.txt), or None. Waiting has one also because an
# amount then stays where it is when it has been paid: half of the screen need not be sent.
PICTURES = ("≋", None, "✔", "✘", "⏸", "↻", "☻", "⏳")

# By mood: ink and paper, RGB565, of the middle of the screen; its edges have them the other way.
_WHITE, _BLACK = 0xFFFF, 0x0000
COLOURS = (
    (_WHITE, 0x0253),  # blue
    (_WHITE, 0x030E),  # teal
    (_WHITE, 0x03C7),  # green
    (_WHITE, 0xC083),  # red
    (_BLACK, 0xFF00),  # yellow
    (_BLACK, 0xFBC0),  # orange
    (_WHITE, 0x7914),  # purple
    (_WHITE, 0x4A8C),  # grey
)

# By mood: (on_ms, off_ms, on_ms, …), () for silence. No two that sound are alike.
SOUNDS = (
    (),
    (120, 60, 120),
    (80,),
    (80, 80, 80, 80, 80),
    (200, 100, 200),
    (500,),
    (500, 120, 80, 120, 80),
    (),
)
SOUND_KEY = (15,)

# By outcome; every other one is REFUSED.
_OUTCOMES = {
    outcomes.APPROVED: GOOD,
    outcomes.LOADED: GOOD,
    outcomes.RESOLVED: GOOD,
    outcomes.IDENTIFIED: GOOD,
    outcomes.HOLD_STILL: HOLD,
    outcomes.TAP_AGAIN: AGAIN,
    outcomes.PIN_WRONG: AGAIN,
    outcomes.PIN_NEEDED: ENTRY,
    outcomes.IN_DOUBT: STAFF,
    outcomes.LOCKED: STAFF,
    outcomes.NOT_AUTHORISED: STAFF,
    outcomes.SAM_FAULT: STAFF,
    outcomes.HOTLIST_OLD: STAFF,
    outcomes.NO_CLOCK: STAFF,
    outcomes.JOURNAL_FULL: STAFF,
}


def of_outcome(kind):
    """The mood that an outcome (outcomes.py) is told in."""
    return _OUTCOMES.get(kind, REFUSED)
