"""A terminal in its world with keystore, cards, store and host: what a merchant's day needs."""

from pathlib import Path

from onecard.build import glyphs
from onecard.build.sources import project_root
from onecard.demo import debited_in_flash
from onecard.keystore import Keystore, PurseKeys
from onecard.link import LinkClient, open_port
from onecard.provision import provision
from onecard.pull import PullResult, connect, pull
from onecard.settings import Settings
from onecard.sim.session import Session
from onecard.sim.workplace import open_deck
from onecard.sim.worlds.base import JOURNAL_SIZE, World
from onecard.store import Store
from onecard.verify import verify

TERMINAL = "440300000001"
PRICE = 1200
SETTINGS = Settings(merchant="第一小学食堂", price=PRICE, repeat_ms=0)
WAIT_S = 60  # an emulated terminal on a busy machine is slow; a healthy one needs seconds


class TerminalRig:
    """world: not powered yet. timeout_s: of one answer on the link."""

    def __init__(self, world: World, folder: Path, timeout_s: float = 10) -> None:
        self.world = world
        self.keystore = Keystore(bytes(32), PurseKeys(bytes(16), bytes(range(16))))
        self.deck = open_deck(folder, self.keystore.purse)
        for card in self.deck.cards.values():
            card.apdu_us = 0.0
        self.store = Store(folder / "store.duckdb")
        shapes = glyphs.load_module(project_root() / "build" / "gen" / "terminal" / "ui")
        self.session = Session(world, shapes)
        self._timeout_s = timeout_s

    def close(self) -> None:
        """Power off, let go of everything."""
        self.session.close()
        self.store.close()

    # -- acting ----------------------------------------------------------------------

    def power_on(self, says: str = "请刷卡") -> None:
        """Switch on and wait for a screen."""
        mark = self.session.mark()
        self.session.call(self.world.power_on)
        self.session.wait_screen(says, mark, WAIT_S)

    def provision(self, settings: Settings = SETTINGS) -> None:
        """Switch on a new terminal and make it a canteen's. Card c is on the hotlist."""
        self.power_on("终端未初始化")
        mark = self.session.mark()
        with self.link() as client:
            provision(client, self.keystore, TERMINAL, settings, [self.deck.cards["c"].serial])
        self.session.wait_screen("请刷卡", mark, WAIT_S)

    def link(self, timeout_s: float | None = None) -> LinkClient:
        """A host at the terminal's port; timeout_s: how long it waits, if not as usual."""
        return LinkClient(open_port(self.world.link_path), timeout_s or self._timeout_s)

    def connected(self, timeout_s: float | None = None) -> LinkClient:
        """The same, authenticated."""
        client = self.link(timeout_s)
        connect(client, self.keystore)
        return client

    def place(self, card, leave_after_bytes: int | None = None) -> int:
        """Put a card (or the deck's of that name) down; the number of the next event."""
        if isinstance(card, str):
            card = self.deck.cards[card]
        mark = self.session.mark()
        self.session.call(lambda: self.world.field.place(card, leave_after_bytes))
        return mark

    def remove(self) -> None:
        """Take the card away and wait until the terminal is ready for the next."""
        mark = self.session.mark()
        self.session.call(self.world.field.remove)
        self.session.wait_screen("请刷卡", mark, WAIT_S)

    def tap(self, card, says: str) -> list[dict]:
        """A whole tap that must end in this screen; its events up to the idle screen."""
        mark = self.place(card)
        self.session.wait_screen(says, mark, WAIT_S)
        self.remove()
        return self.session.events[mark:]

    def cut_and_return(self, name: str, operation: int, mode: str, seed: int = 1) -> None:
        """Tap a card, lose power in that flash operation, take the card away, switch on again."""
        self.session.call(lambda: self.world.cut_power_at(operation, mode, seed))
        mark = self.place(name)
        self.session.wait(
            lambda e: e["event"] == "power" and not e["on"], "a power cut", mark, WAIT_S
        )
        self.session.call(self.world.field.remove)
        self.power_on()

    def pull(self) -> PullResult:
        """Pull everything into the store."""
        with self.link() as client:
            return pull(client, self.keystore, self.store)

    # -- judging ---------------------------------------------------------------------

    def assert_balanced(self, expected: int | None = None) -> None:
        """Pull; what the cards lost, what flash says and what the store holds are one sum."""
        result = self.pull()
        report = verify(
            TERMINAL,
            self.store.records(TERMINAL),
            self.keystore.journal_key(TERMINAL),
            self.keystore.purse,
        )
        assert not result.findings and report.is_proved, (result.findings, report.findings)
        journal = self.session.call(lambda: self.world.journal_read(0, JOURNAL_SIZE))
        sums = self.deck.lost(), debited_in_flash(journal), self.store.debited(TERMINAL)
        assert len(set(sums)) == 1, sums
        assert expected is None or sums[0] == expected, sums
