#include "oc_sm3.h"

#include <string.h>

#include "oc_util.h"

OC_TABLE uint32_t oc_sm3_iv[8] = {
    0x7380166Fu, 0x4914B2B9u, 0x172442D7u, 0xDA8A0600u,
    0xA96F30BCu, 0x163138AAu, 0xE38DEE4Du, 0xB0FB0E4Eu,
};

#define T_0 0x79CC4519u   // constant of rounds 0..15
#define T_16 0x9D8A7A87u  // constant of rounds 16..63, 7A879D8A, turned by 16 bits for round 16

#define P0(x) ((x) ^ oc_rol32((x), 9) ^ oc_rol32((x), 17))
#define P1(x) ((x) ^ oc_rol32((x), 15) ^ oc_rol32((x), 23))
#define FF0(x, y, z) ((x) ^ (y) ^ (z))
#define GG0(x, y, z) ((x) ^ (y) ^ (z))
#define FF1(x, y, z) (((x) & (y)) + (((x) ^ (y)) & (z)))  // majority; no bit is in both terms
#define GG1(x, y, z) ((((y) ^ (z)) & (x)) ^ (z))

// One round without moving the registers: the next round is called with their names rotated.
// t: the constant T_j <<< j. The two words are W[j] and, for W'[j] = W[j] ^ W[j+4], W[j+4].
#define ROUND(a, b, c, d, e, f, g, h, FF, GG, word, word4)   \
    do {                                                     \
        const uint32_t a12 = oc_rol32(a, 12);                \
        const uint32_t ss1 = oc_rol32(a12 + (e + t), 7);     \
        d += FF(a, b, c) + ((word) ^ (word4)) + (ss1 ^ a12); \
        h += GG(e, f, g) + (word) + ss1;                     \
        b = oc_rol32(b, 9);                                  \
        f = oc_rol32(f, 19);                                 \
        h = P0(h);                                           \
        t = oc_rol32(t, 1);                                  \
    } while (0)

// Four rounds, after which the register names stand as before.
#define ROUNDS4(FF, GG, j)                                                   \
    do {                                                                     \
        ROUND(a, b, c, d, e, f, g, h, FF, GG, WORD(j), WORD((j) + 4));       \
        ROUND(d, a, b, c, h, e, f, g, FF, GG, WORD((j) + 1), WORD((j) + 5)); \
        ROUND(c, d, a, b, g, h, e, f, FF, GG, WORD((j) + 2), WORD((j) + 6)); \
        ROUND(b, c, d, a, f, g, h, e, FF, GG, WORD((j) + 3), WORD((j) + 7)); \
    } while (0)

#if OC_SM3_UNROLL

// Only the last 16 words are kept, and made just before the rounds that want them.
#define WORDS 16
#define WORD(j) w[(j) & 15]
#define EXPAND(j)                                                          \
    WORD(j) = P1(WORD(j) ^ WORD((j) + 7) ^ oc_rol32(WORD((j) + 13), 15)) ^ \
              oc_rol32(WORD((j) + 3), 7) ^ WORD((j) + 10)
#define EXPAND_ROUNDS4(FF, GG, j) \
    do {                          \
        EXPAND((j) + 4);          \
        EXPAND((j) + 5);          \
        EXPAND((j) + 6);          \
        EXPAND((j) + 7);          \
        ROUNDS4(FF, GG, j);       \
    } while (0)
#define LATE_ROUNDS16                   \
    do {                                \
        EXPAND_ROUNDS4(FF1, GG1, 0);    \
        EXPAND_ROUNDS4(FF1, GG1, 4);    \
        EXPAND_ROUNDS4(FF1, GG1, 8);    \
        EXPAND_ROUNDS4(FF1, GG1, 12);   \
    } while (0)
#define ALL_ROUNDS                    \
    do {                              \
        ROUNDS4(FF0, GG0, 0);         \
        ROUNDS4(FF0, GG0, 4);         \
        ROUNDS4(FF0, GG0, 8);         \
        EXPAND_ROUNDS4(FF0, GG0, 12); \
        t = T_16;                     \
        LATE_ROUNDS16;                \
        LATE_ROUNDS16;                \
        LATE_ROUNDS16;                \
    } while (0)

#else

#define WORDS 68
#define WORD(j) w[j]
#define ALL_ROUNDS                                                            \
    do {                                                                      \
        for (int j = 16; j < WORDS; j++) {                                    \
            const uint32_t x = w[j - 16] ^ w[j - 9] ^ oc_rol32(w[j - 3], 15); \
            w[j] = P1(x) ^ oc_rol32(w[j - 13], 7) ^ w[j - 6];                 \
        }                                                                     \
        for (int j = 0; j < 16; j += 4) {                                     \
            ROUNDS4(FF0, GG0, j);                                             \
        }                                                                     \
        t = T_16;                                                             \
        for (int j = 16; j < 64; j += 4) {                                    \
            ROUNDS4(FF1, GG1, j);                                             \
        }                                                                     \
    } while (0)

#endif

// w is room for the message words; the caller wipes it once, not for each block.
static void compress(uint32_t state[8], uint32_t w[WORDS], const uint8_t *block) {
    for (int j = 0; j < 16; j++) {
        w[j] = oc_load_be32(block + 4 * j);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    uint32_t t = T_0;
    ALL_ROUNDS;
    state[0] ^= a;
    state[1] ^= b;
    state[2] ^= c;
    state[3] ^= d;
    state[4] ^= e;
    state[5] ^= f;
    state[6] ^= g;
    state[7] ^= h;
}

void oc_sm3_init(oc_sm3_ctx *ctx) {
    memcpy(ctx->state, oc_sm3_iv, sizeof(ctx->state));
    ctx->total_size = 0;
}

void oc_sm3_update(oc_sm3_ctx *ctx, const uint8_t *data, size_t size) {
    if (size == 0) {  // data may be NULL then, which memcpy must not see
        return;
    }
    uint32_t w[WORDS];
    size_t pending_size = (size_t)ctx->total_size % OC_SM3_BLOCK_SIZE;
    ctx->total_size += size;
    if (pending_size != 0) {
        const size_t room = OC_SM3_BLOCK_SIZE - pending_size;
        const size_t part = size < room ? size : room;
        memcpy(ctx->pending + pending_size, data, part);
        data += part;
        size -= part;
        if (part < room) {
            return;
        }
        compress(ctx->state, w, ctx->pending);
    }
    for (; size >= OC_SM3_BLOCK_SIZE; size -= OC_SM3_BLOCK_SIZE) {
        compress(ctx->state, w, data);
        data += OC_SM3_BLOCK_SIZE;
    }
    if (size != 0) {
        memcpy(ctx->pending, data, size);
    }
    oc_wipe(w, sizeof(w));
}

void oc_sm3_final(oc_sm3_ctx *ctx, uint8_t digest[OC_SM3_SIZE]) {
    uint32_t w[WORDS];
    size_t used = (size_t)ctx->total_size % OC_SM3_BLOCK_SIZE;
    ctx->pending[used++] = 0x80;
    if (used > OC_SM3_BLOCK_SIZE - 8) {
        memset(ctx->pending + used, 0, OC_SM3_BLOCK_SIZE - used);
        compress(ctx->state, w, ctx->pending);
        used = 0;
    }
    memset(ctx->pending + used, 0, OC_SM3_BLOCK_SIZE - 8 - used);
    oc_store_be32(ctx->pending + 56, (uint32_t)(ctx->total_size >> 29));  // length in bits
    oc_store_be32(ctx->pending + 60, (uint32_t)ctx->total_size << 3);
    compress(ctx->state, w, ctx->pending);
    for (int i = 0; i < 8; i++) {
        oc_store_be32(digest + 4 * i, ctx->state[i]);
    }
    oc_wipe(w, sizeof(w));
    oc_wipe(ctx, sizeof(*ctx));
}

void oc_sm3(const uint8_t *data, size_t size, uint8_t digest[OC_SM3_SIZE]) {
    oc_sm3_ctx ctx;
    oc_sm3_init(&ctx);
    oc_sm3_update(&ctx, data, size);
    oc_sm3_final(&ctx, digest);
}
