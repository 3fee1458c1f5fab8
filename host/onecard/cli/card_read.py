"""onecard card read: everything that a real card tells, labelled and masked."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from ..card.report import Section, as_dicts, read_card
from ..card.targets import PcscTarget, SerialTarget, Target, drive
from .options import AsJson, console, print_json


def print_sections(sections: list[Section], as_json: bool) -> None:
    """A report of a card, real or virtual."""
    if as_json:
        print_json(as_dicts(sections))
        return
    for title, rows in sections:
        table = Table(title=title, title_justify="left", show_header=False)
        for label, value in rows:
            table.add_row(label, Text(value))  # no markup: a card's words
        console.print(table)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="read")
    def read_command(
        reader: Annotated[
            str | None,
            typer.Option("--reader", help="Serial port of a PN532 (HSU), e.g. /dev/ttyUSB0."),
        ] = None,
        pcsc: Annotated[
            str | None,
            typer.Option("--pcsc", help="A PC/SC reader: some part of its name."),
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Read the card on a reader: purses, logs, rides, social security, bank, NDEF.

        Nothing is written, no PIN is tried, names and numbers are masked.

        Example: onecard card read --reader /dev/ttyUSB0
        """
        target = _open(reader, pcsc)
        try:
            sections = drive(read_card(target))
        finally:
            target.close()
        print_sections(sections, as_json)


def _open(reader: str | None, pcsc: str | None) -> Target:
    if reader is not None and pcsc is None:
        return SerialTarget(reader)
    if pcsc is not None and reader is None:
        return PcscTarget(pcsc)
    raise typer.BadParameter("one of --reader PORT and --pcsc NAME is needed")
