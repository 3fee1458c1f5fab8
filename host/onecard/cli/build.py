"""onecard build: make what runs on a terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from ..build import BOARDS, build
from ..build.natmod import ARCHES
from ..build.natmod import build_all as build_natmods
from .options import console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="build")
    def build_command(
        target: Annotated[
            str, typer.Argument(help=f"A board ({', '.join(BOARDS)}) or natmod.")
        ] = "unix",
        arch: Annotated[
            list[str] | None,
            typer.Option("--arch", help=f"natmod: {', '.join(ARCHES)}; all of them if not given."),
        ] = None,
        force: Annotated[bool, typer.Option("--force", help="Build even if up to date.")] = False,
    ) -> None:
        """Build a board's firmware with the C core in it, or the C core as a native module.

        Needs a checkout and what `make setup` installs. Skips what is up to date.

        Examples: onecard build rp2_pico · onecard build natmod --arch armv6m
        """
        if target == "natmod":
            for name in arch or ():
                if name not in ARCHES:
                    raise typer.BadParameter(
                        f"{name}: one of {', '.join(ARCHES)}", param_hint="--arch"
                    )
            build_natmods(arch or ARCHES, console.print, force)
        elif target in BOARDS:
            build(target, console.print, force)
        else:
            raise typer.BadParameter(f"{target}: one of {', '.join(BOARDS)}, natmod")
