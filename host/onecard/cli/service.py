"""onecard service: a terminal's port to mpremote, and back."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from ..devices import BARE, TERMINAL, Found, Place, repl
from ..devices.scan import probe
from ..errors import OneCardError
from ..link import LinkClient, open_port
from ..pull import connect
from .options import (
    DEFAULT_KEYSTORE,
    Device,
    KeystorePath,
    Timeout,
    console,
    open_keystore,
)


class ServiceError(OneCardError):
    """The port is not where it was wanted."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="service")(service_command)


def service_command(
    device: Device,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="What mpremote is to do, after --.", metavar="[-- MPREMOTE...]"),
    ] = None,
    is_back: Annotated[
        bool, typer.Option("--back", help="Restart what is in service mode as a terminal.")
    ] = False,
    path: KeystorePath = DEFAULT_KEYSTORE,
    timeout: Timeout = 5.0,
) -> None:
    """Hand a terminal's port to mpremote, and have the terminal back.

    The terminal ends what it does, between two taps, and its port is a MicroPython prompt until it
    is restarted: nobody can pay meanwhile. With words after -- mpremote runs with them and the
    terminal is restarted afterwards, whatever mpremote said. Refused while an update is on trial.

    Examples: onecard service -d /dev/ttyACM0 -- fs ls : · onecard service -d /dev/ttyACM0 --back
    """
    if is_back and words:
        raise typer.BadParameter("--back takes no words for mpremote")
    found = probe(Place(device, device), None, min(timeout, 2.0))
    if is_back:
        _back(device, found)
        return
    if found.kind == TERMINAL:
        with LinkClient(open_port(device), timeout) as client:
            if found.terminal:
                connect(client, open_keystore(path))
            client.service()
    elif found.kind != BARE:
        raise ServiceError(f"{device}: {found.kind}, no terminal", found.note)
    if not words:
        console.print(
            f"{device} is a MicroPython prompt now: mpremote connect {device}\n"
            f"back to work: onecard service -d {device} --back",
            markup=False,
            soft_wrap=True,
        )
        return
    try:
        done = subprocess.run([sys.executable, "-m", "mpremote", "connect", device, *words])
    finally:
        repl.restart(device)
    console.print(f"{device}: restarted")
    if done.returncode:
        raise typer.Exit(1)


def _back(device: str, found: Found) -> None:
    if found.kind == TERMINAL:
        console.print(f"{device} is a terminal at work already")
        return
    if found.kind != BARE:
        raise ServiceError(f"{device}: {found.kind}, no prompt", found.note)
    repl.restart(device)
    console.print(f"{device}: restarted")
