// oc_crc: CRC_A and CRC_B (ISO/IEC 14443-3 annex B), CRC-32 (ISO-HDLC: zip, Ethernet).
// For public data only: look-ups are indexed by the data. A CRC is no MAC.
// All three run on: give the result of one call to the next. No allocation, reentrant.
#ifndef OC_CRC_H
#define OC_CRC_H

#include <stddef.h>
#include <stdint.h>

// OC_CRC_TABLE=1 takes byte-wise tables (0.5 KiB + 4 KiB) for hosts; 0 takes nibbles (96 bytes).
#ifndef OC_CRC_TABLE
#define OC_CRC_TABLE 0
#endif

#define OC_CRC_A_INIT 0x6363u  // register as loaded, reflected

// Returns CRC_A of data after crc (first call: OC_CRC_A_INIT). Sent low byte first.
uint16_t oc_crc_a(uint16_t crc, const uint8_t *data, size_t size);

// Returns CRC_B of data after crc (first call: 0; the FFFF preset and final XOR are inside).
uint16_t oc_crc_b(uint16_t crc, const uint8_t *data, size_t size);

// Returns CRC-32 of data after crc (first call: 0), as zlib's crc32() does.
uint32_t oc_crc32(uint32_t crc, const uint8_t *data, size_t size);

#endif
