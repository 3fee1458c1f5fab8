#include "oc_crc_clmul.h"

#include "oc_options.h"

#if OC_CLMUL

#include <immintrin.h>

#define TARGET __attribute__((target("pclmul,sse4.1")))

// V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction"
// (Intel, 2009), in its reflected form: x^n mod P reflected, for n = 544 and 480 (four blocks on),
// 160 and 96 (one on), 64; P and floor(x^64 / P). A CRC of 16 bits is taken as one of 32 whose P is
// x^16 P: its register stands in the low half.
typedef struct {
    uint64_t by4[2];
    uint64_t by1[2];
    uint64_t last[2];
    uint64_t barrett[2];
} constants;

static const constants crc32_constants = {
    {0x154442BD4u, 0x1C6E41596u}, {0x1751997D0u, 0x0CCAA009Eu}, {0x163CD6124u, 0},
    {0x1DB710641u, 0x1F7011641u}};
static const constants crc16_constants = {
    {0x000019A3Cu, 0x000014FF2u}, {0x000008E10u, 0x0000189AEu}, {0x0000114AAu, 0},
    {0x000010811u, 0x11C581911u}};

size_t oc_clmul_part(size_t size) {
    if (size < OC_CLMUL_LEAST || !__builtin_cpu_supports("pclmul") ||
        !__builtin_cpu_supports("sse4.1")) {
        return 0;
    }
    return size & ~(size_t)15;
}

TARGET static inline __m128i constant(const uint64_t pair[2]) {
    return _mm_loadu_si128((const __m128i *)pair);
}

// 16 bytes of data, their bits in reverse order if the CRC takes the high bit first.
TARGET static inline __m128i block(const uint8_t *data, int high_first) {
    const __m128i x = _mm_loadu_si128((const __m128i *)data);
    if (!high_first) {
        return x;
    }
    const __m128i reversed =
        _mm_setr_epi8(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);
    const __m128i low_half = _mm_set1_epi8(15);
    const __m128i low = _mm_shuffle_epi8(reversed, _mm_and_si128(x, low_half));
    const __m128i high =
        _mm_shuffle_epi8(reversed, _mm_and_si128(_mm_srli_epi16(x, 4), low_half));
    return _mm_or_si128(_mm_slli_epi16(low, 4), high);
}

// x carried on over as many bits as k stands for, and what lies there.
TARGET static inline __m128i fold(__m128i x, __m128i k, __m128i next) {
    const __m128i low = _mm_clmulepi64_si128(x, k, 0x00);
    const __m128i high = _mm_clmulepi64_si128(x, k, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

TARGET static inline uint32_t run(uint32_t reg, const uint8_t *data, size_t size,
                                  const constants *c, int high_first) {
    const __m128i by1 = constant(c->by1);
    const __m128i start = _mm_cvtsi32_si128((int)reg);
    __m128i x = _mm_xor_si128(block(data, high_first), start);
    if (size >= 64) {
        const __m128i by4 = constant(c->by4);
        __m128i x1 = block(data + 16, high_first), x2 = block(data + 32, high_first);
        __m128i x3 = block(data + 48, high_first);
        for (data += 64, size -= 64; size >= 64; data += 64, size -= 64) {
            x = fold(x, by4, block(data, high_first));
            x1 = fold(x1, by4, block(data + 16, high_first));
            x2 = fold(x2, by4, block(data + 32, high_first));
            x3 = fold(x3, by4, block(data + 48, high_first));
        }
        x = fold(fold(fold(x, by1, x1), by1, x2), by1, x3);
    } else {
        data += 16;
        size -= 16;
    }
    for (; size >= 16; data += 16, size -= 16) {
        x = fold(x, by1, block(data, high_first));
    }
    const __m128i low32 = _mm_setr_epi32(-1, 0, -1, 0);
    const __m128i barrett = constant(c->barrett);
    x = _mm_xor_si128(_mm_srli_si128(x, 8), _mm_clmulepi64_si128(x, by1, 0x10));
    x = _mm_xor_si128(_mm_srli_si128(x, 4),
                      _mm_clmulepi64_si128(_mm_and_si128(x, low32), constant(c->last), 0x00));
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(x, low32), barrett, 0x10);
    quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low32), barrett, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(x, quotient), 1);
}

TARGET uint32_t oc_clmul_crc32(uint32_t reg, const uint8_t *data, size_t size) {
    return run(reg, data, size, &crc32_constants, 0);
}

TARGET uint16_t oc_clmul_crc16(uint16_t reg, const uint8_t *data, size_t size) {
    return (uint16_t)run(reg, data, size, &crc16_constants, 0);
}

static uint32_t reverse16(uint32_t x) {
    x = (x & 0x5555u) << 1 | (x >> 1 & 0x5555u);
    x = (x & 0x3333u) << 2 | (x >> 2 & 0x3333u);
    x = (x & 0x0F0Fu) << 4 | (x >> 4 & 0x0F0Fu);
    return (x << 8 | x >> 8) & 0xFFFFu;
}

TARGET uint16_t oc_clmul_ccitt(uint16_t reg, const uint8_t *data, size_t size) {
    return (uint16_t)reverse16(run(reverse16(reg), data, size, &crc16_constants, 1));
}

#endif
