"""SM4, AES, DES and what is made of them, of both backends, against OpenSSL and others."""

import pytest
from Cryptodome.Cipher import AES, DES, DES3
from Cryptodome.Hash import CMAC
from cryptography.hazmat.primitives import cmac as peer_cmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from gmssl import sm4 as gmssl_sm4
from hypothesis import given
from hypothesis import strategies as st
from test_occrypto import ANY, BLOCK8, BLOCKS16, KEY, backends, exactly, examples, pattern

ALGORITHMS = {"sm4": algorithms.SM4, "aes": algorithms.AES}
ciphers = pytest.mark.parametrize("cipher", ALGORITHMS)


def openssl(algorithm, mode, data):
    worker = Cipher(algorithm, mode).encryptor()
    return worker.update(data) + worker.finalize()


def openssl_cmac(algorithm, data):
    mac = peer_cmac.CMAC(algorithm)
    mac.update(data)
    return mac.finalize()


def modes_of(crypto, cipher):
    """The six functions of a cipher by their short names."""

    def named(mode):
        return getattr(crypto, f"{cipher}_{mode}")

    return named


@backends
@ciphers
def test_modes_agree_with_openssl(crypto, cipher):
    ours = modes_of(crypto, cipher)

    @examples(crypto)
    @given(KEY, KEY, BLOCKS16, ANY)
    def agree(key, iv, blocks, data):
        peer = ALGORITHMS[cipher](key)
        ecb = openssl(peer, modes.ECB(), blocks)
        cbc = openssl(peer, modes.CBC(iv), blocks)
        assert ours("ecb_encrypt")(key, blocks) == ecb
        assert ours("ecb_decrypt")(key, ecb) == blocks
        assert ours("cbc_encrypt")(key, iv, blocks) == cbc
        assert ours("cbc_decrypt")(key, iv, cbc) == blocks
        assert ours("ctr")(key, iv, data) == openssl(peer, modes.CTR(iv), data)
        assert ours("cmac")(key, data) == openssl_cmac(peer, data)
        if cipher == "sm4":
            assert crypto.sm4_cbc_mac(key, iv, blocks) == (iv + cbc)[-16:]

    agree()


@backends
@ciphers
def test_modes_agree_with_openssl_on_every_length_to_300(crypto, cipher):
    ours, key, iv = modes_of(crypto, cipher), pattern(16), b"\xff" * 15 + b"\xf8"
    peer = ALGORITHMS[cipher](key)
    for size in range(301):
        data = pattern(size)
        assert ours("ctr")(key, iv, data) == openssl(peer, modes.CTR(iv), data), size
        assert ours("cmac")(key, data) == openssl_cmac(peer, data), size
        if size % 16 == 0:
            ecb = openssl(peer, modes.ECB(), data)
            cbc = openssl(peer, modes.CBC(iv), data)
            assert ours("ecb_encrypt")(key, data) == ecb and ours("ecb_decrypt")(key, ecb) == data
            assert ours("cbc_encrypt")(key, iv, data) == cbc
            assert ours("cbc_decrypt")(key, iv, cbc) == data


@backends
def test_one_block_agrees_with_gmssl_and_pycryptodome(crypto):
    @examples(crypto)
    @given(KEY, KEY, ANY)
    def agree(key, block, data):
        peer = gmssl_sm4.CryptSM4()
        peer.set_key(key, gmssl_sm4.SM4_ENCRYPT)
        assert bytes(peer.one_round(peer.sk, list(block))) == crypto.sm4_ecb_encrypt(key, block)
        aes = AES.new(key, AES.MODE_ECB)
        assert crypto.aes_ecb_encrypt(key, block) == aes.encrypt(block)
        assert crypto.aes_ecb_decrypt(key, block) == aes.decrypt(block)
        mac = CMAC.new(key, ciphermod=AES)
        mac.update(data)
        assert crypto.aes_cmac(key, data) == mac.digest()

    agree()


def peer_ccm(key, nonce, aad, data):
    """CCM of RFC 3610 for a nonce of 12 and a tag of 16, over OpenSSL's SM4 in CBC and CTR."""
    sm4 = algorithms.SM4(key)
    blocks = bytes([0x7A if aad else 0x3A]) + nonce + len(data).to_bytes(3, "big")
    if aad:
        head = len(aad).to_bytes(2, "big") + aad
        blocks += head + bytes(-len(head) % 16)
    blocks += data + bytes(-len(data) % 16)
    tag = openssl(sm4, modes.CBC(bytes(16)), blocks)[-16:]
    stream = openssl(sm4, modes.CTR(b"\x02" + nonce + bytes(3)), tag + data)
    return stream[16:] + stream[:16]


@backends
def test_ccm_agrees_with_one_over_openssl(crypto):
    @examples(crypto)
    @given(KEY, exactly(12), ANY, ANY)
    def agree(key, nonce, aad, data):
        sealed = peer_ccm(key, nonce, aad, data)
        assert crypto.sm4_ccm_seal(key, nonce, aad, data) == sealed
        assert crypto.sm4_ccm_open(key, nonce, aad, sealed) == data

    agree()


@backends
def test_ccm_agrees_on_every_length_to_300(crypto):
    key, nonce = pattern(16), pattern(12)
    for size in range(301):
        data, aad = pattern(size), pattern(300 - size)
        sealed = peer_ccm(key, nonce, aad, data)
        assert crypto.sm4_ccm_seal(key, nonce, aad, data) == sealed, size
        assert crypto.sm4_ccm_open(key, nonce, aad, sealed) == data, size


@backends
def test_ccm_refuses_any_altered_bit_and_shows_nothing(crypto):
    @examples(crypto)
    @given(KEY, exactly(12), ANY, ANY, st.data())
    def refuses(key, nonce, aad, data, draw):
        parts = [bytearray(key), bytearray(nonce), bytearray(aad)]
        parts.append(bytearray(crypto.sm4_ccm_seal(key, nonce, aad, data)))
        part = parts[draw.draw(st.sampled_from([i for i in range(4) if parts[i]]))]
        bit = draw.draw(st.integers(0, 8 * len(part) - 1))
        part[bit // 8] ^= 1 << bit % 8
        out = bytearray(b"\xa5" * len(data))
        with pytest.raises(ValueError, match="tag is wrong"):
            crypto.sm4_ccm_open(*parts, out)
        assert out == bytes(len(data))

    refuses()


def cryptodome_3des(key):
    """3DES from single DES: DES3 itself refuses keys with equal halves, which cards may have."""
    a, b, c = (DES.new(part, DES.MODE_ECB) for part in (key[:8], key[8:16], key[-8:]))
    return lambda data: c.encrypt(b.decrypt(a.encrypt(data)))


@backends
def test_des_and_pboc_agree_with_pycryptodome(crypto):
    @examples(crypto)
    @given(KEY, BLOCK8, BLOCK8, ANY)
    def agree(key, iv, block, data):
        single = DES.new(key[:8], DES.MODE_ECB)
        assert crypto.des_ecb_encrypt(key[:8], block) == single.encrypt(block)
        assert crypto.des_ecb_decrypt(key[:8], block) == single.decrypt(block)
        triple = cryptodome_3des(key + key[:8])
        session = triple(block)
        assert crypto.pboc_session_key(key, block) == session
        inverse = bytes(x ^ 0xFF for x in block)
        assert crypto.diversify_des(key, block) == session + triple(inverse)
        padded = data + b"\x80" + bytes(-(len(data) + 1) % 8)
        cbc = DES.new(key[:8], DES.MODE_CBC, iv=bytes(8))
        assert crypto.pboc_mac(key[:8], data) == cbc.encrypt(padded)[-8:-4]
        tac_key = bytes(x ^ y for x, y in zip(key[:8], key[8:], strict=True))
        cbc = DES.new(tac_key, DES.MODE_CBC, iv=bytes(8))
        assert crypto.pboc_tac(key, data) == cbc.encrypt(padded)[-8:-4]
        last = DES.new(key[:8], DES.MODE_CBC, iv=iv).encrypt(padded)[-8:]
        last = single.encrypt(DES.new(key[8:], DES.MODE_ECB).decrypt(last))
        assert crypto.mac_alg3(key, iv, data) == last

    agree()


@backends
def test_3des_agrees_with_pycryptodome_and_openssl_on_two_and_three_keys(crypto):
    for size in (16, 24):
        key = DES3.adjust_key_parity(bytes(range(1, size * 7, 7)))
        for length in range(0, 304, 8):
            data = pattern(length)
            sealed = DES3.new(key, DES3.MODE_ECB).encrypt(data)
            assert crypto.des_ecb_encrypt(key, data) == sealed
            assert crypto.des_ecb_decrypt(key, sealed) == data


@backends
def test_three_keys_of_any_value_agree_with_single_des(crypto):
    @examples(crypto)
    @given(exactly(24), BLOCK8)
    def agree(key, block):
        sealed = cryptodome_3des(key)(block)
        assert crypto.des_ecb_encrypt(key, block) == sealed
        assert crypto.des_ecb_decrypt(key, sealed) == block

    agree()


@backends
def test_sm4_diversification_is_one_block(crypto):
    @examples(crypto)
    @given(KEY, BLOCK8)
    def agree(key, factor):
        block = factor + bytes(x ^ 0xFF for x in factor)
        assert crypto.diversify_sm4(key, factor) == openssl(
            algorithms.SM4(key), modes.ECB(), block
        )

    agree()
