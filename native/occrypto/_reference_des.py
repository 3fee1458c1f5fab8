"""DES of the pure Python twin, bit by bit as FIPS 46-3 tells it. Checks no arguments.

TIME DEPENDS ON SECRETS, and it is slow: for tests and reading. passes and ecb are looked up here
at every call, so that occrypto._viper can put faster ones in their place; what passes returns is
for ecb alone.
"""

# fmt: off
# FIPS 46-3, as printed there: bits count from 1, the first is the left one.
_PC1 = (
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18,
    10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22,
    14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
)
_PC2 = (
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4,
    26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30, 40,
    51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
)
_IP = (
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
    62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
    57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
    61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
)
_FP = (
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31,
    38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21, 61, 29,
    36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27,
    34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
)
_E = (
    32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11,
    12, 13, 12, 13, 14, 15, 16, 17, 16, 17, 18, 19, 20, 21, 20, 21,
    22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
)
_P = (
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
)
_SHIFTS = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
_S = (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
)
# fmt: on


def _permute(value, width, table):
    """The bits of value (width bits) that table names, in its order."""
    out = 0
    for bit in table:
        out = out << 1 | (value >> (width - bit) & 1)
    return out


def _schedule(key):
    """The 16 round keys (48 bits each) of 8 bytes of key."""
    cd = _permute(int.from_bytes(key, "big"), 64, _PC1)
    c, d = cd >> 28, cd & 0xFFFFFFF
    round_keys = []
    for shift in _SHIFTS:
        c = (c << shift | c >> (28 - shift)) & 0xFFFFFFF
        d = (d << shift | d >> (28 - shift)) & 0xFFFFFFF
        round_keys.append(_permute(c << 28 | d, 56, _PC2))
    return round_keys


def _f(half, round_key):
    x = _permute(half, 32, _E) ^ round_key
    out = 0
    for i in range(8):
        six = x >> (42 - 6 * i) & 63
        row = six >> 4 & 2 | six & 1
        out = out << 4 | int(_S[i][16 * row + (six >> 1 & 15)], 16)
    return _permute(out, 32, _P)


def _block(round_keys, block):
    """One DES block (an int of 64 bits); decrypts with the round keys in reverse order."""
    x = _permute(block, 64, _IP)
    left, right = x >> 32, x & 0xFFFFFFFF
    for round_key in round_keys:
        left, right = right, left ^ _f(right, round_key)
    return _permute(right << 32 | left, 64, _FP)


def passes(key, decrypt=False):
    """The DES passes of a key of 8, 16 or 24 bytes: a list of round key lists."""
    keys = [_schedule(key[i : i + 8]) for i in range(0, len(key), 8)]
    if len(keys) == 1:
        return [keys[0][::-1]] if decrypt else keys
    first, second, third = keys[0], keys[1], keys[-1] if len(keys) == 3 else keys[0]
    if decrypt:
        return [third[::-1], second, first[::-1]]
    return [first, second[::-1], third]


def ecb(key_passes, data):
    """data (a multiple of 8 bytes) through the passes, block by block."""
    out = []
    for i in range(0, len(data), 8):
        value = int.from_bytes(data[i : i + 8], "big")
        for round_keys in key_passes:
            value = _block(round_keys, value)
        out.append(value.to_bytes(8, "big"))
    return b"".join(out)
