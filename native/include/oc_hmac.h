// oc_hmac: HMAC (RFC 2104, FIPS 198-1; with SM3: GM/T 0042-2015 annex D.3). Time depends on sizes
// alone.
// The caller owns all memory: no allocation, no mutable statics, reentrant.
#ifndef OC_HMAC_H
#define OC_HMAC_H

#include "oc_hash.h"

typedef struct {
    oc_hash_ctx inner;
    uint8_t outer_pad[OC_HASH_BLOCK_SIZE];
} oc_hmac_ctx;  // layout may change; do not read its fields

// key: any size; one longer than 64 bytes is hashed first.
void oc_hmac_init(const oc_hash *hash, oc_hmac_ctx *ctx, const uint8_t *key, size_t key_size);
void oc_hmac_update(const oc_hash *hash, oc_hmac_ctx *ctx, const uint8_t *data, size_t size);
void oc_hmac_final(const oc_hash *hash, oc_hmac_ctx *ctx, uint8_t mac[32]);  // also wipes ctx

// The three steps in one; wipes its context. mac may lie inside data.
void oc_hmac(const oc_hash *hash, const uint8_t *key, size_t key_size, const uint8_t *data,
             size_t size, uint8_t mac[32]);

#endif
