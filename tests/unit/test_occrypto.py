"""The C core (through cffi) against its pure Python twin: results, arguments, choice of backend.

The other test_occrypto_*.py hold both against other people's code and take what they share from
here.
"""

import os
import subprocess
import sys
from pathlib import Path

import occrypto
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from occrypto import _cffi, _reference

N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


def exactly(size):
    return st.binary(min_size=size, max_size=size)


def number(low, high):
    """Integers as 32 bytes."""
    return st.integers(low, high).map(lambda value: value.to_bytes(32, "big"))


KEY = exactly(16)
BLOCK8 = exactly(8)
ANY = st.binary(max_size=200)
BLOCKS16 = ANY.map(lambda data: data[: len(data) // 16 * 16])
BLOCKS8 = ANY.map(lambda data: data[: len(data) // 8 * 8])
DES_KEY = st.sampled_from((8, 16, 24)).flatmap(exactly)
CRC16 = st.integers(0, 0xFFFF)
PRIVATE = number(1, N - 2)

_CIPHER = {
    "ecb_encrypt": (KEY, BLOCKS16),
    "ecb_decrypt": (KEY, BLOCKS16),
    "cbc_encrypt": (KEY, KEY, BLOCKS16),
    "cbc_decrypt": (KEY, KEY, BLOCKS16),
    "cmac": (KEY, ANY),
    "ctr": (KEY, KEY, ANY),
}
# One strategy per argument of every function that takes `out` and every result is right for.
WITH_OUT = {
    "crc32": (ANY, st.integers(0, 0xFFFFFFFF)),
    "sm3": (ANY,),
    "sha256": (ANY,),
    "hmac_sm3": (ANY, ANY),
    "hmac_sha256": (ANY, ANY),
    **{f"{cipher}_{mode}": _CIPHER[mode] for cipher in ("sm4", "aes") for mode in _CIPHER},
    "sm4_cbc_mac": (KEY, KEY, BLOCKS16),
    "sm4_ccm_seal": (KEY, exactly(12), ANY, ANY),
    "des_ecb_encrypt": (DES_KEY, BLOCKS8),
    "des_ecb_decrypt": (DES_KEY, BLOCKS8),
    "pboc_session_key": (KEY, BLOCK8),
    "pboc_mac": (BLOCK8, ANY),
    "pboc_tac": (KEY, ANY),
    "mac_alg3": (KEY, BLOCK8, ANY),
    "diversify_des": (KEY, BLOCK8),
    "diversify_sm4": (KEY, BLOCK8),
    "sm2_z": (exactly(64), ANY),
    "sm2_digest": (exactly(64), ANY, ANY),
    "sm2_public_key": (PRIVATE,),
    "sm2_sign": (PRIVATE, exactly(32)),
}
ARGUMENTS = {
    **WITH_OUT,
    "crc_a": (ANY, CRC16),
    "crc_b": (ANY, CRC16),
    "crc_ccitt": (ANY, CRC16),
    "sm3_kdf": (ANY, st.integers(1, 300)),
    "sm2_signature_der": (exactly(64),),
    "equal": (ANY, ANY),
}
# What is left of the contract, and how many arguments it takes.
OTHERS = {
    "sm3_start": 0,
    "sm3_update": 2,
    "sm3_finish": 2,
    "sha256_start": 0,
    "sha256_update": 2,
    "sha256_finish": 2,
    "sm4_ccm_open": 5,
    "sm2_point": 1,
    "sm2_verify": 3,
    "sm2_signature": 1,
    "wipe": 1,
    "records_check": 1,
    "records_verify": 4,
    "pboc_tacs": 3,
}
quick = settings(max_examples=30, deadline=None, derandomize=True, database=None)
few = settings(quick, max_examples=8)
backends = pytest.mark.parametrize("crypto", (_cffi, _reference), ids=("cffi", "reference"))


def examples(crypto):
    """The settings for a property: the twin is slow."""
    return quick if crypto is _cffi else few


def pattern(size):
    """size bytes without a period that divides a block."""
    return bytes((7 * i + i // 251) & 0xFF for i in range(size))


@backends
def test_a_backend_has_the_names_of_the_contract_and_no_more(crypto):
    wanted = {*ARGUMENTS, *OTHERS, "binding"}
    assert wanted <= set(dir(crypto))
    if crypto is _reference:
        assert {name for name in dir(crypto) if not name.startswith("_")} == wanted


@pytest.mark.parametrize("name", ARGUMENTS)
def test_c_and_the_twin_agree_on_random_arguments(name):
    @(few if name.startswith("sm2") else quick)
    @given(st.tuples(*ARGUMENTS[name]))
    def agree(args):
        want = getattr(_reference, name)(*args)
        got = getattr(_cffi, name)(*args)
        assert type(got) is type(want) and got == want
        other = [bytearray(arg) if isinstance(arg, bytes) else arg for arg in args]
        views = [memoryview(b"x" + a + b"y")[1:-1] if isinstance(a, bytes) else a for a in args]
        assert getattr(_cffi, name)(*other) == want
        assert getattr(_cffi, name)(*views) == want
        assert getattr(_reference, name)(*views) == want

    agree()


def test_c_and_the_twin_agree_on_every_length_to_300():
    key, iv, key8 = pattern(16), pattern(32)[16:], pattern(8)
    calls = (
        ("crc_a", ()), ("crc_b", ()), ("crc_ccitt", ()), ("crc32", ()), ("sm3", ()),
        ("sha256", ()), ("hmac_sm3", (key,)), ("hmac_sha256", (key,)), ("sm4_cmac", (key,)),
        ("aes_cmac", (key,)), ("sm4_ctr", (key, iv)), ("aes_ctr", (key, iv)),
        ("pboc_mac", (key8,)), ("pboc_tac", (key,)), ("mac_alg3", (key, key8)),
        ("sm4_ccm_seal", (key, iv[:12], key8)),
    )  # fmt: skip
    for size in range(301):
        data = pattern(size)
        for name, before in calls:
            got = getattr(_cffi, name)(*before, data)
            assert got == getattr(_reference, name)(*before, data), (name, size)
        assert _cffi.hmac_sm3(data, key) == _reference.hmac_sm3(data, key), size
        assert _cffi.hmac_sha256(data, key) == _reference.hmac_sha256(data, key), size
        assert _cffi.sm3_kdf(key, size + 1) == _reference.sm3_kdf(key, size + 1), size


@backends
def test_one_buffer_may_be_key_and_data(crypto):
    shared = bytearray(pattern(16))
    for name in ("sm4_ecb_encrypt", "aes_ecb_encrypt", "hmac_sha256"):
        function = getattr(crypto, name)
        assert function(shared, shared) == function(bytes(shared), bytes(shared))
    assert shared == pattern(16)


@backends
def test_buffers_with_gaps_are_read_but_not_written(crypto):
    data = pattern(64)
    assert crypto.sm3(memoryview(data)[::2]) == crypto.sm3(data[::2])
    with pytest.raises(TypeError, match="buffer protocol"):
        crypto.wipe(memoryview(bytearray(data))[::2])
    with pytest.raises(TypeError, match="buffer protocol"):
        crypto.sm3(data, memoryview(bytearray(data))[::2])


@backends
def test_wipe_zeroes_exactly_what_it_is_given(crypto):
    data = bytearray(b"\xaa" * 20)
    crypto.wipe(memoryview(data)[3:17])
    assert data == b"\xaa" * 3 + bytes(14) + b"\xaa" * 3


def outcome(function, args):
    """The result, or the exception's type and text. Bytearrays are copied first."""
    try:
        return function(*[bytearray(arg) if type(arg) is bytearray else arg for arg in args])
    except Exception as error:
        return type(error), str(error)


ODD = (b"", bytes(7), bytes(8), bytes(12), bytes(16), bytes(31), bytes(32), b"\x01" * 32)
ODD += (bytes(64), b"\xff" * 64, b"\x02" * 33, bytearray(24), bytearray(16), bytearray(64))
ODD += ("text", 5, None, [1], 2.5, -1, True, 1 << 40, bytearray(103))


@pytest.mark.parametrize("name", (*ARGUMENTS, *(name for name in OTHERS if OTHERS[name])))
def test_argument_errors_are_equal_in_both_backends(name):
    count = OTHERS[name] if name in OTHERS else len(ARGUMENTS[name])
    counts = (count, count, count + 1) if name in WITH_OUT else (count,)
    odd = st.sampled_from(ODD)

    @quick
    @given(st.sampled_from(counts).flatmap(lambda n: st.lists(odd, min_size=n, max_size=n)))
    def equal_errors(args):
        c, twin = (outcome(getattr(m, name), args) for m in (_cffi, _reference))
        assert c == twin

    equal_errors()


@backends
def test_what_is_too_long_for_ccm_is_refused(crypto):
    key, nonce = bytes(16), bytes(12)
    text = "data must be under 16777216 bytes"
    with pytest.raises(ValueError, match=text):
        crypto.sm4_ccm_seal(key, nonce, b"", bytes(1 << 24))
    with pytest.raises(ValueError, match=text):
        crypto.sm4_ccm_open(key, nonce, b"", bytes((1 << 24) + 16))


def backend_with(value):
    """The backend a new interpreter picks with ONECARD_CRYPTO=value: (exit code, its name)."""
    native = str(Path(occrypto.__file__).parents[1])
    environ = dict(os.environ, ONECARD_CRYPTO=value, PYTHONPATH=native)
    code = "import occrypto; print(occrypto.backend)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    return done.returncode, done.stdout.strip()


def test_the_environment_chooses_the_backend_and_nothing_else_is_taken():
    assert backend_with("") == (0, "cffi")
    assert backend_with("cffi") == (0, "cffi")
    assert backend_with("reference") == (0, "reference")
    assert backend_with("fast")[0] != 0


def test_viper_is_not_for_cpython():
    with pytest.raises(ImportError, match="viper"):
        from occrypto import _viper  # noqa: F401
