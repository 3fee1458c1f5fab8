#include "oc_des.h"

#include <string.h>

#include "oc_des_sbox.h"
#include "oc_util.h"

#if OC_DES_TABLE
#include "oc_tune.h"
#endif

// The halves are kept rotated left by one bit, so that the six input bits of every other S-box
// stand at bits 0, 8, 16 and 24 of a word. SP is an S-box and then the permutation P.
#if OC_DES_TABLE

// Row 0: S1, S3, S5, S7 one behind the other, row 1: S2, S4, S6, S8. Which box a byte is for stands
// in its two top bits (BOXES), so that a whole byte is an index.
#define BYTE_MASK 0x3F3F3F3Fu
#define BOXES 0x004080C0u
#define ROUNDS_WRITTEN (OC_ARM6 ? 2 : 8)
OC_TABLE uint32_t oc_des_sp[2][256] = {
    {OC_DES_S1(OC_DES_P1) OC_DES_S3(OC_DES_P3) OC_DES_S5(OC_DES_P5) OC_DES_S7(OC_DES_P7)},
    {OC_DES_S2(OC_DES_P2) OC_DES_S4(OC_DES_P4) OC_DES_S6(OC_DES_P6) OC_DES_S8(OC_DES_P8)},
};
// Thumb-1 cannot scale an index, so there the byte is cut out as the offset in bytes.
#if OC_ARM6
#define OFFSET(row, offset) (*(const uint32_t *)((const uint8_t *)(row) + (offset)))
#define SP(row, word, shift) \
    OFFSET(sp##row, ((shift) == 0 ? (word) << 2 : (word) >> ((shift) - 2)) & 0x3FCu)
#else
#define SP(row, word, shift) sp##row[(word) >> (shift) & 0xFFu]
#endif
#define SP4(row, word) SP(row, word, 24) ^ SP(row, word, 16) ^ SP(row, word, 8) ^ SP(row, word, 0)

#else

#define BYTE_MASK 0xFFFFFFFFu
#define BOXES 0u
#define ROUNDS_WRITTEN 2
#define SP(box, six) oc_des_p[box][oc_des_s[box][(six) & 63u]]
#define SP4(row, word)                                                                   \
    SP(row, (word) >> 24) ^ SP((row) + 2, (word) >> 16) ^ SP((row) + 4, (word) >> 8) ^ \
        SP((row) + 6, word)
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

// The 16 round keys in the order of use: backwards, two words each, to decrypt.
static void make_schedule(uint32_t *round_keys, int backwards, const uint8_t key[8]) {
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
        uint32_t words[2] = {BOXES, BOXES};  // for S1 S3 S5 S7 and S2 S4 S6 S8, a byte each
        for (unsigned box = 0; box < 8; box++) {
            const uint32_t six = pick6(halves[box >> 2], oc_des_pc2 + 6 * box);
            words[box & 1u] ^= six << (24 - (box >> 1) * 8);
        }
        uint32_t *at = round_keys + 2 * (backwards ? 15 - round : round);
        at[0] = words[0];
        at[1] = words[1];
    }
    oc_wipe(halves, sizeof(halves));
}

#if OC_DES_TABLE
// Kept in registers of their own: from one address, gcc adds to every index of the second row.
#define CONSTANTS                                                \
    const uint32_t *sp0 = oc_des_sp[0], *sp1 = oc_des_sp[1];     \
    uint32_t byte_mask = BYTE_MASK;                              \
    HIDE(sp0);                                                   \
    HIDE(sp1);                                                   \
    HIDE(byte_mask)
#if defined(__GNUC__)
#define HIDE(value) __asm__("" : "+r"(value))
#else
#define HIDE(value)
#endif
#else
#define CONSTANTS const uint32_t byte_mask = BYTE_MASK
#endif

// half ^= the round function of other, with the round key at rk.
#define ROUND(half, other, rk)                                             \
    do {                                                                   \
        const uint32_t odd = (oc_ror32(other, 4) & byte_mask) ^ (rk)[0];   \
        const uint32_t even = ((other) & byte_mask) ^ (rk)[1];             \
        half ^= SP4(0, odd) ^ SP4(1, even);                                \
    } while (0)

// Swaps the bits of b under mask with the bits of a that lie shift places higher.
static inline void swap_bits(uint32_t *a, uint32_t *b, unsigned shift, uint32_t mask) {
    const uint32_t differences = (*a >> shift ^ *b) & mask;
    *b ^= differences;
    *a ^= differences << shift;
}

// Between two passes the final and the next initial permutation cancel, so they are done once.
static void crypt(const uint32_t *rk, int passes, const uint8_t in[8], uint8_t out[8]) {
    uint32_t l = oc_load_be32(in), r = oc_load_be32(in + 4);
    swap_bits(&l, &r, 4, 0x0F0F0F0Fu);
    swap_bits(&l, &r, 16, 0x0000FFFFu);
    swap_bits(&r, &l, 2, 0x33333333u);
    swap_bits(&r, &l, 8, 0x00FF00FFu);
    swap_bits(&l, &r, 1, 0x55555555u);
    l = oc_rol32(l, 1);
    r = oc_rol32(r, 1);
    CONSTANTS;
    do {
        for (int i = 0; i < 16; i += ROUNDS_WRITTEN, rk += 2 * ROUNDS_WRITTEN) {
            ROUND(l, r, rk);
            ROUND(r, l, rk + 2);
#if ROUNDS_WRITTEN == 8
            ROUND(l, r, rk + 4);
            ROUND(r, l, rk + 6);
            ROUND(l, r, rk + 8);
            ROUND(r, l, rk + 10);
            ROUND(l, r, rk + 12);
            ROUND(r, l, rk + 14);
#endif
        }
        const uint32_t swapped = l;
        l = r;
        r = swapped;
    } while (--passes != 0);
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

static int init(oc_des_ctx *ctx, int decrypt, const uint8_t *key, size_t key_size) {
    if (key_size != 8 && key_size != 16 && key_size != 24) {
        return -1;
    }
    ctx->passes = key_size == 8 ? 1 : 3;
    for (int pass = 0; pass < ctx->passes; pass++) {
        size_t part = (size_t)(decrypt ? ctx->passes - 1 - pass : pass) * 8;
        if (part == key_size) {
            part = 0;  // of two keys, the first is the third too
        }
        make_schedule(ctx->round_keys[pass], (pass & 1) ^ decrypt, key + part);
    }
    return 0;
}

int oc_des_init(oc_des_ctx *ctx, const uint8_t *key, size_t key_size) {
    return init(ctx, 0, key, key_size);
}

void oc_des_encrypt(const oc_des_ctx *ctx, const uint8_t in[8], uint8_t out[8]) {
    crypt(ctx->round_keys[0], ctx->passes, in, out);
}

void oc_des_encrypt_single(const oc_des_ctx *ctx, const uint8_t in[8], uint8_t out[8]) {
    crypt(ctx->round_keys[0], 1, in, out);
}

static int ecb(const uint8_t *key, size_t key_size, int decrypt, const uint8_t *in, uint8_t *out,
               size_t size) {
    oc_des_ctx ctx;
    if (init(&ctx, decrypt, key, key_size) != 0) {
        return -1;
    }
    in = oc_settle(out, in, size);
    for (; size >= 8; size -= 8, in += 8, out += 8) {
        crypt(ctx.round_keys[0], ctx.passes, in, out);
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
