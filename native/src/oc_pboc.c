#include "oc_pboc.h"

#include <string.h>

#include "oc_des.h"
#include "oc_util.h"

// CBC over data and padding 2, from chain into chain. The blocks before the last go through the
// first key alone, the last through the whole key. With 8 bytes of key that is the PBOC MAC; with
// 16 it is algorithm 3, whose last step D(K'), E(K) makes a 3DES of the last encryption.
static void cbc_mac(const oc_des_ctx *ctx, uint8_t chain[8], const uint8_t *data, size_t size) {
    for (; size >= 8; size -= 8, data += 8) {
        oc_xor(chain, chain, data, 8);
        oc_des_encrypt_single(ctx, chain, chain);
    }
    oc_xor(chain, chain, data, size);
    chain[size] ^= 0x80u;
    oc_des_encrypt(ctx, chain, chain);
}

void oc_pboc_session_key(const uint8_t key[16], const uint8_t block[8], uint8_t out[8]) {
    (void)oc_des_ecb_encrypt(key, 16, block, out, 8);
}

void oc_pboc_mac(const uint8_t key[8], const uint8_t *data, size_t size, uint8_t mac[4]) {
    oc_des_ctx ctx;
    uint8_t chain[8] = {0};
    (void)oc_des_init(&ctx, key, 8);
    cbc_mac(&ctx, chain, data, size);
    memcpy(mac, chain, OC_PBOC_MAC_SIZE);
    oc_wipe(&ctx, sizeof(ctx));
    oc_wipe(chain, sizeof(chain));
}

void oc_pboc_tac(const uint8_t dtk[16], const uint8_t *data, size_t size, uint8_t tac[4]) {
    uint8_t key[8];
    oc_xor(key, dtk, dtk + 8, 8);
    oc_pboc_mac(key, data, size, tac);
    oc_wipe(key, sizeof(key));
}

void oc_mac_alg3(const uint8_t key[16], const uint8_t iv[8], const uint8_t *data, size_t size,
                 uint8_t mac[8]) {
    oc_des_ctx ctx;
    uint8_t chain[8];
    memcpy(chain, iv, 8);
    (void)oc_des_init(&ctx, key, 16);
    cbc_mac(&ctx, chain, data, size);
    memcpy(mac, chain, 8);
    oc_wipe(&ctx, sizeof(ctx));
}
