// Constant time, under valgrind: secrets are marked undefined, and memcheck reports each branch
// and each address that depends on one (A. Langley's ctgrind). What may become public is marked so
// by OC_PUBLIC in the core. It sees the machine code of this build on this machine alone.
//
//   ctcheck claims  everything that claims constant time; exit code 1 if something leaks
//   ctcheck leaks   what is known to leak: planted ones, the table look-ups of DES, SM4 and AES;
//                   exit code 1 if one is not noticed
//   ctcheck NAME    that one alone, for valgrind --error-exitcode
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "oc_cipher.h"
#include "oc_des.h"
#include "oc_hmac.h"
#include "oc_sm2.h"
#include "oc_util.h"

#if !defined(OC_CTCHECK)
#error "OC_PUBLIC does nothing without OC_CTCHECK"
#endif

#define SIZE 200

typedef struct {
    uint8_t key[32], other[32], data[SIZE], out[SIZE + 16];
    uint8_t public_bytes[16];
} memory;

typedef struct {
    const char *name;
    void (*run)(memory *m);
} check;

static volatile unsigned seen;

#define RUN(NAME, ...)                   \
    static void run_##NAME(memory *m) { \
        __VA_ARGS__;                    \
    }
#define ROW(NAME, ...) {#NAME, run_##NAME},

#define ECB(NAME, CIPHER)                                                            \
    X(NAME##_ecb_encrypt, oc_ecb_encrypt(CIPHER, m->key, m->data, m->out, 160))      \
    X(NAME##_ecb_decrypt, oc_ecb_decrypt(CIPHER, m->key, m->data, m->out, 160))

// The IV, counter and nonce are public; the sizes, too.
#define HASHES(NAME, HASH)                                                           \
    X(NAME, oc_hash_digest(HASH, m->data, SIZE, m->out))                             \
    X(hmac_##NAME, oc_hmac(HASH, m->key, 32, m->data, SIZE, m->out))                 \
    X(hmac_##NAME##_long_key, oc_hmac(HASH, m->data, SIZE, m->data, SIZE, m->out))   \
    X(NAME##_kdf, oc_hash_kdf(HASH, m->key, 32, m->out, SIZE))

#define ALWAYS                                                                       \
    X(equal, int same = oc_equal(m->key, m->other, 32);                              \
      OC_PUBLIC(&same, sizeof(same)); seen += (unsigned)same)                        \
    X(wipe, oc_wipe(m->key, 32))                                                     \
    X(xor, oc_xor(m->out, m->data, m->data + 1, SIZE - 1))                           \
    HASHES(sm3, &oc_sm3)                                                             \
    HASHES(sha256, &oc_sha256)                                                       \
    X(sm2_public_key, seen += (unsigned)oc_sm2_public_key(m->key, m->out))           \
    X(sm2_sign, seen += (unsigned)oc_sm2_sign(m->key, m->other, m->out))

// Planted, and what the headers say of tables.
#define LEAKY                                                                        \
    X(planted_branch, if ((m->key[5] & 4u) != 0) { seen++; })                        \
    X(planted_lookup, seen += m->public_bytes[m->key[7] & 15u])                      \
    X(planted_in_signature, oc_sm2_sign(m->key, m->other, m->out);                   \
      if (m->out[40] == 3) { seen++; })                                              \
    X(des_key_schedule, oc_des_ctx ctx; seen += (unsigned)oc_des_init(&ctx, m->key, 16);      \
      oc_des_encrypt(&ctx, m->public_bytes, m->out))                                 \
    X(des_data, seen += (unsigned)oc_des_ecb_encrypt(m->public_bytes, 8, m->data, m->out, 64))

#define CLAIMED ALWAYS
#define LEAKING LEAKY ECB(sm4, &oc_sm4) ECB(aes, &oc_aes)

#define X RUN
CLAIMED
LEAKING
#undef X
#define X ROW
static const check claims[] = {CLAIMED};
static const check leaks[] = {LEAKING};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

// Runs one with all but public_bytes secret. Returns how often memcheck complained.
static unsigned complaints(const check *c) {
    memory m;
    for (size_t i = 0; i < sizeof(m); i++) {
        ((uint8_t *)&m)[i] = (uint8_t)(7 * i + 1);
    }
    (void)VALGRIND_MAKE_MEM_UNDEFINED(m.key, offsetof(memory, public_bytes));
    const unsigned before = (unsigned)VALGRIND_COUNT_ERRORS;
    c->run(&m);
    const unsigned after = (unsigned)VALGRIND_COUNT_ERRORS;
    (void)VALGRIND_MAKE_MEM_DEFINED(&m, sizeof(m));
    return after - before;
}

// Returns how many of them leak.
static size_t run_all(const check *list, size_t count, int is_right) {
    size_t leaking = 0;
    for (size_t i = 0; i < count; i++) {
        const unsigned found = complaints(&list[i]);
        leaking += found != 0;
        if ((found == 0) != is_right) {
            printf("%s %s\n", list[i].name, is_right ? "LEAKS" : "is NOT SEEN to leak");
        }
    }
    return leaking;
}

static int run_one(const char *name, const check *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return (void)complaints(&list[i]), 1;
        }
    }
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    size_t leaking;
    if (!RUNNING_ON_VALGRIND) {
        fprintf(stderr, "ctcheck shows nothing unless valgrind runs it\n");
        return 2;
    }
    if (strcmp(what, "claims") == 0) {
        leaking = run_all(claims, COUNT(claims), 1);
        printf("%zu functions of secrets, %zu leak\n", COUNT(claims), leaking);
        return leaking != 0;
    }
    if (strcmp(what, "leaks") == 0) {
        leaking = run_all(leaks, COUNT(leaks), 0);
        printf("%zu known leaks, %zu noticed\n", COUNT(leaks), leaking);
        return leaking != COUNT(leaks);
    }
    return run_one(what, claims, COUNT(claims)) || run_one(what, leaks, COUNT(leaks)) ? 0 : 2;
}
