// The core alone against the vectors, for sanitizers: reads vector_lines.py's output on stdin.
// Every argument is its own allocation of the exact size, so that AddressSanitizer sees one byte
// too far. Also runs what a single vector line cannot show: the two million-step vectors of the
// standards and the streaming contexts. Exit code 0 if all holds.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oc_crc.h"
#include "oc_des.h"
#include "oc_diversify.h"
#include "oc_hmac.h"
#include "oc_pboc.h"
#include "oc_sm3.h"
#include "oc_sm4.h"
#include "oc_util.h"

#define MAX_FIELDS 6

typedef struct {
    uint8_t *bytes;
    size_t size;
} field;

static field parse(const char *hex) {
    field f = {NULL, strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2};
    f.bytes = malloc(f.size != 0 ? f.size : 1);
    for (size_t i = 0; i < f.size; i++) {
        unsigned byte = 0;
        (void)sscanf(hex + 2 * i, "%2x", &byte);
        f.bytes[i] = (uint8_t)byte;
    }
    return f;
}

// Results that are bytes, into out. Returns -1 for an unknown function or a refused key.
static int sized_call(const char *fn, const field *f, uint8_t *out) {
    const uint8_t *a = f[0].bytes, *b = f[1].bytes, *c = f[2].bytes;
    if (strcmp(fn, "sm4_ecb_encrypt") == 0) { oc_sm4_ecb_encrypt(a, b, out, f[1].size); }
    else if (strcmp(fn, "sm4_ecb_decrypt") == 0) { oc_sm4_ecb_decrypt(a, b, out, f[1].size); }
    else if (strcmp(fn, "sm4_cbc_encrypt") == 0) { oc_sm4_cbc_encrypt(a, b, c, out, f[2].size); }
    else if (strcmp(fn, "sm4_cbc_decrypt") == 0) { oc_sm4_cbc_decrypt(a, b, c, out, f[2].size); }
    else if (strcmp(fn, "sm4_ctr") == 0) { oc_sm4_ctr(a, b, c, out, f[2].size); }
    else if (strcmp(fn, "sm4_ctr_into") == 0) {
        oc_sm4_ctr(a, b, c, f[2].bytes, f[2].size);
        memcpy(out, c, f[2].size);
    }
    else if (strcmp(fn, "des_ecb_encrypt") == 0) {
        return oc_des_ecb_encrypt(a, f[0].size, b, out, f[1].size);
    }
    else if (strcmp(fn, "des_ecb_decrypt") == 0) {
        return oc_des_ecb_decrypt(a, f[0].size, b, out, f[1].size);
    }
    else if (strcmp(fn, "sm3") == 0) { oc_sm3(a, f[0].size, out); }
    else if (strcmp(fn, "hmac_sm3") == 0) { oc_hmac_sm3(a, f[0].size, b, f[1].size, out); }
    else if (strcmp(fn, "sm4_cbc_mac") == 0) { oc_sm4_cbc_mac(a, b, c, f[2].size, out); }
    else if (strcmp(fn, "sm4_cmac") == 0) { oc_sm4_cmac(a, b, f[1].size, out); }
    else if (strcmp(fn, "pboc_session_key") == 0) { oc_pboc_session_key(a, b, out); }
    else if (strcmp(fn, "pboc_mac") == 0) { oc_pboc_mac(a, b, f[1].size, out); }
    else if (strcmp(fn, "pboc_tac") == 0) { oc_pboc_tac(a, b, f[1].size, out); }
    else if (strcmp(fn, "mac_alg3") == 0) { oc_mac_alg3(a, b, c, f[2].size, out); }
    else if (strcmp(fn, "diversify_des") == 0) { oc_diversify_des(a, b, out); }
    else if (strcmp(fn, "diversify_sm4") == 0) { oc_diversify_sm4(a, b, out); }
    else { return -1; }
    return 0;
}

// Results that are numbers or truth values, written big-endian into out. Returns -1 if not one.
static int number_call(const char *fn, const field *f, size_t count, uint8_t *out) {
    const int given = count > 1;
    const uint32_t start = given && f[1].size == 4 ? oc_load_be32(f[1].bytes) : 0;
    if (strcmp(fn, "crc_a") == 0) {
        const uint16_t init = (uint16_t)(given ? start : OC_CRC_A_INIT);
        oc_store_be32(out, oc_crc_a(init, f[0].bytes, f[0].size));
    } else if (strcmp(fn, "crc_b") == 0) {
        oc_store_be32(out, oc_crc_b((uint16_t)start, f[0].bytes, f[0].size));
    } else if (strcmp(fn, "crc32") == 0) {
        oc_store_be32(out, oc_crc32(start, f[0].bytes, f[0].size));
    } else if (strcmp(fn, "equal") == 0) {
        out[0] = f[0].size == f[1].size && oc_equal(f[0].bytes, f[1].bytes, f[0].size);
    } else if (strcmp(fn, "wipe") == 0) {
        oc_wipe(f[0].bytes, f[0].size);
        memcpy(out, f[0].bytes, f[0].size);
    } else {
        return -1;
    }
    return 0;
}

// Returns 1 if the line holds.
static int holds(char *line) {
    field fields[MAX_FIELDS] = {{NULL, 0}};
    size_t count = 0;
    const char *fn = strtok(line, " \n");
    for (char *word; count < MAX_FIELDS && (word = strtok(NULL, " \n")) != NULL;) {
        fields[count++] = parse(word);
    }
    const field want = fields[--count];
    uint8_t *out = calloc(1, want.size + 32);  // a vector may give only the left bytes of a result
    const int known = number_call(fn, fields, count, out) == 0 || sized_call(fn, fields, out) == 0;
    const int good = known && memcmp(out, want.bytes, want.size) == 0;
    for (size_t i = 0; i <= count; i++) {
        free(fields[i].bytes);
    }
    free(out);
    return good;
}

static int check(const char *name, const uint8_t *got, const char *want_hex) {
    const field want = parse(want_hex);
    const int good = memcmp(got, want.bytes, want.size) == 0;
    if (!good) {
        printf("failed: %s\n", name);
    }
    free(want.bytes);
    return good ? 0 : 1;
}

static int long_runs(void) {
    uint8_t block[16], digest[32], part[1000];
    const field key = parse("0123456789abcdeffedcba9876543210");
    oc_sm4_ctx sm4;
    oc_sm4_init(&sm4, key.bytes);
    memcpy(block, key.bytes, 16);
    for (int i = 0; i < 1000000; i++) {
        oc_sm4_encrypt(&sm4, block, block);
    }
    int failed = check("SM4 million (GM/T 0002 A.2)", block, "595298c7c6fd271f0402f804c33d3f66");
    for (int i = 0; i < 1000000; i++) {
        oc_sm4_decrypt(&sm4, block, block);
    }
    failed += check("SM4 million back", block, "0123456789abcdeffedcba9876543210");
    oc_sm3_ctx sm3;
    oc_sm3_init(&sm3);
    memset(part, 'a', sizeof(part));
    for (size_t left = 1000000, size = 1; left != 0; size = size % 999 + 1) {  // uneven parts
        size = size < left ? size : left;
        oc_sm3_update(&sm3, part, size);
        left -= size;
    }
    oc_sm3_final(&sm3, digest);
    failed += check("SM3 million in parts", digest,
                    "c8aaf89429554029e231941a2acc0ad61ff2a5acd8fadd25847a3a732b3b02c3");
    free(key.bytes);
    return failed;
}

int main(void) {
    static char line[1 << 16];
    int count = 0, failed = 0;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char name[80] = {0};
        memcpy(name, line, strnlen(line, sizeof(name) - 1));
        count++;
        if (!holds(line)) {
            printf("failed: %s\n", name);
            failed++;
        }
    }
    failed += long_runs();
    printf("core: %d vectors and 3 long runs, %d failed\n", count, failed);
    return failed != 0 || count == 0;
}
