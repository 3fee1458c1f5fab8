"""`onecard card new`, `show` and `tap` as commands."""

import json
import tomllib

import pytest
from command import environment, onecard
from onecard.keystore import Keystore


def _json(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_new_card_is_shown_masked_and_without_keys(tmp_path):
    path = tmp_path / "li.toml"
    made = onecard("card", "new", "resident", path, "--balance", "50.00")
    assert made.returncode == 0, made.stderr
    assert "50.00" in made.stdout
    tables = tomllib.loads(path.read_text())
    shown = onecard("card", "show", path)
    assert shown.returncode == 0 and "50.00" in shown.stdout
    before = path.read_bytes()
    text = shown.stdout + json.dumps(_json(onecard("card", "show", path, "--json")))
    assert path.read_bytes() == before
    secret = [
        v for t in tables.values() for k, v in t.items() if k.endswith(("key", "dpk", "dtk"))
    ]
    assert len(secret) > 4
    social = tables["social"]
    for hidden in [*secret, social["id_number"], social["name"], tables["bank"]["pan"]]:
        assert hidden not in text


def test_a_card_is_tapped_and_keeps_its_balance(tmp_path, unix_image):
    path = tmp_path / "card.toml"
    assert onecard("card", "new", "resident", path, "--balance", "30.00").returncode == 0
    first = _json(onecard("card", "tap", path, "--amount", "12.00", "--json"))
    assert (first["before"], first["after"]) == (3000, 1800)
    assert "支付成功" in "".join(first["screen"]) and first["records"] == ["intent", "debited"]
    again = onecard("card", "tap", path, "--amount", "18.01")
    assert again.returncode == 0 and "余额不足" in again.stdout
    assert "balance 18.00 -> 18.00" in again.stdout


def test_a_card_of_a_keystore_has_its_keys(tmp_path):
    env, path = environment(tmp_path), tmp_path / "card.toml"
    assert onecard("keystore", "init", env=env).returncode == 0
    store = tmp_path / "onecard" / "keystore"
    made = onecard("card", "new", "transit", path, "--keystore", store, env=env)
    assert made.returncode == 0, made.stderr
    keys = Keystore.load(store, env["ONECARD_PASSPHRASE"]).purse
    purse = tomllib.loads(path.read_text())["purse"]
    serial = bytes.fromhex(purse["serial"])
    assert purse["dpk"] == keys.card_dpk(serial).hex().upper()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("new", "wallet", "x.toml"), "kinds: bank, "),
        (("new", "bank", "x.toml", "--balance", "5"), "has no purse"),
        (("show", "absent.toml"), "cannot read"),
        (("tap", "sam.toml"), "no contactless side"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(tmp_path, words, message):
    onecard("card", "new", "psam", tmp_path / "sam.toml")
    files = [tmp_path / word if word.endswith(".toml") else word for word in words]
    done = onecard("card", *files)
    assert done.returncode == 1
    assert message in " ".join(done.stderr.split())
