#include <string.h>

#include "oc_sm2.h"

#define SEQUENCE 0x30
#define INTEGER 0x02

// One INTEGER of at most 32 bytes of value at der, into number. Returns the bytes it takes, or 0
// if it is none in DER: no more than `room` bytes, not empty, not negative, no spare zero.
static size_t read_integer(const uint8_t *der, size_t room, uint8_t number[32]) {
    if (room < 3 || der[0] != INTEGER || der[1] == 0 || der[1] > 33 || der[1] > room - 2) {
        return 0;
    }
    const uint8_t *value = der + 2;
    size_t size = der[1];
    if ((value[0] & 0x80u) != 0) {
        return 0;
    }
    if (value[0] == 0 && size > 1) {
        if ((value[1] & 0x80u) == 0) {
            return 0;
        }
        value++;
        size--;
    }
    if (size > 32) {
        return 0;
    }
    memset(number, 0, 32);
    memcpy(number + 32 - size, value, size);
    return 2u + der[1];
}

int oc_sm2_from_der(const uint8_t *der, size_t size, uint8_t signature[64]) {
    uint8_t numbers[64];
    if (size < 2 || size > OC_SM2_DER_SIZE || der[0] != SEQUENCE || der[1] != size - 2) {
        return OC_SM2_BAD_DER;
    }
    const size_t first = read_integer(der + 2, size - 2, numbers);
    if (first == 0) {
        return OC_SM2_BAD_DER;
    }
    const size_t rest = size - 2 - first;
    if (rest == 0 || read_integer(der + 2 + first, rest, numbers + 32) != rest) {
        return OC_SM2_BAD_DER;
    }
    memcpy(signature, numbers, 64);
    return 0;
}

// Returns the bytes written, 3..35.
static size_t write_integer(uint8_t *der, const uint8_t number[32]) {
    size_t skipped = 0;
    while (skipped < 31 && number[skipped] == 0) {
        skipped++;
    }
    const size_t size = 32 - skipped;
    const size_t zero = number[skipped] >> 7;
    der[0] = INTEGER;
    der[1] = (uint8_t)(size + zero);
    der[2] = 0;
    memcpy(der + 2 + zero, number + skipped, size);
    return 2 + zero + size;
}

size_t oc_sm2_to_der(const uint8_t signature[64], uint8_t der[72]) {
    size_t size = 2;
    size += write_integer(der + size, signature);
    size += write_integer(der + size, signature + 32);
    der[0] = SEQUENCE;
    der[1] = (uint8_t)(size - 2);
    return size;
}
