// An encoded point, any bytes: what is accepted is below p, and each of its encodings decodes to
// it: by its parity, too, which takes a square root and so shows that it is on the curve.
#include "fuzz.h"
#include "oc_sm2.h"

static int decodes(fuzz_input *in, const uint8_t point[64], uint8_t prefix, size_t size) {
    uint8_t *encoded = room(in, size), *again = room(in, 64);
    encoded[0] = prefix;
    memcpy(encoded + 1, point, size - 1);
    return oc_sm2_point(encoded, size, again) == 0 && memcmp(again, point, 64) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size, {NULL}, 0};
    uint8_t *encoded = take(&in, size), *point = room(&in, 64);
    memset(point, 0xA5, 64);
    const int outcome = oc_sm2_point(encoded, size, point);
    if (outcome == 0) {
        const uint8_t odd = point[63] & 1u;
        uint8_t *again = room(&in, 64);
        EXPECT(size == 33 || size == 64 || size == 65);
        EXPECT(memcmp(point, SM2_PRIME, 32) < 0 && memcmp(point + 32, SM2_PRIME, 32) < 0);
        EXPECT(decodes(&in, point, 4, 65));
        EXPECT(decodes(&in, point, (uint8_t)(2u + odd), 33));
        EXPECT(!decodes(&in, point, (uint8_t)(3u - odd), 33));
        EXPECT(oc_sm2_point(point, 64, again) == 0 && memcmp(again, point, 64) == 0);
        point[63] ^= 1u;  // y and y + 1 are never both right
        EXPECT(oc_sm2_point(point, 64, again) != 0);
    } else {
        EXPECT(outcome >= OC_SM2_OFF_CURVE && outcome <= OC_SM2_BAD_SIZE);
        EXPECT(is_filled(point, 64, 0xA5));
        EXPECT((outcome == OC_SM2_BAD_SIZE) == (size != 33 && size != 64 && size != 65));
    }
    release(&in);
    return 0;
}
