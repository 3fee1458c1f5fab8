"""What people can do at a virtual terminal, as command lines: every view goes this way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import OneCardError
from .counter_host import CounterHost
from .deck import NAMES, Deck
from .filling import fill
from .flash import CUT_MODES
from .hand import Hand
from .session import Session
from .terminal_parts import KEYS

if TYPE_CHECKING:  # it needs gmssl, which is there with the extra `sim`
    from .codes import Codes

_AMOUNT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")
_MOST_FEN = 10_000_000
_MOST_CODE = 1024  # bytes that a QR code of the larger versions holds, about
_MOST_LINE = 2 * _MOST_CODE
HELP = f"""
Commands on standard input, one a line:

  amount 12.50          key in an amount and confirm it
  key 5, confirm, cancel   press a single key ({", ".join(KEYS)})
  tap CARD              put a virtual card on the reader ({", ".join(NAMES)})
  tap CARD leave=90     the same; it leaves after 90 bytes on the air
  touch CARD [leave=90] the same, and take it away when the tap is over
  remove                take the card away
  tear, tear 30         pull the card away at once, after 30 more bytes on the air
  scan CODE             hold a code before the scanner: one of `codes`, or any text
  power off, power on   switch the terminal
  power cut=2:prefix    the power fails in the 2nd flash operation from now
                        (modes: {", ".join(CUT_MODES)})
  host on, host off     plug the host in (issuer, library, medical fund), unplug it
  pull                  that host collects the records
  fill                  fill the journal with true records, through its flash
  cards, codes          balances of the virtual cards; what can be scanned
  quit
"""


class Desk:
    """Carries out command lines on a session. codes, host: None where there are none."""

    def __init__(
        self,
        session: Session,
        deck: Deck,
        codes: Codes | None = None,
        host: CounterHost | None = None,
    ) -> None:
        self._session, self._deck, self._codes, self._host = session, deck, codes, host
        self._hand = Hand(session)
        self._commands: dict[str, Callable[..., None]] = {
            "amount": self._amount,
            "key": self._key,
            "confirm": lambda: self._key("confirm"),
            "cancel": lambda: self._key("cancel"),
            "tap": self._tap,
            "touch": self._touch,
            "remove": self._remove,
            "tear": self._tear,
            "scan": self._scan,
            "power": self._power,
            "host": self._switch_host,
            "pull": self._pull,
            "fill": self._fill,
            "cards": self._cards,
            "codes": self._list_codes,
        }

    def run(self, line: str) -> bool:
        """One command line; False when it was `quit`. Raises OneCardError for a wrong one."""
        if len(line) > _MOST_LINE:
            raise OneCardError(f"a line of {len(line)} characters, {_MOST_LINE} at most", HELP)
        words = line.split()
        if not words:
            return True
        if words[0] == "quit":
            return False
        command = self._commands.get(words[0])
        if command is None:
            raise OneCardError(f"no command {words[0]!r}", HELP)
        try:
            if command == self._scan:
                command(line.strip().removeprefix("scan").strip())
            else:
                command(*words[1:])
        except (TypeError, ValueError) as error:
            raise OneCardError(f"{line.strip()!r}: {error}", HELP) from error
        return True

    # -- keys ----------------------------------------------------------------------------

    def _key(self, key: str) -> None:
        if key not in KEYS:
            raise ValueError(f"keys: {', '.join(KEYS)}")
        self._session.call(lambda: self._session.world.press(key))

    def _amount(self, text: str) -> None:
        found = _AMOUNT.fullmatch(text)
        if found is None or float(text) * 100 > _MOST_FEN:
            raise ValueError(f"{text!r} is no amount in yuan from 0.00 to 100000.00")
        for key in ("cancel", *text, "confirm"):
            self._key(key)

    # -- cards and codes -------------------------------------------------------------------

    def _tap(self, name: str = NAMES[0], leave: str = "") -> None:
        self._place(name, leave, is_to_go=False)

    def _touch(self, name: str = NAMES[0], leave: str = "") -> None:
        self._place(name, leave, is_to_go=True)

    def _place(self, name: str, leave: str, is_to_go: bool) -> None:
        if name not in self._deck.cards:
            raise ValueError(f"cards: {', '.join(self._deck.cards)}")
        after = _count(leave.removeprefix("leave="), "bytes") if leave else None
        card = self._deck.cards[name]
        self._session.call(lambda: self._hand.place(card, after, is_to_go))
        self._session.emit("card", card=name, in_field=True)

    def _remove(self) -> None:
        self._session.call(self._hand.remove)
        self._session.emit("card", in_field=False)

    def _tear(self, after: str = "") -> None:
        if not after:
            self._remove()
            return
        size = _count(after, "bytes")
        if not self._session.call(lambda: self._hand.tear(size)):
            raise ValueError("no card lies there: tap CARD leave=N")

    def _scan(self, text: str) -> None:
        if not text:
            raise ValueError("scan what? One of `codes`, or any text")
        known = self._codes.make(text) if self._codes is not None else None
        raw = known if known is not None else text.encode()
        if len(raw) > _MOST_CODE:
            raise ValueError(f"a code of {len(raw)} bytes, {_MOST_CODE} at most")
        self._session.call(lambda: self._session.world.parts.scan(raw))
        self._session.emit("scan", code=text if known is not None else "")

    def _cards(self) -> None:
        self._session.emit("cards", balances=self._deck.balances())

    def _list_codes(self) -> None:
        names = (
            {} if self._codes is None else {n: note[1] for n, note in self._codes.notes.items()}
        )
        self._session.emit("codes", codes=names)

    # -- power and host ----------------------------------------------------------------------

    def _power(self, what: str) -> None:
        world = self._session.world
        if what.startswith("cut="):
            number, _, mode = what.removeprefix("cut=").partition(":")
            count = _count(number, "operations")
            self._session.call(lambda: world.cut_power_at(count, mode or "prefix"))
        elif what in ("on", "off"):
            self._session.call(world.power_on if what == "on" else world.power_off)
        else:
            raise ValueError("on, off or cut=N")

    def _need_host(self) -> CounterHost:
        if self._host is None:
            raise ValueError("this bench has no host")
        return self._host

    def _switch_host(self, what: str) -> None:
        host = self._need_host()
        if what not in ("on", "off"):
            raise ValueError("on or off")
        if what == "on":
            host.plug()
        else:
            host.unplug()

    def _pull(self) -> None:
        self._need_host().collect()

    def _fill(self) -> None:
        host = self._need_host()
        count = fill(self._session, host.journal_key)
        self._session.emit("filled", records=count)


def _count(text: str, what: str) -> int:
    """A whole number from 1 on, of so many digits that nothing overflows. Raises ValueError."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) < 1:
        raise ValueError(f"{text!r} is no number of {what} from 1 on")
    return int(text)
