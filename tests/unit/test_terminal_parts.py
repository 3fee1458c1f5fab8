"""Small parts of the terminal: files, configuration, hotlist, keys, clock, amounts."""

import json
import os

import pytest
import virtual
from hypothesis import given
from hypothesis import strategies as st
from inproc import RTC, TERMINAL
from ocwire.errors import SettingError
from terminal import config, files, keys
from terminal.clock import Clock
from terminal.scenes.canteen import MAX_AMOUNT, Amount

# -- files ----------------------------------------------------------------------------------


def test_a_file_is_replaced_whole_and_a_missing_one_is_none(tmp_path):
    path = str(tmp_path / "f")
    assert files.read_file(path) is None
    files.replace_file(path, b"one")
    files.replace_file(path, b"two")
    assert files.read_file(path) == b"two" and os.listdir(tmp_path) == ["f"]


def test_p5_a_cut_while_writing_beside_leaves_the_old_file(tmp_path):
    path = str(tmp_path / "f")
    files.replace_file(path, b"old")
    (tmp_path / "f.new").write_bytes(b"ne")  # what a cut leaves
    assert files.read_file(path) == b"old"
    files.replace_file(path, b"new")
    assert files.read_file(path) == b"new"


# -- configuration --------------------------------------------------------------------------


def test_a_configuration_is_filled_with_defaults_and_kept(tmp_path):
    path = str(tmp_path / "c.json")
    assert config.load(path) == config.check({})
    raw = '{"merchant": "第一小学食堂", "price": 1200}'.encode()
    values = config.draft(path, raw)
    assert values == config.parse(raw)
    assert values["scene"] == "canteen" and values["repeat_ms"] == 1500
    assert config.load(path) == config.check({})  # not before it is kept
    config.keep(path)
    assert config.load(path) == values and os.listdir(tmp_path) == ["c.json"]


def test_a_field_that_newer_firmware_kept_is_passed_over(tmp_path):
    path = tmp_path / "c.json"
    path.write_text('{"price": 1200, "of_the_future": 1}')
    assert config.load(str(path)) == config.check({"price": 1200})
    with pytest.raises(SettingError, match="unknown field of_the_future"):
        config.parse(path.read_bytes())
    for damaged in ("[1]", '["price"]', "5", "{", '{"price": "x"}'):
        path.write_text(damaged)
        assert config.load(str(path)) == config.check({})


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "not an object"),
        (b'{"colour": 1}', "unknown field colour"),
        (b'{"price": -1}', "price must be 0 to 10000000"),
        (b'{"price": 10000001}', "price must be"),
        (b'{"price": "12"}', "price must be int"),
        (b'{"price": true}', "price must be int"),
        (b'{"price": 1.5}', "price must be int"),
        (b'{"merchant": 5}', "merchant must be str"),
        (json.dumps({"merchant": "m" * 33}).encode(), "merchant must be 0 to 32"),
        (b'{"scene": "casino"}', "scene casino is unknown"),
        (b'{"scene": ""}', "scene must be"),
        (b'{"serial_offset": 4294967296}', "serial_offset must be"),
        (b'{"repeat_ms": null}', "repeat_ms must be int"),
        (b'{"account": "medical"}', "account medical is unknown, not of transit, bank, social"),
        (b'{"sm4_session": "guess"}', "sm4_session guess is unknown"),
        (b'{"city": "44"}', "city must be four digits"),
        (b'{"qr_roots": "1=02"}', "qr_roots 1=02 is no index=SM2 public key"),
    ],
)
def test_p7_a_bad_configuration_is_refused_with_the_field_and_its_range(raw, says):
    with pytest.raises(SettingError, match=says):
        config.parse(raw)


def test_a_damaged_configuration_file_means_the_defaults(tmp_path):
    path = tmp_path / "c.json"
    path.write_bytes(b'{"price": 12')
    assert config.load(str(path)) == config.check({})


# -- keys -----------------------------------------------------------------------------------

FIELDS = (bytes.fromhex(TERMINAL), b"L" * 16, b"J" * 16, b"P" * 16, 3, 1)


def test_keys_are_kept_for_this_board_alone(tmp_path):
    path = str(tmp_path / "keys.bin")
    assert keys.load(path, b"board 1") is None
    keys.save(path, b"board 1", FIELDS)
    kept = keys.load(path, b"board 1")
    assert (kept.terminal_id, kept.link, kept.journal, kept.purchase) == FIELDS[:4]
    assert kept.key_index == 3 and kept.is_diversified
    assert keys.load(path, b"board 2") is None


def test_p6_no_key_is_in_the_file_in_clear_or_in_a_text(tmp_path):
    path = tmp_path / "keys.bin"
    keys.save(str(path), b"board 1", FIELDS)
    raw = path.read_bytes()
    for secret in FIELDS[:4]:
        assert secret not in raw
    kept = keys.load(str(path), b"board 1")
    assert "LLLL" not in repr(kept) + str(kept) and (b"L" * 16).hex() not in repr(kept)
    keys.save(str(path), b"board 1", FIELDS)
    assert path.read_bytes()[:12] != raw[:12]  # a fresh counter start each time


def test_any_damage_to_the_key_file_is_found(tmp_path):
    path = tmp_path / "keys.bin"
    keys.save(str(path), b"board 1", FIELDS)
    raw = path.read_bytes()
    for i in range(len(raw)):
        path.write_bytes(raw[:i] + bytes((raw[i] ^ 1,)) + raw[i + 1 :])
        assert keys.load(str(path), b"board 1") is None
        path.write_bytes(raw[:i])
        assert keys.load(str(path), b"board 1") is None


# -- clock ----------------------------------------------------------------------------------


def test_the_clock_runs_on_ticks_for_months_from_where_it_was_set(monkeypatch):
    monkeypatch.setattr(virtual.clock, "now_s", 1000.0)
    clock = Clock()
    assert not clock.is_set()
    assert clock.set(1767225600) == 0 and clock.is_set()
    for _ in range(60):
        virtual.clock.advance(2 * 86400 + 0.25)
        now_s = clock.now_s()
    assert now_s == 1767225600 + 120 * 86400 + 15
    assert clock.bcd().hex() == "20260501080015"


def test_a_battery_backed_clock_is_read_at_start_and_set_with_the_clock():
    rtc = RTC(1767225600)
    clock = Clock(rtc)
    assert clock.now_s() == 1767225600
    clock.set(1800000000)
    assert rtc.read_s() == 1800000000


def test_an_empty_battery_means_the_clock_is_not_set():
    class Dead:
        read_s = staticmethod(lambda: None)

    assert not Clock(Dead()).is_set()


@pytest.mark.parametrize("error", [OSError(5), ValueError("not in 2000..2099")])
def test_a_clock_chip_that_fails_is_as_good_as_none(error):
    def fail(*_):
        raise error

    class Broken:
        read_s = staticmethod(fail if isinstance(error, OSError) else lambda: None)
        write_s = staticmethod(fail)

    clock = Clock(Broken())
    assert not clock.is_set()
    clock.set(1767225600)
    assert clock.now_s() == 1767225600


def test_the_clock_is_moved_on_but_never_back_by_the_journal():
    clock = Clock(RTC(1767225600))
    assert clock.not_before(1767225000) is False
    assert clock.now_s() == 1767225600
    assert clock.not_before(1767229999) is True
    assert clock.now_s() == 1767229999


# -- canteen amounts ------------------------------------------------------------------------


def press(amount, *presses):
    for key in presses:
        amount.press(key)
    return amount


@pytest.mark.parametrize(
    ("typed", "fen"),
    [("12", 1200), ("12.5", 1250), ("12.50", 1250), ("0.01", 1), ("12.", 1200), ("007", 0),
     ("12.505", 1250), ("1..2", 120), ("100000", 10000000), ("100000.99", 10000000),
     ("1000000", 10000000)],
)  # fmt: skip
def test_an_amount_is_keyed_in_in_yuan(typed, fen):
    amount = press(Amount(), *typed, "confirm")
    assert amount.keyed == fen


def test_a_keyed_amount_holds_for_one_sale():
    amount = press(Amount(), "5", "confirm")
    assert amount.keyed == 500 and amount.digits == ""
    amount.done()
    assert amount.keyed == 0
    assert press(amount, "5", "cancel").keyed == 0
    assert press(amount, "5", "confirm", "cancel").keyed == 0
    assert press(amount, "0", "confirm").keyed == 0


@given(st.lists(st.sampled_from([*"0123456789.", "confirm", "cancel", "F1", "", "12"])))
def test_any_keys_give_an_amount_that_a_terminal_may_charge(presses):
    amount = Amount()
    for key in presses:
        amount.press(key)
        assert 0 <= amount.keyed <= MAX_AMOUNT
        assert amount.digits.count(".") <= 1 and len(amount.digits) <= 9
