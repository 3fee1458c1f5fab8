"""Cryptography of the PBOC electronic purse (JR/T 0025 parts 1 and 2), made with OpenSSL.

Keys come in as plain bytes; nothing here is meant to resist an attacker at the bench.
"""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes


def des3_block(key: bytes, block: bytes) -> bytes:
    """Two-key 3DES of one 8-byte block. key: 16 bytes, or 8 for single DES."""
    full = key * 3 if len(key) == 8 else key + key[:8]
    return Cipher(TripleDES(full), modes.ECB()).encryptor().update(block)


def des3_decrypt(key: bytes, data: bytes) -> bytes:
    """Two-key 3DES in ECB mode, whole blocks; key: 16 bytes."""
    return Cipher(TripleDES(key + key[:8]), modes.ECB()).decryptor().update(data)


def retail_mac(key: bytes, iv: bytes, message: bytes) -> bytes:
    """ISO/IEC 9797-1 algorithm 3, padding method 2, with a 16-byte key; the left four bytes."""
    padded = message + b"\x80" + bytes(-(len(message) + 1) % 8)
    head = iv
    if len(padded) > 8:
        cipher = Cipher(TripleDES(key[:8] * 3), modes.CBC(iv))
        head = cipher.encryptor().update(padded[:-8])[-8:]
    last = bytes(a ^ b for a, b in zip(head, padded[-8:], strict=True))
    return des3_block(key, last)[:4]


def mac(key: bytes, message: bytes) -> bytes:
    """Single-DES CBC MAC, padding 80 00... always added, IV zero; the left four bytes."""
    padded = message + b"\x80" + bytes(-(len(message) + 1) % 8)
    cipher = Cipher(TripleDES(key * 3), modes.CBC(bytes(8)))
    return cipher.encryptor().update(padded)[-8:-4]


def purchase_session_key(dpk: bytes, rand: bytes, serial: int, terminal_serial: int) -> bytes:
    """Session key of a purchase: random 4, offline serial 2, low half of the terminal's serial."""
    tail = serial.to_bytes(2, "big") + (terminal_serial & 0xFFFF).to_bytes(2, "big")
    return des3_block(dpk, rand + tail)


def load_session_key(dlk: bytes, rand: bytes, serial: int) -> bytes:
    """Session key of a load: random 4, online serial 2, 8000."""
    return des3_block(dlk, rand + serial.to_bytes(2, "big") + b"\x80\x00")


def tac_key(dtk: bytes) -> bytes:
    """The TAC is made with the exclusive or of the two halves of DTK."""
    return bytes(a ^ b for a, b in zip(dtk[:8], dtk[8:], strict=True))


def amount4(amount: int) -> bytes:
    """An amount in fen as the four bytes that cards use."""
    return amount.to_bytes(4, "big")
