#include "oc_cipher.h"
#include "oc_sm4_sbox.h"
#include "oc_util.h"

#if OC_SM4_TABLES
#define OC_TUNE_CIPHER
#include "oc_tune.h"
#endif

#define ROL(x, n) ((uint32_t)((x) << (n)) | (uint32_t)((x) >> (32 - (n))))
#define LINEAR(x) ((x) ^ ROL(x, 2) ^ ROL(x, 10) ^ ROL(x, 18) ^ ROL(x, 24))

#if OC_SM4_TABLES == 0

#define SBOX_ENTRY(s) s,
OC_TABLE uint8_t oc_sm4_sbox[256] = {OC_SM4_SBOX(SBOX_ENTRY)};
#define SBOX(byte) ((uint32_t)oc_sm4_sbox[byte])

#else

// Row n: the S-box and the linear step for a byte at bits 24 - 8n..31 - 8n. The compiler computes
// it.
#define ENTRY3(s) LINEAR((uint32_t)(s) << 24),
#define ENTRY2(s) LINEAR((uint32_t)(s) << 16),
#define ENTRY1(s) LINEAR((uint32_t)(s) << 8),
#define ENTRY0(s) LINEAR((uint32_t)(s)),
OC_TABLE uint32_t oc_sm4_tables[OC_SM4_TABLES][256] = {
    {OC_SM4_SBOX(ENTRY3)},
#if OC_SM4_TABLES == 4
    {OC_SM4_SBOX(ENTRY2)}, {OC_SM4_SBOX(ENTRY1)}, {OC_SM4_SBOX(ENTRY0)},
#endif
};
// Of s << 24, LINEAR leaves s alone at bits 2..9.
#define SBOX(byte) (oc_sm4_tables[0][byte] >> 2 & 0xFFu)

#endif

// The S-box on each byte of x.
static uint32_t substitute(uint32_t x) {
    return SBOX(x >> 24) << 24 | SBOX(x >> 16 & 0xFFu) << 16 | SBOX(x >> 8 & 0xFFu) << 8 |
           SBOX(x & 0xFFu);
}

// The entry for a byte of x. Thumb-1 cannot scale an index, so there the byte is cut out of x as
// the offset in bytes.
#if OC_ARM6
#define OFFSET(offset) (*(const uint32_t *)((const uint8_t *)oc_sm4_tables[0] + (offset)))
#define ENTRY_AT(x, shift) OFFSET(((shift) == 0 ? (x) << 2 : (x) >> ((shift) - 2)) & 0x3FCu)
#else
#define ENTRY_AT(x, shift) (oc_sm4_tables[0][(x) >> (shift) & 0xFFu])
#endif

static inline uint32_t mix(uint32_t x) {
#if OC_SM4_TABLES == 4
    return oc_sm4_tables[0][x >> 24] ^ oc_sm4_tables[1][x >> 16 & 0xFFu] ^
           oc_sm4_tables[2][x >> 8 & 0xFFu] ^ oc_sm4_tables[3][x & 0xFFu];
#elif OC_SM4_TABLES == 1
    uint32_t sum = ENTRY_AT(x, 0);
    sum = oc_ror32(sum, 8) ^ ENTRY_AT(x, 8);
    sum = oc_ror32(sum, 8) ^ ENTRY_AT(x, 16);
    return oc_ror32(sum, 8) ^ ENTRY_AT(x, 24);
#else
    const uint32_t s = substitute(x);
    return s ^ oc_rol32(s ^ oc_rol32(s, 8) ^ oc_rol32(s, 16), 2) ^ oc_rol32(s, 24);
#endif
}

#define ROUNDS4(rk)                        \
    do {                                   \
        const uint32_t cd = c ^ d;         \
        a ^= mix(b ^ cd ^ (rk)[0]);        \
        b ^= mix(a ^ cd ^ (rk)[1]);        \
        const uint32_t ab = a ^ b;         \
        c ^= mix(d ^ ab ^ (rk)[2]);        \
        d ^= mix(c ^ ab ^ (rk)[3]);        \
    } while (0)

static void crypt_block(const uint32_t *rk, const uint8_t in[16], uint8_t out[16]) {
    uint32_t a = oc_load_be32(in), b = oc_load_be32(in + 4);
    uint32_t c = oc_load_be32(in + 8), d = oc_load_be32(in + 12);
#if OC_SM4_TABLES && !OC_ARM6
    for (int i = 0; i < 2; i++, rk += 16) {
        ROUNDS4(rk);
        ROUNDS4(rk + 4);
        ROUNDS4(rk + 8);
        ROUNDS4(rk + 12);
    }
#else
    for (int i = 0; i < 8; i++, rk += 4) {
        ROUNDS4(rk);
    }
#endif
    oc_store_be32(out, d);
    oc_store_be32(out + 4, c);
    oc_store_be32(out + 8, b);
    oc_store_be32(out + 12, a);
}

#if OC_SM4_TABLES == 4

#define LANES 4

// The same for four blocks at once.
static void crypt_lanes(const uint32_t *rk, const uint8_t *in, uint8_t *out) {
    uint32_t x[4][LANES];
    for (size_t n = 0; n < LANES; n++) {
        for (size_t i = 0; i < 4; i++) {
            x[i][n] = oc_load_be32(in + 16 * n + 4 * i);
        }
    }
    for (unsigned i = 0; i < 32; i += 4) {
        for (unsigned k = 0; k < 4; k++, rk++) {
            uint32_t *a = x[k], *b = x[(k + 1) & 3u], *c = x[(k + 2) & 3u], *d = x[(k + 3) & 3u];
            for (size_t n = 0; n < LANES; n++) {
                a[n] ^= mix(b[n] ^ c[n] ^ d[n] ^ *rk);
            }
        }
    }
    for (size_t n = 0; n < LANES; n++) {
        for (size_t i = 0; i < 4; i++) {
            oc_store_be32(out + 16 * n + 4 * i, x[3 - i][n]);
        }
    }
}

#endif

static void crypt(const oc_cipher_ctx *ctx, const uint8_t *in, uint8_t *out, size_t blocks) {
#if OC_SM4_TABLES == 4
    for (; blocks >= LANES; blocks -= LANES, in += 16 * LANES, out += 16 * LANES) {
        crypt_lanes(ctx->round_keys, in, out);
    }
#endif
    for (; blocks != 0; blocks--, in += 16, out += 16) {
        crypt_block(ctx->round_keys, in, out);
    }
}

static void set_encrypt_key(oc_cipher_ctx *ctx, const uint8_t key[16]) {
    uint32_t k[4];
    k[0] = oc_load_be32(key) ^ 0xA3B1BAC6u;
    k[1] = oc_load_be32(key + 4) ^ 0x56AA3350u;
    k[2] = oc_load_be32(key + 8) ^ 0x677D9197u;
    k[3] = oc_load_be32(key + 12) ^ 0xB27022DCu;
    uint32_t ck = 0x00070E15u;  // bytes (4i + j) * 7 mod 256; the next word adds 28 to each
    for (unsigned i = 0; i < 32; i++) {
        const uint32_t x = k[(i + 1) & 3u] ^ k[(i + 2) & 3u] ^ k[(i + 3) & 3u] ^ ck;
        const uint32_t s = substitute(x);
        k[i & 3u] ^= s ^ oc_rol32(s, 13) ^ oc_rol32(s, 23);
        ctx->round_keys[i] = k[i & 3u];
        ck = ((ck & 0x7F7F7F7Fu) + 0x1C1C1C1Cu) ^ (ck & 0x80808080u);  // no carry between bytes
    }
    oc_wipe(k, sizeof(k));
}

// Decryption is encryption with the round keys in reverse order.
static void set_decrypt_key(oc_cipher_ctx *ctx, const uint8_t key[16]) {
    set_encrypt_key(ctx, key);
    for (unsigned i = 0; i < 16; i++) {
        const uint32_t first = ctx->round_keys[i];
        ctx->round_keys[i] = ctx->round_keys[31 - i];
        ctx->round_keys[31 - i] = first;
    }
}

const oc_cipher oc_sm4 = {set_encrypt_key, set_decrypt_key, crypt, crypt};
