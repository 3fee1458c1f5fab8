// oc_crc_clmul: CRCs with the carry-less multiplication of x86 processors, found at run time; the
// tables of oc_crc.c stay for what it leaves and for other processors. For oc_crc.c alone.
#ifndef OC_CRC_CLMUL_H
#define OC_CRC_CLMUL_H

#include <stddef.h>
#include <stdint.h>

#define OC_CLMUL_LEAST 16  // bytes

// Returns how many bytes at the start of data the functions below take: a multiple of 16, 0 where
// the processor cannot.
size_t oc_clmul_part(size_t size);

// The registers after size bytes (of oc_clmul_part) that oc_crc.c's tables would give too.
uint32_t oc_clmul_crc32(uint32_t reg, const uint8_t *data, size_t size);
uint16_t oc_clmul_crc16(uint16_t reg, const uint8_t *data, size_t size);
uint16_t oc_clmul_ccitt(uint16_t reg, const uint8_t *data, size_t size);

#endif
