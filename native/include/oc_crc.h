// oc_crc: CRC_A and CRC_B (ISO/IEC 14443-3 annex B; CRC_B is CRC-16/X-25), CRC-16/CCITT-FALSE
// (CRC-16/IBM-3740), CRC-32 (CRC-32/ISO-HDLC: zip, Ethernet).
// For public data only: look-ups are indexed by the data. A CRC is no MAC.
// All run on: give the result of one call to the next. No allocation, reentrant.
#ifndef OC_CRC_H
#define OC_CRC_H

#include <stddef.h>
#include <stdint.h>

#include "oc_options.h"

#define OC_CRC_A_INIT 0x6363u      // register as loaded, reflected
#define OC_CRC_CCITT_INIT 0xFFFFu  // register as loaded

// Returns CRC_A of data after crc (first call: OC_CRC_A_INIT). Sent low byte first.
uint16_t oc_crc_a(uint16_t crc, const uint8_t *data, size_t size);

// Returns CRC_B of data after crc (first call: 0; the FFFF preset and final XOR are inside).
uint16_t oc_crc_b(uint16_t crc, const uint8_t *data, size_t size);

// Returns CRC-16/CCITT-FALSE of data after crc (first call: OC_CRC_CCITT_INIT). High bit first.
uint16_t oc_crc_ccitt(uint16_t crc, const uint8_t *data, size_t size);

// Returns CRC-32 of data after crc (first call: 0), as zlib's crc32() does.
uint32_t oc_crc32(uint32_t crc, const uint8_t *data, size_t size);

#endif
