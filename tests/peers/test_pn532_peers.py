"""Drivers written by others (libnfc, nfcpy) over the simulated PN532 and our virtual cards."""

import os
import shutil
import subprocess

import pytest
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import PlainTag
from onecard.sim.field import TO_CARD

from tests.chip.readers import TypeB
from tests.peers import libnfc
from tests.peers.pn532_pty import PN532OnPty

SELECT = bytes.fromhex("00A4040008A000000632010105")
BALANCE = bytes.fromhex("805C000204")

needs_libnfc = pytest.mark.skipif(
    shutil.which("nfc-list") is None, reason="nfc-list is missing (apt-get install libnfc-bin)"
)


def nfc_list(reader, tool="nfc-list", *options):
    environment = dict(os.environ, LIBNFC_DEVICE=f"pn532_uart:{reader.path}")
    done = subprocess.run(
        [tool, *options], env=environment, capture_output=True, text=True, timeout=60
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output + "\n".join(reader.log)
    return " ".join(output.split())


def word(data):
    """Bytes the way libnfc prints them."""
    return " ".join(f"{byte:02x}" for byte in data)


@needs_libnfc
def test_libnfc_lists_our_card():
    card = PurseCard.make(uid=bytes.fromhex("04A1B2C3"))
    with PN532OnPty() as reader:
        reader.field.place(card)
        seen = nfc_list(reader, "nfc-list", "-v")
    assert "UID (NFCID1): 04 a1 b2 c3" in seen
    assert "ATQA (SENS_RES): 00 04" in seen
    assert "SAK (SEL_RES): 20" in seen
    assert f"ATS: {word(card.ats[1:])}" in seen
    assert reader.chip.faults == []


@needs_libnfc
def test_libnfc_lists_a_seven_byte_uid_and_a_plain_tag():
    with PN532OnPty() as reader:
        reader.field.place(PurseCard.make(uid=bytes.fromhex("04112233445566")))
        assert "UID (NFCID1): 04 11 22 33 44 55 66" in nfc_list(reader)
    with PN532OnPty() as reader:
        reader.field.place(PlainTag(bytes.fromhex("01020304")))
        seen = nfc_list(reader)
    assert "SAK (SEL_RES): 08" in seen and "ATS" not in seen


@needs_libnfc
def test_libnfc_finds_no_card_in_an_empty_field():
    with PN532OnPty() as reader:
        seen = nfc_list(reader)
    assert "NFC device" in seen and "UID" not in seen


def open_nfcpy(reader):
    """nfcpy's own driver on the reader's terminal (it wants ttyS or ttyUSB names elsewhere)."""
    pytest.importorskip("nfc", reason="nfcpy is missing (pip install nfcpy)")
    from nfc.clf import pn532, transport

    class Wire(transport.TTY):
        """Bytes count as sent when they have come.

        nfcpy flushes its output right after the ACK that sets the rate: a UART has most of that
        on the wire by then, a pseudo-terminal may hold it all.
        """

        sent = 0

        def write(self, frame):
            super().write(frame)
            self.sent += len(frame)
            reader.wait_received(self.sent)

    device = pn532.init(Wire(reader.path))
    device._path = reader.path
    return device


def sense(device):
    from nfc.clf import RemoteTarget

    return device.sense_tta(RemoteTarget("106A"))


def test_nfcpy_senses_our_card_and_raises_the_rate():
    with PN532OnPty() as reader:
        reader.field.place(PurseCard.make(uid=bytes.fromhex("04A1B2C3")))
        device = open_nfcpy(reader)
        target = sense(device)
        assert target.sdd_res == bytes.fromhex("04A1B2C3")
        assert target.sel_res == b"\x20"
        assert reader.chip.baud_rate == 921600
        device.close()
        assert reader.chip.baud_rate == 115200
    assert reader.chip.faults == []


def test_nfcpy_activates_iso_dep_and_reads_the_balance():
    card = PurseCard.make(balance=4321)
    with PN532OnPty() as reader:
        reader.field.place(card)
        device = open_nfcpy(reader)
        import nfc
        from nfc.tag import activate

        clf = nfc.ContactlessFrontend()
        clf.device, clf.target = device, sense(device)
        tag = activate(clf, clf.target)
        assert tag.type == "Type4Tag"
        assert tag.transceive(SELECT).endswith(b"\x90\x00")
        assert tag.transceive(BALANCE) == (4321).to_bytes(4, "big") + b"\x90\x00"
        long_answer = tag.transceive(bytes.fromhex("00B0960000"))
        assert len(long_answer) == 57
        device.close()


def test_nfcpy_sees_an_empty_field():
    with PN532OnPty() as reader:
        device = open_nfcpy(reader)
        assert sense(device) is None
        device.close()


def test_nfcpy_sees_the_card_leave():
    with PN532OnPty() as reader:
        reader.field.place(PurseCard.make())
        device = open_nfcpy(reader)
        import nfc
        from nfc.tag import activate

        clf = nfc.ContactlessFrontend()
        clf.device, clf.target = device, sense(device)
        tag = activate(clf, clf.target)
        reader.field.remove()
        with pytest.raises(nfc.tag.tt4.Type4TagCommandError):
            tag.transceive(BALANCE)
        assert not tag.is_present
        device.close()


# -- libnfc's library: raw exchanges, type B ----------------------------------------------------


@needs_libnfc
def test_libnfc_exchanges_raw_apdus_with_our_purse():
    with PN532OnPty() as reader:
        reader.field.place(PurseCard.make(balance=4321))
        with libnfc.Device(reader.path) as device:
            assert device.select() is not None
            assert device.transceive(SELECT).endswith(b"\x90\x00")
            assert device.transceive(BALANCE) == (4321).to_bytes(4, "big") + b"\x90\x00"
            reader.field.remove()
            with pytest.raises(OSError):
                device.transceive(BALANCE)


@needs_libnfc
def test_libnfc_finds_and_talks_to_a_type_b_card():
    with PN532OnPty() as reader:
        reader.field.place(TypeB(PurseCard.make(balance=77), pupi="A1B2C3D4"))
        with libnfc.Device(reader.path) as device:
            target = device.select(libnfc.NMT_ISO14443B)
            assert target is not None and bytes.fromhex("A1B2C3D4") in target
            assert device.transceive(SELECT).endswith(b"\x90\x00")
            assert device.transceive(BALANCE) == (77).to_bytes(4, "big") + b"\x90\x00"


needs_examples = pytest.mark.skipif(
    shutil.which("nfc-poll") is None,
    reason="nfc-poll is missing (apt-get install libnfc-examples)",
)


@needs_examples
def test_nfc_poll_finds_a_card_and_sees_it_taken_away():
    """It asks whether the card is there by R(NAK) until the card is not."""
    with PN532OnPty() as reader:
        reader.field.place(PurseCard.make(uid=bytes.fromhex("04A1B2C3")))

        def taken_away_when_asked(way, data):
            if way == TO_CARD and data[0] & 0xF6 == 0xB2:
                reader.field.leave_after(1)
            return data

        reader.field.tamper = taken_away_when_asked
        seen = nfc_list(reader, "nfc-poll")
    assert "UID (NFCID1): 04 a1 b2 c3" in seen and "Target Released" in seen


@needs_examples
def test_nfc_anticol_does_anticollision_itself_over_raw_frames():
    """REQA, anticollision, SELECT and RATS bit by bit through InCommunicateThru and registers."""
    with PN532OnPty() as reader:
        reader.field.place(PurseCard.make(uid=bytes.fromhex("04112233445566")))
        seen = nfc_list(reader, "nfc-anticol", "-f")
    assert "UID: 04112233445566" in seen and "SAK: 20" in seen
    assert reader.chip.faults == []
