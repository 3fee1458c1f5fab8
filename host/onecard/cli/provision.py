"""onecard provision: make a terminal this merchant's terminal."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path

import typer

from ..bundle import root_point
from ..keystore import parse_terminal_id
from ..link import LinkClient, open_port
from ..provision import provision
from ..settings import Settings, load
from .options import (
    DEFAULT_KEYSTORE,
    AsJson,
    ConfigFile,
    Device,
    Hotlisted,
    KeystorePath,
    Merchant,
    Price,
    TerminalId,
    Timeout,
    UpdateRoots,
    console,
    open_keystore,
    print_json,
)


def parse_yuan(text: str) -> int:
    """Fen of an amount such as 12 or 12.50. Raises typer.BadParameter."""
    try:
        fen = Decimal(text) * 100
    except InvalidOperation:
        fen = Decimal(-1)
    if fen != fen.to_integral_value() or not 0 <= fen <= 10_000_000:
        raise typer.BadParameter(f"{text!r} is no amount in yuan from 0.00 to 100000.00")
    return int(fen)


def parse_settings(
    config: Path | None, merchant: str | None, price: str | None, roots: list[str] | None
) -> Settings:
    """Settings of a file, and over them those of the options that are given.

    Raises typer.BadParameter, OneCardError.
    """
    return (load(config) if config is not None else Settings()).but(
        merchant=merchant,
        price=None if price is None else parse_yuan(price),
        update_roots=None if not roots else parse_roots(roots),
    )


def parse_serials(texts: list[str]) -> list[bytes]:
    """10-byte application serials of 20 digits each. Raises typer.BadParameter."""
    for text in texts:
        if len(text) != 20 or not (text.isascii() and text.isdecimal()):
            raise typer.BadParameter(f"{text!r}: an application serial has 20 digits")
    return sorted(bytes.fromhex(text) for text in texts)


def parse_roots(texts: list[str]) -> str:
    """Update roots as a configuration has them. Raises BundleError."""
    for text in texts:
        root_point(text)
    return " ".join(texts)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="provision")
    def provision_command(
        device: Device,
        terminal: TerminalId,
        config: ConfigFile = None,
        merchant: Merchant = None,
        price: Price = None,
        hotlisted: Hotlisted = None,
        update_roots: UpdateRoots = None,
        path: KeystorePath = DEFAULT_KEYSTORE,
        timeout: Timeout = 5.0,
        as_json: AsJson = False,
    ) -> None:
        """Give a terminal its number, keys, settings, clock and hotlist.

        Keys travel in clear to a terminal that has none yet: do the first provisioning over a
        cable in a room you trust. Later ones are encrypted under the terminal's own key, and are
        refused while it holds unread records under another number.

        Example: onecard provision -d /dev/ttyACM0 --terminal 112233445566 --merchant 第一小学食堂
        --price 12.00
        """
        parse_terminal_id(terminal)
        settings = parse_settings(config, merchant, price, update_roots)
        serials = parse_serials(hotlisted or [])
        keystore = open_keystore(path)
        with LinkClient(open_port(device), timeout) as client:
            state = provision(client, keystore, terminal, settings, serials)
            status = client.status()
        if as_json:
            print_json({"terminal": terminal, "was": state, "state": status.state})
        else:
            console.print(f"terminal {terminal}: {state}, {status.state}, {status.unread} unread")
