// What the fuzz harnesses share: the input taken apart into pieces of exact size, so that
// AddressSanitizer sees one byte too far, and EXPECT, whose failure is a finding.
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition)                                                       \
    do {                                                                        \
        if (!(condition)) {                                                     \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                            \
        }                                                                       \
    } while (0)

typedef struct {
    const uint8_t *data;
    size_t size;
    void *pieces[16];
    size_t count;
} fuzz_input;

// Memory of exactly that size, freed by release().
static inline uint8_t *room(fuzz_input *in, size_t size) {
    uint8_t *made = malloc(size);
    EXPECT(made != NULL && in->count < sizeof(in->pieces) / sizeof(in->pieces[0]));
    in->pieces[in->count++] = made;
    memset(made, 0, size);
    return made;
}

// The next bytes of the input, zeros behind its end.
static inline uint8_t *take(fuzz_input *in, size_t size) {
    uint8_t *made = room(in, size);
    const size_t there = size < in->size ? size : in->size;
    if (there != 0) {
        memcpy(made, in->data, there);
    }
    in->data += there;
    in->size -= there;
    return made;
}

static inline size_t take_number(fuzz_input *in, size_t size) {
    size_t number = 0;
    for (; size != 0; size--, in->data += in->size != 0, in->size -= in->size != 0) {
        number = number << 8 | (in->size != 0 ? *in->data : 0u);
    }
    return number;
}

static inline void release(fuzz_input *in) {
    while (in->count != 0) {
        free(in->pieces[--in->count]);
    }
}

static inline int is_filled(const void *data, size_t size, uint8_t value) {
    const uint8_t *bytes = data;
    size_t i = 0;
    while (i < size && bytes[i] == value) {
        i++;
    }
    return i == size;
}

// n of SM2, and p.
#define SM2_ORDER "\xFF\xFF\xFF\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" \
                  "\x72\x03\xDF\x6B\x21\xC6\x05\x2B\x53\xBB\xF4\x09\x39\xD5\x41\x23"
#define SM2_PRIME "\xFF\xFF\xFF\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" \
                  "\xFF\xFF\xFF\xFF\x00\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
