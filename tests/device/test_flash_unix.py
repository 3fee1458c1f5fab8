"""Flashing a terminal of the unix port: hashes alone, what is at stake, what is refused."""

import json
import shutil

import needs
import pytest
from onecard.build.modules import LIST_NAME
from onecard.devices import Search, scan
from onecard.flash import Job, WantedError, find_wanted, run_all
from onecard.flash.terminal import Options
from onecard.keystore import Keystore, PurseKeys
from onecard.sim.worlds.unix import UnixWorld
from terminal_rig import PRICE, SETTINGS, TerminalRig
from updates import KEY, OTHER_KEY, signed


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """A folder with good.ocb (0.1.1) and variants of it that no unix terminal here takes."""
    folder = tmp_path_factory.mktemp("bundles")
    made = signed(folder)
    made.save(folder / "good.ocb")
    for name, changes in {
        "other.ocb": {"key": OTHER_KEY},
        "board.ocb": {"board": "rp2_pico"},
        "base.ocb": {"base": bytes(8)},
        "unsigned.ocb": {"key": None},
    }.items():
        key = changes.pop("key", KEY)
        vars(made.header).update({"board": "", "base": signed_base(folder)} | changes)
        made.header.signature = bytes(64)
        if key is not None:
            made.sign(key)
        made.save(folder / name)
    (folder / "cut.ocb").write_bytes((folder / "good.ocb").read_bytes()[:-100])
    return folder


def signed_base(folder):
    from onecard import bundle

    return bundle.load(folder / "good.ocb").header.base


@pytest.fixture
def rig(unix_binary, tmp_path):
    one = TerminalRig(UnixWorld(unix_binary, tmp_path, time_scale=0.0), tmp_path)
    one.provision(SETTINGS.but(update_roots=KEY.root))
    yield one
    one.close()


def flash(rig, file, **options):
    search = Search((rig.world.link_path,), is_usb=False)
    keystore = options.pop("keystore", rig.keystore)
    found = scan(search, keystore, timeout_s=1.0)
    chosen = Options(search, keystore, timeout_s=2.0, wait_s=60.0, **options)
    (done,) = run_all([Job(one) for one in found], find_wanted([file]), chosen, every_s=0.01)
    return done


def test_a_terminal_is_brought_to_a_bundle_by_hashes_and_never_over_unread_sales(rig, bundles):
    rig.pull()
    rig.tap("a", "支付成功")
    good, wire = bundles / "good.ocb", rig.world.flash
    done = flash(rig, good)
    assert done.result == "refused" and "--pull" in done.text, done
    assert "2 of them of business, 12.00 yuan debited" in done.text
    done = flash(rig, good, store=rig.store, is_dry=True, is_forced=True)
    assert (done.result, done.text) == ("would be done", "bundle") and rig.world.resets == 0
    done = flash(rig, good, store=rig.store)
    assert (done.result, done.before, done.now) == ("done", "0.1.0", "0.1.1"), done
    rig.pull()
    before = wire.programs
    done = flash(rig, good)
    assert (done.result, done.text, done.written) == ("unchanged", "hashes are equal", 0)
    assert wire.programs == before and rig.world.resets == 1
    rig.assert_balanced(PRICE)


def test_what_a_terminal_does_not_take_leaves_it_as_it_is(rig, bundles):
    rig.tap("a", "支付成功")
    for name, result, says in (
        ("other.ocb", "failed", "not signed by an update root"),
        ("board.ocb", "refused", "for rp2_pico, this is unix"),
        ("base.ocb", "refused", "lies over another image"),
    ):
        done = flash(rig, bundles / name, is_forced=True)
        assert done.result == result and says in done.text, done
    with pytest.raises(WantedError, match="is not signed"):
        find_wanted([bundles / "unsigned.ocb"])
    with pytest.raises(Exception, match="damaged"):
        find_wanted([bundles / "cut.ocb"])
    stranger = Keystore(bytes(range(32)), PurseKeys(bytes(16), bytes(16)))
    done = flash(rig, bundles / "good.ocb", keystore=stranger)
    assert done.result == "refused" and "provisioned from" in done.text
    done = flash(rig, bundles / "good.ocb", keystore=None)
    assert done.result == "refused" and "keystore" in done.text
    image = needs.image("rp2_pico")
    assert flash(rig, image).result == "skipped"
    rig.assert_balanced(PRICE)


def test_a_terminal_without_keys_takes_no_bundle(unix_binary, bundles, tmp_path):
    one = TerminalRig(UnixWorld(unix_binary, tmp_path, time_scale=0.0), tmp_path)
    try:
        one.power_on("终端未初始化")
        done = flash(one, bundles / "good.ocb")
        assert done.result == "refused" and "is not provisioned" in done.text
    finally:
        one.close()


def test_the_list_of_modules_must_be_the_images(tmp_path):
    image = needs.image("rp2_pico")
    wanted = find_wanted([image])
    assert wanted.is_ours and len(wanted.base) == 8
    copy = tmp_path / "firmware.uf2"
    shutil.copy(image, copy)
    assert find_wanted([copy]).base == b""
    values = json.loads(image.with_name(LIST_NAME).read_text()) | {"digest": "ab" * 8}
    (tmp_path / LIST_NAME).write_text(json.dumps(values))
    with pytest.raises(WantedError, match="not of this UF2"):
        find_wanted([copy])
