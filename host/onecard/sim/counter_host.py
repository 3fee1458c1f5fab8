"""A host at a virtual terminal's port: answers what it asks, collects its records.

Behind it are the offices of office.py. It may be plugged in and unplugged at any time, and looks
for its terminal again after a power cut.
"""

from __future__ import annotations

import datetime
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ocwire import cardlist

from .. import cardlist as lists
from ..bundle import SigningKey
from ..errors import OneCardError
from ..gateway import Gateway, Handler, Values
from ..keystore import Keystore
from ..link import LinkClient, Refused, open_port
from ..pull import connect, pull
from ..settings import Settings
from ..store import Store
from .cards.social import SocialState
from .deck import BOOKS, Deck
from .office import Book, FundOffice, IssuerOffice, LibraryOffice
from .session import Session

if TYPE_CHECKING:  # it needs gmssl, which is there with the extra `sim`
    from .codes import Codes

_WAIT_MS = 200
_RETRY_S = 0.5
_ANSWER_S = 2.0
_END_S = 30.0
_FUND_FEN = 300_00
_PAYS_FEN = 300_00


class CounterHost:
    """keystore: the terminal's. folder: where its store is kept. settings: the terminal's.

    titles: of the library's books, in the terminal's language. Events: "host" (plugged; is_there:
    it reaches the terminal), "pulled", "error".
    """

    def __init__(
        self,
        session: Session,
        keystore: Keystore,
        terminal: str,
        settings: Settings,
        deck: Deck,
        folder: Path,
        codes: Codes | None = None,
        signer: SigningKey | None = None,
    ) -> None:
        self._session, self._keystore, self._terminal = session, keystore, terminal
        self._settings, self._deck, self._signer = settings, deck, signer
        self._store_path = folder / "store.duckdb"
        is_chinese = settings.values["language"] == "zh"
        books = {code: title[0 if is_chinese else 1] for code, title in BOOKS.items()}
        self.titles = list(books.values())
        self._gateway = Gateway(_handlers(keystore, deck, codes, books))
        self._thread: threading.Thread | None = None
        self._is_wanted, self._is_to_pull = threading.Event(), threading.Event()
        self.is_there = False

    @property
    def journal_key(self) -> bytes:
        """The terminal's journal key, 16 bytes."""
        return self._keystore.journal_key(self._terminal)

    @property
    def is_plugged(self) -> bool:
        """True between plug() and unplug()."""
        return self._is_wanted.is_set()

    def plug(self) -> None:
        """Connect, and keep connecting. Nothing if it is plugged in."""
        if self.is_plugged:
            return
        self._is_wanted.set()
        self._thread = threading.Thread(target=self._work, name="host", daemon=True)
        self._thread.start()
        self._tell()

    def unplug(self) -> None:
        """Let go of the port. Nothing if it is unplugged."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._is_wanted.clear()
        thread.join(_END_S)
        self._tell()

    def let_go(self) -> None:
        """As unplug(), without waiting for an answer that is under way: the bench ends."""
        self._is_wanted.clear()

    def collect(self) -> None:
        """Pull the records; event "pulled" or "error" tells. Raises OneCardError if unplugged."""
        if not self.is_plugged:
            raise OneCardError("the host is unplugged", "plug it in: host on")
        self._is_to_pull.set()

    def _tell(self) -> None:
        self._session.emit("host", plugged=self.is_plugged, is_there=self.is_there)

    def _reach(self, is_there: bool) -> None:
        if is_there != self.is_there:
            self.is_there = is_there
            self._tell()

    # -- its thread --------------------------------------------------------------------------

    def _work(self) -> None:
        pause = threading.Event()  # never set: a wait that ends by its time alone
        while self._is_wanted.is_set():
            try:
                if self._session.world.is_on:
                    self._serve()
            except OneCardError:
                pass  # the power is off, or the terminal does not listen yet: again
            if self._is_wanted.is_set():
                self._reach(False)
                pause.wait(_RETRY_S)
        self.is_there = False

    def _serve(self) -> None:
        with LinkClient(open_port(self._session.world.link_path), _ANSWER_S) as client:
            connect(client, self._keystore)
            self._reach(True)
            self._send_list(client)
            while self._is_wanted.is_set() and self._session.world.is_on:
                if self._is_to_pull.is_set():
                    self._is_to_pull.clear()
                    self._pull(client)
                self._gateway.serve(client, self._terminal, _WAIT_MS)

    def _pull(self, client: LinkClient) -> None:
        try:
            store = Store(self._store_path)
            try:
                result = pull(client, self._keystore, store)
            finally:
                store.close()
        except OneCardError as error:
            self._session.emit("error", text=f"pull: {error.text}")
            raise
        findings = [finding.text for finding in result.findings]
        self._session.emit("pulled", records=result.new, unread=result.unread, findings=findings)

    def _send_list(self, client: LinkClient) -> None:
        """A pay-out counter's list: every purse of the deck gets something."""
        if self._settings.scene != "subsidy" or self._signer is None:
            return
        numbers = {card.serial: _PAYS_FEN for card in self._deck.purses.values()}
        name = str(self._settings.values["subsidy"]["list"])
        raw = lists.build(name, numbers, self._signer, int(time.time()))
        try:
            client.send_list(cardlist.PAYOUT, raw)
        except Refused as error:  # a full journal takes none; the next connection tries again
            self._session.emit("error", text=f"list: {error.text}")
        else:
            self._signer = None  # once: another list would pay them again


def _handlers(
    keystore: Keystore, deck: Deck, codes: Codes | None, titles: dict[str, str]
) -> dict[str, Handler]:
    today = datetime.date.today()
    books = {code: Book(title) for code, title in titles.items()}
    patrons = {card.serial.hex(): f"读者{name}" for name, card in deck.purses.items()}
    library = LibraryOffice(today, books, patrons)
    fund = FundOffice({SocialState().id_number: _FUND_FEN})

    def know(terminal: str, values: Values) -> Values:
        known = codes is not None and values["code"] == codes.token.hex()
        return {} if known else {"refused": "nobody knows this code"}

    return {
        "load": IssuerOffice(keystore.purse).load,
        "patron": library.patron,
        "lend": library.lend,
        "return": library.give_back,
        "renew": library.renew,
        "loans": library.loans,
        "authorise": fund.authorise,
        "commit": fund.commit,
        "reverse": fund.reverse,
        "code": know,
    }
