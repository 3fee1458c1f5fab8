#include "oc_crc.h"

#include "oc_util.h"

// A CRC is linear: the entry of a byte is the XOR of the entries of its bits. So each table is
// written as eight numbers (the CRC registers of 01, 02, 04 ... 80) and the compiler fills it.
#define BIT(x, n, value) ((((x) >> (n)) & 1u) * (value))
#define ENTRY(x, b0, b1, b2, b3, b4, b5, b6, b7) \
    (BIT(x, 0, b0) ^ BIT(x, 1, b1) ^ BIT(x, 2, b2) ^ BIT(x, 3, b3) ^ BIT(x, 4, b4) ^ \
     BIT(x, 5, b5) ^ BIT(x, 6, b6) ^ BIT(x, 7, b7)),
#define ROW4(F, x) F((x)) F((x) + 1u) F((x) + 2u) F((x) + 3u)
#define ROW16(F, x) ROW4(F, (x)) ROW4(F, (x) + 4u) ROW4(F, (x) + 8u) ROW4(F, (x) + 12u)
#define ROW64(F, x) ROW16(F, (x)) ROW16(F, (x) + 16u) ROW16(F, (x) + 32u) ROW16(F, (x) + 48u)
#define ROW256(F) ROW64(F, 0u) ROW64(F, 64u) ROW64(F, 128u) ROW64(F, 192u)

#if OC_CRC_TABLE

#define CRC16_BYTE(x) \
    (uint16_t)ENTRY(x, 0x1189u, 0x2312u, 0x4624u, 0x8C48u, 0x1081u, 0x2102u, 0x4204u, 0x8408u)
#define CRC32_BYTE0(x) \
    ENTRY(x, 0x77073096u, 0xEE0E612Cu, 0x076DC419u, 0x0EDB8832u, \
          0x1DB71064u, 0x3B6E20C8u, 0x76DC4190u, 0xEDB88320u)
#define CRC32_BYTE1(x) \
    ENTRY(x, 0x191B3141u, 0x32366282u, 0x646CC504u, 0xC8D98A08u, \
          0x4AC21251u, 0x958424A2u, 0xF0794F05u, 0x3B83984Bu)
#define CRC32_BYTE2(x) \
    ENTRY(x, 0x01C26A37u, 0x0384D46Eu, 0x0709A8DCu, 0x0E1351B8u, \
          0x1C26A370u, 0x384D46E0u, 0x709A8DC0u, 0xE1351B80u)
#define CRC32_BYTE3(x) \
    ENTRY(x, 0xB8BC6765u, 0xAA09C88Bu, 0x8F629757u, 0xC5B428EFu, \
          0x5019579Fu, 0xA032AF3Eu, 0x9B14583Du, 0xED59B63Bu)

OC_TABLE uint16_t oc_crc16_bytes[256] = {ROW256(CRC16_BYTE)};
// Row k: the register after the byte and k zero bytes.
OC_TABLE uint32_t oc_crc32_bytes[4][256] = {
    {ROW256(CRC32_BYTE0)},
    {ROW256(CRC32_BYTE1)},
    {ROW256(CRC32_BYTE2)},
    {ROW256(CRC32_BYTE3)},
};

static uint16_t update16(uint16_t crc, const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        crc = (uint16_t)(crc >> 8 ^ oc_crc16_bytes[(crc ^ data[i]) & 0xFFu]);
    }
    return crc;
}

static uint32_t update32(uint32_t crc, const uint8_t *data, size_t size) {
    for (; size >= 4; size -= 4, data += 4) {  // slicing by 4: four look-ups side by side
        crc ^= (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
               (uint32_t)data[3] << 24;
        crc = oc_crc32_bytes[3][crc & 0xFFu] ^ oc_crc32_bytes[2][crc >> 8 & 0xFFu] ^
              oc_crc32_bytes[1][crc >> 16 & 0xFFu] ^ oc_crc32_bytes[0][crc >> 24];
    }
    while (size-- != 0) {
        crc = crc >> 8 ^ oc_crc32_bytes[0][(crc ^ *data++) & 0xFFu];
    }
    return crc;
}

#else

#define CRC16_NIBBLE(x) (uint16_t)ENTRY(x, 0x1081u, 0x2102u, 0x4204u, 0x8408u, 0u, 0u, 0u, 0u)
#define CRC32_NIBBLE(x) \
    ENTRY(x, 0x1DB71064u, 0x3B6E20C8u, 0x76DC4190u, 0xEDB88320u, 0u, 0u, 0u, 0u)

OC_TABLE uint16_t oc_crc16_nibbles[16] = {ROW16(CRC16_NIBBLE, 0u)};
OC_TABLE uint32_t oc_crc32_nibbles[16] = {ROW16(CRC32_NIBBLE, 0u)};

static uint16_t update16(uint16_t crc, const uint8_t *data, size_t size) {
    uint32_t reg = crc;
    while (size-- != 0) {
        reg ^= *data++;
        reg = reg >> 4 ^ oc_crc16_nibbles[reg & 15u];
        reg = reg >> 4 ^ oc_crc16_nibbles[reg & 15u];
    }
    return (uint16_t)reg;
}

static uint32_t update32(uint32_t crc, const uint8_t *data, size_t size) {
    while (size-- != 0) {
        crc ^= *data++;
        crc = crc >> 4 ^ oc_crc32_nibbles[crc & 15u];
        crc = crc >> 4 ^ oc_crc32_nibbles[crc & 15u];
    }
    return crc;
}

#endif

uint16_t oc_crc_a(uint16_t crc, const uint8_t *data, size_t size) {
    return update16(crc, data, size);
}

uint16_t oc_crc_b(uint16_t crc, const uint8_t *data, size_t size) {
    return (uint16_t)~update16((uint16_t)~crc, data, size);
}

uint32_t oc_crc32(uint32_t crc, const uint8_t *data, size_t size) {
    return ~update32(~crc, data, size);
}
