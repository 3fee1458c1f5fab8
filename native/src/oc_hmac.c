#include "oc_hmac.h"

#include <string.h>

#include "oc_util.h"

void oc_hmac_init(oc_hmac_ctx *ctx, const uint8_t *key, size_t key_size) {
    uint8_t *pad = ctx->outer_pad;
    memset(pad, 0, OC_SM3_BLOCK_SIZE);
    if (key_size > OC_SM3_BLOCK_SIZE) {
        oc_sm3(key, key_size, pad);
    } else if (key_size != 0) {
        memcpy(pad, key, key_size);
    }
    for (size_t i = 0; i < OC_SM3_BLOCK_SIZE; i++) {
        pad[i] ^= 0x36u;
    }
    oc_sm3_init(&ctx->inner);
    oc_sm3_update(&ctx->inner, pad, OC_SM3_BLOCK_SIZE);
    for (size_t i = 0; i < OC_SM3_BLOCK_SIZE; i++) {
        pad[i] ^= 0x36u ^ 0x5Cu;
    }
}

void oc_hmac_update(oc_hmac_ctx *ctx, const uint8_t *data, size_t size) {
    oc_sm3_update(&ctx->inner, data, size);
}

void oc_hmac_final(oc_hmac_ctx *ctx, uint8_t mac[OC_SM3_SIZE]) {
    uint8_t digest[OC_SM3_SIZE];
    oc_sm3_final(&ctx->inner, digest);
    oc_sm3_init(&ctx->inner);
    oc_sm3_update(&ctx->inner, ctx->outer_pad, OC_SM3_BLOCK_SIZE);
    oc_sm3_update(&ctx->inner, digest, OC_SM3_SIZE);
    oc_sm3_final(&ctx->inner, mac);
    oc_wipe(digest, sizeof(digest));
    oc_wipe(ctx, sizeof(*ctx));
}

void oc_hmac_sm3(const uint8_t *key, size_t key_size, const uint8_t *data, size_t size,
                 uint8_t mac[OC_SM3_SIZE]) {
    oc_hmac_ctx ctx;
    oc_hmac_init(&ctx, key, key_size);
    oc_hmac_update(&ctx, data, size);
    oc_hmac_final(&ctx, mac);
}
