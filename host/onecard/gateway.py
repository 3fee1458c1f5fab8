"""Answers what terminals ask while somebody waits: firmware/terminal/online.py.

A handler is a function of (terminal id, values) that returns the answer: {"refused": text} or what
the question wants:

    load        amount, balance, counter, random, mac1, … of INITIALIZE FOR LOAD -> mac2 (8 hex)
    patron      patron -> name, lent
    lend        patron, item -> title, due, fee (fen)        and so are return and renew
    loans       patron -> loans: list of {"title", "due"}
    authorise   id, card, reference, amount -> approval, balance (fen)
    commit      reference (the approval) -> anything
    reverse     reference -> anything
    code        code (hex), purpose -> anything, if it is a right one

A terminal that got no answer asks the same question again under the same number: it is answered
from memory then, so nothing is done twice.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ocwire import glyphs

from .lent import with_glyphs
from .link import LinkClient

_ROOM = 1900  # bytes of an answer in one message
Values = dict[str, Any]
Handler = Callable[[str, Values], Values]
_MOST_KEPT = 256


class Gateway:
    """handlers: by question. late: questions whose answer came when nobody waited any more."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = handlers
        self._given: OrderedDict[tuple[str, int], Values] = OrderedDict()
        self.answered = 0
        self.late: list[tuple[str, str, Values]] = []

    def serve(self, client: LinkClient, terminal: str, wait_ms: int = 500) -> bool:
        """Answer one question of an authenticated terminal; False if it asked none in wait_ms.

        Raises LinkFailed.
        """
        asked = client.question(wait_ms)
        if asked is None:
            return False
        key = terminal, asked.number
        answer = self._given.get(key)
        if answer is None:
            answer = self._answer(terminal, asked.what, asked.values)
            self._given[key] = answer
            if len(self._given) > _MOST_KEPT:
                self._given.popitem(last=False)
        if client.reply(asked.number, with_glyphs(answer, _most_glyphs(answer))):
            self.answered += 1
        else:
            self.late.append((terminal, asked.what, asked.values))
        return True

    def _answer(self, terminal: str, what: str, values: Values) -> Values:
        handler = self._handlers.get(what)
        if handler is None:
            return {"refused": f"nobody here answers {what}"}
        try:
            return handler(terminal, values)
        except (KeyError, ValueError, TypeError) as error:
            return {"refused": f"{type(error).__name__}: {error}"}


def _most_glyphs(answer: Values) -> int:
    """How many can go with an answer; the terminal shows "?" for the others."""
    size = len(json.dumps(answer, ensure_ascii=False).encode())
    return max(0, (_ROOM - size) // glyphs.TEXT_SIZE)
