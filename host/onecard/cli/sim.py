"""onecard sim: a virtual terminal to tap cards on."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ..build.sources import project_root
from ..errors import OneCardError
from ..keystore import read_purse_keys
from ..settings import Settings
from ..sim.bench import BLANK, BOOTSEL, IN_SERVICE, Bench, example
from ..sim.deck import LOST
from ..sim.desk import HELP
from ..sim.screen import half_blocks
from ..sim.session import Event, Session
from ..sim.shell import bench as shell
from ..sim.terminal_parts import DISPLAYS, READERS
from ..sim.worker import Worker
from ..sim.workplace import BOARDS, open_deck, open_keystore, open_session, open_world
from ..sim.worlds.base import World
from .options import (
    ConfigFile,
    Hotlisted,
    Merchant,
    Price,
    TerminalId,
    UpdateRoots,
    console,
    data_folder,
    notes,
    ports_folder,
)
from .provision import parse_serials, parse_settings

_PRICE = "12.00"
_PORT = 8088


class Printer:
    """Shows events: as JSON lines, or as the screen drawn in the shell."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self.session: Session | None = None

    def __call__(self, event: Event) -> None:
        if self._as_json:
            print(json.dumps(event, ensure_ascii=False), flush=True)
        elif event["event"] == "screen" and self.session is not None:
            # called in the world's thread: the display is asked directly
            seen = self.session.world.picture()
            picture = half_blocks(seen.mono, seen.width, seen.height)
            print("\x1b[H\x1b[2J" + picture, flush=True)
        else:
            words = ", ".join(f"{k} {v}" for k, v in event.items() if k != "event")
            print(f"{event['event']}: {words}", flush=True)
            if event["event"] == "ready":
                print(HELP, flush=True)


Board = Annotated[str, typer.Option("--board", help=f"Virtual board: {', '.join(BOARDS)}.")]
Reader = Annotated[
    str | None,
    typer.Option("--reader", help="Serial port of a PN532 to use instead of the simulated one."),
]
Chip = Annotated[
    str, typer.Option("--chip", help=f"Simulated reader and its bus: {', '.join(READERS)}.")
]
Display = Annotated[
    str, typer.Option("--display", help=f"Of 128x64, or 320x240 in colour: {', '.join(DISPLAYS)}.")
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
Scene = Annotated[
    str | None,
    typer.Option(
        "--scene", help="The example of this scene (docs/examples) in place of --config."
    ),
]
Web = Annotated[bool, typer.Option("--web", help="Serve the terminal as a page, to this machine.")]
Port = Annotated[
    int,
    typer.Option("--port", min=0, max=65535, help="Of the page; 0: any that is free."),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Open no browser on the page.")]


def sim_command(
    board: Board = "unix",
    reader: Reader = None,
    chip: Chip = READERS[0],
    display: Display = DISPLAYS[0],
    keys: KeysFile = None,
    config: ConfigFile = None,
    scene: Scene = None,
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
    is_web: Web = False,
    port: Port = _PORT,
    no_browser: NoBrowser = False,
) -> None:
    r"""Run the real firmware on a virtual terminal: tap cards, watch its screen, pull from it.

    In a shell it is drawn and worked by single keys (? shows them); --web
    serves it as a page. Otherwise, or with --json, every event is one JSON
    line: ready (with the link's path for `onecard pull --device`), screen,
    sound, record, card, power, error. It goes on until `quit` or Ctrl-C.

    --keys FILE.toml: purse keys of foreign cards and test decks:

    \[purse]
    dpk = "11223344556677888877665544332211"
    dtk = "00112233445566778899AABBCCDDEEFF"
    key_index = 1
    diversified = true

    dpk and dtk are masters, diversified by the application serial's
    right-most 8 bytes; diversified = false: they are the cards' own.
    """
    settings = _settings_of(config, scene, merchant, price, update_roots)
    folder = state or data_folder() / "sim" / board
    how = BOOTSEL if is_bootsel else BLANK if is_blank else IN_SERVICE
    entry = ports_folder() / plug if plug else None
    is_drawn = is_web or (_has_shell(as_json) and not plug and how == IN_SERVICE)
    keystore = open_keystore(folder, read_purse_keys(keys) if keys else None)
    deck = open_deck(folder, keystore.purse)
    lost = [deck.cards[LOST].serial] if is_drawn and hotlisted is None else []
    serials = lost + parse_serials(hotlisted or [])
    page = _listen(port) if is_web else None
    world = open_world(board, folder, reader, chip, display, entry, is_bootsel)
    session = _told(world, as_json, is_drawn)
    bench = Bench(session, keystore, deck, folder, terminal, settings, serials)
    try:
        _start(bench, how, is_drawn)
        with plugged(None if is_bootsel else entry, session.world.link_path):
            _work(bench, folder, is_drawn, page, not no_browser)
    finally:
        bench.close()


def _has_shell(as_json: bool) -> bool:
    return not as_json and sys.stdin.isatty() and sys.stdout.isatty()


def _told(world: World, as_json: bool, is_drawn: bool) -> Session:
    """A session whose events are printed, unless the terminal is drawn."""
    printer = Printer(as_json or not sys.stdout.isatty())
    told = (lambda event: None) if is_drawn and not as_json else printer
    printer.session = session = open_session(world, told)
    return session


def _start(bench: Bench, how: str, is_drawn: bool) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if is_drawn:
        notes.print(f"starting a virtual terminal on {bench.session.world.name} …")
    bench.start(how)


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


def _listen(port: int) -> socket.socket:
    """Before anything is started: the port may be taken. Raises OneCardError."""
    try:
        from ..sim.web import server
    except ImportError as error:
        raise OneCardError(f"--web needs its libraries: {error}", "run: make setup") from error
    return server.listen(port)


def _work(
    bench: Bench, folder: Path, is_drawn: bool, page: socket.socket | None, opens_browser: bool
) -> None:
    """From power-on until it ends. page: where the page is served, None for none."""
    if page is not None:
        _serve_page(bench, page, opens_browser)
    elif is_drawn:
        _draw(bench)
    else:
        _serve_lines(bench, folder)


def _settings_of(
    config: Path | None,
    scene: str | None,
    merchant: str | None,
    price: str | None,
    roots: list[str] | None,
) -> Settings:
    """What the options say; a price alone if they name no file. Raises as parse_settings."""
    if scene is not None:
        if config is not None:
            raise typer.BadParameter("--scene and --config: one of them")
        config = example(scene, project_root())
    if config is None and price is None:
        price = _PRICE
    return parse_settings(config, merchant, price, roots)


def _serve_lines(bench: Bench, folder: Path) -> None:
    """Carry out lines from standard input; at its end go on until the process is ended."""
    session = bench.session
    link = session.world.link_path
    how = (
        f"ONECARD_PASSPHRASE=$(cat {folder / 'passphrase'}) "
        f"onecard pull --keystore {folder / 'keystore'} --device {link}"
    )
    session.emit("ready", board=session.world.name, terminal=bench.terminal, link=link, pull=how)
    for line in sys.stdin:
        try:
            if not bench.desk.run(line):
                return
        except OneCardError as error:
            session.emit("error", text=error.text)
    threading.Event().wait()


def _draw(bench: Bench) -> None:
    """The terminal in this shell, until `q`."""
    bench.host.plug()
    worker = Worker(bench.session, bench.desk)
    try:
        shell.run(bench.view(), worker, console)
    finally:
        worker.close()


def _serve_page(bench: Bench, page: socket.socket, opens_browser: bool) -> None:
    """The terminal as a page, until the process is ended."""
    from ..sim.web import server

    bench.host.plug()
    worker = Worker(bench.session, bench.desk)
    try:
        server.serve(bench.view(), worker, page, lambda url: _show(bench, url, opens_browser))
    finally:
        worker.close()


def _show(bench: Bench, url: str, opens_browser: bool) -> None:
    """Tell where the page is. A browser that does not open is no failure."""
    link = bench.session.world.link_path
    board = bench.session.world.name
    bench.session.emit("ready", board=board, terminal=bench.terminal, link=link, page=url)
    notes.print(f"{bench.settings.scene} terminal {bench.terminal}: {url} (Ctrl-C ends it)")
    if opens_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="sim", epilog=HELP)(sim_command)
