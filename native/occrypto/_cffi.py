"""The C core on CPython, through the cffi extension occrypto._core.

Checks arguments and makes the results; it computes nothing. Contracts: occrypto/__init__.pyi.
"""

from occrypto._calls import wrap as _wrap
from occrypto._cffi_args import (
    _BYTES,
    _SIZED,
    _bytes,
    _in_range,
    _new,
    _result,
    _room,
    _sized,
    _under,
    _unpack,
    _whole,
    _writable,
    _writable_of,
)
from occrypto._cffi_sm2 import (  # noqa: F401
    sm2_digest,
    sm2_point,
    sm2_public_key,
    sm2_sign,
    sm2_signature,
    sm2_signature_der,
    sm2_verify,
    sm2_z,
)
from occrypto._core import ffi as _ffi
from occrypto._core import lib as _lib

binding = "cffi"

_STATE = _ffi.typeof("oc_hash_ctx *")
_STATE_SIZE = _ffi.sizeof("oc_hash_ctx")
_SM3 = _lib.sm3
_SHA256 = _lib.sha256
_SM4 = _lib.sm4
_AES = _lib.aes


def crc_a(data, crc=0x6363, /):
    data = _bytes(data)
    return _lib.oc_crc_a(_in_range(crc, 0, 0xFFFF, "crc"), data, len(data))


def crc_b(data, crc=0, /):
    data = _bytes(data)
    return _lib.oc_crc_b(_in_range(crc, 0, 0xFFFF, "crc"), data, len(data))


def crc_ccitt(data, crc=0xFFFF, /):
    data = _bytes(data)
    return _lib.oc_crc_ccitt(_in_range(crc, 0, 0xFFFF, "crc"), data, len(data))


def crc32(data, crc=0, out=None, /):
    data = _bytes(data)
    _in_range(crc, 0, 0xFFFFFFFF, "crc")
    if out is None:
        return _lib.oc_crc32(crc, data, len(data))
    room = _writable_of(out, 4, "out")
    room[0:4] = _lib.oc_crc32(crc, data, len(data)).to_bytes(4, "big")
    return out


def _digest(algorithm, data, out):
    data = _bytes(data)
    room = _room(out, 32)
    _lib.oc_hash_digest(algorithm, data, len(data), room)
    return _result(out, room, 32)


def _hmac(algorithm, key, data, out):
    key = _bytes(key)
    data = _bytes(data)
    room = _room(out, 32)
    _lib.oc_hmac(algorithm, key, len(key), data, len(data), room)
    return _result(out, room, 32)


def _start(algorithm):
    context = _new(_STATE)
    _lib.oc_hash_init(algorithm, context)
    return bytearray(_ffi.buffer(context))


def _update(algorithm, state, data):
    view = _writable_of(state, _STATE_SIZE, "state")
    data = _bytes(data)
    context = _new(_STATE)  # a window of some buffer need not be aligned
    _ffi.memmove(context, view, _STATE_SIZE)
    _lib.oc_hash_update(algorithm, context, data, len(data))
    _ffi.memmove(view, context, _STATE_SIZE)
    _lib.oc_wipe(context, _STATE_SIZE)


def _finish(algorithm, state, out):
    view = _writable_of(state, _STATE_SIZE, "state")
    room = _room(out, 32)
    context, digest = _new(_STATE), _new(_SIZED[32])
    _ffi.memmove(context, view, _STATE_SIZE)
    _lib.oc_hash_final(algorithm, context, digest)
    _lib.oc_wipe(view, _STATE_SIZE)
    _ffi.memmove(room, digest, 32)  # out may lie in the state
    return _result(out, room, 32)


def sm3(data, out=None, /):
    return _digest(_SM3, data, out)


def sm3_start():
    return _start(_SM3)


def sm3_update(state, data, /):
    _update(_SM3, state, data)


def sm3_finish(state, out=None, /):
    return _finish(_SM3, state, out)


def sha256(data, out=None, /):
    return _digest(_SHA256, data, out)


def sha256_start():
    return _start(_SHA256)


def sha256_update(state, data, /):
    _update(_SHA256, state, data)


def sha256_finish(state, out=None, /):
    return _finish(_SHA256, state, out)


def hmac_sm3(key, data, out=None, /):
    return _hmac(_SM3, key, data, out)


def hmac_sha256(key, data, out=None, /):
    return _hmac(_SHA256, key, data, out)


def sm3_kdf(secret, size, /):
    secret = _bytes(secret)
    room = _new(_BYTES, _in_range(size, 1, 65535, "size"))
    _lib.oc_hash_kdf(_SM3, secret, len(secret), room, size)
    return _unpack(room, size)


def _ecb(mode, cipher, key, data, out):
    key = _sized(key, 16, "key")
    data = _whole(data, 16)
    size = len(data)
    room = _room(out, size)
    mode(cipher, key, data, room, size)
    return _result(out, room, size)


def _cbc(mode, cipher, key, iv, data, out):
    key = _sized(key, 16, "key")
    iv = _sized(iv, 16, "iv")
    data = _whole(data, 16)
    size = len(data)
    room = _room(out, size)
    mode(cipher, key, iv, data, room, size)
    return _result(out, room, size)


def _ctr(cipher, key, counter, data, out):
    key = _sized(key, 16, "key")
    counter = _sized(counter, 16, "counter")
    data = _bytes(data)
    size = len(data)
    room = _room(out, size)
    _lib.oc_ctr(cipher, key, counter, data, room, size)
    return _result(out, room, size)


def _cmac(cipher, key, data, out):
    key = _sized(key, 16, "key")
    data = _bytes(data)
    room = _room(out, 16)
    _lib.oc_cmac(cipher, key, data, len(data), room)
    return _result(out, room, 16)


def sm4_ecb_encrypt(key, data, out=None, /):
    return _ecb(_lib.oc_ecb_encrypt, _SM4, key, data, out)


def sm4_ecb_decrypt(key, data, out=None, /):
    return _ecb(_lib.oc_ecb_decrypt, _SM4, key, data, out)


def sm4_cbc_encrypt(key, iv, data, out=None, /):
    return _cbc(_lib.oc_cbc_encrypt, _SM4, key, iv, data, out)


def sm4_cbc_decrypt(key, iv, data, out=None, /):
    return _cbc(_lib.oc_cbc_decrypt, _SM4, key, iv, data, out)


def sm4_ctr(key, counter, data, out=None, /):
    return _ctr(_SM4, key, counter, data, out)


def sm4_cbc_mac(key, iv, data, out=None, /):
    key = _sized(key, 16, "key")
    iv = _sized(iv, 16, "iv")
    data = _whole(data, 16)
    room = _room(out, 16)
    _lib.oc_cbc_mac(_SM4, key, iv, data, len(data), room)
    return _result(out, room, 16)


def sm4_cmac(key, data, out=None, /):
    return _cmac(_SM4, key, data, out)


def sm4_ccm_seal(key, nonce, aad, data, out=None, /):
    key = _sized(key, 16, "key")
    nonce = _sized(nonce, 12, "nonce")
    aad = _under(aad, 0xFF00, "aad")
    data = _under(data, 1 << 24, "data")
    size = len(data) + 16
    room = _room(out, size)
    _lib.oc_ccm_seal(_SM4, key, nonce, aad, len(aad), data, len(data), room)
    return _result(out, room, size)


def sm4_ccm_open(key, nonce, aad, data, out=None, /):
    key = _sized(key, 16, "key")
    nonce = _sized(nonce, 12, "nonce")
    aad = _under(aad, 0xFF00, "aad")
    data = _bytes(data)
    size = len(data) - 16
    if size < 0:
        raise ValueError("data must be at least 16 bytes")
    if size >= 1 << 24:
        raise ValueError(f"data must be under {1 << 24} bytes")
    room = _room(out, size)
    if _lib.oc_ccm_open(_SM4, key, nonce, aad, len(aad), data, size, room):
        raise ValueError("tag is wrong")
    return _result(out, room, size)


def aes_ecb_encrypt(key, data, out=None, /):
    return _ecb(_lib.oc_ecb_encrypt, _AES, key, data, out)


def aes_ecb_decrypt(key, data, out=None, /):
    return _ecb(_lib.oc_ecb_decrypt, _AES, key, data, out)


def aes_cbc_encrypt(key, iv, data, out=None, /):
    return _cbc(_lib.oc_cbc_encrypt, _AES, key, iv, data, out)


def aes_cbc_decrypt(key, iv, data, out=None, /):
    return _cbc(_lib.oc_cbc_decrypt, _AES, key, iv, data, out)


def aes_ctr(key, counter, data, out=None, /):
    return _ctr(_AES, key, counter, data, out)


def aes_cmac(key, data, out=None, /):
    return _cmac(_AES, key, data, out)


def _des_ecb(mode, key, data, out):
    key = _bytes(key)
    if len(key) not in (8, 16, 24):
        raise ValueError("key must be 8, 16 or 24 bytes")
    data = _whole(data, 8)
    size = len(data)
    room = _room(out, size)
    mode(key, len(key), data, room, size)
    return _result(out, room, size)


def des_ecb_encrypt(key, data, out=None, /):
    return _des_ecb(_lib.oc_des_ecb_encrypt, key, data, out)


def des_ecb_decrypt(key, data, out=None, /):
    return _des_ecb(_lib.oc_des_ecb_decrypt, key, data, out)


def pboc_session_key(key, block, out=None, /):
    key = _sized(key, 16, "key")
    block = _sized(block, 8, "block")
    room = _room(out, 8)
    _lib.oc_pboc_session_key(key, block, room)
    return _result(out, room, 8)


def pboc_mac(key, data, out=None, /):
    key = _sized(key, 8, "key")
    data = _bytes(data)
    room = _room(out, 4)
    _lib.oc_pboc_mac(key, data, len(data), room)
    return _result(out, room, 4)


def pboc_tac(dtk, data, out=None, /):
    dtk = _sized(dtk, 16, "key")
    data = _bytes(data)
    room = _room(out, 4)
    _lib.oc_pboc_tac(dtk, data, len(data), room)
    return _result(out, room, 4)


def mac_alg3(key, iv, data, out=None, /):
    key = _sized(key, 16, "key")
    iv = _sized(iv, 8, "iv")
    data = _bytes(data)
    room = _room(out, 8)
    _lib.oc_mac_alg3(key, iv, data, len(data), room)
    return _result(out, room, 8)


def _diversify(scheme, master, factor, out):
    master = _sized(master, 16, "key")
    factor = _sized(factor, 8, "factor")
    room = _room(out, 16)
    scheme(master, factor, room)
    return _result(out, room, 16)


def diversify_des(master, factor, out=None, /):
    return _diversify(_lib.oc_diversify_des, master, factor, out)


def diversify_sm4(master, factor, out=None, /):
    return _diversify(_lib.oc_diversify_sm4, master, factor, out)


def records_check(data, /):
    data = _bytes(data)
    done = _lib.oc_records_check(data, len(data))
    return done.count, done.size


def records_verify(key, first_seq, mac_before, data, /):
    key = _sized(key, 16, "key")
    _in_range(first_seq, 0, 0xFFFFFFFF, "first_seq")
    mac_before = _sized(mac_before, 4, "mac_before")
    data = _bytes(data)
    done = _lib.oc_records_verify(key, first_seq, mac_before, data, len(data))
    return done.count, done.size


def pboc_tacs(dtk, items, text_size, is_master=True, /):
    dtk = _sized(dtk, 16, "dtk")
    _in_range(text_size, 0, 0xFFFF, "text_size")
    items = _whole(items, 8 + text_size)
    count = len(items) // (8 + text_size)
    room = _new(_BYTES, 4 * count)
    _lib.oc_tacs(dtk, 1 if is_master else 0, items, count, text_size, room)
    return _unpack(room, 4 * count)


def equal(a, b, /):
    a = _bytes(a)
    b = _bytes(b)
    return len(a) == len(b) and _lib.oc_equal(a, b, len(a)) == 1


def wipe(buf, /):
    view = _writable(buf)
    _lib.oc_wipe(view, len(view))


# Short calls with plain arguments skip cffi; all others end up in the functions above.
for _name, _function in list(globals().items()):
    if _name[0] != "_" and callable(_function):
        globals()[_name] = _wrap(_name, _function)
