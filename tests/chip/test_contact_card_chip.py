"""The simulated contact card by itself: what it tells a reader that does not keep the standard."""

import pytest
import virtual
from onecard.sim.cards.psam import Psam
from onecard.sim.chips.iso7816 import ContactCard
from onecard.sim.chips.iso7816_atr import Profile
from onecard.sim.chips.iso7816_wire import Character, IoWire, WireFault

HZ = 3_720_000.0  # an etu is 100 us


class Reader:
    """Pins and a UART without a driver. said: (microseconds, character) of the card's."""

    def __init__(self, **options):
        self.wire = IoWire()
        self.card = ContactCard(Psam(apdu_us=0.0), self.wire, virtual.hardware, Profile(**options))
        self.said, self.heard, self.start_us = [], bytearray(), virtual.hardware.now_us()
        self.wire.send = self._arrive
        self.wire.echo = self.heard.extend

    def _arrive(self, data, after_us):
        self.said.append((virtual.hardware.now_us() - self.start_us + after_us, data[0]))

    def reset(self, clocks=401):
        self.card.set_vcc(True)
        self.card.set_clock(HZ)
        self.wait(clocks / HZ * 1e6)
        self.card.set_rst(True)
        self.start_us = virtual.hardware.now_us()

    def wait(self, microseconds):
        virtual.hardware.busy(microseconds)

    def put(self, text, apart_etu=12.0):
        for byte in bytes.fromhex(text):
            self.wait(apart_etu * 100)
            self.wire.receive(bytes([byte]))

    def take(self):
        """What the card has said since the last call."""
        self.wait(1_000_000)
        said, self.said = bytes(byte for _, byte in self.said), []
        return said


@pytest.fixture
def reader():
    """Makes one."""
    virtual.hardware.clear()
    return Reader


def test_the_atr_comes_when_and_as_the_standard_says(reader):
    one = reader(reset_clocks=7440)
    one.reset()
    one.wait(100_000)
    times = [at for at, _ in one.said]
    assert [round(at) for at in times] == [2000 + 1200 * n for n in range(6)]
    assert bytes(byte for _, byte in one.said) == Profile().atr()
    assert one.card.baud_rate == 10_000 and one.wire.baud_rate == 10_000


def test_an_inverse_card_is_read_as_03_with_odd_parity(reader):
    one = reader(is_inverse=True, historical=b"")
    one.wire.reader_parity = lambda: 0
    one.reset()
    assert one.take() == bytes([0x03, 0xFF]) and one.wire.take_errors() == 2
    one.wire.reader_parity = lambda: 1
    one.card.set_rst(False)
    one.wait(200)
    one.card.set_rst(True)
    assert one.take() == bytes([0x03, 0xFF]) and one.wire.take_errors() == 0


def test_a_command_is_answered_by_procedure_bytes(reader):
    one = reader()
    one.reset()
    one.take()
    one.put("00B0960006")
    assert one.take().hex() == "b0" + "112233445566" + "9000"
    one.put("00A4000002")
    assert one.take().hex() == "a4"
    one.put("8011")
    assert one.take().hex() == "610a"
    one.put("00C000000A")
    assert one.take().hex() == "c0" + "6f088406bda8c9e8b2bf" + "9000"
    one.put("00C0000001")
    assert one.take().hex() == "6985"
    assert one.card.faults == []


def test_a_part_of_an_answer_leaves_the_rest_to_be_fetched(reader):
    one = reader()
    one.reset()
    one.take()
    one.put("00A4000002")
    one.take()
    one.put("8011")
    one.take()
    one.put("00C0000004")
    assert one.take().hex() == "c06f0884066106"
    one.put("00C0000007")
    assert one.take().hex() == "6c06"
    one.put("00C0000006")
    assert one.take().hex() == "c0bda8c9e8b2bf9000"


@pytest.mark.parametrize(
    ("request_", "answer", "rate"),
    [
        ("FF1018F7", "ff1018f7", 120_000),
        ("FF1011FE", "ff1011fe", 10_000),
        ("FF1013FC", "", 10_000),  # not offered
        ("FF1018F6", "", 10_000),  # wrong check byte
        ("FF1118F6", "", 10_000),  # T=1
    ],
)
def test_pps_is_taken_if_it_is_right_and_not_answered_else(reader, request_, answer, rate):
    one = reader(ta1=0x18)
    one.reset()
    one.take()
    one.put(request_)
    assert one.take().hex() == answer and round(one.card.baud_rate) == rate
    assert bool(one.card.faults) == (not answer)


def test_the_wrong_order_of_the_contacts_is_told(reader):
    one = reader()
    one.card.set_clock(HZ)
    one.card.set_rst(True)
    one.card.set_vcc(True)
    one.card.set_vcc(False)
    texts = " / ".join(one.card.faults)
    for text in ("clock without supply", "RST high without", "while RST is high", "clock runs"):
        assert text in texts


@pytest.mark.parametrize(
    ("misuse", "text"),
    [
        (lambda one: one.reset(clocks=300), "RST low for 300 clocks"),
        (lambda one: (one.reset(), one.card.set_clock(HZ / 2)), "clock changed"),
        (lambda one: (one.card.set_vcc(True), one.card.set_clock(6e6)), "clock of 6000000"),
        (lambda one: (one.reset(), one.put("00")), "out of turn"),
        (lambda one: (one.reset(), one.take(), one.put("00B0", 11.0)), "11.0 etu after"),
        (lambda one: (one.reset(), one.take(), one.put("006096000600")), "INS 60"),
    ],
)
def test_what_the_standard_does_not_allow_the_reader_is_a_fault(reader, misuse, text):
    one = reader()
    misuse(one)
    one.wait(10_000)
    assert any(text in fault for fault in one.card.faults), one.card.faults


def test_an_answer_too_soon_after_the_cards_own_is_a_fault(reader):
    one = reader()
    one.reset()
    one.wait(4032 + 5 * 1200 + 1200 + 50)  # the last character of the ATR has just ended
    one.put("00", apart_etu=0)
    assert "etu after the last, not 16" in one.card.faults[0]


def test_a_wrong_parity_bit_is_objected_to_and_the_character_not_taken(reader):
    one = reader()
    one.reset()
    one.take()
    one.put("00B096")
    one.wire.injected.append(WireFault(one.wire.count, "flip", 0x01))
    one.put("00")
    assert one.heard.hex() == "00b096" + "01" + "ff"
    one.put("0006")
    assert one.take().hex() == "b0" + "112233445566" + "9000"


def test_a_card_without_supply_holds_the_common_wire_low(reader):
    one = reader()
    other = ContactCard(Psam(), one.wire, virtual.hardware)
    one.reset()
    one.take()
    one.put("00B0960006")
    assert one.heard == b"" and "without supply" in one.wire.faults[0]
    other.remove()
    one.put("00B0960006")
    assert one.take()[:1] == b"\xb0"


def test_a_fault_of_a_kind_that_there_is_not_is_refused(reader):
    one = reader()
    one.wire.injected.append(WireFault(0, "smudge"))
    with pytest.raises(ValueError, match="smudge"):
        one.wire.transmit(Character(0, False))
