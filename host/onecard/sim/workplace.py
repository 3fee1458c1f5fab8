"""What a virtual terminal needs around it: a state folder, its keystore, its deck of cards."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from ..build import glyphs, image_of
from ..build.sources import project_root
from ..errors import OneCardError
from ..keystore import Keystore, PurseKeys
from .deck import Deck
from .session import Event, Session
from .terminal_parts import DISPLAYS, READERS
from .worlds.base import World
from .worlds.unix import UnixWorld

BOARDS = ("unix", "rp2_pico")


def open_world(
    board: str,
    folder: Path,
    reader: str | None = None,
    chip: str = READERS[0],
    display: str = DISPLAYS[0],
    plug: Path | None = None,
    is_bootsel: bool = False,
) -> World:
    """The world of `board` with its flash in `folder`. Raises OneCardError if it is not built.

    reader: the port of a real PN532; else chip is the simulated one, of READERS. display: of
    DISPLAYS. plug: where a virtual Pico shows its drive. is_bootsel: at once, being without
    firmware.
    """
    if board not in BOARDS:
        raise OneCardError(f"no virtual board {board!r}", f"boards: {', '.join(BOARDS)}")
    image = image_of(board)
    if not image.exists():
        raise OneCardError(f"the {board} firmware is not built", f"run: onecard build {board}")
    if chip not in READERS:
        raise OneCardError(f"no simulated reader {chip!r}", f"readers: {', '.join(READERS)}")
    if display not in DISPLAYS:
        raise OneCardError(f"no display {display!r}", f"displays: {', '.join(DISPLAYS)}")
    if reader is not None and not Path(reader).exists():
        raise OneCardError(
            f"no serial port {reader}", "plug the PN532's adapter in, then: ls /dev/tty*"
        )
    if is_bootsel and (board == "unix" or plug is None):
        raise OneCardError("a drive is what a virtual Pico shows", "--board rp2_pico --plug NAME")
    if board == "unix":
        return UnixWorld(image, folder, reader, chip=chip, display=display)
    if display != DISPLAYS[0]:
        raise OneCardError(f"--display {display} works with the unix board", "leave --board away")
    if reader is not None:
        raise OneCardError("--reader works with the unix board", "leave --board away")
    try:
        from .worlds.pico_terminal import PicoTerminal
    except ImportError as error:
        raise OneCardError(
            f"the virtual Pico needs rp2040py: {error}", "run: make setup"
        ) from error
    return PicoTerminal(image, folder, reader=chip, plug=plug, is_bootsel=is_bootsel)


def open_session(world: World, on_event: Callable[[Event], None]) -> Session:
    """A session on `world` that can read its screen."""
    folder = project_root() / "build" / "gen" / "terminal" / "ui"
    return Session(world, glyphs.load_module(folder), on_event, glyphs.load_digits(folder))


def open_keystore(folder: Path, purse: PurseKeys | None) -> Keystore:
    """The virtual terminal's own keystore, made the first time.

    Its passphrase lies beside it, readable by its owner alone: these keys are worth nothing.
    """
    path, passphrase_path = folder / "keystore", folder / "passphrase"
    if path.exists():
        keystore = Keystore.load(path, passphrase_path.read_text())
        if purse is not None and purse != keystore.purse:
            keystore.purse = purse
            keystore.save(path, passphrase_path.read_text())
        return keystore
    folder.mkdir(parents=True, exist_ok=True)
    passphrase = secrets.token_urlsafe(18)
    with os.fdopen(os.open(passphrase_path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
        out.write(passphrase)
    keystore = Keystore.make(purse)
    keystore.save(path, passphrase)
    return keystore


def open_deck(folder: Path, purse: PurseKeys) -> Deck:
    """The virtual cards, personalised with the keys of `purse`."""
    return Deck(
        folder / "cards.json",
        lambda serial: (purse.card_dpk(serial), purse.card_dtk(serial)),
        purse.key_index,
    )
