"""Cards as they speak, for any runtime: identity, bank, NDEF and codes of one card each.

As test_ocwire.py: plain functions, assert only. tests/unit has the variants; here is what a
runtime may do differently (text of bytes, slices, sorting, SM2 by another backend).
"""

from binascii import unhexlify

from filecard import FileCard, tlv
from occard import bank, qr, social, tags
from occard.errors import CardError

NOW_S = 1767225600
ID = "11010519491231002X"
NAME = unhexlify("d5c5c8fdb7e1")  # 张三丰 in GBK
AID = unhexlify("A000000333010101")
# Signed by gmssl (tests/unit/test_occard_qr.py makes such), generated at NOW_S, for 60 seconds.
ROOT = unhexlify("0290dee81e3c11200996977af6ae08611d2936f1da22eb61133abc5ca56c68df3c")
CODE = unhexlify(
    "80014d245445535401124953535512280000010400002102b1d7c9f3fb0de787a7eda95cbd0348a09f2f84709f"
    "5103c9083ecef6d4abd213615bd5c681f798b813d83aa0a1958069eb52e20bcdfdad98c61349690118ac740ff9"
    "1ab9e12a442f84743a4277bf4b17ab4a9e86ac8e964399a766118d97baf0000000000000000000000000000000"
    "000310440300000001234549535355504c4154010007d003b388ab8515fb397c7eadb155d24b9174033afdcf3c"
    "fa79f19cfaf96ddf3ab55f6955bce8003c0466726565006e47c4be293795f827c5362b9c6d9533fb96e09b1182"
    "2d99661ddd0eebfdec6397ddccbd29916c27cfc9bd08c42a78623476318bced07e16b0b02340feaf2b736955b9"
    "0000727e3aa292e823bf682714a672e8b2e3e1c7325da9add58122e900870c6518d0f37b0ee8487b109eb777eb"
    "4f066ffe32529070e42d21e48656c9d8a663052aee"
)


def drive(work):
    """The result of a coroutine that never really waits."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


def refusal(work):
    """The CardError that a coroutine ends in."""
    try:
        drive(work)
    except CardError as error:
        return error
    raise AssertionError("nothing was refused")


def social_card(**options):
    issue = [
        tlv("01", unhexlify("440301D156000005") + bytes(8)),
        tlv("03", b"3.00"),
        tlv("06", unhexlify("20340101")),
        tlv("07", b"A12345678"),
    ]
    holder = [
        tlv("08", ID.encode()),
        tlv("09", NAME + bytes(24)),
        tlv("0D", unhexlify("19491231")),
    ]
    return FileCard({social.SSSE: {b"\xef\x05": issue, b"\xef\x06": holder}}, **options)


def test_a_holder_is_read_by_number_and_by_tag():
    for by in ("number", "tag"):
        found = drive(social.read(social_card(by=by)))
        assert (found.id_number, found.card_number, found.name) == (ID, "A12345678", NAME)
        assert (found.region, found.generation) == ("440301", 3)
        assert found.is_id_right and found.is_valid_on("20340101")
        assert not found.is_valid_on("20340102")


def test_a_packed_identity_comes_back():
    found = drive(social.read(social_card()))
    assert social.unpack(found.pack()) == (ID, "A12345678", "20340101", "440301", NAME)


def test_a_guarded_holder_wants_the_schemes_sam():
    error = refusal(social.read(social_card(guarded=[b"\xef\x06"])))
    assert isinstance(error, social.NeedsSam), repr(error)


def test_a_bank_card_is_known_by_four_digits():
    entry = tlv("61", tlv("4F", AID), tlv("87", b"\x01"))
    ppse = tlv("6F", tlv("A5", tlv("BF0C", entry)))
    fci = tlv("6F", tlv("A5", tlv("9F38", unhexlify("9F66049F3704"))))
    track = tlv("57", unhexlify("6228480402564890D3012201"))
    head = bytes((0, 0xA4, 4, 0))
    card = FileCard(
        {},
        answers={
            head + bytes((len(bank.PPSE),)) + bank.PPSE + b"\0": ppse,
            head + bytes((len(AID),)) + AID + b"\0": fci,
            unhexlify("80A800000A8308360000800000000000"): tlv("77", tlv("94", b"\x08\x01\x01\0")),
            unhexlify("00B2010C00"): tlv("70", track),
        },
    )
    found = drive(bank.read(card))
    assert (found.scheme, found.last_digits, found.expiry) == ("UnionPay debit", "4890", "3012")


def test_ndef_records_are_texts_addresses_or_bytes():
    message = b"\x91\x01\x05T\x02zhhi" + b"\x11\x01\x0cU\x04example.org" + b"\x51\x01\x03T\x02zh"
    found = tags.parse(message[:-3] + b"\x02\xff\xfe")
    assert [(r.kind, r.text) for r in found[:2]] == [
        ("text", "hi"),
        ("uri", "https://example.org"),
    ]
    assert tags.parse(b"\xd1\x01\x04T\x00\xff\xfe\xfd")[0].kind == "other"


def test_a_transit_code_is_proved_and_taken_once():
    for key in (ROOT, qr.occrypto.sm2_point(ROOT)):
        gate = qr.Codes([qr.TransitDecoder({1: key}), qr.TokenDecoder()])
        found = gate.take(CODE, NOW_S + 5, 2000)
        assert (found.kind, found.most, found.lifetime_s) == ("transit", 2000, 60)
        for raw in (CODE, CODE[:-1], CODE[:140] + b"\1" + CODE[141:], b"", b"\x80" * 300):
            try:
                gate.take(raw, NOW_S + 6)
            except qr.CodeError:
                continue
            raise AssertionError("taken: " + repr(raw))


def test_random_answers_end_in_a_typed_error():
    state = [7]

    class Noise(FileCard):
        def _answer(self, command):
            state[0] = (state[0] * 1103515245 + 12345) & 0x7FFFFFFF
            size, ending = state[0] >> 16 & 31, state[0] >> 24 & 3
            data = bytes((state[0] >> n % 24) & 0xFF for n in range(size))
            return data + (b"\x90\x00", b"\x6a\x82", b"\x6a\x83", b"")[ending]

    for read in (social.read, bank.read, tags.read_ndef):
        for _ in range(60):
            card = Noise({})
            try:
                drive(read(card))
            except CardError:
                pass
            assert len(card.commands) < 60


def run():
    """Run every test here; returns how many. For runtimes without pytest."""
    count = 0
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            test()
            count += 1
    return count


if __name__ == "__main__":
    print(run(), "tests passed")
