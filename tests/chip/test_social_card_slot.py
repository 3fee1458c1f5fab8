"""A second-generation social security card in the contact slot, byte by byte."""

from contact import play
from onecard.sim.cards import personalise
from onecard.sim.chips.iso7816_atr import Profile


def test_a_contact_card_of_the_second_generation_is_read_over_t0(tmp_path):
    made = personalise.new("social-2g", tmp_path / "card.toml")

    async def test(bench):
        await bench.slot.power_on()
        name = bytes.fromhex("00A404000F7378312E73682EC9E7BBE1B1A3D5CF")
        assert (await bench.exchange(name))[-2:] == b"\x90\x00"
        assert await bench.exchange("00A4020002EF05") == b"\x90\x00"
        assert await bench.exchange("00B2030406") == b"\x03\x042.00\x90\x00"
        assert await bench.exchange("00A4020002EF06") == b"\x90\x00"
        assert await bench.exchange("00B2030403") == b"\x0a\x012\x90\x00"
        assert bench.faults == []

    play(test, made.card, profiles=[Profile()])
