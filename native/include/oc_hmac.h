// oc_hmac: HMAC-SM3 (GM/T 0042-2015 annex D.3, RFC 2104). Time depends on the lengths alone.
// The caller owns all memory: no allocation, no mutable statics, reentrant.
#ifndef OC_HMAC_H
#define OC_HMAC_H

#include "oc_sm3.h"

typedef struct {
    oc_sm3_ctx inner;
    uint8_t outer_pad[OC_SM3_BLOCK_SIZE];
} oc_hmac_ctx;  // layout may change; do not read its fields

// key: any size; one longer than 64 bytes is hashed first.
void oc_hmac_init(oc_hmac_ctx *ctx, const uint8_t *key, size_t key_size);
void oc_hmac_update(oc_hmac_ctx *ctx, const uint8_t *data, size_t size);
void oc_hmac_final(oc_hmac_ctx *ctx, uint8_t mac[OC_SM3_SIZE]);  // also wipes ctx

// The three steps in one; wipes its context.
void oc_hmac_sm3(const uint8_t *key, size_t key_size, const uint8_t *data, size_t size,
                 uint8_t mac[OC_SM3_SIZE]);

#endif
