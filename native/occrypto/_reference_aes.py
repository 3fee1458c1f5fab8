"""The AES-128 block cipher of the pure Python twin (FIPS 197). Checks no arguments.

schedule, encrypt and decrypt are looked up here at every call, so that occrypto._viper can put
faster ones in their place; what schedule returns is for the other two alone. The state is 16 bytes
in the order of the block: byte r + 4c is row r of column c.
"""

from binascii import unhexlify

from occrypto._reference_util import split, xor

SBOX = unhexlify(
    "637c777bf26b6fc53001672bfed7ab76ca82c97dfa5947f0add4a2af9ca472c0"
    "b7fd9326363ff7cc34a5e5f171d8311504c723c31896059a071280e2eb27b275"
    "09832c1a1b6e5aa0523bd6b329e32f8453d100ed20fcb15b6acbbe394a4c58cf"
    "d0efaafb434d338545f9027f503c9fa851a3408f929d38f5bcb6da2110fff3d2"
    "cd0c13ec5f974417c4a77e3d645d197360814fdc222a908846eeb814de5e0bdb"
    "e0323a0a4906245cc2d3ac629195e479e7c8376d8dd54ea96c56f4ea657aae08"
    "ba78252e1ca6b4c6e8dd741f4bbd8b8a703eb5664803f60e613557b986c11d9e"
    "e1f8981169d98e949b1e87e9ce5528df8ca1890dbfe6426841992d0fb054bb16"
)
_ROUNDS = 10


def inverse_sbox():
    """Figure 14, made from figure 7."""
    table = bytearray(256)
    for i in range(256):
        table[SBOX[i]] = i
    return bytes(table)


def _times(a, b):
    """4.2: the product of two bytes in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def schedule(key):
    """5.2: the 11 round keys of a 16-byte key, 16 bytes each."""
    w = split(key, 4)
    rcon = 1
    for i in range(4, 4 * (_ROUNDS + 1)):
        temp = w[i - 1]
        if i % 4 == 0:
            temp = bytes([SBOX[byte] for byte in temp[1:] + temp[:1]])
            temp = xor(temp, bytes([rcon, 0, 0, 0]))
            rcon = _times(rcon, 2)
        w.append(xor(w[i - 4], temp))
    return split(b"".join(w), 16)


def _shift_rows(state, step):
    """5.1.2, and 5.3.1 with step -1."""
    return bytes([state[(i + 4 * step * (i % 4)) % 16] for i in range(16)])


def _mix_columns(state, row):
    """5.1.3 and 5.3.3: each column times the polynomial whose first matrix row is `row`."""
    mixed = []
    for column in split(state, 4):
        for r in range(4):
            byte = 0
            for i in range(4):
                byte ^= _times(column[i], row[(i - r) % 4])
            mixed.append(byte)
    return bytes(mixed)


def encrypt(round_keys, block):
    """5.1: one block of 16 bytes."""
    state = xor(block, round_keys[0])
    for i in range(1, _ROUNDS + 1):
        state = _shift_rows(bytes([SBOX[byte] for byte in state]), 1)
        if i < _ROUNDS:
            state = _mix_columns(state, (2, 3, 1, 1))
        state = xor(state, round_keys[i])
    return state


def decrypt(round_keys, block):
    """5.3: one block of 16 bytes."""
    inverse = inverse_sbox()
    state = xor(block, round_keys[_ROUNDS])
    for i in range(_ROUNDS - 1, -1, -1):
        state = bytes([inverse[byte] for byte in _shift_rows(state, -1)])
        state = xor(state, round_keys[i])
        if i > 0:
            state = _mix_columns(state, (14, 11, 13, 9))
    return state
