"""onecard bundle: make, sign and look at updates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from ocwire import bundle as form

from .. import bundle
from ..build import image_of
from ..build.modules import LIST_NAME
from ..build.sources import project_root
from ..bundle import Bundle, SigningKey
from .options import AsJson, console, passphrase, print_json

BundlePath = Annotated[Path, typer.Argument(help="The bundle's file.", metavar="FILE")]
KeyPath = Annotated[
    Path,
    typer.Option(
        "--key", help="The signing key's file; its passphrase as that of a keystore (see: pull)."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Updates: make, sign, look at them.", no_args_is_help=True)
    app.add_typer(group, name="bundle")
    group.command(name="key")(key_command)
    group.command(name="build")(build_command)
    group.command(name="sign")(sign_command)
    group.command(name="inspect")(inspect_command)


def key_command(
    path: Annotated[Path, typer.Argument(help="Where to keep it, encrypted.", metavar="FILE")],
) -> None:
    """Make an SM2 key that signs updates, and show its public half: the update root.

    Terminals take updates signed by the roots they were provisioned with:
    onecard provision --update-root ROOT. An existing key's root is shown again.
    """
    if path.exists():
        key = SigningKey.load(path, passphrase(path))
    else:
        key = SigningKey.make()
        key.save(path, passphrase(path, confirm=True))
    console.print(key.root)


def build_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="The bundle's file.")],
    board: Annotated[
        str, typer.Option("--board", help="Only for this board; left away: for any.")
    ] = "",
    base: Annotated[
        Path | None,
        typer.Option(
            "--base",
            help=f"List of the modules of the image on the terminals: {LIST_NAME}, made with it.",
            show_default=f"build/unix/{LIST_NAME}",
        ),
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--source", help="The checkout that it is built from.")
    ] = None,
    may_downgrade: Annotated[
        bool, typer.Option("--may-downgrade", help="May replace newer firmware.")
    ] = False,
) -> None:
    """Build a bundle of the modules that differ from an image's, unsigned.

    Its version is what firmware/terminal/version.py says.

    Example: onecard bundle build --base images/0.1.0/modules.json -o 0.1.1.ocb
    """
    chosen = base or image_of("unix").parents[1] / LIST_NAME
    made, sizes = bundle.build(source or project_root(), chosen, board, may_downgrade)
    made.save(out)
    for name, size in sizes.items():
        console.print(f"  {name} {size:,}")
    console.print(
        f"{out}: version {made.version}, {len(sizes)} modules, {len(made.image):,} of "
        f"{bundle.MOST:,} bytes, unsigned"
    )


def sign_command(path: BundlePath, key: KeyPath) -> None:
    """Sign a bundle, in its file."""
    found = bundle.load(path)
    found.sign(SigningKey.load(key, passphrase(key)))
    found.save(path)
    console.print(f"{path}: version {found.version}, signed")


def inspect_command(
    path: BundlePath,
    root: Annotated[
        list[str] | None,
        typer.Option("--root", help="An update root: is the bundle signed by it? (repeatable)"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a bundle says of itself and the modules in it.

    Ends with 1 if it is damaged, or not signed by the roots that are named.
    """
    found = bundle.load(path)
    values = _described(found, root or [])
    if as_json:
        print_json(values)
    else:
        for name, value in values.items():
            text = ", ".join(value) if isinstance(value, list) else value
            console.print(f"{name}: {text}", markup=False)
    if values["signature"] == "of somebody else":
        raise typer.Exit(1)


def _described(found: Bundle, roots: list[str]) -> dict[str, str | int | list[str]]:
    header = found.header
    return {
        "version": found.version,
        "board": header.board or "any",
        "base": header.base.hex(),
        "journal formats": [str(number) for number in sorted(set(header.journal))],
        "may downgrade": "yes" if header.may_downgrade else "no",
        "bytes": form.PAGE_SIZE + header.size,
        "signature": _signature(found, roots),
        "modules": bundle.contents(found.image),
    }


def _signature(found: Bundle, roots: list[str]) -> str:
    if not found.is_signed:
        return "none"
    if not roots:
        return "there, not checked: name a --root"
    points = [bundle.root_point(root) for root in roots]
    return "right" if any(map(found.header.is_signed_by, points)) else "of somebody else"
