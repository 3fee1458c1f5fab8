"""What is asked at the keypad: a number, an amount, one of several. None: cancelled, or over.

A dialog takes no cards: one that comes lies there until the scene looks again.
"""

from .. import events
from . import moods

_UP, _DOWN = ("2", "f2"), ("8", "f3")


async def number(till, head, most, foot=None, is_secret=False):
    """Up to `most` digits, confirmed; shown as stars if is_secret."""
    typed = ""
    while True:
        till.ui.entry(head, "*" * len(typed) if is_secret else typed, foot)
        key = await _key(till)
        if key is None or (key == "cancel" and not typed):
            return None
        if key == "cancel":
            typed = typed[:-1]
        elif key == "confirm":
            if typed:
                return typed
        elif len(key) == 1 and key in "0123456789" and len(typed) < most:
            typed += key


async def amount(till, head, most, foot=None, typed=""):
    """Fen, 1 to `most`. typed: what has been keyed in already."""
    while True:
        till.ui.entry(head, "¥" + typed, foot)
        key = await _key(till)
        if key is None or (key == "cancel" and not typed):
            return None
        if key == "cancel":
            typed = typed[:-1]
        elif key == "confirm":
            if typed and fen_of(typed):
                return fen_of(typed)
        elif can_follow(typed, key, most):
            typed += key


async def choose(till, title, rows):
    """The index of the row that is confirmed. Keys 2 and 8, or f2 and f3, go up and down."""
    at = 0
    while True:
        till.ui.rows(title, rows, at)
        key = await _key(till)
        if key in (None, "cancel"):
            return None
        if key == "confirm":
            return at
        if key in _UP:
            at = (at - 1) % len(rows)
        elif key in _DOWN:
            at = (at + 1) % len(rows)


async def tell(till, mood, head, big="", foot=None):
    """One page with its sound; it stays for a while, or until a key comes, which counts."""
    till.ui.page(mood, head, big, foot)
    till.ui.sound(mood)
    till.stays()
    while till.is_showing():
        kind, value = await till.next()
        if kind == events.KEY:
            till.put_back(value)
        if kind in (events.OVER, events.KEY):
            return


async def show(till, title, rows):
    """Rows to be read, scrolled by the same keys, until another key is pressed."""
    at = 0
    while True:
        till.ui.rows(title, rows, at)
        key = await _key(till)
        if key in _UP and at:
            at -= 1
        elif key in _DOWN and at < len(rows) - 1:
            at += 1
        elif key not in _UP + _DOWN:
            return


async def card(till, head, big="", foot=None):
    """The next card (its target); None when "cancel" is pressed."""
    till.ui.page(moods.IDLE, head, big, foot)
    while True:
        kind, value = await till.next()
        if kind == events.CARD:
            return value
        if kind == events.OVER or (kind == events.KEY and value == "cancel"):
            return None


async def _key(till):
    while True:
        kind, value = await till.next()
        if kind == events.OVER:
            return None
        if kind == events.KEY:
            return value


def can_follow(digits, key, most):
    """True if an amount keyed in as `digits` may go on with `key`. most: fen."""
    if key == ".":
        return digits != "" and "." not in digits
    if len(key) != 1 or key not in "0123456789":
        return False
    if fen_of(digits + key) > most:
        return False
    if "." in digits:
        return len(digits) - digits.find(".") <= 2
    return digits != "0"


def fen_of(digits):
    """Fen of yuan keyed in."""
    whole, _, part = digits.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])
