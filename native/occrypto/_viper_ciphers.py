# ruff: noqa: F821 (ptr8 and ptr32 are viper's own)
"""The twin's block ciphers in viper. Only occrypto._viper imports this, to put them in place.

The rules that make viper's words right on 32-bit and 64-bit ports stand in _viper_hash.py.
"""

from array import array
from binascii import unhexlify

import micropython

from occrypto import _reference_aes as _aes
from occrypto import _reference_des as _des
from occrypto import _reference_sm4 as _sm4

_SM4_SBOX = _sm4.SBOX
_SM4_FK = array("I", _sm4.FK)
_AES_SBOX = _aes.SBOX
_AES_INVERSE = _aes.inverse_sbox()
_AES_SIZE = 176  # 11 round keys
_DES_PC1 = bytes(_des._PC1)
_DES_PC2 = bytes(_des._PC2)
_DES_IP = bytes(_des._IP)
_DES_FP = bytes(_des._FP)
_DES_P = bytes(_des._P)
_DES_SHIFTS = bytes(_des._SHIFTS)
_DES_S = unhexlify("".join(_des._S))  # two entries a byte


@micropython.viper
def _sm4_schedule(key: ptr8, k: ptr32):
    """k: 36 words; the round keys are the last 32."""
    box = ptr8(_SM4_SBOX)
    fk = ptr32(_SM4_FK)
    i = 0
    while i < 4:
        p = 4 * i
        k[i] = fk[i] ^ (key[p] << 24 | key[p + 1] << 16 | key[p + 2] << 8 | key[p + 3])
        i += 1
    while i < 36:
        p = 28 * (i - 4)
        x = (p & 255) << 24 | (p + 7 & 255) << 16 | (p + 14 & 255) << 8 | (p + 21 & 255)
        x ^= k[i - 3] ^ k[i - 2] ^ k[i - 1]
        x = (
            box[x >> 24 & 255] << 24
            | box[x >> 16 & 255] << 16
            | box[x >> 8 & 255] << 8
            | box[x & 255]
        )
        k[i] = k[i - 4] ^ x ^ (x << 13 | x >> 19 & 0x1FFF) ^ (x << 23 | x >> 9 & 0x7FFFFF)
        i += 1


def sm4_schedule(key):
    k = array("I", bytes(144))
    _sm4_schedule(key, k)
    return k


@micropython.viper
def _sm4_block(k: ptr32, block: ptr8, out: ptr8, decrypt: int):
    box = ptr8(_SM4_SBOX)
    a = block[0] << 24 | block[1] << 16 | block[2] << 8 | block[3]
    b = block[4] << 24 | block[5] << 16 | block[6] << 8 | block[7]
    c = block[8] << 24 | block[9] << 16 | block[10] << 8 | block[11]
    d = block[12] << 24 | block[13] << 16 | block[14] << 8 | block[15]
    i = 4
    step = 1
    if decrypt:
        i = 35
        step = -1
    left = 32
    while left > 0:
        x = b ^ c ^ d ^ k[i]
        x = (
            box[x >> 24 & 255] << 24
            | box[x >> 16 & 255] << 16
            | box[x >> 8 & 255] << 8
            | box[x & 255]
        )
        x = (
            a
            ^ x
            ^ (x << 2 | x >> 30 & 3)
            ^ (x << 10 | x >> 22 & 0x3FF)
            ^ (x << 18 | x >> 14 & 0x3FFFF)
            ^ (x << 24 | x >> 8 & 0xFFFFFF)
        )
        a = b
        b = c
        c = d
        d = x
        i += step
        left -= 1
    i = 0
    while i < 4:
        shift = 24 - 8 * i
        out[i] = d >> shift
        out[i + 4] = c >> shift
        out[i + 8] = b >> shift
        out[i + 12] = a >> shift
        i += 1


def sm4_encrypt(round_keys, block):
    out = bytearray(16)
    _sm4_block(round_keys, block, out, 0)
    return bytes(out)


def sm4_decrypt(round_keys, block):
    out = bytearray(16)
    _sm4_block(round_keys, block, out, 1)
    return bytes(out)


@micropython.viper
def _aes_schedule(key: ptr8, w: ptr8):
    box = ptr8(_AES_SBOX)
    i = 0
    while i < 16:
        w[i] = key[i]
        i += 1
    rcon = 1
    while i < 176:
        if i & 15:
            j = 0
            while j < 4:
                w[i + j] = w[i + j - 16] ^ w[i + j - 4]
                j += 1
        else:
            w[i] = w[i - 16] ^ box[w[i - 3]] ^ rcon
            w[i + 1] = w[i - 15] ^ box[w[i - 2]]
            w[i + 2] = w[i - 14] ^ box[w[i - 1]]
            w[i + 3] = w[i - 13] ^ box[w[i - 4]]
            rcon = rcon << 1 ^ (rcon >> 7) * 0x11B
        i += 4


def aes_schedule(key):
    w = bytearray(_AES_SIZE)
    _aes_schedule(key, w)
    return w


@micropython.viper
def _aes_mix(s: ptr8):
    """MixColumns: each byte plus the column's sum plus twice its sum with the next byte."""
    i = 0
    while i < 16:
        first = s[i]
        total = first ^ s[i + 1] ^ s[i + 2] ^ s[i + 3]
        j = i
        while j < i + 4:
            x = s[j] ^ (first if j == i + 3 else s[j + 1])
            s[j] = s[j] ^ total ^ x << 1 ^ (x >> 7) * 0x11B
            j += 1
        i += 4


@micropython.viper
def _aes_pull(s: ptr8):
    """What turns InvMixColumns into MixColumns: 4(a0+a2) onto bytes 0 and 2, alike 1 and 3."""
    i = 0
    while i < 16:
        j = i
        while j < i + 2:
            x = s[j] ^ s[j + 2]
            x = x << 1 ^ (x >> 7) * 0x11B
            x = x << 1 ^ (x >> 7) * 0x11B
            s[j] = s[j] ^ x
            s[j + 2] = s[j + 2] ^ x
            j += 1
        i += 4


@micropython.viper
def _aes_sub(s: ptr8, out: ptr8, box: ptr8, step: int):
    """SubBytes and ShiftRows; step 13 with the inverse box undoes step 5."""
    i = 0
    while i < 16:
        out[i] = box[s[i * step & 15]]
        i += 1


@micropython.viper
def _aes_key(s: ptr8, w: ptr8, offset: int):
    i = 0
    while i < 16:
        s[i] = s[i] ^ w[offset + i]
        i += 1


def aes_encrypt(round_keys, block):
    state, other = bytearray(block), bytearray(16)
    _aes_key(state, round_keys, 0)
    for offset in range(16, _AES_SIZE, 16):
        _aes_sub(state, other, _AES_SBOX, 5)
        if offset < _AES_SIZE - 16:
            _aes_mix(other)
        _aes_key(other, round_keys, offset)
        state, other = other, state
    return bytes(state)


def aes_decrypt(round_keys, block):
    state, other = bytearray(block), bytearray(16)
    _aes_key(state, round_keys, _AES_SIZE - 16)
    for offset in range(_AES_SIZE - 32, -1, -16):
        _aes_sub(state, other, _AES_INVERSE, 13)
        _aes_key(other, round_keys, offset)
        if offset:
            _aes_pull(other)
            _aes_mix(other)
        state, other = other, state
    return bytes(state)


@micropython.viper
def _des_bits(data: ptr8, table: ptr8, size: int, bits: ptr8):
    """A permutation of 8 bytes as one byte a bit."""
    i = 0
    while i < size:
        p = table[i] - 1
        bits[i] = data[p >> 3] >> (7 - (p & 7)) & 1
        i += 1


@micropython.viper
def _des_schedule(cd: ptr8, keys: ptr8):
    """cd: 56 bits; keys: 16 times 8 groups of 6 bits."""
    pc2 = ptr8(_DES_PC2)
    shifts = ptr8(_DES_SHIFTS)
    shift = 0
    n = 0
    while n < 16:
        shift += shifts[n]
        i = 0
        while i < 8:
            six = 0
            j = 6 * i
            while j < 6 * i + 6:
                p = pc2[j] - 1
                half = 28 if p >= 28 else 0
                six = six << 1 | cd[half + (p - half + shift) % 28]
                j += 1
            keys[8 * n + i] = six
            i += 1
        n += 1


@micropython.viper
def _des_rounds(bits: ptr8, keys: ptr8, work: ptr8, decrypt: int):
    """bits: the halves, one byte a bit, the new one in the place of the old; work: 32 bytes."""
    box = ptr8(_DES_S)
    table = ptr8(_DES_P)
    left = 0
    n = 0
    while n < 16:
        right = 32 - left
        key = 8 * (15 - n if decrypt else n)
        i = 0
        while i < 8:
            six = 0
            j = 4 * i - 1
            while j < 4 * i + 5:
                six = six << 1 | bits[right + (j & 31)]
                j += 1
            six ^= keys[key + i]
            at = 64 * i + 16 * (six >> 4 & 2 | six & 1) + (six >> 1 & 15)
            four = box[at >> 1] >> (0 if at & 1 else 4)
            j = 0
            while j < 4:
                work[4 * i + j] = four >> (3 - j) & 1
                j += 1
            i += 1
        i = 0
        while i < 32:
            bits[left + i] = bits[left + i] ^ work[table[i] - 1]
            i += 1
        left = right
        n += 1


@micropython.viper
def _des_bytes(bits: ptr8, out: ptr8):
    """The final permutation, of the halves swapped, as 8 bytes."""
    table = ptr8(_DES_FP)
    i = 0
    while i < 8:
        byte = 0
        j = 8 * i
        while j < 8 * i + 8:
            byte = byte << 1 | bits[table[j] - 1 ^ 32]
            j += 1
        out[i] = byte
        i += 1


def des_passes(key, decrypt):
    """A list of (round keys, whether to decrypt)."""
    schedules = []
    for i in range(0, len(key), 8):
        cd, keys = bytearray(56), bytearray(128)
        _des_bits(key[i : i + 8], _DES_PC1, 56, cd)
        _des_schedule(cd, keys)
        schedules.append(keys)
    if len(schedules) == 1:
        return [(schedules[0], decrypt)]
    last = schedules[2] if len(schedules) == 3 else schedules[0]
    outer = (last, schedules[0]) if decrypt else (schedules[0], last)
    return [(outer[0], decrypt), (schedules[1], not decrypt), (outer[1], decrypt)]


def des_ecb(key_passes, data):
    bits, work, done = bytearray(64), bytearray(32), []
    for i in range(0, len(data), 8):
        block = bytearray(data[i : i + 8])
        for keys, decrypt in key_passes:
            _des_bits(block, _DES_IP, 64, bits)
            _des_rounds(bits, keys, work, int(decrypt))
            _des_bytes(bits, block)
        done.append(bytes(block))
    return b"".join(done)
