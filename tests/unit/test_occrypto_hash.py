"""CRCs, hashes, HMAC and KDF of both backends against OpenSSL, gmssl, pycryptodome and zlib."""

import binascii
import hashlib
import hmac
import zlib

import pytest
from Cryptodome.Hash import HMAC, SHA256
from gmssl import sm3 as gmssl_sm3
from hypothesis import given
from hypothesis import strategies as st
from occrypto import _cffi
from test_occrypto import ANY, backends, examples, pattern

SIZES = range(301)


@backends
def test_hashes_agree_with_openssl_and_others_on_every_length_to_300(crypto):
    for size in SIZES:
        data = pattern(size)
        digest = crypto.sm3(data)
        assert digest == hashlib.new("sm3", data).digest(), size
        digest = crypto.sha256(data)
        assert digest == hashlib.sha256(data).digest() == SHA256.new(data).digest(), size
    for size in (0, 1, 55, 56, 64, 119, 120, 300):
        assert crypto.sm3(pattern(size)).hex() == gmssl_sm3.sm3_hash(list(pattern(size)))


@backends
def test_hmac_agrees_with_openssl_and_pycryptodome_on_every_length_to_300(crypto):
    for size in SIZES:
        data = pattern(size)
        for key, message in ((pattern(20), data), (data, pattern(33))):
            assert crypto.hmac_sm3(key, message) == hmac.digest(key, message, "sm3"), size
            mac = crypto.hmac_sha256(key, message)
            assert mac == hmac.digest(key, message, "sha256"), size
        assert crypto.hmac_sha256(data, data) == HMAC.new(data, data, SHA256).digest()


@backends
def test_a_running_hash_does_not_see_the_chunks(crypto):
    @examples(crypto)
    @given(st.lists(st.binary(max_size=150), max_size=8))
    def same(chunks):
        for name in ("sm3", "sha256"):
            start, update, finish = (
                getattr(crypto, f"{name}_{verb}") for verb in ("start", "update", "finish")
            )
            state = start()
            assert type(state) is bytearray and len(state) == 104
            for chunk in chunks:
                assert update(state, chunk) is None
            assert finish(state) == hashlib.new(name, b"".join(chunks)).digest()
            assert state == bytes(104)

    same()


@backends
@pytest.mark.parametrize("name", ("sm3", "sha256"))
def test_every_cut_in_two_gives_the_same_digest(crypto, name):
    data = pattern(200)
    want = hashlib.new(name, data).digest()
    for cut in range(201):
        state = getattr(crypto, name + "_start")()
        getattr(crypto, name + "_update")(state, data[:cut])
        getattr(crypto, name + "_update")(state, memoryview(data)[cut:])
        out = bytearray(32)
        assert getattr(crypto, name + "_finish")(state, out) is out
        assert out == want, cut


@backends
@pytest.mark.parametrize("name", ("sm3", "sha256"))
def test_a_running_hash_can_be_copied_and_two_do_not_mix(crypto, name):
    update, finish = getattr(crypto, name + "_update"), getattr(crypto, name + "_finish")
    one, other = getattr(crypto, name + "_start")(), getattr(crypto, name + "_start")()
    update(one, b"a" * 70)
    update(other, b"c" * 3)
    copy = bytearray(one)
    update(one, b"b")
    assert finish(one) == hashlib.new(name, b"a" * 70 + b"b").digest()
    assert finish(copy) == hashlib.new(name, b"a" * 70).digest()
    assert finish(other) == hashlib.new(name, b"ccc").digest()


@backends
@pytest.mark.parametrize("name", ("sm3", "sha256"))
def test_a_state_of_garbage_gives_a_digest_and_no_crash(crypto, name):
    for garbage in (bytes(104), b"\xff" * 104, pattern(104), b"\x80" * 104):
        state = bytearray(garbage)
        getattr(crypto, name + "_update")(state, pattern(65))
        digest = getattr(crypto, name + "_finish")(state)
        assert type(digest) is bytes and len(digest) == 32 and state == bytes(104)


@backends
def test_an_error_leaves_a_running_hash_as_it_is(crypto):
    state = crypto.sm3_start()
    crypto.sm3_update(state, b"abc")
    before = bytes(state)
    with pytest.raises(TypeError):
        crypto.sm3_update(state, "text")
    with pytest.raises(ValueError, match="out must be 32 bytes"):
        crypto.sm3_finish(state, bytearray(31))
    assert state == before
    assert crypto.sm3_finish(state) == hashlib.new("sm3", b"abc").digest()


def test_a_million_letters_a_hash_as_published():
    """GM/T 0004-2012 and FIPS 180-4; too long for the vectors that a terminal runs, too."""
    letters = b"a" * 1_000_000
    sm3 = "c8aaf89429554029e231941a2acc0ad61ff2a5acd8fadd25847a3a732b3b02c3"
    sha256 = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    assert _cffi.sm3(letters).hex() == sm3
    assert _cffi.sha256(letters).hex() == sha256
    state = _cffi.sm3_start()
    for start in range(0, len(letters), 4099):
        _cffi.sm3_update(state, letters[start : start + 4099])
    assert _cffi.sm3_finish(state).hex() == sm3


@backends
def test_kdf_agrees_with_gmssl_and_cuts_one_stream(crypto):
    whole = bytes.fromhex(gmssl_sm3.sm3_kdf(pattern(64).hex().encode(), 300))
    for size in range(1, 301):
        assert crypto.sm3_kdf(pattern(64), size) == whole[:size]


@backends
def test_crcs_run_on_over_any_split(crypto):
    @examples(crypto)
    @given(ANY, st.integers(0, 200), st.integers(0, 0xFFFFFFFF))
    def runs_on(data, cut, start):
        left, right = data[:cut], data[cut:]
        want = zlib.crc32(data, start)
        assert crypto.crc32(data, start) == want == binascii.crc32(data, start)
        preset = start & 0xFFFF
        assert crypto.crc_ccitt(data, preset) == binascii.crc_hqx(data, preset)
        inits = (("crc_a", 0x6363), ("crc_b", 0), ("crc_ccitt", 0xFFFF), ("crc32", 0))
        for name, init in inits:
            crc = getattr(crypto, name)
            assert crc(right, crc(left)) == crc(data) == crc(data, init)

    runs_on()


def turned(value, width):
    """The bits of value in the other order."""
    return int(f"{value:0{width}b}"[::-1], 2)


@backends
def test_crcs_agree_with_the_standard_library_on_every_length_to_300(crypto):
    for size in SIZES:
        data = pattern(size)
        swapped = bytes(turned(byte, 8) for byte in data)  # crc_hqx shifts the other way
        assert crypto.crc32(data) == zlib.crc32(data)
        assert crypto.crc_ccitt(data) == binascii.crc_hqx(data, 0xFFFF)
        assert crypto.crc_b(data) == turned(binascii.crc_hqx(swapped, 0xFFFF), 16) ^ 0xFFFF
        assert crypto.crc_a(data) == turned(binascii.crc_hqx(swapped, 0xC6C6), 16)
