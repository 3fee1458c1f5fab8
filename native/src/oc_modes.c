#include <string.h>

#include "oc_cipher.h"
#include "oc_util.h"

void oc_ecb_encrypt(const oc_cipher *cipher, const uint8_t key[16], const uint8_t *in,
                    uint8_t *out, size_t size) {
    oc_cipher_ctx ctx;
    cipher->set_encrypt_key(&ctx, key);
    in = oc_settle(out, in, size);
    cipher->encrypt(&ctx, in, out, size / 16);
    oc_wipe(&ctx, sizeof(ctx));
}

void oc_ecb_decrypt(const oc_cipher *cipher, const uint8_t key[16], const uint8_t *in,
                    uint8_t *out, size_t size) {
    oc_cipher_ctx ctx;
    cipher->set_decrypt_key(&ctx, key);
    in = oc_settle(out, in, size);
    cipher->decrypt(&ctx, in, out, size / 16);
    oc_wipe(&ctx, sizeof(ctx));
}

// CBC from chain into chain; the blocks go to out unless it is NULL. A rest below 16 is padded
// with zeros (only MACs have one).
static void cbc(const oc_cipher *cipher, const oc_cipher_ctx *ctx, uint8_t chain[16],
                const uint8_t *in, uint8_t *out, size_t size) {
    while (size != 0) {
        const size_t part = size < 16 ? size : 16;
        oc_xor(chain, chain, in, part);
        cipher->encrypt(ctx, chain, chain, 1);
        if (out != NULL) {
            memcpy(out, chain, 16);
            out += 16;
        }
        in += part;
        size -= part;
    }
}

void oc_cbc_encrypt(const oc_cipher *cipher, const uint8_t key[16], const uint8_t iv[16],
                    const uint8_t *in, uint8_t *out, size_t size) {
    oc_cipher_ctx ctx;
    uint8_t chain[16];
    cipher->set_encrypt_key(&ctx, key);
    memcpy(chain, iv, 16);
    size &= ~(size_t)15;
    in = oc_settle(out, in, size);
    cbc(cipher, &ctx, chain, in, out, size);
    oc_wipe(&ctx, sizeof(ctx));
}

void oc_cbc_decrypt(const oc_cipher *cipher, const uint8_t key[16], const uint8_t iv[16],
                    const uint8_t *in, uint8_t *out, size_t size) {
    oc_cipher_ctx ctx;
    uint8_t previous[16], plain[16 * OC_BATCH];
    cipher->set_decrypt_key(&ctx, key);
    memcpy(previous, iv, 16);
    size &= ~(size_t)15;
    in = oc_settle(out, in, size);
    while (size != 0) {
        const size_t part = size < sizeof(plain) ? size : sizeof(plain);
        cipher->decrypt(&ctx, in, plain, part / 16);
        oc_xor(plain, plain, previous, 16);
        oc_xor(plain + 16, plain + 16, in, part - 16);
        memcpy(previous, in + part - 16, 16);  // before out is written: it may be the same memory
        memcpy(out, plain, part);
        in += part;
        out += part;
        size -= part;
    }
    oc_wipe(&ctx, sizeof(ctx));
    oc_wipe(plain, sizeof(plain));
}

void oc_cbc_mac(const oc_cipher *cipher, const uint8_t key[16], const uint8_t iv[16],
                const uint8_t *data, size_t size, uint8_t mac[16]) {
    oc_cipher_ctx ctx;
    uint8_t chain[16];
    cipher->set_encrypt_key(&ctx, key);
    memcpy(chain, iv, 16);
    cbc(cipher, &ctx, chain, data, NULL, size & ~(size_t)15);
    memcpy(mac, chain, 16);
    oc_wipe(&ctx, sizeof(ctx));
}

// value * x in GF(2^128) with the polynomial of CMAC, without a branch on the top bit.
static void gf_double(uint8_t value[16]) {
    unsigned carry = (0u - (unsigned)(value[0] >> 7)) & 0x87u;
    for (int i = 15; i >= 0; i--) {
        const unsigned byte = value[i];
        value[i] = (uint8_t)(byte << 1 ^ carry);
        carry = byte >> 7;
    }
}

void oc_cmac_set_key(const oc_cipher *cipher, oc_cmac_key *cmac_key, const uint8_t key[16]) {
    cipher->set_encrypt_key(&cmac_key->cipher, key);
    memset(cmac_key->subkey, 0, 16);
    cipher->encrypt(&cmac_key->cipher, cmac_key->subkey, cmac_key->subkey, 1);
    gf_double(cmac_key->subkey);
}

void oc_cmac_with(const oc_cipher *cipher, const oc_cmac_key *cmac_key, const uint8_t *data,
                  size_t size, uint8_t mac[16]) {
    uint8_t subkey[16], chain[16] = {0};
    memcpy(subkey, cmac_key->subkey, 16);
    const size_t before_last = size == 0 ? 0 : (size - 1) & ~(size_t)15;
    cbc(cipher, &cmac_key->cipher, chain, data, NULL, before_last);
    size -= before_last;
    oc_xor(chain, chain, data + before_last, size);
    if (size < 16) {
        chain[size] ^= 0x80u;
        gf_double(subkey);
    }
    oc_xor(chain, chain, subkey, 16);
    cipher->encrypt(&cmac_key->cipher, chain, mac, 1);
    oc_wipe(subkey, sizeof(subkey));
    oc_wipe(chain, sizeof(chain));
}

void oc_cmac(const oc_cipher *cipher, const uint8_t key[16], const uint8_t *data, size_t size,
             uint8_t mac[16]) {
    oc_cmac_key cmac_key;
    oc_cmac_set_key(cipher, &cmac_key, key);
    oc_cmac_with(cipher, &cmac_key, data, size, mac);
    oc_wipe(&cmac_key, sizeof(cmac_key));
}

// CTR from next, which runs on.
static void ctr(const oc_cipher *cipher, const oc_cipher_ctx *ctx, uint8_t next[16],
                const uint8_t *in, uint8_t *out, size_t size) {
    uint8_t stream[16 * OC_BATCH];
    in = oc_settle(out, in, size);
    while (size != 0) {
        const size_t part = size < sizeof(stream) ? size : sizeof(stream);
        size_t made = 0;
        for (; made < part; made += 16) {
            memcpy(stream + made, next, 16);
            for (int i = 15; i >= 0 && ++next[i] == 0; i--) {
            }
        }
        cipher->encrypt(ctx, stream, stream, made / 16);
        oc_xor(out, in, stream, part);
        in += part;
        out += part;
        size -= part;
    }
    oc_wipe(stream, sizeof(stream));
}

void oc_ctr(const oc_cipher *cipher, const uint8_t key[16], const uint8_t counter[16],
            const uint8_t *in, uint8_t *out, size_t size) {
    oc_cipher_ctx ctx;
    uint8_t next[16];
    cipher->set_encrypt_key(&ctx, key);
    memcpy(next, counter, 16);
    ctr(cipher, &ctx, next, in, out, size);
    oc_wipe(&ctx, sizeof(ctx));
}

// flags | nonce | 3-byte number: the blocks B_0 and A_i of RFC 3610 with L = 3.
static void ccm_block(uint8_t block[16], unsigned flags, const uint8_t nonce[12], size_t number) {
    memmove(block + 1, nonce, 12);
    block[0] = (uint8_t)flags;
    block[13] = (uint8_t)(number >> 16);
    block[14] = (uint8_t)(number >> 8);
    block[15] = (uint8_t)number;
}

// The MAC's chain after B_0 and the additional data.
static void ccm_start(const oc_cipher *cipher, const oc_cipher_ctx *ctx, uint8_t chain[16],
                      const uint8_t nonce[12], const uint8_t *aad, size_t aad_size, size_t size) {
    ccm_block(chain, aad_size != 0 ? 0x7Au : 0x3Au, nonce, size);
    cipher->encrypt(ctx, chain, chain, 1);
    if (aad_size != 0) {
        const size_t first = aad_size < 14 ? aad_size : 14;  // beside the 2 bytes of its size
        chain[0] ^= (uint8_t)(aad_size >> 8);
        chain[1] ^= (uint8_t)aad_size;
        oc_xor(chain + 2, chain + 2, aad, first);
        cipher->encrypt(ctx, chain, chain, 1);
        cbc(cipher, ctx, chain, aad + first, NULL, aad_size - first);
    }
}

void oc_ccm_seal(const oc_cipher *cipher, const uint8_t key[16], const uint8_t nonce[12],
                 const uint8_t *aad, size_t aad_size, const uint8_t *in, size_t size,
                 uint8_t *out) {
    oc_cipher_ctx ctx;
    uint8_t chain[16], counter[16], mask[16];
    cipher->set_encrypt_key(&ctx, key);
    ccm_start(cipher, &ctx, chain, nonce, aad, aad_size, size);
    cbc(cipher, &ctx, chain, in, NULL, size);
    ccm_block(counter, 0x02u, nonce, 0);
    cipher->encrypt(&ctx, counter, mask, 1);
    counter[15] = 1;
    ctr(cipher, &ctx, counter, in, out, size);
    oc_xor(out + size, chain, mask, 16);
    oc_wipe(&ctx, sizeof(ctx));
    oc_wipe(chain, sizeof(chain));
}

int oc_ccm_open(const oc_cipher *cipher, const uint8_t key[16], const uint8_t nonce[12],
                const uint8_t *aad, size_t aad_size, const uint8_t *in, size_t size,
                uint8_t *out) {
    oc_cipher_ctx ctx;
    uint8_t chain[16], counter[16], mask[16];
    cipher->set_encrypt_key(&ctx, key);
    ccm_start(cipher, &ctx, chain, nonce, aad, aad_size, size);
    ccm_block(counter, 0x02u, nonce, 0);
    cipher->encrypt(&ctx, counter, mask, 1);
    oc_xor(mask, mask, in + size, 16);  // the MAC that was sealed; out may overwrite it now
    counter[15] = 1;
    ctr(cipher, &ctx, counter, in, out, size);
    cbc(cipher, &ctx, chain, out, NULL, size);
    const int is_right = oc_equal(chain, mask, 16);
    if (!is_right) {
        oc_wipe(out, size);
    }
    oc_wipe(&ctx, sizeof(ctx));
    oc_wipe(chain, sizeof(chain));
    oc_wipe(mask, sizeof(mask));
    return is_right ? 0 : -1;
}
