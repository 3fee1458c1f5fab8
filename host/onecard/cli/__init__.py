"""The `onecard` command, one module a subcommand.

Exit codes: 0 done, 1 refused or failed, 2 usage.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from ..errors import OneCardError

# command: the module here that has it, in the order of the help
COMMANDS = {
    "demo": "demo",
    "sim": "sim",
    "build": "build",
    "devices": "devices",
    "flash": "flash",
    "provision": "provision",
    "pull": "pull",
    "collect": "collect",
    "import": "collect",
    "logs": "logs",
    "verify": "verify",
    "merchants": "merchants",
    "settle": "settle",
    "report": "report",
    "identities": "identities",
    "export": "export",
    "erase": "retention",
    "prune": "retention",
    "county": "county",
    "simfleet": "simfleet",
    "update": "update",
    "service": "service",
    "config": "config",
    "keystore": "keystore",
    "bundle": "bundle",
    "card": "card",
}


class _Commands(Mapping[str, Any]):
    """Imports a command's module when the command is asked for: DuckDB and Arrow, which half of
    them need, take longer to import than the other half takes to run."""

    def __getitem__(self, name: str) -> Any:
        own = typer.Typer(rich_markup_mode="rich")
        import_module(f".{COMMANDS[name]}", __name__).register(own)
        return typer.main.get_group(own).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Group(TyperGroup):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands: Any = _Commands()


app = typer.Typer(
    name="onecard",
    cls=_Group,
    help="Open merchant terminal for resident cards (居民服务一卡通): build, simulate, provision, "
    "pull and prove.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@app.callback()
def _onecard() -> None:
    pass


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
