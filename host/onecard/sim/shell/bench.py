"""The bench in a shell: single keys in, the whole window drawn anew after each change."""

from __future__ import annotations

import codecs
import os
import select
import signal
from collections.abc import Callable
from dataclasses import replace

from rich.console import Console
from rich.live import Live

from ...errors import OneCardError
from ..view import View
from ..worker import Worker
from . import keys
from .draw import Hands, draw

_ESCAPE_S = 0.05  # what follows an escape character of a sequence comes sooner
_MOST_TYPED = 200
_AS_PRESSED = {
    keys.ENTER: "confirm",
    keys.ESCAPE: "cancel",
    keys.BACKSPACE: "cancel",
    ".": ".",
    **{digit: digit for digit in "0123456789"},
    **{f"f{n}": f"f{n}" for n in range(1, 4)},
}


class Quit(Exception):
    """The people at the shell have seen enough."""


class ShellBench:
    """One run. on_line: takes a command line. seen: what is drawn."""

    def __init__(self, view: View, worker: Worker) -> None:
        self._view, self._worker = view, worker
        self._names = [card.name for card in view.snapshot().cards]
        self.hands = Hands(self._names[0], stays=False)
        self._ask: Callable[[str], None] | None = None  # what is done with what is typed
        self._question = self._typed = ""
        self._actions: dict[str, Callable[[], None]] = {
            "t": self._tap,
            "k": lambda: self._set(stays=not self.hands.stays),
            "r": lambda: self._say("remove"),
            "x": self._tear,
            "s": self._scan,
            "p": lambda: self._say("power off" if view.snapshot().is_on else "power on"),
            "u": lambda: self._say("host off" if view.snapshot().is_plugged else "host on"),
            "c": lambda: self._say("pull"),
            "f": self._fill,
            ":": lambda: self._prompt(": ", self._say),
            "?": lambda: self._set(shows_help=True),
            keys.LEFT: lambda: self._choose(-1),
            keys.UP: lambda: self._choose(-1),
            keys.BACK_TAB: lambda: self._choose(-1),
            keys.RIGHT: lambda: self._choose(1),
            keys.DOWN: lambda: self._choose(1),
            keys.TAB: lambda: self._choose(1),
        }

    # -- keys --------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        """One key of the shell. Raises Quit."""
        self._set(notice="")
        if self.hands.shows_help:
            self._set(shows_help=False)
        elif self._ask is not None:
            self._type(key)
        elif key in _AS_PRESSED:
            self._say(f"key {_AS_PRESSED[key]}")
        elif key == "q":
            raise Quit
        elif key in self._actions:
            self._actions[key]()
        else:
            self._set(notice=f"no key {key}: ? shows all")

    def _set(self, **changes: object) -> None:
        self.hands = replace(self.hands, **changes)  # type: ignore[arg-type]

    def _say(self, line: str) -> None:
        if line.split()[:1] == ["quit"]:
            raise Quit
        try:
            self._worker.submit(line)
        except OneCardError as error:
            self._set(notice=error.text)

    def _choose(self, step: int) -> None:
        at = self._names.index(self.hands.chosen) + step
        self._set(chosen=self._names[at % len(self._names)])

    def _tap(self, leave: str = "") -> None:
        verb = "tap" if self.hands.stays else "touch"
        self._say(f"{verb} {self.hands.chosen}{leave}")

    def _tear(self) -> None:
        if self._view.snapshot().card is not None:
            self._prompt(
                "it leaves after how many more bytes on the air? (Enter: at once) ",
                lambda text: self._say(f"tear {text}"),
            )
        else:
            self._prompt(
                "tap it; it leaves after how many bytes on the air? ",
                lambda text: self._tap(f" leave={text}") if text else None,
            )

    def _scan(self) -> None:
        names = ", ".join(self._view.codes)
        self._prompt(f"scan ({names}, or any text): ", lambda text: self._say(f"scan {text}"))

    def _fill(self) -> None:
        self._prompt(
            "fill the journal? only collecting its records empties it (y) ",
            lambda text: self._say("fill") if text.strip().lower() in ("y", "yes") else None,
        )

    # -- a line that is typed ------------------------------------------------------------------

    def _prompt(self, question: str, then: Callable[[str], object]) -> None:
        self._question, self._typed = question, ""
        self._ask = then  # type: ignore[assignment]
        self._set(prompt=question)

    def _type(self, key: str) -> None:
        if key == keys.ESCAPE:
            self._ask = None
        elif key == keys.ENTER:
            then, self._ask = self._ask, None
            assert then is not None
            self._set(prompt="")
            then(self._typed)
            return
        elif key == keys.BACKSPACE:
            self._typed = self._typed[:-1]
        elif len(key) == 1 and len(self._typed) < _MOST_TYPED:
            self._typed += key
        self._set(prompt=self._question + self._typed if self._ask is not None else "")


def run(view: View, worker: Worker, console: Console) -> None:
    """Draw and take keys until `q` or Ctrl-C."""
    bench = ShellBench(view, worker)
    wake_in, wake_out = os.pipe()
    os.set_blocking(wake_in, False)
    os.set_blocking(wake_out, False)

    def wake(*_: object) -> None:
        try:
            os.write(wake_out, b"\0")
        except OSError:
            pass  # it has been told often enough, or looks no more

    view.on_change.append(wake)
    before = signal.signal(signal.SIGWINCH, wake)
    try:
        with (
            keys.single_keys() as fd,
            Live(console=console, screen=True, auto_refresh=False) as live,
        ):
            _loop(bench, view, console, live, fd, wake_in)
    except Quit:
        pass
    finally:
        view.on_change.remove(wake)
        signal.signal(signal.SIGWINCH, before)
        os.close(wake_in)
        os.close(wake_out)


def _loop(bench: ShellBench, view: View, console: Console, live: Live, fd: int, wake: int) -> None:
    decoder, typed = codecs.getincrementaldecoder("utf-8")("replace"), keys.Keys()
    while True:
        columns, rows = console.size
        live.update(draw(view.snapshot(), view.about, bench.hands, columns, rows), refresh=True)
        ready, _, _ = select.select([fd, wake], [], [], _ESCAPE_S if typed.is_waiting else None)
        if wake in ready:
            os.read(wake, 4096)
        pressed = [] if fd in ready else typed.flush()
        if fd in ready:
            raw = os.read(fd, 1024)
            if not raw:
                return
            pressed = typed.feed(decoder.decode(raw))
        for key in pressed:
            bench.press(key)
