"""keystore, provision, pull, logs and verify as commands against a virtual terminal's port."""

import json
import socket
import threading

import pytest
import serial
from command import Sim, environment, onecard
from onecard.sim.session import Session

TERMINAL = "112233445566"


@pytest.fixture
def office(tmp_path):
    """An environment with a keystore in it."""
    env = environment(tmp_path)
    assert onecard("keystore", "init", env=env).returncode == 0
    return env


def _provision(session: Session, env, *options):
    words = ("--terminal", TERMINAL, "--price", "12.00", "--device", session.world.link_path)
    return onecard("provision", *words, *options, env=env)


def _json(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_provision_pull_logs_verify_from_a_blank_terminal_on(office, terminal):
    link = terminal.world.link_path
    assert _json(_provision(terminal, office, "--json"))["was"] == "new"
    assert _json(_provision(terminal, office, "--json"))["was"] == "provisioned again"
    first = _json(onecard("pull", "--device", link, "--json", env=office))
    assert first["terminal"] == TERMINAL and first["new"] >= 4 and not first["findings"]
    again = _json(onecard("pull", "--device", link, "--json", env=office))
    assert again["unread"] <= 1
    logs = onecard("logs", "--json", env=office)
    kinds = [json.loads(line)["kind"] for line in logs.stdout.splitlines()]
    assert kinds[0] == "boot" and "acknowledged" in kinds
    assert len(kinds) == first["new"] + again["new"]
    report = _json(onecard("verify", "--json", env=office))
    assert report[0]["proved"] and report[0]["records"] == len(kinds)


def test_a_pull_over_tcp_is_a_pull(office, terminal):
    assert _provision(terminal, office).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        bridge = threading.Thread(
            target=_bridge, args=(server, terminal.world.link_path), daemon=True
        )
        bridge.start()
        done = onecard("pull", "--device", f"socket://127.0.0.1:{port}", "--json", env=office)
    assert _json(done)["new"] >= 3


def _bridge(server: socket.socket, path: str) -> None:
    """Bytes between one TCP client and a tty, until the client goes."""
    client, _ = server.accept()
    with client, serial.Serial(path, timeout=0.02) as port:
        client.settimeout(0.02)
        while True:
            try:
                data = client.recv(4096)
                if not data:
                    return
                port.write(data)
            except TimeoutError:
                pass
            client.sendall(port.read(4096))


def test_an_absent_port_ends_with_1_and_says_what_to_do(office):
    done = onecard("pull", "--device", "/dev/no-such-port", env=office)
    assert done.returncode == 1
    assert "/dev/no-such-port" in done.stderr and "--device" in done.stderr


def test_an_absent_reader_port_ends_with_1(unix_image, tmp_path):
    done = onecard("sim", "--reader", "/dev/no-such-reader", "--state", tmp_path)
    assert done.returncode == 1 and "/dev/no-such-reader" in done.stderr


def test_a_silent_port_ends_with_1(office, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        device = f"socket://127.0.0.1:{server.getsockname()[1]}"
        done = onecard("pull", "--device", device, "--timeout", "0.2", env=office)
    assert done.returncode == 1 and "no answer" in done.stderr


def test_usage_errors_end_with_2(office):
    assert onecard("pull", env=office).returncode == 2
    assert (
        onecard("provision", "-d", "x", "--terminal", TERMINAL, "--price", "ten").returncode == 2
    )
    assert onecard("build", "abacus").returncode == 2
    assert onecard("nonsense").returncode == 2


def test_a_wrong_passphrase_is_told_and_ends_with_1(office, tmp_path):
    done = onecard("verify", env=environment(tmp_path, "wrong"))
    assert done.returncode == 1 and "passphrase" in done.stderr


def test_another_keystore_cannot_talk_to_a_terminal(office, terminal, tmp_path):
    assert _provision(terminal, office).returncode == 0
    other = environment(tmp_path / "other")
    assert onecard("keystore", "init", env=other).returncode == 0
    done = onecard("pull", "--device", terminal.world.link_path, env=other)
    assert done.returncode == 1 and "link key" in done.stderr
    done = _provision(terminal, other)
    assert done.returncode == 1


def test_a_terminal_that_is_blank_cannot_be_pulled(office, terminal):
    done = onecard("pull", "--device", terminal.world.link_path, env=office)
    assert done.returncode == 1 and "onecard provision" in done.stderr


def test_the_keystore_is_never_overwritten(office):
    done = onecard("keystore", "init", env=office)
    assert done.returncode == 1 and "exists" in done.stderr


def test_a_changed_store_is_not_proved(office, terminal, tmp_path):
    import duckdb

    link = terminal.world.link_path
    assert _provision(terminal, office).returncode == 0
    assert onecard("pull", "--device", link, env=office).returncode == 0
    with duckdb.connect(str(tmp_path / "onecard" / "store.duckdb")) as db:
        raw = db.execute("SELECT raw FROM records WHERE seq = 2").fetchone()[0]
        changed = raw[:6] + bytes([raw[6] ^ 1]) + raw[7:]
        db.execute("UPDATE records SET raw = ? WHERE seq = 2", [changed])
    done = onecard("verify", env=office)
    assert done.returncode == 1 and "record 2" in done.stdout


def test_the_deck_of_the_sim_and_its_pull_hint_work_together(unix_image, tmp_path):
    with Sim(tmp_path / "state") as sim:
        sim.say("tap a")
        sim.record("debited")
        sim.screen("支付成功")
        env = environment(tmp_path) | {
            "ONECARD_PASSPHRASE": (tmp_path / "state" / "passphrase").read_text()
        }
        words = ("--keystore", tmp_path / "state" / "keystore", "--device", sim.ready["link"])
        pulled = _json(onecard("pull", *words, "--json", env=env))
        assert pulled["new"] >= 5
        report = _json(
            onecard("verify", "--keystore", tmp_path / "state" / "keystore", "--json", env=env)
        )
    assert report[0]["proved"] and report[0]["debited"] == 1200 and report[0]["tacs"] == 1


def test_an_image_of_a_dead_terminals_flash_is_read(office, terminal, tmp_path):
    assert _provision(terminal, office).returncode == 0
    image = tmp_path / "journal.bin"
    image.write_bytes(terminal.call(lambda: terminal.world.journal_read(0, 8192)))
    done = onecard("logs", "--image", image, "--json", env=office)
    kinds = [json.loads(line)["kind"] for line in done.stdout.splitlines()]
    assert done.returncode == 0 and kinds[0] == "boot" and "configured" in kinds
    image.write_bytes(bytes(5000))
    done = onecard("logs", "--image", image, env=office)
    assert done.returncode == 1 and "no multiple of 4096" in done.stderr
