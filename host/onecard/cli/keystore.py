"""onecard keystore: make the keys everything else derives from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..keystore import Keystore, KeystoreError, read_purse_keys
from .options import DEFAULT_KEYSTORE, KeystorePath, console, passphrase


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(help="Make the keystore: the masters of all keys.", no_args_is_help=True)
    app.add_typer(group, name="keystore")

    @group.callback()
    def keep_group() -> None:
        """Make the keystore: the masters of all keys."""

    @group.command()
    def init(
        path: KeystorePath = DEFAULT_KEYSTORE,
        keys: Annotated[
            Path | None,
            typer.Option(
                "--keys", help="TOML file with the purse keys (see: onecard sim --help)."
            ),
        ] = None,
    ) -> None:
        """Make a keystore with fresh random masters, encrypted under a passphrase.

        Refuses to overwrite one: terminals provisioned from it could not be pulled any more.
        """
        if path.exists():
            raise KeystoreError(f"{path} exists", "move it away first, and keep it")
        purse = read_purse_keys(keys) if keys else None
        Keystore.make(purse).save(path, passphrase(path, confirm=True))
        console.print(f"keystore made: {path}")
