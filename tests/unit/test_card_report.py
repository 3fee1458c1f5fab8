"""`onecard card read`'s report: every application labelled, nobody's data in clear, any card."""

import json
import random
import shutil

import pytest
from filecard import FileCard, tlv
from occard import social, tags
from onecard.card.report import as_dicts, read_card
from onecard.card.targets import CardReadError, drive
from onecard.sim.cards import personalise
from onecard.sim.cards.chip import Chip
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import FaultyCard

TRANSIT = "JT/T 978 transit purse"
READ_BINARY, READ_RECORD, GET_BALANCE = 0xB0, 0xB2, 0x5C


class OnReader:
    """A simulated card as a target of the desk."""

    is_iso_dep = True
    reset_answer = bytes.fromhex("0578807002")

    def __init__(self, card):
        self._card, self.uid, self.commands = card, card.uid, []

    async def exchange(self, command, expected=0):
        self.commands.append(bytes(command))
        return self._card.process(bytes(command))

    def close(self):
        pass


def report(target):
    return {title: dict(rows) for title, rows in drive(read_card(target))}


@pytest.fixture
def resident(tmp_path):
    """The example of a third-generation card: social security, bank and transit on one chip."""
    path = tmp_path / "resident.toml"
    shutil.copy(personalise.EXAMPLES / path.name, path)
    return personalise.load(path).card


def test_a_resident_card_is_told_application_by_application(resident):
    found = report(OnReader(resident))
    assert list(found) == ["card", TRANSIT, "social security", "bank"]
    assert found["card"] == {
        "UID": "04A1B2C3",
        "answer to reset or select": "0578807002",
        "directory": "A000000632010105, A000000333010101",
    }
    assert found[TRANSIT]["spendable"] == found[TRANSIT]["actual balance"] == "50.00"
    assert found[TRANSIT]["rail ride"] == found[TRANSIT]["bus ride"] == "none yet"
    assert found["social security"]["generation"] == "3"
    assert found["bank"]["scheme"] == "UnionPay debit"


def test_p6_no_name_and_no_number_is_in_the_report_in_clear(resident):
    target = OnReader(resident)
    sections = drive(read_card(target))
    text = json.dumps(as_dicts(sections), ensure_ascii=False)
    holder = drive(social.read(target))
    purse = resident.find("purse").memory
    for secret in (
        holder.name.decode("gbk"), holder.id_number, holder.card_number, holder.birth_date,
        purse.serial.hex().lstrip("0"),
    ):  # fmt: skip
        assert len(secret) >= 3 and secret not in text
    found = {title: dict(rows) for title, rows in sections}["social security"]
    assert found["name"] == holder.name.decode("gbk")[0] + "**"
    assert found["card number"] == "…" + holder.card_number[-4:]


def test_nothing_is_written_and_no_pin_is_tried(resident):
    target = OnReader(resident)
    drive(read_card(target))
    reading = {0xA4, READ_BINARY, READ_RECORD, GET_BALANCE, 0xCA, 0xA8, 0xC0}
    assert {command[1] for command in target.commands} <= reading


def test_a_purse_that_answers_to_a_name_and_to_a_file_is_told_once():
    assert list(report(OnReader(PurseCard.make()))) == ["card", TRANSIT]


def test_a_part_that_is_broken_or_kept_leaves_the_rest_to_be_read():
    whole = report(OnReader(PurseCard.make(balance=4321)))[TRANSIT]
    broken = FaultyCard(PurseCard.make(balance=4321), READ_BINARY, bytes.fromhex("0102 9000"))
    found = report(OnReader(broken))[TRANSIT]
    assert found["spendable"] == "43.21"
    assert found["city"] == "not read: management information of 2 bytes"
    kept = FaultyCard(PurseCard.make(balance=4321), GET_BALANCE, bytes.fromhex("6982"))
    found = report(OnReader(kept))[TRANSIT]
    assert found["spendable"] == "not read: card said 6982: security status not satisfied"
    assert found["city"] == whole["city"]
    absent = FaultyCard(PurseCard.make(balance=4321), GET_BALANCE, bytes.fromhex("6D00"))
    assert "spendable" not in report(OnReader(absent))[TRANSIT]


def test_a_social_security_application_that_wants_its_sam_says_so():
    files = {b"\xef\x05": [], b"\xef\x06": []}
    card = FileCard({social.SSSE: files}, guarded=[b"\xef\x05"])
    card.reset_answer = b""
    assert "wants the social security SAM" in report(card)["social security"]["not read"]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b"T\x02en[/red] [bold]x", "text: [/red] [bold]x"),
        (b"T\x02en\x1b]0;title\x07\r\n\xe2\x80\xae", "text: ?]0;title????"),
    ],
)
def test_p7_a_tags_words_are_no_orders_to_the_screen(payload, shown):
    kind, words = payload[:1], payload[1:]
    message = bytes([0xD1, 1, len(words)]) + kind + words
    container = bytes.fromhex("000F20003B00340406E10400FF00FF")
    select = bytes.fromhex("00A4040007") + tags.NDEF_APPLICATION + b"\x00"
    answers = {
        select: b"",
        bytes.fromhex("00A4000C02E103"): b"",
        bytes.fromhex("00B000000F"): container,
        bytes.fromhex("00A4000C02E104"): b"",
        bytes.fromhex("00B0000002"): len(message).to_bytes(2, "big"),
        bytes.fromhex("00B00002") + bytes([len(message)]): message,
    }
    card = FileCard({}, answers=answers)
    card.reset_answer = b""
    assert report(card)["NDEF"] == {"record 1": shown}


def test_a_card_of_nothing_and_a_memory_tag_are_told():
    card = OnReader(Chip([]))
    assert report(card)["card"]["applications"] == "none that this program knows"
    card.is_iso_dep, card.uid = False, bytes.fromhex("08112233")
    found = report(card)["card"]
    assert "memory tag" in found["applications"] and "another one each time" in found["UID"]


def test_a_wrong_check_character_is_said():
    holder = [tlv("08", b"110105194912310021"), tlv("09", "欧阳修".encode("gbk"))]
    card = FileCard({social.SSSE: {b"\xef\x05": [tlv("03", b"2.00")], b"\xef\x06": holder}})
    card.reset_answer = b""
    assert "WRONG" in report(card)["social security"]["citizen number"]


def test_a_card_that_leaves_ends_the_report():
    class Leaving(OnReader):
        async def exchange(self, command, expected=0):
            if len(self.commands) == 5:
                raise CardReadError("the card left the reader")
            return await super().exchange(command, expected)

    with pytest.raises(CardReadError, match="left"):
        report(Leaving(PurseCard.make()))


def test_p7_any_card_is_a_report():
    seed = 20
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(300):
        is_wild = rng.random() < 0.5
        real = PurseCard.make(balance=rng.randrange(10_000))

        def answer(command, right, is_wild=is_wild):
            if not is_wild and rng.random() < 0.7:
                return right
            body = rng.randbytes(rng.choice((0, 1, 2, 23, 30, 48, 60, 128, 250)))
            return body + rng.choice((b"\x90\x00", b"\x90\x00", b"\x6a\x82", b"\x62\x83", b""))

        sections = drive(read_card(OnReader(FaultyCard(real, None, answer))))
        assert sections[0][0] == "card"
        for _, rows in sections:
            assert all(value.isprintable() for _, value in rows)
