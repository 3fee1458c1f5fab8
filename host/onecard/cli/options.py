"""Options that several commands share, and how results are printed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .. import passphrase as passphrases
from ..collect.address import PASSWORD, AddressError, Broker, parse_broker
from ..devices import Search
from ..keystore import PASSPHRASE_VARIABLE, Keystore

console = Console(highlight=False)
notes = Console(stderr=True, highlight=False)


def data_folder() -> Path:
    """Where stores and keystores live: XDG_DATA_HOME/onecard, else ~/.local/share/onecard."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "onecard"


def ports_folder() -> Path:
    """Where virtual terminals plug themselves in, and people put further ports."""
    given = os.environ.get("ONECARD_PORTS")
    return Path(given) if given else data_folder() / "ports"


Device = Annotated[
    str,
    typer.Option(
        "--device",
        "-d",
        help="Serial port, pseudo-terminal or socket://HOST:PORT of the terminal.",
    ),
]
Devices = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        "-d",
        help="A port by name, or socket://HOST:PORT (repeatable); then only those are looked at.",
    ),
]
Ports = Annotated[
    Path | None,
    typer.Option(
        "--ports",
        envvar="ONECARD_PORTS",
        help="Folder of further ports: links to ttys, text files with one port or "
        "socket://HOST:PORT a line.",
        show_default="~/.local/share/onecard/ports",
    ),
]
Drives = Annotated[
    list[Path] | None,
    typer.Option(
        "--drives",
        help="Folder in which RP2040 drives are mounted (repeatable), beside this computer's own.",
    ),
]
StorePath = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="ONECARD_STORE",
        help="The store: a DuckDB file, or postgresql://USER@HOST/DATABASE (password: PGPASSWORD "
        "or ~/.pgpass).",
        show_default="~/.local/share/…",
    ),
]
KeystorePath = Annotated[
    Path,
    typer.Option(
        "--keystore",
        help=f"The keystore. Its passphrase comes from {PASSPHRASE_VARIABLE} or is asked for.",
        show_default="~/.local/share/…",
    ),
]
EngineUrl = Annotated[
    str,
    typer.Option(
        "--engine",
        help="What works on the tables, if not the store's own database: duckdb, "
        "postgresql://USER@HOST/DATABASE, spark://HOST:PORT or local[N].",
        show_default="the store",
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
BrokerUrl = Annotated[
    str | None,
    typer.Option(
        "--mqtt",
        help="mqtts://[USER@]HOST[:8883] of a broker, with TLS, or HOST[:1883] without. "
        f"The user's password: {PASSWORD}.",
    ),
]
Ca = Annotated[
    Path | None,
    typer.Option(
        "--ca",
        help="PEM file of the authorities that may have signed the broker's certificate.",
        show_default="the system's",
    ),
]
Cert = Annotated[
    Path | None, typer.Option("--cert", help="PEM file of our certificate for the broker.")
]
Key = Annotated[
    Path | None,
    typer.Option("--key", help="PEM file of its key.", show_default="it is in that of --cert"),
]
UpdateRoots = Annotated[
    list[str] | None,
    typer.Option(
        "--update-root",
        help="Public key whose holder may sign updates (repeatable); onecard bundle key shows it.",
    ),
]

DEFAULT_STORE = str(data_folder() / "store.duckdb")
DEFAULT_KEYSTORE = data_folder() / "keystore"


def passphrase(path: Path, confirm: bool = False) -> str:
    """The passphrase of the keystore at `path`: from the environment or the system's keyring,
    else asked for; never from argv."""
    found = passphrases.known(path)
    if found:
        return found
    return str(
        typer.prompt("Keystore passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    )


def open_keystore(path: Path) -> Keystore:
    """The keystore at `path`. Raises KeystoreError."""
    if not path.exists():
        return Keystore.load(path, "")  # says that there is none before asking for a passphrase
    return Keystore.load(path, passphrase(path))


def keystore_unasked(path: Path) -> Keystore | None:
    """The same if its passphrase is at hand; None if it is not there or somebody has to be asked.

    Raises KeystoreError for a wrong passphrase.
    """
    known = passphrases.known(path) if path.exists() else None
    return Keystore.load(path, known) if known else None


def keystore_or_none(path: Path) -> Keystore | None:
    """The keystore at `path`, its passphrase asked for if need be; None if there is none."""
    return open_keystore(path) if path.exists() else None


def broker_of(
    url: str | None, ca: Path | None, cert: Path | None, key: Path | None
) -> Broker | None:
    """The broker that the options name. Raises BrokerError, BadParameter for bad usage."""
    if url is None:
        if ca or cert or key:
            raise typer.BadParameter("--ca, --cert and --key are for --mqtt mqtts://…")
        return None
    try:
        return parse_broker(url, ca, cert, key)
    except AddressError as error:
        raise typer.BadParameter(f"{error.text}: {error.hint}") from error


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, ensure_ascii=False))


def search(devices: list[str] | None, ports: Path | None, drives: list[Path] | None) -> Search:
    """What to look at, from the options."""
    if devices:
        return Search(tuple(devices), drives=tuple(drives or ()), is_usb=False)
    folder = ports or ports_folder()
    return Search((), folder, (*(drives or ()), folder), is_usb=ports is None)
