"""The C core on CPython, through the cffi extension occrypto._core.

Checks arguments and makes the results; it computes nothing. Contracts: occrypto/__init__.py.
"""

from occrypto._core import ffi, lib

binding = "cffi"

_NO_BUFFER = "object with buffer protocol required"

_new = ffi.new
_unpack = ffi.unpack
_from_buffer = ffi.from_buffer
# `char` is what ffi.unpack turns into bytes; the C side takes both.
_BYTES = ffi.typeof("char[]")
_BYTES_4 = ffi.typeof("char[4]")
_BYTES_8 = ffi.typeof("char[8]")
_BYTES_16 = ffi.typeof("char[16]")
_BYTES_32 = ffi.typeof("char[32]")


def _bytes(data):
    """data as something cffi passes as a pointer without a copy: bytes or a view of a buffer."""
    if type(data) is bytes:
        return data
    try:
        return _from_buffer(_BYTES, data)
    except (TypeError, ValueError, BufferError):
        pass
    try:
        return bytes(memoryview(data))  # a buffer with gaps, such as view[::2]
    except TypeError:
        raise TypeError(_NO_BUFFER) from None


def _sized(data, size, name):
    """data as _bytes() gives it; ValueError unless it is `size` bytes."""
    data = _bytes(data)
    if len(data) != size:
        raise ValueError(f"{name} must be {size} bytes")
    return data


def _key(key):
    if type(key) is bytes and len(key) == 16:  # the usual case, without two more calls
        return key
    return _sized(key, 16, "key")


def _whole(data, size):
    """data as _bytes() gives it; ValueError unless it is a multiple of `size` bytes."""
    data = _bytes(data)
    if len(data) % size:
        raise ValueError(f"data must be a multiple of {size} bytes")
    return data


def _writable(buf):
    try:
        return _from_buffer(_BYTES, buf, require_writable=True)
    except (TypeError, ValueError, BufferError):
        raise TypeError(_NO_BUFFER) from None


def _check_crc(crc, limit):
    if isinstance(crc, bool) or not isinstance(crc, int):
        raise TypeError("crc must be an int")
    if not 0 <= crc <= limit:
        raise ValueError("crc out of range")


def crc_a(data, crc=0x6363, /):
    data = _bytes(data)
    if type(crc) is not int or not 0 <= crc <= 0xFFFF:
        _check_crc(crc, 0xFFFF)
    return lib.oc_crc_a(crc, data, len(data))


def crc_b(data, crc=0, /):
    data = _bytes(data)
    if type(crc) is not int or not 0 <= crc <= 0xFFFF:
        _check_crc(crc, 0xFFFF)
    return lib.oc_crc_b(crc, data, len(data))


def crc32(data, crc=0, /):
    data = _bytes(data)
    if type(crc) is not int or not 0 <= crc <= 0xFFFFFFFF:
        _check_crc(crc, 0xFFFFFFFF)
    return lib.oc_crc32(crc, data, len(data))


def sm3(data, /):
    data = _bytes(data)
    out = _new(_BYTES_32)
    lib.oc_sm3(data, len(data), out)
    return _unpack(out, 32)


def hmac_sm3(key, data, /):
    key = _bytes(key)
    data = _bytes(data)
    out = _new(_BYTES_32)
    lib.oc_hmac_sm3(key, len(key), data, len(data), out)
    return _unpack(out, 32)


def sm4_ecb_encrypt(key, data, /):
    key = _key(key)
    data = _whole(data, 16)
    size = len(data)
    out = _new(_BYTES, size)
    lib.oc_sm4_ecb_encrypt(key, data, out, size)
    return _unpack(out, size)


def sm4_ecb_decrypt(key, data, /):
    key = _key(key)
    data = _whole(data, 16)
    size = len(data)
    out = _new(_BYTES, size)
    lib.oc_sm4_ecb_decrypt(key, data, out, size)
    return _unpack(out, size)


def sm4_cbc_encrypt(key, iv, data, /):
    key = _key(key)
    iv = _sized(iv, 16, "iv")
    data = _whole(data, 16)
    size = len(data)
    out = _new(_BYTES, size)
    lib.oc_sm4_cbc_encrypt(key, iv, data, out, size)
    return _unpack(out, size)


def sm4_cbc_decrypt(key, iv, data, /):
    key = _key(key)
    iv = _sized(iv, 16, "iv")
    data = _whole(data, 16)
    size = len(data)
    out = _new(_BYTES, size)
    lib.oc_sm4_cbc_decrypt(key, iv, data, out, size)
    return _unpack(out, size)


def sm4_cbc_mac(key, iv, data, /):
    key = _key(key)
    iv = _sized(iv, 16, "iv")
    data = _whole(data, 16)
    out = _new(_BYTES_16)
    lib.oc_sm4_cbc_mac(key, iv, data, len(data), out)
    return _unpack(out, 16)


def sm4_cmac(key, data, /):
    key = _key(key)
    data = _bytes(data)
    out = _new(_BYTES_16)
    lib.oc_sm4_cmac(key, data, len(data), out)
    return _unpack(out, 16)


def sm4_ctr(key, counter, data, /):
    key = _key(key)
    counter = _sized(counter, 16, "counter")
    data = _bytes(data)
    size = len(data)
    out = _new(_BYTES, size)
    lib.oc_sm4_ctr(key, counter, data, out, size)
    return _unpack(out, size)


def sm4_ctr_into(key, counter, buf, /):
    key = _key(key)
    counter = _sized(counter, 16, "counter")
    view = _writable(buf)
    lib.oc_sm4_ctr(key, counter, view, view, len(view))


def _des_key(key):
    key = _bytes(key)
    if len(key) not in (8, 16, 24):
        raise ValueError("key must be 8, 16 or 24 bytes")
    return key


def des_ecb_encrypt(key, data, /):
    key = _des_key(key)
    data = _whole(data, 8)
    size = len(data)
    out = _new(_BYTES, size)
    lib.oc_des_ecb_encrypt(key, len(key), data, out, size)
    return _unpack(out, size)


def des_ecb_decrypt(key, data, /):
    key = _des_key(key)
    data = _whole(data, 8)
    size = len(data)
    out = _new(_BYTES, size)
    lib.oc_des_ecb_decrypt(key, len(key), data, out, size)
    return _unpack(out, size)


def pboc_session_key(key, block, /):
    key = _key(key)
    block = _sized(block, 8, "block")
    out = _new(_BYTES_8)
    lib.oc_pboc_session_key(key, block, out)
    return _unpack(out, 8)


def pboc_mac(key, data, /):
    key = _sized(key, 8, "key")
    data = _bytes(data)
    out = _new(_BYTES_4)
    lib.oc_pboc_mac(key, data, len(data), out)
    return _unpack(out, 4)


def pboc_tac(dtk, data, /):
    dtk = _key(dtk)
    data = _bytes(data)
    out = _new(_BYTES_4)
    lib.oc_pboc_tac(dtk, data, len(data), out)
    return _unpack(out, 4)


def mac_alg3(key, iv, data, /):
    key = _key(key)
    iv = _sized(iv, 8, "iv")
    data = _bytes(data)
    out = _new(_BYTES_8)
    lib.oc_mac_alg3(key, iv, data, len(data), out)
    return _unpack(out, 8)


def diversify_des(master, factor, /):
    master = _key(master)
    factor = _sized(factor, 8, "factor")
    out = _new(_BYTES_16)
    lib.oc_diversify_des(master, factor, out)
    return _unpack(out, 16)


def diversify_sm4(master, factor, /):
    master = _key(master)
    factor = _sized(factor, 8, "factor")
    out = _new(_BYTES_16)
    lib.oc_diversify_sm4(master, factor, out)
    return _unpack(out, 16)


def equal(a, b, /):
    a = _bytes(a)
    b = _bytes(b)
    return len(a) == len(b) and lib.oc_equal(a, b, len(a)) == 1


def wipe(buf, /):
    view = _writable(buf)
    lib.oc_wipe(view, len(view))
