"""The C core (through cffi) against its pure Python twin and against other people's code."""

import binascii
import hashlib
import hmac
import os
import subprocess
import sys
import zlib
from pathlib import Path

import occrypto
import pytest
from Cryptodome.Cipher import DES, DES3
from cryptography.hazmat.primitives import cmac as peer_cmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from gmssl import sm3 as gmssl_sm3
from gmssl import sm4 as gmssl_sm4
from hypothesis import given, settings
from hypothesis import strategies as st
from occrypto import _cffi, _reference

KEY = st.binary(min_size=16, max_size=16)
BLOCK8 = st.binary(min_size=8, max_size=8)
ANY = st.binary(max_size=200)
BLOCKS16 = ANY.map(lambda data: data[: len(data) // 16 * 16])
BLOCKS8 = ANY.map(lambda data: data[: len(data) // 8 * 8])
DES_KEY = st.sampled_from((8, 16, 24)).flatmap(lambda n: st.binary(min_size=n, max_size=n))

# One strategy per argument of every function that returns a value.
ARGUMENTS = {
    "crc_a": (ANY, st.integers(0, 0xFFFF)),
    "crc_b": (ANY, st.integers(0, 0xFFFF)),
    "crc32": (ANY, st.integers(0, 0xFFFFFFFF)),
    "sm3": (ANY,),
    "hmac_sm3": (ANY, ANY),
    "sm4_ecb_encrypt": (KEY, BLOCKS16),
    "sm4_ecb_decrypt": (KEY, BLOCKS16),
    "sm4_cbc_encrypt": (KEY, KEY, BLOCKS16),
    "sm4_cbc_decrypt": (KEY, KEY, BLOCKS16),
    "sm4_cbc_mac": (KEY, KEY, BLOCKS16),
    "sm4_cmac": (KEY, ANY),
    "sm4_ctr": (KEY, KEY, ANY),
    "des_ecb_encrypt": (DES_KEY, BLOCKS8),
    "des_ecb_decrypt": (DES_KEY, BLOCKS8),
    "pboc_session_key": (KEY, BLOCK8),
    "pboc_mac": (BLOCK8, ANY),
    "pboc_tac": (KEY, ANY),
    "mac_alg3": (KEY, BLOCK8, ANY),
    "diversify_des": (KEY, BLOCK8),
    "diversify_sm4": (KEY, BLOCK8),
    "equal": (ANY, ANY),
}
quick = settings(max_examples=30, deadline=None, derandomize=True, database=None)


def pattern(size):
    """size bytes without a period that divides a block."""
    return bytes((7 * i + i // 251) & 0xFF for i in range(size))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_c_and_the_twin_agree_on_random_arguments(name):
    @quick
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


def test_c_and_the_twin_agree_on_every_length_to_200():
    key, iv, key8 = pattern(16), pattern(32)[16:], pattern(8)
    calls = (
        ("crc_a", ()), ("crc_b", ()), ("crc32", ()), ("sm3", ()), ("sm4_cmac", (key,)),
        ("hmac_sm3", (key,)), ("sm4_ctr", (key, iv)), ("pboc_mac", (key8,)),
        ("pboc_tac", (key,)), ("mac_alg3", (key, key8)),
    )  # fmt: skip
    for size in range(201):
        data = pattern(size)
        for name, before in calls:
            got = getattr(_cffi, name)(*before, data)
            assert got == getattr(_reference, name)(*before, data), (name, size)
        assert _cffi.hmac_sm3(data, key) == _reference.hmac_sm3(data, key), size


@quick
@given(ANY)
def test_hashes_agree_with_openssl_and_gmssl(data):
    assert occrypto.sm3(data) == hashlib.new("sm3", data).digest()
    assert occrypto.sm3(data).hex() == gmssl_sm3.sm3_hash(list(data))
    assert occrypto.hmac_sm3(data[::2], data) == hmac.new(data[::2], data, "sm3").digest()


def test_a_million_letters_a_hash_as_published():
    """GM/T 0004-2012's message, too long for the shared vectors: a terminal lacks the memory."""
    digest = occrypto.sm3(b"a" * 1_000_000).hex()
    assert digest == "c8aaf89429554029e231941a2acc0ad61ff2a5acd8fadd25847a3a732b3b02c3"


def openssl(algorithm, mode, data, decrypt=False):
    cipher = Cipher(algorithm, mode)
    worker = cipher.decryptor() if decrypt else cipher.encryptor()
    return worker.update(data) + worker.finalize()


@quick
@given(KEY, KEY, BLOCKS16, ANY)
def test_sm4_agrees_with_openssl_and_gmssl(key, iv, blocks, data):
    sm4 = algorithms.SM4(key)
    ecb = openssl(sm4, modes.ECB(), blocks)
    cbc = openssl(sm4, modes.CBC(iv), blocks)
    assert occrypto.sm4_ecb_encrypt(key, blocks) == ecb
    assert occrypto.sm4_ecb_decrypt(key, ecb) == blocks
    assert occrypto.sm4_cbc_encrypt(key, iv, blocks) == cbc
    assert occrypto.sm4_cbc_decrypt(key, iv, cbc) == blocks
    assert occrypto.sm4_cbc_mac(key, iv, blocks) == (iv + cbc)[-16:]
    assert occrypto.sm4_ctr(key, iv, data) == openssl(sm4, modes.CTR(iv), data)
    mac = peer_cmac.CMAC(sm4)
    mac.update(data)
    assert occrypto.sm4_cmac(key, data) == mac.finalize()
    peer = gmssl_sm4.CryptSM4()
    peer.set_key(key, gmssl_sm4.SM4_ENCRYPT)
    assert bytes(peer.one_round(peer.sk, list(iv))) == occrypto.sm4_ecb_encrypt(key, iv)


def cryptodome_3des(key):
    """3DES from single DES: DES3 itself refuses keys with equal halves, which cards may have."""
    a, b, c = (DES.new(part, DES.MODE_ECB) for part in (key[:8], key[8:16], key[-8:]))
    return lambda data: c.encrypt(b.decrypt(a.encrypt(data)))


@quick
@given(KEY, BLOCK8, BLOCK8, ANY)
def test_des_and_pboc_agree_with_cryptodome(key, iv, block, data):
    single = DES.new(key[:8], DES.MODE_ECB)
    assert occrypto.des_ecb_encrypt(key[:8], block) == single.encrypt(block)
    assert occrypto.des_ecb_decrypt(key[:8], block) == single.decrypt(block)
    triple = cryptodome_3des(key + key[:8])
    session = triple(block)
    assert occrypto.pboc_session_key(key, block) == session
    inverse = bytes(x ^ 0xFF for x in block)
    assert occrypto.diversify_des(key, block) == session + triple(inverse)
    padded = data + b"\x80" + bytes(-(len(data) + 1) % 8)
    cbc = DES.new(key[:8], DES.MODE_CBC, iv=bytes(8))
    assert occrypto.pboc_mac(key[:8], data) == cbc.encrypt(padded)[-8:-4]
    tac_key = bytes(x ^ y for x, y in zip(key[:8], key[8:], strict=True))
    cbc = DES.new(tac_key, DES.MODE_CBC, iv=bytes(8))
    assert occrypto.pboc_tac(key, data) == cbc.encrypt(padded)[-8:-4]
    last = DES.new(key[:8], DES.MODE_CBC, iv=iv).encrypt(padded)[-8:]
    last = single.encrypt(DES.new(key[8:], DES.MODE_ECB).decrypt(last))
    assert occrypto.mac_alg3(key, iv, data) == last


def test_3des_agrees_with_cryptodome_on_two_and_three_keys():
    for size in (16, 24):
        key = DES3.adjust_key_parity(bytes(range(1, size * 7, 7)))
        data = pattern(80)
        peer = DES3.new(key, DES3.MODE_ECB)
        assert occrypto.des_ecb_encrypt(key, data) == peer.encrypt(data)
        assert occrypto.des_ecb_decrypt(key, data) == peer.decrypt(data)


@quick
@given(KEY, BLOCK8)
def test_sm4_diversification_is_one_block(key, factor):
    block = factor + bytes(x ^ 0xFF for x in factor)
    want = openssl(algorithms.SM4(key), modes.ECB(), block)
    assert occrypto.diversify_sm4(key, factor) == want


@quick
@given(ANY, st.integers(0, 200), st.integers(0, 0xFFFFFFFF))
def test_crcs_run_on_over_any_split(data, cut, start):
    left, right = data[:cut], data[cut:]
    assert occrypto.crc32(data, start) == zlib.crc32(data, start) == binascii.crc32(data, start)
    for name, init in (("crc_a", 0x6363), ("crc_b", 0), ("crc32", 0)):
        crc = getattr(occrypto, name)
        assert crc(right, crc(left)) == crc(data) == crc(data, init)


def test_crc_b_is_x25_and_crc_a_is_its_register_with_another_preset():
    data = pattern(99)
    swapped = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)  # crc_hqx shifts the other way
    for got, preset, final in ((occrypto.crc_b(data), 0xFFFF, 0xFFFF),
                               (occrypto.crc_a(data), 0xC6C6, 0)):  # fmt: skip
        assert got == int(f"{binascii.crc_hqx(swapped, preset):016b}"[::-1], 2) ^ final


@pytest.mark.parametrize("module", (_cffi, _reference), ids=("cffi", "reference"))
def test_ctr_works_in_place_on_any_writable_window(module):
    key, counter = pattern(16), b"\xff" * 16
    for size in (0, 1, 15, 16, 17, 200):
        whole = bytearray(pattern(size + 10))
        module.sm4_ctr_into(key, counter, memoryview(whole)[5 : 5 + size])
        stream = module.sm4_ctr(key, counter, pattern(size + 10)[5 : 5 + size])
        assert whole == pattern(size + 10)[:5] + stream + pattern(size + 10)[5 + size :]


@pytest.mark.parametrize("module", (_cffi, _reference), ids=("cffi", "reference"))
def test_one_buffer_may_be_key_and_data(module):
    shared = bytearray(pattern(16))
    assert module.sm4_ecb_encrypt(shared, shared) == module.sm4_ecb_encrypt(
        bytes(shared), bytes(shared)
    )
    assert shared == pattern(16)
    module.sm4_ctr_into(bytes(shared), shared, shared)  # counter and buffer are the same memory
    assert bytes(shared) == module.sm4_ctr(pattern(16), pattern(16), pattern(16))


@pytest.mark.parametrize("module", (_cffi, _reference), ids=("cffi", "reference"))
def test_buffers_with_gaps_are_read_but_not_written(module):
    data = pattern(64)
    assert module.sm3(memoryview(data)[::2]) == module.sm3(data[::2])
    if module is _cffi:
        with pytest.raises(TypeError, match="buffer protocol"):
            module.wipe(memoryview(bytearray(data))[::2])


@pytest.mark.parametrize("module", (_cffi, _reference), ids=("cffi", "reference"))
def test_wipe_zeroes_exactly_what_it_is_given(module):
    data = bytearray(b"\xaa" * 20)
    module.wipe(memoryview(data)[3:17])
    assert data == b"\xaa" * 3 + bytes(14) + b"\xaa" * 3


def outcome(function, args):
    """The result, or the exception's type and text. Bytearrays are copied first."""
    try:
        return function(*[bytearray(arg) if type(arg) is bytearray else arg for arg in args])
    except Exception as error:
        return type(error), str(error)


def test_argument_errors_are_equal_in_both_backends():
    odd = (b"", bytes(7), bytes(8), bytes(16), bytearray(24), "text", 5, None, [1], 2.5, -1, True)

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(st.data())
    def equal_errors(draw):
        for name in (*ARGUMENTS, "sm4_ctr_into", "wipe"):
            count = {"sm4_ctr_into": 3, "wipe": 1}.get(name) or len(ARGUMENTS[name])
            args = [draw.draw(st.sampled_from(odd)) for _ in range(count)]
            c, twin = (outcome(getattr(m, name), args) for m in (_cffi, _reference))
            assert c == twin, (name, args)

    equal_errors()


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
