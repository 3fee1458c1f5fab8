// oc_util: helpers every primitive shares: constant-time compare, wipe, byte order.
// The caller owns all memory: no allocation, no mutable statics, reentrant.
#ifndef OC_UTIL_H
#define OC_UTIL_H

#include <stddef.h>
#include <stdint.h>

// How a constant table is declared. On Xtensa a native module reads wrong values from a
// `static const` table (micropython issue 14429), so there it gets external linkage; that is
// why every table carries the oc_ prefix although only one file uses it.
#if defined(__XTENSA__) && defined(MICROPY_ENABLE_DYNRUNTIME)
#define OC_TABLE const
#else
#define OC_TABLE static const
#endif

// Marks what is made of secrets but no secret itself (a signature, a yes or no), for the check
// under valgrind that secrets steer no branch and no address (ctests/ctcheck.c). Nothing otherwise.
#if defined(OC_CTCHECK)
#include <valgrind/memcheck.h>
#define OC_PUBLIC(pointer, size) ((void)VALGRIND_MAKE_MEM_DEFINED((pointer), (size)))
#else
#define OC_PUBLIC(pointer, size) ((void)0)
#endif

// Returns 1 if the size bytes at a and b are equal, 0 if not. Time depends on size alone.
int oc_equal(const uint8_t *a, const uint8_t *b, size_t size);

// Zeroes size bytes at data; the compiler cannot drop it, even right before the memory dies.
void oc_wipe(void *data, size_t size);

// out = a XOR b, size bytes; out may be a or b. Time depends on size alone.
void oc_xor(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t size);

// The input of a pass that runs forward from in to out: in, or out holding a copy of it if the two
// overlap other than by being the same.
const uint8_t *oc_settle(uint8_t *out, const uint8_t *in, size_t size);

// Byte-wise on purpose: a Cortex-M0+ faults on an unaligned word; other compilers fuse it.
static inline uint32_t oc_load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline void oc_store_be32(uint8_t *p, uint32_t value) {
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

// Rotations by 1..31 bits.
static inline uint32_t oc_rol32(uint32_t value, unsigned bits) {
    return value << bits | value >> (32 - bits);
}

static inline uint32_t oc_ror32(uint32_t value, unsigned bits) {
    return value >> bits | value << (32 - bits);
}

#endif
