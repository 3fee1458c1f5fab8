"""Calls of libraries, timed on request: what native_host.py runs, once in each environment.

native_worker.py CONTENDER ...: says on one line, as JSON, which rows each contender has, and then
answers lines CONTENDER<tab>ROW<tab>SIZE<tab>SECONDS with the processor time of one call and the
first bytes of its result. Needs nothing of the project but for the contender that is ours.
"""

import hashlib
import json
import sys
import time
import timeit

KEY = bytes(range(16))  # also IV and first counter
PRIVATE = bytes(range(1, 33))
RECORDS = 100_000
MESSAGE = bytes(64)
_FEW = 5_000  # records, where a loop over all would take seconds
_CRC_SIZES = {"CRC-32": 4, "CRC_A": 2, "CRC_B": 2, "CRC-16/CCITT": 2}


def ours():
    """The C core through its Python face."""
    import occrypto as oc

    public = oc.sm2_public_key(PRIVATE)
    signature = oc.sm2_sign(PRIVATE, oc.sm2_digest(public, MESSAGE))
    rows = {
        "SM3": lambda data: (oc.sm3, data),
        "SHA-256": lambda data: (oc.sha256, data),
        "HMAC-SM3": lambda data: (oc.hmac_sm3, KEY, data),
        "SM4-ECB": lambda data: (oc.sm4_ecb_encrypt, KEY, data),
        "SM4-CTR": lambda data: (oc.sm4_ctr, KEY, KEY, data),
        "SM4-CBC": lambda data: (oc.sm4_cbc_encrypt, KEY, KEY, data),
        "SM4-CMAC": lambda data: (oc.sm4_cmac, KEY, data),
        "AES-128-ECB": lambda data: (oc.aes_ecb_encrypt, KEY, data),
        "AES-128-CTR": lambda data: (oc.aes_ctr, KEY, KEY, data),
        "AES-CMAC": lambda data: (oc.aes_cmac, KEY, data),
        "3DES-ECB": lambda data: (oc.des_ecb_encrypt, KEY, data),
        "CRC-32": lambda data: (oc.crc32, data),
        "CRC_A": lambda data: (oc.crc_a, data),
        "CRC_B": lambda data: (oc.crc_b, data),
        "CRC-16/CCITT": lambda data: (oc.crc_ccitt, data),
        "SM2 public key": lambda _: (oc.sm2_public_key, PRIVATE),
        "SM2 sign": lambda _: (lambda: oc.sm2_sign(PRIVATE, oc.sm2_digest(public, MESSAGE)),),
        "SM2 verify": lambda _: (
            lambda: oc.sm2_verify(public, oc.sm2_digest(public, MESSAGE), signature),
        ),
    }
    return rows | _our_records()


_journals: dict[str, bytes] = {}


def _journal():
    """RECORDS sealed records of a terminal, intents and results in turn: 41 bytes on average."""
    if not _journals:
        from ocwire import record

        kinds = (record.INTENT, 37), (record.RESULT, 21)
        before, parts = record.FIRST_MAC, []
        for seq in range(RECORDS):
            kind, size = kinds[seq % 2]
            body = hashlib.sha256(seq.to_bytes(4, "big")).digest() + bytes(5)
            raw = record.seal(KEY, seq, before, kind, body[:size])
            parts.append(raw)
            before = raw[-8:-4]
        _journals["data"] = b"".join(parts)
    return _journals["data"]


def _our_records():
    import occrypto as oc

    def check(data):
        return oc.records_check(data)[0]

    def verify(data):
        return oc.records_verify(KEY, 0, bytes(4), data)[0]

    return _of_journal(check, verify)


def _of_journal(check, verify):
    return {
        "records check": lambda _: (check, _journal()),
        "records verify": lambda _: (verify, _journal()),
    }


def python_loop():
    """What a host does without the core: a call of zlib or cryptography for each record."""
    import zlib

    from cryptography.hazmat.primitives.ciphers import algorithms
    from cryptography.hazmat.primitives.cmac import CMAC

    def check(data):
        crc32, at, count = zlib.crc32, 0, 0
        while at < len(data):
            end = at + data[at]
            if crc32(data[at : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
                break
            at, count = end, count + 1
        return count

    def verify_few(data):
        at, count, before = 0, 0, bytes(4)
        while count < _FEW:
            end = at + data[at]
            mac = CMAC(algorithms.SM4(KEY))
            mac.update(count.to_bytes(4, "big") + before + data[at : end - 8])
            before = data[end - 8 : end - 4]
            crc = int.from_bytes(data[end - 4 : end], "big")
            if zlib.crc32(data[at : end - 4]) != crc or mac.finalize()[:4] != before:
                break
            at, count = end, count + 1
        return count * (RECORDS // _FEW)

    verify_few.share = _FEW / RECORDS  # of the records that the row is about
    return _of_journal(check, verify_few)


def hashlib_peer():
    """CPython's hashlib and hmac, on the system's OpenSSL."""
    import hmac

    sm3 = hashlib.new("sm3")  # noqa: F841  not every OpenSSL has it
    return {
        "SM3": lambda data: (lambda d: hashlib.new("sm3", d).digest(), data),
        "SHA-256": lambda data: (lambda d: hashlib.sha256(d).digest(), data),
        "HMAC-SM3": lambda data: (hmac.digest, KEY, data, "sm3"),
    }


def cryptography_peer():
    """The package cryptography, which brings an OpenSSL of its own."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives import hashes, hmac
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.cmac import CMAC

    def fed(make):
        def whole(data):
            running = make()
            running.update(data)
            return running.finalize()

        return lambda data: (whole, data)

    def enciphered(algorithm, mode):
        cipher = Cipher(algorithm, mode)

        def whole(data):
            running = cipher.encryptor()
            return running.update(data) + running.finalize()

        return lambda data: (whole, data)

    sm4, aes = algorithms.SM4(KEY), algorithms.AES(KEY)
    return {
        "SM3": fed(lambda: hashes.Hash(hashes.SM3())),
        "SHA-256": fed(lambda: hashes.Hash(hashes.SHA256())),
        "HMAC-SM3": fed(lambda: hmac.HMAC(KEY, hashes.SM3())),
        "SM4-ECB": enciphered(sm4, modes.ECB()),
        "SM4-CTR": enciphered(sm4, modes.CTR(KEY)),
        "SM4-CBC": enciphered(sm4, modes.CBC(KEY)),
        "SM4-CMAC": fed(lambda: CMAC(sm4)),
        "AES-128-ECB": enciphered(aes, modes.ECB()),
        "AES-128-CTR": enciphered(aes, modes.CTR(KEY)),
        "AES-CMAC": fed(lambda: CMAC(aes)),
        "3DES-ECB": enciphered(TripleDES(KEY + KEY[:8]), modes.ECB()),
    }


def gmssl_peer():
    """The package gmssl, in pure Python."""
    from gmssl import func, sm2, sm3, sm4

    def hashed(data):
        return sm3.sm3_hash(func.bytes_to_list(data))

    cipher = sm4.CryptSM4()
    cipher.set_key(KEY, sm4.SM4_ENCRYPT)
    keys = sm2.CryptSM2(private_key=PRIVATE.hex(), public_key="")
    point = keys._kg(int.from_bytes(PRIVATE, "big"), keys.ecc_table["g"])
    signer = sm2.CryptSM2(private_key=PRIVATE.hex(), public_key=point)
    signature = signer.sign_with_sm3(MESSAGE)
    return {
        "SM3": lambda data: (hashed, data),
        "SM4-ECB": lambda data: (cipher.crypt_ecb, data),
        "SM4-CBC": lambda data: (cipher.crypt_cbc, KEY, data),
        "SM2 public key": lambda _: (
            keys._kg, int.from_bytes(PRIVATE, "big"), keys.ecc_table["g"],
        ),
        "SM2 sign": lambda _: (signer.sign_with_sm3, MESSAGE),
        "SM2 verify": lambda _: (signer.verify_with_sm3, signature, MESSAGE),
    }  # fmt: skip


def gmssl_fast_peer():
    """The package gmssl-fast: GmSSL in C. Its ECB and CBC pad, its CTR and CBC prefix the IV."""
    import gmssl_fast as fast

    ecb, ctr, cbc = (fast.SM4(KEY, mode, iv) for mode, iv in _MODES)
    keys = fast.SM2.generate()
    keys = keys if isinstance(keys, fast.SM2) else fast.SM2(*keys)
    signature = keys.sign(MESSAGE)
    return {
        "SM3": lambda data: (fast.sm3, data),
        "HMAC-SM3": lambda data: (fast.sm3_hmac, KEY, data),
        "SM4-ECB": lambda data: (ecb.encrypt, data),
        "SM4-CTR": lambda data: (ctr.encrypt, data),
        "SM4-CBC": lambda data: (cbc.encrypt, data),
        "SM2 public key": lambda _: (fast.SM2.generate,),
        "SM2 sign": lambda _: (keys.sign, MESSAGE),
        "SM2 verify": lambda _: (keys.verify, MESSAGE, signature),
    }


_MODES = ("ecb", None), ("ctr", KEY), ("cbc", KEY)


def fastcrc_peer():
    """The package fastcrc: Rust, with the processor's carry-less multiplication."""
    from fastcrc import crc16, crc32

    return {
        "CRC-32": lambda data: (crc32.iso_hdlc, data),
        "CRC_A": lambda data: (crc16.iso_iec_14443_3_a, data),
        "CRC_B": lambda data: (crc16.ibm_sdlc, data),
        "CRC-16/CCITT": lambda data: (crc16.ibm_3740, data),
    }


def zlib_peer():
    """CPython's zlib."""
    import zlib

    return {"CRC-32": lambda data: (zlib.crc32, data)}


def binascii_peer():
    """CPython's binascii."""
    import binascii

    return {"CRC-16/CCITT": lambda data: (binascii.crc_hqx, data, 0xFFFF)}


CONTENDERS = {
    "ours, occrypto": ours,
    "hashlib": hashlib_peer,
    "cryptography": cryptography_peer,
    "gmssl": gmssl_peer,
    "zlib": zlib_peer,
    "binascii": binascii_peer,
    "Python loop": python_loop,
    "gmssl-fast": gmssl_fast_peer,
    "fastcrc": fastcrc_peer,
}


def timed(call, budget_s):
    """Seconds of processor time that one call takes, over about budget_s of them."""
    function, *arguments = call
    names = {f"a{index}": value for index, value in enumerate(arguments)}
    # the call stands in timeit's loop: no lambda of ours is timed with it
    line = f"function({', '.join(names)})"
    timer = timeit.Timer(line, timer=time.process_time, globals={"function": function, **names})
    count = 1
    while (spent := timer.timeit(count)) < budget_s / 4:
        count *= 4
    if spent < budget_s:
        count = max(1, int(count * budget_s / spent))
        spent = timer.timeit(count)
    return spent / count / getattr(function, "share", 1)


def shown(contender, row, result):
    """The first bytes of a result in hex, so that contenders can be compared."""
    if isinstance(result, bool):
        return f"{result:02x}"
    if isinstance(result, int):
        return result.to_bytes(_CRC_SIZES.get(row, 4), "big").hex()
    if contender == "gmssl-fast" and row in ("SM4-CTR", "SM4-CBC"):
        result = result[16:]
    whole = result if isinstance(result, str) else bytes(result).hex()
    return whole[:16]


def message(size):
    """The same bytes for every contender."""
    return bytes(index * 7 & 255 for index in range(256)) * (size // 256 + 1)


def answer(offers, line):
    """What is said to one request."""
    contender, row, size, budget_s = line.rstrip("\n").split("\t")
    try:
        call = offers[contender][row](message(int(size))[: int(size)])
        found = {"s": timed(call, float(budget_s))}
        # a public key or a signature need not be of the same key and nonce everywhere
        if int(size) <= 1024 and row not in ("SM2 public key", "SM2 sign"):
            found["result"] = shown(contender, row, call[0](*call[1:]))
        return found
    except Exception as error:  # a library that cannot do it is a finding too
        return {"error": f"{type(error).__name__}: {error}"}


def main(names):
    """Serve until standard input ends."""
    offers, missing = {}, {}
    for name in names:
        try:
            offers[name] = CONTENDERS[name]()
        except Exception as error:
            missing[name] = f"{type(error).__name__}: {error}"
    rows = {name: list(found) for name, found in offers.items()}
    print(json.dumps({"rows": rows, "missing": missing}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(offers, line)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
