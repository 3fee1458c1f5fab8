"""The `onecard` command, one module a subcommand.

Exit codes: 0 done, 1 refused or failed, 2 usage.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

from ..errors import OneCardError
from . import (
    build,
    bundle,
    card,
    card_read,
    collect,
    config,
    county,
    demo,
    devices,
    export,
    flash,
    identities,
    keystore,
    logs,
    merchants,
    provision,
    pull,
    report,
    retention,
    service,
    settle,
    sim,
    simfleet,
    update,
    verify,
)

app = typer.Typer(
    name="onecard",
    help="Open merchant terminal for resident cards (居民服务一卡通): build, simulate, provision, "
    "pull and prove.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
_MODULES = (
    demo, sim, build, devices, flash, config, provision, pull, collect, logs, verify, merchants,
    settle, report, identities, export, retention, county, simfleet, keystore, bundle, update,
    service,
)  # fmt: skip
for module in _MODULES:
    module.register(app)
card_app = typer.Typer(
    help="Cards: read a real one; make, show and tap virtual ones.", no_args_is_help=True
)
card_read.register(card_app)
card.register(card_app)
app.add_typer(card_app, name="card")


def main() -> None:
    """Run the command line; every expected failure ends in one message and exit code 1."""
    try:
        app()
    except OneCardError as error:
        console = Console(stderr=True)
        console.print(f"[bold red]error:[/] {escape(error.text)}", highlight=False, soft_wrap=True)
        if error.hint:
            console.print(error.hint, highlight=False, markup=False, style="dim")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
