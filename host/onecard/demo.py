"""The demonstration: a canteen terminal's morning, every step on the real firmware."""

from __future__ import annotations

from pathlib import Path

from ocwire import record
from rich.console import Console
from rich.text import Text

from . import dump
from .keystore import Keystore
from .link import LinkClient, open_port
from .provision import provision
from .pull import pull
from .report import rows, table, yuan
from .settings import Settings
from .sim.deck import Deck
from .sim.session import Session
from .sim.workplace import open_deck, open_session, open_world
from .sim.worlds.base import JOURNAL_SIZE
from .store import Store
from .verify import verify

TERMINAL = "440300000001"
SETTINGS = Settings(merchant="第一小学食堂", price=1200, repeat_ms=0)
_LINK_TIMEOUT_S = 30
_SCREEN_TIMEOUT_S = 120
_WIDTH = 132
_PART_OF_THE_ANSWER = 5  # of 13 bytes


class Demo:
    """One run. folder: an empty one."""

    def __init__(self, board: str, folder: Path, console: Console) -> None:
        if not console.is_terminal:  # a file has no width: room for the picture and the table
            console = Console(width=_WIDTH, highlight=False)
        self.console = console
        self.keystore = Keystore.make()
        self.deck: Deck = open_deck(folder, self.keystore.purse)
        self.store = Store(folder / "store.duckdb")
        self.session: Session = open_session(open_world(board, folder), lambda event: None)

    # -- telling -------------------------------------------------------------------

    def step(self, title: str) -> None:
        """A heading."""
        self.console.print(f"\n[bold cyan]▶ {title}[/]")

    def show(self, text: str, since: int) -> None:
        """Wait until the screen says `text`, then draw it."""
        self.session.wait_screen(text, since, _SCREEN_TIMEOUT_S)
        picture = Text(_framed(self.session.picture()))
        self.console.print(picture, no_wrap=True, overflow="ignore", crop=False)

    # -- acting --------------------------------------------------------------------

    def place(self, name: str) -> int:
        """Put a card on the reader; returns the number the next event has."""
        mark = self.session.mark()
        self.session.call(lambda: self.session.world.field.place(self.deck.cards[name]))
        return mark

    def tear_at_next_debit(self) -> None:
        """The next card that obeys DEBIT is pulled away in the middle of its answer."""

        def committed() -> None:
            self.deck.on_commit = None
            self.session.world.field.leave_after(_PART_OF_THE_ANSWER)

        self.deck.on_commit = committed

    def remove(self) -> None:
        """Take the card away and wait until the terminal is ready again."""
        mark = self.session.mark()
        self.session.call(self.session.world.field.remove)
        self.session.wait_screen("请刷卡", mark, _SCREEN_TIMEOUT_S)

    def tap(self, name: str, says: str) -> None:
        """A whole tap with the screen it ends in."""
        self.show(says, self.place(name))
        self.remove()

    def link(self) -> LinkClient:
        """The host's side of the terminal's link."""
        return LinkClient(open_port(self.session.world.link_path), _LINK_TIMEOUT_S)

    def balances(self) -> str:
        """All cards' money."""
        return "  ".join(f"{name} {yuan(fen)}" for name, fen in self.deck.balances().items())


def _framed(picture: str) -> str:
    lines = picture.split("\n")
    edge = "─" * 128
    return "\n".join([f"┌{edge}┐", *(f"│{line}│" for line in lines), f"└{edge}┘"])


def run_demo(board: str, folder: Path, console: Console) -> bool:
    """Tell and do all of it; True if the three sums agree and everything is proved."""
    demo = Demo(board, folder, console)
    try:
        _boot(demo, board)
        _purchases(demo)
        _torn_card(demo)
        _power_cut(demo)
        return _balance(demo)
    finally:
        demo.store.close()
        demo.session.close()


def _boot(demo: Demo, board: str) -> None:
    demo.step(
        f"A terminal boots: real firmware on {board}, PN532, display and flash at byte level"
    )
    mark = demo.session.mark()
    demo.session.call(demo.session.world.power_on)
    demo.show("终端未初始化", mark)
    demo.step("The host provisions it: number, merchant, keys from a fresh master, price 12.00")
    hotlisted = [demo.deck.cards["c"].serial]
    mark = demo.session.mark()
    with demo.link() as client:
        provision(client, demo.keystore, TERMINAL, SETTINGS, hotlisted)
    demo.show("请刷卡", mark)
    demo.console.print(f"cards: {demo.balances()}")


def _purchases(demo: Demo) -> None:
    demo.step("Card a pays 12.00")
    demo.tap("a", "支付成功")
    demo.step("Card b has too little money")
    demo.tap("b", "余额不足")
    demo.step("Card c is on the hotlist")
    demo.tap("c", "卡已挂失")


def _torn_card(demo: Demo) -> None:
    demo.step("Card d is pulled away between DEBIT and its answer")
    before = demo.deck.cards["d"].balance
    demo.tear_at_next_debit()
    mark = demo.place("d")
    demo.show("请重刷同一张卡", mark)
    lost = before - demo.deck.cards["d"].balance
    demo.console.print(f"the card lost {yuan(lost)}; the terminal cannot know yet")
    demo.session.wait_screen("请刷卡", mark, _SCREEN_TIMEOUT_S)
    demo.step("Card d again: GET TRANSACTION PROVE shows the debit; nothing is taken twice")
    demo.tap("d", "上次已扣款")


def _power_cut(demo: Demo) -> None:
    demo.step("The power fails while card e's purchase is being written")
    world = demo.session.world
    demo.session.call(lambda: world.cut_power_at(2, "prefix"))
    mark = demo.place("e")
    demo.session.wait(lambda e: e["event"] == "power" and not e["on"], "a power cut", mark, 120)
    demo.console.print(f"card e has {yuan(demo.deck.cards['e'].balance)}; the terminal is dark")
    demo.session.call(world.field.remove)
    demo.step("Power returns: the terminal comes back by itself, and card e is tapped again")
    mark = demo.session.mark()
    demo.session.call(world.power_on)
    demo.show("请刷卡", mark)
    demo.tap("e", "上次已扣款")


def _balance(demo: Demo) -> bool:
    demo.step("The host pulls the journal while card a pays once more")
    mark = demo.place("a")
    with demo.link() as client:
        first = pull(client, demo.keystore, demo.store)
    demo.show("支付成功", mark)
    demo.remove()
    with demo.link() as client:
        second = pull(client, demo.keystore, demo.store)
        status = client.status()
    report = verify(
        TERMINAL,
        demo.store.records(TERMINAL),
        demo.keystore.journal_key(TERMINAL),
        demo.keystore.purse,
    )
    demo.console.print(table("stored records", rows(demo.store.records(TERMINAL))))
    demo.console.print(
        f"{first.new} + {second.new} records stored, acknowledged up to {second.acked}, "
        f"terminal {status.state}; chain and {report.tacs} TACs "
        f"{'proved' if report.is_proved else 'NOT PROVED'}"
    )
    findings = [*first.findings, *second.findings, *report.findings]
    for finding in findings:
        demo.console.print(f"  {finding.kind}: {finding.text}")
    return _compare(demo, report.is_proved and not findings)


def _compare(demo: Demo, is_proved: bool) -> bool:
    """Print the three sums; True if they agree and everything was proved."""
    journal = demo.session.call(lambda: demo.session.world.journal_read(0, JOURNAL_SIZE))
    sums = (demo.deck.lost(), debited_in_flash(journal), demo.store.debited(TERMINAL))
    agree = len(set(sums)) == 1 and is_proved
    words = "cards lost {} = journal {} = store {} ✔"
    if not agree:
        words = "cards lost {}, journal {}, store {} ✘ THEY DIFFER OR ARE NOT PROVED"
    text = words.format(*(yuan(fen) for fen in sums))
    demo.console.print(f"\n[bold {'green' if agree else 'red'}]{text}[/]")
    return agree


def debited_in_flash(journal: bytes) -> int:
    """Fen that the records in a journal's flash say were debited: read from the chip itself."""
    amounts: dict[int, int] = {}
    total = 0
    for item in dump.records(journal):
        values = item.fields()
        if item.kind == record.INTENT:
            amounts[item.seq] = values["amount"]
        elif item.kind == record.CARRIED:
            amounts[values["intent_seq"]] = values["amount"]
        elif record.closes(item.kind):
            if values["outcome"] in record.COUNTED:
                total += amounts[values["intent_seq"]]
    return total
