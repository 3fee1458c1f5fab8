"""A terminal starts on the C core; on a twin in Python only where its board allows one."""

import occrypto
import pytest
from inproc import Board
from terminal.app import Terminal


@pytest.mark.parametrize("twin", ["viper", "reference"])
def test_a_terminal_refuses_a_twin_that_its_board_does_not_allow(tmp_path, monkeypatch, twin):
    monkeypatch.setattr(occrypto, "backend", twin)
    board = Board(tmp_path)
    board.allows_reference_crypto = False
    with pytest.raises(RuntimeError, match="build the C core into it"):
        Terminal(board)
    board.allows_reference_crypto = True
    assert Terminal(board).description.startswith("inproc")


@pytest.mark.parametrize("core", ["usermod", "natmod", "cffi"])
def test_a_terminal_starts_on_the_c_core(tmp_path, monkeypatch, core):
    monkeypatch.setattr(occrypto, "backend", core)
    board = Board(tmp_path)
    board.allows_reference_crypto = False
    assert Terminal(board).description.startswith("inproc")
