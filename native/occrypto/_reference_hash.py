"""SM3, SHA-256, their HMAC and streaming forms and SM2's KDF, of the pure Python twin.

`sm3_blocks` and `sha256_blocks` are looked up here at every call, so that occrypto._viper can put
faster ones in their place.
"""

from binascii import unhexlify

from occrypto import _reference_util as _util
from occrypto._reference_util import rol, words

_M32 = 0xFFFFFFFF
_SM3_IV = unhexlify("7380166f4914b2b9172442d7da8a0600a96f30bc163138aae38dee4db0fb0e4e")
_SHA256_IV = unhexlify("6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19")
# FIPS 180-4 4.2.2: K0 to K63
SHA256_K = unhexlify(
    "428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5"
    "d807aa9812835b01243185be550c7dc372be5d7480deb1fe9bdc06a7c19bf174"
    "e49b69c1efbe47860fc19dc6240ca1cc2de92c6f4a7484aa5cb0a9dc76f988da"
    "983e5152a831c66db00327c8bf597fc7c6e00bf3d5a7914706ca635114292967"
    "27b70a852e1b21384d2c6dfc53380d13650a7354766a0abb81c2c92e92722c85"
    "a2bfe8a1a81a664bc24b8b70c76c51a3d192e819d6990624f40e3585106aa070"
    "19a4c1161e376c082748774c34b0bcb5391c0cb34ed8aa4a5b9cca4f682e6ff3"
    "748f82ee78a5636f84c878148cc7020890befffaa4506cebbef9a3f7c67178f2"
)

# A running hash is 104 bytes: the eight words, the count of bytes so far (8), 64 not hashed yet.
_COUNT = 32
_PENDING = 40
_STATE_SIZE = 104


def _sm3_compress(state, block):
    """GM/T 0004-2012 5.3: the new state after one 64-byte block."""
    w = words(block)
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ rol(w[j - 3], 15)
        w.append(x ^ rol(x, 15) ^ rol(x, 23) ^ rol(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        t = 0x79CC4519 if j < 16 else 0x7A879D8A
        ss1 = rol((rol(a, 12) + e + rol(t, j)) & _M32, 7)
        ss2 = ss1 ^ rol(a, 12)
        if j < 16:
            ff = a ^ b ^ c
            gg = e ^ f ^ g
        else:
            ff = (a & b) | (a & c) | (b & c)
            gg = (e & f) | ((e ^ _M32) & g)
        tt1 = (ff + d + ss2 + (w[j] ^ w[j + 4])) & _M32
        tt2 = (gg + h + ss1 + w[j]) & _M32
        d, c, b, a = c, rol(b, 9), a, tt1
        h, g, f, e = g, rol(f, 19), e, tt2 ^ rol(tt2, 9) ^ rol(tt2, 17)
    after = (a, b, c, d, e, f, g, h)
    return [state[i] ^ after[i] for i in range(8)]


def _ror(value, bits):
    return rol(value, 32 - bits)


def _sha256_compress(state, block):
    """FIPS 180-4 6.2.2: the new state after one 64-byte block."""
    k = words(SHA256_K)
    w = words(block)
    for t in range(16, 64):
        s0 = _ror(w[t - 15], 7) ^ _ror(w[t - 15], 18) ^ (w[t - 15] >> 3)
        s1 = _ror(w[t - 2], 17) ^ _ror(w[t - 2], 19) ^ (w[t - 2] >> 10)
        w.append((s1 + w[t - 7] + s0 + w[t - 16]) & _M32)
    a, b, c, d, e, f, g, h = state
    for t in range(64):
        choice = (e & f) ^ ((e ^ _M32) & g)
        majority = (a & b) ^ (a & c) ^ (b & c)
        t1 = h + (_ror(e, 6) ^ _ror(e, 11) ^ _ror(e, 25)) + choice + k[t] + w[t]
        t2 = (_ror(a, 2) ^ _ror(a, 13) ^ _ror(a, 22)) + majority
        h, g, f, e = g, f, e, (d + t1) & _M32
        d, c, b, a = c, b, a, (t1 + t2) & _M32
    after = (a, b, c, d, e, f, g, h)
    return [(state[i] + after[i]) & _M32 for i in range(8)]


def sm3_blocks(state, data):
    """The eight words after all of data, a multiple of 64 bytes."""
    for block in _util.split(data, 64):
        state = _sm3_compress(state, block)
    return state


def sha256_blocks(state, data):
    """The eight words after all of data, a multiple of 64 bytes."""
    for block in _util.split(data, 64):
        state = _sha256_compress(state, block)
    return state


def _padding(count):
    """What both hashes put behind a message of `count` bytes."""
    bits = 8 * count & 0xFFFFFFFFFFFFFFFF
    return b"\x80" + bytes(-(count + 9) % 64) + bits.to_bytes(8, "big")


def _sm3(data):
    return _util.unwords(sm3_blocks(words(_SM3_IV), data + _padding(len(data))))


def _sha256(data):
    return _util.unwords(sha256_blocks(words(_SHA256_IV), data + _padding(len(data))))


def sm3(data, out=None):
    return _util.answer(_sm3(_util.as_bytes(data)), out)


def sha256(data, out=None):
    return _util.answer(_sha256(_util.as_bytes(data)), out)


def hmac(digest, key, data):
    """HMAC of RFC 2104 over `digest`, a function of this file; bytes in, bytes out."""
    if len(key) > 64:
        key = digest(key)
    key += bytes(64 - len(key))
    return digest(_util.xor(key, b"\x5c" * 64) + digest(_util.xor(key, b"\x36" * 64) + data))


def hmac_sm3(key, data, out=None):
    key = _util.as_bytes(key)
    return _util.answer(hmac(_sm3, key, _util.as_bytes(data)), out)


def hmac_sha256(key, data, out=None):
    key = _util.as_bytes(key)
    return _util.answer(hmac(_sha256, key, _util.as_bytes(data)), out)


def _start(iv):
    state = bytearray(_STATE_SIZE)
    state[0:_COUNT] = iv
    return state


def _opened(state):
    """A running hash: (view of it, the eight words, count of bytes, bytes not hashed yet)."""
    view = _util.writable(state)
    if len(view) != _STATE_SIZE:
        raise ValueError(f"state must be {_STATE_SIZE} bytes")
    count = int.from_bytes(bytes(view[_COUNT:_PENDING]), "big")
    pending = bytes(view[_PENDING : _PENDING + count % 64])
    return view, words(bytes(view[0:_COUNT])), count, pending


def _update(blocks, state, data):
    view, chain, count, pending = _opened(state)
    data = _util.as_bytes(data)
    count = (count + len(data)) & 0xFFFFFFFFFFFFFFFF
    data = pending + data
    whole = len(data) - len(data) % 64
    pending = data[whole:]
    view[0:_COUNT] = _util.unwords(blocks(chain, data[:whole]))
    view[_COUNT:_PENDING] = count.to_bytes(8, "big")
    view[_PENDING : _PENDING + len(pending)] = pending


def _finish(blocks, state, out):
    view, chain, count, pending = _opened(state)
    _util.room(out, 32)  # an error must leave the state as it is
    digest = _util.unwords(blocks(chain, pending + _padding(count)))
    view[:] = bytes(_STATE_SIZE)
    return _util.answer(digest, out)


def sm3_start():
    return _start(_SM3_IV)


def sm3_update(state, data):
    _update(sm3_blocks, state, data)


def sm3_finish(state, out=None):
    return _finish(sm3_blocks, state, out)


def sha256_start():
    return _start(_SHA256_IV)


def sha256_update(state, data):
    _update(sha256_blocks, state, data)


def sha256_finish(state, out=None):
    return _finish(sha256_blocks, state, out)


def sm3_kdf(secret, size):
    """GB/T 32918.4-2016 5.4.3: size bytes."""
    secret = _util.as_bytes(secret)
    _util.integer(size, 1, 0xFFFF, "size")
    parts = [_sm3(secret + i.to_bytes(4, "big")) for i in range(1, (size + 31) // 32 + 1)]
    return b"".join(parts)[:size]
