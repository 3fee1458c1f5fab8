// oc_hash: what SM3 and SHA-256 share: 64-byte blocks, 32-byte digests, running over any pieces.
// Time depends on sizes alone.
// The caller owns all memory: no allocation, no mutable statics, reentrant.
#ifndef OC_HASH_H
#define OC_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "oc_options.h"

#define OC_HASH_SIZE 32        // bytes of a digest
#define OC_HASH_BLOCK_SIZE 64  // bytes

typedef struct {
    uint32_t first_state[8];
    void (*compress)(uint32_t state[8], const uint8_t *blocks, size_t count);
} oc_hash;

extern const oc_hash oc_sm3;     // SM3 (GM/T 0004-2012 = GB/T 32905-2016)
extern const oc_hash oc_sha256;  // SHA-256 (FIPS 180-4)

typedef struct {
    uint64_t total_size;  // bytes so far
    uint32_t state[8];
    uint8_t pending[OC_HASH_BLOCK_SIZE];
} oc_hash_ctx;  // layout may change; do not read its fields. Any bytes in it are safe.

void oc_hash_init(const oc_hash *hash, oc_hash_ctx *ctx);
void oc_hash_update(const oc_hash *hash, oc_hash_ctx *ctx, const uint8_t *data, size_t size);
void oc_hash_final(const oc_hash *hash, oc_hash_ctx *ctx, uint8_t digest[32]);  // also wipes ctx

// The three steps in one; wipes its context. digest may lie inside data.
void oc_hash_digest(const oc_hash *hash, const uint8_t *data, size_t size, uint8_t digest[32]);

// Key derivation function of GB/T 32918.4-2016 5.4.3: hash(secret | counter from 1), size bytes.
// out must not overlap secret.
void oc_hash_kdf(const oc_hash *hash, const uint8_t *secret, size_t secret_size, uint8_t *out,
                 size_t size);

#endif
