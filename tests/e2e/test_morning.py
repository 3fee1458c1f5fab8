"""A technician's morning, as README tells it: devices, flash, provision from a list, sell, pull,
pull again; on two virtual terminals of the unix port, in the long form with two virtual Picos out
of the box beside them."""

import contextlib
import json
import time

import pytest
from command import TIMEOUT_S, Sim, environment, onecard
from conftest import need_image

KEYS = """[purse]
dpk = "11223344556677888877665544332211"
dtk = "00112233445566778899AABBCCDDEEFF"
"""
SLOW_S = 600


class Terminal(Sim):
    """A virtual terminal that is plugged in under its name."""

    def __init__(self, folder, name, env, *options):
        super().__init__(
            folder / name, "--plug", name, "--keys", folder / "purse.toml", *options, env=env
        )
        self.name = name

    def sell(self, wait_s, card):
        self.wait_for("请刷卡", wait_s)
        self.say("tap " + card)
        self.wait_for("支付成功", wait_s)
        self.say("remove")

    def wait_for(self, text, wait_s):
        """A screen with this text, now or within wait_s."""
        deadline = time.monotonic() + wait_s
        while True:
            screens = [e["text"] for e in self.events if e["event"] == "screen"]
            if screens and any(text in row for row in screens[-1]):
                return
            left = deadline - time.monotonic()
            assert left > 0, (self.name, text, screens[-1:])
            with contextlib.suppress(AssertionError):
                self.wait(lambda e: e["event"] == "screen")


def record_kinds(run):
    """Of all records in the store, by terminal and number."""
    rows = [json.loads(line) for line in run("logs", "--json").splitlines()]
    return {(row["terminal"], row["seq"]): row["kind"] for row in rows}


def morning(tmp_path, terminals, flashed, wait_s, timeout):
    env = environment(tmp_path) | {"ONECARD_PORTS": str(tmp_path / "hub")}
    (tmp_path / "hub").mkdir()
    (tmp_path / "purse.toml").write_text(KEYS)

    def run(*words, code=0):
        done = onecard(*words, env=env, timeout_s=SLOW_S)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout

    run("keystore", "init", "--keys", tmp_path / "purse.toml")
    with contextlib.ExitStack() as stack:
        tills = [
            stack.enter_context(Terminal(tmp_path, name, env, *options))
            for name, options in terminals.items()
        ]
        found = json.loads(run("devices", "--json", "--timeout", timeout))
        assert len(found) == len(tills), found
        kinds = {one["key"]: one["kind"] for one in found}
        for name, options in terminals.items():
            assert kinds[name] == ("bootsel" if "--bootsel" in options else "terminal")

        report = tmp_path / "flash.json"
        if flashed:
            words = ("flash", "--all", "--report", report, "--timeout", timeout, "--wait", SLOW_S)
            run(*words)
            results = {
                row["device"].rpartition("/")[2]: row for row in json.loads(report.read_text())
            }
            assert {name: results[name]["result"] for name in flashed} == dict.fromkeys(
                flashed, "done"
            ), results

        lines = [f"44030000000{n},食堂{n},12.00" for n, _ in enumerate(tills, 1)]
        table = tmp_path / "school.csv"
        table.write_text("terminal,merchant,price\n" + "\n".join(lines) + "\n", encoding="utf-8")
        words = ("--inventory", table, "--labels", tmp_path / "labels", "--timeout", timeout)
        run("provision", *words, "--dry-run", code=1)  # without --assign nothing is certain
        done = json.loads(run("provision", *words, "--assign", "--json"))
        assert [one["result"] for one in done] == ["new"] * len(tills), done
        assert len(list((tmp_path / "labels").glob("*.svg"))) == len(tills)
        done = json.loads(run("provision", *words, "--json"))
        assert [one["result"] for one in done] == ["unchanged"] * len(tills), done

        for till, card in zip(tills, "adeg", strict=False):
            till.sell(wait_s, card)  # each its own: one card in two decks is a cloned card
        words = ("pull", "--all", "--json", "--timeout", timeout)
        done = json.loads(run(*words))
        assert [one["result"] for one in done] == ["pulled"] * len(tills), done
        assert all(one["new"] >= 5 for one in done)
        before = record_kinds(run)
        again = [json.loads(run(*words)) for _ in range(2)]
        added = {kind for at, kind in record_kinds(run).items() if at not in before}
        # an emulated clock that goes slower than ours is set each time, and says so
        assert added <= ({"acknowledged", "clock set"} if flashed else {"acknowledged"}), added
        assert flashed or [one["new"] for one in again[1]] == [0] * len(tills), again
        proved = json.loads(run("verify", "--json"))
        assert [one["debited"] for one in proved] == [1200] * len(tills)
        assert all(one["proved"] for one in proved)


def test_a_technicians_morning_on_two_terminals(unix_image, tmp_path):
    terminals = {"one": ("--blank",), "two": ("--blank",)}
    morning(tmp_path, terminals, (), TIMEOUT_S, "3")


@pytest.mark.slow
@pytest.mark.pico
@pytest.mark.timeout(3000)
def test_a_technicians_morning_on_four_terminals_two_of_them_picos(tmp_path):
    need_image("unix")
    need_image("rp2_pico")
    bootsel = ("--board", "rp2_pico", "--bootsel")
    terminals = {"one": ("--blank",), "two": ("--blank",), "three": bootsel, "four": bootsel}
    morning(tmp_path, terminals, ("three", "four"), SLOW_S, "20")
