"""The simulated PN532 with cards in its field: listing, exchanging, losing them."""

import random

from onecard.sim.cards.purse import PurseCard
from onecard.sim.cards.tags import PlainTag
from onecard.sim.chips.pn532_frame import ACK, build

from tests.chip.test_pn532_chip import VERSION_ANSWER, Bench, body, with_card


def test_list_gives_sens_res_high_byte_first_and_the_ats():
    bench = Bench().ready()
    bench.field.place(PurseCard.make())
    assert bench.answer("4A0100") == "01010004200404A1B2C30578807002"


def test_without_automatic_rats_there_is_no_ats():
    bench = Bench().ready()
    bench.field.place(PurseCard.make())
    bench.answer("1200")
    assert bench.answer("4A0100") == "01010004200404A1B2C3"


def test_list_of_another_modulation_finds_nothing():
    bench = Bench().ready()
    bench.field.place(PurseCard.make())
    bench.answer("3205FF0100")
    assert bench.answer("4A010300") == "00"


def test_endless_list_answers_when_a_card_comes():
    bench = Bench().ready()
    assert bench.command("4A0100") == [ACK]
    assert bench.wait() == []
    bench.field.place(PurseCard.make())
    assert body(bench.wait()[0]).startswith("0101")


def test_bounded_list_gives_up_after_its_tries_or_finds_a_late_card():
    bench = Bench().ready()
    bench.answer("3205FF0113")
    bench.chip.feed(build(bytes.fromhex("D44A0100")))
    assert bench.wait(20 * 5000 - 1) == [ACK]
    assert body(bench.wait(1000)[0]) == "00"
    bench.chip.feed(build(bytes.fromhex("D44A0100")))
    bench.wait(50_000)
    bench.field.place(PurseCard.make())
    assert body(bench.wait(10_000)[0]).startswith("0101")
    assert bench.wait() == []


def test_a_card_that_is_still_there_is_listed_again():
    bench, _card = with_card()
    for _ in range(3):
        assert bench.answer("4A0100").startswith("0101")
    assert bench.answer("40 01 80 5C 00 02 04".replace(" ", "")) == "006985"


def test_exchange_carries_apdus_and_takes_air_and_card_time():
    bench, _ = with_card()
    assert bench.answer("400100A4040008A000000632010105").startswith("006F")
    bench.chip.feed(build(bytes.fromhex("D44001805C000204")))
    assert bench.wait(11_000) == [ACK]
    assert body(bench.wait(2_000)[0]) == "00000003E89000"


def test_exchange_without_a_target_is_27_and_with_a_lost_one_01():
    bench = Bench().ready()
    assert bench.answer("4001805C000204") == "27"
    bench, _ = with_card()
    bench.field.remove()
    assert bench.answer("4001805C000204") == "01"
    assert bench.answer("4002805C000204") == "27"


def test_host_chains_a_long_command_with_mi():
    bench, card = with_card()
    seen, inner = [], card.process
    card.process = lambda apdu: seen.append(apdu) or inner(apdu)
    assert bench.answer("4041" + "00A4040008A0000006") == "00"
    assert bench.answer("4001" + "32010105").startswith("006F")
    assert seen == [bytes.fromhex("00A4040008A000000632010105")]


def test_a_long_answer_comes_in_parts_with_mi():
    bench, card = with_card()
    card.process = lambda apdu: bytes(range(256)) + bytes(50) + b"\x90\x00"
    first = bench.answer("400100B0000000")
    second = bench.answer("4001")
    assert (first[:2], len(first) // 2 - 1, second[:2]) == ("40", 262, "00")
    assert bytes.fromhex(first[2:] + second[2:]) == card.process(b"")


def test_deselect_keeps_and_release_forgets_the_target():
    bench, _ = with_card()
    assert bench.answer("4401") == "00"
    assert bench.answer("5401") == "00"
    assert bench.answer("4001805C000204") == "006985"
    assert bench.answer("4400") == "00"
    assert bench.answer("4001805C000204") == "006985"
    assert bench.answer("5200") == "00"
    assert bench.answer("4001805C000204") == "27"


def test_presence_test_sees_the_card_go():
    bench, _ = with_card()
    assert bench.answer("0006") == "00"
    bench.field.remove()
    assert bench.answer("0006") == "01"


def test_raw_frames_reach_a_card_that_was_not_given_rats():
    bench = Bench().ready()
    bench.field.place(PurseCard.make())
    bench.answer("1200")
    bench.answer("4A0100")
    assert bench.answer("42E080") == "000578807002"
    assert bench.answer("42020084000004").startswith("0002")
    assert bench.answer("08630300") == ""
    assert bench.answer("42C2") == "00C2E0B4"


def test_switching_the_field_off_resets_the_card():
    bench, _ = with_card()
    bench.answer("400100A4040008A000000632010105")
    bench.answer("320100")
    assert bench.answer("4001805C000204") == "01"
    bench.answer("4A0100")
    assert bench.answer("4001805C000204") == "006985"


def test_plain_tag_is_listed_without_ats_and_answers_nothing():
    bench = Bench().ready()
    bench.field.place(PlainTag())
    assert bench.answer("4A0100") == "01010004080404123456"
    assert bench.answer("4001805C000204") == "01"


def test_auto_poll_tells_the_kind_of_card():
    bench = Bench().ready()
    assert bench.command("60FF0120") == [ACK]
    bench.field.place(PlainTag())
    assert bench.wait() == []
    bench.field.place(PurseCard.make())
    assert body(bench.wait()[0]) == "01200E" + "010004200404A1B2C30578807002"
    assert bench.answer("60010110") == "00"


def test_a_card_may_leave_at_every_byte_and_the_chip_always_answers():
    for count in range(0, 130):
        bench = Bench().ready()
        bench.answer("3205FF0100")
        bench.field.place(PurseCard.make(balance=5), leave_after_bytes=count)
        if bench.answer("4A0100") != "00":
            assert bench.answer("400100A4040008A000000632010105")[:2] in ("00", "01")
            assert bench.answer("4001805C000204")[:2] in ("00", "01")


def test_any_bytes_leave_a_chip_that_still_works():
    seed = 532
    print("seed", seed)
    rng, bench = random.Random(seed), Bench().ready()
    for _ in range(2000):
        if rng.random() < 0.5:
            bench.chip.feed(rng.randbytes(rng.randrange(12)))
        else:
            code = rng.choice(bytes.fromhex("0002040608121432404244 4A5260"))
            bench.chip.feed(build(bytes([0xD4, code]) + rng.randbytes(rng.randrange(6))))
        if rng.random() < 0.1:
            bench.field.place(PurseCard.make())
    bench.wait()
    bench.chip.feed(bytes(300) + ACK)
    bench.command("1214")
    assert bench.command("02") == [ACK, VERSION_ANSWER]
