"""onecard sim: a virtual terminal to tap cards on."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from ..errors import OneCardError
from ..keystore import Keystore, read_purse_keys
from ..link import LinkClient, open_port
from ..provision import provision
from ..settings import Settings
from ..sim.deck import NAMES, Deck
from ..sim.flash import CUT_MODES
from ..sim.screen import half_blocks
from ..sim.session import Event, Session
from ..sim.terminal_parts import READERS
from ..sim.workplace import BOARDS, open_deck, open_keystore, open_session, open_world
from .options import (
    ConfigFile,
    Hotlisted,
    Merchant,
    Price,
    TerminalId,
    UpdateRoots,
    data_folder,
    ports_folder,
)
from .provision import parse_serials, parse_settings, parse_yuan

_PRICE = "12.00"
_HELP_COMMANDS = f"""
Commands on standard input, one a line:

  amount 12.50          key in an amount and confirm it
  key 5, confirm, cancel   press a single key
  tap CARD              put a virtual card on the reader ({", ".join(NAMES)})
  tap CARD leave=90     the same; it leaves after 90 bytes on the air
  remove                take the card away
  power off, power on   switch the terminal
  power cut=2:prefix    the power fails in the 2nd flash operation from now
                        (modes: {", ".join(CUT_MODES)})
  cards                 balances of the virtual cards
  quit
"""


class Desk:
    """Carries out command lines on a session."""

    def __init__(self, session: Session, deck: Deck) -> None:
        self._session, self._deck = session, deck
        self._commands: dict[str, Callable[..., None]] = {
            "amount": self._amount,
            "key": self._key,
            "confirm": lambda *_: self._key("confirm"),
            "cancel": lambda *_: self._key("cancel"),
            "tap": self._tap,
            "remove": self._remove,
            "power": self._power,
            "cards": self._cards,
        }

    def run(self, line: str) -> bool:
        """One command line; False when it was `quit`. Raises OneCardError for a wrong one."""
        words = line.split()
        if not words:
            return True
        if words[0] == "quit":
            return False
        command = self._commands.get(words[0])
        if command is None:
            raise OneCardError(f"no command {words[0]!r}", _HELP_COMMANDS)
        try:
            command(*words[1:])
        except (TypeError, ValueError) as error:
            raise OneCardError(f"{line.strip()!r}: {error}", _HELP_COMMANDS) from error
        return True

    def _key(self, key: str) -> None:
        if key not in ("confirm", "cancel", *"0123456789."):
            raise ValueError("keys: 0 to 9, ., confirm, cancel")
        self._session.call(lambda: self._session.world.press(key))

    def _amount(self, text: str) -> None:
        try:
            parse_yuan(text)
        except typer.BadParameter as error:
            raise ValueError(str(error)) from error
        for key in ("cancel", *text, "confirm"):
            self._key(key)

    def _tap(self, name: str = NAMES[0], leave: str = "") -> None:
        if name not in self._deck.cards:
            raise ValueError(f"cards: {', '.join(self._deck.cards)}")
        after = int(leave.removeprefix("leave=")) if leave else None
        card = self._deck.cards[name]
        self._session.call(lambda: self._session.world.field.place(card, after))
        self._session.emit("card", card=name, in_field=True)

    def _remove(self) -> None:
        self._session.call(self._session.world.field.remove)
        self._session.emit("card", in_field=False)

    def _power(self, what: str) -> None:
        world = self._session.world
        if what.startswith("cut="):
            number, _, mode = what.removeprefix("cut=").partition(":")
            count = int(number)
            self._session.call(lambda: world.cut_power_at(count, mode or "prefix"))
        elif what in ("on", "off"):
            self._session.call(world.power_on if what == "on" else world.power_off)
        else:
            raise ValueError("on, off or cut=N")

    def _cards(self) -> None:
        self._session.emit("cards", balances=self._deck.balances())


class Printer:
    """Shows events: as JSON lines, or as the screen drawn in the shell."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self.session: Session | None = None

    def __call__(self, event: Event) -> None:
        if self._as_json:
            print(json.dumps(event, ensure_ascii=False), flush=True)
        elif event["event"] == "screen" and self.session is not None:
            # called in the world's thread: the framebuffer is asked directly
            print("\x1b[H\x1b[2J" + half_blocks(self.session.world.framebuffer()), flush=True)
        else:
            words = ", ".join(f"{k} {v}" for k, v in event.items() if k != "event")
            print(f"{event['event']}: {words}", flush=True)
            if event["event"] == "ready":
                print(_HELP_COMMANDS, flush=True)


def set_up(
    session: Session, keystore: Keystore, terminal: str, settings: Settings, hotlist: list[bytes]
) -> None:
    """Power a virtual terminal on and provision it over its link. Raises OneCardError."""
    session.call(session.world.power_on)
    with LinkClient(open_port(session.world.link_path), timeout_s=20) as client:
        provision(client, keystore, terminal, settings, hotlist)
    session.wait(_is_in_service, "the screen of a terminal in service", 0, 60)


def _how_to_pull(folder: Path, link: str) -> str:
    return (
        f"ONECARD_PASSPHRASE=$(cat {folder / 'passphrase'}) "
        f"onecard pull --keystore {folder / 'keystore'} --device {link}"
    )


def _switch_on(session: Session, *_: object) -> None:
    session.call(session.world.power_on)


def _start_blank(session: Session, *_: object) -> None:
    _switch_on(session)
    session.wait(lambda event: event["event"] == "screen", "a screen", 0, 120)


@contextlib.contextmanager
def plugged(entry: Path | None, link: str) -> Iterator[None]:
    """Have `link` as this entry in the folder of ports meanwhile. Raises OneCardError."""
    if entry is None:
        yield
        return
    entry.parent.mkdir(parents=True, exist_ok=True)
    if entry.is_symlink() and not entry.exists():
        entry.unlink()  # of a virtual terminal that was killed
    try:
        entry.symlink_to(link)
    except OSError as error:
        raise OneCardError(f"cannot plug it in as {entry}: {error}", "another name?") from error
    try:
        yield
    finally:
        if entry.is_symlink():
            entry.unlink()


def _is_in_service(event: Event) -> bool:
    """True for a screen of a terminal that has been provisioned (it may show a fault)."""
    text = "".join(event["text"]) if event["event"] == "screen" else ""
    return bool(text) and "未初始化" not in text


Board = Annotated[str, typer.Option("--board", help=f"Virtual board: {', '.join(BOARDS)}.")]
Reader = Annotated[
    str | None,
    typer.Option("--reader", help="Serial port of a PN532 to use instead of the simulated one."),
]
Chip = Annotated[
    str, typer.Option("--chip", help=f"Simulated reader and its bus: {', '.join(READERS)}.")
]
KeysFile = Annotated[
    Path | None, typer.Option("--keys", help="TOML file with the purse keys of foreign cards.")
]
Plug = Annotated[
    str | None,
    typer.Option(
        "--plug", help="Name under which `onecard devices` and the like find it, as if plugged in."
    ),
]
Blank = Annotated[bool, typer.Option("--blank", help="Do not provision it.")]
Bootsel = Annotated[
    bool,
    typer.Option("--bootsel", help="A Pico without firmware, BOOTSEL held: shows its drive."),
]
State = Annotated[
    Path | None,
    typer.Option("--state", help="Folder of flash, keys and cards; kept between runs."),
]
JsonLines = Annotated[
    bool, typer.Option("--json", help="JSON lines even if there is a shell to draw in.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="sim", epilog=_HELP_COMMANDS)
    def sim_command(
        board: Board = "unix",
        reader: Reader = None,
        chip: Chip = READERS[0],
        keys: KeysFile = None,
        config: ConfigFile = None,
        price: Price = None,
        merchant: Merchant = None,
        terminal: TerminalId = "112233445566",
        hotlisted: Hotlisted = None,
        update_roots: UpdateRoots = None,
        state: State = None,
        plug: Plug = None,
        is_blank: Blank = False,
        is_bootsel: Bootsel = False,
        as_json: JsonLines = False,
    ) -> None:
        r"""Run the real firmware on a virtual terminal: tap cards, watch its screen, pull from it.

        In a shell the 128 x 64 screen is drawn; otherwise, or with --json,
        every event is one JSON line: ready (with the link's path for
        `onecard pull --device`), screen, sound, record, card, power, error.
        The terminal goes on until `quit`, SIGTERM or Ctrl-C.

        --keys FILE.toml provisions it with given purse keys, so that
        foreign cards and test decks can be tapped:

        \[purse]
        dpk = "11223344556677888877665544332211"
        dtk = "00112233445566778899AABBCCDDEEFF"
        key_index = 1
        diversified = true

        dpk and dtk are masters, diversified by the right-most 8 bytes of the
        application serial; with diversified = false they are the cards' own.
        """
        fixed = _PRICE if config is None and price is None else price
        settings = parse_settings(config, merchant, fixed, update_roots)
        serials = parse_serials(hotlisted or [])
        folder = state or data_folder() / "sim" / board
        keystore = open_keystore(folder, read_purse_keys(keys) if keys else None)
        printer = Printer(as_json or not sys.stdout.isatty())
        entry = ports_folder() / plug if plug else None
        world = open_world(board, folder, reader, chip, entry, is_bootsel)
        printer.session = session = open_session(world, printer)
        start = _switch_on if is_bootsel else _start_blank if is_blank else set_up
        try:
            start(session, keystore, terminal, settings, serials)
            link = world.link_path
            with plugged(None if is_bootsel else entry, link):
                how = _how_to_pull(folder, link)
                session.emit("ready", board=board, terminal=terminal, link=link, pull=how)
                _serve(session, Desk(session, open_deck(folder, keystore.purse)))
        finally:
            session.close()


def _serve(session: Session, desk: Desk) -> None:
    """Carry out lines from standard input; at its end go on until the process is ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for line in sys.stdin:
        try:
            if not desk.run(line):
                return
        except OneCardError as error:
            session.emit("error", text=error.text)
    threading.Event().wait()
