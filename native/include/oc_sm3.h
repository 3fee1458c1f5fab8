// oc_sm3: SM3 hash (GM/T 0004-2012 = GB/T 32905-2016). Time depends on the length alone.
// The caller owns all memory: no allocation, no mutable statics, reentrant.
#ifndef OC_SM3_H
#define OC_SM3_H

#include <stddef.h>
#include <stdint.h>

// OC_SM3_UNROLL=1 writes all 64 rounds out (hosts, twice as fast); 0 keeps them in loops.
#ifndef OC_SM3_UNROLL
#define OC_SM3_UNROLL 0
#endif

#define OC_SM3_SIZE 32        // bytes of a digest
#define OC_SM3_BLOCK_SIZE 64  // bytes

typedef struct {
    uint32_t state[8];
    uint64_t total_size;  // bytes so far
    uint8_t pending[OC_SM3_BLOCK_SIZE];
} oc_sm3_ctx;  // layout may change; do not read its fields

void oc_sm3_init(oc_sm3_ctx *ctx);
void oc_sm3_update(oc_sm3_ctx *ctx, const uint8_t *data, size_t size);
void oc_sm3_final(oc_sm3_ctx *ctx, uint8_t digest[OC_SM3_SIZE]);  // also wipes ctx

// The three steps in one; wipes its context. digest may lie inside data.
void oc_sm3(const uint8_t *data, size_t size, uint8_t digest[OC_SM3_SIZE]);

#endif
