"""The simulated purse card against the published worked example and the rules of JR/T 0025."""

import json
import random

import pytest
from onecard.sim.cards import pboc
from onecard.sim.cards.purse import PurseCard

KEY = bytes.fromhex("11223344556677888877665544332211")
DTK = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
SELECT = bytes.fromhex("00A4040008A000000632010105")
INIT_200 = bytes.fromhex("805001020B 01 000000C8 112233445566 0F")
DEBIT_200 = bytes.fromhex("805401000F 00000123 20250131123456 FA18F43A 08")


def h(text):
    return bytes.fromhex(text)


def card(**options):
    options = {"balance": 1000, "offline_serial": 0x10, "random_source": h("A1B2C3D4")} | options
    return PurseCard.make(**options)


def run(a_card, *commands):
    return [a_card.process(h(c) if isinstance(c, str) else c) for c in commands][-1]


# cards.md 7.7: the published example and the computed set


def test_session_keys_equal_the_published_ones():
    assert pboc.load_session_key(KEY, h("11223344"), 0) == h("9B1D924E05595603")
    assert pboc.purchase_session_key(KEY, h("11223344"), 0, 1) == h("003238ABC57659DD")
    assert pboc.purchase_session_key(KEY, h("A1B2C3D4"), 0x10, 0x123) == h("6696ADD895DE22EF")
    assert pboc.load_session_key(KEY, h("A1B2C3D4"), 7) == h("F51AAD98DD7AC291")
    assert pboc.load_session_key(KEY, h("A1B2C3D4"), 3) == h("3D2EBB73646508EF")


@pytest.mark.parametrize(
    ("key", "message", "expected"),
    [
        ("9B1D924E05595603", "00000000 00001000 01 001122334455", "2988AE5A"),
        ("9B1D924E05595603", "00001000 01 001122334455 20111221214822", "3A845BF0"),
        ("003238ABC57659DD", "00001000 06 001122334455 20120229135100", "F15CAB75"),
        ("003238ABC57659DD", "00001000", "56988A13"),
        ("8888888888888888", "00001000000000001000020011223344552011122121 4822", "422E9358"),
        ("6696ADD895DE22EF", "000000C8 06 112233445566 20250131123456", "FA18F43A"),
        ("6696ADD895DE22EF", "000000C8", "0881E007"),
        ("8888888888888888", "000000C8061122334455660000012320250131123456", "FE42C476"),
        ("6696ADD895DE22EF", "000000C8 09 112233445566 20250131123456", "11C1CEA1"),
        ("8888888888888888", "000000C8091122334455660000012320250131123456", "279A087A"),
        ("F51AAD98DD7AC291", "000001F4 000003E8 02 112233445566", "11965A94"),
        ("F51AAD98DD7AC291", "000003E8 02 112233445566 20250131123456", "BA992EB2"),
    ],
)
def test_macs_equal_the_published_ones(key, message, expected):
    assert pboc.mac(h(key), h(message)) == h(expected)


def test_tac_key_is_the_xor_of_the_halves():
    assert pboc.tac_key(DTK) == h("8888888888888888")


def test_purchase_gives_the_tac_and_mac2_of_the_worked_example():
    c = card()
    assert run(c, SELECT)[-2:] == h("9000")
    assert run(c, INIT_200) == h("000003E8 0010 000000 01 00 A1B2C3D4 9000")
    assert run(c, DEBIT_200) == h("FE42C476 0881E007 9000")
    assert (c.balance, c.offline_serial) == (800, 0x11)
    assert run(c, "00B201C417") == h("0011 000000 000000C8 06 112233445566 20250131123456 9000")


def test_published_purchase_of_2012_is_accepted():
    c = card(balance=0x1000, offline_serial=0, random_source=h("11223344"))
    run(c, SELECT, "805001020B 01 00001000 001122334455 0F")
    answer = run(c, "805401000F 00000001 20120229135100 F15CAB75 08")
    assert answer[4:] == h("56988A13 9000")
    assert c.balance == 0


# behaviour


def test_prove_gives_mac_then_tac_after_a_commit_and_9406_otherwise():
    c = card()
    run(c, SELECT, INIT_200)
    assert run(c, "805A0006020011 08") == h("9406")
    run(c, INIT_200, DEBIT_200)
    c.power_off()
    assert run(c, "805A0006020011 08") == h("6985")
    assert run(c, SELECT, "805A0006020011 08") == h("0881E007 FE42C476 9000")
    assert run(c, "805A0006020010 08") == h("9406")
    assert run(c, "805A0009020011 08") == h("9406")


def test_debit_without_initialize_is_refused():
    assert run(card(), SELECT, DEBIT_200) == h("6985")


@pytest.mark.parametrize("between", ["805C000204", "0084000004", "00A4040008A000000632010105"])
def test_any_other_command_aborts_the_transaction(between):
    c = card()
    assert run(c, SELECT, INIT_200, between, DEBIT_200) == h("6985")
    assert c.balance == 1000


def test_power_loss_aborts_the_transaction():
    c = card()
    run(c, SELECT, INIT_200)
    c.power_off()
    assert run(c, SELECT, DEBIT_200) == h("6985")


def test_wrong_mac_is_9302_changes_nothing_and_aborts():
    c = card()
    wrong = DEBIT_200[:-5] + h("00000000 08")
    assert run(c, SELECT, INIT_200, wrong) == h("9302")
    assert run(c, DEBIT_200) == h("6985")
    assert (c.balance, c.offline_serial, c.log, c.mac_tries) == (1000, 0x10, (), 14)


def test_too_many_wrong_macs_lock_the_purse_for_ever():
    c = card(mac_tries=2)
    wrong = DEBIT_200[:-5] + h("00000000 08")
    run(c, SELECT, INIT_200, wrong, INIT_200, wrong)
    assert run(c, INIT_200) == h("9303")
    assert run(c, SELECT)[-2:] == h("6A81")


@pytest.mark.parametrize(
    ("options", "command", "expected"),
    [
        ({"balance": 199}, INIT_200, "9401"),
        ({"key_indexes": (2,)}, INIT_200, "9403"),
        ({"offline_serial": 0xFFFF}, INIT_200, "9402"),
        ({"locked": "temporary"}, INIT_200, "6A81"),
        ({"locked": "temporary"}, "805C000204", "6985"),
        ({}, "805001010B 01 000000C8 112233445566 0F", "6A86"),
        ({}, "805001020A 01 000000C8 1122334455 0F", "6700"),
        ({}, "805C000205", "6C04"),
        ({}, "805C000104", "6A86"),
        ({}, "00A4040008A000000632010106", "6A82"),
        ({}, "00B0951F00", "6B00"),
        ({}, "00B095001F", "6C1E"),
        ({}, "00B099001F", "6A82"),
        ({}, "00B201C417", "6A83"),
        ({}, "00B0000010", "6986"),
        ({}, "00840000", "6700"),
        ({}, "00FF0000", "6D00"),
        ({}, "8084000004", "6E00"),
        ({}, "F084000004", "6E00"),
        ({}, "00", "6700"),
        ({}, "", "6700"),
        ({}, "00A40400FF00", "6700"),
    ],
)
def test_refusals_have_their_status_word(options, command, expected):
    assert run(card(**options), SELECT, command) == h(expected)


def test_select_takes_the_full_name_or_its_first_eight_bytes_and_the_file_id():
    c = card(aid=h("A00000063201010501"))
    fci = run(c, SELECT)
    assert fci[:2] == bytes([0x6F, len(fci) - 4])
    assert h("8409A00000063201010501A525 9F080102 9F0C1E") in fci
    assert c.public_information() in fci
    assert run(c, "00A4040009A00000063201010501") == fci
    assert run(c, "00A40000023F00")[-2:] == h("9000")
    assert run(c, "805C000204") == h("6985")
    assert run(c, "00A40000021001") == fci
    assert run(card(has_files=False), "00A40000021001") == h("6A82")


def test_files_read_free():
    c = card()
    assert run(c, SELECT, "00B095001E") == c.public_information() + h("9000")
    assert run(c, "00B0950A0A") == c.serial + h("9000")
    assert len(run(c, "00B0960000")) == 57
    assert run(c, "00B097000B") == h("00000156340034010001 01 9000")
    assert run(c, "00B0000802") == h("0001 9000")


def test_balance_kinds_of_the_transit_standard():
    c = card()
    assert run(c, SELECT, "805C000204") == h("000003E8 9000")
    assert run(c, "805C030204") == h("000003E8 9000")
    assert run(c, "805C010204") == h("00000000 9000")
    assert run(card(is_transit=False), SELECT, "805C030204") == h("6A86")


def test_state_survives_json_and_commits_are_told():
    seen = []
    c = card(on_commit=lambda one: seen.append(one.balance))
    run(c, SELECT, INIT_200, DEBIT_200)
    again = PurseCard.from_state(json.loads(json.dumps(c.state())))
    assert again.state_ == c.state_
    assert seen == [800]
    assert run(again, SELECT, "805A0006020011 08") == h("0881E007 FE42C476 9000")


def test_random_numbers_follow_the_seed():
    one, two = (PurseCard.make(rng=random.Random(7)) for _ in range(2))
    assert run(one, "0084000008") == run(two, "0084000008") != run(one, "0084000008")


def test_log_keeps_the_ten_newest():
    c = card(balance=10000)
    for serial in range(0x10, 0x1C):
        key = pboc.purchase_session_key(c.dpk, h("A1B2C3D4"), serial, 0x123)
        mac1 = pboc.mac(key, h("000000C8 06 112233445566 20250131123456"))
        assert run(c, SELECT, INIT_200, DEBIT_200[:-5] + mac1)[-2:] == h("9000")
    assert run(c, "00B201C417")[:2] == h("001C")
    assert run(c, "00B20AC417")[:2] == h("0013")
    assert run(c, "00B20BC417") == h("6A83")


def test_any_bytes_get_a_status_word():
    seed = 20250131
    print("seed", seed)
    rng, c = random.Random(seed), card()
    for _ in range(3000):
        head = rng.choice([b"", SELECT[:5], INIT_200[:5], h("805C"), h("00B0"), h("805A")])
        assert len(c.process(head + rng.randbytes(rng.randrange(20)))) >= 2
    assert c.balance == 1000
