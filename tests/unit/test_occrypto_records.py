"""Records of both backends against ocwire's own writer, TACs in bulk against single ones."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocwire import record
from test_occrypto import KEY, backends, exactly, examples, few

BODIES = st.lists(st.binary(max_size=188), max_size=6)
SEQ = st.integers(0, 0xFFFFFFF0)
MAC = exactly(4)


def journal(key, seq, before, bodies):
    """Records back to back, numbered from seq, the first one after the MAC `before`."""
    out = []
    for i, body in enumerate(bodies):
        raw = record.seal(key, seq + i, before, 0x40 + i, body)
        before = raw[-8:-4]
        out.append(raw)
    return out


@backends
def test_right_records_are_counted_whole(crypto):
    @examples(crypto)
    @given(KEY, SEQ, MAC, BODIES, st.binary(max_size=11))
    def counted(key, seq, before, bodies, rest):
        records = journal(key, seq, before, bodies)
        data = b"".join(records)
        want = (len(records), len(data))
        assert crypto.records_check(data) == want
        assert crypto.records_check(data + rest) == want  # too short to be another
        assert crypto.records_verify(key, seq, before, data + rest) == want
        assert crypto.records_verify(key, seq, before, memoryview(data)) == want
        assert len(record.split(data, seq)) == want[0]

    counted()


@backends
def test_they_stop_at_the_first_altered_record(crypto):
    @examples(crypto)
    @given(KEY, SEQ, MAC, BODIES.filter(bool), st.data())
    def stop(key, seq, before, bodies, draw):
        records = journal(key, seq, before, bodies)
        data = bytearray(b"".join(records))
        bit = draw.draw(st.integers(0, 8 * len(data) - 1))
        data[bit // 8] ^= 1 << bit % 8
        whole = size = 0
        for raw in records:
            if size + len(raw) > bit // 8:
                break
            whole, size = whole + 1, size + len(raw)
        assert crypto.records_check(data) == (whole, size)
        assert crypto.records_verify(key, seq, before, data) == (whole, size)

    stop()


@backends
def test_a_right_crc_does_not_make_a_record_authentic(crypto):
    @few
    @given(KEY, KEY, SEQ, MAC, BODIES.filter(lambda bodies: len(bodies) > 1))
    def no_proof(key, other, seq, before, bodies):
        records = journal(key, seq, before, bodies)
        data = b"".join(records)
        if other != key:
            assert crypto.records_verify(other, seq, before, data) == (0, 0)
        assert crypto.records_verify(key, seq + 1, before, data) == (0, 0)
        assert crypto.records_verify(key, seq ^ 0x10000, before, data) == (0, 0)
        assert crypto.records_verify(key, seq, bytes(x ^ 1 for x in before), data) == (0, 0)
        first = len(records[0])
        gap = records[0] + b"".join(records[2:])
        assert crypto.records_verify(key, seq, before, gap) == (1, first)
        twice = records[0] + data
        assert crypto.records_verify(key, seq, before, twice) == (1, first)
        assert crypto.records_check(twice) == (len(records) + 1, len(twice))
        rest = data[first:]
        assert crypto.records_verify(key, seq + 1, records[0][-8:-4], rest)[0] == len(records) - 1

    no_proof()


@backends
def test_every_cut_leaves_only_whole_records(crypto):
    key, before = bytes(range(16)), bytes(4)
    records = journal(key, 65_534, before, [b"", b"a" * 188, b"bc", b"d" * 20])
    data = b"".join(records)
    ends = [sum(map(len, records[:i])) for i in range(len(records) + 1)]
    for cut in range(len(data) + 1):
        count = sum(end <= cut for end in ends) - 1
        assert crypto.records_check(data[:cut]) == (count, ends[count])
        assert crypto.records_verify(key, 65_534, before, data[:cut]) == (count, ends[count])


@backends
@pytest.mark.parametrize("size", [0, 1, 4, 11, 201, 255])
def test_a_size_byte_out_of_range_ends_the_count(crypto, size):
    raw = bytes([size]) + bytes(max(size, 4) - 5 if size > 4 else 0)
    raw = (raw + zlib.crc32(raw).to_bytes(4, "big")).ljust(300, b"\0")
    assert crypto.records_check(raw) == (0, 0)


@backends
def test_wrong_arguments_are_told(crypto):
    for args, kind, text in (
        ((bytes(15), 1, bytes(4), b""), ValueError, "key must be 16 bytes"),
        ((None, 1, bytes(4), b""), TypeError, "object with buffer protocol required"),
        ((bytes(16), None, bytes(4), b""), TypeError, "first_seq must be an int"),
        ((bytes(16), True, bytes(4), b""), TypeError, "first_seq must be an int"),
        ((bytes(16), -1, bytes(4), b""), ValueError, "first_seq must be 0 to 4294967295"),
        ((bytes(16), 1 << 32, bytes(3), b""), ValueError, "first_seq must be 0 to 4294967295"),
        ((bytes(16), 1, bytes(3), None), ValueError, "mac_before must be 4 bytes"),
        ((bytes(16), 1, bytes(4), "text"), TypeError, "object with buffer protocol required"),
    ):
        with pytest.raises(kind) as raised:
            crypto.records_verify(*args)
        assert str(raised.value) == text
    with pytest.raises(TypeError, match="buffer protocol"):
        crypto.records_check(5)


@backends
def test_tacs_in_bulk_are_those_of_single_calls(crypto):
    @examples(crypto)
    @given(
        KEY,
        st.integers(0, 30),
        st.integers(0, 5),
        st.booleans(),
        st.randoms(use_true_random=False),
    )
    def same(dtk, size, count, is_master, rng):
        items = [(rng.randbytes(8), rng.randbytes(size)) for _ in range(count)]
        data = b"".join(factor + text for factor, text in items)
        want = b"".join(
            crypto.pboc_tac(crypto.diversify_des(dtk, factor) if is_master else dtk, text)
            for factor, text in items
        )
        assert crypto.pboc_tacs(dtk, data, size, is_master) == want
        if is_master:
            assert crypto.pboc_tacs(dtk, memoryview(data), size) == want

    same()


@backends
def test_tacs_of_half_an_item_are_refused(crypto):
    for items, size in ((bytes(29), 22), (bytes(7), 0), (b"1", 5)):
        with pytest.raises(ValueError, match="multiple"):
            crypto.pboc_tacs(bytes(16), items, size)
    with pytest.raises(ValueError, match="dtk"):
        crypto.pboc_tacs(bytes(15), b"", 1)
    with pytest.raises(ValueError, match="text_size"):
        crypto.pboc_tacs(bytes(16), b"", -1)
    assert crypto.pboc_tacs(bytes(16), b"", 22) == b""
