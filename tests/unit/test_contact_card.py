"""A second-generation card in a contact slot is read by what reads cards in the field."""

import shutil

import pytest
from contact import play
from occard import bank, social
from occard.errors import WrongCard
from onecard.sim.cards import personalise
from onecard.sim.cards.chip import Chip
from slots import DirectSlot
from terminal import contact
from virtual import run

from drivers.reader.base import CardGone, LinkError
from drivers.sam.base import ParityError, ProtocolError, SamTimeout, Unsupported


@pytest.fixture
def old_card(tmp_path):
    path = tmp_path / "social-2g.toml"
    shutil.copy(personalise.EXAMPLES / path.name, path)
    return personalise.load(path).card


def test_a_second_generation_card_is_read_through_its_contacts(old_card):
    async def test(line):
        card = await contact.insert(line.slot)
        found = await social.read(card)
        assert found.generation == 2 and found.is_id_right and found.name
        with pytest.raises(WrongCard, match="bank"):
            await bank.read(card)
        assert await card.is_present() and card.uid == b""
        await card.release()
        assert not await card.is_present() and not line.card.has_vcc
        assert line.faults == []

    play(test, old_card)


def test_an_empty_slot_is_no_card():
    assert run(contact.insert(DirectSlot(None))) is None


def test_a_card_that_is_pulled_has_gone(old_card):
    async def test(line):
        card = await contact.insert(line.slot)
        line.card.remove()
        with pytest.raises(CardGone):
            await social.read(card)
        assert not await card.is_present()

    play(test, old_card)


class Broken(DirectSlot):
    """A slot whose card ends in `error`, at once or at its first command."""

    def __init__(self, error, at_once):
        super().__init__(Chip([]))
        self._error, self._at_once = error, at_once

    async def power_on(self):
        if self._at_once:
            raise self._error

    async def exchange(self, command, into):
        raise self._error


@pytest.mark.parametrize(
    ("error", "at_start", "in_use"),
    [
        (SamTimeout("silent"), CardGone, CardGone),
        (ParityError("parity"), LinkError, LinkError),
        (ProtocolError("no such character"), LinkError, LinkError),
        (Unsupported("no T=0"), WrongCard, LinkError),
    ],
)
def test_p7_a_slots_errors_are_those_of_a_reader(error, at_start, in_use):
    with pytest.raises(at_start, match=str(error)):
        run(contact.insert(Broken(error, True)))
    card = run(contact.insert(Broken(error, False)))
    with pytest.raises(in_use, match=str(error)):
        run(card.exchange(b"\0\xa4\0\0"))
