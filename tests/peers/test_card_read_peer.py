"""`onecard card read`: nfcpy's driver on the simulated PN532, our cards layer, a masked report."""

import json
import subprocess

import pytest
from onecard.card.targets import CardReadError, PcscTarget, open_target
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import PlainTag

from tests.e2e.command import ONECARD
from tests.peers.pn532_pty import PN532OnPty

SERIAL = bytes.fromhex("03104403000000012345")


def card_read(*options):
    return subprocess.run(
        [str(ONECARD), "card", "read", *options],
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def report_of(card):
    with PN532OnPty() as reader:
        reader.field.place(card)
        done = card_read("--reader", reader.path, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return {part["application"]: part["fields"] for part in json.loads(done.stdout)}


def test_a_purse_is_read_in_full_and_its_number_masked():
    log = bytes.fromhex("0011000000000000C806112233445566 20250131123456")
    card = PurseCard.make(
        serial=SERIAL, uid=bytes.fromhex("04A1B2C3"), balance=4321, log=(log,), overdraft_limit=500
    )
    found = report_of(card)
    assert found["card"]["UID"] == "04A1B2C3"
    transit = found["JT/T 978 transit purse"]
    assert transit["card number"] == "310440*********2345"
    assert (transit["spendable"], transit["actual balance"]) == ("48.21", "43.21")
    assert (transit["overdraft limit"], transit["city"]) == ("5.00", "3401")
    assert transit["valid"] == "2024-01-01 to 2044-12-31"
    assert transit["log 1"] == (
        "2025-01-31 12:34:56  -2.00  purchase, terminal 112233445566, no. 17"
    )
    assert SERIAL.hex().lstrip("0") not in json.dumps(found)


def test_a_locked_application_says_so():
    found = report_of(PurseCard.make(serial=SERIAL, locked="temporary"))
    assert "locked" in found["JT/T 978 transit purse"]["state"]


def test_a_memory_tag_is_told_by_its_uid():
    found = report_of(PlainTag(bytes.fromhex("01020304")))
    assert found["card"]["UID"] == "01020304" and "memory tag" in found["card"]["applications"]


def test_the_report_for_people_has_the_same_words():
    with PN532OnPty() as reader:
        reader.field.place(PurseCard.make(serial=SERIAL, balance=4321))
        done = card_read("--reader", reader.path)
    assert done.returncode == 0 and "43.21" in done.stdout and "310440*********2345" in done.stdout


def test_no_card_no_reader_and_no_choice_are_told_with_what_to_do():
    with PN532OnPty() as reader:
        done = card_read("--reader", reader.path)
    assert done.returncode == 1 and "no card on the reader" in done.stderr
    done = card_read("--reader", "/dev/null")
    assert done.returncode == 1 and "no PN532 answers" in done.stderr
    done = card_read()
    assert done.returncode == 1 and "--pcsc NAME is needed" in done.stderr
    with pytest.raises(CardReadError, match="one of"):
        open_target("a", "b")


def test_a_pcsc_reader_without_pyscard_says_what_to_install():
    try:
        import smartcard  # noqa: F401
    except ImportError:
        with pytest.raises(CardReadError, match="needs pyscard"):
            PcscTarget("any")
    else:
        with pytest.raises(CardReadError, match=r"PC/SC"):
            PcscTarget("a reader that is not there")
