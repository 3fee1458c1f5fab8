// Running hashes from any state bytes: any cut of the data gives one digest; the state is wiped.
#include "fuzz.h"
#include "oc_hmac.h"

static void run(const oc_hash *hash, oc_hash_ctx *ctx, const uint8_t *data, size_t size,
                size_t cut, uint8_t digest[32]) {
    while (cut != 0 && size > cut) {
        oc_hash_update(hash, ctx, data, cut);
        data += cut;
        size -= cut;
    }
    oc_hash_update(hash, ctx, data, size);
    oc_hash_final(hash, ctx, digest);
    EXPECT(is_filled(ctx, sizeof(*ctx), 0));
}

static void check(const oc_hash *hash, const uint8_t *state, const uint8_t *data, size_t size,
                  size_t cut) {
    oc_hash_ctx ctx;
    oc_hmac_ctx hmac;
    uint8_t one[32], other[32], stream[100], shorter[99];
    memcpy(&ctx, state, sizeof(ctx));
    run(hash, &ctx, data, size, 0, one);
    memcpy(&ctx, state, sizeof(ctx));
    run(hash, &ctx, data, size, cut, other);
    EXPECT(memcmp(one, other, 32) == 0);
    oc_hash_init(hash, &ctx);
    run(hash, &ctx, data, size, cut, one);
    oc_hash_digest(hash, data, size, other);
    EXPECT(memcmp(one, other, 32) == 0);
    oc_hmac(hash, state, cut, data, size, one);
    oc_hmac_init(hash, &hmac, state, cut);
    oc_hmac_update(hash, &hmac, data, size / 2);
    oc_hmac_update(hash, &hmac, data + size / 2, size - size / 2);
    oc_hmac_final(hash, &hmac, other);
    EXPECT(memcmp(one, other, 32) == 0 && is_filled(&hmac, sizeof(hmac), 0));
    oc_hash_kdf(hash, data, size, stream, sizeof(stream));
    oc_hash_kdf(hash, data, size, shorter, cut % sizeof(shorter));
    EXPECT(memcmp(stream, shorter, cut % sizeof(shorter)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size, {NULL}, 0};
    uint8_t *state = take(&in, sizeof(oc_hash_ctx));
    const size_t cut = take_number(&in, 1) % (sizeof(oc_hash_ctx) + 1);
    const size_t rest = in.size;
    uint8_t *text = take(&in, rest);
    check(&oc_sm3, state, text, rest, cut);
    check(&oc_sha256, state, text, rest, cut);
    release(&in);
    return 0;
}
