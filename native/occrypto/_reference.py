"""The C core's twin in plain Python: slow, easy to read, the same answers and errors.

For tests and reading, on CPython and MicroPython alike. It follows the standards' own text (tables
counted from 1, one step after the other) and shares no code or table layout with the C core, so
that the two cannot share a mistake. Contracts: the docstrings of occrypto/__init__.py.
TIME DEPENDS ON SECRETS everywhere here, but for `equal`.
"""

from binascii import unhexlify

from occrypto import _reference_des as _des

binding = "reference"

_NO_BUFFER = "object with buffer protocol required"


def _bytes(data):
    """data (any buffer, also not of bytes) as bytes. Raises TypeError for anything else."""
    if isinstance(data, str):  # MicroPython would read its UTF-8
        raise TypeError(_NO_BUFFER)
    try:
        return bytes(memoryview(data))
    except TypeError:
        raise TypeError(_NO_BUFFER)


def _sized(data, size, name):
    """data as bytes; ValueError unless it is `size` bytes."""
    data = _bytes(data)
    if len(data) != size:
        raise ValueError(f"{name} must be {size} bytes")
    return data


def _whole(data, size):
    """data as bytes; ValueError unless it is a multiple of `size` bytes."""
    data = _bytes(data)
    if len(data) % size:
        raise ValueError(f"data must be a multiple of {size} bytes")
    return data


def _writable(buf):
    """A memoryview to write through. Raises TypeError for no buffer or a read-only one."""
    _bytes(buf)
    view = memoryview(buf)
    try:
        view[0:0] = view[0:0]  # nothing is written; both Pythons refuse it for read-only memory
    except TypeError:
        raise TypeError(_NO_BUFFER)
    return view


def _check_crc(crc, limit):
    if isinstance(crc, bool) or not isinstance(crc, int):
        raise TypeError("crc must be an int")
    if not 0 <= crc <= limit:
        raise ValueError("crc out of range")


def _xor(a, b):
    """a XOR the first bytes of b, as many as a has."""
    return bytes([a[i] ^ b[i] for i in range(len(a))])


def _crc(reg, data, poly):
    """Reflected CRC, bit by bit, without preset or final XOR."""
    for byte in data:
        reg ^= byte
        for _ in range(8):
            reg = (reg >> 1) ^ (poly if reg & 1 else 0)
    return reg


def crc_a(data, crc=0x6363):
    data = _bytes(data)
    _check_crc(crc, 0xFFFF)
    return _crc(crc, data, 0x8408)


def crc_b(data, crc=0):
    data = _bytes(data)
    _check_crc(crc, 0xFFFF)
    return _crc(crc ^ 0xFFFF, data, 0x8408) ^ 0xFFFF


def crc32(data, crc=0):
    data = _bytes(data)
    _check_crc(crc, 0xFFFFFFFF)
    return _crc(crc ^ 0xFFFFFFFF, data, 0xEDB88320) ^ 0xFFFFFFFF


_M32 = 0xFFFFFFFF


def _rol(value, bits):
    bits %= 32
    return ((value << bits) | (value >> (32 - bits))) & _M32


_SM3_IV = "7380166f4914b2b9172442d7da8a0600a96f30bc163138aae38dee4db0fb0e4e"


def _words(data):
    """data as a list of big-endian 32-bit words."""
    return [int.from_bytes(data[i : i + 4], "big") for i in range(0, len(data), 4)]


def _unwords(words):
    return b"".join([word.to_bytes(4, "big") for word in words])


def _sm3_compress(state, block):
    """GM/T 0004-2012 5.3: the new state after one 64-byte block."""
    w = _words(block)
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ _rol(w[j - 3], 15)
        w.append(x ^ _rol(x, 15) ^ _rol(x, 23) ^ _rol(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        t = 0x79CC4519 if j < 16 else 0x7A879D8A
        ss1 = _rol((_rol(a, 12) + e + _rol(t, j)) & _M32, 7)
        ss2 = ss1 ^ _rol(a, 12)
        if j < 16:
            ff = a ^ b ^ c
            gg = e ^ f ^ g
        else:
            ff = (a & b) | (a & c) | (b & c)
            gg = (e & f) | ((e ^ _M32) & g)
        tt1 = (ff + d + ss2 + (w[j] ^ w[j + 4])) & _M32
        tt2 = (gg + h + ss1 + w[j]) & _M32
        d, c, b, a = c, _rol(b, 9), a, tt1
        h, g, f, e = g, _rol(f, 19), e, tt2 ^ _rol(tt2, 9) ^ _rol(tt2, 17)
    after = (a, b, c, d, e, f, g, h)
    return [state[i] ^ after[i] for i in range(8)]


def sm3(data):
    data = _bytes(data)
    state = _words(unhexlify(_SM3_IV))
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + (8 * len(data)).to_bytes(8, "big")
    for i in range(0, len(padded), 64):
        state = _sm3_compress(state, padded[i : i + 64])
    return _unwords(state)


def hmac_sm3(key, data):
    key = _bytes(key)
    data = _bytes(data)
    if len(key) > 64:
        key = sm3(key)
    key += bytes(64 - len(key))
    inner = sm3(_xor(key, b"\x36" * 64) + data)
    return sm3(_xor(key, b"\x5c" * 64) + inner)


_SM4_SBOX = unhexlify(
    "d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa44132649860699"
    "9c4250f491ef987a33540b43edcfac62e4b31ca9c908e89580df94fa758f3fa6"
    "4707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d35"
    "1e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89e"
    "eabf8ad240c738b5a3f7f2cef96115a1e0ae5da49b341a55ad933230f58cb1e3"
    "1df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b51"
    "8d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b0"
    "8969974a0c96777e65b9f109c56ec68418f07dec3adc4d2079ee5f3ed7cb3948"
)
_SM4_FK = (0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC)


def _sm4_tau(x):
    return int.from_bytes(bytes([_SM4_SBOX[byte] for byte in x.to_bytes(4, "big")]), "big")


def _sm4_schedule(key):
    """GM/T 0002-2012 7.3: the 32 round keys of a 16-byte key."""
    words = _words(key)
    k = [words[i] ^ _SM4_FK[i] for i in range(4)]
    for i in range(32):
        ck = 0
        for j in range(4):
            ck = ck << 8 | (4 * i + j) * 7 % 256
        b = _sm4_tau(k[i + 1] ^ k[i + 2] ^ k[i + 3] ^ ck)
        k.append(k[i] ^ b ^ _rol(b, 13) ^ _rol(b, 23))
    return k[4:]


def _sm4_block(round_keys, block):
    """One block; decrypts when given the round keys in reverse order."""
    x = _words(block)
    for rk in round_keys:
        b = _sm4_tau(x[1] ^ x[2] ^ x[3] ^ rk)
        x = x[1:] + [x[0] ^ b ^ _rol(b, 2) ^ _rol(b, 10) ^ _rol(b, 18) ^ _rol(b, 24)]
    return _unwords(x[::-1])


def _blocks(data, size):
    return [data[i : i + size] for i in range(0, len(data), size)]


def sm4_ecb_encrypt(key, data):
    rk = _sm4_schedule(_sized(key, 16, "key"))
    return b"".join([_sm4_block(rk, block) for block in _blocks(_whole(data, 16), 16)])


def sm4_ecb_decrypt(key, data):
    rk = _sm4_schedule(_sized(key, 16, "key"))[::-1]
    return b"".join([_sm4_block(rk, block) for block in _blocks(_whole(data, 16), 16)])


def sm4_cbc_encrypt(key, iv, data):
    rk = _sm4_schedule(_sized(key, 16, "key"))
    chain = _sized(iv, 16, "iv")
    out = []
    for block in _blocks(_whole(data, 16), 16):
        chain = _sm4_block(rk, _xor(chain, block))
        out.append(chain)
    return b"".join(out)


def sm4_cbc_decrypt(key, iv, data):
    rk = _sm4_schedule(_sized(key, 16, "key"))[::-1]
    chain = _sized(iv, 16, "iv")
    out = []
    for block in _blocks(_whole(data, 16), 16):
        out.append(_xor(_sm4_block(rk, block), chain))
        chain = block
    return b"".join(out)


def sm4_cbc_mac(key, iv, data):
    key = _sized(key, 16, "key")
    iv = _sized(iv, 16, "iv")
    return (iv + sm4_cbc_encrypt(key, iv, data))[-16:]


def sm4_cmac(key, data):
    rk = _sm4_schedule(_sized(key, 16, "key"))
    data = _bytes(data)
    subkey = int.from_bytes(_sm4_block(rk, bytes(16)), "big")
    whole = len(data) > 0 and len(data) % 16 == 0
    for _ in range(1 if whole else 2):
        subkey = subkey << 1 ^ (0x87 if subkey >> 127 else 0)
        subkey &= (1 << 128) - 1
    if not whole:
        data += b"\x80" + bytes(-(len(data) + 1) % 16)
    last = _xor(data[-16:], subkey.to_bytes(16, "big"))
    chain = bytes(16)
    for block in _blocks(data[:-16] + last, 16):
        chain = _sm4_block(rk, _xor(chain, block))
    return chain


def sm4_ctr(key, counter, data):
    rk = _sm4_schedule(_sized(key, 16, "key"))
    count = int.from_bytes(_sized(counter, 16, "counter"), "big")
    out = []
    for block in _blocks(_bytes(data), 16):
        out.append(_xor(block, _sm4_block(rk, count.to_bytes(16, "big"))))
        count = (count + 1) & ((1 << 128) - 1)
    return b"".join(out)


def sm4_ctr_into(key, counter, buf):
    """buf: of bytes (bytearray, memoryview of one); wider items only in the C bindings."""
    key = _sized(key, 16, "key")
    counter = _sized(counter, 16, "counter")
    view = _writable(buf)
    view[:] = sm4_ctr(key, counter, view)


def _des_key(key):
    key = _bytes(key)
    if len(key) not in (8, 16, 24):
        raise ValueError("key must be 8, 16 or 24 bytes")
    return key


def des_ecb_encrypt(key, data):
    return _des.ecb(_des.passes(_des_key(key)), _whole(data, 8))


def des_ecb_decrypt(key, data):
    return _des.ecb(_des.passes(_des_key(key), decrypt=True), _whole(data, 8))


def _des_cbc_mac(key, iv, data):
    """CBC-MAC of ISO/IEC 9797-1 with padding 2: the whole last block."""
    passes = _des.passes(key)
    chain = iv
    for block in _blocks(data + b"\x80" + bytes(-(len(data) + 1) % 8), 8):
        chain = _des.ecb(passes, _xor(chain, block))
    return chain


def pboc_session_key(key, block):
    key = _sized(key, 16, "key")
    return des_ecb_encrypt(key, _sized(block, 8, "block"))


def pboc_mac(key, data):
    key = _sized(key, 8, "key")
    return _des_cbc_mac(key, bytes(8), _bytes(data))[:4]


def pboc_tac(dtk, data):
    dtk = _sized(dtk, 16, "key")
    return pboc_mac(_xor(dtk[:8], dtk[8:]), data)


def mac_alg3(key, iv, data):
    key = _sized(key, 16, "key")
    iv = _sized(iv, 8, "iv")
    mac = _des_cbc_mac(key[:8], iv, _bytes(data))
    return des_ecb_encrypt(key[:8], des_ecb_decrypt(key[8:], mac))


def _and_inverse(factor):
    return factor + bytes([byte ^ 0xFF for byte in factor])


def diversify_des(master, factor):
    master = _sized(master, 16, "key")
    return des_ecb_encrypt(master, _and_inverse(_sized(factor, 8, "factor")))


def diversify_sm4(master, factor):
    master = _sized(master, 16, "key")
    return sm4_ecb_encrypt(master, _and_inverse(_sized(factor, 8, "factor")))


def equal(a, b):
    a = _bytes(a)
    b = _bytes(b)
    if len(a) != len(b):
        return False
    differences = 0
    for i in range(len(a)):
        differences |= a[i] ^ b[i]
    return differences == 0


def wipe(buf):
    view = _writable(buf)
    for i in range(len(view)):
        view[i] = 0
