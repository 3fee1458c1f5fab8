"""Identity, bank card and tags read from cards of every dialect; nothing secret comes out."""

import random

import ndef
import pytest
from filecard import FileCard, tlv
from occard import bank, social, tags
from occard.errors import CardError, ProtocolError, WrongCard
from virtual import run

ID = "11010519491231002X"
NAME = "张三丰"


def fixed(text, size):
    return text.encode("gbk").ljust(size, b"\0")


def social_card(name_more=True, version="3.00", **options):
    card_file = [
        tlv("01", bytes.fromhex("440301D156000005") + bytes(8)),
        tlv("02", b"1"),
        tlv("03", version.encode()),
        tlv("04", bytes(12)),
        tlv("05", bytes.fromhex("20240101")),
        tlv("06", bytes.fromhex("20340101")),
        tlv("07", b"A12345678"),
    ]
    holder = [tlv("08", ID.encode()), tlv("09", fixed(NAME, 30))]
    if name_more:
        holder.append(tlv("4E", bytes(20)))
    holder += [
        tlv("0A", b"1"), tlv("0B", b"\x01"), tlv("0C", bytes.fromhex("440301")),
        tlv("0D", bytes.fromhex("19491231")),
    ]  # fmt: skip
    files = {b"\xef\x05": card_file, b"\xef\x06": holder}
    return FileCard({social.SSSE: files}, **options)


@pytest.mark.parametrize("by", ["number", "tag"])
@pytest.mark.parametrize("p1", [2, 0])
@pytest.mark.parametrize("name_more", [True, False])
def test_a_holder_is_read_in_every_dialect(by, p1, name_more):
    found = run(social.read(social_card(name_more, by=by, p1=p1)))
    assert (found.id_number, found.card_number, found.region) == (ID, "A12345678", "440301")
    assert found.name.decode("gbk") == NAME and found.is_id_right
    assert (found.issued, found.valid_until, found.birth_date) == (
        "20240101", "20340101", "19491231",
    )  # fmt: skip
    assert found.sex == "1" and found.generation == 3
    assert (found.ethnic_group, found.birthplace) == ("01", "440301")


@pytest.mark.parametrize(("version", "generation"), [("1.00", 1), ("2.00", 2), ("", 0)])
def test_the_generation_is_what_the_card_states(version, generation):
    assert run(social.read(social_card(version=version))).generation == generation


def test_validity_holds_to_its_last_day():
    found = run(social.read(social_card()))
    assert found.is_valid_on("20340101") and not found.is_valid_on("20340102")


def test_a_card_that_wants_the_schemes_sam_says_so_and_is_read_with_one():
    with pytest.raises(social.NeedsSam, match="6982"):
        run(social.read(social_card(guarded=[b"\xef\x06"])))
    asked = []

    async def authenticate(challenge):
        asked.append(challenge)
        return bytes(16)

    card = social_card(guarded=[b"\xef\x06"])
    assert run(social.read(card, authenticate)).id_number == ID
    assert asked == [bytes(range(8))]
    assert card.commands[2] == bytes.fromhex("0082000A10") + bytes(16)


def test_no_pin_is_ever_tried():
    card = social_card()
    run(social.read(card))
    assert all(command[1] != 0x20 for command in card.commands)


def test_a_card_without_the_application_is_told():
    with pytest.raises(WrongCard, match="social security"):
        run(social.read(FileCard({})))


@pytest.mark.parametrize(
    ("text", "is_right"),
    [(ID, True), (ID.lower(), True), ("110105194912310021", False), ("", False), ("1" * 18, False),
     ("11010519491231002", False), ("1101051949123100AX", False)],
)  # fmt: skip
def test_the_check_character_of_a_citizen_number(text, is_right):
    assert social.is_id_number(text) is is_right


def test_every_wrong_digit_and_every_swap_of_neighbours_is_noticed():
    for at in range(17):
        for digit in "0123456789":
            if digit != ID[at]:
                assert not social.is_id_number(ID[:at] + digit + ID[at + 1 :])
        swapped = ID[:at] + ID[at + 1] + ID[at] + ID[at + 2 :]
        if ID[at] != ID[at + 1] and swapped[:17].isdigit():
            assert not social.is_id_number(swapped)


def test_p6_what_is_shown_is_masked():
    assert social.masked_id(ID) == "110105**********2X"
    assert social.masked_name(NAME) == "张**"
    assert social.masked_id("110105491231002") == "110105*******02"


@pytest.mark.parametrize("text", ["", "1", "1234", "12345", "M1234567", "H12345678", "C123456789"])
def test_p6_a_number_that_is_no_citizens_shows_two_characters_at_most(text):
    hidden = social.masked_id(text)
    assert len(hidden) == len(text) and hidden.count("*") >= len(text) - 2
    assert not hidden.strip("*") or (len(text) > 4 and hidden.endswith(text[-2:]))


def test_p6_a_name_of_one_character_is_not_shown():
    assert [social.masked_name(name) for name in ("", "张", "张三")] == ["", "*", "张*"]


def test_a_packed_identity_comes_back():
    found = run(social.read(social_card()))
    assert social.unpack(found.pack()) == (
        ID, "A12345678", "20340101", "440301", NAME.encode("gbk"),
    )  # fmt: skip
    for size in range(len(found.pack())):
        with pytest.raises(ProtocolError):
            social.unpack(found.pack()[:size])


# -- bank -----------------------------------------------------------------------------------

AID = bytes.fromhex("A000000333010101")
PAN = "6228480402564890"


def bank_card(afl="08010100", gpo="77", track="57"):
    entry = tlv("61", tlv("4F", AID), tlv("50", b"PBOC DEBIT"), tlv("87", b"\x01"))
    other = tlv("61", tlv("4F", bytes.fromhex("A0000000031010")), tlv("87", b"\x02"))
    ppse = tlv("6F", tlv("84", bank.PPSE), tlv("A5", tlv("BF0C", other, entry)))
    fci = tlv("6F", tlv("84", AID), tlv("A5", tlv("9F38", bytes.fromhex("9F66049F3704"))))
    track2 = tlv("57", bytes.fromhex(PAN + "D3012201") + bytes(6))
    pan = tlv("5A", bytes.fromhex(PAN)) + tlv("5F24", bytes.fromhex("301231"))
    body = track2 if track == "57" else pan
    options = {"77": tlv("77", tlv("82", bytes(2)), tlv("94", bytes.fromhex(afl))),
               "80": tlv("80", bytes(2), bytes.fromhex(afl))}[gpo]  # fmt: skip
    select = lambda name: bytes([0, 0xA4, 4, 0, len(name)]) + name + b"\0"  # noqa: E731
    return FileCard(
        {},
        answers={
            select(bank.PPSE): ppse,
            select(AID): fci,
            bytes.fromhex("80A800000A8308360000800000000000"): options,
            bytes.fromhex("00B2010C00"): tlv("70", body),
        },
    )


@pytest.mark.parametrize("gpo", ["77", "80"])
@pytest.mark.parametrize("track", ["57", "5A"])
def test_p6_a_bank_card_is_known_by_its_last_digits_alone(gpo, track):
    found = run(bank.read(bank_card(gpo=gpo, track=track)))
    assert (found.scheme, found.last_digits, found.expiry) == ("UnionPay debit", "4890", "3012")
    assert PAN[:12] not in repr(vars(found))


@pytest.mark.parametrize(
    ("answer", "counter"), [(None, None), ("9F36021234", 0x1234), ("9F360112", None)]
)
def test_the_transaction_counter_is_told_where_the_card_gives_it(answer, counter):
    card = bank_card()
    if answer is not None:
        card._answers[bytes.fromhex("80CA9F3600")] = bytes.fromhex(answer)
    assert run(bank.read(card)).counter == counter


def test_a_card_without_a_bank_application_is_told():
    with pytest.raises(WrongCard, match="bank"):
        run(bank.read(FileCard({})))


@pytest.mark.parametrize("afl", ["080101", "08010100" * 9])
def test_a_file_list_that_is_none_is_a_protocol_error(afl):
    with pytest.raises(ProtocolError, match="AFL"):
        run(bank.read(bank_card(afl=afl)))


def test_no_card_makes_us_read_for_ever():
    card = bank_card(afl="0801FF00" * 8)
    card._answers[bytes.fromhex("00B2010C00")] = tlv("70")
    with pytest.raises(CardError):
        run(bank.read(card))
    assert len(card.commands) < 25


# -- tags -----------------------------------------------------------------------------------


def ndef_tag(message, most=250):
    cc = bytes.fromhex("000F20") + most.to_bytes(2, "big") + bytes.fromhex("003B0406E104040000FF")
    files = {b"\xe1\x03": cc, b"\xe1\x04": len(message).to_bytes(2, "big") + message}

    class Tag(FileCard):
        def _answer(self, command):
            if command[1] == 0xA4:
                if command[2] == 0:
                    self._file = command[5:7]
                return b"\x90\x00"
            offset = command[2] << 8 | command[3]
            return files[self._file][offset : offset + command[4]] + b"\x90\x00"

    return Tag({})


@pytest.mark.parametrize("most", [16, 59, 255])
def test_text_and_addresses_are_read_from_a_type_4_tag(most):
    text = bytes.fromhex("9101") + bytes([3 + 9]) + b"T\x02zh" + "图书馆".encode()
    uri = bytes.fromhex("5101") + bytes([1 + 11]) + b"U\x04example.org"
    found = run(tags.read_ndef(ndef_tag(text + uri, most)))
    assert [(r.kind, r.text) for r in found] == [
        ("text", "图书馆"), ("uri", "https://example.org"),
    ]  # fmt: skip


def test_messages_by_ndeflib_are_read_as_it_wrote_them():
    """Every identifier code of an address, short and long records, texts in both encodings."""
    prefixes = [prefix for prefix in ndef.UriRecord._prefix_strings if prefix]
    addresses = [prefix + "example" for prefix in prefixes] + [
        "geo:31.8,117.2",
        "urn:" + "x" * 300,
    ]
    assert len(addresses) > 30
    for address in addresses:
        found = tags.parse(b"".join(ndef.message_encoder([ndef.UriRecord(address)])))
        assert [(r.kind, r.text) for r in found] == [("uri", address)]
    for encoding, kind in (("UTF-8", "text"), ("UTF-16", "other")):
        record = ndef.TextRecord("图书馆" * 40, "zh-Hans", encoding)
        found = tags.parse(b"".join(ndef.message_encoder([record])))
        assert [(r.kind, r.text) for r in found] == [(kind, record.text if kind == "text" else "")]


def test_a_message_that_is_too_long_is_refused():
    with pytest.raises(ProtocolError, match="limit 1024"):
        run(tags.read_ndef(ndef_tag(bytes(1025))))


def test_a_random_uid_is_no_identity():
    card = FileCard({})
    assert tags.uid_of(card) == bytes.fromhex("04A1B2C3")
    card.uid = bytes.fromhex("08A1B2C3")
    with pytest.raises(WrongCard):
        tags.uid_of(card)


@pytest.mark.parametrize("read", [social.read, bank.read, tags.read_ndef])
def test_p7_random_answers_end_in_a_typed_error(read):
    seed = 12
    print("seed", seed)
    rng = random.Random(seed)
    endings = (b"\x90\x00", b"\x6a\x82", b"\x69\x82", b"\x6a\x83", b"")

    class Noise(FileCard):
        def _answer(self, command):
            return rng.randbytes(rng.randrange(40)) + rng.choice(endings)

    for _ in range(400):
        card = Noise({})
        try:
            run(read(card))
        except CardError:
            pass
        assert len(card.commands) < 60


def test_p7_any_ndef_message_is_records_or_a_protocol_error():
    rng = random.Random(5)
    for _ in range(2000):
        try:
            tags.parse(rng.randbytes(rng.randrange(60)))
        except ProtocolError:
            pass
