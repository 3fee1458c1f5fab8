"""Builds occrypto._core: the C core for CPython, by cffi in API mode, one abi3 extension.

Run from the project root by setup.py (cffi_modules). `ffi` is what cffi looks for.
"""

from pathlib import Path

from cffi import FFI

_MODULES = ("util", "crc", "sm3", "hmac", "sm4", "des", "pboc", "diversify")

# Relative to the project root: an editable build runs there and setuptools refuses absolute paths.
_NATIVE = "native"

# Bigger and faster forms, told in the headers. A terminal is built without them.
_HOST_OPTIONS = ("CRC_TABLE", "DES_TABLE", "SM3_UNROLL", "SM4_TABLE")

# The functions the facade calls, as their headers declare them (oc_*.h tells the contracts).
_CDEF = """
uint16_t oc_crc_a(uint16_t crc, const uint8_t *data, size_t size);
uint16_t oc_crc_b(uint16_t crc, const uint8_t *data, size_t size);
uint32_t oc_crc32(uint32_t crc, const uint8_t *data, size_t size);
void oc_sm3(const uint8_t *data, size_t size, uint8_t *digest);
void oc_hmac_sm3(const uint8_t *key, size_t key_size, const uint8_t *data, size_t size,
                 uint8_t *mac);
void oc_sm4_ecb_encrypt(const uint8_t *key, const uint8_t *in, uint8_t *out, size_t size);
void oc_sm4_ecb_decrypt(const uint8_t *key, const uint8_t *in, uint8_t *out, size_t size);
void oc_sm4_cbc_encrypt(const uint8_t *key, const uint8_t *iv, const uint8_t *in, uint8_t *out,
                        size_t size);
void oc_sm4_cbc_decrypt(const uint8_t *key, const uint8_t *iv, const uint8_t *in, uint8_t *out,
                        size_t size);
void oc_sm4_cbc_mac(const uint8_t *key, const uint8_t *iv, const uint8_t *data, size_t size,
                    uint8_t *mac);
void oc_sm4_cmac(const uint8_t *key, const uint8_t *data, size_t size, uint8_t *mac);
void oc_sm4_ctr(const uint8_t *key, const uint8_t *counter, const uint8_t *in, uint8_t *out,
                size_t size);
int oc_des_ecb_encrypt(const uint8_t *key, size_t key_size, const uint8_t *in, uint8_t *out,
                       size_t size);
int oc_des_ecb_decrypt(const uint8_t *key, size_t key_size, const uint8_t *in, uint8_t *out,
                       size_t size);
void oc_pboc_session_key(const uint8_t *key, const uint8_t *block, uint8_t *out);
void oc_pboc_mac(const uint8_t *key, const uint8_t *data, size_t size, uint8_t *mac);
void oc_pboc_tac(const uint8_t *dtk, const uint8_t *data, size_t size, uint8_t *tac);
void oc_mac_alg3(const uint8_t *key, const uint8_t *iv, const uint8_t *data, size_t size,
                 uint8_t *mac);
void oc_diversify_des(const uint8_t *master, const uint8_t *factor, uint8_t *out);
void oc_diversify_sm4(const uint8_t *master, const uint8_t *factor, uint8_t *out);
int oc_equal(const uint8_t *a, const uint8_t *b, size_t size);
void oc_wipe(void *data, size_t size);
"""


def _builder() -> FFI:
    """The configured FFI: sources, include folder, host options (bigger tables, -O3)."""
    builder = FFI()
    builder.cdef(_CDEF)
    builder.set_source(
        "occrypto._core",
        "".join(f'#include "oc_{name}.h"\n' for name in _MODULES),
        sources=[f"{_NATIVE}/src/oc_{name}.c" for name in _MODULES],
        include_dirs=[f"{_NATIVE}/include"],
        depends=[str(path) for path in sorted(Path(_NATIVE).glob("*/oc_*.h"))],
        define_macros=[(f"OC_{option}", "1") for option in _HOST_OPTIONS],
        extra_compile_args=["-O3"],
        py_limited_api=True,
    )
    return builder


ffi = _builder()
