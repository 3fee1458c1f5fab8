"""Options that several commands share, and how results are printed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ..keystore import PASSPHRASE_VARIABLE, Keystore

console = Console(highlight=False)
notes = Console(stderr=True, highlight=False)


def data_folder() -> Path:
    """Where stores and keystores live: XDG_DATA_HOME/onecard, else ~/.local/share/onecard."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "onecard"


Device = Annotated[
    str,
    typer.Option(
        "--device",
        "-d",
        help="Serial port, pseudo-terminal or socket://HOST:PORT of the terminal.",
    ),
]
StorePath = Annotated[
    Path,
    typer.Option("--store", help="The store (a DuckDB file).", show_default="~/.local/share/…"),
]
KeystorePath = Annotated[
    Path,
    typer.Option(
        "--keystore",
        help=f"The keystore. Its passphrase comes from {PASSPHRASE_VARIABLE} or is asked for.",
        show_default="~/.local/share/…",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Timeout = Annotated[
    float,
    typer.Option("--timeout", min=0.1, help="Seconds of silence before a request is repeated."),
]
TerminalId = Annotated[str, typer.Option("--terminal", help="Terminal number, 12 digits.")]
OneTerminal = Annotated[
    str | None, typer.Option("--terminal", help="Only this terminal's records.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="TOML file of settings: see onecard config example."),
]
Merchant = Annotated[str | None, typer.Option("--merchant", help="Name on the screen.")]
Price = Annotated[str | None, typer.Option("--price", help="Fixed price in yuan; 0: keyed in.")]
Hotlisted = Annotated[
    list[str] | None,
    typer.Option("--hotlist", help="Application serial that must not pay (repeatable)."),
]

UpdateRoots = Annotated[
    list[str] | None,
    typer.Option(
        "--update-root",
        help="Public key whose holder may sign updates (repeatable); onecard bundle key shows it.",
    ),
]

DEFAULT_STORE = data_folder() / "store.duckdb"
DEFAULT_KEYSTORE = data_folder() / "keystore"


def passphrase(confirm: bool = False) -> str:
    """The keystore's passphrase: from the environment, else asked for; never from argv."""
    found = os.environ.get(PASSPHRASE_VARIABLE)
    if found:
        return found
    return str(
        typer.prompt("Keystore passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    )


def open_keystore(path: Path) -> Keystore:
    """The keystore at `path`. Raises KeystoreError."""
    if not path.exists():
        return Keystore.load(path, "")  # says that there is none before asking for a passphrase
    return Keystore.load(path, passphrase())


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, ensure_ascii=False))
