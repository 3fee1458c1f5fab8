"""onecard config: settings of terminals as TOML files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from ocwire import pin

from .. import lent
from ..link import LinkClient, open_port
from ..pull import connect
from ..settings import Fault, check_file, guide, load, places
from ..settings.fields import COMMON, OF_SCENE, SCENES, Field, literal
from .options import (
    DEFAULT_KEYSTORE,
    AsJson,
    Device,
    KeystorePath,
    Timeout,
    console,
    open_keystore,
    print_json,
)

ConfigPath = Annotated[Path, typer.Argument(help="The TOML file.", metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Settings: check, show, begin, send them.", no_args_is_help=True)
    app.add_typer(group, name="config")
    group.command(name="check")(check_command)
    group.command(name="show")(show_command)
    group.command(name="example")(example_command)
    group.command(name="send")(send_command)
    group.command(name="pin")(pin_command)
    group.command(name="document", hidden=True)(document_command)


def check_command(
    paths: Annotated[list[Path], typer.Argument(help="TOML files.", metavar="FILE...")],
    as_json: AsJson = False,
) -> None:
    """Say all that is wrong with files of settings: line, field, what is there, what may be.

    Ends with 1 if anything is.
    """
    faults: list[Fault] = []
    for path in paths:
        settings, found = check_file(path)
        faults += found
        if settings is not None and not as_json:
            _print(f"{path}: right (scene {settings.scene})")
    if as_json:
        print_json([vars(fault) | {"file": str(fault.file)} for fault in faults])
    else:
        for fault in faults:
            _print(str(fault))
    if faults:
        raise typer.Exit(1)


def show_command(path: ConfigPath, as_json: AsJson = False) -> None:
    """Show what goes to the terminal: the scene, and what differs from the defaults.

    PINs are not shown. --json: as it travels, money in fen, times in minutes.
    """
    settings = load(path)
    if as_json:
        print_json(settings.shown)
        return
    for name, text in _rows("", COMMON, settings.shown):
        _print(f"{name} = {text}")
    scene = settings.scene
    for name, text in _rows(f"{scene}.", OF_SCENE[scene], settings.shown.get(scene, {})):
        _print(f"{name} = {text}")


def example_command(
    scene: Annotated[str, typer.Argument(help=f"One of {', '.join(SCENES)}.", metavar="SCENE")],
) -> None:
    """Print a file to begin with: every field with its range and default.

    Example: onecard config example canteen > canteen.toml
    """
    if scene not in SCENES:
        raise typer.BadParameter(f"{scene}: one of {', '.join(SCENES)}")
    typer.echo(guide.example(scene), nl=False)


def send_command(
    path: ConfigPath,
    device: Device,
    keystore_path: KeystorePath = DEFAULT_KEYSTORE,
    timeout: Timeout = 5.0,
) -> None:
    """Give a terminal in service these settings in the place of its own."""
    settings = load(path)
    keystore = open_keystore(keystore_path)
    values = lent.with_glyphs(settings.wire)
    if lent.missing(values):
        _print(f"no glyph for {lent.missing(values)}: the screen shows ? (is `make setup` done?)")
    with LinkClient(open_port(device), timeout) as client:
        terminal = connect(client, keystore)
        client.configure(values)
    _print(f"terminal {terminal}: has its settings (scene {settings.scene})")


def pin_command() -> None:
    """Ask for an operator's PIN and print the hash that a file may have in its place."""
    digits = typer.prompt("PIN", hide_input=True, confirmation_prompt=True, err=True)
    try:
        typer.echo(pin.make(digits, os.urandom(pin.SALT_SIZE)))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def document_command(
    scenes: Annotated[bool, typer.Option("--scenes", help="Of docs/scenes.md.")] = False,
) -> None:
    """Print the part of docs/configuration.md that is made from the schema."""
    typer.echo(places.document() if scenes else guide.document(), nl=False)


def _rows(
    prefix: str, table: tuple[Field, ...], values: dict[str, object]
) -> list[tuple[str, str]]:
    """(path, TOML literal) of the fields that are there."""
    out: list[tuple[str, str]] = []
    for field in table:
        value = values.get(field.name)
        if isinstance(value, list):
            for number, row in enumerate(value):
                out += _rows(f"{prefix}{field.name}[{number}].", field.rows, row)
        elif value is not None:
            out.append((prefix + field.name, literal(field, value)))
    return out


def _print(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
