"""Builds occrypto._core: the C core for CPython, by cffi in API mode, one abi3 extension.

Run from the project root by setup.py (cffi_modules), which takes the lists for occrypto._calls
too. `ffi` is what cffi looks for.
"""

from pathlib import Path

from cffi import FFI

# Relative to the project root: an editable build runs there and setuptools refuses absolute paths.
_NATIVE = "native"
_HEADERS = ("cipher", "crc", "des", "diversify", "hmac", "pboc", "sm2", "util", "records", "tacs")
SOURCES = [
    str(path) for folder in ("src", "host") for path in sorted(Path(_NATIVE, folder).glob("*.c"))
]
DEPENDS = [str(path) for path in sorted(Path(_NATIVE).glob("*/oc_*.h"))]
INCLUDES = [f"{_NATIVE}/include", f"{_NATIVE}/host"]
FLAGS = ["-O3"]

# The host's forms (oc_options.h).
OPTIONS = {"OC_PROFILE": "2"}

# The functions the facade calls, as their headers declare them (oc_*.h tells the contracts).
_CDEF = """
uint16_t oc_crc_a(uint16_t crc, const uint8_t *data, size_t size);
uint16_t oc_crc_b(uint16_t crc, const uint8_t *data, size_t size);
uint16_t oc_crc_ccitt(uint16_t crc, const uint8_t *data, size_t size);
uint32_t oc_crc32(uint32_t crc, const uint8_t *data, size_t size);

typedef struct { ...; } oc_hash;
typedef struct { ...; } oc_hash_ctx;
static const oc_hash *const sm3;
static const oc_hash *const sha256;
void oc_hash_init(const oc_hash *hash, oc_hash_ctx *ctx);
void oc_hash_update(const oc_hash *hash, oc_hash_ctx *ctx, const uint8_t *data, size_t size);
void oc_hash_final(const oc_hash *hash, oc_hash_ctx *ctx, uint8_t *digest);
void oc_hash_digest(const oc_hash *hash, const uint8_t *data, size_t size, uint8_t *digest);
void oc_hash_kdf(const oc_hash *hash, const uint8_t *secret, size_t secret_size, uint8_t *out,
                 size_t size);
void oc_hmac(const oc_hash *hash, const uint8_t *key, size_t key_size, const uint8_t *data,
             size_t size, uint8_t *mac);

typedef struct { ...; } oc_cipher;
static const oc_cipher *const sm4;
static const oc_cipher *const aes;
void oc_ecb_encrypt(const oc_cipher *cipher, const uint8_t *key, const uint8_t *in, uint8_t *out,
                    size_t size);
void oc_ecb_decrypt(const oc_cipher *cipher, const uint8_t *key, const uint8_t *in, uint8_t *out,
                    size_t size);
void oc_cbc_encrypt(const oc_cipher *cipher, const uint8_t *key, const uint8_t *iv,
                    const uint8_t *in, uint8_t *out, size_t size);
void oc_cbc_decrypt(const oc_cipher *cipher, const uint8_t *key, const uint8_t *iv,
                    const uint8_t *in, uint8_t *out, size_t size);
void oc_cbc_mac(const oc_cipher *cipher, const uint8_t *key, const uint8_t *iv,
                const uint8_t *data, size_t size, uint8_t *mac);
void oc_cmac(const oc_cipher *cipher, const uint8_t *key, const uint8_t *data, size_t size,
             uint8_t *mac);
void oc_ctr(const oc_cipher *cipher, const uint8_t *key, const uint8_t *counter,
            const uint8_t *in, uint8_t *out, size_t size);
void oc_ccm_seal(const oc_cipher *cipher, const uint8_t *key, const uint8_t *nonce,
                 const uint8_t *aad, size_t aad_size, const uint8_t *in, size_t size,
                 uint8_t *out);
int oc_ccm_open(const oc_cipher *cipher, const uint8_t *key, const uint8_t *nonce,
                const uint8_t *aad, size_t aad_size, const uint8_t *in, size_t size,
                uint8_t *out);

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

#define OC_SM2_BAD_SIZE ...
#define OC_SM2_BAD_PREFIX ...
#define OC_SM2_BAD_COORDINATE ...
#define OC_SM2_OFF_CURVE ...
#define OC_SM2_BAD_PRIVATE ...
int oc_sm2_check_private(const uint8_t *private_key);
int oc_sm2_public_key(const uint8_t *private_key, uint8_t *point);
int oc_sm2_point(const uint8_t *encoded, size_t size, uint8_t *point);
void oc_sm2_z(const uint8_t *point, const uint8_t *id, size_t id_size, uint8_t *z);
void oc_sm2_digest(const uint8_t *point, const uint8_t *id, size_t id_size,
                   const uint8_t *message, size_t size, uint8_t *digest);
int oc_sm2_sign(const uint8_t *private_key, const uint8_t *digest, uint8_t *signature);
int oc_sm2_verify(const uint8_t *point, const uint8_t *digest, const uint8_t *signature);
int oc_sm2_from_der(const uint8_t *der, size_t size, uint8_t *signature);
size_t oc_sm2_to_der(const uint8_t *signature, uint8_t *der);

int oc_equal(const uint8_t *a, const uint8_t *b, size_t size);
void oc_wipe(void *data, size_t size);

typedef struct { size_t count; size_t size; } oc_records;
oc_records oc_records_check(const uint8_t *data, size_t size);
oc_records oc_records_verify(const uint8_t *key, uint32_t first_seq, const uint8_t *mac_before,
                             const uint8_t *data, size_t size);
void oc_tacs(const uint8_t *dtk, int is_master, const uint8_t *items, size_t count,
             size_t text_size, uint8_t *tacs);
"""


# cffi knows constants by value, and these are passed by pointer.
_POINTERS = """
static const oc_hash *const sm3 = &oc_sm3;
static const oc_hash *const sha256 = &oc_sha256;
static const oc_cipher *const sm4 = &oc_sm4;
static const oc_cipher *const aes = &oc_aes;
"""


def _builder() -> FFI:
    """The configured FFI: sources, include folders, host options (bigger tables, -O3)."""
    builder = FFI()
    builder.cdef(_CDEF)
    builder.set_source(
        "occrypto._core",
        "".join(f'#include "oc_{name}.h"\n' for name in _HEADERS) + _POINTERS,
        sources=SOURCES,
        include_dirs=INCLUDES,
        depends=DEPENDS,
        define_macros=list(OPTIONS.items()),
        extra_compile_args=FLAGS,
        py_limited_api=True,
    )
    return builder


ffi = _builder()
