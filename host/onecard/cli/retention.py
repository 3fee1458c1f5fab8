"""onecard erase, onecard prune: how long records are kept."""

from __future__ import annotations

import datetime
import re
from dataclasses import asdict
from typing import Annotated

import typer
from ocwire import calendar
from rich.markup import escape

from ..errors import OneCardError
from ..store import Store
from .options import (
    DEFAULT_KEYSTORE,
    DEFAULT_STORE,
    AsJson,
    KeystorePath,
    StorePath,
    console,
    notes,
    open_keystore,
    print_json,
)

_DAY = ["%Y-%m-%d"]
Before = Annotated[
    datetime.datetime | None,
    typer.Option("--before", formats=_DAY, help="Of days before this one (China Standard Time)."),
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")]
_ELSEWHERE = "collectors' batches, exports and backups still have them: they are yours to delete"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(erase)
    app.command()(prune)


def erase(
    before: Before = None,
    card: Annotated[
        str | None, typer.Option("--card", help="Of this application serial, 20 digits.")
    ] = None,
    is_dry: Dry = False,
    store: StorePath = DEFAULT_STORE,
    path: KeystorePath = DEFAULT_KEYSTORE,
    as_json: AsJson = False,
) -> None:
    """Blank what records say of persons: sealed identities, and whose card it was at a door, a
    library, a hotel. That it was, when and where stays, and the chain can still be proved.

    Transactions, and codes and medical payments with an amount, are not touched: onecard prune
    lets go of them with their day. Everything is proved first; what is not proved is left. Ends
    with 1 if something was left.

    Examples: onecard erase --before 2025-06-01 · onecard erase --card 03109990000000000017
    """
    from ..retention import erasing

    if before is None and card is None:
        raise OneCardError("erase what?", "--before DAY, --card SERIAL or both")
    if card is not None and not re.fullmatch("[0-9]{20}", card):
        raise OneCardError("--card is not 20 digits", "onecard logs --json has them")
    before_s = calendar.unix(before.year, before.month, before.day) if before else None
    keystore = open_keystore(path)
    with Store(store) as opened:
        done = erasing.erase(opened, keystore, before_s, card, is_dry)
    if as_json:
        print_json(asdict(done))
    else:
        word = "would be erased" if is_dry else "erased"
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(done.kinds.items()))
        console.print(f"{done.erased} records {word}{f': {told}' if told else ''}")
        if done.unproved:
            console.print(f"[red]{done.unproved} are not proved and were left[/]: onecard verify")
    if done.erased and not is_dry:
        notes.print(_ELSEWHERE)
    if done.unproved:
        raise typer.Exit(1)


def prune(
    before: Annotated[
        datetime.datetime,
        typer.Option("--before", formats=_DAY, help="Days before this one go."),
    ],
    is_accepting: Annotated[
        bool,
        typer.Option(
            "--accept",
            help="Findings and open transactions keep nothing: they were looked at.",
        ),
    ] = False,
    is_dry: Dry = False,
    store: StorePath = DEFAULT_STORE,
    path: KeystorePath = DEFAULT_KEYSTORE,
    as_json: AsJson = False,
) -> None:
    """Let go of all records of days before one. Make `onecard export` of them first, if a copy is
    to be kept elsewhere.

    Everything is proved first, and the chain goes on from what was let go of. A day stays, and all
    after it, if something on it is not in a closed settlement, is open or in doubt, or is a
    finding of onecard verify; then it says so and ends with 1.

    Example: onecard prune --before 2023-01-01 --dry-run
    """
    from ..retention import pruning
    from ..settle.settlement import day_number, name_day

    keystore, day = open_keystore(path), day_number(before.date())
    with Store(store) as opened:
        done = pruning.prune(opened, keystore, day, is_accepting, is_dry)
    until = name_day(done.before_day)
    if as_json:
        print_json(asdict(done) | {"before_day": until})
    else:
        word = "would go" if is_dry else "are let go of"
        console.print(
            f"{done.records} records of {done.terminals} terminals {word}: days before {until}"
        )
        for text in done.reasons:
            console.print(f"  [red]{until} stays[/]: {escape(text)}", soft_wrap=True)
    if done.records and not is_dry:
        notes.print(_ELSEWHERE)
    if done.reasons:
        raise typer.Exit(1)
