#include "oc_sm4.h"

#include <string.h>

#include "oc_sm4_sbox.h"
#include "oc_util.h"

#define LINEAR(x) ((x) ^ ROL(x, 2) ^ ROL(x, 10) ^ ROL(x, 18) ^ ROL(x, 24))
#define ROL(x, n) ((uint32_t)((x) << (n)) | (uint32_t)((x) >> (32 - (n))))

#define SBOX_ENTRY(s) s,
OC_TABLE uint8_t oc_sm4_sbox[256] = {OC_SM4_SBOX(SBOX_ENTRY)};

// The S-box on each byte of x.
static uint32_t substitute(uint32_t x) {
    return (uint32_t)oc_sm4_sbox[x >> 24] << 24 | (uint32_t)oc_sm4_sbox[x >> 16 & 0xFFu] << 16 |
           (uint32_t)oc_sm4_sbox[x >> 8 & 0xFFu] << 8 | (uint32_t)oc_sm4_sbox[x & 0xFFu];
}

#if OC_SM4_TABLE

// Row n: the S-box and the linear step for a byte at bits 8n..8n+7. The compiler computes it.
#define ENTRY0(s) LINEAR((uint32_t)(s)),
#define ENTRY1(s) LINEAR((uint32_t)(s) << 8),
#define ENTRY2(s) LINEAR((uint32_t)(s) << 16),
#define ENTRY3(s) LINEAR((uint32_t)(s) << 24),
OC_TABLE uint32_t oc_sm4_tables[4][256] = {
    {OC_SM4_SBOX(ENTRY0)},
    {OC_SM4_SBOX(ENTRY1)},
    {OC_SM4_SBOX(ENTRY2)},
    {OC_SM4_SBOX(ENTRY3)},
};

static inline uint32_t mix(uint32_t x) {
    return oc_sm4_tables[3][x >> 24] ^ oc_sm4_tables[2][x >> 16 & 0xFFu] ^
           oc_sm4_tables[1][x >> 8 & 0xFFu] ^ oc_sm4_tables[0][x & 0xFFu];
}

#else

static inline uint32_t mix(uint32_t x) {
    const uint32_t s = substitute(x);
    return s ^ oc_rol32(s ^ oc_rol32(s, 8) ^ oc_rol32(s, 16), 2) ^ oc_rol32(s, 24);
}

#endif

// rk: the first round key to use; step: 1 to encrypt, -1 to decrypt.
static void crypt(const uint32_t *rk, int step, const uint8_t in[16], uint8_t out[16]) {
    uint32_t a = oc_load_be32(in), b = oc_load_be32(in + 4);
    uint32_t c = oc_load_be32(in + 8), d = oc_load_be32(in + 12);
    for (int i = 0; i < 8; i++) {
        a ^= mix(b ^ c ^ d ^ *rk);
        rk += step;
        b ^= mix(c ^ d ^ a ^ *rk);
        rk += step;
        c ^= mix(d ^ a ^ b ^ *rk);
        rk += step;
        d ^= mix(a ^ b ^ c ^ *rk);
        rk += step;
    }
    oc_store_be32(out, d);
    oc_store_be32(out + 4, c);
    oc_store_be32(out + 8, b);
    oc_store_be32(out + 12, a);
}

#if OC_SM4_TABLE

#define LANES 4

// The same for four blocks at once.
static void crypt_lanes(const uint32_t *rk, int step, const uint8_t *in, uint8_t *out) {
    uint32_t x[4][LANES];
    for (size_t n = 0; n < LANES; n++) {
        for (size_t i = 0; i < 4; i++) {
            x[i][n] = oc_load_be32(in + 16 * n + 4 * i);
        }
    }
    for (unsigned i = 0; i < 32; i += 4) {
        for (unsigned k = 0; k < 4; k++, rk += step) {
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

#else
#define LANES 1
#endif

void oc_sm4_init(oc_sm4_ctx *ctx, const uint8_t key[16]) {
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

void oc_sm4_encrypt(const oc_sm4_ctx *ctx, const uint8_t in[16], uint8_t out[16]) {
    crypt(ctx->round_keys, 1, in, out);
}

void oc_sm4_decrypt(const oc_sm4_ctx *ctx, const uint8_t in[16], uint8_t out[16]) {
    crypt(ctx->round_keys + 31, -1, in, out);
}

// size / 16 blocks, LANES side by side where LANES > 1: one block alone waits for its look-ups.
static void crypt_blocks(const oc_sm4_ctx *ctx, int step, const uint8_t *in, uint8_t *out,
                         size_t size) {
    const uint32_t *rk = ctx->round_keys + (step > 0 ? 0 : 31);
#if LANES > 1
    for (; size >= 16 * LANES; size -= 16 * LANES, in += 16 * LANES, out += 16 * LANES) {
        crypt_lanes(rk, step, in, out);
    }
#endif
    for (; size >= 16; size -= 16, in += 16, out += 16) {
        crypt(rk, step, in, out);
    }
}

static void ecb(const uint8_t key[16], int step, const uint8_t *in, uint8_t *out, size_t size) {
    oc_sm4_ctx ctx;
    oc_sm4_init(&ctx, key);
    crypt_blocks(&ctx, step, in, out, size);
    oc_wipe(&ctx, sizeof(ctx));
}

void oc_sm4_ecb_encrypt(const uint8_t key[16], const uint8_t *in, uint8_t *out, size_t size) {
    ecb(key, 1, in, out, size);
}

void oc_sm4_ecb_decrypt(const uint8_t key[16], const uint8_t *in, uint8_t *out, size_t size) {
    ecb(key, -1, in, out, size);
}

// CBC from chain over size bytes; chain is the last block then. out may be NULL: a MAC only.
static void cbc(const oc_sm4_ctx *ctx, uint8_t chain[16], const uint8_t *in, uint8_t *out,
                size_t size) {
    for (; size >= 16; size -= 16, in += 16) {
        oc_xor(chain, chain, in, 16);
        oc_sm4_encrypt(ctx, chain, chain);
        if (out != NULL) {
            memcpy(out, chain, 16);
            out += 16;
        }
    }
}

void oc_sm4_cbc_encrypt(const uint8_t key[16], const uint8_t iv[16], const uint8_t *in,
                        uint8_t *out, size_t size) {
    oc_sm4_ctx ctx;
    uint8_t chain[16];
    oc_sm4_init(&ctx, key);
    memcpy(chain, iv, 16);
    cbc(&ctx, chain, in, out, size);
    oc_wipe(&ctx, sizeof(ctx));
}

void oc_sm4_cbc_decrypt(const uint8_t key[16], const uint8_t iv[16], const uint8_t *in,
                        uint8_t *out, size_t size) {
    oc_sm4_ctx ctx;
    uint8_t previous[16], plain[16 * LANES];
    oc_sm4_init(&ctx, key);
    memcpy(previous, iv, 16);
    while (size >= 16) {
        const size_t part = size < sizeof(plain) ? size & ~(size_t)15 : sizeof(plain);
        crypt_blocks(&ctx, -1, in, plain, part);
        oc_xor(plain, plain, previous, 16);
        oc_xor(plain + 16, plain + 16, in, part - 16);
        memcpy(previous, in + part - 16, 16);  // before out is written: it may be the same memory
        memcpy(out, plain, part);
        in += part;
        out += part;
        size -= part;
    }
    oc_wipe(&ctx, sizeof(ctx));
    oc_wipe(plain, sizeof(plain));
}

void oc_sm4_cbc_mac(const uint8_t key[16], const uint8_t iv[16], const uint8_t *data, size_t size,
                    uint8_t mac[16]) {
    oc_sm4_ctx ctx;
    uint8_t chain[16];
    oc_sm4_init(&ctx, key);
    memcpy(chain, iv, 16);
    cbc(&ctx, chain, data, NULL, size);
    memcpy(mac, chain, 16);
    oc_wipe(&ctx, sizeof(ctx));
}

// value * x in GF(2^128) with the polynomial of CMAC, without a branch on the top bit.
static void gf_double(uint8_t value[16]) {
    unsigned carry = (0u - (unsigned)(value[0] >> 7)) & 0x87u;
    for (int i = 15; i >= 0; i--) {
        const unsigned byte = value[i];
        value[i] = (uint8_t)(byte << 1 ^ carry);
        carry = byte >> 7;
    }
}

void oc_sm4_cmac(const uint8_t key[16], const uint8_t *data, size_t size, uint8_t mac[16]) {
    oc_sm4_ctx ctx;
    uint8_t subkey[16] = {0}, chain[16] = {0};
    oc_sm4_init(&ctx, key);
    oc_sm4_encrypt(&ctx, subkey, subkey);
    gf_double(subkey);
    const size_t before_last = size == 0 ? 0 : (size - 1) & ~(size_t)15;
    cbc(&ctx, chain, data, NULL, before_last);
    data += before_last;
    size -= before_last;
    oc_xor(chain, chain, data, size);
    if (size < 16) {
        chain[size] ^= 0x80u;
        gf_double(subkey);
    }
    oc_xor(chain, chain, subkey, 16);
    oc_sm4_encrypt(&ctx, chain, mac);
    oc_wipe(&ctx, sizeof(ctx));
    oc_wipe(subkey, sizeof(subkey));
    oc_wipe(chain, sizeof(chain));
}

void oc_sm4_ctr(const uint8_t key[16], const uint8_t counter[16], const uint8_t *in, uint8_t *out,
                size_t size) {
    oc_sm4_ctx ctx;
    uint8_t next[16], stream[16 * LANES];
    oc_sm4_init(&ctx, key);
    memcpy(next, counter, 16);
    while (size != 0) {
        const size_t part = size < sizeof(stream) ? size : sizeof(stream);
        size_t made = 0;
        for (; made < part; made += 16) {
            memcpy(stream + made, next, 16);
            for (int i = 15; i >= 0 && ++next[i] == 0; i--) {
            }
        }
        crypt_blocks(&ctx, 1, stream, stream, made);
        oc_xor(out, in, stream, part);
        in += part;
        out += part;
        size -= part;
    }
    oc_wipe(&ctx, sizeof(ctx));
    oc_wipe(stream, sizeof(stream));
}
