"""onecard devices: what is plugged in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer
from rich.live import Live
from rich.table import Table

from ..devices import BARE, BOOTSEL, BUSY, ROM, SILENT, TERMINAL, UNASKED, Found, scan
from .options import (
    DEFAULT_KEYSTORE,
    AsJson,
    Devices,
    Drives,
    KeystorePath,
    Ports,
    console,
    keystore_unasked,
    print_json,
    search,
)

_COLOURS = {
    TERMINAL: "green",
    BARE: "cyan",
    BOOTSEL: "cyan",
    ROM: "cyan",
    BUSY: "yellow",
    SILENT: "dim",
    UNASKED: "dim",
}


def table(found: list[Found]) -> Table:
    """As a table for a person."""
    out = Table()
    for name in ("device", "what", "board", "version", "terminal", "state", "unread", "note"):
        out.add_column(name, overflow="fold")
    for one in found:
        unread = "" if one.unread is None else str(one.unread)
        kind = f"[{_COLOURS[one.kind]}]{one.kind}[/]"
        row = (kind, one.board, one.version, one.terminal, one.state, unread, one.note)
        out.add_row(one.device, *row)
    return out


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="devices")
    def devices_command(
        devices: Devices = None,
        ports: Ports = None,
        drives: Drives = None,
        path: KeystorePath = DEFAULT_KEYSTORE,
        timeout: Annotated[
            float, typer.Option("--timeout", min=0.1, help="Seconds of silence a probe waits.")
        ] = 1.5,
        is_watching: Annotated[
            bool, typer.Option("--watch", help="Go on looking; tell what comes and goes.")
        ] = False,
        every: Annotated[
            float, typer.Option("--every", min=0.2, help="Seconds between two looks of --watch.")
        ] = 5.0,
        as_json: AsJson = False,
    ) -> None:
        """List what is plugged in: terminals, MicroPython boards, RP2040 drives, ESP ROM loaders.

        Nothing that runs is interrupted. Ports of adapters behind which there may be anything
        are listed and left alone unless they are named. Unread records are shown when the
        keystore's passphrase is at hand (ONECARD_PASSPHRASE or the system's keyring).

        Examples: onecard devices --json · onecard devices -d /dev/ttyUSB0 -d socket://10.0.0.7:4000
        """
        where, keystore = search(devices, ports, drives), keystore_unasked(path)
        if not is_watching:
            found = scan(where, keystore, timeout)
            if as_json:
                print_json([asdict(one) for one in found])
            elif found:
                console.print(table(found))
            else:
                console.print("nothing is plugged in")
            return
        if as_json:
            _tell_changes(lambda: scan(where, keystore, timeout), every)
        with Live(table([]), console=console, auto_refresh=False) as live:
            while True:
                live.update(table(scan(where, keystore, timeout)), refresh=True)
                time.sleep(every)


def _tell_changes(look: Callable[[], list[Found]], every_s: float) -> NoReturn:
    """A JSON line for each device that came, changed or went, for ever."""
    before: dict[str, Found] = {}
    while True:
        now = {one.device: one for one in look()}
        for device in sorted(before.keys() | now.keys()):
            if before.get(device) != now.get(device):
                event = "gone" if device not in now else "changed" if device in before else "new"
                one = now.get(device) or before[device]
                print(json.dumps({"event": event, **asdict(one)}, ensure_ascii=False), flush=True)
        before = now
        time.sleep(every_s)
