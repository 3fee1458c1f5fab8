"""What the terminal asks the host while somebody waits: loads, loans, medical accounts.

The host comes for questions over the link (message.QUESTION) and answers in time, or not: then
nothing is done. One question stands at a time. A host that asks again before it answered is given
the same question with the same number: it must not do twice what it did.
"""

import asyncio
import binascii
import json
import os
import struct
import time

from ocwire.errors import MessageError

from .engine.order import Issuer, NotAuthorised
from .outcomes import CODE_WRONG, OFFLINE, Outcome

_STEP_MS = 20
_HOST_MS = 5000  # a host that has not come for so long is not there
_MOST_WAIT_MS = 1000
_DEADLINE_MS = 15000


class Offline(Exception):
    """No host comes for questions."""


class NoAnswer(Exception):
    """The host did not answer in time, or its answer cannot be read."""


class Online:
    """The one question that stands, and its answer.

    lend(text): takes ocwire.glyphs of characters in an answer that the font lacks. heard_s: when a
    host that has the link key was heard last, for the operator; 0: not since the start.
    """

    def __init__(self, lend=None):
        self._lend = lend
        self.heard_s = 0
        self._seen_ms = None
        self._question = None  # (number, text, when its time is over)
        self._answer = None

    @property
    def is_there(self):
        """True while a host comes for questions."""
        seen = self._seen_ms
        return seen is not None and time.ticks_diff(time.ticks_ms(), seen) < _HOST_MS

    async def ask(self, what, values, deadline_ms=_DEADLINE_MS):
        """The host's answer (a dict) to the question `what` with these values (a dict).

        Raises Offline, NoAnswer.
        """
        if not self.is_there:
            raise Offline("no host is connected")
        number = struct.unpack(">I", os.urandom(4))[0] or 1
        text = json.dumps([what, values]).encode()
        over_ms = time.ticks_add(time.ticks_ms(), deadline_ms)
        self._answer, self._question = None, (number, text, over_ms)
        try:
            while self._answer is None:
                if time.ticks_diff(over_ms, time.ticks_ms()) <= 0:
                    raise NoAnswer("no answer in %d ms" % deadline_ms)
                await asyncio.sleep_ms(_STEP_MS)
            answer = json.loads(self._answer)
        except ValueError:
            raise NoAnswer("the answer is no JSON") from None
        finally:
            self._question = None
        if not isinstance(answer, dict):
            raise NoAnswer("the answer is no object")
        glyphs = answer.pop("glyphs", None)
        if glyphs and self._lend is not None:
            try:
                self._lend(glyphs)
            except (ValueError, TypeError) as error:
                raise NoAnswer("the answer's glyphs: %s" % error) from None
        return answer

    async def refuses_code(self, raw, purpose):
        """See Engine.take_code: None if the host knows this code, else the Outcome to show."""
        try:
            answer = await self.ask("code", {"code": raw.hex(), "purpose": purpose})
        except (Offline, NoAnswer) as error:
            return Outcome(OFFLINE, detail=str(error))
        if "refused" in answer:
            return Outcome(CODE_WRONG, detail=str(answer["refused"]))
        return None

    # -- the link's side ------------------------------------------------------------------

    async def question(self, wait_ms):
        """(number, milliseconds left, text) of the question that stands; waits for one."""
        until_ms = time.ticks_add(time.ticks_ms(), min(wait_ms, _MOST_WAIT_MS))
        while True:
            now_ms = self._seen_ms = time.ticks_ms()
            if self._question is not None and self._answer is None:
                number, text, over_ms = self._question
                return number, max(0, time.ticks_diff(over_ms, now_ms)), text
            if time.ticks_diff(until_ms, now_ms) <= 0:
                return 0, 0, b""
            await asyncio.sleep_ms(_STEP_MS)

    def take(self, number, text):
        """The host's answer to question `number`: True if it came in time. Raises MessageError."""
        if not number:
            raise MessageError("an answer to no question")
        self._seen_ms = time.ticks_ms()
        if self._question is None or self._question[0] != number:
            return False
        self._answer = text
        return True


class OnlineIssuer(Issuer):
    """Loads are authorised by the card's issuer, whom the host asks."""

    def __init__(self, online, deadline_ms=_DEADLINE_MS):
        self._online = online
        self._deadline_ms = deadline_ms

    async def authorise(self, card, order, step, terminal):
        answer = step.answer
        values = {
            "application": card.profile.code,
            "issuer": card.issuer.hex(),
            "serial": card.serial.hex(),
            "amount": order.amount,
            "balance": answer.balance,
            "counter": answer.counter,
            "random": answer.random.hex(),
            "key_version": answer.key_version,
            "algorithm": answer.algorithm,
            "key_index": step.key_index,
            "tti": step.tti,
            "terminal": terminal.hex(),
            "moment": step.date_time.hex(),
            "mac1": answer.mac1.hex(),
            "purpose": order.payload.hex(),
        }
        try:
            given = await self._online.ask("load", values, self._deadline_ms)
            if "refused" in given:
                raise NotAuthorised(str(given["refused"]))
            mac2 = binascii.unhexlify(given["mac2"])
        except (Offline, NoAnswer) as error:
            raise NotAuthorised(str(error)) from None
        except (KeyError, ValueError, TypeError):
            raise NotAuthorised("the issuer's answer has no MAC2") from None
        if len(mac2) != 4:
            raise NotAuthorised("the issuer's MAC2 has %d bytes" % len(mac2))
        return mac2
