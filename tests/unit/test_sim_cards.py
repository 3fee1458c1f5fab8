"""Cards of several applications and their files: example, new, loaded, changed, refused."""

import asyncio
import random
import stat

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from inproc import FieldTarget
from occard import bank, errors, purse, social, tags, transit
from onecard.sim.cards import personalise
from onecard.sim.cards.memory import CardFileError
from onecard.sim.field import Field

SELECT = bytes.fromhex("00A4040008A000000632010105")
NAME = "张测试".encode("gbk")
ID_NUMBER = "11010519491231002X"


def make(tmp_path, kind, **options):
    return personalise.new(kind, tmp_path / f"{kind}.toml", **options)


def target(card_file):
    field = Field()
    field.place(card_file.card)
    return FieldTarget(field)


def edited(card_file, **changes):
    """The card again after lines of its file were replaced: name="value as TOML"."""
    lines = card_file.path.read_text().splitlines()
    for name, value in changes.items():
        assert any(line.startswith(name + " =") for line in lines)
        lines = [f"{name} = {value}" if x.startswith(name + " =") else x for x in lines]
    card_file.path.write_text("\n".join(lines))
    return personalise.load(card_file.path)


@pytest.mark.parametrize("kind", personalise.kinds())
def test_every_example_makes_a_card_that_comes_back_from_its_file(tmp_path, kind):
    made = make(tmp_path, kind)
    again = personalise.load(made.path)
    assert (again.body, again.memories()) == (made.body, made.memories())
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600


def test_two_new_cards_have_nothing_in_common_that_should_be_their_own(tmp_path):
    one = personalise.new("transit", tmp_path / "1.toml")
    two = personalise.new("transit", tmp_path / "2.toml")
    m, n = one.memories()["purse"], two.memories()["purse"]
    assert not {m.dpk, m.dlk, m.dtk, m.line_key, m.serial} & {n.dpk, n.dlk, n.dtk, n.serial}
    assert len({m.dpk, m.dlk, m.duk, m.dulk, m.dtk, m.line_key, m.auth_key}) == 7
    assert one.body.uid != two.body.uid


def test_what_a_card_does_is_in_its_file_at_once(tmp_path):
    made = make(tmp_path, "resident")
    chip = made.chip
    chip.process(SELECT)
    wrong = bytes.fromhex("805401000F") + bytes(15)
    chip.process(bytes.fromhex("805001020B 01 00000001 112233445566"))
    assert chip.process(wrong) == bytes.fromhex("9302")
    assert personalise.load(made.path).memories()["purse"].mac_tries == 14


def test_a_resident_card_holds_three_accounts_that_the_firmware_reads(tmp_path):
    made = make(tmp_path, "resident", balance=1234)

    async def read():
        place = target(made)
        holder = await social.read(place)
        card = await bank.read(place)
        own = await purse.select(place)
        ride = transit.Ride(2, await own.record(0x1A, 2))
        return holder, card, await own.balance(), ride

    holder, card, balance, ride = asyncio.run(read())
    assert card.last_digits == "0005" and card.expiry == "3012"
    assert balance == 1234 and ride.raw[1] == 2
    assert holder.id_number == ID_NUMBER and holder.name == NAME


@pytest.mark.parametrize("records_by", ["number", "tag"])
@pytest.mark.parametrize("extension", ["true", "false"])
@pytest.mark.parametrize("version", ["1.00", "2.00", "3.00"])
def test_social_cards_of_every_dialect_are_read(tmp_path, records_by, extension, version):
    made = edited(
        make(tmp_path, "resident"),
        records_by=f'"{records_by}"',
        has_name_extension=extension,
        version=f'"{version}"',
    )
    holder = asyncio.run(social.read(target(made)))
    assert (holder.name, holder.id_number) == (NAME, ID_NUMBER)


def test_a_guarded_card_gives_its_holder_only_after_authentication(tmp_path):
    made = edited(make(tmp_path, "resident"), is_guarded="true", records_by='"number"')
    chip, key = made.chip, made.memories()["social"].auth_key

    def run(text):
        return chip.process(bytes.fromhex(text))

    assert run("00A404000F7378312E73682EC9E7BBE1B1A3D5CF")[-2:] == b"\x90\x00"
    assert run("00A4020002EF06") == b"\x90\x00"
    assert run("00B2010414") == bytes.fromhex("6982")
    assert run("0082000A10" + "00" * 16) == bytes.fromhex("6984")
    run("0084000008")
    assert run("0082000A10" + "00" * 16) == bytes.fromhex("63C2")
    challenge = run("0084000008")[:8]
    proof = Cipher(SM4(key), modes.ECB()).encryptor().update(challenge + bytes(8))
    assert run("0082000A10" + proof.hex()) == b"\x90\x00"
    assert run("00B2010414") == b"\x08\x12" + ID_NUMBER.encode() + b"\x90\x00"
    assert run("00B2010413") == bytes.fromhex("6C14")
    chip.power_off()
    assert run("00B2010414") == bytes.fromhex("6A82")


@pytest.mark.parametrize("gpo_format", ["1", "2"])
@pytest.mark.parametrize("has_pdol", ["true", "false"])
def test_bank_cards_of_both_formats_are_read(tmp_path, gpo_format, has_pdol):
    made = edited(make(tmp_path, "bank"), gpo_format=f'"{gpo_format}"', has_pdol=has_pdol)
    found = asyncio.run(bank.read(target(made)))
    assert (found.last_digits, found.expiry) == ("0005", "3012")
    assert personalise.load(made.path).memories()["bank"].atc == 2


@pytest.mark.parametrize("content", ["读者证 0001", "长" * 266])
def test_an_ndef_tag_is_read_whole(tmp_path, content):
    made = edited(make(tmp_path, "ndef"), content=f'"{content}"')
    records = asyncio.run(tags.read_ndef(target(made)))
    assert [r.text for r in records] == [content]


def test_a_card_without_names_is_found_in_df_1001(tmp_path):
    made = make(tmp_path, "purse")
    assert made.chip.process(SELECT) == bytes.fromhex("6A82")
    found = asyncio.run(purse.select(target(made)))
    assert found.profile.file == b"\x10\x01"


def test_selecting_another_application_drops_a_pending_purchase(tmp_path):
    chip = make(tmp_path, "resident").chip
    chip.process(SELECT)
    chip.process(bytes.fromhex("805001020B 01 00000001 112233445566"))
    chip.process(bytes.fromhex("00A404000F7378312E73682EC9E7BBE1B1A3D5CF"))
    assert chip.process(bytes.fromhex("805401000F") + bytes(15)) == bytes.fromhex("6D00")
    chip.process(SELECT)
    assert chip.process(bytes.fromhex("805401000F") + bytes(15)) == bytes.fromhex("6985")


def test_buggy_cards_are_buggy_in_their_one_way(tmp_path):
    made = make(tmp_path, "transit")
    assert edited(made, buggy='"top-bit"').card.process(SELECT)[-2:] == b"\x90\x00"
    balance = bytes.fromhex("805C000204")
    odd = edited(made, buggy='"top-bit"').card
    odd.process(SELECT)
    assert odd.process(balance) == bytes.fromhex("80001388 9000")
    assert len(edited(made, buggy='"torn-fci"').card.process(SELECT)) == 9
    old = edited(made, buggy='""', prove="false").card
    old.process(SELECT)
    assert old.process(bytes.fromhex("805A00060200010 8".replace(" ", ""))) == b"\x6d\x00"
    with pytest.raises(errors.ProtocolError):
        asyncio.run(purse.select(target(edited(made, buggy='"torn-fci"'))))


def test_chaining_and_waiting_times_follow_the_file(tmp_path):
    made = edited(make(tmp_path, "transit"), chain_size="5", fwi="1", apdu_us="9000")
    assert made.card.ats == bytes.fromhex("0578801002")
    assert asyncio.run(purse.select(target(made))).serial == made.memories()["purse"].serial


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("balance", '"5"', "purse.balance must be a whole number from -16777215 to 2147483647"),
        ("dpk", '"00"', "purse.dpk must be 32 hex digits"),
        ("dpk", "7", "purse.dpk must be 32 hex digits"),
        ("locked", '"maybe"', "one of '', 'temporary', 'permanent'"),
        ("fsci", "9", "card.fsci must be a whole number from 0 to 8"),
        ("named", "1", "card.named must be true or false"),
        ("uid", '"0102"', "4, 7 or 10 bytes"),
        ("log", "3", "purse.log must be a list"),
        ("log", '["00"]', "purse.log[0] must be 46 hex digits"),
    ],
)
def test_a_wrong_field_is_refused_by_name(tmp_path, name, value, message):
    made = make(tmp_path, "transit")
    with pytest.raises(CardFileError) as caught:
        edited(made, **{name: value})
    assert message in caught.value.text and str(made.path) in caught.value.text
    assert made.memories()["purse"].dpk.hex().upper() not in caught.value.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no application"),
        ("[purse]\nmoney = 5", "unknown field money"),
        ("[wallet]", "unknown table wallet"),
        ("[psam]\n[purse]", "no other application"),
        ('[card]\ninterface = "tag"\n[purse]', "no applications"),
        ("purse = 5", "must be a table"),
        ("[purse", "cannot read"),
        ('[bank]\npan = "62x"', "12 to 19 digits"),
        ('[social]\nname = "' + "长" * 16 + '"', "at most 30 bytes in GBK"),
    ],
)
def test_a_file_that_is_no_card_is_refused(tmp_path, text, message):
    path = tmp_path / "card.toml"
    path.write_text(text)
    with pytest.raises(CardFileError, match=message):
        personalise.load(path)
    with pytest.raises(CardFileError):
        personalise.new("purse", path)


def test_random_commands_neither_crash_a_resident_card_nor_move_its_money(tmp_path):
    seed = 20250131
    print("seed", seed)
    rng = random.Random(seed)
    made = make(tmp_path, "resident")
    chip = made.chip
    chip.on_commit = None
    names = [a.name for a in chip.applications] + [b"1PAY.SYS.DDF01", b"2PAY.SYS.DDF01"]
    ins = sorted({code[1] for a in chip.applications for code in a.handlers} | {0xA4, 0x84, 0})
    for _ in range(10_000):
        if rng.random() < 0.1:
            name = rng.choice(names)
            chip.process(b"\x00\xa4\x04\x00" + bytes([len(name)]) + name)
        data = rng.randbytes(rng.choice([0, 0, 2, 4, 11, 15, 16, 128]))
        head = bytes([rng.choice([0, 0x80, 0x84]), rng.choice(ins), rng.randrange(8)])
        apdu = head + bytes([rng.choice([0, 2, 4, 12, 20])])
        assert len(chip.process(apdu + (bytes([len(data)]) + data if data else b"\x00"))) >= 2
    assert made.balance == 5000
