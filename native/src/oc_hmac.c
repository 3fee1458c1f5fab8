#include "oc_hmac.h"

#include <string.h>

#include "oc_util.h"

void oc_hmac_init(const oc_hash *hash, oc_hmac_ctx *ctx, const uint8_t *key, size_t key_size) {
    uint8_t *pad = ctx->outer_pad;
    memset(pad, 0, OC_HASH_BLOCK_SIZE);
    if (key_size > OC_HASH_BLOCK_SIZE) {
        oc_hash_digest(hash, key, key_size, pad);
    } else if (key_size != 0) {
        memcpy(pad, key, key_size);
    }
    for (size_t i = 0; i < OC_HASH_BLOCK_SIZE; i++) {
        pad[i] ^= 0x36u;
    }
    oc_hash_init(hash, &ctx->inner);
    oc_hash_update(hash, &ctx->inner, pad, OC_HASH_BLOCK_SIZE);
    for (size_t i = 0; i < OC_HASH_BLOCK_SIZE; i++) {
        pad[i] ^= 0x36u ^ 0x5Cu;
    }
}

void oc_hmac_update(const oc_hash *hash, oc_hmac_ctx *ctx, const uint8_t *data, size_t size) {
    oc_hash_update(hash, &ctx->inner, data, size);
}

void oc_hmac_final(const oc_hash *hash, oc_hmac_ctx *ctx, uint8_t mac[32]) {
    uint8_t digest[OC_HASH_SIZE];
    oc_hash_final(hash, &ctx->inner, digest);
    oc_hash_init(hash, &ctx->inner);
    oc_hash_update(hash, &ctx->inner, ctx->outer_pad, OC_HASH_BLOCK_SIZE);
    oc_hash_update(hash, &ctx->inner, digest, OC_HASH_SIZE);
    oc_hash_final(hash, &ctx->inner, mac);
    oc_wipe(digest, sizeof(digest));
    oc_wipe(ctx, sizeof(*ctx));
}

void oc_hmac(const oc_hash *hash, const uint8_t *key, size_t key_size, const uint8_t *data,
             size_t size, uint8_t mac[32]) {
    oc_hmac_ctx ctx;
    oc_hmac_init(hash, &ctx, key, key_size);
    oc_hmac_update(hash, &ctx, data, size);
    oc_hmac_final(hash, &ctx, mac);
}
