"""The shared formats, for any runtime: plain functions, assert only, no pytest, no Hypothesis.

pytest collects the test_* functions on CPython; on MicroPython (unix port, virtual Pico) `run()`
runs them all and returns how many there were. A failure is an AssertionError of that function.
"""

import struct
from binascii import hexlify, unhexlify

import occrypto
from ocwire import bundle, calendar, frame, message, packed, record, sector, session
from ocwire import chain as chain_of
from ocwire.errors import BundleError, MessageError, RecordError, SessionError

KEY = unhexlify("000102030405060708090a0b0c0d0e0f")
NOW_S = 1767225600
TERMINAL = unhexlify("112233445566")


def raises(kind, function, *args):
    """The exception of this kind that function(*args) raises; AssertionError if there is none."""
    try:
        function(*args)
    except kind as error:
        return error
    raise AssertionError("no " + kind.__name__)


def noise(size, state=1):
    """Repeatable bytes that look random, the same on every runtime."""
    out = bytearray(size)
    for i in range(size):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out[i] = state >> 16 & 0xFF
    return bytes(out)


def refusal(n):
    """A REFUSED body."""
    return record.pack(
        record.REFUSED, NOW_S + n, record.HOTLISTED, bytes(9) + bytes((n & 255,)), n
    )


def chain(count, first=1, before=record.FIRST_MAC):
    """`count` sealed records as a list of bytes."""
    out = []
    for n in range(count):
        raw = record.seal(KEY, first + n, before, record.REFUSED, refusal(n))
        out.append(raw)
        before = raw[-8:-4]
    return out


# -- calendar -------------------------------------------------------------------------------


def test_known_instants_in_china_standard_time():
    for unix_s, text in (
        (0, "19700101080000"),
        (951753600, "20000229000000"),
        (1709136000, "20240229000000"),
        (1738298096, "20250131123456"),
        (1767225600, "20260101080000"),
        (4102415999, "20991231235959"),
    ):
        raw = calendar.to_bcd(unix_s)
        assert hexlify(raw).decode() == text, text
        assert calendar.from_bcd(raw) == unix_s


def test_every_day_from_1970_to_2105_follows_the_one_before():
    before = calendar.civil(-calendar.CST_OFFSET_S)
    assert before == (1970, 1, 1, 0, 0, 0)
    for day in range(1, 49673, 13):
        year, month, mday, hour, minute, second = calendar.civil(day * 86400 - 28800)
        assert (hour, minute, second) == (0, 0, 0)
        assert (year, month, mday) > before[:3]
        assert calendar.unix(year, month, mday) == day * 86400 - 28800
        before = (year, month, mday)


def test_what_is_no_date_is_refused():
    for text in (
        "20250229000000",
        "21000229000000",
        "20251301000000",
        "20250001000000",
        "20250132000000",
        "20250100000000",
        "20250131240000",
        "20250131126000",
        "20250131123460",
        "19691231235959",
        "2025013112345a",
        "a0250131123456",
        "202501311234",
        "",
    ):
        raises(ValueError, calendar.from_bcd, unhexlify(text))


# -- records --------------------------------------------------------------------------------


def test_a_record_holds_what_was_put_in():
    body = record.pack(record.RESULT, 7, NOW_S, record.PROVED, 4800, b"TAC.", b"MAC2")
    raw = record.seal(KEY, 70000, b"mac.", record.RESULT, body)
    assert raw[0] == len(raw) == 33 and raw[1] == record.RESULT
    assert record.size_at(raw, 0, len(raw)) == len(raw)
    assert record.seq_at(raw, 0, 69000) == 70000
    item = record.Record(70000, raw)
    assert item.fields() == {
        "intent_seq": 7,
        "time_s": NOW_S,
        "outcome": record.PROVED,
        "balance": 4800,
        "tac": b"TAC.",
        "mac2": b"MAC2",
    }
    assert item.is_authentic(KEY, b"mac.")
    assert not item.is_authentic(KEY, b"mac,")
    assert not item.is_authentic(bytes(16), b"mac.")
    assert not record.Record(70001, raw).is_authentic(KEY, b"mac.")
    assert record.time_s(item.kind, item.body) == NOW_S


def test_a_record_is_these_bytes():
    body = record.pack(record.ACKNOWLEDGED, 0x69000000, 0x00010203)
    raw = record.seal(KEY, 0x12345678, b"\xa1\xa2\xa3\xa4", record.ACKNOWLEDGED, body)
    assert hexlify(raw[:12]) == b"140256786900000000010203"
    assert hexlify(raw[12:]) == VECTOR_TAIL, hexlify(raw[12:])


# computed with OpenSSL (CMAC, HMAC, SM4, SM3) and zlib, not with this project's code
VECTOR_TAIL = b"9ababcc49ebcbcf2"


def test_every_single_bit_flip_of_a_record_is_found():
    raw = bytearray(chain(1)[0])
    for bit in range(len(raw) * 8):
        raw[bit // 8] ^= 1 << bit % 8
        assert record.size_at(raw, 0, len(raw)) == 0, bit
        raw[bit // 8] ^= 1 << bit % 8
    assert record.size_at(raw, 0, len(raw)) == len(raw)


def test_every_truncation_of_a_record_is_found():
    raw = chain(1)[0]
    for size in range(len(raw)):
        assert record.size_at(raw[:size], 0, size) == 0
        assert record.size_at(raw, 0, size) == 0


def test_a_body_that_is_too_long_is_refused():
    limit = record.MAX_SIZE - record.MIN_SIZE
    assert len(record.seal(KEY, 1, bytes(4), 0x77, bytes(limit))) == record.MAX_SIZE
    raises(RecordError, record.seal, KEY, 1, bytes(4), 0x77, bytes(limit + 1))


def test_unknown_kinds_and_wrong_sizes_are_told():
    assert "newer firmware" in str(raises(RecordError, record.fields, 0x77, b""))
    assert "boot" in str(raises(RecordError, record.fields, record.BOOT, b"123"))
    assert record.time_s(0x77, b"") == 0 and record.time_s(record.BOOT, b"123") == 0
    assert record.name(0x77) == "kind 77"


def test_sequence_numbers_go_on_over_16_and_up_to_32_bits():
    for seq in (1, 0xFFFF, 0x10000, 0x10001, 0x1FFFF, 0xFFFFFFFE):
        raw = record.seal(KEY, seq, bytes(4), record.REFUSED, refusal(1))
        for below in (0, 1, 2, 1000, 65535):
            if seq >= below:
                assert record.seq_at(raw, 0, seq - below) == seq


def test_a_batch_is_split_into_its_records_and_damage_in_it_is_told():
    raws = chain(20, first=65530)
    items = record.split(b"".join(raws), 65530)
    assert [item.seq for item in items] == list(range(65530, 65550))
    assert [item.raw for item in items] == raws
    broken = bytearray(b"".join(raws))
    broken[5 * len(raws[0]) + 9] ^= 4
    assert "after 65534" in str(raises(RecordError, record.split, broken, 65530))
    raises(RecordError, record.split, b"".join(raws)[:-1], 65530)
    assert record.split(b"", 1) == []


# -- sectors --------------------------------------------------------------------------------

LAYOUT = sector.Layout()


def intent(seq, serial=b"\x31\x04\x44\x03\0\0\x12\x34\x56\x78", time_s=NOW_S, amount=1200, gap=7):
    """An INTENT body."""
    return record.pack(
        record.INTENT, 1, serial, time_s, amount, 20000, 300, seq + gap, b"rand", 1, 0, 1, 6
    )


def base():
    """The context of a sector that begins with record 70000."""
    return packed.context(69998, intent(69998), NOW_S, 70000)


def marks_of(number=385):
    """The marks of an opened sector, as they lie in flash."""
    raw = bytearray(b"\xff" * LAYOUT.marks_size)
    mark = sector.opened_mark(number, b"mac.", 69000, 65537, base())
    raw[:48] = mark
    raw[LAYOUT.erased_at : LAYOUT.erased_at + 16] = sector.erased_mark(9)
    raw[LAYOUT.copy_at : LAYOUT.copy_at + 48] = mark
    return raw


def test_marks_hold_what_was_put_in():
    marks = LAYOUT.marks(bytes(marks_of()))
    assert LAYOUT.marks_size == 112
    assert (marks.erases, marks.number, marks.first_seq) == (9, 385, 70000)
    assert (marks.mac_before, marks.acked, marks.boots) == (b"mac.", 69000, 1)
    assert not marks.is_clean and not marks.is_blank and not marks.is_other
    found, wanted = marks.context, base()
    for name in ("profile", "prefix", "amount", "time_s", "gap", "first_seq"):
        assert getattr(found, name) == getattr(wanted, name), name


def test_a_sector_is_blank_then_clean_then_opened():
    blank = LAYOUT.marks(b"\xff" * 112)
    assert blank.is_blank and not blank.is_clean and not blank.number and blank.erases is None
    raw = bytearray(b"\xff" * 112)
    raw[48:64] = sector.erased_mark(1)
    clean = LAYOUT.marks(bytes(raw))
    assert clean.is_clean and not clean.is_blank and not clean.number
    for at in (0, 47, 64, 111):
        torn = bytearray(raw)
        torn[at] = 0
        torn = LAYOUT.marks(bytes(torn))
        assert not torn.is_clean and not torn.is_blank and not torn.number, at


def test_no_bit_flip_in_the_marks_hides_the_sector():
    whole = marks_of()
    for bit in range(112 * 8):
        raw = bytearray(whole)
        raw[bit // 8] ^= 1 << bit % 8
        marks = LAYOUT.marks(bytes(raw))
        assert marks.number == 385 and not marks.is_clean and not marks.is_blank, bit
        assert (marks.erases is None) == (48 * 8 <= bit < 64 * 8), bit


def test_a_sector_of_another_version_is_not_taken_for_ours():
    raw = bytearray(b"\xff" * 112)
    for at in (0, 48):  # version 1 had its mark at the start
        other = bytearray(sector.erased_mark(9))
        other[3] = 1 if at == 0 else sector.FORMAT_VERSION + 1
        other[12:16] = struct.pack(">I", record.occrypto.crc32(other[:12]))
        found = bytearray(raw)
        found[at : at + 16] = other
        marks = LAYOUT.marks(bytes(found))
        assert marks.is_other and not marks.number and not marks.is_clean and not marks.is_blank


def test_what_every_purchase_takes_is_36_bytes():
    body = intent(70001, b"\x31\x04\x44\x03\0\x99\x12\x34\x56\x78", NOW_S + 9)
    raw = packed.pack(base(), 70001, record.INTENT, body, b"mac.")
    short = record.pack(record.DEBITED, 0, b"TAC.")
    assert len(raw) == 22
    assert len(packed.pack(base(), 70002, record.DEBITED, short, b"mac.")) == 14
    dearer = intent(70001, b"\x31\x04\x44\x03\0\x99\x12\x34\x56\x78", NOW_S + 9, 1350)
    assert len(packed.pack(base(), 70001, record.INTENT, dearer, b"mac.")) == 23


def test_records_in_flash_are_these_bytes():
    """The layout of SPEC.md, written out by hand; the CRC is zlib's."""
    body = intent(70001, b"\x31\x04\x44\x03\0\x99\x12\x34\x56\x78", NOW_S + 9)
    raw = packed.pack(base(), 70001, record.INTENT, body, b"mac.")
    assert hexlify(raw[:-4]) == b"4071510009991234567" + b"84e20012c72616e64"
    raw = packed.pack(base(), 70002, record.DEBITED, b"\x05TAC.", b"mac.")
    assert hexlify(raw[:-4]) == b"85725441432e6d61632e"
    raw = packed.pack(base(), 70003, record.REFUSED, b"body", b"mac.")
    assert hexlify(raw[:-4]) == b"100f73626f64796d61632e"


def test_an_intent_comes_back_whatever_differs_from_the_context():
    for other in (
        intent(70001),
        intent(70001, amount=1201),
        intent(70001, amount=70000),
        intent(70001, amount=500),
        intent(70001, gap=8),
        intent(70001, gap=-70),
        intent(70001, time_s=NOW_S - 1),
        intent(70001, time_s=NOW_S + 65536),
        intent(70001, time_s=NOW_S + (1 << 24)),
        intent(70001, serial=bytes(10)),
        intent(70001) + b"payload",
        bytes((2,)) + intent(70001)[1:-1] + b"\x09",
    ):
        raw = packed.pack(base(), 70001, record.INTENT, other, b"mac.")
        assert packed.size_at(raw, 0, len(raw)) == len(raw)
        found = packed.unpack(base(), raw, 0, len(raw), 70000)
        assert found == (70001, record.INTENT, other, None)


def test_sequence_numbers_in_flash_go_on_over_8_and_up_to_32_bits():
    for seq in (256, 0xFFFF, 0x10000, 0x1FFFF, 0xFFFFFFFE):
        raw = packed.pack(base(), seq, record.REFUSED, refusal(1), bytes(4))
        for below in (0, 1, 2, 100, 255):
            assert packed.unpack(base(), raw, 0, len(raw), seq - below)[0] == seq


def test_reading_resumes_behind_damage():
    marks = LAYOUT.marks(bytes(marks_of()))
    raw = marks_of()
    parts = [packed.pack(base(), 70000 + n, record.REFUSED, refusal(n), b"mac.") for n in range(5)]
    for part in parts:
        raw.extend(part)
    raw.extend(b"\xff" * (4096 - len(raw)))
    found = [(r[0], r[2]) for r in sector.records(LAYOUT, marks, raw)]
    assert found == [(70000 + n, refusal(n)) for n in range(5)]
    raw[112 + 2 * len(parts[0]) + 5] ^= 0x80
    found = list(sector.records(LAYOUT, marks, raw))
    assert [r[0] for r in found] == [70000, 70001, 70003, 70004]
    at, seq = found[2][4], found[2][0]
    assert [r[0] for r in sector.records(LAYOUT, marks, raw, (at, seq))] == [70003, 70004]


def test_any_sector_is_read_without_an_error():
    for state in range(1, 20):
        raw = noise(4096, state)
        marks = LAYOUT.marks(bytes(marks_of()))
        assert list(sector.records(LAYOUT, marks, raw)) == []
        LAYOUT.marks(bytes(raw[:112]))


def test_marks_keep_clear_of_each_others_words_where_flash_has_error_correction():
    for unit in (8, 16, 32):
        layout = sector.Layout(unit)
        for at in (layout.erased_at, layout.copy_at, layout.marks_size):
            assert at % unit == 0
        assert layout.erased_at >= 48 and layout.copy_at >= layout.erased_at + 16


def test_the_short_result_stands_for_the_whole_one():
    body = intent(9)
    whole = record.pack(record.RESULT, 9, NOW_S + 5, record.DONE, 18800, b"TAC.", record.NO_MAC2)
    assert record.shortest(10, record.RESULT, whole, body) == (record.DEBITED, b"\x05TAC.")
    assert record.as_result(10, record.DEBITED, b"\x05TAC.", body) == whole
    for other in (
        record.pack(record.RESULT, 8, NOW_S + 5, record.DONE, 18800, b"TAC.", record.NO_MAC2),
        record.pack(record.RESULT, 9, NOW_S + 64, record.DONE, 18800, b"TAC.", record.NO_MAC2),
        record.pack(record.RESULT, 9, NOW_S - 1, record.DONE, 18800, b"TAC.", record.NO_MAC2),
        record.pack(record.RESULT, 9, NOW_S + 5, record.PROVED, 18800, b"TAC.", record.NO_MAC2),
        record.pack(record.RESULT, 9, NOW_S + 5, record.DONE, 18801, b"TAC.", record.NO_MAC2),
        record.pack(record.RESULT, 9, NOW_S + 5, record.DONE, 18800, b"TAC.", b"MAC2"),
    ):
        assert record.shortest(10, record.RESULT, other, body) == (record.RESULT, other)
    assert record.shortest(10, record.RESULT, whole, None) == (record.RESULT, whole)


def test_the_chain_goes_through_intents_and_stops_at_a_gap():
    texts = [record.content(5 + n, record.INTENT, intent(5 + n)) for n in range(2)]
    first = record.mac(KEY, 5, b"mac.", texts[0])
    made = chain_of.Chain(KEY, b"mac.", 5)
    assert made.mac == b"mac."
    made.take(5, record.INTENT, intent(5), None)
    made.take(6, record.INTENT, intent(6), None)
    assert made.mac == record.mac(KEY, 6, first, texts[1])
    made.take(7, record.REFUSED, refusal(1), b"own.")
    assert made.mac == b"own."
    made.take(9, record.INTENT, intent(9), None)
    assert made.mac == record.UNKNOWN_MAC
    made.take(10, record.REFUSED, refusal(1), b"own2")
    assert made.mac == b"own2"
    begun = chain_of.Chain(KEY, b"mac.", 4)  # record 4 is missing before the first one
    begun.take(5, record.INTENT, intent(5), None)
    assert begun.mac == record.UNKNOWN_MAC


# -- frames ---------------------------------------------------------------------------------


def test_frames_come_out_as_they_went_in_whatever_the_portions():
    payloads = [noise(size, size) for size in (1, 2, 3, 63, 64, 255, 256, 2111, 2112)]
    stream = b"".join([frame.encode(p) for p in payloads])
    for step in (1, 2, 7, 256, len(stream)):
        decoder, out = frame.Decoder(), []
        for start in range(0, len(stream), step):
            out += decoder.feed(stream[start : start + step])
        assert out == payloads and decoder.dropped == 0, step


def test_a_frame_is_these_bytes():
    assert hexlify(frame.encode(b"123456789")) == b"c51c0009" + FRAME_TAIL, hexlify(
        frame.encode(b"123456789")
    )


FRAME_TAIL = b"79be313233343536373839cbf43926"


def test_payloads_of_no_or_too_many_bytes_are_refused():
    raises(ValueError, frame.encode, b"")
    raises(ValueError, frame.encode, bytes(frame.MAX_PAYLOAD + 1))


def test_noise_around_frames_is_dropped_and_counted():
    payload = b"payload"
    for state in range(1, 40):
        decoder = frame.Decoder()
        before, behind = noise(state, state), noise(50, state + 100)
        out = decoder.feed(before + frame.encode(payload) + behind + frame.encode(payload))
        assert out == [payload, payload]
        assert decoder.dropped == len(before) + len(behind)


def test_every_bit_flip_of_a_frame_is_found_and_the_next_frame_is_read():
    good, other = frame.encode(b"first one"), frame.encode(b"second")
    for bit in range(len(good) * 8):
        raw = bytearray(good)
        raw[bit // 8] ^= 1 << bit % 8
        assert frame.Decoder().feed(bytes(raw) + other) == [b"second"], bit


def test_a_sync_inside_a_payload_is_no_frame():
    payload = frame.SYNC * 10 + frame.encode(b"inner")
    decoder = frame.Decoder()
    assert decoder.feed(frame.encode(payload)) == [payload]


def test_a_frame_that_was_begun_is_forgotten_on_reset():
    decoder = frame.Decoder()
    assert decoder.feed(frame.encode(bytes(100))[:50]) == []
    decoder.reset()
    assert decoder.dropped == 50
    assert decoder.feed(frame.encode(b"next")) == [b"next"]


# -- messages -------------------------------------------------------------------------------


def test_messages_come_out_as_they_went_in():
    for values in (
        (message.HELLO, (1, bytes(range(16))), b""),
        (message.HELLO | message.ANSWER, (1, 2, TERMINAL, bytes(16)), b"rp2_pico 0.1.0"),
        (message.SEALED, (0xFFFFFFFF,), b"x"),
        (message.STATUS, (), b""),
        (message.STATUS | message.ANSWER, (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), b""),
        (message.PULL, (1, 65536), b""),
        (message.RECORDS, (1,), bytes(2048)),
        (message.ACKNOWLEDGE, (77, b"mac."), b""),
        (message.HOTLIST, (1, 2, 1), bytes(20)),
        (message.PROVISION, (TERMINAL, KEY, KEY, KEY, 1, 1), b"{}"),
        (message.ERROR, (0x11, message.E_FAILED), b"text"),
    ):
        kind, fields, tail = values
        assert message.unpack(message.pack(kind, *fields, tail=tail)) == values


def test_truncated_and_overlong_messages_are_refused():
    for kind in message._FORMATS:
        size = struct.calcsize(message._FORMATS[kind])
        for short in range(size):
            raises(MessageError, message.unpack, bytes((kind,)) + bytes(short))
        whole = bytes((kind,)) + bytes(size)
        assert message.unpack(whole)[0] == kind
        if kind in message._HAS_TAIL:
            assert message.unpack(whole + b"tail")[2] == b"tail"
        else:
            raises(MessageError, message.unpack, whole + b"x")


def test_unknown_messages_are_refused_by_number():
    known = message._FORMATS
    for kind in range(256):
        if kind not in known:
            assert f"{kind:02x}" in str(raises(MessageError, message.unpack, bytes((kind, 0))))
    raises(MessageError, message.unpack, b"")


# -- sessions -------------------------------------------------------------------------------


def pair():
    """Both sides of a session."""
    nonces = noise(16, 3), noise(16, 4)
    return (
        session.Session(session.HOST, KEY, TERMINAL, *nonces),
        session.Session(session.TERMINAL, KEY, TERMINAL, *nonces),
    )


def opened(side, sealed):
    """What `side` reads in a SEALED message."""
    _, (counter,), tail = message.unpack(sealed)
    return side.open(counter, tail)


def test_what_one_side_seals_the_other_opens_both_ways():
    host, terminal = pair()
    for n in range(1, 20):
        text = noise(n * 50, n)
        sealed = host.seal(text)
        assert text not in sealed
        assert opened(terminal, sealed) == text
        assert opened(host, terminal.seal(text)) == text


def test_replayed_and_reordered_messages_are_refused_and_lost_ones_are_not_missed():
    host, terminal = pair()
    sealed = [host.seal(bytes((n, 1))) for n in range(5)]
    assert opened(terminal, sealed[0]) == b"\x00\x01"
    assert opened(terminal, sealed[3]) == b"\x03\x01"  # two were lost
    for old in (0, 1, 2, 3):
        raises(SessionError, opened, terminal, sealed[old])
    assert opened(terminal, sealed[4]) == b"\x04\x01"


def test_a_message_sent_back_to_its_sender_is_refused():
    host, _ = pair()
    raises(SessionError, opened, host, host.seal(b"mirror"))


def test_every_bit_flip_of_a_sealed_message_is_refused_and_does_no_harm():
    host, terminal = pair()
    sealed = host.seal(b"debit nothing")
    for bit in range(8, len(sealed) * 8):
        raw = bytearray(sealed)
        raw[bit // 8] ^= 1 << bit % 8
        raises(SessionError, opened, terminal, bytes(raw))
    assert opened(terminal, sealed) == b"debit nothing"


def test_short_sealed_messages_are_refused():
    _, terminal = pair()
    for size in range(session.SEAL_SIZE + 1):
        raises(SessionError, terminal.open, 1, bytes(size))


def test_sessions_with_another_key_nonce_or_terminal_share_nothing():
    nonces = noise(16, 3), noise(16, 4)
    host, _ = pair()
    sealed = host.seal(b"text")
    for key, terminal_id, pair_of in (
        (bytes(16), TERMINAL, nonces),
        (KEY, bytes(6), nonces),
        (KEY, TERMINAL, (nonces[0], bytes(16))),
        (KEY, TERMINAL, (bytes(16), nonces[1])),
    ):
        other = session.Session(session.TERMINAL, key, terminal_id, *pair_of)
        raises(SessionError, opened, other, sealed)


def test_proofs_differ_by_side_key_terminal_and_nonces():
    a, b = noise(16, 1), noise(16, 2)
    proofs = [
        session.proof(KEY, session.HOST, TERMINAL, a, b),
        session.proof(KEY, session.TERMINAL, TERMINAL, a, b),
        session.proof(KEY, session.HOST, TERMINAL, b, a),
        session.proof(KEY, session.HOST, bytes(6), a, b),
        session.proof(bytes(16), session.HOST, TERMINAL, a, b),
    ]
    assert len(set(proofs)) == 5 and all(len(p) == session.PROOF_SIZE for p in proofs)
    assert hexlify(session.proof(KEY, session.HOST, TERMINAL, a, b)) == PROOF, hexlify(proofs[0])


PROOF = b"af12ac0c699a0882a051a69e49417496"


# -- bundles ----------------------------------------------------------------------------------


def header():
    digest = unhexlify("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
    made = bundle.Header(3, (1, 2, 3), bundle.MAY_DOWNGRADE, "unix", noise(8), (1, 2), digest)
    signed = occrypto.sm2_digest(ROOT, made.signed_part())
    made.signature = occrypto.sm2_sign(unhexlify(PRIVATE), signed)
    return made


def test_a_bundles_header_is_the_same_bytes_everywhere_and_signed():
    raw = header().pack()
    assert len(raw) == bundle.HEADER_SIZE and hexlify(raw) == HEADER, hexlify(raw)
    got = bundle.unpack(bundle.page(raw) + b"abc")
    assert (got.size, got.version, got.board, got.journal) == (3, (1, 2, 3), "unix", (1, 2))
    assert got.base == noise(8) and got.may_downgrade and got.pack() == raw
    assert got.digest == occrypto.sm3(b"abc") and got.is_signed_by(ROOT)
    got.flags = 0
    assert not got.is_signed_by(ROOT)
    assert len(bundle.page(raw)) == bundle.PAGE_SIZE


def test_what_is_no_bundle_is_told_p7():
    raw = header().pack()
    for bad in (
        b"",
        raw[:-1],
        b"OCJ" + raw[3:],
        b"OCB\x02" + raw[4:],
        raw[:4] + bytes(4) + raw[8:],
    ):
        raises(BundleError, bundle.unpack, bad)
    raises(BundleError, bundle.unpack, raw[:12] + b"\xff" * 12 + raw[24:])
    for text in ("", "1.2", "1.2.3.4", "1.2.x", "1.2.256", "1.-2.3"):
        raises(BundleError, bundle.parse_version, text)
    assert bundle.parse_version("1.20.255") == (1, 20, 255)
    assert bundle.version_text(b"\x01\x14\xff") == "1.20.255"


PRIVATE = b"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
ROOT = occrypto.sm2_public_key(unhexlify(PRIVATE))
HEADER = (
    b"4f4342010000000301020301756e69780000000000000000c67e816b4bfbe2fb010266c7f0f462eeedd9d1f2"
    b"d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0d2164d7c6cfffa9a92f353a56c7a0cc38f92eaeb728c"
    b"a18593a40ce31a24808c4ca607e5353185926914e0a03028cb9ccbf10aa2bde724754bcf914077ac77ef"
)


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
