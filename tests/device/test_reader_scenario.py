"""One scenario (tap, purchase, remove, tap another) for every reader, on both virtual boards."""

import pytest
from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import FaultyCard, PlainTag
from onecard.sim.terminal_parts import READERS
from onecard.sim.worlds.unix import UnixWorld
from terminal_rig import PRICE, WAIT_S, TerminalRig

DEBIT = 0x54

OTHERS = READERS[1:]  # the first is on the Pico in every other test


def scenario(rig):
    """A purchase, too little money, a card pulled away as it answers DEBIT and proved at its next
    tap, a tag that is no purse. All sums equal."""
    rig.provision()
    rig.tap("a", "支付成功")
    rig.tap("b", "余额不足")

    def pulled_away(apdu, answer):
        rig.world.field.leave_after(3)
        return answer

    mark = rig.place(FaultyCard(rig.deck.cards["a"], DEBIT, pulled_away))
    rig.session.wait_screen("请重刷同一张卡", mark, WAIT_S)
    rig.remove()
    rig.tap("a", "上次已扣款")
    rig.tap(PlainTag(), "无法识别此卡")
    rig.assert_balanced(2 * PRICE)
    assert rig.session.call(lambda: rig.world.parts.reader.faults) == []


@pytest.mark.parametrize("reader", READERS)
def test_the_scenario_passes_on_the_unix_port(unix_binary, tmp_path, reader):
    rig = TerminalRig(UnixWorld(unix_binary, tmp_path, time_scale=0.0, chip=reader), tmp_path)
    try:
        scenario(rig)
    finally:
        rig.close()


@pytest.mark.parametrize("reader", ["pn532-hsu", "mfrc522-spi"])
def test_of_two_cards_none_is_charged_until_the_field_was_empty(unix_binary, tmp_path, reader):
    rig = TerminalRig(UnixWorld(unix_binary, tmp_path, time_scale=0.0, chip=reader), tmp_path)
    try:
        rig.provision()
        field, (one, other) = rig.world.field, (rig.deck.cards["a"], rig.deck.cards["d"])
        mark = rig.session.mark()
        rig.session.call(lambda: (field.place(one), field.add(other)))
        said = rig.session.wait_screen("请只放一张卡", mark, WAIT_S)
        assert not any("成功" in row for row in said["text"]) and rig.deck.lost() == 0
        mark = rig.session.mark()
        rig.session.call(lambda: field.remove(other))
        rig.session.call(field.remove)
        rig.session.wait_screen("请刷卡", mark, WAIT_S)
        assert rig.deck.lost() == 0
        rig.tap("a", "支付成功")
        rig.assert_balanced(PRICE)
    finally:
        rig.close()


@pytest.mark.pico
@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_the_scenario_passes_on_the_virtual_pico(uf2, tmp_path, reader):
    from onecard.sim.worlds.pico_terminal import PicoTerminal

    rig = TerminalRig(PicoTerminal(uf2, tmp_path, is_paced=False, reader=reader), tmp_path, 30)
    try:
        scenario(rig)
    finally:
        rig.close()


@pytest.mark.pico
@pytest.mark.parametrize(
    "reader",
    [pytest.param(OTHERS[0], marks=pytest.mark.slow), *OTHERS[1:]],
)
def test_a_purchase_and_a_card_pulled_away_on_the_virtual_pico(flash, reader):
    """The short form: the same firmware and wiring, three taps in simulated time."""
    from pico_rig import NOW_S, SETTINGS, K, Rig

    rig = Rig(flash=flash, reader=reader)
    rig.serve()
    rig.session().set_time(NOW_S)
    one = PurseCard.make(balance=9000, dpk=K, apdu_us=10_000)
    rig.world.field.place(one)
    rig.wait_screen("支付成功")
    rig.take_away()

    def pulled_away(apdu, answer):
        rig.world.field.leave_after(3)
        return answer

    rig.world.field.place(FaultyCard(one, DEBIT, pulled_away))
    rig.wait_screen("请重刷同一张卡")
    rig.world.field.place(one)
    rig.wait_screen("上次已扣款")
    assert one.balance == 9000 - 2 * SETTINGS["price"]
    assert rig.world.parts.reader.faults == []
    rig.world.close()
