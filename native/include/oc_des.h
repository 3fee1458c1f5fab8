// oc_des: DES and 3DES on blocks (FIPS 46-3, two- and three-key EDE), for cards that need it.
// TIME DEPENDS ON SECRETS: look-ups in the S-box tables are indexed by key and data; oc_cipher.h
// tells where that matters. The key schedule and all branches do not depend on secrets.
// The caller owns all memory: no allocation, no mutable statics, reentrant.
#ifndef OC_DES_H
#define OC_DES_H

#include <stddef.h>
#include <stdint.h>

#include "oc_options.h"

#define OC_DES_SIZE 8  // bytes of a block and of one key

typedef struct {
    uint32_t round_keys[3][32];  // in the order of use
    int passes;                  // 1 DES, 3 3DES
} oc_des_ctx;  // layout may change; do not read its fields. Wipe it with oc_wipe.

// For encryption. key_size: 8 (DES), 16 (two-key 3DES) or 24 (three-key 3DES); parity bits are
// ignored. Returns 0, or -1 for another key_size, leaving ctx as it was.
int oc_des_init(oc_des_ctx *ctx, const uint8_t *key, size_t key_size);

// One block; out may be in.
void oc_des_encrypt(const oc_des_ctx *ctx, const uint8_t in[8], uint8_t out[8]);

// One block under the first 8 bytes of the key alone, as the MAC of a 16-byte key needs it.
void oc_des_encrypt_single(const oc_des_ctx *ctx, const uint8_t in[8], uint8_t out[8]);

// ECB over size bytes, a multiple of 8 (what is left over is untouched); out may overlap
// the inputs in any way.
// Returns 0, or -1 for a wrong key_size, with out untouched.
int oc_des_ecb_encrypt(const uint8_t *key, size_t key_size, const uint8_t *in, uint8_t *out,
                       size_t size);
int oc_des_ecb_decrypt(const uint8_t *key, size_t key_size, const uint8_t *in, uint8_t *out,
                       size_t size);

#endif
