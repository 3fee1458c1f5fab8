"""The keystore file and purse key files: round trips, refusals, and that no key shows itself."""

import os
import stat
import traceback

import pytest
from inproc import DTK, TERMINAL, K, keystore
from onecard import key_backup, passphrase
from onecard.keystore import Keystore, KeystoreError, PurseKeys, parse_terminal_id, read_purse_keys


@pytest.fixture(autouse=True)
def quick_scrypt(monkeypatch):
    monkeypatch.setattr("onecard.sealed_file._SCRYPT_N", 2**14)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sub" / "keys.onecard"


def secrets_of(kept):
    return (kept.master, kept.purse.dpk, kept.purse.dtk)


def test_a_keystore_comes_back_whole(path):
    for diversified in (True, False):
        kept = Keystore.make(PurseKeys(K, DTK, 200, diversified))
        kept.save(path, "pass")
        again = Keystore.load(path, "pass")
        assert secrets_of(again) == secrets_of(kept)
        assert (again.purse.key_index, again.purse.is_diversified) == (200, diversified)


def test_fresh_keystores_share_nothing():
    one, two = Keystore.make(), Keystore.make()
    assert not set(secrets_of(one)) & set(secrets_of(two))


def test_the_file_is_its_owners_alone_even_over_one_that_was_not(path):
    path.parent.mkdir()
    for name in (path, path.with_suffix(".onecard.new")):
        name.write_bytes(b"")
        name.chmod(0o644)
    keystore().save(path, "pass")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == [path.name]


def test_a_wrong_passphrase_is_told(path):
    keystore().save(path, "right")
    for wrong in ("", "Right", "right "):
        with pytest.raises(KeystoreError, match="wrong passphrase or damaged"):
            Keystore.load(path, wrong)


def test_any_damaged_byte_is_told(path):
    keystore().save(path, "pass")
    raw = path.read_bytes()
    for i in (*range(0, 36, 3), 40, 100, len(raw) - 1):
        path.write_bytes(raw[:i] + bytes((raw[i] ^ 1,)) + raw[i + 1 :])
        with pytest.raises(KeystoreError, match=r"damaged|not a keystore"):
            Keystore.load(path, "pass")


def test_a_truncated_missing_or_foreign_file_is_told(path):
    keystore().save(path, "pass")
    raw = path.read_bytes()
    for size in (0, 3, 35, 51):
        path.write_bytes(raw[:size])
        with pytest.raises(KeystoreError, match="not a keystore"):
            Keystore.load(path, "pass")
    path.write_bytes(raw[:60])
    with pytest.raises(KeystoreError, match="wrong passphrase or damaged"):
        Keystore.load(path, "pass")
    path.unlink()
    with pytest.raises(KeystoreError, match="onecard keystore init"):
        Keystore.load(path, "pass")


def test_p6_no_key_is_in_the_file_a_repr_or_an_error(path):
    kept = keystore()
    kept.save(path, "pass")
    shown = [repr(kept), str(kept), repr(kept.purse), str(kept.purse)]
    try:
        Keystore.load(path, "wrong")
    except KeystoreError as error:
        shown.append("".join(traceback.format_exception(error)))
    raw = path.read_bytes()
    for secret in secrets_of(kept):
        assert secret not in raw and secret.hex().encode() not in raw
        for text in shown:
            assert secret.hex() not in text.lower() and repr(secret) not in text


def test_each_terminal_and_purpose_has_a_key_of_its_own():
    kept = keystore()
    keys = {kept.link_key(t) for t in (TERMINAL, "000000000001")}
    keys |= {kept.journal_key(t) for t in (TERMINAL, "000000000001")}
    assert len(keys) == 4 and all(len(key) == 16 for key in keys)
    assert kept.link_key(TERMINAL) == keystore().link_key(TERMINAL)


def test_a_card_key_is_derived_or_used_as_it_is():
    number = bytes.fromhex("99003109990012345678")
    master, own = PurseKeys(K, DTK), PurseKeys(K, DTK, is_diversified=False)
    assert master.card_dpk(number).hex().upper() == "33C463DCDEF8D7642D87781FA0B83326"
    assert (own.card_dpk(number), own.card_dtk(number)) == (K, DTK)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "11223344556",
        "1122334455667",
        "11223344556A",
        "１１２２３３４４５５６６",
        "-12345678901",
    ],
)
def test_a_terminal_number_is_twelve_digits(text):
    with pytest.raises(KeystoreError, match="is not 12 digits"):
        parse_terminal_id(text)


GOOD = f'dpk = "{K.hex()}"\ndtk = "{DTK.hex()}"\n'


@pytest.mark.parametrize("head", ["", "[purse]\n"])
def test_purse_keys_are_read_from_toml(tmp_path, head):
    path = tmp_path / "k.toml"
    path.write_text(head + GOOD)
    keys = read_purse_keys(path)
    assert (keys.dpk, keys.dtk, keys.key_index, keys.is_diversified) == (K, DTK, 1, True)
    path.write_text(head + GOOD + "key_index = 0\ndiversified = false\n")
    keys = read_purse_keys(path)
    assert (keys.key_index, keys.is_diversified) == (0, False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "dpk must be 32 hex digits"),
        ("dpk = ", "cannot read"),
        ('dpk = "zz"\n', "dpk must be 32 hex digits"),
        ("dpk = 5\n", "dpk must be 32 hex digits"),
        (f'dpk = "{K.hex()}"\n', "dtk must be 32 hex digits"),
        (GOOD + 'colour = "red"\n', "unknown field colour"),
        (GOOD + "key_index = 256\n", "key_index must be 0 to 255"),
        (GOOD + "key_index = true\n", "key_index must be 0 to 255"),
        (GOOD + "diversified = 1\n", "diversified must be true or false"),
        ("purse = 5\n", "purse must be a table"),
    ],
)
def test_p7_a_bad_key_file_is_refused_with_the_field(tmp_path, text, says):
    path = tmp_path / "k.toml"
    path.write_text(text)
    with pytest.raises(KeystoreError, match=says):
        read_purse_keys(path)


def test_a_key_file_that_is_no_text_or_not_there_is_told(tmp_path):
    path = tmp_path / "k.toml"
    with pytest.raises(KeystoreError, match="cannot read"):
        read_purse_keys(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KeystoreError, match="cannot read"):
        read_purse_keys(path)


# -- roles ------------------------------------------------------------------------------------

OTHER = "000000000009"


def test_what_a_role_is_handed_is_what_it_needs_and_no_master(path):
    office = keystore()
    for role, has in {
        "technician": {"link", "journal", "dpk"},
        "collector": {"link", "journal"},
        "settlement": {"journal", "dtk"},
        "registrar": {"identity"},
    }.items():
        office.hand_out(role, [TERMINAL]).save(path, "pass")
        held = Keystore.load(path, "pass")
        assert held.role == role and not held.master and list(held.terminals) == [TERMINAL]
        for name, key in {
            "link": lambda k: k.link_key(TERMINAL),
            "journal": lambda k: k.journal_key(TERMINAL),
            "identity": lambda k: k.identity_key(TERMINAL),
            "dpk": lambda k: k.purse.card_dpk(bytes(10)),
            "dtk": lambda k: k.purse.card_dtk(bytes(10)),
        }.items():
            if name in has:
                assert key(held) == key(office)
            else:
                with pytest.raises(KeystoreError, match=r"holds no|has no|opens no"):
                    key(held)
        with pytest.raises(KeystoreError, match=f"has no journal key of terminal {OTHER}"):
            held.journal_key(OTHER)
        with pytest.raises(KeystoreError):
            held.hand_out("technician", [OTHER])
        with pytest.raises(KeystoreError, match="holds no masters"):
            held.check_value()
    with pytest.raises(KeystoreError, match="no role"):
        office.hand_out("merchant", [TERMINAL])


def test_a_file_of_before_there_were_roles_is_the_offices(path):
    import json

    from onecard import sealed_file

    values = json.loads(keystore().packed())
    for name in ("role", "made_s", "terminals"):
        del values[name]
    sealed_file.save(path, b"OCK1", "pass", json.dumps(values).encode())
    held = Keystore.load(path, "pass")
    assert (held.role, held.made_s) == ("office", 0)
    assert held.link_key(TERMINAL) == keystore().link_key(TERMINAL)


# -- backup -----------------------------------------------------------------------------------


def test_enough_shares_of_a_backup_bring_the_keystore_back_and_no_fewer(tmp_path):
    file, kept = tmp_path / "backup", keystore()
    shares = key_backup.backup(kept, file, 3, 5)
    assert len(shares) == 5 and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secrets_of(key_backup.restore(file, shares[1:4])) == secrets_of(kept)
    untidy = [f"  {shares[0].upper()}\n", shares[4].replace(" ", "  "), shares[2]]
    assert secrets_of(key_backup.restore(file, untidy)) == secrets_of(kept)
    for few in ([], shares[:1], shares[:2]):
        with pytest.raises(KeystoreError, match="do not fit together"):
            key_backup.restore(file, few)
    wrong = shares[0].split()
    wrong[7] = "academic" if wrong[7] != "academic" else "acid"
    with pytest.raises(KeystoreError, match="wrong word"):
        key_backup.restore(file, [" ".join(wrong), *shares[1:3]])
    others = key_backup.backup(kept, tmp_path / "second", 3, 5)
    with pytest.raises(KeystoreError, match="do not fit together"):
        key_backup.restore(file, [*shares[:2], others[0]])
    with pytest.raises(KeystoreError, match="does not open with these shares"):
        key_backup.restore(file, others[:3])
    raw = bytearray(file.read_bytes())
    raw[40] ^= 1
    file.write_bytes(raw)
    with pytest.raises(KeystoreError, match="does not open"):
        key_backup.restore(file, shares[:3])


def test_shares_that_make_no_sense_and_files_that_are_none_are_told(tmp_path):
    for needed, of in ((1, 5), (4, 3), (2, 17)):
        with pytest.raises(KeystoreError, match="at least 2"):
            key_backup.backup(keystore(), tmp_path / "b", needed, of)
    assert not (tmp_path / "b").exists()
    (tmp_path / "b").write_bytes(b"PK")
    with pytest.raises(KeystoreError, match="exists"):
        key_backup.backup(keystore(), tmp_path / "b", 2, 3)
    with pytest.raises(KeystoreError, match="is no keystore's backup"):
        key_backup.restore(tmp_path / "b", [])
    with pytest.raises(KeystoreError, match="no backup at"):
        key_backup.restore(tmp_path / "c", [])


# -- where the passphrase comes from ----------------------------------------------------------


class Ring:
    """A keyring in memory, as the package `keyring` shows one."""

    def __init__(self):
        self.held = {}

    def get_password(self, service, name):
        return self.held.get((service, name))

    def set_password(self, service, name, words):
        self.held[service, name] = words

    def delete_password(self, service, name):
        from keyring.errors import PasswordDeleteError

        if self.held.pop((service, name), None) is None:
            raise PasswordDeleteError("none")


def test_the_passphrase_comes_from_the_environment_then_from_the_keyring(path, monkeypatch):
    ring = Ring()
    monkeypatch.setattr(passphrase, "_keyring", lambda: ring)
    monkeypatch.delenv(passphrase.VARIABLE, raising=False)
    assert passphrase.known(path) is None
    passphrase.remember(path, "open sesame")
    assert passphrase.known(path) == "open sesame"
    assert passphrase.known(path.with_name("other")) is None
    monkeypatch.setenv(passphrase.VARIABLE, "of the environment")
    assert passphrase.known(path) == "of the environment"
    passphrase.forget(path)
    with pytest.raises(passphrase.KeyringError, match="has none"):
        passphrase.forget(path)


def test_without_a_keyring_the_passphrase_is_asked_for(path, monkeypatch):
    def missing():
        raise passphrase.KeyringError("keyring is not installed")

    monkeypatch.setattr(passphrase, "_keyring", missing)
    monkeypatch.delenv(passphrase.VARIABLE, raising=False)
    assert passphrase.known(path) is None
    with pytest.raises(passphrase.KeyringError, match="not installed"):
        passphrase.remember(path, "x")
