#include "oc_diversify.h"

#include <stddef.h>

#include "oc_des.h"
#include "oc_cipher.h"
#include "oc_util.h"

static void factor_and_inverse(const uint8_t factor[8], uint8_t block[16]) {
    for (size_t i = 0; i < 8; i++) {
        block[i] = factor[i];
        block[i + 8] = (uint8_t)~factor[i];
    }
}

void oc_diversify_des(const uint8_t master[16], const uint8_t factor[8], uint8_t out[16]) {
    uint8_t block[16];
    factor_and_inverse(factor, block);
    (void)oc_des_ecb_encrypt(master, 16, block, out, 16);
}

void oc_diversify_sm4(const uint8_t master[16], const uint8_t factor[8], uint8_t out[16]) {
    uint8_t block[16];
    factor_and_inverse(factor, block);
    oc_ecb_encrypt(&oc_sm4, master, block, out, 16);
}
