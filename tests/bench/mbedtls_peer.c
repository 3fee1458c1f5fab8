// mbedTLS called as the core is: a whole message under one key. Loops over blocks, nothing else.
#include "mbedtls/aes.h"
#include "mbedtls/des.h"

void peer_aes_ecb(const unsigned char *key, const unsigned char *in, unsigned char *out, size_t size);
void peer_des3_ecb(const unsigned char *key, const unsigned char *in, unsigned char *out, size_t size);

void peer_aes_ecb(const unsigned char *key, const unsigned char *in, unsigned char *out, size_t size) {
    mbedtls_aes_context ctx;
    mbedtls_aes_init(&ctx);
    mbedtls_aes_setkey_enc(&ctx, key, 128);
    for (size_t at = 0; at < size; at += 16) {
        mbedtls_aes_crypt_ecb(&ctx, MBEDTLS_AES_ENCRYPT, in + at, out + at);
    }
    mbedtls_aes_free(&ctx);
}

void peer_des3_ecb(const unsigned char *key, const unsigned char *in, unsigned char *out, size_t size) {
    mbedtls_des3_context ctx;
    mbedtls_des3_init(&ctx);
    mbedtls_des3_set2key_enc(&ctx, key);
    for (size_t at = 0; at < size; at += 8) {
        mbedtls_des3_crypt_ecb(&ctx, in + at, out + at);
    }
    mbedtls_des3_free(&ctx);
}
