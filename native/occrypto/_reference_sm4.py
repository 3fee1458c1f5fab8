"""The SM4 block cipher of the pure Python twin (GM/T 0002-2012). Checks no arguments.

schedule, encrypt and decrypt are looked up here at every call, so that occrypto._viper can put
faster ones in their place; what schedule returns is for the other two alone.
"""

from binascii import unhexlify

from occrypto._reference_util import rol, unwords, words

SBOX = unhexlify(
    "d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa44132649860699"
    "9c4250f491ef987a33540b43edcfac62e4b31ca9c908e89580df94fa758f3fa6"
    "4707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d35"
    "1e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89e"
    "eabf8ad240c738b5a3f7f2cef96115a1e0ae5da49b341a55ad933230f58cb1e3"
    "1df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b51"
    "8d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b0"
    "8969974a0c96777e65b9f109c56ec68418f07dec3adc4d2079ee5f3ed7cb3948"
)
FK = (0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC)


def _tau(x):
    return int.from_bytes(bytes([SBOX[byte] for byte in x.to_bytes(4, "big")]), "big")


def schedule(key):
    """7.3: the 32 round keys of a 16-byte key."""
    key = words(key)
    k = [key[i] ^ FK[i] for i in range(4)]
    for i in range(32):
        ck = 0
        for j in range(4):
            ck = ck << 8 | (4 * i + j) * 7 % 256
        b = _tau(k[i + 1] ^ k[i + 2] ^ k[i + 3] ^ ck)
        k.append(k[i] ^ b ^ rol(b, 13) ^ rol(b, 23))
    return k[4:]


def encrypt(round_keys, block):
    """7.2: one block of 16 bytes."""
    x = words(block)
    for rk in round_keys:
        b = _tau(x[1] ^ x[2] ^ x[3] ^ rk)
        x = x[1:] + [x[0] ^ b ^ rol(b, 2) ^ rol(b, 10) ^ rol(b, 18) ^ rol(b, 24)]
    return unwords(x[::-1])


def decrypt(round_keys, block):
    """The same with the round keys in reverse order."""
    return encrypt(round_keys[::-1], block)
