"""onecard keystore: the keys everything else derives from, and who holds which of them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from .. import key_backup
from .. import passphrase as passphrases
from ..errors import OneCardError
from ..fleet import read_inventory
from ..keystore import ROLES, Keystore, KeystoreError, parse_terminal_id, read_purse_keys
from .options import (
    DEFAULT_KEYSTORE,
    AsJson,
    KeystorePath,
    console,
    notes,
    open_keystore,
    passphrase,
    print_json,
)

_NEW_VARIABLE = "ONECARD_NEW_PASSPHRASE"
_DAY_S = 86400
_SHARE_NAME = "share-{}.txt"
Shares = Annotated[
    Path | None,
    typer.Option(
        "--shares", help="Folder of share-N.txt files. Without it shares are shown or asked for."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="The keystore: make it, hand out what others need, back it up (docs/keys.md).",
        no_args_is_help=True,
    )
    app.add_typer(group, name="keystore")
    group.command(name="init")(init)
    group.command(name="show")(show)
    group.command(name="passphrase")(change_passphrase)
    group.command(name="remember")(remember)
    group.command(name="forget")(forget)
    group.command(name="hand-out")(hand_out)
    group.command(name="backup")(back_up)
    group.command(name="restore")(restore)


def init(
    path: KeystorePath = DEFAULT_KEYSTORE,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", help="TOML file with the purse keys (see: onecard sim --help)."),
    ] = None,
) -> None:
    """Make a keystore with fresh random masters, encrypted under a passphrase.

    Refuses to overwrite one: terminals provisioned from it could not be pulled any more.
    """
    _check_free(path)
    purse = read_purse_keys(keys) if keys else None
    Keystore.make(purse).save(path, passphrase(path, confirm=True))
    console.print(f"keystore made: {path}")


def show(path: KeystorePath = DEFAULT_KEYSTORE, as_json: AsJson = False) -> None:
    """Say whose it is, how old its keys are and for which terminals it has some; never a key."""
    keystore = open_keystore(path)
    age = (int(time.time()) - keystore.made_s) // _DAY_S if keystore.made_s else None
    values = {
        "keystore": str(path),
        "role": keystore.role,
        "age_days": age,
        "check_value": keystore.check_value() if keystore.master else None,
        "terminals": sorted(keystore.terminals) if not keystore.master else "all",
        "purchase_keys": bool(keystore.purse.dpk),
        "tac_keys": bool(keystore.purse.dtk),
    }
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        text = "not known" if value is None else value
        text = ", ".join(text) if isinstance(text, list) else text
        console.print(f"{name.replace('_', ' ')}: {text}", markup=False, soft_wrap=True)


def change_passphrase(path: KeystorePath = DEFAULT_KEYSTORE) -> None:
    """Encrypt the keystore under another passphrase; the old file is replaced in one step."""
    keystore = open_keystore(path)
    keystore.save(path, _new_passphrase())
    console.print("passphrase changed; backups and copies still have the old one")


def remember(path: KeystorePath = DEFAULT_KEYSTORE) -> None:
    """Put the passphrase into the system's keyring (needs the package keyring)."""
    words = passphrase(path)
    Keystore.load(path, words)
    passphrases.remember(path, words)
    console.print("the system's keyring has the passphrase")


def forget(path: KeystorePath = DEFAULT_KEYSTORE) -> None:
    """Take the passphrase out of the system's keyring."""
    passphrases.forget(path)
    console.print("the system's keyring has it no more")


def hand_out(
    role: Annotated[str, typer.Argument(help=f"One of {', '.join(ROLES)}.")],
    to: Annotated[Path, typer.Option("--to", help="The keystore to make.")],
    terminals: Annotated[
        list[str] | None, typer.Option("--terminal", help="For this terminal (repeatable).")
    ] = None,
    inventory: Annotated[
        Path | None, typer.Option("--inventory", help="For the terminals of this inventory.")
    ] = None,
    path: KeystorePath = DEFAULT_KEYSTORE,
) -> None:
    """Make a keystore with what a role needs, under a passphrase of its own.

    technician: talks to, provisions and updates the terminals named. collector: pulls from them.
    settlement: proves stored records, and cannot talk to a terminal. None of them gets a master.

    Example: onecard keystore hand-out collector --inventory school.csv --to collector.keystore
    """
    if role not in ROLES:
        raise typer.BadParameter(f"{role}: one of {', '.join(ROLES)}")
    numbers = list(terminals or [])
    for number in numbers:
        parse_terminal_id(number)
    if inventory is not None:
        numbers += [row.terminal for row in read_inventory(inventory)]
    if not numbers:
        raise typer.BadParameter("for which terminals? --terminal or --inventory")
    _check_free(to)
    made = open_keystore(path).hand_out(role, numbers)
    made.save(to, _new_passphrase())
    console.print(f"{role}'s keystore for {len(made.terminals)} terminals: {to}", soft_wrap=True)


def back_up(
    to: Annotated[Path, typer.Option("--to", help="The backup file to make.")],
    needed: Annotated[int, typer.Option("--needed", help="Shares that are enough.")] = 3,
    of: Annotated[int, typer.Option("--of", help="Shares to make.")] = 5,
    shares: Shares = None,
    path: KeystorePath = DEFAULT_KEYSTORE,
) -> None:
    """Back the keystore up: a file, and its key as shares for several people (SLIP-39).

    Without --shares each share is shown alone, until Enter is pressed: copy it by hand, on paper.
    """
    made = key_backup.backup(open_keystore(path), to, needed, of)
    if shares is not None:
        shares.mkdir(parents=True, exist_ok=True)
        for number, words in enumerate(made, 1):
            _write_secret(shares / _SHARE_NAME.format(number), words + "\n")
    else:
        for number, words in enumerate(made, 1):
            typer.prompt(f"share {number} of {of}: press Enter to see it", default="", err=True,
                         show_default=False)  # fmt: skip
            typer.echo(words, err=True)
            typer.prompt("copied? Enter clears the screen", default="", err=True,
                         show_default=False)  # fmt: skip
            notes.clear()
    console.print(f"{to}: opens with {needed} of {of} shares", soft_wrap=True)


def restore(
    backup: Annotated[Path, typer.Option("--from", help="The backup file.")],
    shares: Shares = None,
    path: KeystorePath = DEFAULT_KEYSTORE,
) -> None:
    """Make the keystore again from a backup and enough of its shares, under a new passphrase."""
    _check_free(path)
    words: list[str] = []
    if shares is not None:
        try:
            words = [file.read_text() for file in sorted(shares.glob(_SHARE_NAME.format("*")))]
        except (OSError, UnicodeDecodeError) as error:
            raise OneCardError(f"shares in {shares} cannot be read: {error}") from error
    while shares is None:
        text = typer.prompt(f"share {len(words) + 1} (empty: no more)", default="", err=True,
                            hide_input=True, show_default=False)  # fmt: skip
        if not text.strip():
            break
        words.append(text)
    keystore = key_backup.restore(backup, words)
    keystore.save(path, _new_passphrase())
    console.print(f"keystore restored: {path}", soft_wrap=True)


def _check_free(path: Path) -> None:
    if path.exists():
        raise KeystoreError(f"{path} exists", "move it away first, and keep it")


def _new_passphrase() -> str:
    """Of a keystore that is written: from the environment, else asked for twice."""
    found = os.environ.get(_NEW_VARIABLE)
    if found:
        return found
    return str(typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))


def _write_secret(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
