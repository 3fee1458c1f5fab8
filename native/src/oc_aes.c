#include "oc_aes_sbox.h"
#include "oc_cipher.h"
#include "oc_util.h"

#if OC_AES_TABLES
#include "oc_tune.h"
#endif

// A column is a word, its row 0 in the top byte.

// Each byte of x times 2 in GF(2^8).
#define DOUBLE(x) (((x) & 0x7F7F7F7Fu) << 1 ^ ((x) >> 7 & 0x01010101u) * 0x1Bu)

#if OC_AES_TABLES

// SubBytes and MixColumns, and their inverses, for a byte of row 0; the others are turned.
#define TIMES2(s) ((s) << 1 ^ ((s) >> 7) * 0x11Bu)
#define TIMES4(s) TIMES2(TIMES2(s))
#define TIMES8(s) TIMES2(TIMES4(s))
#define MIXED(s) (TIMES2(s) << 24 | (s) << 16 | (s) << 8 | (TIMES2(s) ^ (s))),
#define UNMIXED(s)                                                                  \
    ((TIMES8(s) ^ TIMES4(s) ^ TIMES2(s)) << 24 | (TIMES8(s) ^ (s)) << 16 |          \
     (TIMES8(s) ^ TIMES4(s) ^ (s)) << 8 | (TIMES8(s) ^ TIMES2(s) ^ (s))),
OC_TABLE uint32_t oc_aes_mixed[256] = {OC_AES_SBOX(MIXED)};
OC_TABLE uint32_t oc_aes_unmixed[256] = {OC_AES_INVERSE_SBOX(UNMIXED)};
#define SBOX(byte) (oc_aes_mixed[(byte) & 0xFFu] >> 8 & 0xFFu)

// 14 + 9 + 13 + 11 is 1 in GF(2^8): the four rows of an entry add up to the inverse S-box.
static uint32_t inverse_sbox(uint32_t byte) {
    const uint32_t rows = oc_aes_unmixed[byte & 0xFFu];
    const uint32_t pairs = rows ^ rows >> 16;
    return (pairs ^ pairs >> 8) & 0xFFu;
}
#define INVERSE_SBOX(byte) inverse_sbox(byte)

#else

#define BYTE(s) (uint8_t)(s),
OC_TABLE uint8_t oc_aes_sbox[256] = {OC_AES_SBOX(BYTE)};
OC_TABLE uint8_t oc_aes_inverse_sbox[256] = {OC_AES_INVERSE_SBOX(BYTE)};
#define SBOX(byte) ((uint32_t)oc_aes_sbox[(byte) & 0xFFu])
#define INVERSE_SBOX(byte) ((uint32_t)oc_aes_inverse_sbox[(byte) & 0xFFu])

#endif

// A column of bytes through a box, after ShiftRows or its inverse: row i comes from column i.
#define GATHER(BOX, c0, c1, c2, c3) \
    (BOX((c0) >> 24) << 24 | BOX((c1) >> 16) << 16 | BOX((c2) >> 8) << 8 | BOX(c3))

static uint32_t mix_column(uint32_t x) {
    const uint32_t turned = oc_rol32(x, 8);
    const uint32_t doubled = DOUBLE(x ^ turned);
    return doubled ^ turned ^ oc_rol32(x ^ turned, 16);
}

// The inverse: multiplying by 4 x^2 + 5 first makes MixColumns its own inverse.
static uint32_t unmix_column(uint32_t x) {
    uint32_t pairs = x ^ oc_rol32(x, 16);
    pairs = DOUBLE(pairs);
    return mix_column(x ^ DOUBLE(pairs));
}

#if OC_AES_TABLES
#define LOOK_UP(table, c0, c1, c2, c3)                                                       \
    ((table)[(c0) >> 24] ^ oc_ror32((table)[(c1) >> 16 & 0xFFu] ^                            \
     oc_ror32((table)[(c2) >> 8 & 0xFFu] ^ oc_ror32((table)[(c3) & 0xFFu], 8), 8), 8))
#define COLUMN(c0, c1, c2, c3) LOOK_UP(oc_aes_mixed, c0, c1, c2, c3)
#define INVERSE_COLUMN(c0, c1, c2, c3) LOOK_UP(oc_aes_unmixed, c0, c1, c2, c3)
#else
#define COLUMN(c0, c1, c2, c3) mix_column(GATHER(SBOX, c0, c1, c2, c3))
#define INVERSE_COLUMN(c0, c1, c2, c3) unmix_column(GATHER(INVERSE_SBOX, c0, c1, c2, c3))
#endif

static void encrypt(const oc_cipher_ctx *ctx, const uint8_t *in, uint8_t *out, size_t blocks) {
    for (; blocks != 0; blocks--, in += 16, out += 16) {
        const uint32_t *rk = ctx->round_keys;
        uint32_t a = oc_load_be32(in) ^ rk[0], b = oc_load_be32(in + 4) ^ rk[1];
        uint32_t c = oc_load_be32(in + 8) ^ rk[2], d = oc_load_be32(in + 12) ^ rk[3];
        for (int i = 0; i < 9; i++) {
            rk += 4;
            const uint32_t e = COLUMN(a, b, c, d) ^ rk[0], f = COLUMN(b, c, d, a) ^ rk[1];
            const uint32_t g = COLUMN(c, d, a, b) ^ rk[2];
            d = COLUMN(d, a, b, c) ^ rk[3];
            a = e;
            b = f;
            c = g;
        }
        rk += 4;
        oc_store_be32(out, GATHER(SBOX, a, b, c, d) ^ rk[0]);
        oc_store_be32(out + 4, GATHER(SBOX, b, c, d, a) ^ rk[1]);
        oc_store_be32(out + 8, GATHER(SBOX, c, d, a, b) ^ rk[2]);
        oc_store_be32(out + 12, GATHER(SBOX, d, a, b, c) ^ rk[3]);
    }
}

static void decrypt(const oc_cipher_ctx *ctx, const uint8_t *in, uint8_t *out, size_t blocks) {
    for (; blocks != 0; blocks--, in += 16, out += 16) {
        const uint32_t *rk = ctx->round_keys;
        uint32_t a = oc_load_be32(in) ^ rk[0], b = oc_load_be32(in + 4) ^ rk[1];
        uint32_t c = oc_load_be32(in + 8) ^ rk[2], d = oc_load_be32(in + 12) ^ rk[3];
        for (int i = 0; i < 9; i++) {
            rk += 4;
            const uint32_t e = INVERSE_COLUMN(a, d, c, b) ^ rk[0];
            const uint32_t f = INVERSE_COLUMN(b, a, d, c) ^ rk[1];
            const uint32_t g = INVERSE_COLUMN(c, b, a, d) ^ rk[2];
            d = INVERSE_COLUMN(d, c, b, a) ^ rk[3];
            a = e;
            b = f;
            c = g;
        }
        rk += 4;
        oc_store_be32(out, GATHER(INVERSE_SBOX, a, d, c, b) ^ rk[0]);
        oc_store_be32(out + 4, GATHER(INVERSE_SBOX, b, a, d, c) ^ rk[1]);
        oc_store_be32(out + 8, GATHER(INVERSE_SBOX, c, b, a, d) ^ rk[2]);
        oc_store_be32(out + 12, GATHER(INVERSE_SBOX, d, c, b, a) ^ rk[3]);
    }
}

static void set_encrypt_key(oc_cipher_ctx *ctx, const uint8_t key[16]) {
    uint32_t *rk = ctx->round_keys;
    for (int i = 0; i < 4; i++) {
        rk[i] = oc_load_be32(key + 4 * i);
    }
    uint32_t constant = 0x01000000u;
    for (int i = 0; i < 10; i++, rk += 4) {
        const uint32_t last = oc_rol32(rk[3], 8);
        rk[4] = rk[0] ^ GATHER(SBOX, last, last, last, last) ^ constant;
        rk[5] = rk[1] ^ rk[4];
        rk[6] = rk[2] ^ rk[5];
        rk[7] = rk[3] ^ rk[6];
        constant = DOUBLE(constant);
    }
}

// The equivalent inverse cipher (FIPS 197 5.3.5): the round keys in reverse order, unmixed but for
// the first and the last.
static void set_decrypt_key(oc_cipher_ctx *ctx, const uint8_t key[16]) {
    set_encrypt_key(ctx, key);
    for (int i = 0, k = 40; i < k; i += 4, k -= 4) {
        for (int j = 0; j < 4; j++) {
            const uint32_t first = ctx->round_keys[i + j];
            ctx->round_keys[i + j] = ctx->round_keys[k + j];
            ctx->round_keys[k + j] = first;
        }
    }
    for (int i = 4; i < 40; i++) {
        ctx->round_keys[i] = unmix_column(ctx->round_keys[i]);
    }
}

const oc_cipher oc_aes = {set_encrypt_key, set_decrypt_key, encrypt, decrypt};
