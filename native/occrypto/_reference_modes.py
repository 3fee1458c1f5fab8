"""Modes of the 16-byte block ciphers of the pure Python twin: NIST SP 800-38A, -38B and -38C.

`cipher` is occrypto._reference_sm4 or _reference_aes; its functions are looked up at every call.
"""

from occrypto import _reference_aes as _aes
from occrypto import _reference_sm4 as _sm4
from occrypto import _reference_util as _util

_TAG_SIZE = 16
_AAD_LIMIT = 65280  # NIST SP 800-38C A.2.2: from here on its size takes more than two bytes
_DATA_LIMIT = 1 << 24  # a nonce of 12 bytes leaves three for the size and the counter


def _ecb(cipher, worker, key, data, out):
    round_keys = cipher.schedule(_util.sized(key, 16, "key"))
    blocks = _util.split(_util.whole(data, 16), 16)
    return _util.answer(b"".join([worker(round_keys, block) for block in blocks]), out)


def _chain(cipher, round_keys, chain, data):
    """CBC encryption: a list of blocks."""
    done = []
    for block in _util.split(data, 16):
        chain = cipher.encrypt(round_keys, _util.xor(chain, block))
        done.append(chain)
    return done


def _cbc_encrypt(cipher, key, iv, data, out):
    round_keys = cipher.schedule(_util.sized(key, 16, "key"))
    iv = _util.sized(iv, 16, "iv")
    return _util.answer(b"".join(_chain(cipher, round_keys, iv, _util.whole(data, 16))), out)


def _cbc_decrypt(cipher, key, iv, data, out):
    round_keys = cipher.schedule(_util.sized(key, 16, "key"))
    chain = _util.sized(iv, 16, "iv")
    done = []
    for block in _util.split(_util.whole(data, 16), 16):
        done.append(_util.xor(cipher.decrypt(round_keys, block), chain))
        chain = block
    return _util.answer(b"".join(done), out)


def _stream(cipher, round_keys, count, data):
    """data XOR the encrypted counter blocks from `count` on, modulo 2^128."""
    done = []
    for block in _util.split(data, 16):
        key_block = cipher.encrypt(round_keys, count.to_bytes(16, "big"))
        done.append(_util.xor(block, key_block))
        count = (count + 1) & ((1 << 128) - 1)
    return b"".join(done)


def _ctr(cipher, key, counter, data, out):
    round_keys = cipher.schedule(_util.sized(key, 16, "key"))
    count = int.from_bytes(_util.sized(counter, 16, "counter"), "big")
    return _util.answer(_stream(cipher, round_keys, count, _util.as_bytes(data)), out)


def _cmac(cipher, key, data, out):
    """NIST SP 800-38B 6.1 and 6.2."""
    round_keys = cipher.schedule(_util.sized(key, 16, "key"))
    data = _util.as_bytes(data)
    subkey = int.from_bytes(cipher.encrypt(round_keys, bytes(16)), "big")
    is_whole = len(data) > 0 and len(data) % 16 == 0
    for _ in range(1 if is_whole else 2):
        subkey = subkey << 1 ^ (0x87 if subkey >> 127 else 0)
        subkey &= (1 << 128) - 1
    if not is_whole:
        data += b"\x80" + bytes(-(len(data) + 1) % 16)
    last = _util.xor(data[-16:], subkey.to_bytes(16, "big"))
    return _util.answer(_chain(cipher, round_keys, bytes(16), data[:-16] + last)[-1], out)


def sm4_ecb_encrypt(key, data, out=None):
    return _ecb(_sm4, _sm4.encrypt, key, data, out)


def sm4_ecb_decrypt(key, data, out=None):
    return _ecb(_sm4, _sm4.decrypt, key, data, out)


def sm4_cbc_encrypt(key, iv, data, out=None):
    return _cbc_encrypt(_sm4, key, iv, data, out)


def sm4_cbc_decrypt(key, iv, data, out=None):
    return _cbc_decrypt(_sm4, key, iv, data, out)


def sm4_ctr(key, counter, data, out=None):
    return _ctr(_sm4, key, counter, data, out)


def sm4_cmac(key, data, out=None):
    return _cmac(_sm4, key, data, out)


def sm4_cbc_mac(key, iv, data, out=None):
    round_keys = _sm4.schedule(_util.sized(key, 16, "key"))
    iv = _util.sized(iv, 16, "iv")
    blocks = [iv] + _chain(_sm4, round_keys, iv, _util.whole(data, 16))
    return _util.answer(blocks[-1], out)


def aes_ecb_encrypt(key, data, out=None):
    return _ecb(_aes, _aes.encrypt, key, data, out)


def aes_ecb_decrypt(key, data, out=None):
    return _ecb(_aes, _aes.decrypt, key, data, out)


def aes_cbc_encrypt(key, iv, data, out=None):
    return _cbc_encrypt(_aes, key, iv, data, out)


def aes_cbc_decrypt(key, iv, data, out=None):
    return _cbc_decrypt(_aes, key, iv, data, out)


def aes_ctr(key, counter, data, out=None):
    return _ctr(_aes, key, counter, data, out)


def aes_cmac(key, data, out=None):
    return _cmac(_aes, key, data, out)


def _padded(data):
    return data + bytes(-len(data) % 16)


def _ccm(round_keys, nonce, aad, data, plain):
    """NIST SP 800-38C 6.1: (data with the key stream on it, the tag over `plain`).

    data and plain: what comes in, and the plaintext; None if data turns into it.
    """
    first = int.from_bytes(b"\x02" + nonce + bytes(3), "big")  # A.3: the counter has 3 bytes
    done = _stream(_sm4, round_keys, first + 1, data)
    if plain is None:
        plain = done
    # A.2.1: bit 6 for associated data, 7 in bits 5 to 3 for a tag of 16, 2 for a size of 3 bytes
    flags = (0x40 if aad else 0) | 0x3A
    blocks = bytes([flags]) + nonce + len(plain).to_bytes(3, "big")
    if aad:
        blocks += _padded(len(aad).to_bytes(2, "big") + aad)
    mac = _chain(_sm4, round_keys, bytes(16), blocks + _padded(plain))[-1]
    return done, _stream(_sm4, round_keys, first, mac)


def sm4_ccm_seal(key, nonce, aad, data, out=None):
    """AEAD_SM4_CCM of RFC 8998 3.2: the ciphertext, then the tag."""
    round_keys = _sm4.schedule(_util.sized(key, 16, "key"))
    nonce = _util.sized(nonce, 12, "nonce")
    aad = _util.under(aad, _AAD_LIMIT, "aad")
    data = _util.under(data, _DATA_LIMIT, "data")
    done, tag = _ccm(round_keys, nonce, aad, data, data)
    return _util.answer(done + tag, out)


def sm4_ccm_open(key, nonce, aad, data, out=None):
    """The other way. A wrong tag: ValueError, and zeroes in `out`."""
    round_keys = _sm4.schedule(_util.sized(key, 16, "key"))
    nonce = _util.sized(nonce, 12, "nonce")
    aad = _util.under(aad, _AAD_LIMIT, "aad")
    data = _util.as_bytes(data)
    if len(data) < _TAG_SIZE:
        raise ValueError(f"data must be at least {_TAG_SIZE} bytes")
    size = len(data) - _TAG_SIZE
    if size >= _DATA_LIMIT:
        raise ValueError(f"data must be under {_DATA_LIMIT} bytes")
    view = _util.room(out, size)
    done, tag = _ccm(round_keys, nonce, aad, data[:size], None)
    if not _util.equal(tag, data[size:]):
        if view is not None:
            view[:] = bytes(size)
        raise ValueError("tag is wrong")
    return _util.answer(done, out)
