"""MicroPython's `micropython` module on CPython."""


def const(value):
    """The compiler's constant is a plain value here."""
    return value


def kbd_intr(char):
    """There is no REPL to interrupt."""
