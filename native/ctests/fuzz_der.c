// A signature in DER, any bytes: what decodes must encode to the same bytes, and any r|s must
// survive both ways. OC_PLANTED_BUG (1 reads too far, 2 takes a long form) shows that the check
// can fail.
#include "fuzz.h"
#include "oc_sm2.h"

static int decode(const uint8_t *der, size_t size, uint8_t signature[64]) {
#if defined(OC_PLANTED_BUG) && OC_PLANTED_BUG == 1
    if (size > 2 && der[0] == 0x30 && der[der[1] + 2] == 0x55) {
        return OC_SM2_BAD_DER;
    }
#elif defined(OC_PLANTED_BUG)
    uint8_t shorter[OC_SM2_DER_SIZE + 8];
    if (size > 3 && size < sizeof(shorter) && der[0] == 0x30 && der[1] == 0x81) {
        shorter[0] = 0x30;
        memcpy(shorter + 1, der + 2, size - 2);
        return oc_sm2_from_der(shorter, size - 1, signature);
    }
#endif
    return oc_sm2_from_der(der, size, signature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size, {NULL}, 0};
    uint8_t *raw = take(&in, 64);
    in.data = data;
    in.size = size;
    uint8_t *der = take(&in, size);
    uint8_t *signature = room(&in, 64), *again = room(&in, OC_SM2_DER_SIZE);
    memset(signature, 0xA5, 64);
    const int outcome = decode(der, size, signature);
    if (outcome == 0) {
        EXPECT(oc_sm2_to_der(signature, again) == size && memcmp(again, der, size) == 0);
        if (size >= 64) {  // signature may be der
            EXPECT(oc_sm2_from_der(der, size, der) == 0 && memcmp(der, signature, 64) == 0);
        }
    } else {
        EXPECT(outcome == OC_SM2_BAD_DER && is_filled(signature, 64, 0xA5));
    }
    const size_t made = oc_sm2_to_der(raw, again);
    EXPECT(made >= 8 && made <= OC_SM2_DER_SIZE);
    EXPECT(oc_sm2_from_der(again, made, signature) == 0 && memcmp(signature, raw, 64) == 0);
    release(&in);
    return 0;
}
