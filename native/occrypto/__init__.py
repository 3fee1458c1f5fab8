"""The C core's one Python face: the same names, errors and limits on a terminal and on a host.

`backend` says what computes: "usermod" (C, in the firmware image), "natmod" (C, an `_occrypto`
.mpy on sys.path), "cffi" (C, on CPython) or "reference" (the pure Python twin). On CPython,
ONECARD_CRYPTO=reference in the environment forces the twin, for tests.

Arguments are positional. "Buffer" is any object with the buffer protocol (bytes, bytearray,
memoryview); everything else, str included, raises TypeError. A wrong size or range raises
ValueError, with the expected one in its text. Arguments are checked from left to right.
Results are new bytes objects unless said otherwise. Sizes are bytes.

Time: sm3, hmac_sm3, equal and wipe depend on lengths alone. SM4, DES and what is made of them look
tables up by key and data (oc_sm4.h, oc_des.h); `reference` gives no such promise but for equal.
"""

import sys

if sys.implementation.name == "micropython":
    try:
        import _occrypto as _impl  # a built-in module wins over a .mpy of the same name
    except ImportError:
        from occrypto import _reference as _impl
else:
    import os

    _wanted = os.environ.get("ONECARD_CRYPTO", "")
    if _wanted not in ("", "cffi", "reference"):
        raise ValueError(f"ONECARD_CRYPTO must be cffi or reference, not {_wanted!r}")
    try:
        if _wanted == "reference":
            raise ImportError
        from occrypto import _cffi as _impl
    except ImportError:
        if _wanted == "cffi":
            raise
        from occrypto import _reference as _impl

backend = _impl.binding

# crc_a(data, crc=0x6363) -> int
#   CRC_A of ISO/IEC 14443-3 (sent low byte first). Runs on: pass the previous result as crc.
crc_a = _impl.crc_a
# crc_b(data, crc=0) -> int
#   CRC_B of ISO/IEC 14443-3 (sent low byte first). Runs on as zlib.crc32 does; of nothing it is 0.
crc_b = _impl.crc_b
# crc32(data, crc=0) -> int
#   CRC-32 of zip and Ethernet, the same as zlib.crc32.
crc32 = _impl.crc32

# sm3(data) -> 32 bytes: SM3 digest (GM/T 0004-2012).
sm3 = _impl.sm3
# hmac_sm3(key, data) -> 32 bytes: HMAC-SM3 (GM/T 0042-2015), a key of any size.
hmac_sm3 = _impl.hmac_sm3

# SM4 (GM/T 0002-2012): key 16, iv 16; data a multiple of 16, no padding is added or removed.
# sm4_ecb_encrypt(key, data), sm4_ecb_decrypt(key, data) -> as many bytes as data
sm4_ecb_encrypt = _impl.sm4_ecb_encrypt
sm4_ecb_decrypt = _impl.sm4_ecb_decrypt
# sm4_cbc_encrypt(key, iv, data), sm4_cbc_decrypt(key, iv, data) -> as many bytes as data
sm4_cbc_encrypt = _impl.sm4_cbc_encrypt
sm4_cbc_decrypt = _impl.sm4_cbc_decrypt
# sm4_cbc_mac(key, iv, data) -> 16 bytes
#   Plain CBC-MAC; of no data it is the iv. Safe only for messages of one fixed size.
sm4_cbc_mac = _impl.sm4_cbc_mac
# sm4_cmac(key, data) -> 16 bytes: CMAC (GB/T 15852.1-2020 algorithm 5), data of any size.
sm4_cmac = _impl.sm4_cmac
# sm4_ctr(key, counter, data) -> as many bytes as data (any size)
#   counter: the first counter block, 16 bytes, counted up big-endian over all 128 bits.
sm4_ctr = _impl.sm4_ctr
# sm4_ctr_into(key, counter, buf) -> None
#   The same in place on a writable buffer of bytes, without allocation in the C bindings.
sm4_ctr_into = _impl.sm4_ctr_into

# des_ecb_encrypt(key, data), des_ecb_decrypt(key, data) -> as many bytes as data
#   key: 8 (DES), 16 (two-key 3DES) or 24 (three-key 3DES); data: a multiple of 8. FIPS 46-3.
des_ecb_encrypt = _impl.des_ecb_encrypt
des_ecb_decrypt = _impl.des_ecb_decrypt

# pboc_session_key(key, block) -> 8 bytes: 3DES (key 16) of one 8-byte block (JR/T 0025).
pboc_session_key = _impl.pboc_session_key
# pboc_mac(key, data) -> 4 bytes
#   Purse MAC1/MAC2: DES-CBC under 8 bytes of key, iv 0, padding 2 of ISO/IEC 9797-1 always.
pboc_mac = _impl.pboc_mac
# pboc_tac(dtk, data) -> 4 bytes: the MAC above under (left half XOR right half) of dtk (16).
pboc_tac = _impl.pboc_tac
# mac_alg3(key, iv, data) -> 8 bytes
#   ISO/IEC 9797-1 algorithm 3, padding 2; key 16, iv 8. Line protection sends the left 4 bytes.
mac_alg3 = _impl.mac_alg3

# diversify_des(master, factor) -> 16 bytes: 3DES(factor) then 3DES(NOT factor); 16, 8.
diversify_des = _impl.diversify_des
# diversify_sm4(master, factor) -> 16 bytes: SM4(factor then NOT factor); 16, 8.
diversify_sm4 = _impl.diversify_sm4

# equal(a, b) -> bool: constant time in the contents; the lengths are public.
equal = _impl.equal
# wipe(buf) -> None: zeroes a writable buffer.
wipe = _impl.wipe
