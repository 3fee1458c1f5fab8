#include "oc_hash.h"
#include "oc_util.h"

#if OC_SHA_UNIT
#include "../host/oc_sha256_x86.h"
#endif

// FIPS 180-4 4.2.2
OC_TABLE uint32_t oc_sha256_k[64] = {
    0x428A2F98u, 0x71374491u, 0xB5C0FBCFu, 0xE9B5DBA5u, 0x3956C25Bu, 0x59F111F1u, 0x923F82A4u,
    0xAB1C5ED5u, 0xD807AA98u, 0x12835B01u, 0x243185BEu, 0x550C7DC3u, 0x72BE5D74u, 0x80DEB1FEu,
    0x9BDC06A7u, 0xC19BF174u, 0xE49B69C1u, 0xEFBE4786u, 0x0FC19DC6u, 0x240CA1CCu, 0x2DE92C6Fu,
    0x4A7484AAu, 0x5CB0A9DCu, 0x76F988DAu, 0x983E5152u, 0xA831C66Du, 0xB00327C8u, 0xBF597FC7u,
    0xC6E00BF3u, 0xD5A79147u, 0x06CA6351u, 0x14292967u, 0x27B70A85u, 0x2E1B2138u, 0x4D2C6DFCu,
    0x53380D13u, 0x650A7354u, 0x766A0ABBu, 0x81C2C92Eu, 0x92722C85u, 0xA2BFE8A1u, 0xA81A664Bu,
    0xC24B8B70u, 0xC76C51A3u, 0xD192E819u, 0xD6990624u, 0xF40E3585u, 0x106AA070u, 0x19A4C116u,
    0x1E376C08u, 0x2748774Cu, 0x34B0BCB5u, 0x391C0CB3u, 0x4ED8AA4Au, 0x5B9CCA4Fu, 0x682E6FF3u,
    0x748F82EEu, 0x78A5636Fu, 0x84C87814u, 0x8CC70208u, 0x90BEFFFAu, 0xA4506CEBu, 0xBEF9A3F7u,
    0xC67178F2u,
};

// On ARM the nested forms take fewer instructions; elsewhere the flat ones wait less.
#if defined(__ARM_ARCH) && __ARM_ARCH < 8
#define SIGMA_A(x) oc_ror32((x) ^ oc_ror32((x) ^ oc_ror32((x), 9), 11), 2)
#define SIGMA_E(x) oc_ror32((x) ^ oc_ror32((x) ^ oc_ror32((x), 14), 5), 6)
#define SIGMA_0(x) (oc_ror32((x) ^ oc_ror32((x), 11), 7) ^ (x) >> 3)
#define SIGMA_1(x) (oc_ror32((x) ^ oc_ror32((x), 2), 17) ^ (x) >> 10)
#else
#define SIGMA_A(x) (oc_ror32((x), 2) ^ oc_ror32((x), 13) ^ oc_ror32((x), 22))
#define SIGMA_E(x) (oc_ror32((x), 6) ^ oc_ror32((x), 11) ^ oc_ror32((x), 25))
#define SIGMA_0(x) (oc_ror32((x), 7) ^ oc_ror32((x), 18) ^ (x) >> 3)
#define SIGMA_1(x) (oc_ror32((x), 17) ^ oc_ror32((x), 19) ^ (x) >> 10)
#endif
#define CHOOSE(x, y, z) ((((y) ^ (z)) & (x)) ^ (z))
#define MAJORITY(x, y, z) (((x) & (y)) + (((x) ^ (y)) & (z)))  // no bit is in both terms

// Only the last 16 words are kept: round i of a group finds its word, and, but for the last
// group, leaves there the one that round i of the next group wants.
#define WORD(i) w[(i) & 15]
#define EXPAND(i) \
    WORD(i) += SIGMA_1(WORD((i) + 14)) + WORD((i) + 9) + SIGMA_0(WORD((i) + 1))

// One round without moving the registers: the next round is called with their names rotated.
#define ROUND(a, b, c, d, e, f, g, h, i)                                \
    do {                                                                \
        h += SIGMA_E(e) + CHOOSE(e, f, g) + k[i] + WORD(i);             \
        d += h;                                                         \
        h += SIGMA_A(a) + MAJORITY(a, b, c);                            \
    } while (0)

#define ROUNDS8(i)                              \
    do {                                        \
        ROUND(a, b, c, d, e, f, g, h, (i));     \
        ROUND(h, a, b, c, d, e, f, g, (i) + 1); \
        ROUND(g, h, a, b, c, d, e, f, (i) + 2); \
        ROUND(f, g, h, a, b, c, d, e, (i) + 3); \
        ROUND(e, f, g, h, a, b, c, d, (i) + 4); \
        ROUND(d, e, f, g, h, a, b, c, (i) + 5); \
        ROUND(c, d, e, f, g, h, a, b, (i) + 6); \
        ROUND(b, c, d, e, f, g, h, a, (i) + 7); \
    } while (0)

#if OC_SHA256_UNROLL
#define EXPAND4(i) EXPAND(i); EXPAND((i) + 1); EXPAND((i) + 2); EXPAND((i) + 3)
#define EXPAND16 EXPAND4(0); EXPAND4(4); EXPAND4(8); EXPAND4(12)
#define ROUNDS16  \
    ROUNDS8(0);   \
    ROUNDS8(8)
#else
#define EXPAND16                       \
    for (unsigned i = 0; i < 16; i++) { \
        EXPAND(i);                     \
    }
#define ROUNDS16                           \
    for (unsigned i = 0; i < 16; i += 8) { \
        ROUNDS8(i);                        \
    }
#endif

static void compress(uint32_t state[8], const uint8_t *blocks, size_t count) {
    uint32_t w[16];
#if OC_SHA_UNIT
    if (oc_sha256_x86_is_there()) {
        oc_sha256_x86(state, oc_sha256_k, blocks, count);
        return;
    }
#endif
    for (; count != 0; count--, blocks += OC_HASH_BLOCK_SIZE) {
        for (int j = 0; j < 16; j++) {
            w[j] = oc_load_be32(blocks + 4 * j);
        }
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        const uint32_t *k = oc_sha256_k;
        for (int group = 0;; group++, k += 16) {
            ROUNDS16;
            if (group == 3) {
                break;
            }
            EXPAND16;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
    oc_wipe(w, sizeof(w));
}

const oc_hash oc_sha256 = {
    .first_state = {0x6A09E667u, 0xBB67AE85u, 0x3C6EF372u, 0xA54FF53Au,
                    0x510E527Fu, 0x9B05688Cu, 0x1F83D9ABu, 0x5BE0CD19u},
    .compress = compress,
};
