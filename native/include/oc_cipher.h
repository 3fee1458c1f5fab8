// oc_cipher: the block ciphers of 16-byte blocks and 16-byte keys, and their modes. The modes are
// written once, for both.
// TIME DEPENDS ON SECRETS in both ciphers: look-ups are indexed by key and data. On a chip without
// a cache between core and table (SRAM) that shows nowhere; behind a cache (RP2040 flash, hosts) who
// measures time or shares the cache may learn from it. No branch depends on secrets, and the modes
// themselves add nothing.
// The caller owns all memory: no allocation, no mutable statics, reentrant.
//
// A mode takes the key itself, makes its schedule (on the stack, wiped on return) and does all of
// one message. out may overlap the inputs in any way.
#ifndef OC_CIPHER_H
#define OC_CIPHER_H

#include <stddef.h>
#include <stdint.h>

#include "oc_options.h"

#define OC_BLOCK_SIZE 16  // bytes of a block and of a key

typedef struct {
    uint32_t round_keys[44];
} oc_cipher_ctx;  // layout may change; do not read its fields. Wipe it with oc_wipe.

typedef struct {
    void (*set_encrypt_key)(oc_cipher_ctx *ctx, const uint8_t key[16]);
    void (*set_decrypt_key)(oc_cipher_ctx *ctx, const uint8_t key[16]);
    // Whole blocks; out may be in, but not overlap it otherwise.
    void (*encrypt)(const oc_cipher_ctx *ctx, const uint8_t *in, uint8_t *out, size_t blocks);
    void (*decrypt)(const oc_cipher_ctx *ctx, const uint8_t *in, uint8_t *out, size_t blocks);
} oc_cipher;

extern const oc_cipher oc_sm4;  // SM4 (GM/T 0002-2012 = GB/T 32907-2016)
extern const oc_cipher oc_aes;  // AES-128 (FIPS 197)

// size: a multiple of 16; what is left over is neither read nor written.
void oc_ecb_encrypt(const oc_cipher *cipher, const uint8_t key[16], const uint8_t *in,
                    uint8_t *out, size_t size);
void oc_ecb_decrypt(const oc_cipher *cipher, const uint8_t key[16], const uint8_t *in,
                    uint8_t *out, size_t size);
void oc_cbc_encrypt(const oc_cipher *cipher, const uint8_t key[16], const uint8_t iv[16],
                    const uint8_t *in, uint8_t *out, size_t size);
void oc_cbc_decrypt(const oc_cipher *cipher, const uint8_t key[16], const uint8_t iv[16],
                    const uint8_t *in, uint8_t *out, size_t size);

// CBC-MAC without padding (GB/T 15852.1 algorithm 1 leaves that to the caller). size: a
// multiple of 16; of nothing it is the IV. Safe only for messages of one fixed length.
void oc_cbc_mac(const oc_cipher *cipher, const uint8_t key[16], const uint8_t iv[16],
                const uint8_t *data, size_t size, uint8_t mac[16]);

// CMAC (NIST SP 800-38B, RFC 4493; GB/T 15852.1-2020 algorithm 5). Any size.
void oc_cmac(const oc_cipher *cipher, const uint8_t key[16], const uint8_t *data, size_t size,
             uint8_t mac[16]);

// The same under one key many times: its schedule and CMAC's subkey are made once.
typedef struct {
    oc_cipher_ctx cipher;
    uint8_t subkey[16];  // K1 of SP 800-38B
} oc_cmac_key;  // Wipe it with oc_wipe.

void oc_cmac_set_key(const oc_cipher *cipher, oc_cmac_key *cmac_key, const uint8_t key[16]);
void oc_cmac_with(const oc_cipher *cipher, const oc_cmac_key *cmac_key, const uint8_t *data,
                  size_t size, uint8_t mac[16]);

// CTR, both ways. counter: first counter block, 128 bits big-endian, wraps. Any size.
void oc_ctr(const oc_cipher *cipher, const uint8_t key[16], const uint8_t counter[16],
            const uint8_t *in, uint8_t *out, size_t size);

// CCM (RFC 3610) with a 12-byte nonce and a 16-byte tag: AEAD_SM4_CCM of RFC 8998. NEVER use a
// nonce twice under one key.
#define OC_CCM_NONCE_SIZE 12
#define OC_CCM_TAG_SIZE 16
#define OC_CCM_AAD_LIMIT 0xFF00u      // bytes; aad_size is below it
#define OC_CCM_DATA_LIMIT 0x1000000u  // bytes; size is below it

// out: size + 16 bytes, the ciphertext and then the tag.
void oc_ccm_seal(const oc_cipher *cipher, const uint8_t key[16], const uint8_t nonce[12],
                 const uint8_t *aad, size_t aad_size, const uint8_t *in, size_t size,
                 uint8_t *out);

// in: size bytes of ciphertext and then the tag; out: size bytes. Returns 0, or -1 if the tag is
// wrong, with out zeroed. Always check the result.
int oc_ccm_open(const oc_cipher *cipher, const uint8_t key[16], const uint8_t nonce[12],
                const uint8_t *aad, size_t aad_size, const uint8_t *in, size_t size, uint8_t *out);

#endif
