"""The command line as a whole: which commands there are, and what starting one costs."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer
from onecard import cli
from typer.testing import CliRunner

PARTS = {"__init__", "card_read", "options"}  # no commands of the first level of their own


def test_every_command_of_every_module_is_listed():
    found = {}
    for path in sorted(Path(cli.__file__).parent.glob("*.py")):
        module = import_module(f"onecard.cli.{path.stem}")
        if path.stem in PARTS or not hasattr(module, "register"):
            continue
        own = typer.Typer()
        module.register(own)
        found |= dict.fromkeys(typer.main.get_group(own).commands, path.stem)
    assert found == cli.COMMANDS


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_has_its_help(name):
    done = CliRunner().invoke(cli.app, [name, "--help"])
    assert done.exit_code == 0 and f"onecard {name}" in done.stdout


def test_a_command_that_is_not_there_is_told_with_those_that_are_like_it():
    done = CliRunner().invoke(cli.app, ["devics"])
    assert done.exit_code == 2 and "'devices'" in done.output


@pytest.mark.parametrize(
    "name", ["build", "devices", "config", "provision", "keystore", "service"]
)
def test_what_needs_no_store_starts_without_its_data_base(name):
    asked = f"""
import sys
from onecard.cli import main
sys.argv = ["onecard", {name!r}, "--help"]
try:
    main()
finally:
    print(sorted({{"duckdb", "ibis", "matplotlib", "numpy", "pyarrow"}} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
