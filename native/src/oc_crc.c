#include "oc_crc.h"

#include "oc_util.h"

#if OC_CLMUL
#include "../host/oc_crc_clmul.h"
#endif

#define BIT(x, n, value) ((((x) >> (n)) & 1u) * (value))
#define ROW4(F, x) F((x)) F((x) + 1u) F((x) + 2u) F((x) + 3u)
#define ROW16(F, x) ROW4(F, (x)) ROW4(F, (x) + 4u) ROW4(F, (x) + 8u) ROW4(F, (x) + 12u)

#if OC_CRC_TABLE

#include "oc_crc_rows.h"

// From the registers of the eight bits of a byte to the 256 of all bytes.
#define ENTRY(x, b0, b1, b2, b3, b4, b5, b6, b7) \
    (BIT(x, 0, b0) ^ BIT(x, 1, b1) ^ BIT(x, 2, b2) ^ BIT(x, 3, b3) ^ BIT(x, 4, b4) ^ \
     BIT(x, 5, b5) ^ BIT(x, 6, b6) ^ BIT(x, 7, b7)),
#define EACH16(x, ...)                                                                     \
    ENTRY(x, __VA_ARGS__) ENTRY((x) + 1u, __VA_ARGS__) ENTRY((x) + 2u, __VA_ARGS__)        \
    ENTRY((x) + 3u, __VA_ARGS__) ENTRY((x) + 4u, __VA_ARGS__) ENTRY((x) + 5u, __VA_ARGS__) \
    ENTRY((x) + 6u, __VA_ARGS__) ENTRY((x) + 7u, __VA_ARGS__) ENTRY((x) + 8u, __VA_ARGS__) \
    ENTRY((x) + 9u, __VA_ARGS__) ENTRY((x) + 10u, __VA_ARGS__)                             \
    ENTRY((x) + 11u, __VA_ARGS__) ENTRY((x) + 12u, __VA_ARGS__)                            \
    ENTRY((x) + 13u, __VA_ARGS__) ENTRY((x) + 14u, __VA_ARGS__) ENTRY((x) + 15u, __VA_ARGS__)
#define EACH64(x, ...)                                                                   \
    EACH16(x, __VA_ARGS__) EACH16((x) + 16u, __VA_ARGS__) EACH16((x) + 32u, __VA_ARGS__) \
    EACH16((x) + 48u, __VA_ARGS__)
#define EACH256(...)                                                                  \
    {EACH64(0u, __VA_ARGS__) EACH64(64u, __VA_ARGS__) EACH64(128u, __VA_ARGS__)       \
     EACH64(192u, __VA_ARGS__)},

OC_TABLE uint16_t oc_crc16_tables[8][256] = {
    OC_CRC16_ROW0(EACH256) OC_CRC16_ROW1(EACH256) OC_CRC16_ROW2(EACH256) OC_CRC16_ROW3(EACH256)
    OC_CRC16_ROW4(EACH256) OC_CRC16_ROW5(EACH256) OC_CRC16_ROW6(EACH256) OC_CRC16_ROW7(EACH256)
};
OC_TABLE uint16_t oc_ccitt_tables[8][256] = {
    OC_CCITT_ROW0(EACH256) OC_CCITT_ROW1(EACH256) OC_CCITT_ROW2(EACH256) OC_CCITT_ROW3(EACH256)
    OC_CCITT_ROW4(EACH256) OC_CCITT_ROW5(EACH256) OC_CCITT_ROW6(EACH256) OC_CCITT_ROW7(EACH256)
};
OC_TABLE uint32_t oc_crc32_tables[8][256] = {
    OC_CRC32_ROW0(EACH256) OC_CRC32_ROW1(EACH256) OC_CRC32_ROW2(EACH256) OC_CRC32_ROW3(EACH256)
    OC_CRC32_ROW4(EACH256) OC_CRC32_ROW5(EACH256) OC_CRC32_ROW6(EACH256) OC_CRC32_ROW7(EACH256)
};

// Eight bytes at once, whose look-ups do not wait for each other: row k is for the byte with k
// bytes behind it. The register lies over the first of them.
#define LOOK_UP8(tables, b0, b1, b2, b3)                                                  \
    ((tables)[7][b0] ^ (tables)[6][b1] ^ (tables)[5][b2] ^ (tables)[4][b3] ^              \
     (tables)[3][data[4]] ^ (tables)[2][data[5]] ^ (tables)[1][data[6]] ^ (tables)[0][data[7]])

static uint16_t update16(uint16_t crc, const uint8_t *data, size_t size) {
    for (; size >= 8; size -= 8, data += 8) {
        crc = LOOK_UP8(oc_crc16_tables, (data[0] ^ crc) & 0xFFu, data[1] ^ crc >> 8, data[2],
                       data[3]);
    }
    while (size-- != 0) {
        crc = (uint16_t)(crc >> 8 ^ oc_crc16_tables[0][(crc ^ *data++) & 0xFFu]);
    }
    return crc;
}

static uint16_t update_ccitt(uint16_t crc, const uint8_t *data, size_t size) {
    for (; size >= 8; size -= 8, data += 8) {
        crc = LOOK_UP8(oc_ccitt_tables, data[0] ^ crc >> 8, (data[1] ^ crc) & 0xFFu, data[2],
                       data[3]);
    }
    while (size-- != 0) {
        crc = (uint16_t)(crc << 8 ^ oc_ccitt_tables[0][crc >> 8 ^ *data++]);
    }
    return crc;
}

static uint32_t update32(uint32_t crc, const uint8_t *data, size_t size) {
    for (; size >= 8; size -= 8, data += 8) {
        crc = LOOK_UP8(oc_crc32_tables, (data[0] ^ crc) & 0xFFu, (data[1] ^ crc >> 8) & 0xFFu,
                       (data[2] ^ crc >> 16) & 0xFFu, data[3] ^ crc >> 24);
    }
    while (size-- != 0) {
        crc = crc >> 8 ^ oc_crc32_tables[0][(crc ^ *data++) & 0xFFu];
    }
    return crc;
}

#else

// The same for half bytes: the register after a byte whose low (CCITT: high) half is 0.
#define NIBBLE(x, b0, b1, b2, b3) \
    (BIT(x, 0, b0) ^ BIT(x, 1, b1) ^ BIT(x, 2, b2) ^ BIT(x, 3, b3)),
#define CRC16_NIBBLE(x) NIBBLE(x, 0x1081u, 0x2102u, 0x4204u, 0x8408u)
#define CCITT_NIBBLE(x) NIBBLE(x, 0x1021u, 0x2042u, 0x4084u, 0x8108u)
#define CRC32_NIBBLE(x) NIBBLE(x, 0x1DB71064u, 0x3B6E20C8u, 0x76DC4190u, 0xEDB88320u)

OC_TABLE uint16_t oc_crc16_nibbles[16] = {ROW16(CRC16_NIBBLE, 0u)};
OC_TABLE uint16_t oc_ccitt_nibbles[16] = {ROW16(CCITT_NIBBLE, 0u)};
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

static uint16_t update_ccitt(uint16_t crc, const uint8_t *data, size_t size) {
    uint32_t reg = (uint32_t)crc << 16;  // above, the bits shifted out are gone by themselves
    while (size-- != 0) {
        reg ^= (uint32_t)*data++ << 24;
        reg = reg << 4 ^ (uint32_t)oc_ccitt_nibbles[reg >> 28] << 16;
        reg = reg << 4 ^ (uint32_t)oc_ccitt_nibbles[reg >> 28] << 16;
    }
    return (uint16_t)(reg >> 16);
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

// With a vector unit it takes the whole blocks at the start, and the tables the rest.
#if OC_CLMUL
#define TAKE_BLOCKS(reg, with)                       \
    const size_t part = oc_clmul_part(size);         \
    if (part != 0) {                                 \
        reg = with(reg, data, part);                 \
        data += part;                                \
        size -= part;                                \
    }
#else
#define TAKE_BLOCKS(reg, with)
#endif

uint16_t oc_crc_a(uint16_t crc, const uint8_t *data, size_t size) {
    TAKE_BLOCKS(crc, oc_clmul_crc16)
    return update16(crc, data, size);
}

uint16_t oc_crc_b(uint16_t crc, const uint8_t *data, size_t size) {
    return (uint16_t)~oc_crc_a((uint16_t)~crc, data, size);
}

uint16_t oc_crc_ccitt(uint16_t crc, const uint8_t *data, size_t size) {
    TAKE_BLOCKS(crc, oc_clmul_ccitt)
    return update_ccitt(crc, data, size);
}

uint32_t oc_crc32(uint32_t crc, const uint8_t *data, size_t size) {
    crc = ~crc;
    TAKE_BLOCKS(crc, oc_clmul_crc32)
    return ~update32(crc, data, size);
}
