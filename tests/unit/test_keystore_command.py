"""onecard keystore, devices --watch: the commands in this process, as a person would use them."""

import json
from pathlib import Path

import pytest
from inproc import TERMINAL
from onecard import cli
from onecard.cli import devices
from onecard.devices import TERMINAL as KIND
from onecard.devices import Found
from onecard.errors import OneCardError
from onecard.keystore import Keystore
from typer.testing import CliRunner

OFFICE, NEW = "open sesame", "of the role"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    monkeypatch.setattr("onecard.sealed_file._SCRYPT_N", 2**14)
    monkeypatch.setenv("ONECARD_PASSPHRASE", OFFICE)
    monkeypatch.setenv("ONECARD_NEW_PASSPHRASE", NEW)
    monkeypatch.chdir(tmp_path)


def run(*words, typed="", code=0, raises=None):
    done = CliRunner().invoke(cli.app, [str(word) for word in words], input=typed)
    if raises is not None:
        assert isinstance(done.exception, OneCardError), done.output
        assert raises in str(done.exception)
        return ""
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout


def office():
    run("keystore", "init", "--keystore", "k")
    return Keystore.load(Path("k"), OFFICE)


def secrets(kept):
    keys = [kept.master, kept.purse.dpk, kept.purse.dtk, kept.link_key(TERMINAL)]
    return [key.hex() for key in keys]


def test_a_role_gets_its_keystore_under_its_own_passphrase_and_nothing_is_printed(tmp_path):
    kept = office()
    (tmp_path / "fleet.csv").write_text(f"terminal\n{TERMINAL}\n440300000001\n")
    words = ("keystore", "hand-out", "collector", "--keystore", "k")
    said = run(*words, "--inventory", "fleet.csv", "--to", "c")
    said += run("keystore", "show", "--keystore", "k")
    held = Keystore.load(tmp_path / "c", NEW)
    assert sorted(held.terminals) == [TERMINAL, "440300000001"] and not held.master
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONECARD_PASSPHRASE", NEW)
        shown = json.loads(run("keystore", "show", "--keystore", "c", "--json"))
    assert (shown["role"], shown["purchase_keys"], shown["age_days"]) == ("collector", False, 0)
    assert not any(secret in said for secret in secrets(kept))
    run(*words, "--terminal", TERMINAL, "--to", "c", raises="exists")
    run(*words, "--to", "d", code=2)
    run("keystore", "hand-out", "boss", "--terminal", TERMINAL, "--to", "d", code=2)
    run(*words, "--terminal", "12", "--to", "d", raises="not 12 digits")


def test_the_passphrase_is_changed_in_one_step(tmp_path):
    kept = office()
    run("keystore", "passphrase", "--keystore", "k")
    run("keystore", "show", "--keystore", "k", raises="wrong passphrase")
    assert Keystore.load(tmp_path / "k", NEW).master == kept.master


def test_a_backup_is_made_and_restored_by_folder_and_by_hand(tmp_path):
    kept = office()
    words = ("keystore", "backup", "--keystore", "k", "--needed", "2", "--of", "3")
    said = run(*words, "--to", "b", "--shares", "s")
    assert sorted(file.name for file in (tmp_path / "s").iterdir()) == [
        "share-1.txt", "share-2.txt", "share-3.txt",
    ]  # fmt: skip
    (tmp_path / "s" / "share-2.txt").unlink()
    run("keystore", "restore", "--from", "b", "--shares", "s", "--keystore", "r")
    assert secrets(Keystore.load(tmp_path / "r", NEW)) == secrets(kept)
    typed = [(tmp_path / "s" / f"share-{n}.txt").read_text().strip() for n in (3, 1)]
    said += run("keystore", "restore", "--from", "b", "--keystore", "h",
                typed="\n".join([*typed, "", ""]))  # fmt: skip
    assert secrets(Keystore.load(tmp_path / "h", NEW)) == secrets(kept)
    assert typed[0] not in said and not any(secret in said for secret in secrets(kept))
    run("keystore", "restore", "--from", "b", "--keystore", "x", typed=typed[0] + "\n\n",
        raises="do not fit together")  # fmt: skip
    run(*words, "--to", "b2", typed="\n" * 8)
    run("keystore", "restore", "--from", "b", "--keystore", "k", raises="exists")


class Enough(Exception):
    """The watch has told what it was to tell."""


def test_a_watch_tells_what_came_changed_and_went(capsys, monkeypatch):
    blank = Found("/dev/a", KIND, "a", state="not provisioned")
    known = Found("/dev/a", KIND, "a", terminal=TERMINAL, state="in service")
    looks = iter([[], [blank], [blank], [known], []])

    def look():
        try:
            return next(looks)
        except StopIteration:
            raise Enough from None

    monkeypatch.setattr(devices.time, "sleep", lambda s: None)
    with pytest.raises(Enough):
        devices._tell_changes(look, 1.0)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["event"], one["state"]) for one in told] == [
        ("new", "not provisioned"),
        ("changed", "in service"),
        ("gone", "in service"),
    ]
