// oc_sm2_curve: the curve of SM2 (GB/T 32918.5-2017, the recommended one) and numbers modulo its
// prime p and its order n. For oc_sm2.c alone.
// TIME DEPENDS ON NOTHING SECRET, but for oc_curve_double_multiply, which is for public values.
//
// Numbers are Montgomery residues (x * 2^256 mod m) in limbs, least significant first, always
// below the modulus; oc_mod_from_bytes and oc_mod_to_bytes go in and out of that form.
#ifndef OC_SM2_CURVE_H
#define OC_SM2_CURVE_H

#include <stddef.h>
#include <stdint.h>

// The widest product the compiler has decides the limb. OC_FORCE_32BIT_LIMBS: for tests on hosts.
#if defined(__SIZEOF_INT128__) && !defined(OC_FORCE_32BIT_LIMBS)
#define OC_LIMB_BITS 64
typedef uint64_t oc_limb;
typedef unsigned __int128 oc_limb2;
#else
#define OC_LIMB_BITS 32
typedef uint32_t oc_limb;
typedef uint64_t oc_limb2;
#endif
#define OC_LIMBS (256 / OC_LIMB_BITS)

typedef oc_limb oc_number[OC_LIMBS];

typedef struct {
    oc_number value;   // the modulus itself
    oc_number square;  // 2^512 mod it
    oc_number one;     // 2^256 mod it
    oc_limb inverse;   // -1 / value mod 2^OC_LIMB_BITS
} oc_modulus;

extern const oc_modulus oc_modulus_p;
extern const oc_modulus oc_modulus_n;

// r = a + b, a - b, a * b, a / 2^256, a^exponent mod m; r may be a or b. exponent: plain, public.
void oc_mod_add(oc_number r, const oc_number a, const oc_number b, const oc_modulus *m);
void oc_mod_subtract(oc_number r, const oc_number a, const oc_number b, const oc_modulus *m);
void oc_mod_multiply(oc_number r, const oc_number a, const oc_number b, const oc_modulus *m);
void oc_mod_power(oc_number r, const oc_number a, const oc_number exponent, const oc_modulus *m);

// r = 1 / a mod m (of 0: 0), by Fermat.
void oc_mod_invert(oc_number r, const oc_number a, const oc_modulus *m);

// 32 bytes, big-endian. Returns 1 if their value is below the modulus, else 0 with r = value mod m
// (right for any value below 2 * modulus, and every 256-bit value is).
int oc_mod_from_bytes(oc_number r, const uint8_t bytes[32], const oc_modulus *m);
void oc_mod_to_bytes(uint8_t bytes[32], const oc_number a, const oc_modulus *m);

// Returns 1 or 0.
int oc_mod_is_zero(const oc_number a);
int oc_mod_is_equal(const oc_number a, const oc_number b);

typedef struct {
    oc_number x, y, z;  // projective: (x/z, y/z); z = 0 is the point at infinity
} oc_point;

// Returns 1 if y^2 = x^3 - 3x + b, else 0.
int oc_curve_holds(const oc_number x, const oc_number y);

// y = a root of x^3 - 3x + b. Returns 1, or 0 if there is none. Public values only.
int oc_curve_lift(oc_number y, const oc_number x);

// r = scalar * G. scalar: 32 bytes big-endian, any value.
void oc_curve_multiply_base(oc_point *r, const uint8_t scalar[32]);

// r = s * G + t * (x, y), in Jacobian coordinates: the point is (x/z^2, y/z^3). PUBLIC VALUES
// ONLY: time depends on all of them.
void oc_curve_double_multiply(oc_point *r, const uint8_t s[32], const uint8_t t[32],
                              const oc_number x, const oc_number y);

#endif
