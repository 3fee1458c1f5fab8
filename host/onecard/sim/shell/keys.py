"""Keys of a shell: what its bytes say, and a terminal that gives them one by one."""

from __future__ import annotations

import contextlib
import sys
import termios
import tty
from collections.abc import Iterator

UP, DOWN, LEFT, RIGHT, TAB, BACK_TAB = "up", "down", "left", "right", "tab", "back tab"
ENTER, ESCAPE, BACKSPACE = "enter", "escape", "backspace"
_ESC = "\x1b"
_PLAIN = {"\r": ENTER, "\n": ENTER, "\t": TAB, "\x7f": BACKSPACE, "\x08": BACKSPACE}
# xterm, VT220 and the Linux console; ECMA-48 leaves them to the maker.
_SEQUENCES = {
    **{
        f"[{end}": key for end, key in zip("ABCDZ", (UP, DOWN, RIGHT, LEFT, BACK_TAB), strict=True)
    },
    **{f"O{end}": key for end, key in zip("ABCD", (UP, DOWN, RIGHT, LEFT), strict=True)},
    **{f"O{end}": f"f{n}" for n, end in enumerate("PQRS", 1)},
    **{f"[{10 + n}~": f"f{n}" for n in range(1, 5)},
    **{f"[[{end}": f"f{n}" for n, end in enumerate("ABCD", 1)},
}
_LONGEST = 16  # of a sequence that is not known


class Keys:
    """Feed what was read, take keys: a character, or a name of this module, "f1" to "f4".

    An escape character alone is the Esc key, which only time tells: when nothing followed soon,
    its owner calls flush(). Sequences that are not known are passed over.
    """

    def __init__(self) -> None:
        self._pending = ""

    @property
    def is_waiting(self) -> bool:
        """True while an escape character may be the start of a sequence."""
        return bool(self._pending)

    def feed(self, text: str) -> list[str]:
        """The keys that `text` completes."""
        found, self._pending = [], self._pending + text
        while self._pending:
            char = self._pending[0]
            if char != _ESC:
                self._pending = self._pending[1:]
                key = _PLAIN.get(char, char)
                if key in _PLAIN.values() or key.isprintable():
                    found.append(key)
                continue
            size = _sequence_size(self._pending[1:])
            if size is None:
                break
            known = _SEQUENCES.get(self._pending[1 : 1 + size]) if size else ESCAPE
            if known is not None:
                found.append(known)
            self._pending = self._pending[1 + size :]
        return found

    def flush(self) -> list[str]:
        """Nothing came any more."""
        pending, self._pending = self._pending, ""
        return [ESCAPE] if pending == _ESC else []


def _sequence_size(rest: str) -> int | None:
    """Characters behind an escape that belong to it; None while more must come."""
    if not rest:
        return None
    if rest[0] == "O":
        return 2 if len(rest) > 1 else None
    if rest[0] != "[":
        return 0
    if rest.startswith("[["):
        return 3 if len(rest) > 2 else None
    for at, char in enumerate(rest[1:_LONGEST], 2):
        if "\x40" <= char <= "\x7e":
            return at
    return None if len(rest) < _LONGEST else _LONGEST


@contextlib.contextmanager
def single_keys() -> Iterator[int]:
    """While the terminal on standard input gives each key at once, unseen; its descriptor."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        yield fd
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
