// oc_sm4: SM4 block cipher (GM/T 0002-2012 = GB/T 32907-2016) and its modes.
// TIME DEPENDS ON SECRETS: look-ups in the S-box (or tables) are indexed by key and data. On a
// chip without a cache between core and table (SRAM) that shows nowhere; behind a cache (RP2040
// flash, hosts) who measures time or shares the cache may learn from it. No branch depends on
// secrets.
// The caller owns all memory: no allocation, no mutable statics, reentrant.
//
// The modes take the key itself, make its schedule (on the stack, wiped on return) and do all
// of one message. In each of them out may be the same memory as in, but not overlap it otherwise.
#ifndef OC_SM4_H
#define OC_SM4_H

#include <stddef.h>
#include <stdint.h>

// OC_SM4_TABLE=1 takes four 1 KiB tables (hosts); 0 takes the 256-byte S-box and rotations.
#ifndef OC_SM4_TABLE
#define OC_SM4_TABLE 0
#endif

#define OC_SM4_SIZE 16  // bytes of a key and of a block

typedef struct {
    uint32_t round_keys[32];
} oc_sm4_ctx;  // layout may change; do not read its fields. Wipe it with oc_wipe.

void oc_sm4_init(oc_sm4_ctx *ctx, const uint8_t key[16]);
void oc_sm4_encrypt(const oc_sm4_ctx *ctx, const uint8_t in[16], uint8_t out[16]);
void oc_sm4_decrypt(const oc_sm4_ctx *ctx, const uint8_t in[16], uint8_t out[16]);

// size: a multiple of 16; what is left over is neither read nor written.
void oc_sm4_ecb_encrypt(const uint8_t key[16], const uint8_t *in, uint8_t *out, size_t size);
void oc_sm4_ecb_decrypt(const uint8_t key[16], const uint8_t *in, uint8_t *out, size_t size);
void oc_sm4_cbc_encrypt(const uint8_t key[16], const uint8_t iv[16], const uint8_t *in,
                        uint8_t *out, size_t size);
void oc_sm4_cbc_decrypt(const uint8_t key[16], const uint8_t iv[16], const uint8_t *in,
                        uint8_t *out, size_t size);

// CBC-MAC without padding (GB/T 15852.1 algorithm 1 leaves that to the caller). size: a
// multiple of 16; of nothing it is the IV. Safe only for messages of one fixed length.
void oc_sm4_cbc_mac(const uint8_t key[16], const uint8_t iv[16], const uint8_t *data, size_t size,
                    uint8_t mac[16]);

// CMAC (GB/T 15852.1-2020 algorithm 5, the construction of RFC 4493). Any size.
void oc_sm4_cmac(const uint8_t key[16], const uint8_t *data, size_t size, uint8_t mac[16]);

// CTR, both ways. counter: first counter block, 128 bits big-endian, wraps. Any size.
void oc_sm4_ctr(const uint8_t key[16], const uint8_t counter[16], const uint8_t *in, uint8_t *out,
                size_t size);

#endif
