"""The demonstration, as `make demo` runs it."""

import re

import pytest
from command import onecard


def _check(done) -> None:
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    balance = re.search(r"cards lost ([\d.]+) = journal ([\d.]+) = store ([\d.]+) ✔", done.stdout)
    assert balance and set(balance.groups()) == {"48.00"}
    assert "proved, TAC" in done.stdout
    assert "chain and 4 TACs proved" in done.stdout
    assert "▀" in done.stdout and "█" in done.stdout


def test_the_demo_on_the_unix_port_balances_to_the_fen(unix_image):
    _check(onecard("demo"))


@pytest.mark.pico
@pytest.mark.timeout(900)  # a minute and a half alone, five beside others on a slow machine
def test_the_demo_on_the_virtual_pico_balances_to_the_fen(pico_image):
    _check(onecard("demo", "--board", "rp2_pico", timeout_s=800))


def test_a_board_that_is_not_there_is_named_with_those_that_are():
    done = onecard("demo", "--board", "abacus")
    assert done.returncode == 1
    assert "abacus" in done.stderr and "rp2_pico" in done.stderr
