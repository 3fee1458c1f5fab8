#include "oc_sm2.h"

#include <string.h>

#include "oc_hmac.h"
#include "oc_sm2_curve.h"
#include "oc_util.h"

// n - 1, the first private key that is too big: 1 + key must have an inverse.
OC_TABLE uint8_t oc_sm2_private_limit[32] = {
    0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0x72, 0x03, 0xDF, 0x6B, 0x21, 0xC6, 0x05, 0x2B, 0x53, 0xBB, 0xF4, 0x09, 0x39, 0xD5, 0x41, 0x22,
};

// a, b, x and y of G, as Z takes them (GB/T 32918.5-2017).
OC_TABLE uint8_t oc_sm2_parameters[128] = {
    0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFC,
    0x28, 0xE9, 0xFA, 0x9E, 0x9D, 0x9F, 0x5E, 0x34, 0x4D, 0x5A, 0x9E, 0x4B, 0xCF, 0x65, 0x09, 0xA7,
    0xF3, 0x97, 0x89, 0xF5, 0x15, 0xAB, 0x8F, 0x92, 0xDD, 0xBC, 0xBD, 0x41, 0x4D, 0x94, 0x0E, 0x93,
    0x32, 0xC4, 0xAE, 0x2C, 0x1F, 0x19, 0x81, 0x19, 0x5F, 0x99, 0x04, 0x46, 0x6A, 0x39, 0xC9, 0x94,
    0x8F, 0xE3, 0x0B, 0xBF, 0xF2, 0x66, 0x0B, 0xE1, 0x71, 0x5A, 0x45, 0x89, 0x33, 0x4C, 0x74, 0xC7,
    0xBC, 0x37, 0x36, 0xA2, 0xF4, 0xF6, 0x77, 0x9C, 0x59, 0xBD, 0xCE, 0xE3, 0x6B, 0x69, 0x21, 0x53,
    0xD0, 0xA9, 0x87, 0x7C, 0xC6, 0x2A, 0x47, 0x40, 0x02, 0xDF, 0x32, 0xE5, 0x21, 0x39, 0xF0, 0xA0,
};

// Returns 1 if a < b as 32-byte big-endian numbers, else 0, in constant time.
static unsigned is_below(const uint8_t a[32], const uint8_t b[32]) {
    unsigned borrow = 0;
    for (int i = 31; i >= 0; i--) {
        borrow = (unsigned)(a[i] - b[i] - borrow) >> 31;
    }
    return borrow;
}

// Returns 1 if every byte is 0, else 0, in constant time.
static unsigned is_zero(const uint8_t a[32]) {
    unsigned bits = 0;
    for (int i = 0; i < 32; i++) {
        bits |= a[i];
    }
    return (bits - 1u) >> 31;
}

// Overwrites what the arithmetic of a secret left on the stack below the caller.
#if defined(__GNUC__)
__attribute__((noinline))
#endif
static void clean_stack(void) {
    uint8_t below[1024];
    oc_wipe(below, sizeof(below));
}

// x of scalar * G modulo n, and y if asked for, as bytes.
static void base_multiple(const uint8_t scalar[32], oc_number x_mod_n, uint8_t *point) {
    oc_point product;
    uint8_t x[32];
    oc_curve_multiply_base(&product, scalar);
    oc_mod_invert(product.z, product.z, &oc_modulus_p);
    oc_mod_multiply(product.x, product.x, product.z, &oc_modulus_p);
    oc_mod_multiply(product.y, product.y, product.z, &oc_modulus_p);
    oc_mod_to_bytes(x, product.x, &oc_modulus_p);
    if (point != NULL) {
        memcpy(point, x, 32);
        oc_mod_to_bytes(point + 32, product.y, &oc_modulus_p);
    }
    (void)oc_mod_from_bytes(x_mod_n, x, &oc_modulus_n);
    oc_wipe(&product, sizeof(product));
    oc_wipe(x, sizeof(x));
}

int oc_sm2_check_private(const uint8_t private_key[32]) {
    unsigned fits = is_below(private_key, oc_sm2_private_limit) & (is_zero(private_key) ^ 1u);
    OC_PUBLIC(&fits, sizeof(fits));  // that a key is one at all is no secret
    return fits ? 0 : OC_SM2_BAD_PRIVATE;
}

int oc_sm2_public_key(const uint8_t private_key[32], uint8_t point[64]) {
    oc_number x;
    if (oc_sm2_check_private(private_key) != 0) {
        return OC_SM2_BAD_PRIVATE;
    }
    base_multiple(private_key, x, point);
    clean_stack();
    return 0;
}

// X and Y of a point given as X|Y. Returns 0 or what is wrong with it.
static int load_point(oc_number x, oc_number y, const uint8_t point[64]) {
    const int x_fits = oc_mod_from_bytes(x, point, &oc_modulus_p);
    if (!oc_mod_from_bytes(y, point + 32, &oc_modulus_p) || !x_fits) {
        return OC_SM2_BAD_COORDINATE;
    }
    return oc_curve_holds(x, y) ? 0 : OC_SM2_OFF_CURVE;
}

// 02|X or 03|X, the prefix telling whether Y is odd.
static int decompress(const uint8_t encoded[33], uint8_t point[64]) {
    oc_number x, y;
    uint8_t root[32];
    if ((encoded[0] & 0xFEu) != 2) {
        return OC_SM2_BAD_PREFIX;
    }
    if (!oc_mod_from_bytes(x, encoded + 1, &oc_modulus_p)) {
        return OC_SM2_BAD_COORDINATE;
    }
    if (!oc_curve_lift(y, x)) {
        return OC_SM2_OFF_CURVE;
    }
    const unsigned want_odd = encoded[0] & 1u;
    oc_mod_to_bytes(root, y, &oc_modulus_p);
    if ((root[31] & 1u) != want_odd) {
        oc_number zero = {0};
        oc_mod_subtract(y, zero, y, &oc_modulus_p);
        oc_mod_to_bytes(root, y, &oc_modulus_p);
    }
    memmove(point, encoded + 1, 32);
    memcpy(point + 32, root, 32);
    return 0;
}

int oc_sm2_point(const uint8_t *encoded, size_t size, uint8_t point[64]) {
    oc_number x, y;
    if (size == 33) {
        return decompress(encoded, point);
    }
    if (size != 64 && size != 65) {
        return OC_SM2_BAD_SIZE;
    }
    if (size == 65 && *encoded++ != 4) {
        return OC_SM2_BAD_PREFIX;
    }
    const int trouble = load_point(x, y, encoded);
    if (trouble == 0) {
        memmove(point, encoded, 64);
    }
    return trouble;
}

void oc_sm2_z(const uint8_t point[64], const uint8_t *id, size_t id_size, uint8_t z[32]) {
    oc_hash_ctx ctx;
    const uint8_t bits[2] = {(uint8_t)(id_size >> 5), (uint8_t)(id_size << 3)};
    oc_hash_init(&oc_sm3, &ctx);
    oc_hash_update(&oc_sm3, &ctx, bits, sizeof(bits));
    oc_hash_update(&oc_sm3, &ctx, id, id_size);
    oc_hash_update(&oc_sm3, &ctx, oc_sm2_parameters, sizeof(oc_sm2_parameters));
    oc_hash_update(&oc_sm3, &ctx, point, 64);
    oc_hash_final(&oc_sm3, &ctx, z);
}

void oc_sm2_digest(const uint8_t point[64], const uint8_t *id, size_t id_size,
                   const uint8_t *message, size_t size, uint8_t digest[32]) {
    oc_hash_ctx ctx;
    uint8_t z[32];
    oc_sm2_z(point, id, id_size, z);
    oc_hash_init(&oc_sm3, &ctx);
    oc_hash_update(&oc_sm3, &ctx, z, sizeof(z));
    oc_hash_update(&oc_sm3, &ctx, message, size);
    oc_hash_final(&oc_sm3, &ctx, digest);
}

// The generator of RFC 6979 section 3.2: K is mac_key, V is value.
typedef struct {
    uint8_t mac_key[32];
    uint8_t value[33];  // and one byte of separator behind it
} nonces;

// K = HMAC(K, V | separator | extra), V = HMAC(K, V)
static void stir(nonces *n, uint8_t separator, const uint8_t *extra, size_t extra_size) {
    oc_hmac_ctx ctx;
    n->value[32] = separator;
    oc_hmac_init(&oc_sm3, &ctx, n->mac_key, 32);
    oc_hmac_update(&oc_sm3, &ctx, n->value, 33);
    oc_hmac_update(&oc_sm3, &ctx, extra, extra_size);
    oc_hmac_final(&oc_sm3, &ctx, n->mac_key);
    oc_hmac(&oc_sm3, n->mac_key, 32, n->value, 32, n->value);
}

// r|s for this nonce. Returns 0 if the nonce will not do: 1 in about 2^224.
static int sign_with(const uint8_t key[32], const oc_number e, const uint8_t nonce[32],
                     uint8_t signature[64]) {
    const oc_modulus *n = &oc_modulus_n;
    oc_number d, k, r, s, sum;
    base_multiple(nonce, r, NULL);
    oc_mod_add(r, r, e, n);
    (void)oc_mod_from_bytes(k, nonce, n);
    oc_mod_add(sum, r, k, n);
    (void)oc_mod_from_bytes(d, key, n);
    oc_mod_multiply(s, r, d, n);
    oc_mod_subtract(s, k, s, n);
    oc_mod_add(d, d, n->one, n);
    oc_mod_invert(d, d, n);
    oc_mod_multiply(s, s, d, n);
    int usable = (oc_mod_is_zero(r) | oc_mod_is_zero(sum) | oc_mod_is_zero(s)) == 0;
    OC_PUBLIC(&usable, sizeof(usable));  // an unusable nonce is dropped: no more is told of it
    if (usable) {
        oc_mod_to_bytes(signature, r, n);
        oc_mod_to_bytes(signature + 32, s, n);
    }
    oc_wipe(d, sizeof(d));
    oc_wipe(k, sizeof(k));
    oc_wipe(sum, sizeof(sum));
    return usable;
}

int oc_sm2_sign(const uint8_t private_key[32], const uint8_t digest[32], uint8_t signature[64]) {
    nonces n;
    uint8_t seed[64], order[32];  // the key, and e mod n: int2octets(x) | bits2octets(h1)
    oc_number e;
    if (oc_sm2_check_private(private_key) != 0) {
        return OC_SM2_BAD_PRIVATE;
    }
    memcpy(order, oc_sm2_private_limit, 32);
    order[31]++;
    memcpy(seed, private_key, 32);
    (void)oc_mod_from_bytes(e, digest, &oc_modulus_n);
    oc_mod_to_bytes(seed + 32, e, &oc_modulus_n);
    memset(n.mac_key, 0, sizeof(n.mac_key));
    memset(n.value, 1, sizeof(n.value));
    stir(&n, 0, seed, sizeof(seed));
    stir(&n, 1, seed, sizeof(seed));
    for (;;) {
        oc_hmac(&oc_sm3, n.mac_key, 32, n.value, 32, n.value);
        unsigned in_range = is_below(n.value, order) & (is_zero(n.value) ^ 1u);
        OC_PUBLIC(&in_range, sizeof(in_range));  // as in sign_with
        if (in_range && sign_with(seed, e, n.value, signature)) {
            break;
        }
        stir(&n, 0, NULL, 0);
    }
    oc_wipe(&n, sizeof(n));
    oc_wipe(seed, sizeof(seed));
    clean_stack();
    return 0;
}

// Returns 1 if x/z^2 of the point is value modulo n: x = value * z^2, or (value + n) * z^2 if that
// is still a number below p. No inversion is needed so.
static int has_x(const oc_point *point, const uint8_t value[32]) {
    oc_number candidate, order, z2;
    uint8_t limit[32];
    (void)oc_mod_from_bytes(candidate, value, &oc_modulus_p);
    oc_mod_multiply(z2, point->z, point->z, &oc_modulus_p);
    for (int i = 0; i < 2; i++) {
        oc_number x;
        oc_mod_multiply(x, candidate, z2, &oc_modulus_p);
        if (oc_mod_is_equal(x, point->x)) {
            return 1;
        }
        // candidate + n is a second one only below p, that is, if adding it modulo p does not wrap
        memcpy(limit, oc_sm2_private_limit, 32);
        limit[31]++;
        (void)oc_mod_from_bytes(order, limit, &oc_modulus_p);
        oc_mod_add(candidate, candidate, order, &oc_modulus_p);
        oc_mod_to_bytes(limit, candidate, &oc_modulus_p);
        if (is_below(limit, value)) {
            return 0;
        }
    }
    return 0;
}

int oc_sm2_verify(const uint8_t point[64], const uint8_t digest[32], const uint8_t signature[64]) {
    const oc_modulus *n = &oc_modulus_n;
    oc_number x, y, r, s, e;
    oc_point sum;
    uint8_t t[32], expected[32];
    const int trouble = load_point(x, y, point);
    if (trouble != 0) {
        return trouble;
    }
    const int r_fits = oc_mod_from_bytes(r, signature, n);
    if (!oc_mod_from_bytes(s, signature + 32, n) || !r_fits || oc_mod_is_zero(r) ||
        oc_mod_is_zero(s)) {
        return 0;
    }
    (void)oc_mod_from_bytes(e, digest, n);
    oc_mod_subtract(e, r, e, n);
    oc_mod_to_bytes(expected, e, n);  // what x of the sum must be modulo n
    oc_mod_add(r, r, s, n);
    if (oc_mod_is_zero(r)) {
        return 0;
    }
    oc_mod_to_bytes(t, r, n);
    oc_curve_double_multiply(&sum, signature + 32, t, x, y);
    return !oc_mod_is_zero(sum.z) && has_x(&sum, expected);
}
