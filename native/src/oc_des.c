#include "oc_des.h"

#include <string.h>

#include "oc_des_sbox.h"
#include "oc_util.h"

// The halves are kept rotated left by one bit, so that the six input bits of every other S-box
// stand at bits 0, 8, 16 and 24 of a word. SP is an S-box and then the permutation P.
#if OC_DES_TABLE

#define SP(box, six) oc_des_sp[box][(six) & 63u]
OC_TABLE uint32_t oc_des_sp[8][64] = {
    {OC_DES_S1(OC_DES_P1)}, {OC_DES_S2(OC_DES_P2)}, {OC_DES_S3(OC_DES_P3)},
    {OC_DES_S4(OC_DES_P4)}, {OC_DES_S5(OC_DES_P5)}, {OC_DES_S6(OC_DES_P6)},
    {OC_DES_S7(OC_DES_P7)}, {OC_DES_S8(OC_DES_P8)},
};

#else

#define SP(box, six) oc_des_p[box][oc_des_s[box][(six) & 63u]]
#define VALUE(s) s,
OC_TABLE uint8_t oc_des_s[8][64] = {
    {OC_DES_S1(VALUE)}, {OC_DES_S2(VALUE)}, {OC_DES_S3(VALUE)}, {OC_DES_S4(VALUE)},
    {OC_DES_S5(VALUE)}, {OC_DES_S6(VALUE)}, {OC_DES_S7(VALUE)}, {OC_DES_S8(VALUE)},
};
#define NIBBLES(F)                                          \
    F(0u) F(1u) F(2u) F(3u) F(4u) F(5u) F(6u) F(7u)         \
    F(8u) F(9u) F(10u) F(11u) F(12u) F(13u) F(14u) F(15u)
OC_TABLE uint32_t oc_des_p[8][16] = {
    {NIBBLES(OC_DES_P1)}, {NIBBLES(OC_DES_P2)}, {NIBBLES(OC_DES_P3)}, {NIBBLES(OC_DES_P4)},
    {NIBBLES(OC_DES_P5)}, {NIBBLES(OC_DES_P6)}, {NIBBLES(OC_DES_P7)}, {NIBBLES(OC_DES_P8)},
};

#endif

// FIPS 46-3 PC-1: for each bit of C, then of D, 8 * byte of the key + how far right it stands.
OC_TABLE uint8_t oc_des_pc1[56] = {
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22,
    14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 60, 52, 44, 36,
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18,
    10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 28, 20, 12, 4,
};
// PC-2: for each bit of a round key (24 from C, 24 from D) how far right it stands in its half.
OC_TABLE uint8_t oc_des_pc2[48] = {
    14, 11, 17, 4, 27, 23, 25, 0, 13, 22, 7, 18,
    5, 9, 16, 24, 2, 20, 12, 21, 1, 8, 15, 26,
    15, 4, 25, 19, 9, 1, 26, 16, 5, 11, 23, 8,
    12, 7, 17, 0, 22, 3, 10, 14, 6, 20, 27, 24,
};

#define ONE_BIT_SHIFTS 0x8103u  // rounds 1, 2, 9 and 16 turn C and D by one bit, others by two
#define HALF_MASK 0x0FFFFFFFu

// Six bits of half; bits[0..5]: how far right each stands.
static uint32_t pick6(uint32_t half, const uint8_t *bits) {
    return (half >> bits[0] & 1u) << 5 | (half >> bits[1] & 1u) << 4 |
           (half >> bits[2] & 1u) << 3 | (half >> bits[3] & 1u) << 2 |
           (half >> bits[4] & 1u) << 1 | (half >> bits[5] & 1u);
}

static void make_schedule(uint32_t round_keys[32], const uint8_t key[8]) {
    uint32_t halves[2] = {0, 0};
    for (unsigned i = 0; i < 56; i++) {
        const unsigned bit = oc_des_pc1[i];
        uint32_t *half = &halves[i >= 28];
        *half = *half << 1 | (key[bit >> 3] >> (bit & 7u) & 1u);
    }
    for (unsigned round = 0; round < 16; round++) {
        const unsigned shift = (ONE_BIT_SHIFTS >> round & 1u) != 0 ? 1 : 2;
        for (unsigned i = 0; i < 2; i++) {
            halves[i] = (halves[i] << shift | halves[i] >> (28 - shift)) & HALF_MASK;
        }
        uint32_t words[2] = {0, 0};  // for S1 S3 S5 S7 and S2 S4 S6 S8, a byte each
        for (unsigned box = 0; box < 8; box++) {
            const uint32_t six = pick6(halves[box >> 2], oc_des_pc2 + 6 * box);
            words[box & 1u] |= six << (24 - (box >> 1) * 8);
        }
        *round_keys++ = words[0];
        *round_keys++ = words[1];
    }
    oc_wipe(halves, sizeof(halves));
}

static inline uint32_t feistel(uint32_t half, const uint32_t *rk) {
    const uint32_t odd = oc_ror32(half, 4) ^ rk[0];
    const uint32_t even = half ^ rk[1];
    return SP(0, odd >> 24) ^ SP(2, odd >> 16) ^ SP(4, odd >> 8) ^ SP(6, odd) ^
           SP(1, even >> 24) ^ SP(3, even >> 16) ^ SP(5, even >> 8) ^ SP(7, even);
}

// Swaps the bits of b under mask with the bits of a that lie shift places higher.
static inline void swap_bits(uint32_t *a, uint32_t *b, unsigned shift, uint32_t mask) {
    const uint32_t differences = (*a >> shift ^ *b) & mask;
    *b ^= differences;
    *a ^= differences << shift;
}

// Between two passes the final and the next initial permutation cancel, so they are done once.
static void crypt(const oc_des_ctx *ctx, int passes, int decrypt, const uint8_t in[8],
                  uint8_t out[8]) {
    uint32_t l = oc_load_be32(in), r = oc_load_be32(in + 4);
    swap_bits(&l, &r, 4, 0x0F0F0F0Fu);
    swap_bits(&l, &r, 16, 0x0000FFFFu);
    swap_bits(&r, &l, 2, 0x33333333u);
    swap_bits(&r, &l, 8, 0x00FF00FFu);
    swap_bits(&l, &r, 1, 0x55555555u);
    l = oc_rol32(l, 1);
    r = oc_rol32(r, 1);
    for (int pass = 0; pass < passes; pass++) {
        const int backwards = (pass & 1) ^ decrypt;
        const uint32_t *rk = ctx->round_keys[decrypt ? passes - 1 - pass : pass];
        const int step = backwards ? -2 : 2;
        if (backwards) {
            rk += 30;
        }
        for (int i = 0; i < 8; i++) {
            l ^= feistel(r, rk);
            rk += step;
            r ^= feistel(l, rk);
            rk += step;
        }
        const uint32_t swapped = l;
        l = r;
        r = swapped;
    }
    l = oc_ror32(l, 1);
    r = oc_ror32(r, 1);
    swap_bits(&l, &r, 1, 0x55555555u);
    swap_bits(&r, &l, 8, 0x00FF00FFu);
    swap_bits(&r, &l, 2, 0x33333333u);
    swap_bits(&l, &r, 16, 0x0000FFFFu);
    swap_bits(&l, &r, 4, 0x0F0F0F0Fu);
    oc_store_be32(out, l);
    oc_store_be32(out + 4, r);
}

int oc_des_init(oc_des_ctx *ctx, const uint8_t *key, size_t key_size) {
    if (key_size != 8 && key_size != 16 && key_size != 24) {
        return -1;
    }
    for (size_t i = 0; i < key_size / 8; i++) {
        make_schedule(ctx->round_keys[i], key + 8 * i);
    }
    if (key_size == 16) {
        memcpy(ctx->round_keys[2], ctx->round_keys[0], sizeof(ctx->round_keys[0]));
    }
    ctx->passes = key_size == 8 ? 1 : 3;
    return 0;
}

void oc_des_encrypt(const oc_des_ctx *ctx, const uint8_t in[8], uint8_t out[8]) {
    crypt(ctx, ctx->passes, 0, in, out);
}

void oc_des_decrypt(const oc_des_ctx *ctx, const uint8_t in[8], uint8_t out[8]) {
    crypt(ctx, ctx->passes, 1, in, out);
}

void oc_des_encrypt_single(const oc_des_ctx *ctx, const uint8_t in[8], uint8_t out[8]) {
    crypt(ctx, 1, 0, in, out);
}

static int ecb(const uint8_t *key, size_t key_size, int decrypt, const uint8_t *in, uint8_t *out,
               size_t size) {
    oc_des_ctx ctx;
    if (oc_des_init(&ctx, key, key_size) != 0) {
        return -1;
    }
    for (; size >= 8; size -= 8, in += 8, out += 8) {
        crypt(&ctx, ctx.passes, decrypt, in, out);
    }
    oc_wipe(&ctx, sizeof(ctx));
    return 0;
}

int oc_des_ecb_encrypt(const uint8_t *key, size_t key_size, const uint8_t *in, uint8_t *out,
                       size_t size) {
    return ecb(key, key_size, 0, in, out, size);
}

int oc_des_ecb_decrypt(const uint8_t *key, size_t key_size, const uint8_t *in, uint8_t *out,
                       size_t size) {
    return ecb(key, key_size, 1, in, out, size);
}
