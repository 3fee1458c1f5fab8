#include "oc_sm2_curve.h"

#include <string.h>

#include "oc_options.h"
#include "oc_util.h"

// Loops over limbs are written out where that is worth its flash.
#if OC_PROFILE != 0 && !OC_ARM6 && defined(__GNUC__) && !defined(__clang__)
#define WRITTEN_OUT _Pragma("GCC unroll 8")
#else
#define WRITTEN_OUT
#endif

// Two 32-bit words as limbs, the high one written first.
#if OC_LIMB_BITS == 64
#define W(high, low) ((uint64_t)(high) << 32 | (low))
#else
#define W(high, low) (low), (high)
#endif

const oc_modulus oc_modulus_p = {
    .value = {W(0xFFFFFFFF, 0xFFFFFFFF), W(0xFFFFFFFF, 0x00000000),
              W(0xFFFFFFFF, 0xFFFFFFFF), W(0xFFFFFFFE, 0xFFFFFFFF)},
    .square = {W(0x00000002, 0x00000003), W(0x00000002, 0xFFFFFFFF),
               W(0x00000001, 0x00000001), W(0x00000004, 0x00000002)},
    .one = {W(0x00000000, 0x00000001), W(0x00000000, 0xFFFFFFFF),
            W(0x00000000, 0x00000000), W(0x00000001, 0x00000000)},
    .inverse = 1,
};

const oc_modulus oc_modulus_n = {
    .value = {W(0x53BBF409, 0x39D54123), W(0x7203DF6B, 0x21C6052B),
              W(0xFFFFFFFF, 0xFFFFFFFF), W(0xFFFFFFFE, 0xFFFFFFFF)},
    .square = {W(0x901192AF, 0x7C114F20), W(0x3464504A, 0xDE6FA2FA),
               W(0x620FC84C, 0x3AFFE0D4), W(0x1EB5E412, 0xA22B3D3B)},
    .one = {W(0xAC440BF6, 0xC62ABEDD), W(0x8DFC2094, 0xDE39FAD4),
            W(0x00000000, 0x00000000), W(0x00000001, 0x00000000)},
    .inverse = (oc_limb)0x327F9E8872350975u,
};

OC_TABLE oc_number oc_mod_zero = {0};

// The curve's b.
OC_TABLE oc_number oc_curve_b = {
    W(0x90D23063, 0x2BC0DD42), W(0x71CF379A, 0xE9B537AB),
    W(0x52798150, 0x5EA51C3C), W(0x240FE188, 0xBA20E2C8)};

// (p + 1) / 4: as p = 3 mod 4, this power of a square is its root.
OC_TABLE oc_number oc_curve_root = {
    W(0x40000000, 0x00000000), W(0xFFFFFFFF, 0xC0000000),
    W(0xFFFFFFFF, 0xFFFFFFFF), W(0x3FFFFFFF, 0xBFFFFFFF)};

// Row i - 1, for i = 1..15: the sum of 2^(64 j) * G over the bits j of i, as x and y.
OC_TABLE oc_number oc_curve_comb[15][2] = {
    {{W(0x61328990, 0xF418029E), W(0x3E7981ED, 0xDCA6C050),
      W(0xD6A1ED99, 0xAC24C3C3), W(0x91167A5E, 0xE1C13B05)},
     {W(0xC1354E59, 0x3C2D0DDD), W(0xC1F5E578, 0x8D3295FA),
      W(0x8D4CFB06, 0x6E2A48F8), W(0x63CD65D4, 0x81D735BD)}},
    {{W(0x4B33E020, 0xBAD830D2), W(0x5C101F9E, 0x590DFFB3),
      W(0xCD0E0498, 0xBC80ECB0), W(0x302787F8, 0x52AA293E)},
     {W(0xBFD64CED, 0x220F8FC8), W(0xCF5CEBE0, 0xBE0EE377),
      W(0xDC03A038, 0x8913B128), W(0x4B096971, 0xFDE23279)}},
    {{W(0xB4EE84E2, 0x39A0D9DC), W(0xF7D229CC, 0x061EDFA5),
      W(0x9765B24B, 0xD4CF33D0), W(0x511C69F1, 0x13329F59)},
     {W(0x41095BB7, 0xA07AE316), W(0x3A4650F1, 0x387F0E5A),
      W(0x4624421C, 0x99827E4A), W(0x7B1E8144, 0x04B4243A)}},
    {{W(0x7B9F561A, 0x8A914B50), W(0x2BF7130E, 0x9154D377),
      W(0x6800F696, 0x519B4C35), W(0xC9E65040, 0x568B4C56)},
     {W(0x30706E00, 0x6D98A331), W(0x781A12F6, 0xE211CE1E),
      W(0x1FFF9E3D, 0x40562E5F), W(0x6356CF46, 0x8C166747)}},
    {{W(0x96C4E4F3, 0x897518D9), W(0x3825D80C, 0x66F75B0D),
      W(0xFA0BD6C0, 0x07F7CEB5), W(0x5C01AF69, 0xA303EF24)},
     {W(0xDD75CF9E, 0x6BFCBC92), W(0x8BFE4A53, 0x248DCEAE),
      W(0x519362C6, 0x95373421), W(0x6F350880, 0x168CCB86)}},
    {{W(0xFA95C510, 0xCF13B772), W(0xA9B3FC90, 0xD95ACA7C),
      W(0x8E6E7790, 0x4CB1A435), W(0x840B63D9, 0x8754E6A0)},
     {W(0xCFA67981, 0x33196BD2), W(0x15AB0561, 0xEF85911F),
      W(0x504D9402, 0xFBD94AF6), W(0x063173D3, 0xFCC90FB5)}},
    {{W(0x6D58E50E, 0x11FA5996), W(0x5A7DB9BA, 0xCCE6427B),
      W(0x7D30D5AA, 0x95291D18), W(0x9E69E861, 0xCD354763)},
     {W(0x2D0CBCA9, 0x706BD6F9), W(0x63CC64B0, 0xAF3BDA5F),
      W(0x09CC5DBF, 0x06D6CC0D), W(0x533BA1AA, 0x81E50B6B)}},
    {{W(0xFB3992A4, 0x202BDE39), W(0x2549F564, 0x3D6BAB98),
      W(0x0B564642, 0x87712512), W(0xD52442B4, 0x7FDE7E50)},
     {W(0xA6CEFD08, 0xA3D3E16E), W(0x5B194F0A, 0xC83B29BD),
      W(0x6DB0EDD8, 0x906DEC8C), W(0x7A090959, 0x02570C1E)}},
    {{W(0x04D6CE6D, 0xBFAB3D26), W(0xF2AA223B, 0x668EDF18),
      W(0xEB899557, 0xF06250BA), W(0xEF6BBA07, 0x4940D66D)},
     {W(0xB483763B, 0xB78CA345), W(0x15867B4F, 0x3F08FF72),
      W(0x91225B72, 0x5BCA92B2), W(0xCCEAD663, 0x498804DB)}},
    {{W(0xD7AEF5E8, 0x487BDC21), W(0x626FBD75, 0x858C0310),
      W(0x8CD9250D, 0x08D1054F), W(0x25A65AB1, 0xD0831265)},
     {W(0x4D0AC007, 0xFEC04E2C), W(0x859F4355, 0x8DDF0F4C),
      W(0xB1D58E0B, 0x031DD8A0), W(0x9DF8AB40, 0x9618799D)}},
    {{W(0x4CFCCA55, 0x43D44ADF), W(0x6ED6F695, 0x6BF2E90E),
      W(0xFF878D62, 0x1F8B275D), W(0x4AC00774, 0x846471F5)},
     {W(0xE8F08905, 0xD59B5EAA), W(0xF961EB4F, 0xC904E73A),
      W(0x51282943, 0x8419C14C), W(0x591E7DCF, 0x94E41D6E)}},
    {{W(0x7254DE6E, 0x805F0ED8), W(0xE0AD1D79, 0x05AD4708),
      W(0xF3212455, 0xA339058E), W(0xF176C2F9, 0x834B8957)},
     {W(0x6A42A692, 0x9162FF84), W(0x7AF37AB5, 0xEAA628E8),
      W(0xE6605AA8, 0x0DA655E1), W(0x840EABD9, 0x9BCE77B6)}},
    {{W(0x15E2A820, 0xB891BF80), W(0xF218D7D6, 0x3DCFD53C),
      W(0x0B3FBB91, 0xC354F5D6), W(0xD2907E20, 0x60EC6C0B)},
     {W(0x2BA584DD, 0x4A8C701A), W(0x1EDFA8B2, 0x9F829E57),
      W(0x482E8E37, 0xF33CE835), W(0x4F8B7581, 0x75B06197)}},
    {{W(0xC1F039F8, 0x48E761AB), W(0xB75D923C, 0xA4DB0990),
      W(0xFE8FFFC1, 0x85BA216C), W(0x5F193C87, 0x64667CDC)},
     {W(0xDCE2F35C, 0x78ED1F3C), W(0x82CBB59E, 0x77A90887),
      W(0x0C6BB634, 0x521FCA71), W(0xBF0B44E8, 0x8D79141F)}},
    {{W(0xC424F15D, 0xC6FE11E5), W(0x1E866A49, 0x19A25EF3),
      W(0x419ACE92, 0xDBB31334), W(0x1BD3B441, 0x2408A903)},
     {W(0x1BB62300, 0xCAD2225B), W(0x44DB4CAB, 0xCF204B84),
      W(0x9FCF0AFA, 0xCD229AA6), W(0x38D13BED, 0xCC492384)}},
};

// --- numbers ---------------------------------------------------------------------------------

#if defined(__ARM_ARCH) && __ARM_ARCH <= 7 && defined(__thumb__) && defined(__GNUC__)

// In C the carry of each limb is computed; the processor keeps it between these for nothing.
#define EACH_LIMB(F) F(0) F(4) F(8) F(12) F(16) F(20) F(24) F(28)
#define ADD_LIMB(at)                                                                      \
    "ldr %[x], [%[a], #" #at "]\n ldr %[y], [%[b], #" #at "]\n adcs %[x], %[x], %[y]\n" \
    "str %[x], [%[r], #" #at "]\n"
#define SUBTRACT_LIMB(at)                                                                 \
    "ldr %[x], [%[a], #" #at "]\n ldr %[y], [%[b], #" #at "]\n sbcs %[x], %[x], %[y]\n" \
    "str %[x], [%[r], #" #at "]\n"
#define ADD_MASKED_LIMB(at)                                                                 \
    "ldr %[x], [%[r], #" #at "]\n ldr %[y], [%[b], #" #at "]\n ands %[y], %[y], %[mask]\n" \
    "adcs %[x], %[x], %[y]\n str %[x], [%[r], #" #at "]\n"
#define SCRATCH uint32_t x, y

static oc_limb add_limbs(oc_number r, const oc_number a, const oc_number b) {
    SCRATCH;
    __asm__ volatile(".syntax unified\n movs %[x], #0\n adds %[x], %[x], #0\n"  // carry 0
                     EACH_LIMB(ADD_LIMB) "movs %[x], #0\n adcs %[x], %[x], %[x]\n"
                     : [x] "=&l"(x), [y] "=&l"(y)
                     : [a] "l"(a), [b] "l"(b), [r] "l"(r)
                     : "cc", "memory");
    return x;
}

static oc_limb subtract_limbs(oc_number r, const oc_number a, const oc_number b) {
    SCRATCH;
    __asm__ volatile(".syntax unified\n movs %[x], #0\n subs %[x], %[x], #0\n"  // borrow 0
                     EACH_LIMB(SUBTRACT_LIMB) "sbcs %[x], %[x], %[x]\n"
                     : [x] "=&l"(x), [y] "=&l"(y)
                     : [a] "l"(a), [b] "l"(b), [r] "l"(r)
                     : "cc", "memory");
    return x & 1u;
}

// r += m under a mask of all ones or 0; a carry out of the top is what a borrow before it wants.
static void add_if(oc_limb mask, oc_number r, const oc_modulus *m) {
    SCRATCH;
    __asm__ volatile(".syntax unified\n movs %[x], #0\n adds %[x], %[x], #0\n"
                     EACH_LIMB(ADD_MASKED_LIMB)
                     : [x] "=&l"(x), [y] "=&l"(y)
                     : [b] "l"(m->value), [r] "l"(r), [mask] "l"(mask)
                     : "cc", "memory");
}

#else

static oc_limb add_limbs(oc_number r, const oc_number a, const oc_number b) {
    oc_limb2 sum = 0;
    WRITTEN_OUT
    for (int i = 0; i < OC_LIMBS; i++) {
        sum += (oc_limb2)a[i] + b[i];
        r[i] = (oc_limb)sum;
        sum >>= OC_LIMB_BITS;
    }
    return (oc_limb)sum;
}

static oc_limb subtract_limbs(oc_number r, const oc_number a, const oc_number b) {
    oc_limb borrow = 0;
    WRITTEN_OUT
    for (int i = 0; i < OC_LIMBS; i++) {
        const oc_limb2 difference = (oc_limb2)a[i] - b[i] - borrow;
        r[i] = (oc_limb)difference;
        borrow = (oc_limb)(difference >> OC_LIMB_BITS) & 1u;
    }
    return borrow;
}

// r += m under a mask of all ones or 0; a carry out of the top is what a borrow before it wants.
static void add_if(oc_limb mask, oc_number r, const oc_modulus *m) {
    oc_limb2 sum = 0;
    WRITTEN_OUT
    for (int i = 0; i < OC_LIMBS; i++) {
        sum += (oc_limb2)r[i] + (m->value[i] & mask);
        r[i] = (oc_limb)sum;
        sum >>= OC_LIMB_BITS;
    }
}

#endif

// r = (carry * 2^256 + r) mod m, for a value below 2m. Returns 1 if it was below m.
static oc_limb reduce_once(oc_number r, oc_limb carry, const oc_modulus *m) {
    const oc_limb below = subtract_limbs(r, r, m->value) & (carry ^ 1u);
    add_if(0u - below, r, m);
    return below;
}

void oc_mod_add(oc_number r, const oc_number a, const oc_number b, const oc_modulus *m) {
    const oc_limb carry = add_limbs(r, a, b);
    (void)reduce_once(r, carry, m);
}

void oc_mod_subtract(oc_number r, const oc_number a, const oc_number b, const oc_modulus *m) {
    add_if(0u - subtract_limbs(r, a, b), r, m);
}

// a * b, of two limbs. A Cortex-M0+ has no wide product, and with the library's 64-bit one a whole
// multiplication takes 5,540 instructions, with four products of halves 4,176 (gcc 12, -Os).
static inline oc_limb2 product(oc_limb a, oc_limb b) {
#if defined(__ARM_ARCH_6M__)
    const uint32_t a0 = a & 0xFFFFu, a1 = a >> 16, b0 = b & 0xFFFFu, b1 = b >> 16;
    const uint32_t low = a0 * b0, high = a1 * b1;
    const uint32_t m0 = a1 * b0, m1 = a0 * b1 + (low >> 16) + (m0 & 0xFFFFu);
    return (uint64_t)(high + (m0 >> 16) + (m1 >> 16)) << 32 | (m1 << 16 | (low & 0xFFFFu));
#else
    return (oc_limb2)a * b;
#endif
}

static inline void multiply_limbs(oc_limb t[2 * OC_LIMBS], const oc_number a, const oc_number b) {
    memset(t, 0, OC_LIMBS * sizeof(oc_limb));
    for (int i = 0; i < OC_LIMBS; i++) {
        oc_limb carry = 0;
        WRITTEN_OUT
        for (int j = 0; j < OC_LIMBS; j++) {
            const oc_limb2 sum = product(a[i], b[j]) + t[i + j] + carry;
            t[i + j] = (oc_limb)sum;
            carry = (oc_limb)(sum >> OC_LIMB_BITS);
        }
        t[i + OC_LIMBS] = carry;
    }
}

// t = a * a: each product of two different limbs once, doubled, and the squares.
static inline void square_limbs(oc_limb t[2 * OC_LIMBS], const oc_number a) {
    memset(t, 0, 2 * OC_LIMBS * sizeof(oc_limb));
    for (int i = 0; i < OC_LIMBS - 1; i++) {
        oc_limb carry = 0;
        for (int j = i + 1; j < OC_LIMBS; j++) {
            const oc_limb2 sum = product(a[i], a[j]) + t[i + j] + carry;
            t[i + j] = (oc_limb)sum;
            carry = (oc_limb)(sum >> OC_LIMB_BITS);
        }
        t[i + OC_LIMBS] = carry;
    }
    oc_limb carry = 0, shifted = 0;
    for (int i = 0; i < OC_LIMBS; i++) {
        const oc_limb2 square = product(a[i], a[i]);
        const oc_limb low = t[2 * i], high = t[2 * i + 1];
        oc_limb2 sum = (oc_limb2)(oc_limb)(low << 1 | shifted) + (oc_limb)square + carry;
        t[2 * i] = (oc_limb)sum;
        sum = (oc_limb2)(oc_limb)(high << 1 | low >> (OC_LIMB_BITS - 1)) +
              (oc_limb)(square >> OC_LIMB_BITS) + (oc_limb)(sum >> OC_LIMB_BITS);
        t[2 * i + 1] = (oc_limb)sum;
        carry = (oc_limb)(sum >> OC_LIMB_BITS);
        shifted = high >> (OC_LIMB_BITS - 1);
    }
}

// r = t / 2^256 mod m, any modulus (P. Montgomery, Math. Comp. 44 (1985)).
static void reduce_any(oc_number r, oc_limb t[2 * OC_LIMBS], const oc_modulus *m) {
    oc_limb top = 0;
    for (int i = 0; i < OC_LIMBS; i++) {
        const oc_limb factor = t[i] * m->inverse;
        oc_limb carry = 0;
        for (int j = 0; j < OC_LIMBS; j++) {
            const oc_limb2 sum = product(factor, m->value[j]) + t[i + j] + carry;
            t[i + j] = (oc_limb)sum;
            carry = (oc_limb)(sum >> OC_LIMB_BITS);
        }
        const oc_limb2 sum = (oc_limb2)t[i + OC_LIMBS] + carry + top;
        t[i + OC_LIMBS] = (oc_limb)sum;
        top = (oc_limb)(sum >> OC_LIMB_BITS);
    }
    memcpy(r, t + OC_LIMBS, sizeof(oc_number));
    (void)reduce_once(r, top, m);
}

// The same for p = 2^256 - 2^224 - 2^96 + 2^64 - 1 alone: as -1/p is 1, limb i itself is the
// factor by which p * 2^(32 i) is added to clear it, and that is a few additions.
#if OC_LIMB_BITS == 64

static inline void reduce_p(oc_number r, oc_limb t[2 * OC_LIMBS]) {
    oc_limb top = 0;
    for (int i = 0; i < OC_LIMBS; i++) {
        const uint64_t f = t[i], low = f << 32, high = f >> 32;
        // f * (p + 1) / 2^64 = f - f * 2^32 - f * 2^160 + f * 2^192, in four limbs
        uint64_t add[4];
        oc_limb2 d = (oc_limb2)f - low;
        add[0] = (uint64_t)d;
        d = 0 - (oc_limb2)high - ((uint64_t)(d >> 64) & 1u);
        add[1] = (uint64_t)d;
        d = 0 - (oc_limb2)low - ((uint64_t)(d >> 64) & 1u);
        add[2] = (uint64_t)d;
        add[3] = f - high - ((uint64_t)(d >> 64) & 1u);
        oc_limb2 sum = 0;
        for (int j = 0; j < 4; j++) {
            sum += (oc_limb2)t[i + 1 + j] + add[j];
            t[i + 1 + j] = (uint64_t)sum;
            sum >>= 64;
            if (j == 2) {
                sum += top;  // what the limb before carried into this one
            }
        }
        top = (oc_limb)sum;
    }
    memcpy(r, t + OC_LIMBS, sizeof(oc_number));
    (void)reduce_once(r, top, &oc_modulus_p);
}

#else

static void reduce_p(oc_number r, oc_limb t[2 * OC_LIMBS]) {
    uint32_t factors[3 * OC_LIMBS] = {0};  // those before the first and after the last are 0
    int64_t sum = 0;
    WRITTEN_OUT
    for (int i = 0; i < 2 * OC_LIMBS; i++) {
        uint32_t *f = factors + OC_LIMBS + i;
        sum += (int64_t)t[i] + f[-2] - f[-3] - f[-7];
        sum += f[-8];
        if (i < OC_LIMBS) {
            f[0] = (uint32_t)sum;
        } else {
            r[i - OC_LIMBS] = (uint32_t)sum;
        }
        sum >>= 32;  // arithmetic: the sum may be below 0 on the way
    }
    (void)reduce_once(r, (oc_limb)sum, &oc_modulus_p);
}

#endif

void oc_mod_multiply(oc_number r, const oc_number a, const oc_number b, const oc_modulus *m) {
    oc_limb t[2 * OC_LIMBS];
    if (a == b) {
        square_limbs(t, a);
    } else {
        multiply_limbs(t, a, b);
    }
    if (m == &oc_modulus_p) {
        reduce_p(r, t);
    } else {
        reduce_any(r, t, m);
    }
}

void oc_mod_power(oc_number r, const oc_number a, const oc_number exponent, const oc_modulus *m) {
    oc_number result;
    memcpy(result, m->one, sizeof(result));
    for (int i = 255; i >= 0; i--) {
        oc_mod_multiply(result, result, result, m);
        if ((exponent[i / OC_LIMB_BITS] >> (i % OC_LIMB_BITS) & 1u) != 0) {
            oc_mod_multiply(result, result, a, m);
        }
    }
    memcpy(r, result, sizeof(result));
    oc_wipe(result, sizeof(result));
}

void oc_mod_invert(oc_number r, const oc_number a, const oc_modulus *m) {
    oc_number exponent;
    memcpy(exponent, m->value, sizeof(exponent));
    exponent[0] -= 2;  // p and n end in ...FF and ...23: no borrow
    oc_mod_power(r, a, exponent, m);
}

int oc_mod_from_bytes(oc_number r, const uint8_t bytes[32], const oc_modulus *m) {
    memset(r, 0, sizeof(oc_number));
    for (int i = 0; i < 32; i++) {
        r[i * 8 / OC_LIMB_BITS] |= (oc_limb)bytes[31 - i] << (i * 8 % OC_LIMB_BITS);
    }
    const int below = (int)reduce_once(r, 0, m);
    oc_mod_multiply(r, r, m->square, m);
    return below;
}

void oc_mod_to_bytes(uint8_t bytes[32], const oc_number a, const oc_modulus *m) {
    oc_number plain = {1};
    oc_mod_multiply(plain, a, plain, m);
    for (int i = 0; i < 32; i++) {
        bytes[31 - i] = (uint8_t)(plain[i * 8 / OC_LIMB_BITS] >> (i * 8 % OC_LIMB_BITS));
    }
    oc_wipe(plain, sizeof(plain));
}

int oc_mod_is_zero(const oc_number a) {
    return oc_mod_is_equal(a, oc_mod_zero);
}

int oc_mod_is_equal(const oc_number a, const oc_number b) {
    return oc_equal((const uint8_t *)a, (const uint8_t *)b, sizeof(oc_number));
}

// --- points ----------------------------------------------------------------------------------

static inline void add(oc_number r, const oc_number a, const oc_number b) {
    oc_mod_add(r, a, b, &oc_modulus_p);
}

static inline void subtract(oc_number r, const oc_number a, const oc_number b) {
    oc_mod_subtract(r, a, b, &oc_modulus_p);
}

static inline void multiply(oc_number r, const oc_number a, const oc_number b) {
    oc_mod_multiply(r, a, b, &oc_modulus_p);
}

// r = x^3 - 3x + b
static void right_side(oc_number r, const oc_number x) {
    oc_number cube;
    multiply(cube, x, x);
    multiply(cube, cube, x);
    subtract(cube, cube, x);
    subtract(cube, cube, x);
    subtract(cube, cube, x);
    add(r, cube, oc_curve_b);
}

int oc_curve_holds(const oc_number x, const oc_number y) {
    oc_number left, right;
    multiply(left, y, y);
    right_side(right, x);
    return oc_mod_is_equal(left, right);
}

int oc_curve_lift(oc_number y, const oc_number x) {
    oc_number value;
    right_side(value, x);
    oc_mod_power(y, value, oc_curve_root, &oc_modulus_p);
    return oc_curve_holds(x, y);
}

// r = a + b for any two points, equal, opposite or at infinity alike: algorithm 4 of Renes,
// Costello and Batina, "Complete addition formulas for prime order elliptic curves" (2016).
static void add_points(oc_point *r, const oc_point *a, const oc_point *b) {
    oc_number t0, t1, t2, t3, t4, x, y, z;
    multiply(t0, a->x, b->x);
    multiply(t1, a->y, b->y);
    multiply(t2, a->z, b->z);
    add(t3, a->x, a->y);
    add(t4, b->x, b->y);
    multiply(t3, t3, t4);
    add(t4, t0, t1);
    subtract(t3, t3, t4);
    add(t4, a->y, a->z);
    add(x, b->y, b->z);
    multiply(t4, t4, x);
    add(x, t1, t2);
    subtract(t4, t4, x);
    add(x, a->x, a->z);
    add(y, b->x, b->z);
    multiply(x, x, y);
    add(y, t0, t2);
    subtract(y, x, y);
    multiply(z, oc_curve_b, t2);
    subtract(x, y, z);
    add(z, x, x);
    add(x, x, z);
    subtract(z, t1, x);
    add(x, t1, x);
    multiply(y, oc_curve_b, y);
    add(t1, t2, t2);
    add(t2, t1, t2);
    subtract(y, y, t2);
    subtract(y, y, t0);
    add(t1, y, y);
    add(y, t1, y);
    add(t1, t0, t0);
    add(t0, t1, t0);
    subtract(t0, t0, t2);
    multiply(t1, t4, y);
    multiply(t2, t0, y);
    multiply(y, x, z);
    add(r->y, y, t2);
    multiply(x, t3, x);
    subtract(r->x, x, t1);
    multiply(z, t4, z);
    multiply(t1, t3, t0);
    add(r->z, z, t1);
}

// r = 2a for any point: algorithm 6 of the same paper. r may be a.
static void double_point(oc_point *r, const oc_point *a) {
    oc_number t0, t1, t2, t3, x, y, z;
    multiply(t0, a->x, a->x);
    multiply(t1, a->y, a->y);
    multiply(t2, a->z, a->z);
    multiply(t3, a->x, a->y);
    add(t3, t3, t3);
    multiply(z, a->x, a->z);
    add(z, z, z);
    multiply(y, oc_curve_b, t2);
    subtract(y, y, z);
    add(x, y, y);
    add(y, x, y);
    subtract(x, t1, y);
    add(y, t1, y);
    multiply(y, x, y);
    multiply(x, x, t3);
    add(t3, t2, t2);
    add(t2, t2, t3);
    multiply(z, oc_curve_b, z);
    subtract(z, z, t2);
    subtract(z, z, t0);
    add(t3, z, z);
    add(z, z, t3);
    add(t3, t0, t0);
    add(t0, t3, t0);
    subtract(t0, t0, t2);
    multiply(t0, t0, z);
    add(y, y, t0);
    multiply(t0, a->y, a->z);
    add(t0, t0, t0);
    multiply(z, t0, z);
    subtract(r->x, x, z);
    multiply(z, t0, t1);
    add(z, z, z);
    add(r->z, z, z);
    memcpy(r->y, y, sizeof(y));
}

static void set_infinity(oc_point *r) {
    memset(r, 0, sizeof(*r));
    memcpy(r->y, oc_modulus_p.one, sizeof(r->y));
}

// Column i (0..63) of the comb: bits i, i + 64, i + 128 and i + 192 of the scalar.
static unsigned comb_column(const uint8_t scalar[32], int i) {
    const uint8_t *low = scalar + 31 - i / 8;
    const int bit = i % 8;
    return (low[0] >> bit & 1u) | (low[-8] >> bit & 1u) << 1 | (low[-16] >> bit & 1u) << 2 |
           (low[-24] >> bit & 1u) << 3;
}

// r = mask ? a : r; mask: all ones or 0.
static void move_if(oc_limb mask, oc_number r, const oc_number a) {
    for (int i = 0; i < OC_LIMBS; i++) {
        r[i] ^= mask & (r[i] ^ a[i]);
    }
}

// Row `column` of the comb's table, or infinity for 0, by reading all of it.
static void comb_select(oc_point *r, unsigned column) {
    set_infinity(r);
    for (unsigned i = 1; i < 16; i++) {
        const oc_limb mask = 0u - (oc_limb)((((column ^ i) - 1u) >> 31) & 1u);
        move_if(mask, r->x, oc_curve_comb[i - 1][0]);
        move_if(mask, r->y, oc_curve_comb[i - 1][1]);
        move_if(mask, r->z, oc_modulus_p.one);
    }
}

void oc_curve_multiply_base(oc_point *r, const uint8_t scalar[32]) {
    oc_point term;
    set_infinity(r);
    for (int i = 63; i >= 0; i--) {
        double_point(r, r);
        comb_select(&term, comb_column(scalar, i));
        add_points(r, r, &term);
    }
    oc_wipe(&term, sizeof(term));
}

// --- points of public computations ------------------------------------------------------------

// In Jacobian coordinates, (x/z^2, y/z^3), doubling takes 8 multiplications instead of the complete
// formulas' 13, but equal and opposite points are cases of their own: for public values alone.

// r = 2a; r may be a. ("dbl-2001-b" of Bernstein's and Lange's Explicit-Formulas Database.)
static void double_jacobian(oc_point *r, const oc_point *a) {
    oc_number delta, gamma, beta, alpha, t;
    multiply(delta, a->z, a->z);
    multiply(gamma, a->y, a->y);
    multiply(beta, a->x, gamma);
    subtract(t, a->x, delta);
    add(alpha, a->x, delta);
    multiply(t, t, alpha);
    add(alpha, t, t);
    add(alpha, alpha, t);  // 3 (x - delta) (x + delta)
    multiply(t, a->y, a->z);
    add(r->z, t, t);
    add(beta, beta, beta);
    add(beta, beta, beta);
    multiply(t, alpha, alpha);
    subtract(t, t, beta);
    subtract(r->x, t, beta);
    subtract(beta, beta, r->x);
    multiply(beta, alpha, beta);
    add(gamma, gamma, gamma);
    multiply(gamma, gamma, gamma);
    add(gamma, gamma, gamma);  // 8 gamma^2
    subtract(r->y, beta, gamma);
}

// r = a + (x, y, z); z may be NULL for 1. r may be a. Neither may be r's memory in part.
static void add_jacobian(oc_point *r, const oc_point *a, const oc_limb *x, const oc_limb *y,
                         const oc_limb *z) {
    oc_number u1, u2, s1, s2, t;
    if (oc_mod_is_zero(a->z)) {
        memcpy(r->x, x, sizeof(r->x));
        memcpy(r->y, y, sizeof(r->y));
        memcpy(r->z, z != NULL ? z : oc_modulus_p.one, sizeof(r->z));
        return;
    }
    multiply(t, a->z, a->z);
    multiply(u2, x, t);
    multiply(t, t, a->z);
    multiply(s2, y, t);
    memcpy(u1, a->x, sizeof(u1));
    memcpy(s1, a->y, sizeof(s1));
    if (z != NULL) {
        multiply(t, z, z);
        multiply(u1, u1, t);
        multiply(t, t, z);
        multiply(s1, s1, t);
    }
    subtract(u2, u2, u1);  // h
    subtract(s2, s2, s1);  // r
    if (oc_mod_is_zero(u2)) {
        if (oc_mod_is_zero(s2)) {
            double_jacobian(r, a);
        } else {
            memset(r, 0, sizeof(*r));
        }
        return;
    }
    multiply(r->z, a->z, u2);
    if (z != NULL) {
        multiply(r->z, r->z, z);
    }
    multiply(t, u2, u2);
    multiply(u1, u1, t);
    multiply(u2, u2, t);  // h^3
    multiply(t, s2, s2);
    subtract(t, t, u2);
    subtract(t, t, u1);
    subtract(r->x, t, u1);
    subtract(u1, u1, r->x);
    multiply(u1, u1, s2);
    multiply(s1, s1, u2);
    subtract(r->y, u1, s1);
}

#define WINDOW 16  // odd digits -15..15: multiples 1, 3 ... 15

// The digits of the scalar: 0 or odd, least significant first, so that digit i stands for 2^i.
static void signed_digits(int8_t digits[257], const uint8_t scalar[32]) {
    unsigned value = 0;  // the bits from i on, as far as a digit looks, and what was carried
    for (int i = 0; i < 257; i++) {
        if (i == 0) {
            for (int k = 0; k < 5; k++) {
                value |= (unsigned)(scalar[31 - k / 8] >> k % 8 & 1u) << k;
            }
        }
        digits[i] = 0;
        if ((value & 1u) != 0) {
            int digit = (int)(value & 31u);
            if (digit >= WINDOW) {
                digit -= 2 * WINDOW;
            }
            digits[i] = (int8_t)digit;
            value = (unsigned)((int)value - digit);
        }
        value >>= 1;
        const int next = i + 5;
        if (next < 256) {
            value += (unsigned)(scalar[31 - next / 8] >> next % 8 & 1u) << 4;
        }
    }
}

void oc_curve_double_multiply(oc_point *r, const uint8_t s[32], const uint8_t t[32],
                              const oc_number x, const oc_number y) {
    oc_point odd[WINDOW / 2], twice;
    oc_number opposite;
    int8_t digits[257];
    memcpy(odd[0].x, x, sizeof(oc_number));
    memcpy(odd[0].y, y, sizeof(oc_number));
    memcpy(odd[0].z, oc_modulus_p.one, sizeof(oc_number));
    double_jacobian(&twice, &odd[0]);
    for (int i = 1; i < WINDOW / 2; i++) {
        add_jacobian(&odd[i], &odd[i - 1], twice.x, twice.y, twice.z);
    }
    signed_digits(digits, t);
    memset(r, 0, sizeof(*r));
    for (int i = 256; i >= 0; i--) {
        double_jacobian(r, r);
        if (digits[i] > 0) {
            const oc_point *term = &odd[digits[i] / 2];
            add_jacobian(r, r, term->x, term->y, term->z);
        } else if (digits[i] < 0) {
            const oc_point *term = &odd[-digits[i] / 2];
            subtract(opposite, oc_mod_zero, term->y);
            add_jacobian(r, r, term->x, opposite, term->z);
        }
        const unsigned column = i < 64 ? comb_column(s, i) : 0;
        if (column != 0) {
            add_jacobian(r, r, oc_curve_comb[column - 1][0], oc_curve_comb[column - 1][1], NULL);
        }
    }
}
