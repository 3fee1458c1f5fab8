// The core alone against the shared vectors, for sanitizers: reads vector_lines.py's output on
// stdin. Every argument and output is its own allocation of the exact size, so that
// AddressSanitizer sees one byte too far. Exit code 0 if all holds.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oc_cipher.h"
#include "oc_crc.h"
#include "oc_des.h"
#include "oc_diversify.h"
#include "oc_hmac.h"
#include "oc_pboc.h"
#include "oc_sm2.h"
#include "oc_util.h"

#define MAX_FIELDS 6
#define FILL 0xA5

typedef struct {
    uint8_t *bytes;
    size_t size;  // of a number: the number
    int is_borrowed;
} field;

typedef int64_t call_fn(const field *f, uint8_t *out);

typedef struct {
    const char *name;
    int like;     // the output is as big as this argument (-1: none)
    int plus;     // and so many bytes more
    call_fn *run;
} call;

#define B(i) f[i].bytes
#define S(i) f[i].size
#define INIT(type) (type)f[1].size
#define HASH(i) (oc_hash_ctx *)(void *)f[i].bytes

#define MODES(X, NAME, CIPHER)                                                                 \
    X(NAME##_ecb_encrypt, 1, 0, oc_ecb_encrypt(CIPHER, B(0), B(1), out, S(1)))                 \
    X(NAME##_ecb_decrypt, 1, 0, oc_ecb_decrypt(CIPHER, B(0), B(1), out, S(1)))                 \
    X(NAME##_cbc_encrypt, 2, 0, oc_cbc_encrypt(CIPHER, B(0), B(1), B(2), out, S(2)))           \
    X(NAME##_cbc_decrypt, 2, 0, oc_cbc_decrypt(CIPHER, B(0), B(1), B(2), out, S(2)))           \
    X(NAME##_cmac, -1, 16, oc_cmac(CIPHER, B(0), B(1), S(1), out))                             \
    X(NAME##_ctr, 2, 0, oc_ctr(CIPHER, B(0), B(1), B(2), out, S(2)))

#define HASHES(X, NAME, HASH_OF)                                                               \
    X(NAME, -1, 32, oc_hash_digest(HASH_OF, B(0), S(0), out))                                  \
    X(hmac_##NAME, -1, 32, oc_hmac(HASH_OF, B(0), S(0), B(1), S(1), out))                      \
    X(NAME##_start, -1, sizeof(oc_hash_ctx), oc_hash_init(HASH_OF, (oc_hash_ctx *)(void *)out)) \
    X(NAME##_update, -1, 0, oc_hash_update(HASH_OF, HASH(0), B(1), S(1)))                      \
    X(NAME##_finish, -1, 32, oc_hash_final(HASH_OF, HASH(0), out))

// What returns nothing.
#define ACTIONS(X)                                                                             \
    HASHES(X, sm3, &oc_sm3)                                                                    \
    HASHES(X, sha256, &oc_sha256)                                                              \
    X(sm3_kdf, 1, 0, oc_hash_kdf(&oc_sm3, B(0), S(0), out, S(1)))                              \
    MODES(X, sm4, &oc_sm4)                                                                     \
    MODES(X, aes, &oc_aes)                                                                     \
    X(sm4_cbc_mac, -1, 16, oc_cbc_mac(&oc_sm4, B(0), B(1), B(2), S(2), out))                   \
    X(sm4_ccm_seal, 3, 16, oc_ccm_seal(&oc_sm4, B(0), B(1), B(2), S(2), B(3), S(3), out))      \
    X(pboc_session_key, -1, 8, oc_pboc_session_key(B(0), B(1), out))                           \
    X(pboc_mac, -1, 4, oc_pboc_mac(B(0), B(1), S(1), out))                                     \
    X(pboc_tac, -1, 4, oc_pboc_tac(B(0), B(1), S(1), out))                                     \
    X(mac_alg3, -1, 8, oc_mac_alg3(B(0), B(1), B(2), S(2), out))                               \
    X(diversify_des, -1, 16, oc_diversify_des(B(0), B(1), out))                                \
    X(diversify_sm4, -1, 16, oc_diversify_sm4(B(0), B(1), out))                                \
    X(sm2_z, -1, 32, oc_sm2_z(B(0), B(1), S(1), out))                                          \
    X(sm2_digest, -1, 32, oc_sm2_digest(B(0), B(2), S(2), B(1), S(1), out))                    \
    X(wipe, 0, 0, oc_wipe(memcpy(out, B(0), S(0)), S(0)))

// What returns a number.
#define RESULTS(X)                                                                             \
    X(crc_a, -1, 0, oc_crc_a(INIT(uint16_t), B(0), S(0)))                                      \
    X(crc_b, -1, 0, oc_crc_b(INIT(uint16_t), B(0), S(0)))                                      \
    X(crc_ccitt, -1, 0, oc_crc_ccitt(INIT(uint16_t), B(0), S(0)))                              \
    X(crc32, -1, 0, oc_crc32(INIT(uint32_t), B(0), S(0)))                                      \
    X(sm4_ccm_open, 3, -16,                                                                    \
      oc_ccm_open(&oc_sm4, B(0), B(1), B(2), S(2), B(3), S(3) - 16, out))                      \
    X(des_ecb_encrypt, 1, 0, oc_des_ecb_encrypt(B(0), S(0), B(1), out, S(1)))                  \
    X(des_ecb_decrypt, 1, 0, oc_des_ecb_decrypt(B(0), S(0), B(1), out, S(1)))                  \
    X(sm2_public_key, -1, 64, oc_sm2_public_key(B(0), out))                                    \
    X(sm2_point, -1, 64, oc_sm2_point(B(0), S(0), out))                                        \
    X(sm2_sign, -1, 64, oc_sm2_sign(B(0), B(1), out))                                          \
    X(sm2_verify, -1, 0, oc_sm2_verify(B(0), B(1), B(2)))                                      \
    X(sm2_signature, -1, 64, oc_sm2_from_der(B(0), S(0), out))                                 \
    X(sm2_signature_der, -1, 72, (int64_t)oc_sm2_to_der(B(0), out))                            \
    X(equal, -1, 0, S(0) == S(1) && oc_equal(B(0), B(1), S(0)))

#define ACTION(NAME, LIKE, PLUS, ...)                         \
    static int64_t run_##NAME(const field *f, uint8_t *out) { \
        (void)f;                                              \
        (void)out;                                            \
        __VA_ARGS__;                                          \
        return 0;                                             \
    }
#define RESULT(NAME, LIKE, PLUS, ...)                         \
    static int64_t run_##NAME(const field *f, uint8_t *out) { \
        (void)out;                                            \
        return __VA_ARGS__;                                   \
    }
#define ROW(NAME, LIKE, PLUS, ...) {#NAME, LIKE, PLUS, run_##NAME},

ACTIONS(ACTION)
RESULTS(RESULT)
static const call calls[] = {ACTIONS(ROW) RESULTS(ROW)};

static uint8_t *copy(const void *bytes, size_t size) {
    uint8_t *made = malloc(size);
    if (size != 0) {
        memcpy(made, bytes, size);
    }
    return made;
}

static field parse(const char *word, const field *first, const field *last) {
    field f = {NULL, 0, 0};
    if (strcmp(word, "$0") == 0) {  // the very memory: functions run on in it
        f = *first;
        f.is_borrowed = 1;
        return f;
    }
    if (word[0] == '$') {
        f.size = last->size;
        f.bytes = last->bytes == NULL ? NULL : copy(last->bytes, f.size);
        return f;
    }
    if (word[0] == '#') {
        f.size = strtoul(word + 1, NULL, 10);
        return f;
    }
    f.size = word[0] == '-' ? 0 : strlen(word) / 2;
    f.bytes = malloc(f.size);
    for (size_t i = 0; i < f.size; i++) {
        const char digits[3] = {word[2 * i], word[2 * i + 1], '\0'};
        f.bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return f;
}

// Moves an argument and lays the output over it: `shift` bytes behind its start, in one memory no
// bigger than both. Returns that memory.
static uint8_t *overlay(field *f, long shift, field *out) {
    const size_t before = shift < 0 ? (size_t)-shift : 0;
    const size_t at = shift > 0 ? (size_t)shift : 0;
    const size_t size = before + f->size > at + out->size ? before + f->size : at + out->size;
    uint8_t *memory = malloc(size);
    memset(memory, FILL, size);
    memcpy(memory + before, f->bytes, f->size);
    free(f->bytes);
    free(out->bytes);
    f->bytes = memory + before;
    f->is_borrowed = 1;
    out->bytes = memory + at;
    return memory;
}

static int is_expected(const field *out, const char *expected, const uint8_t *before) {
    int good = 1;
    if (strcmp(expected, "?") == 0) {
        return 1;
    }
    if (strcmp(expected, "same") == 0 || strcmp(expected, "zero") == 0) {
        for (size_t i = 0; i < out->size; i++) {
            good &= out->bytes[i] == (expected[0] == 's' ? before[i] : 0);
        }
        return good;
    }
    const field want = parse(expected, NULL, NULL);
    good = want.size <= out->size && memcmp(out->bytes, want.bytes, want.size) == 0;
    free(want.bytes);
    return good;
}

// Runs one line. Returns 1 if it holds.
static int holds(char *line, field *first, field *last) {
    field fields[MAX_FIELDS] = {{NULL, 0, 0}};
    size_t count = 0, which = 0;
    const char *name = strtok(line, " \n");
    const char *returned = strtok(NULL, " \n");
    const char *over = strtok(NULL, " \n"), *expected = strtok(NULL, " \n");
    while (strcmp(calls[which].name, name) != 0) {
        if (++which == sizeof(calls) / sizeof(calls[0])) {
            return 0;
        }
    }
    for (char *word; count < MAX_FIELDS && (word = strtok(NULL, " \n")) != NULL;) {
        fields[count++] = parse(word, first, last);
    }
    const call *c = &calls[which];
    field out = {NULL, (c->like < 0 ? 0 : fields[c->like].size) + (size_t)c->plus, 0};
    out.bytes = malloc(out.size);
    memset(out.bytes, FILL, out.size);
    uint8_t *memory = out.bytes;
    if (over[0] != '-') {
        memory = overlay(&fields[over[0] - '0'], strtol(over + 2, NULL, 10), &out);
    }
    uint8_t *before = copy(out.bytes, out.size);
    const int64_t result = c->run(fields, out.bytes);
    const int good = (returned[0] == '?' || result == strtoll(returned, NULL, 10)) &&
                     is_expected(&out, expected, before);
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].is_borrowed) {
            free(fields[i].bytes);
        }
    }
    free(last->bytes);
    *last = (field){NULL, (size_t)result, 0};
    if (c->like >= 0 || c->plus != 0) {
        *last = (field){copy(out.bytes, out.size), out.size, 0};
    }
    if (strstr(name, "_start") != NULL) {
        free(first->bytes);
        *first = out;
        memory = NULL;
    }
    free(memory);
    free(before);
    return good;
}

// The million-step vector of GM/T 0002-2012 A.2 under one key schedule, there and back.
static int million(void) {
    static const uint8_t start[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
                                      0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10};
    static const uint8_t end[16] = {0x59, 0x52, 0x98, 0xC7, 0xC6, 0xFD, 0x27, 0x1F,
                                    0x04, 0x02, 0xF8, 0x04, 0xC3, 0x3D, 0x3F, 0x66};
    uint8_t block[16];
    oc_cipher_ctx ctx;
    memcpy(block, start, 16);
    oc_sm4.set_encrypt_key(&ctx, start);
    for (int i = 0; i < 1000000; i++) {
        oc_sm4.encrypt(&ctx, block, block, 1);
    }
    const int good = memcmp(block, end, 16) == 0;
    oc_sm4.set_decrypt_key(&ctx, start);
    for (int i = 0; i < 1000000; i++) {
        oc_sm4.decrypt(&ctx, block, block, 1);
    }
    return good && memcmp(block, start, 16) == 0;
}

int main(void) {
    field first = {NULL, 0, 0}, last = {NULL, 0, 0};
    char *line = NULL;
    size_t room = 0;
    int count = 0, failed = 0;
    while (getline(&line, &room, stdin) > 0) {
        char text[100] = {0};
        memcpy(text, line, strnlen(line, sizeof(text) - 1));
        text[strcspn(text, "\n")] = '\0';
        count++;
        if (!holds(line, &first, &last)) {
            printf("failed: %s\n", text);
            failed++;
        }
    }
    if (!million()) {
        printf("failed: the million SM4 blocks\n");
        failed++;
    }
    free(line);
    free(first.bytes);
    free(last.bytes);
    printf("%d calls and a million SM4 blocks, %d failed\n", count, failed);
    return failed != 0 || count == 0;
}
