"""onecard card new, show, tap: virtual cards in files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..card.report import Section, read_card
from ..card.targets import drive
from ..card.virtual import FileTarget
from ..report import yuan
from ..sim.cards import personalise
from ..sim.cards.personalise import CardFile
from ..sim.tap import tap
from . import card_read
from .card_read import print_sections
from .options import AsJson, console, open_keystore, print_json
from .provision import parse_yuan

CardPath = Annotated[Path, typer.Argument(help="The card's TOML file.", metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add the commands, `read` of a real card among them."""
    group = typer.Typer(
        help="Cards: read a real one; make, show and tap virtual ones.", no_args_is_help=True
    )
    app.add_typer(group, name="card")
    card_read.register(group)
    group.command(name="new")(new_command)
    group.command(name="show")(show_command)
    group.command(name="tap")(tap_command)


def new_command(
    kind: Annotated[
        str, typer.Argument(help=f"One of: {', '.join(personalise.kinds())}.", metavar="KIND")
    ],
    path: CardPath,
    balance: Annotated[
        str | None, typer.Option("--balance", help="Yuan in the purse, e.g. 50.00.")
    ] = None,
    keystore: Annotated[
        Path | None,
        typer.Option(
            "--keystore",
            help="Purchase and TAC keys from this keystore, so that its terminals take the card; "
            "left away: random keys.",
        ),
    ] = None,
) -> None:
    """Make a virtual card: its persona, keys and money in one file that lives on.

    Example: onecard card new resident li.toml --balance 50.00
    """
    changes: dict[str, Any] = {}
    if balance is not None:
        changes["balance"] = parse_yuan(balance)
    keys = open_keystore(keystore).purse if keystore is not None else None
    made = personalise.new(kind, path, keys, **changes)
    console.print(f"{path}: a {kind} card" + _money(made))


def show_command(path: CardPath, as_json: AsJson = False) -> None:
    """Show what a virtual card holds, labelled. Keys are never shown, personal data is masked."""
    card_file = personalise.load(path)
    sections = _psam_sections(card_file) or drive(read_card(FileTarget(card_file)))
    print_sections(sections, as_json)


def tap_command(
    path: CardPath,
    amount: Annotated[
        str, typer.Option("--amount", help="Yuan that the terminal asks for.")
    ] = "12.00",
    as_json: AsJson = False,
) -> None:
    """Hold a virtual card to a virtual terminal; the card keeps what it did.

    The terminal runs the real firmware, and is a new one that knows the card's own purchase key.
    """
    result = tap(personalise.load(path), parse_yuan(amount))
    if as_json:
        print_json(
            {
                "screen": result.screen,
                "before": result.before,
                "after": result.after,
                "records": result.records,
            }
        )
        return
    console.print(result.picture, no_wrap=True, overflow="ignore", crop=False, markup=False)
    console.print("\n".join(row for row in result.screen if row.strip()), markup=False)
    if result.before is not None:
        console.print(f"balance {yuan(result.before)} -> {yuan(result.after)}")


def _money(card_file: CardFile) -> str:
    return f", {yuan(card_file.balance)} yuan" if card_file.balance is not None else ""


def _psam_sections(card_file: CardFile) -> list[Section]:
    sam = card_file.psam
    if sam is None:
        return []
    rows = [
        ("terminal number", sam.terminal.hex()),
        ("SAM serial", sam.sam_serial.hex()),
        ("next transaction", str(sam.next_serial)),
        ("key index", str(sam.key_index)),
        ("key versions", ", ".join(str(v) for v in [sam.key_version, *_versions(sam.more_keys)])),
        ("state", "locked" if sam.locked else "working"),
    ]
    return [("PSAM", rows)]


def _versions(keys: tuple[Any, ...]) -> list[str]:
    return [f"{k.version} (algorithm {k.algorithm:02X})" for k in keys]
