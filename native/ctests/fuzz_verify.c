// Any point, digest and signature: the point is refused as oc_sm2_point refuses it, and nothing
// verifies whose r or s is not in 1..n-1 or whose sum is n.
#include "fuzz.h"
#include "oc_sm2.h"

static int sums_to_order(const uint8_t signature[64]) {
    unsigned carry = 0;
    int same = 1;
    for (int i = 31; i >= 0; i--, carry >>= 8) {
        carry += (unsigned)signature[i] + signature[32 + i];
        same &= (uint8_t)carry == (uint8_t)SM2_ORDER[i];
    }
    return same && carry == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size, {NULL}, 0};
    uint8_t *point = take(&in, 64), *digest = take(&in, 32), *signature = take(&in, 64);
    uint8_t *same = room(&in, 64), *der = room(&in, OC_SM2_DER_SIZE);
    const int trouble = oc_sm2_point(point, 64, same);
    const int outcome = oc_sm2_verify(point, digest, signature);
    EXPECT(trouble == 0 ? outcome == 0 || outcome == 1 : outcome == trouble);
    if (outcome == 1) {
        EXPECT(!sums_to_order(signature));
        for (size_t i = 0; i < 64; i += 32) {
            EXPECT(memcmp(signature + i, SM2_ORDER, 32) < 0 && !is_filled(signature + i, 32, 0));
        }
        EXPECT(oc_sm2_from_der(der, oc_sm2_to_der(signature, der), same) == 0);
        EXPECT(oc_sm2_verify(point, digest, same) == 1);
        signature[63] ^= 1u;
        EXPECT(oc_sm2_verify(point, digest, signature) == 0);
    }
    release(&in);
    return 0;
}
