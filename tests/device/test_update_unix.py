"""Updates of the whole terminal on the unix port: the good one, and every kind that is not."""

import pytest
from ocwire import message, record
from onecard.link import LinkClient, Refused, open_port
from onecard.sim.worlds.unix import UnixWorld
from onecard.update import UpdateError, update
from terminal_rig import PRICE, SETTINGS, TERMINAL, TerminalRig
from updates import KEY, OTHER_KEY, signed

OWN = SETTINGS.but(update_roots=KEY.root)
CRASHES = {"app": ("    async def run(self):\n", "    async def run(self):\n        1 / 0\n")}
BREAKS = {"rules": ('"""', 'import no_such_module\n"""')}
HANGS = {
    "clock": ("def _ask(rtc):\n", "def _ask(rtc):\n    while True:\n        pass\n\n\ndef _b():\n")
}
STOPS = {"app": ("        self._updates.scene_moves()\n", "        await asyncio.sleep(3600)\n")}
SCENE_FAILS = {"app": ("await till.start()", "await till.start() or None.no")}


@pytest.fixture
def rig(unix_binary, tmp_path):
    """A terminal in service that knows an update root."""
    one = TerminalRig(UnixWorld(unix_binary, tmp_path, time_scale=0.0), tmp_path)
    one.provision(OWN)
    yield one
    one.close()


def put(rig, made, **options):
    """Update by the host's own way."""
    return update(
        lambda: LinkClient(open_port(rig.world.link_path), 2), rig.keystore, made, **options
    )


def status(rig):
    """(version, slot, state, fault) of the terminal."""
    with rig.connected() as client:
        got = client.update_status()
        return got.version, got.slot, got.state, got.fault


def events(rig):
    """(event, version) of each record of an update in the store."""
    rig.pull()
    found = [r.fields() for r in rig.store.records(TERMINAL) if r.kind == record.UPDATED]
    return [(values["event"], tuple(values["version"])) for values in found]


def test_an_update_is_taken_confirmed_and_stays(rig, tmp_path):
    rig.tap("a", "支付成功")
    made = signed(tmp_path)
    seen = []
    result = put(rig, made, progress=lambda done, total: seen.append(done))
    assert (result.before, result.now) == ("0.1.0", "0.1.1")
    assert seen == sorted(seen) and seen[-1] == len(made.image) == result.sent
    assert status(rig) == ("0.1.1", 1, message.SETTLED, "")
    with rig.link() as client:
        assert client.hello().description == "unix 0.1.1"
    assert rig.world.resets == 1
    rig.tap("d", "支付成功")
    rig.session.call(rig.world.power_off)
    rig.power_on()
    assert status(rig)[:2] == ("0.1.1", 1)
    assert put(rig, made).sent == 0
    with rig.connected() as client:
        assert client.read_config()["merchant"] == SETTINGS.values["merchant"]
    assert events(rig) == [(1, (0, 1, 1)), (2, (0, 1, 1))]
    rig.assert_balanced(2 * PRICE)


def test_the_next_update_goes_into_the_other_slot_and_an_older_one_wants_a_signature_for_it(
    rig, tmp_path
):
    put(rig, signed(tmp_path, "0.1.1"))
    put(rig, signed(tmp_path, "0.1.2"))
    assert status(rig)[:2] == ("0.1.2", 2)
    older = signed(tmp_path, "0.1.1")
    with pytest.raises(Refused, match=r"0\.1\.1 is older than 0\.1\.2"):
        put(rig, older)
    older.header.flags = 1
    older.sign(KEY)
    put(rig, older)
    assert status(rig)[:2] == ("0.1.1", 1)
    rig.tap("a", "支付成功")


@pytest.mark.parametrize(
    ("changes", "why"),
    [(CRASHES, "ZeroDivisionError"), (BREAKS, "ImportError"), (HANGS, "hung")],
    ids=["crash", "no import", "hang"],
)
def test_an_update_that_does_not_run_is_rolled_back(rig, tmp_path, changes, why):
    rig.world.watchdog_scale = 0.4  # 3.2 s: a start takes a tenth of it
    rig.tap("a", "支付成功")
    with pytest.raises(UpdateError, match=rf"0\.1\.1 was rolled back, 0\.1\.0 runs: .*{why}"):
        put(rig, signed(tmp_path, **changes))
    assert rig.world.resets == 1 + 3
    rig.session.wait_screen("请刷卡", rig.session.mark() - 1)
    rig.tap("d", "支付成功")
    assert events(rig) == [(1, (0, 1, 1)), (3, (0, 1, 1))]
    rig.assert_balanced(2 * PRICE)
    assert put(rig, signed(tmp_path, "0.1.2")).now == "0.1.2"


def test_an_update_that_nobody_confirms_is_rolled_back(rig, tmp_path):
    with rig.connected() as client:
        client.configure(client.read_config() | {"trial_s": 5})
        made = signed(tmp_path)
        offset = client.update_begin(made.header.pack())
        while offset < len(made.image):
            offset = client.update_data(offset, made.image[offset : offset + 2048])
        mark = rig.session.mark()
        client.update_activate()
    rig.session.wait_screen("请刷卡", mark, 60)
    assert status(rig) == ("0.1.1", 1, message.TRIAL, "")
    mark = rig.session.mark()
    rig.tap("a", "支付成功")
    mark = rig.session.mark()
    rig.session.wait_screen("请刷卡", mark, 60)
    assert status(rig) == ("0.1.0", 0, message.SETTLED, "not confirmed in 5 s")
    assert events(rig) == [(1, (0, 1, 1)), (3, (0, 1, 1))]
    rig.assert_balanced(PRICE)


def test_an_update_whose_scene_fails_is_not_confirmed(rig, tmp_path):
    with rig.connected() as client:
        client.configure(client.read_config() | {"trial_s": 5})
    with pytest.raises(UpdateError, match=r"0\.1\.0 runs: AttributeError"):
        put(rig, signed(tmp_path, **SCENE_FAILS))
    rig.session.wait_screen("请刷卡", 0)
    rig.tap("a", "支付成功")


def test_a_bundle_of_somebody_elses_is_refused_and_nothing_is_written(rig, tmp_path):
    before = rig.session.call(rig.world.flash.image)
    with pytest.raises(Refused, match="not signed by an update root"):
        put(rig, signed(tmp_path, key=OTHER_KEY))
    slots = slice(32 * 1024, 96 * 1024)
    assert rig.session.call(rig.world.flash.image)[slots] == before[slots]
    assert status(rig)[:2] == ("0.1.0", 0)


@pytest.mark.parametrize(("operation", "mode"), [(1, "bits"), (3, "prefix"), (5, "none")])
def test_power_may_fail_in_an_activation_and_the_next_run_goes_through_p5(
    rig, tmp_path, operation, mode
):
    made = signed(tmp_path)
    with rig.connected() as client:
        offset = client.update_begin(made.header.pack())
        while offset < len(made.image):
            offset = client.update_data(offset, made.image[offset : offset + 2048])
        rig.session.call(lambda: rig.world.cut_power_at(operation, mode, seed=operation))
        mark = rig.session.mark()
        client._send(message.pack(message.UPDATE_ACTIVATE))
        rig.session.wait(lambda e: e["event"] == "power" and not e["on"], "a power cut", mark)
    rig.power_on()
    assert status(rig)[0] in ("0.1.0", "0.1.1")
    assert put(rig, made).now == "0.1.1"
    assert status(rig) == ("0.1.1", 1, message.SETTLED, "")
    rig.tap("a", "支付成功")
    rig.assert_balanced(PRICE)
