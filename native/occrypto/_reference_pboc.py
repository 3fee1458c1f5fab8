"""DES, 3DES and what the purse makes of them, of the pure Python twin."""

from occrypto import _reference_des as _des
from occrypto import _reference_util as _util
from occrypto._reference_modes import sm4_ecb_encrypt


def _ecb(key, data, decrypt, out):
    key = _util.as_bytes(key)
    if len(key) not in (8, 16, 24):
        raise ValueError("key must be 8, 16 or 24 bytes")
    data = _util.whole(data, 8)
    return _util.answer(_des.ecb(_des.passes(key, decrypt), data), out)


def des_ecb_encrypt(key, data, out=None):
    return _ecb(key, data, False, out)


def des_ecb_decrypt(key, data, out=None):
    return _ecb(key, data, True, out)


def _cbc_mac(key, iv, data):
    """CBC-MAC of ISO/IEC 9797-1 with padding 2: the whole last block."""
    passes = _des.passes(key, False)
    chain = iv
    for block in _util.split(data + b"\x80" + bytes(-(len(data) + 1) % 8), 8):
        chain = _des.ecb(passes, _util.xor(chain, block))
    return chain


def pboc_session_key(key, block, out=None):
    key = _util.sized(key, 16, "key")
    return _util.answer(des_ecb_encrypt(key, _util.sized(block, 8, "block")), out)


def pboc_mac(key, data, out=None):
    key = _util.sized(key, 8, "key")
    return _util.answer(_cbc_mac(key, bytes(8), _util.as_bytes(data))[:4], out)


def pboc_tac(dtk, data, out=None):
    dtk = _util.sized(dtk, 16, "key")
    return pboc_mac(_util.xor(dtk[:8], dtk[8:]), data, out)


def mac_alg3(key, iv, data, out=None):
    key = _util.sized(key, 16, "key")
    iv = _util.sized(iv, 8, "iv")
    mac = _cbc_mac(key[:8], iv, _util.as_bytes(data))
    return _util.answer(des_ecb_encrypt(key[:8], des_ecb_decrypt(key[8:], mac)), out)


def _and_inverse(factor):
    return factor + bytes([byte ^ 0xFF for byte in factor])


def diversify_des(master, factor, out=None):
    master = _util.sized(master, 16, "key")
    block = _and_inverse(_util.sized(factor, 8, "factor"))
    return _util.answer(des_ecb_encrypt(master, block), out)


def diversify_sm4(master, factor, out=None):
    master = _util.sized(master, 16, "key")
    block = _and_inverse(_util.sized(factor, 8, "factor"))
    return _util.answer(sm4_ecb_encrypt(master, block), out)
