#include "oc_hash.h"
#include "oc_util.h"

#if OC_SM3_UNROLL
#include "oc_tune.h"
#endif

// T_j <<< (j mod 32): 79CC4519 in rounds 0..15, 7A879D8A in the others (GM/T 0004-2012 4.2).
#define T_AT(j) ((j) < 16 ? TURNED(0x79CC4519u, (j) & 31) : TURNED(0x7A879D8Au, (j) & 31))
#define TURNED(t, bits) ((t) << (bits) | ((t) >> 1) >> (31 - (bits)))

#if OC_SM3_UNROLL == 2

#define K(j) (j)
#define T(k) T_AT(k)

#else

#define T8(j)                                                      \
    T_AT(j), T_AT((j) + 1), T_AT((j) + 2), T_AT((j) + 3),          \
    T_AT((j) + 4), T_AT((j) + 5), T_AT((j) + 6), T_AT((j) + 7)
OC_TABLE uint32_t oc_sm3_t[64] = {T8(0), T8(8), T8(16), T8(24), T8(32), T8(40), T8(48), T8(56)};
#define K(j) (oc_sm3_t + (j))
#define T(k) (*(k))

#endif

// On ARM the nested forms take fewer rotation amounts; elsewhere the flat ones wait less.
#if defined(__ARM_ARCH) && __ARM_ARCH < 8
#define P0(x) ((x) ^ oc_rol32((x) ^ oc_rol32((x), 8), 9))
#define P1(x) ((x) ^ oc_rol32((x) ^ oc_rol32((x), 8), 15))
#else
#define P0(x) ((x) ^ oc_rol32((x), 9) ^ oc_rol32((x), 17))
#define P1(x) ((x) ^ oc_rol32((x), 15) ^ oc_rol32((x), 23))
#endif
#define FF0(x, y, z) ((x) ^ (y) ^ (z))
#define GG0(x, y, z) ((x) ^ (y) ^ (z))
#define FF1(x, y, z) (((x) & (y)) + (((x) ^ (y)) & (z)))  // majority; no bit is in both terms
#define GG1(x, y, z) ((((y) ^ (z)) & (x)) ^ (z))

// Thumb-2 turns an operand for nothing, so there b and f are not turned when they become c and g,
// but where c, d, g and h are used. The state is brought into that form and back once a block.
#if defined(__ARM_ARCH) && __ARM_ARCH >= 7
#define TURN_NOW(x, bits) (x)
#define TURN_LATER(x, bits) oc_rol32((x), (bits))
#define TURN_BACK(x, bits) oc_ror32((x), (bits))
#else
#define TURN_NOW(x, bits) oc_rol32((x), (bits))
#define TURN_LATER(x, bits) (x)
#define TURN_BACK(x, bits) (x)
#endif

// One round without moving the registers: the next round is called with their names rotated.
// t: the constant above. The two words are W[j] and, for W'[j] = W[j] ^ W[j+4], W[j+4].
#define ROUND(a, b, c, d, e, f, g, h, FF, GG, t, word, word4)                                \
    do {                                                                                     \
        const uint32_t a12 = oc_rol32(a, 12), g19 = TURN_LATER(g, 19);                       \
        const uint32_t ss1 = oc_rol32(a12 + (e + (t)), 7);                                   \
        d = TURN_LATER(d, 9) + FF(a, b, TURN_LATER(c, 9)) + ((word) ^ (word4)) + (ss1 ^ a12); \
        h = TURN_LATER(h, 19) + GG(e, f, g19) + (word) + ss1;                                \
        b = TURN_NOW(b, 9);                                                                  \
        f = TURN_NOW(f, 19);                                                                 \
        h = P0(h);                                                                           \
    } while (0)

// Four rounds, after which the register names stand as before.
#define ROUNDS4(FF, GG, k, j)                                                        \
    do {                                                                             \
        ROUND(a, b, c, d, e, f, g, h, FF, GG, T(k), WORD(j), WORD((j) + 4));       \
        ROUND(d, a, b, c, h, e, f, g, FF, GG, T((k) + 1), WORD((j) + 1), WORD((j) + 5)); \
        ROUND(c, d, a, b, g, h, e, f, FF, GG, T((k) + 2), WORD((j) + 2), WORD((j) + 6)); \
        ROUND(b, c, d, a, f, g, h, e, FF, GG, T((k) + 3), WORD((j) + 3), WORD((j) + 7)); \
    } while (0)

#if OC_SM3_UNROLL

// Only the last 16 words are kept, and made just before the rounds that want them.
#define WORDS 16
#define WORD(j) w[(j) & 15]
#define EXPAND(j)                                                          \
    WORD(j) = P1(WORD(j) ^ WORD((j) + 7) ^ oc_rol32(WORD((j) + 13), 15)) ^ \
              oc_rol32(WORD((j) + 3), 7) ^ WORD((j) + 10)
#define EXPAND_ROUNDS4(FF, GG, k, j) \
    do {                             \
        EXPAND((j) + 4);             \
        EXPAND((j) + 5);             \
        EXPAND((j) + 6);             \
        EXPAND((j) + 7);             \
        ROUNDS4(FF, GG, k, j);       \
    } while (0)
#define LATE_ROUNDS16(k)                       \
    do {                                       \
        EXPAND_ROUNDS4(FF1, GG1, (k), 0);      \
        EXPAND_ROUNDS4(FF1, GG1, (k) + 4, 4);  \
        EXPAND_ROUNDS4(FF1, GG1, (k) + 8, 8);  \
        EXPAND_ROUNDS4(FF1, GG1, (k) + 12, 12); \
    } while (0)
#define EARLY_ROUNDS16                       \
    do {                                     \
        ROUNDS4(FF0, GG0, K(0), 0);          \
        ROUNDS4(FF0, GG0, K(4), 4);          \
        ROUNDS4(FF0, GG0, K(8), 8);          \
        EXPAND_ROUNDS4(FF0, GG0, K(12), 12); \
    } while (0)

#if OC_SM3_UNROLL == 2
#define ALL_ROUNDS             \
    do {                       \
        EARLY_ROUNDS16;        \
        LATE_ROUNDS16(K(16));  \
        LATE_ROUNDS16(K(32));  \
        LATE_ROUNDS16(K(48));  \
    } while (0)
#else
#define ALL_ROUNDS                                                \
    do {                                                          \
        EARLY_ROUNDS16;                                           \
        for (const uint32_t *k = K(16); k != K(64); k += 16) {    \
            LATE_ROUNDS16(k);                                     \
        }                                                         \
    } while (0)
#endif

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
            ROUNDS4(FF0, GG0, K(j), j);                               \
        }                                                                     \
        for (int j = 16; j < 64; j += 4) {                                    \
            ROUNDS4(FF1, GG1, K(j), j);                               \
        }                                                                     \
    } while (0)

#endif

static void compress(uint32_t state[8], const uint8_t *blocks, size_t count) {
    uint32_t w[WORDS];
    for (; count != 0; count--, blocks += OC_HASH_BLOCK_SIZE) {
        for (int j = 0; j < 16; j++) {
            w[j] = oc_load_be32(blocks + 4 * j);
        }
        uint32_t a = state[0], b = state[1];
        uint32_t c = TURN_BACK(state[2], 9), d = TURN_BACK(state[3], 9);
        uint32_t e = state[4], f = state[5];
        uint32_t g = TURN_BACK(state[6], 19), h = TURN_BACK(state[7], 19);
        ALL_ROUNDS;
        state[0] ^= a;
        state[1] ^= b;
        state[2] ^= TURN_LATER(c, 9);
        state[3] ^= TURN_LATER(d, 9);
        state[4] ^= e;
        state[5] ^= f;
        state[6] ^= TURN_LATER(g, 19);
        state[7] ^= TURN_LATER(h, 19);
    }
    oc_wipe(w, sizeof(w));
}

const oc_hash oc_sm3 = {
    .first_state = {0x7380166Fu, 0x4914B2B9u, 0x172442D7u, 0xDA8A0600u,
                    0xA96F30BCu, 0x163138AAu, 0xE38DEE4Du, 0xB0FB0E4Eu},
    .compress = compress,
};
