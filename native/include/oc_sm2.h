// oc_sm2: SM2 signatures (GM/T 0003-2012 = GB/T 32918-2016, the curve of part 5).
// Time: oc_sm2_public_key and oc_sm2_sign do not depend on the private key or the nonce in any
// branch or address; what is public (verify, points, encodings) may show in time.
// The caller owns all memory: no allocation, no mutable statics, reentrant.
//
// A point is X|Y, a signature r|s: 64 bytes, each half 32 bytes big-endian. Inputs of the
// functions may not overlap their outputs unless said so.
#ifndef OC_SM2_H
#define OC_SM2_H

#include <stddef.h>
#include <stdint.h>

#define OC_SM2_POINT_SIZE 64
#define OC_SM2_SIGNATURE_SIZE 64
#define OC_SM2_DER_SIZE 72      // most bytes of a signature in DER
#define OC_SM2_ID_LIMIT 8192    // bytes; a user id is shorter

// What the functions below return when an input is wrong; nothing is written then.
#define OC_SM2_BAD_SIZE (-1)
#define OC_SM2_BAD_PREFIX (-2)
#define OC_SM2_BAD_COORDINATE (-3)  // not below p
#define OC_SM2_OFF_CURVE (-4)
#define OC_SM2_BAD_PRIVATE (-5)     // not in 1..n-2
#define OC_SM2_BAD_DER (-6)

// Returns 0 if the key is in 1..n-2, or OC_SM2_BAD_PRIVATE. What takes a key checks it too.
int oc_sm2_check_private(const uint8_t private_key[32]);

// Returns 0, or OC_SM2_BAD_PRIVATE.
int oc_sm2_public_key(const uint8_t private_key[32], uint8_t point[64]);

// Decodes 04|X|Y, 02|X, 03|X (GB/T 32918.1-2016 4.2.9) or X|Y, checks that it is on the curve.
// Returns 0, or OC_SM2_BAD_SIZE, _PREFIX, _COORDINATE or OC_SM2_OFF_CURVE. point may be encoded.
int oc_sm2_point(const uint8_t *encoded, size_t size, uint8_t point[64]);

// Z of a signer (GB/T 32918.2-2016 5.5) and e = SM3(Z | message). id_size < OC_SM2_ID_LIMIT. The
// point is taken as it is. out may be any of the inputs.
void oc_sm2_z(const uint8_t point[64], const uint8_t *id, size_t id_size, uint8_t z[32]);
void oc_sm2_digest(const uint8_t point[64], const uint8_t *id, size_t id_size,
                   const uint8_t *message, size_t size, uint8_t digest[32]);

// Signs e. The nonce is that of RFC 6979 section 3.2 with HMAC-SM3: the same inputs give the same
// signature, and a bad random source cannot give the key away. signature may be either input.
// Returns 0, or OC_SM2_BAD_PRIVATE.
int oc_sm2_sign(const uint8_t private_key[32], const uint8_t digest[32], uint8_t signature[64]);

// Returns 1 if the signature of e is right, 0 if not; OC_SM2_BAD_COORDINATE or OC_SM2_OFF_CURVE if
// point is no public key. Always check the result.
int oc_sm2_verify(const uint8_t point[64], const uint8_t digest[32], const uint8_t signature[64]);

// r|s from DER (ITU-T X.690 clause 10: SEQUENCE of two INTEGERs of at most 32 bytes of value, in
// the one shortest form). Returns 0, or OC_SM2_BAD_DER. signature may be der.
int oc_sm2_from_der(const uint8_t *der, size_t size, uint8_t signature[64]);

// The other way. Returns the size, 8..72 bytes.
size_t oc_sm2_to_der(const uint8_t signature[64], uint8_t der[72]);

#endif
