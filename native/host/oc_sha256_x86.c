#include "oc_sha256_x86.h"

#include "oc_options.h"

#if OC_SHA_UNIT

#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1")))

int oc_sha256_x86_is_there(void) {
    return __builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1");
}

// Intel, "Intel SHA Extensions" (2013): the state is held as the words A B E F and C D G H, four
// rounds take four words of the message, and the next four are made of the last sixteen.
TARGET void oc_sha256_x86(uint32_t state[8], const uint32_t k[64], const uint8_t *blocks,
                          size_t count) {
    const __m128i big_endian =
        _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
    __m128i abef = _mm_alignr_epi8(abcd, efgh, 8);
    __m128i cdgh = _mm_blend_epi16(efgh, abcd, 0xF0);
    for (; count != 0; count--, blocks += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4];
        for (int i = 0; i < 4; i++) {
            const __m128i part = _mm_loadu_si128((const __m128i *)(blocks + 16 * i));
            w[i] = _mm_shuffle_epi8(part, big_endian);
        }
        for (int i = 0; i < 16; i += 4) {
            for (int j = 0; j < 4; j++) {
                const __m128i constants = _mm_loadu_si128((const __m128i *)(k + 4 * (i + j)));
                const __m128i sum = _mm_add_epi32(w[j], constants);
                cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
                abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
                if (i < 12) {
                    const __m128i last = w[(j + 3) & 3];
                    __m128i next = _mm_sha256msg1_epu32(w[j], w[(j + 1) & 3]);
                    next = _mm_add_epi32(next, _mm_alignr_epi8(last, w[(j + 2) & 3], 4));
                    w[j] = _mm_sha256msg2_epu32(next, last);
                }
            }
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    abcd = _mm_shuffle_epi32(abef, 0x1B);  // F E B A -> as it was loaded
    efgh = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(abcd, efgh, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(efgh, abcd, 8));
}

#endif
