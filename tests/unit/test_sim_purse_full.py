"""The complete simulated purse: loads, deposit, overdraft, compound purchase, PIN, protection."""

import random

import pytest
from onecard.sim.cards import pboc
from onecard.sim.cards.cipher import Des3, Sm4
from onecard.sim.cards.purse import Purse, PurseCard, PurseState
from onecard.sim.cards.purse_memory import PurchaseKey

K = bytes.fromhex("11223344556677888877665544332211")
SELECT = "00A4040008A000000632010105"
MOMENT = "20250131123456"
CHALLENGE = "A1B2C3D4"
RIDES = (bytes.fromhex("27017D0101") + bytes(123), bytes.fromhex("27027D0101") + bytes(123))


def h(text):
    return bytes.fromhex(text)


def card(**options):
    return PurseCard.make(**({"balance": 500, "random_source": h(CHALLENGE)} | options))


def run(a_card, *commands):
    return [a_card.process(h(c) if isinstance(c, str) else c) for c in commands][-1]


def debit(a_card, tti, amount, number=0x123, suite=None):
    """DEBIT as a PSAM would have it, for what INITIALIZE has begun."""
    suite = suite or Des3()
    serials = a_card.offline_serial.to_bytes(2, "big") + number.to_bytes(4, "big")[2:]
    key = suite.session_key(K, h(CHALLENGE) + serials)
    head = amount.to_bytes(4, "big") + bytes([tti]) + h("112233445566" + MOMENT)
    return h("805401000F") + number.to_bytes(4, "big") + h(MOMENT) + suite.mac(key, head) + b"\x08"


def protected(header, data=b"", key=K):
    """A command with its line protection MAC; GET CHALLENGE has given CHALLENGE."""
    head = h(header) + bytes([len(data) + 4])
    return head + data + pboc.retail_mac(key, h(CHALLENGE + "00000000"), head + data)


# cards.md 7.7


def test_load_gives_the_published_mac1_and_the_computed_tac():
    c = card(online_serial=7)
    assert run(c, SELECT, "805000020B 01 000003E8 112233445566 10") == h(
        "000001F4 0007 01 00 A1B2C3D4 11965A94 9000"
    )
    assert run(c, f"805200000B {MOMENT} BA992EB2 04") == h("5B199CF5 9000")
    assert (c.balance, c.online_serial, c.offline_serial) == (1500, 8, 0)
    assert run(c, "00B201C417") == h(f"0008 000000 000003E8 02 112233445566 {MOMENT} 9000")
    assert run(c, "805A000202000808") == h("11965A94 5B199CF5 9000")


def test_the_published_load_of_2011_into_a_deposit_is_accepted():
    c = card(has_deposit=True, random_source=h("11223344"))
    answer = run(c, SELECT, "805000010B 01 00001000 001122334455 10")
    assert answer == h("00000000 0000 01 00 11223344 2988AE5A 9000")
    assert run(c, "805200000B 20111221214822 3A845BF0 04")[-2:] == h("9000")
    assert (c.deposit, c.balance) == (0x1000, 500)


def test_overdraft_update_gives_the_computed_values():
    c = card(has_deposit=True, deposit=1000, online_serial=3)
    assert run(c, SELECT, "8050040107 01 112233445566 13") == h(
        "000003E8 0003 000000 01 00 A1B2C3D4 E6BB1B70 9000"
    )
    assert run(c, f"805800000E 0003E8 {MOMENT} ED3DC84A 04") == h("14FF3CCF 9000")
    assert (c.deposit, c.deposit_overdraft, c.online_serial) == (1000, 1000, 4)
    assert run(c, "805C000104") == h("000007D0 9000")


def test_compound_purchase_gives_the_computed_values_and_commits_the_cached_records_with_it():
    seen = []
    c = card(balance=1000, offline_serial=0x10, rides=RIDES, on_commit=seen.append)
    ride = RIDES[1][:14] + b"\x01" + bytes(113)
    journey = bytes([6]) + bytes(47)
    run(c, SELECT, "805003020B 01 000000C8 112233445566 0F")
    assert run(c, h("80DC02D080") + ride) == run(c, h("80DC00F030") + journey) == h("9000")
    assert c.rides == RIDES and c.journeys == ()
    assert run(c, f"805401000F 00000123 {MOMENT} 11C1CEA1 08") == h("279A087A 0881E007 9000")
    assert (c.balance, c.rides, c.journeys) == (800, (RIDES[0], ride), (journey,))
    assert len(seen) == 1
    assert run(c, "00B202D480") == run(c, "00B202D080") == ride + h("9000")
    assert run(c, "00B201F430") == journey + h("9000")
    assert run(c, "805A000902001108") == h("0881E007 279A087A 9000")


def test_line_protection_reload_pin_and_authentication_equal_the_computed_values():
    c = card(pin=h("0000"))
    update = h("04D6960008 11223344 136E2AC0")
    assert run(c, SELECT, "0084000004", update) == h("9000")
    assert c.holder[:4] == h("11223344")
    assert run(c, update) == h("6984")
    assert run(c, "0084000004", "00820000 08 03B6CC0AC9FA1451") == h("9000")
    assert run(c, "805E000007 123456 6A8B5C73") == h("9000")
    assert run(c, "0020000003 123456") == h("9000")


def test_the_suites_equal_the_computed_values():
    des, sm4 = Des3(), Sm4()
    x8 = h("3109990012345678")
    assert des.diversify(K, x8) == h("33C463DCDEF8D7642D87781FA0B83326")
    two = des.diversify(des.diversify(K, h("1122334455667788")), h("0102030405060708"))
    assert two == h("DA3FF7BB0B0243C42D6FCCCE0AEDB12E")
    assert sm4.diversify(K, x8) == h("57C5258F06B06ADCF406BA729C503BD7")
    wrapped = h("1D80E8DD5CB3FE2D1A9EC80468257ECB83852A5D15168856")
    plain = des.decrypt(K, wrapped)
    assert plain == h("14 01003300 00112233445566778899AABBCCDDEEFF 800000")
    assert des.line_mac(K, h(CHALLENGE), h("84D407011C") + wrapped) == h("F6E98080")
    key = h("0123456789ABCDEFFEDCBA9876543210")
    message = b"This is the test message for mac"
    assert sm4.line_mac(key, b"", message) == h("4B6553AF")


# behaviour


def test_without_debit_a_compound_purchase_leaves_no_trace():
    c = card(rides=RIDES)
    before = c.state_
    run(c, SELECT, "805003020B 01 000000C8 112233445566 0F", h("80DC02D080") + bytes(128))
    c.power_off()
    assert c.state_ == before
    assert run(c, SELECT, debit(c, 9, 200)) == h("6985")


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("80DC03D080" + "00" * 128, "6A83"),
        ("80DC01D07F" + "00" * 127, "6700"),
        ("80DC01F030" + "00" * 48, "6700"),
        ("80DC01B830" + "00" * 48, "6A82"),
    ],
)
def test_a_wrong_record_ends_the_compound_purchase(command, sw):
    c = card(rides=RIDES)
    run(c, SELECT, "805003020B 01 000000C8 112233445566 0F")
    assert run(c, command) == h(sw)
    assert run(c, debit(c, 9, 200)) == h("6985")


def test_a_purse_may_go_into_its_overdraft_and_no_further():
    c = card(balance=100, overdraft_limit=150)
    kinds = {0: 250, 1: 150, 2: 0, 3: 100, 4: 100_000}
    run(c, SELECT)
    for kind, value in kinds.items():
        assert run(c, h(f"805C{kind:02X}0204")) == value.to_bytes(4, "big") + h("9000")
    begin = "805001020B 01 000000C8 112233445566 0F"
    assert run(c, begin)[6:9] == h("000096")
    assert run(c, debit(c, 6, 200))[-2:] == h("9000")
    assert c.balance == -100
    assert run(c, "805C050210") == h("00000000 000186A0 00000064 00000096 9000")
    assert run(c, begin) == h("9401")


def test_deposit_purchase_withdrawal_and_unload_need_the_pin_each_time():
    c = card(has_deposit=True, deposit=1000, pin=h("123456"))
    purchase, withdrawal, unload = (
        f"8050{kind}010B 01 000000C8 112233445566" for kind in ("01", "02", "05")
    )
    run(c, SELECT)
    for begin in (purchase, withdrawal, unload):
        assert run(c, begin) == h("6982")
    assert run(c, "0020000003 123456", purchase)[-2:] == h("9000")
    assert run(c, debit(c, 5, 200))[-2:] == h("9000")
    assert run(c, withdrawal) == h("6982")
    run(c, "0020000003 123456", withdrawal)
    assert run(c, debit(c, 4, 200))[-2:] == h("9000")
    run(c, "0020000003 123456")
    start = run(c, unload)
    key = pboc.load_session_key(K, h(CHALLENGE), c.online_serial)
    message = h("000000C8 03 112233445566") + h(MOMENT)
    assert start[12:16] == pboc.mac(key, h("00000258 000000C8 03 112233445566"))
    done = run(c, h("805403000B" + MOMENT) + pboc.mac(key, message))
    assert done == pboc.mac(key, h("00000190 0000") + message) + h("9000")
    assert (c.deposit, c.balance, [r[9] for r in c.log]) == (400, 500, [3, 4, 5])


def test_three_wrong_pins_block_it_and_the_issuer_unblocks_it():
    c = card(pin=h("123456"))
    run(c, SELECT)
    answers = [run(c, "0020000003 654321") for _ in range(4)]
    assert answers == [h("63C2"), h("63C1"), h("63C0"), h("6983")]
    c.power_off()
    assert run(c, SELECT, "0020000003 123456") == h("6983")
    field = pboc.des3_block(K, h("03 112233 80 000000"))
    assert run(c, "0084000004", protected("84240000", field)) == h("9000")
    assert run(c, "0020000003 112233") == h("9000")
    assert run(c, "805E010007 112233 FF 445566") == h("9000")
    assert run(c, "0020000003 112233") == h("63C2")


def test_block_and_unblock_with_line_protection():
    c = card()
    run(c, SELECT, "0084000004")
    assert run(c, protected("841E0000", key=bytes(16))) == h("6988")
    assert run(c, "841E000000") == h("6987")
    assert run(c, "0084000004", protected("841E0000")) == h("9000")
    assert run(c, SELECT)[-2:] == h("6A81") and len(run(c, SELECT)) > 40
    assert run(c, "805001020B 01 00000001 112233445566 0F") == h("6A81")
    assert run(c, "0084000004", protected("84180000")) == h("9000")
    assert run(c, SELECT)[-2:] == h("9000")
    run(c, "0084000004", protected("841E0001"))
    assert run(c, "0084000004", protected("84180000")) == h("9303")


@pytest.mark.parametrize(
    ("options", "command", "sw"),
    [
        ({"online_serial": 0xFFFF}, "805000020B 01 00000001 112233445566", "9402"),
        ({}, "805000020B 01 000186A0 112233445566", "6985"),
        ({}, "805000010B 01 00000001 112233445566", "6A86"),
        ({}, "805000020B 09 00000001 112233445566", "9403"),
        ({}, "8050040107 01 112233445566", "6A86"),
        ({}, "805006020B 01 00000001 112233445566", "6A86"),
        ({"has_deposit": True}, "805005010B 01 00000001 112233445566", "9401"),
        ({}, "0020000003 123456", "6A88"),
        ({}, "0082000008 0000000000000000", "6984"),
        ({"holder_access": "pin"}, "00B0960000", "6982"),
        ({"holder_access": "auth"}, "00B0960000", "6982"),
        ({}, "80CA000009", "6D00"),
        ({}, "00A4020002 0019", "6A82"),
        ({}, "00B201F430", "6A83"),
        ({}, "00B201AC1E", "6981"),
    ],
)
def test_refusals_have_their_status_word(options, command, sw):
    assert run(card(**options), SELECT, command) == h(sw)


def test_further_purchase_keys_answer_by_their_index():
    other = bytes(range(16))
    c = card(more_keys=(PurchaseKey(5, 9, other),))
    answer = run(c, SELECT, "805001020B 05 000000C8 112233445566 0F")
    assert answer[9] == 9
    key = pboc.purchase_session_key(other, h(CHALLENGE), 0, 0x123)
    mac1 = pboc.mac(key, h("000000C8 06 112233445566" + MOMENT))
    assert run(c, h("805401000F 00000123" + MOMENT) + mac1)[-2:] == h("9000")


def test_a_city_card_mixes_its_security_identifier_into_mac1():
    mark = bytes(range(9))
    c = card(aid=h("A00000000386980701"), security_id=mark, is_transit=False)
    assert run(c, "00A4040009 A00000000386980701", "80CA000009") == mark + h("9000")
    begin = "805001020B 01 000000C8 112233445566 0F"
    run(c, begin)
    assert run(c, debit(c, 6, 200)) == h("9302")
    run(c, begin)
    key = pboc.purchase_session_key(K, h(CHALLENGE), 0, 0x123)
    mac1 = pboc.mac(key, h("000000C8 06 112233445566" + MOMENT) + mark)
    assert run(c, h("805401000F 00000123" + MOMENT) + mac1)[-2:] == h("9000")


@pytest.mark.parametrize("session", ["complement", "zeros"])
def test_an_sm4_purse_is_the_same_machine(session):
    c = card(algorithm=4, sm4_session=session)
    answer = run(c, SELECT, "805001020B 01 000000C8 112233445566 0F")
    assert answer[10] == 4
    other = Sm4("zeros" if session == "complement" else "complement")
    assert run(c, debit(c, 6, 200, suite=other)) == h("9302")
    run(c, "805001020B 01 000000C8 112233445566 0F")
    assert run(c, debit(c, 6, 200, suite=Sm4(session)))[-2:] == h("9000")
    assert c.balance == 300


def test_directories_list_the_applications_and_next_occurrence_goes_on():
    c = card(aid=h("A00000063201010501"))
    entry = h("6116 4F09A00000063201010501 50084D4F545F545F4550 870102".replace("6116", "6118"))
    ppse = run(c, "00A404000E325041592E5359532E4444463031 00")
    assert entry in ppse and ppse[-2:] == h("9000")
    pse = run(c, "00A404000E315041592E5359532E4444463031 00")
    assert h("880101") in pse
    assert run(c, "00B2010C00") == h("701A") + entry + h("9000")
    assert run(c, "00B2020C00") == h("6A83")
    assert run(c, SELECT)[-2:] == h("9000")
    assert run(c, "00A4040208A000000632010105") == h("6A82")


def test_the_memory_shows_no_key():
    text = repr(PurseState(pin=h("123456")))
    for secret in ("dpk", "dtk", "line_key", "pin=", repr(K)):
        assert secret not in text


def test_random_commands_neither_crash_it_nor_make_money():
    seed = 20250131
    print("seed", seed)
    rng = random.Random(seed)
    c = card(balance=5000, has_deposit=True, deposit=700, rides=RIDES, pin=h("1234"))
    ins = sorted({ins for _, ins in Purse(PurseState()).handlers} | {0xA4, 0x84, 0x00, 0xFF})
    for _ in range(20_000):
        if rng.random() < 0.1:
            assert len(run(c, SELECT)) > 2
        data = rng.randbytes(rng.choice([0, 2, 4, 7, 11, 14, 15, 48, 128, rng.randrange(40)]))
        head = bytes([rng.choice([0, 4, 0x80, 0x84]), rng.choice(ins), rng.randrange(6)])
        apdu = head + bytes([rng.choice([0, 1, 2, 6, 0xD0, 0xF0])])
        assert len(c.process(apdu + (bytes([len(data)]) + data if data else b""))) >= 2
    assert (c.balance, c.deposit, c.log) == (5000, 700, ())
