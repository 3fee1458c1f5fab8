// oc_sha256_x86: SHA-256 with the SHA instructions of x86 processors, found at run time. For
// oc_sha256.c alone.
#ifndef OC_SHA256_X86_H
#define OC_SHA256_X86_H

#include <stddef.h>
#include <stdint.h>

// Returns 1 if this processor has the instructions, else 0.
int oc_sha256_x86_is_there(void);

// As the compression of oc_sha256.c. k: its 64 constants.
void oc_sha256_x86(uint32_t state[8], const uint32_t k[64], const uint8_t *blocks, size_t count);

#endif
