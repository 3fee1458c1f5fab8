"""onecard config: check, show, example, pin, send; provision and sim with a file of settings."""

import json
from pathlib import Path

import pytest
from command import Sim, environment, onecard

TERMINAL = "112233445566"
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
BAD = 'marchant = "x"\nprice = 200000\n\n[canteen]\nmode = "[red]"\n'


def test_check_tells_all_faults_and_ends_with_1(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(BAD)
    done = onecard("config", "check", path, EXAMPLES / "bus.toml")
    assert done.returncode == 1 and done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{EXAMPLES / 'bus.toml'}: right (scene bus)",
        f'{path}:1: marchant: there is no such field; did you mean "merchant"?',
        f"{path}:2: price: found 200000, permitted: 0.00 to 100000.00 yuan",
        f'{path}:5: canteen.mode: found "[red]", permitted: "fixed", "keyed", "menu", "count"',
    ]
    told = json.loads(onecard("config", "check", "--json", path).stdout)
    assert [(fault["line"], fault["path"]) for fault in told] == [
        (1, "marchant"),
        (2, "price"),
        (5, "canteen.mode"),
    ]
    assert told[0]["file"] == str(path)
    done = onecard("config", "show", path)
    assert done.returncode == 1 and f'{path}:5: canteen.mode: found "[red]"' in done.stderr


def test_an_example_is_a_file_to_begin_with(tmp_path):
    made = onecard("config", "example", "museum")
    (tmp_path / "museum.toml").write_text(made.stdout)
    done = onecard("config", "check", tmp_path / "museum.toml")
    assert made.returncode == done.returncode == 0 and "(scene museum)" in done.stdout
    assert onecard("config", "example", "casino").returncode == 2


def test_p6_show_tells_what_travels_but_no_pin():
    path = EXAMPLES / "canteen.toml"
    shown = onecard("config", "show", path)
    assert shown.returncode == 0 and 'canteen.meals[3].begin = "21:30"' in shown.stdout
    assert 'operators[0].pin = "***"' in shown.stdout and "2468" not in shown.stdout
    values = json.loads(onecard("config", "show", path, "--json").stdout)
    assert values["canteen"]["meals"][3] == {
        "name": "夜宵",
        "begin": 1290,
        "end": 30,
        "price": 800,
        "count": 1,
    }
    assert [one["pin"] for one in values["operators"]] == ["***", "***"]


def test_a_file_sets_a_terminal_up_and_is_sent_to_one_in_service(tmp_path, terminal):
    env = environment(tmp_path)
    assert onecard("keystore", "init", env=env).returncode == 0
    link = terminal.world.link_path
    mark = terminal.mark()
    words = ("--terminal", TERMINAL, "--device", link, "--config", EXAMPLES / "canteen.toml")
    done = onecard("provision", *words, "--merchant", "第二小学食堂", "--price", "3.5", env=env)
    assert done.returncode == 0, done.stderr
    terminal.wait_screen("第二小学食堂", mark)

    path = tmp_path / "keyed.toml"
    path.write_text('merchant = "第三小学食堂"\nprice = 7.25\n')
    mark = terminal.mark()
    done = onecard("config", "send", path, "--device", link, env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"terminal {TERMINAL}: has its settings (scene canteen)\n"
    terminal.wait_screen("第三小学食堂", mark)

    path.write_text(BAD)
    done = onecard("config", "send", path, "--device", link, env=env)
    assert done.returncode == 1 and "marchant" in done.stderr


def wait_shown(sim, text):
    """Wait until the screen has shown it, before the sim was ready or after."""
    seen = [row for e in sim.events if e["event"] == "screen" for row in e["text"]]
    if not any(text in row for row in seen):
        sim.screen(text)


@pytest.mark.usefixtures("unix_image")
def test_a_virtual_terminal_runs_a_file_of_settings(tmp_path):
    path = tmp_path / "shop.toml"
    path.write_text("price = 4.20\nmin_left = 90\n")
    with Sim(tmp_path, "--config", path) as sim:
        wait_shown(sim, "¥4.20")
    with Sim(tmp_path, "--config", path, "--price", "6.00") as sim:
        wait_shown(sim, "¥6.00")
