"""onecard provision: make a terminal this merchant's terminal."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from ..bundle import root_point
from ..devices import scan
from ..fleet import read_inventory
from ..fleet.labels import shown as shown_label
from ..fleet.labels import write as write_label
from ..fleet.provisioning import ABSENT, FAILED, Match, Provisioned, assign, provision_all
from ..keystore import Keystore, parse_terminal_id
from ..link import LinkClient, open_port
from ..provision import provision
from ..settings import Settings, load
from .options import (
    DEFAULT_KEYSTORE,
    AsJson,
    ConfigFile,
    Devices,
    Hotlisted,
    KeystorePath,
    Merchant,
    Ports,
    Price,
    Timeout,
    UpdateRoots,
    console,
    notes,
    open_keystore,
    print_json,
    search,
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


OfOne = Annotated[
    str | None, typer.Option("--terminal", help="Number of the one terminal, 12 digits.")
]
Inventory = Annotated[
    Path | None,
    typer.Option("--inventory", help="CSV or TOML file of a fleet: see docs/technician.md."),
]
Assign = Annotated[
    bool,
    typer.Option("--assign", help="Give blank terminals the numbers that are left, in order."),
]
Labels = Annotated[
    Path | None, typer.Option("--labels", help="Folder for a label (QR) per terminal.")
]
ShowLabels = Annotated[bool, typer.Option("--show-labels", help="Draw the labels in the shell.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check the inventory, say what becomes what.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="provision")(provision_command)


def provision_command(
    devices: Devices = None,
    terminal: OfOne = None,
    config: ConfigFile = None,
    merchant: Merchant = None,
    price: Price = None,
    hotlisted: Hotlisted = None,
    update_roots: UpdateRoots = None,
    inventory: Inventory = None,
    is_free: Assign = False,
    labels: Labels = None,
    is_showing: ShowLabels = False,
    is_dry: DryRun = False,
    ports: Ports = None,
    path: KeystorePath = DEFAULT_KEYSTORE,
    timeout: Timeout = 5.0,
    as_json: AsJson = False,
) -> None:
    """Give terminals their numbers, keys, settings, clocks and hotlists.

    One terminal by --device and --terminal, or a fleet by --inventory, which is checked whole
    first; what a terminal has already is not written again. Keys travel in clear to a terminal
    that has none yet: do the first provisioning over a cable in a room you trust. Later ones are
    encrypted under the terminal's own key, and are refused while it holds unread records under
    another number.

    Examples: onecard provision -d /dev/ttyACM0 --terminal 112233445566 --merchant 第一小学食堂
    --price 12.00 · onecard provision --inventory school.csv --assign --labels labels
    """
    show = LabelMaker(labels, is_showing)
    if inventory is not None:
        if terminal or config or merchant or price or hotlisted or update_roots:
            raise typer.BadParameter("the inventory says that", param_hint="--inventory")
        rows = read_inventory(inventory)
        keystore = open_keystore(path)
        found = scan(search(devices, ports, None), keystore, min(timeout, 2.0))
        matches = assign(rows, found, is_free)
        _fleet(matches, keystore, timeout, is_dry, as_json, show)
        return
    if terminal is None or not devices or len(devices) != 1:
        raise typer.BadParameter("give one --device and --terminal, or --inventory")
    parse_terminal_id(terminal)
    settings = parse_settings(config, merchant, price, update_roots)
    serials = parse_serials(hotlisted or [])
    keystore = open_keystore(path)
    with LinkClient(open_port(devices[0]), timeout) as client:
        state = provision(client, keystore, terminal, settings, serials)
        status = client.status()
    if as_json:
        print_json({"terminal": terminal, "was": state, "state": status.state})
    else:
        console.print(f"terminal {terminal}: {state}, {status.state}, {status.unread} unread")
    show(terminal, settings.values["merchant"])


class LabelMaker:
    """Makes the labels that were asked for. folder: None for no files."""

    def __init__(self, folder: Path | None, is_showing: bool) -> None:
        self._folder, self._is_showing = folder, is_showing

    def __call__(self, terminal: str, merchant: str) -> None:
        """Of one terminal."""
        if self._folder is not None:
            write_label(self._folder, terminal, merchant)
        if self._is_showing:
            notes.print(shown_label(terminal), markup=False)
            notes.print(f"{terminal} {merchant}", markup=False)


def _fleet(
    matches: list[Match],
    keystore: Keystore,
    timeout: float,
    is_dry: bool,
    as_json: bool,
    show: LabelMaker,
) -> None:
    """Provision what is matched, tell it; ends with 1 if any is not what it shall be."""
    if is_dry:
        done = [
            Provisioned(m.row.terminal, m.found.device, f"would be ({m.found.state} now)")
            if m.found
            else Provisioned(m.row.terminal, m.row.device, ABSENT)
            for m in matches
        ]
    else:
        done = provision_all(matches, keystore, timeout, tell=_tell_progress)
    if as_json:
        print_json([asdict(one) for one in done])
    else:
        for one in done:
            text = f": {one.text}" if one.text else ""
            line = f"terminal {one.terminal}: {one.result} {one.device}{text}"
            console.print(line, markup=False, soft_wrap=True)
    for match, one in zip(matches, done, strict=True):
        if one.result not in (FAILED, ABSENT):
            show(one.terminal, match.row.settings.values["merchant"])
    if any(one.result in (FAILED, ABSENT) for one in done):
        raise typer.Exit(1)


def _tell_progress(one: Provisioned) -> None:
    if notes.is_terminal:
        notes.print(f"{one.terminal}: {one.result}", markup=False)
