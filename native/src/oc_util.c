#include "oc_util.h"

#include <string.h>

int oc_equal(const uint8_t *a, const uint8_t *b, size_t size) {
    uint32_t differences = 0;
    for (size_t i = 0; i < size; i++) {
        differences |= (uint32_t)(a[i] ^ b[i]);
    }
    return (int)((differences - 1) >> 31);  // only 0 - 1 has the top bit: differences <= 255
}

void oc_wipe(void *data, size_t size) {
#if defined(__GNUC__)
    if (size != 0) {  // memset(NULL, 0, 0) is undefined
        memset(data, 0, size);
    }
    __asm__ __volatile__("" : : "r"(data) : "memory");  // "someone reads it": no dead store
#else
    volatile uint8_t *p = data;
    while (size-- != 0) {
        *p++ = 0;
    }
#endif
}

void oc_xor(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        out[i] = a[i] ^ b[i];
    }
}

const uint8_t *oc_settle(uint8_t *out, const uint8_t *in, size_t size) {
    const uintptr_t a = (uintptr_t)out, b = (uintptr_t)in;
    if (a != b && (a - b < size || b - a < size)) {
        memmove(out, in, size);
        return out;
    }
    return in;
}
