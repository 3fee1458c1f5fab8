"""`onecard card read`: nfcpy's driver on the simulated PN532, our cards layer, a masked report."""

import json
import os
import pty
import subprocess
import threading
import tty

import pytest
from onecard.card.report import read_card
from onecard.card.targets import CardReadError, SerialTarget, drive
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import PlainTag

from tests.chip.readers import TypeB
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
    for words in ((), ("--reader", "a", "--pcsc", "b")):
        done = card_read(*words)
        assert done.returncode == 2 and "--reader PORT and --pcsc NAME" in done.stderr


def test_the_answer_to_select_is_told_as_the_card_gave_it():
    """Also one that leaves out what nfcpy takes to be there."""
    for ats in ("0578807002", "01", "03288A"):
        found = report_of(PurseCard.make(balance=4321, ats=bytes.fromhex(ats)))
        assert found["card"]["answer to reset or select"] == ats
        assert found["JT/T 978 transit purse"]["spendable"] == "43.21"


def test_a_card_of_type_b_is_read():
    found = report_of(TypeB(PurseCard.make(balance=4321), pupi="A1B2C3D4"))
    assert found["card"]["UID"] == "A1B2C3D4"
    assert found["JT/T 978 transit purse"]["spendable"] == "43.21"


def test_a_card_whose_answer_to_select_is_cut_short_is_told():
    with PN532OnPty() as reader:
        reader.field.place(PurseCard.make(ats=bytes.fromhex("037880")))
        with pytest.raises(CardReadError, match="cut short"):
            SerialTarget(reader.path)


def test_a_card_that_leaves_between_two_commands_is_told():
    with PN532OnPty() as reader:
        reader.field.place(PurseCard.make())
        target = SerialTarget(reader.path)
        reader.field.remove()
        with pytest.raises(CardReadError, match="left the reader"):
            drive(read_card(target))
        target.close()


def test_a_reader_that_is_pulled_out_is_told():
    with PN532OnPty() as reader:
        reader.field.place(PurseCard.make())
        target = SerialTarget(reader.path)
    with pytest.raises(CardReadError, match="reader went away"):
        drive(read_card(target))
    target.close()


@pytest.mark.parametrize(
    "said", [b"x", bytes(3), b"MicroPython v1.25\r\n>>> ", b"\x00\x00\xff\x00\xff\x00"]
)
def test_p7_a_port_with_something_else_at_it_is_told(said):
    port, other = pty.openpty()
    tty.setraw(other)

    def answer_everything():
        try:
            while os.read(port, 4096):
                os.write(port, said)
        except OSError:
            return  # both ends are closed: the test is over

    answering = threading.Thread(target=answer_everything, daemon=True)
    answering.start()
    try:
        with pytest.raises(CardReadError, match="no PN532 answers"):
            SerialTarget(os.ttyname(other))
    finally:
        os.close(other)
        answering.join(5)
        os.close(port)
