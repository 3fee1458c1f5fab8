// The C core and mbedTLS's portable C timed without Python, on request: see native_host.py.
// Says on one line, as JSON, which rows each contender has, and then answers lines
// CONTENDER<tab>ROW<tab>SIZE<tab>SECONDS with the processor time of one call and the first bytes
// of its result. A call makes its key schedule each time, as the core's functions do.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mbedtls/sha256.h"
#include "oc_cipher.h"
#include "oc_crc.h"
#include "oc_des.h"
#include "oc_hmac.h"
#include "oc_sm2.h"

#define MOST (1u << 20)  // bytes of a message
#define CHUNK_S 1e-3     // of calls between two looks at the clock
#define RESULT_SIZE 8    // bytes of a result that are told

void peer_aes_ecb(const unsigned char *key, const unsigned char *in, unsigned char *out, size_t size);
void peer_des3_ecb(const unsigned char *key, const unsigned char *in, unsigned char *out, size_t size);

static uint8_t data[MOST], out[MOST];
static uint8_t key[16], private_key[32], public_key[64], digest[32], signature[64];
static uint8_t const message[64];
static const uint8_t id[] = "1234567812345678";

static void put(uint32_t value, int bytes) {
    for (int at = 0; at < bytes; at++) {
        out[at] = (uint8_t)(value >> 8 * (bytes - 1 - at));
    }
}

static void sm3(size_t size) { oc_hash_digest(&oc_sm3, data, size, out); }
static void sha256(size_t size) { oc_hash_digest(&oc_sha256, data, size, out); }
static void hmac_sm3(size_t size) { oc_hmac(&oc_sm3, key, sizeof key, data, size, out); }
static void sm4_ecb(size_t size) { oc_ecb_encrypt(&oc_sm4, key, data, out, size); }
static void sm4_ctr(size_t size) { oc_ctr(&oc_sm4, key, key, data, out, size); }
static void sm4_cbc(size_t size) { oc_cbc_encrypt(&oc_sm4, key, key, data, out, size); }
static void sm4_cmac(size_t size) { oc_cmac(&oc_sm4, key, data, size, out); }
static void aes_ecb(size_t size) { oc_ecb_encrypt(&oc_aes, key, data, out, size); }
static void aes_ctr(size_t size) { oc_ctr(&oc_aes, key, key, data, out, size); }
static void aes_cmac(size_t size) { oc_cmac(&oc_aes, key, data, size, out); }
static void des_ecb(size_t size) { oc_des_ecb_encrypt(key, sizeof key, data, out, size); }
static void crc32(size_t size) { put(oc_crc32(0, data, size), 4); }
static void crc_a(size_t size) { put(oc_crc_a(OC_CRC_A_INIT, data, size), 2); }
static void crc_b(size_t size) { put(oc_crc_b(0, data, size), 2); }
static void crc_ccitt(size_t size) { put(oc_crc_ccitt(OC_CRC_CCITT_INIT, data, size), 2); }

static void sm2_digest(void) {
    oc_sm2_digest(public_key, id, sizeof id - 1, message, sizeof message, digest);
}

static void sm2_public(size_t size) {
    (void)size;
    oc_sm2_public_key(private_key, public_key);
}

static void sm2_sign(size_t size) {
    (void)size;
    sm2_digest();
    oc_sm2_sign(private_key, digest, signature);
}

static void sm2_verify(size_t size) {
    (void)size;
    sm2_digest();
    put((uint32_t)oc_sm2_verify(public_key, digest, signature), 1);
}

static void peer_sha256(size_t size) { mbedtls_sha256(data, size, out, 0); }
static void peer_aes(size_t size) { peer_aes_ecb(key, data, out, size); }
static void peer_des(size_t size) { peer_des3_ecb(key, data, out, size); }

// result_size: bytes of the result, 0 if it says nothing.
static const struct {
    const char *contender, *row;
    void (*call)(size_t size);
    size_t result_size;
} rows[] = {
    {"ours, C", "SM3", sm3, 32},
    {"ours, C", "SHA-256", sha256, 32},
    {"ours, C", "HMAC-SM3", hmac_sm3, 32},
    {"ours, C", "SM4-ECB", sm4_ecb, 16},
    {"ours, C", "SM4-CTR", sm4_ctr, 16},
    {"ours, C", "SM4-CBC", sm4_cbc, 16},
    {"ours, C", "SM4-CMAC", sm4_cmac, 16},
    {"ours, C", "AES-128-ECB", aes_ecb, 16},
    {"ours, C", "AES-128-CTR", aes_ctr, 16},
    {"ours, C", "AES-CMAC", aes_cmac, 16},
    {"ours, C", "3DES-ECB", des_ecb, 8},
    {"ours, C", "CRC-32", crc32, 4},
    {"ours, C", "CRC_A", crc_a, 2},
    {"ours, C", "CRC_B", crc_b, 2},
    {"ours, C", "CRC-16/CCITT", crc_ccitt, 2},
    {"ours, C", "SM2 public key", sm2_public, 0},
    {"ours, C", "SM2 sign", sm2_sign, 0},
    {"ours, C", "SM2 verify", sm2_verify, 1},
    {"mbedTLS", "SHA-256", peer_sha256, 32},
    {"mbedTLS", "AES-128-ECB", peer_aes, 16},
    {"mbedTLS", "3DES-ECB", peer_des, 8},
};
#define ROWS (sizeof rows / sizeof *rows)

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double run(size_t row, size_t size, long count) {
    double start = now_s();
    for (long done = 0; done < count; done++) {
        rows[row].call(size);
    }
    return now_s() - start;
}

static double seconds_a_call(size_t row, size_t size, double budget_s) {
    long chunk = 1, total = 0;
    double spent = 0;
    while (run(row, size, chunk) < CHUNK_S) {
        chunk *= 2;
    }
    while (spent < budget_s) {
        spent += run(row, size, chunk);
        total += chunk;
    }
    return spent / (double)total;
}

static void list(void) {
    printf("{\"missing\": {}, \"rows\": {");
    for (size_t row = 0; row < ROWS; row++) {
        if (row == 0 || strcmp(rows[row].contender, rows[row - 1].contender) != 0) {
            printf("%s\"%s\": [", row > 0 ? "], " : "", rows[row].contender);
        } else {
            printf(", ");
        }
        printf("\"%s\"", rows[row].row);
    }
    printf("]}}\n");
}

static void answer(size_t row, size_t size, double budget_s) {
    printf("{\"s\": %.6e", seconds_a_call(row, size, budget_s));
    if (rows[row].result_size != 0 && size <= 1024) {
        printf(", \"result\": \"");
        for (size_t at = 0; at < rows[row].result_size && at < RESULT_SIZE; at++) {
            printf("%02x", out[at]);
        }
        printf("\"");
    }
    printf("}\n");
}

int main(void) {
    char line[200];
    for (size_t at = 0; at < MOST; at++) {
        data[at] = (uint8_t)(at * 7);
    }
    for (uint8_t at = 0; at < 32; at++) {
        key[at % 16] = (uint8_t)(at % 16);
        private_key[at] = (uint8_t)(at + 1);
    }
    sm2_public(0);
    sm2_sign(0);
    list();
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        const char *contender = strtok(line, "\t"), *name = strtok(NULL, "\t");
        const char *size = strtok(NULL, "\t"), *budget_s = strtok(NULL, "\t");
        if (budget_s == NULL) {
            return 1;
        }
        for (size_t row = 0; row < ROWS; row++) {
            if (!strcmp(rows[row].contender, contender) && !strcmp(rows[row].row, name)) {
                answer(row, (size_t)strtoul(size, NULL, 10), atof(budget_s));
            }
        }
        fflush(stdout);
    }
    return 0;
}
