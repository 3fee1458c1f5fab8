// Any private key, digest and damage: the key is refused, and only if it is not in 1..n-2, or the
// signature verifies under its public key, the same each time, and no longer once damaged.
#include "fuzz.h"
#include "oc_sm2.h"

static int is_private(const uint8_t key[32]) {
    uint8_t limit[32];  // n - 1
    memcpy(limit, SM2_ORDER, 32);
    limit[31]--;
    return memcmp(key, limit, 32) < 0 && !is_filled(key, 32, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size, {NULL}, 0};
    uint8_t *key = take(&in, 32), *digest = take(&in, 32);
    const size_t damage = take_number(&in, 2) % (64 * 8);
    uint8_t *point = room(&in, 64), *signature = room(&in, 64), *again = room(&in, 64);
    memset(point, 0xA5, 64);
    memset(signature, 0xA5, 64);
    const int outcome = oc_sm2_public_key(key, point);
    EXPECT(oc_sm2_sign(key, digest, signature) == outcome);
    if (!is_private(key)) {
        EXPECT(outcome == OC_SM2_BAD_PRIVATE);
        EXPECT(is_filled(point, 64, 0xA5) && is_filled(signature, 64, 0xA5));
    } else {
        EXPECT(outcome == 0 && oc_sm2_point(point, 64, again) == 0);
        EXPECT(oc_sm2_verify(point, digest, signature) == 1);
        EXPECT(oc_sm2_sign(key, digest, again) == 0 && memcmp(again, signature, 64) == 0);
        signature[damage / 8] ^= (uint8_t)(1u << damage % 8);
        EXPECT(oc_sm2_verify(point, digest, signature) == 0);
        if (memcmp(digest, SM2_ORDER, 32) < 0) {  // e counts modulo n
            digest[damage / 8 % 32] ^= (uint8_t)(1u << damage % 8);
            EXPECT(oc_sm2_verify(point, digest, again) == 0);
        }
    }
    release(&in);
    return 0;
}
