"""`onecard pull --all` and the collection service, with a real process that is really killed."""

import json
import resource
import signal
import subprocess
import time

import pytest
from command import ONECARD, environment, onecard
from conftest import need_image
from onecard.build import image_of
from onecard.keystore import Keystore
from onecard.link import LinkClient, open_port
from onecard.provision import provision
from onecard.settings import Settings
from onecard.sim.workplace import open_deck, open_session
from onecard.sim.worlds.unix import UnixWorld

TERMINAL = "112233445566"
WAIT_S = 60


class Shop:
    """A terminal that is plugged in as `till` and sells."""

    def __init__(self, folder):
        need_image("unix")
        self.folder, self.env = folder, environment(folder)
        assert onecard("keystore", "init", env=self.env).returncode == 0
        keystore = Keystore.load(folder / "onecard" / "keystore", "open sesame")
        self.deck = open_deck(folder, keystore.purse)
        self.session = open_session(
            UnixWorld(image_of("unix"), folder / "world", time_scale=0.0), lambda event: None
        )
        self.session.call(self.session.world.power_on)
        self.session.wait_screen("终端未初始化")
        with LinkClient(open_port(self.session.world.link_path)) as client:
            settings = Settings(merchant="食堂", price=100, repeat_ms=0)
            provision(client, keystore, TERMINAL, settings, [])
        self.session.wait_screen("请刷卡")
        self.hub = folder / "hub"
        self.hub.mkdir()
        (self.hub / "till").symlink_to(self.session.world.link_path)
        self.sold = 0

    def sell(self):
        mark = self.session.mark()
        card = self.deck.cards["a"]
        self.session.call(lambda: self.session.world.field.place(card))
        self.session.wait_screen("支付成功", mark)
        mark = self.session.mark()
        self.session.call(self.session.world.field.remove)
        self.session.wait_screen("请刷卡", mark)
        self.sold += 1

    def pull(self, *options):
        return onecard("pull", "--all", "--ports", self.hub, *options, env=self.env)

    def watch(self, *options, **more):
        words = ("pull", "--all", "--watch", "--every", "0.1", "--ports", self.hub, *options)
        command = [str(ONECARD), *(str(word) for word in words)]
        return subprocess.Popen(command, env=self.env, stderr=subprocess.PIPE, text=True, **more)


@pytest.fixture
def shop(tmp_path):
    one = Shop(tmp_path)
    yield one
    one.session.close()


def health_when(path, is_it):
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if path.exists():
            state = json.loads(path.read_text())
            if is_it(state):
                return state
        time.sleep(0.02)
    raise AssertionError(path.read_text() if path.exists() else "no health file")


def test_the_collection_service_collects_survives_kills_and_tells_how_it_is(shop, tmp_path):
    health, log = tmp_path / "health.json", tmp_path / "log" / "pull.log"
    shop.sell()
    service = shop.watch("--health", health, "--log", log)
    state = health_when(health, lambda s: s["terminals"].get(TERMINAL, {}).get("records", 0) > 3)
    assert state["is_well"] and state["terminals"][TERMINAL]["device"] == str(shop.hub / "till")
    before = state["terminals"][TERMINAL]["records"]
    shop.sell()
    health_when(health, lambda s: s["terminals"][TERMINAL]["records"] >= before + 2)
    service.kill()
    service.wait(WAIT_S)
    shop.sell()

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))

    full = subprocess.run(
        [str(ONECARD), "pull", "--all", "--ports", str(shop.hub), "--json"],
        env=shop.env, capture_output=True, text=True, preexec_fn=limited,
    )  # fmt: skip
    assert full.returncode == 1 and "Traceback" not in full.stderr, full.stderr
    assert "is the disk full" in full.stdout + full.stderr
    health.unlink()
    service = shop.watch("--health", health, "--log", log)
    health_when(health, lambda s: s["terminals"].get(TERMINAL, {}).get("records", 0) >= 2)
    (shop.hub / "till").unlink()
    rounds = json.loads(health.read_text())["rounds"]
    state = health_when(health, lambda s: s["rounds"] > rounds + 1)
    assert TERMINAL in state["terminals"]
    service.send_signal(signal.SIGTERM)
    assert service.wait(WAIT_S) == 0
    assert "begins" in log.read_text() and log.read_text().rstrip().endswith("ends")
    assert shop.pull().returncode == 3
    (shop.hub / "till").symlink_to(shop.session.world.link_path)
    (shop.hub / "copy").symlink_to("/dev/pts/does-not-exist")
    last = shop.pull("--json")
    assert last.returncode == 0 and json.loads(last.stdout)[0]["new"] <= 2, last.stdout
    report = json.loads(onecard("verify", "--json", env=shop.env).stdout)[0]
    assert report["proved"] and report["debited"] == 100 * shop.sold
