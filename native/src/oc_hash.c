#include "oc_hash.h"

#include <string.h>

#include "oc_util.h"

void oc_hash_init(const oc_hash *hash, oc_hash_ctx *ctx) {
    memset(ctx, 0, sizeof(*ctx));
    memcpy(ctx->state, hash->first_state, sizeof(ctx->state));
}

void oc_hash_update(const oc_hash *hash, oc_hash_ctx *ctx, const uint8_t *data, size_t size) {
    if (size == 0) {  // data may be NULL then, which memcpy must not see
        return;
    }
    const size_t pending_size = (size_t)ctx->total_size % OC_HASH_BLOCK_SIZE;
    ctx->total_size += size;
    if (pending_size != 0) {
        const size_t room = OC_HASH_BLOCK_SIZE - pending_size;
        const size_t part = size < room ? size : room;
        memcpy(ctx->pending + pending_size, data, part);
        data += part;
        size -= part;
        if (part < room) {
            return;
        }
        hash->compress(ctx->state, ctx->pending, 1);
    }
    const size_t count = size / OC_HASH_BLOCK_SIZE;
    if (count != 0) {
        hash->compress(ctx->state, data, count);
    }
    const size_t rest = size % OC_HASH_BLOCK_SIZE;
    if (rest != 0) {
        memcpy(ctx->pending, data + size - rest, rest);
    }
}

void oc_hash_final(const oc_hash *hash, oc_hash_ctx *ctx, uint8_t digest[32]) {
    size_t used = (size_t)ctx->total_size % OC_HASH_BLOCK_SIZE;
    ctx->pending[used++] = 0x80;
    if (used > OC_HASH_BLOCK_SIZE - 8) {
        memset(ctx->pending + used, 0, OC_HASH_BLOCK_SIZE - used);
        hash->compress(ctx->state, ctx->pending, 1);
        used = 0;
    }
    memset(ctx->pending + used, 0, OC_HASH_BLOCK_SIZE - 8 - used);
    oc_store_be32(ctx->pending + 56, (uint32_t)(ctx->total_size >> 29));  // length in bits
    oc_store_be32(ctx->pending + 60, (uint32_t)ctx->total_size << 3);
    hash->compress(ctx->state, ctx->pending, 1);
    for (int i = 0; i < 8; i++) {
        oc_store_be32(digest + 4 * i, ctx->state[i]);
    }
    oc_wipe(ctx, sizeof(*ctx));
}

void oc_hash_digest(const oc_hash *hash, const uint8_t *data, size_t size, uint8_t digest[32]) {
    oc_hash_ctx ctx;
    oc_hash_init(hash, &ctx);
    oc_hash_update(hash, &ctx, data, size);
    oc_hash_final(hash, &ctx, digest);
}

void oc_hash_kdf(const oc_hash *hash, const uint8_t *secret, size_t secret_size, uint8_t *out,
                 size_t size) {
    oc_hash_ctx ctx;
    uint8_t part[OC_HASH_SIZE];
    for (uint32_t counter = 1; size != 0; counter++) {
        const size_t taken = size < sizeof(part) ? size : sizeof(part);
        oc_store_be32(part, counter);
        oc_hash_init(hash, &ctx);
        oc_hash_update(hash, &ctx, secret, secret_size);
        oc_hash_update(hash, &ctx, part, 4);
        oc_hash_final(hash, &ctx, part);
        memcpy(out, part, taken);
        out += taken;
        size -= taken;
    }
    oc_wipe(part, sizeof(part));
}
