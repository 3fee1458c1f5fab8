"""Properties of the shared formats under random input; examples: tests/both/test_ocwire.py."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocwire import calendar, frame, message, packed, record, sector
from ocwire.errors import RecordError, SessionError, WireError
from ocwire.session import HOST, TERMINAL, Session

KEY = bytes(range(16))
CST = timezone(timedelta(hours=8))
BODIES = st.binary(max_size=record.MAX_SIZE - record.MIN_SIZE)


@given(st.integers(0, 4_291_718_399))
def test_the_calendar_agrees_with_the_standard_library(unix_s):
    there = datetime.fromtimestamp(unix_s, UTC).astimezone(CST)
    assert calendar.civil(unix_s) == tuple(there.timetuple()[:6])
    assert calendar.to_bcd(unix_s) == bytes.fromhex(there.strftime("%Y%m%d%H%M%S"))
    assert calendar.from_bcd(calendar.to_bcd(unix_s)) == unix_s


@given(st.binary(min_size=7, max_size=7))
def test_any_seven_bytes_are_a_date_or_refused(raw):
    try:
        text = raw.hex()
        wanted = int(datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=CST).timestamp())
    except ValueError:
        wanted = None
    if wanted is None or not 1970 <= int(text[:4]) <= 2105:
        with pytest.raises(ValueError):
            calendar.from_bcd(raw)
    else:
        assert calendar.from_bcd(raw) == wanted


@given(st.integers(0, 0xFFFFFFFF), st.binary(min_size=4, max_size=4), st.integers(0, 255), BODIES)
def test_any_record_comes_back_as_it_went_in(seq, before, kind, body):
    raw = record.seal(KEY, seq, before, kind, body)
    (item,) = record.split(raw, seq)
    assert (item.seq, item.kind, item.body, item.raw) == (seq, kind, body, raw)
    assert item.is_authentic(KEY, before)


@given(BODIES, st.data())
def test_any_burst_of_up_to_32_bits_in_a_record_is_found(body, data):
    raw = bytearray(record.seal(KEY, 9, bytes(4), 1, body))
    size = data.draw(st.integers(1, 32))
    start = data.draw(st.integers(8, len(raw) * 8 - size))  # behind the size byte: see below
    pattern = data.draw(st.integers(0, 2**size - 1)) | 1 | 1 << size - 1
    for i in range(size):
        raw[(start + i) // 8] ^= (pattern >> i & 1) << 7 - (start + i) % 8
    assert record.size_at(raw, 0, len(raw)) == 0


@given(BODIES, st.integers(0, 255), st.binary(max_size=300))
def test_a_record_with_another_size_byte_is_found(body, size, behind):
    raw = bytearray(record.seal(KEY, 9, bytes(4), 1, body))
    if raw[0] != size:
        raw[0] = size
        assert record.size_at(raw + behind, 0, len(raw) + len(behind)) == 0


@given(st.binary(max_size=600), st.integers(0, 2**32 - 1))
def test_any_bytes_as_a_batch_are_refused_or_are_records(raw, seq):
    try:
        assert record.split(raw, seq) == [] and raw == b""
    except RecordError as error:
        assert "damaged record" in str(error)


LAYOUT = sector.Layout()
SECTORS = st.tuples(st.binary(max_size=600), st.integers(0, 255)).map(
    lambda t: t[0] + bytes((t[1],)) * (4096 - len(t[0]))
)


@given(SECTORS)
def test_any_sector_is_read_without_an_error(raw):
    marks = LAYOUT.marks(raw[: LAYOUT.marks_size])
    marks.context = packed.context(0, b"", 0, 5)
    assert list(sector.records(LAYOUT, marks, raw)) == []


SERIALS = st.binary(min_size=10, max_size=10)
INTENTS = st.tuples(
    st.integers(0, 255), SERIALS, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1), st.integers(0, 65535), st.integers(0, 2**32 - 1),
    st.binary(min_size=4, max_size=4), st.integers(0, 255), st.integers(0, 255),
    st.integers(0, 255), st.integers(0, 255), st.binary(max_size=100),
)  # fmt: skip


def intent(values):
    return record.pack(record.INTENT, *values[:-1], tail=values[-1])


@given(INTENTS, INTENTS, st.integers(1, 2**32 - 300), st.integers(0, 2**32 - 1), st.data())
def test_any_intent_comes_back_from_flash_as_it_went_in(usual, values, first, time_s, data):
    base = packed.context(first, intent(usual), time_s, first)
    seq = first + data.draw(st.integers(0, 255))
    alike = data.draw(st.sets(st.sampled_from(range(12))))  # fields as in the context
    mixed = tuple(usual[i] if i in alike else v for i, v in enumerate(values[:-1]))
    body = intent((*mixed, values[-1]))
    raw = packed.pack(base, seq, record.INTENT, body, b"mac.")
    assert len(raw) <= record.MIN_SIZE + len(body) and packed.size_at(raw, 0, len(raw)) == len(raw)
    assert packed.unpack(base, raw, 0, len(raw), first) == (seq, record.INTENT, body, None)


@given(BODIES, st.integers(0, 0x3F), st.integers(1, 2**32 - 300), st.integers(0, 255))
def test_any_other_record_comes_back_from_flash_as_it_went_in(body, kind, first, ahead):
    base = packed.context(0, b"", 0, first)
    if kind == record.DEBITED:
        body = bytes((ahead & 63,)) + b"TAC."
    elif kind == record.INTENT:
        kind = record.BOOT
    raw = packed.pack(base, first + ahead, kind, body, b"mac.")
    assert packed.size_at(raw + b"more", 0, len(raw) + 4) == len(raw)
    assert packed.unpack(base, raw, 0, len(raw), first) == (first + ahead, kind, body, b"mac.")


@given(INTENTS, st.data())
def test_any_burst_of_up_to_32_bits_in_a_record_in_flash_is_found(values, data):
    body = intent(values)
    base = packed.context(7, body, values[2], 7)
    kind, body = data.draw(
        st.sampled_from([(record.INTENT, body), (record.DEBITED, b"\0TAC."), (record.BOOT, body)])
    )
    raw = bytearray(packed.pack(base, 9, kind, body, b"mac."))
    size = data.draw(st.integers(1, 32))
    start = data.draw(st.integers(0, len(raw) * 8 - size))
    pattern = data.draw(st.integers(0, 2**size - 1)) | 1 | 1 << size - 1
    for i in range(size):
        raw[(start + i) // 8] ^= (pattern >> i & 1) << 7 - (start + i) % 8
    assert packed.size_at(raw, 0, len(raw)) == 0


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=80),
        st.binary(min_size=1, max_size=200).map(lambda p: ("frame", p)),
        st.sampled_from([frame.SYNC, frame.SYNC[:1], frame.SYNC * 3]),
    ),
    max_size=12,
)


@given(PIECES, st.lists(st.integers(1, 90), min_size=1, max_size=9))
def test_every_whole_frame_is_found_in_any_noise_and_any_portions(pieces, steps):
    sent = [piece[1] for piece in pieces if isinstance(piece, tuple)]
    stream = b"".join(frame.encode(p[1]) if isinstance(p, tuple) else p for p in pieces)
    decoder, out, start, n = frame.Decoder(), [], 0, 0
    while start < len(stream):
        step = steps[n % len(steps)]
        out += decoder.feed(stream[start : start + step])
        start, n = start + step, n + 1
    assert out == sent
    decoder.reset()
    assert decoder.dropped == len(stream) - sum(len(p) + frame.OVERHEAD for p in sent)


def test_the_decoder_holds_one_frame_at_most_whatever_comes():
    seed = 1
    print("seed", seed)
    rng, decoder = random.Random(seed), frame.Decoder()
    head = frame.encode(bytes(frame.MAX_PAYLOAD))[:6]
    for _ in range(400):
        kind = rng.randrange(4)
        chunk = (rng.randbytes(300), head, frame.SYNC * 100, head + rng.randbytes(200))[kind]
        decoder.feed(chunk)
        assert len(decoder._held) <= frame.MAX_PAYLOAD + frame.OVERHEAD
    # and it still hears what comes after a pause
    decoder.reset()
    assert decoder.feed(frame.encode(b"hello")) == [b"hello"]


def test_a_frame_that_lost_its_end_is_given_up_when_the_next_ones_arrive():
    decoder, out = frame.Decoder(), []
    decoder.feed(frame.encode(bytes(100))[:60])
    for n in range(4):
        out += decoder.feed(frame.encode(bytes((n,)) * 40))
    assert out == [bytes((n,)) * 40 for n in range(4)]


@given(st.binary(max_size=120))
def test_any_bytes_as_a_message_are_refused_or_understood(payload):
    try:
        kind, fields, tail = message.unpack(payload)
    except WireError:
        return
    assert message.pack(kind, *fields, tail=tail) == payload


@given(st.integers(0, 2**32 - 1), st.binary(max_size=200))
def test_any_sealed_bytes_are_refused(counter, tail):
    side = Session(TERMINAL, KEY, bytes(6), bytes(16), bytes(16))
    with pytest.raises(SessionError):
        side.open(counter, tail)


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=12), st.randoms())
def test_of_a_shuffled_session_only_rising_messages_are_taken(texts, rng):
    nonces = rng.randbytes(16), rng.randbytes(16)
    host = Session(HOST, KEY, bytes(6), *nonces)
    terminal = Session(TERMINAL, KEY, bytes(6), *nonces)
    sealed = [(message.unpack(host.seal(text)), text) for text in texts] * 2
    rng.shuffle(sealed)
    highest = 0
    for (_, (counter,), tail), text in sealed:
        if counter > highest:
            assert terminal.open(counter, tail) == text
            highest = counter
        else:
            with pytest.raises(SessionError, match="repeated"):
                terminal.open(counter, tail)
