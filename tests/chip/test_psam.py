"""The simulated PSAM: published purse values, its counter, its refusals; alone and over T=0."""

import pytest
from contact import play
from onecard.sim.cards import pboc
from onecard.sim.cards.cipher import Sm4
from onecard.sim.cards.psam import FILE_HOUSING, Psam, PsamKey, diversify
from onecard.sim.cards.purse import PurseCard
from onecard.sim.chips.iso7816_atr import Profile

K = bytes.fromhex("11223344556677888877665544332211")
SELECT = bytes.fromhex("00A40000028011")
CARD_8, ISSUER_8 = bytes.fromhex("3109990012345678"), bytes.fromhex("31099900FFFFFFFF")


def init_sam(factors=CARD_8, tti=6, version=1, algorithm=0, moment="20250131123456"):
    """The command of the self-computed purchase: random A1B2C3D4, serial 0010, 2.00."""
    data = bytes.fromhex("A1B2C3D40010000000C8") + bytes([tti]) + bytes.fromhex(moment)
    data += bytes([version, algorithm]) + factors
    return bytes([0x80, 0x70, 0, 0, len(data)]) + data


def credit(mac2):
    return bytes.fromhex("8072000004") + bytes.fromhex(mac2)


@pytest.fixture
def plain(monkeypatch):
    """Diversification off: the values of the worked examples are of the key itself."""
    monkeypatch.setattr("onecard.sim.cards.psam.diversify", lambda key, factor: key)


def selected(**options):
    sam = Psam(dpk=K, **options)
    assert sam.process(SELECT)[-2:] == b"\x90\x00"
    return sam


@pytest.mark.parametrize(
    ("tti", "mac1"), [(6, "FA18F43A"), (9, "11C1CEA1")], ids=["purchase", "compound purchase"]
)
def test_the_purse_values_come_out(plain, tti, mac1):
    sam = selected(next_serial=0x123)
    assert sam.process(init_sam(tti=tti)) == bytes.fromhex("00000123" + mac1 + "9000")
    assert sam.process(credit("0881E007")) == b"\x90\x00"


def test_the_published_purchase_mac_comes_out(plain):
    sam = selected(next_serial=1, terminal=bytes.fromhex("001122334455"))
    data = bytes.fromhex("11223344 0000 00001000 06 20120229135100 01 00") + CARD_8
    answer = sam.process(bytes([0x80, 0x70, 0, 0, len(data)]) + data)
    assert answer == bytes.fromhex("00000001 F15CAB75 9000")
    assert sam.process(credit("56988A13")) == b"\x90\x00"


def test_diversification_is_the_rule_and_the_issuers_level_comes_first():
    assert diversify(K, CARD_8).hex().upper() == "33C463DCDEF8D7642D87781FA0B83326"
    one = selected()
    serial_and_mac = one.process(init_sam(CARD_8 + ISSUER_8))
    other = selected()
    other.dpk = diversify(K, ISSUER_8)
    assert other.process(init_sam(CARD_8)) == serial_and_mac


def test_the_serial_counts_every_purchase_and_survives_power_off():
    kept = []
    sam = selected(next_serial=0xFFFF, on_commit=lambda sam: kept.append(sam.next_serial))
    for serial in (0xFFFF, 0x10000):
        assert sam.process(init_sam())[:4] == serial.to_bytes(4, "big")
    sam.power_off()
    sam.process(SELECT)
    assert sam.process(init_sam())[:4] == (0x10001).to_bytes(4, "big")
    assert kept == [0x10000, 0x10001, 0x10002]


def test_mac2_is_checked_once_and_only_after_a_purchase(plain):
    sam = selected(next_serial=0x123)
    assert sam.process(credit("0881E007")) == bytes.fromhex("6901")
    sam.process(init_sam())
    assert sam.process(credit("0881E006")) == bytes.fromhex("9302")
    assert sam.process(credit("0881E007")) == bytes.fromhex("6901")
    sam.process(init_sam())
    sam.power_off()
    assert sam.process(credit("0881E007")) == bytes.fromhex("6901")


def test_a_new_purchase_abandons_the_old_one(plain):
    sam = selected(next_serial=0x122)
    sam.process(init_sam())
    assert sam.process(init_sam())[:4] == bytes.fromhex("00000123")
    assert sam.process(credit("0881E007")) == b"\x90\x00"


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00A40000023F01", "6A82"),
        ("00A40100028011", "6A86"),
        ("00B0960007", "6C06"),
        ("00B0960601", "6B00"),
        ("00B0980001", "6A82"),
        ("00B0970001", "6A82"),
        ("807000001C" + "00" * 28, "6985"),
        ("80700100" + "1C" + "00" * 28, "6A86"),
        ("8070000014" + "00" * 20, "6700"),
        ("807200000300" + "0000", "6700"),
        ("8072000104" + "00" * 4, "6A86"),
        ("80B0960006", "6E00"),
        ("00200000", "6D00"),
        ("00", "6700"),
    ],
)
def test_what_it_refuses_it_refuses_with_the_status_word(command, sw):
    assert Psam().process(bytes.fromhex(command)) == bytes.fromhex(sw)


@pytest.mark.parametrize(
    ("change", "sw"),
    [({"tti": 2}, "6A80"), ({"version": 2}, "9403"), ({"algorithm": 4}, "9403")],
)
def test_a_purchase_it_cannot_do_costs_no_serial(change, sw):
    sam = selected(next_serial=5)
    assert sam.process(init_sam(**change)) == bytes.fromhex(sw)
    assert sam.next_serial == 5


def test_a_serial_that_has_run_out_sells_no_more():
    sam = selected(next_serial=0x1_0000_0000)
    assert sam.process(init_sam()) == bytes.fromhex("9402")


@pytest.mark.parametrize("ta1", [None, 0x13, 0x18])
def test_the_purse_values_come_out_over_t0(plain, ta1):
    async def test(bench):
        await bench.slot.power_on()
        assert (await bench.exchange("00B0950000"))[-2:] == b"\x90\x00"
        assert await bench.exchange("00B0960006") == bytes.fromhex("1122334455669000")
        assert (await bench.exchange(SELECT))[-2:] == b"\x90\x00"
        assert await bench.exchange("00B0970001") == bytes.fromhex("019000")
        answer = await bench.exchange(init_sam() + b"\x08")
        assert answer == bytes.fromhex("00000123FA18F43A9000")
        assert await bench.exchange(credit("0881E007")) == b"\x90\x00"
        assert await bench.exchange(credit("0881E007")) == bytes.fromhex("6901")
        assert bench.faults == []

    play(test, Psam(dpk=K, next_serial=0x123), profiles=[Profile(ta1=ta1)])


def test_a_purse_card_takes_the_psams_mac1_and_the_psam_the_cards_mac2():
    """Both ends independent of each other: the whole purchase with diversified keys."""
    serial = bytes.fromhex("03103109990012345678")
    purse = PurseCard.make(serial=serial, dpk=diversify(K, serial[-8:]), balance=1000, apdu_us=0)
    sam = Psam(dpk=K, apdu_us=500.0)

    async def test(bench):
        await bench.slot.power_on()
        terminal = (await bench.exchange("00B0960006"))[:6]
        await bench.exchange(SELECT)
        purse.process(bytes.fromhex("00A4040008A000000632010105"))
        start = purse.process(bytes.fromhex("805001020B 01 000000C8") + terminal + b"\x0f")
        assert start[-2:] == b"\x90\x00"
        moment = bytes.fromhex("20250131123456")
        data = start[11:15] + start[4:6] + pboc.amount4(200) + b"\x06" + moment
        data += start[9:11] + serial[-8:]
        answer = await bench.exchange(bytes([0x80, 0x70, 0, 0, len(data)]) + data)
        debit = answer[:4] + moment + answer[4:8]
        done = purse.process(bytes.fromhex("805401000F") + debit + b"\x08")
        assert done[-2:] == b"\x90\x00" and purse.balance == 800
        assert await bench.exchange(credit(done[4:8].hex())) == b"\x90\x00"

    play(test, sam)


def test_an_sm4_purse_and_an_sm4_key_of_the_psam_agree():
    """The algorithm byte decides: the same SAM serves 3DES and SM4 cards, two levels each."""
    factors = CARD_8 + ISSUER_8
    own = Sm4()
    card_key = own.diversify(own.diversify(K, ISSUER_8), CARD_8)
    purse = PurseCard.make(
        serial=b"\x03\x10" + CARD_8,
        issuer=ISSUER_8,
        dpk=card_key,
        algorithm=4,
        key_version=7,
        balance=1000,
    )
    sam = selected(next_serial=9, more_keys=(PsamKey(7, 4, K),))
    assert sam.process(init_sam(factors))[-2:] == b"\x90\x00"
    purse.process(bytes.fromhex("00A4040008A000000632010105"))
    start = purse.process(bytes.fromhex("805001020B 01 000000C8 112233445566 0F"))
    data = start[11:15] + start[4:6] + pboc.amount4(200) + bytes.fromhex("0620250131123456")
    data += start[9:11] + factors
    answer = sam.process(bytes([0x80, 0x70, 0, 0, len(data)]) + data)
    moment = bytes.fromhex("20250131123456")
    done = purse.process(bytes.fromhex("805401000F") + answer[:4] + moment + answer[4:8])
    assert done[-2:] == b"\x90\x00" and purse.balance == 800
    assert sam.process(credit(done[4:8].hex())) == b"\x90\x00"


def test_a_locked_sam_sells_nothing_and_uses_no_serial():
    sam = selected(next_serial=5, locked=True)
    assert sam.process(init_sam()) == bytes.fromhex("6983")
    assert sam.next_serial == 5


def test_a_housing_ministry_sam_is_selected_by_name_and_covers_the_security_identifier(plain):
    sam = Psam(dpk=K, application=FILE_HOUSING, next_serial=0x123)
    mark = bytes(range(9))
    assert sam.process(bytes.fromhex("80CA000009") + mark) == bytes.fromhex("6985")
    assert sam.process(bytes.fromhex("00A4040006BDA8C9E8B2BF"))[-2:] == b"\x90\x00"
    assert sam.process(bytes.fromhex("80CA000009") + mark) == b"\x90\x00"
    key = pboc.purchase_session_key(K, bytes.fromhex("A1B2C3D4"), 0x10, 0x123)
    covered = bytes.fromhex("000000C8 06 112233445566 20250131123456") + mark
    assert sam.process(init_sam())[4:8] == pboc.mac(key, covered)
    assert sam.process(init_sam())[4:8] != pboc.mac(key, covered)
