# ruff: noqa: F821 (ptr8 and ptr32 are viper's own)
"""The twin's CRCs and hashes in viper. Only occrypto._viper imports this, to put them in place.

A viper int is a machine word, of 32 or 64 bits, and shifts right with its sign. So here only the
low 32 bits of a word are right, every shift to the right is masked, and no literal has more than
30 bits: that is all a small int holds on a 32-bit port. A viper function takes four arguments at
most; further tables are globals.
"""

from array import array

import micropython

from occrypto import _reference_hash as _hash

_SM3_T = (0x79CC4519, 0x9D8A7A87)  # GM/T 0004-2012 4.2; the second one is rotated by 16 already
_SM3_ROOM = 70  # W0 to W67, then _SM3_T
_SHA256_K = _hash.SHA256_K
_tables = {}  # of the CRCs, by polynomial and direction


@micropython.viper
def _xor(a: ptr8, b: ptr8, out: ptr8, size: int):
    i = 0
    while i < size:
        out[i] = a[i] ^ b[i]
        i += 1


def xor(a, b):
    out = bytearray(len(a))
    _xor(a, b, out, len(a))
    return bytes(out)


def _table(poly, is_reflected):
    """What four bits do to the register: 16 words."""
    key = (poly, is_reflected)
    if key not in _tables:
        table = array("I", bytes(64))
        for i in range(16):
            reg = i if is_reflected else i << 12
            for _ in range(4):
                if is_reflected:
                    reg = reg >> 1 ^ (poly if reg & 1 else 0)
                else:
                    reg = (reg << 1 ^ (poly if reg & 0x8000 else 0)) & 0xFFFF
            table[i] = reg
        _tables[key] = table
    return _tables[key]


@micropython.viper
def _reflected(reg: int, data: ptr8, size: int, table: ptr32) -> int:
    i = 0
    while i < size:
        reg ^= data[i]
        reg = (reg >> 4 & 0xFFFFFFF) ^ table[reg & 15]
        reg = (reg >> 4 & 0xFFFFFFF) ^ table[reg & 15]
        i += 1
    return reg


def reflected(reg, data, poly):
    return _reflected(reg, data, len(data), _table(poly, True)) & 0xFFFFFFFF


@micropython.viper
def _straight(reg: int, data: ptr8, size: int, table: ptr32) -> int:
    i = 0
    while i < size:
        byte = data[i]
        reg = (reg << 4 ^ table[(reg >> 12 ^ byte >> 4) & 15]) & 0xFFFF
        reg = (reg << 4 ^ table[(reg >> 12 ^ byte) & 15]) & 0xFFFF
        i += 1
    return reg


def straight(reg, data, poly):
    return _straight(reg, data, len(data), _table(poly, False))


@micropython.viper
def _load(w: ptr32, data: ptr8, offset: int):
    """16 big-endian words from data + offset."""
    j = 0
    while j < 16:
        p = offset + 4 * j
        w[j] = data[p] << 24 | data[p + 1] << 16 | data[p + 2] << 8 | data[p + 3]
        j += 1


@micropython.viper
def _sm3_expand(w: ptr32):
    j = 16
    while j < 68:
        x = w[j - 3]
        x = w[j - 16] ^ w[j - 9] ^ (x << 15 | x >> 17 & 0x7FFF)
        y = w[j - 13]
        x = x ^ (x << 15 | x >> 17 & 0x7FFF) ^ (x << 23 | x >> 9 & 0x7FFFFF)
        w[j] = x ^ (y << 7 | y >> 25 & 0x7F) ^ w[j - 6]
        j += 1


@micropython.viper
def _sm3_rounds(v: ptr32, w: ptr32):
    a = v[0]
    b = v[1]
    c = v[2]
    d = v[3]
    e = v[4]
    f = v[5]
    g = v[6]
    h = v[7]
    t = w[68]
    j = 0
    while j < 64:
        if j == 16:
            t = w[69]
        rolled = a << 12 | a >> 20 & 0xFFF
        x = rolled + e + t
        x = x << 7 | x >> 25 & 0x7F
        tt1 = d + (x ^ rolled) + (w[j] ^ w[j + 4])
        tt2 = h + x + w[j]
        if j < 16:
            tt1 += a ^ b ^ c
            tt2 += e ^ f ^ g
        else:
            tt1 += a & b | a & c | b & c
            tt2 += g ^ (e & (f ^ g))
        d = c
        c = b << 9 | b >> 23 & 0x1FF
        b = a
        a = tt1
        h = g
        g = f << 19 | f >> 13 & 0x7FFFF
        f = e
        e = tt2 ^ (tt2 << 9 | tt2 >> 23 & 0x1FF) ^ (tt2 << 17 | tt2 >> 15 & 0x1FFFF)
        t = t << 1 | t >> 31 & 1
        j += 1
    v[0] ^= a
    v[1] ^= b
    v[2] ^= c
    v[3] ^= d
    v[4] ^= e
    v[5] ^= f
    v[6] ^= g
    v[7] ^= h


def sm3_blocks(state, data):
    state = array("I", state)
    w = array("I", bytes(4 * _SM3_ROOM))
    w[68], w[69] = _SM3_T
    for offset in range(0, len(data), 64):
        _load(w, data, offset)
        _sm3_expand(w)
        _sm3_rounds(state, w)
    return state


@micropython.viper
def _sha256_expand(w: ptr32):
    t = 16
    while t < 64:
        x = w[t - 15]
        s0 = (x >> 7 & 0x1FFFFFF | x << 25) ^ (x >> 18 & 0x3FFF | x << 14) ^ (x >> 3 & 0x1FFFFFFF)
        x = w[t - 2]
        s1 = (x >> 17 & 0x7FFF | x << 15) ^ (x >> 19 & 0x1FFF | x << 13) ^ (x >> 10 & 0x3FFFFF)
        w[t] = s1 + w[t - 7] + s0 + w[t - 16]
        t += 1


@micropython.viper
def _sha256_rounds(v: ptr32, w: ptr32):
    k = ptr8(_SHA256_K)
    a = v[0]
    b = v[1]
    c = v[2]
    d = v[3]
    e = v[4]
    f = v[5]
    g = v[6]
    h = v[7]
    t = 0
    while t < 64:
        p = 4 * t
        x = k[p] << 24 | k[p + 1] << 16 | k[p + 2] << 8 | k[p + 3]
        x += h + w[t] + (g ^ (e & (f ^ g)))
        x += (
            (e >> 6 & 0x3FFFFFF | e << 26)
            ^ (e >> 11 & 0x1FFFFF | e << 21)
            ^ (e >> 25 & 0x7F | e << 7)
        )
        y = (
            (a >> 2 & 0x3FFFFFFF | a << 30)
            ^ (a >> 13 & 0x7FFFF | a << 19)
            ^ (a >> 22 & 0x3FF | a << 10)
        )
        y += a & b | a & c | b & c
        h = g
        g = f
        f = e
        e = d + x
        d = c
        c = b
        b = a
        a = x + y
        t += 1
    v[0] += a
    v[1] += b
    v[2] += c
    v[3] += d
    v[4] += e
    v[5] += f
    v[6] += g
    v[7] += h


def sha256_blocks(state, data):
    state = array("I", state)
    w = array("I", bytes(256))
    for offset in range(0, len(data), 64):
        _load(w, data, offset)
        _sha256_expand(w)
        _sha256_rounds(state, w)
    return state
