"""Targets of a desk: what nfcpy is told of an answer to select, and PC/SC readers."""

import sys
from types import ModuleType

import pytest
from onecard.card.targets import CardReadError, PcscTarget, drive, full_ats

PLAIN_ATR = bytes.fromhex("3B8180018080")
STORAGE_ATR = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")


@pytest.mark.parametrize(
    ("ats", "full"),
    [
        ("0578807002", "0578807002"),
        ("0678807002AA", "0678807002AA"),
        ("01", "0572004002"),
        ("0205", "0575004002"),
        ("03288A", "0578008A02"),
        ("034800", "0578004000"),
        ("03188A", "05788A4002"),
        ("0408AABB", "0778004002AABB"),
    ],
)
def test_what_a_card_leaves_out_of_its_answer_has_the_standards_value(ats, full):
    assert full_ats(bytes.fromhex(ats)) == bytes.fromhex(full)


@pytest.mark.parametrize("ats", ["", "00", "02", "0270", "037880", "0578807002AA", "0678807002"])
def test_p7_an_answer_to_select_that_is_cut_is_told(ats):
    with pytest.raises(CardReadError, match="cut short"):
        full_ats(bytes.fromhex(ats))


class Connection:
    """pyscard's, of one card; `steps` answers are given before it is pulled out."""

    def __init__(self, world):
        self._world = world

    def connect(self):
        if self._world.atr is None:
            raise self._world.NoCardException("no card")

    def getATR(self):
        return list(self._world.atr)

    def transmit(self, command):
        self._world.sent.append(bytes(command))
        if len(self._world.sent) > self._world.steps:
            raise self._world.CardConnectionException("card was removed")
        return self._world.answer(bytes(command))

    def disconnect(self):
        self._world.closed += 1


class Reader:
    def __init__(self, world, name):
        self._world, self._name = world, name

    def __str__(self):
        return self._name

    def createConnection(self):
        return Connection(self._world)


@pytest.fixture
def pyscard(monkeypatch):
    """A stand-in for pyscard's names that are used: no reader is on this desk."""

    class World:
        atr, steps, sent, closed = PLAIN_ATR, 99, [], 0
        names = ["Acme Desk 00 00", "Other 01 00"]
        fault = None
        NoCardException = type("NoCardException", (Exception,), {})
        CardConnectionException = type("CardConnectionException", (Exception,), {})
        BaseSCardException = type("BaseSCardException", (Exception,), {})

        def readers(self):
            if self.fault:
                raise self.fault
            return [Reader(self, name) for name in self.names]

        def answer(self, command):
            is_uid = command[:2] == b"\xff\xca"
            return ([4, 1, 2, 3], 0x90, 0) if is_uid else ([], 0x6A, 0x82)

    world = World()
    world.sent = []
    parts = {
        "smartcard": {},
        "smartcard.Exceptions": {
            "CardConnectionException": world.CardConnectionException,
            "NoCardException": world.NoCardException,
        },
        "smartcard.pcsc": {},
        "smartcard.pcsc.PCSCExceptions": {"BaseSCardException": world.BaseSCardException},
        "smartcard.System": {"readers": world.readers},
    }
    for name, values in parts.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    return world


def test_a_card_on_a_pcsc_reader_named_by_a_part_is_read(pyscard):
    target = PcscTarget("desk")
    assert (target.uid, target.reset_answer) == (bytes([4, 1, 2, 3]), PLAIN_ATR)
    assert target.is_iso_dep
    assert drive(target.exchange(bytes.fromhex("00A4000000"))) == bytes.fromhex("6A82")
    target.close()
    assert pyscard.closed == 1


def test_a_reader_that_knows_no_uid_and_a_memory_tag_are_told(pyscard):
    pyscard.answer = lambda command: ([], 0x6A, 0x81)
    assert PcscTarget("desk").uid == b""
    pyscard.atr = STORAGE_ATR
    assert not PcscTarget("desk").is_iso_dep


def test_no_service_no_reader_and_no_card_are_told_with_what_to_do(pyscard):
    with pytest.raises(CardReadError, match="no PC/SC reader has 'nowhere'"):
        PcscTarget("nowhere")
    pyscard.atr = None
    with pytest.raises(CardReadError, match="no card on Acme"):
        PcscTarget("desk")
    pyscard.fault = pyscard.BaseSCardException("service not available")
    with pytest.raises(CardReadError, match="is pcscd running"):
        PcscTarget("desk")


def test_a_card_that_is_pulled_out_is_told_and_its_reader_let_go(pyscard):
    pyscard.steps = 0
    with pytest.raises(CardReadError, match="left the reader"):
        PcscTarget("desk")
    assert pyscard.closed == 1
    pyscard.steps = 2
    target = PcscTarget("desk")
    with pytest.raises(CardReadError, match="left the reader"):
        drive(target.exchange(b"\x00\xa4\x00\x00"))


def test_without_pyscard_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "smartcard.Exceptions", None)
    with pytest.raises(CardReadError, match="needs pyscard"):
        PcscTarget("any")
