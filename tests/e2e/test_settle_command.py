"""The settlement section of the README, as it is written, on a small county."""

import json

import pytest
from onecard.cli import main


@pytest.fixture
def onecard(tmp_path, monkeypatch, capsys):
    """Runs the command in one folder, in this process; (exit code, standard output, error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONECARD_PASSPHRASE", "of the test")
    monkeypatch.setenv("COLUMNS", "120")

    def run(*words):
        monkeypatch.setattr("sys.argv", ["onecard", *words])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    run.folder = tmp_path
    return run


STORE = ("--store", "county/store.duckdb")
KEYS = (*STORE, "--keystore", "county/keystore")
DAY = ("--day", "2025-06-12")


def test_a_county_is_made_proved_settled_exported_and_reported(onecard):
    code, out, _ = onecard("county", "county", "--terminals", "9", "--records", "600")
    assert code == 0 and "9 terminals" in out
    assert onecard("county", "county")[0] == 1  # it is there already
    assert onecard("settle", *DAY, *KEYS)[0] == 1  # nobody's terminals
    assert onecard("merchants", "county/merchants.csv", *STORE)[:2] == (0, "9 terminals\n")
    assert onecard("verify", *KEYS)[0] == 0
    (onecard.folder / "rates.toml").write_text("[default]\npercent = 0.38\n")
    code, out, _ = onecard(
        "settle", *DAY, *KEYS, "--rates", "rates.toml", "--out", "day", "--close"
    )
    assert code == 0 and "balanced to the fen" in out and ", closed" in out
    names = {path.name for path in (onecard.folder / "day").iterdir()}
    assert "clearing-20250612.txt" in names and "transactions" in names
    assert (onecard.folder / "day" / "clearing-20250612.txt").read_text()[10] == "F"
    code, out, err = onecard("settle", *DAY, *KEYS, "--close")
    assert code == 1 and "closed already" in err
    code, out, _ = onecard("report", *KEYS, "--by", "scene,hour", "--json")
    assert code == 0 and {row["scene"] for row in json.loads(out)} >= {"bus", "canteen"}
    code, _, err = onecard("report", *KEYS, "--by", "colour")
    assert code == 1 and "no report by" in err
