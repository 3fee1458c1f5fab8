// oc_records: runs of journal records (firmware/ocwire/SPEC.md section 1) checked in one call, for
// hosts that take in thousands at a time.
// The caller owns all memory: no allocation, no mutable statics, reentrant.
#ifndef OC_RECORDS_H
#define OC_RECORDS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t count;  // records that are right, from the start
    size_t size;   // bytes they take
} oc_records;

// Takes whole records with a right size byte and CRC-32 until one is not, or data ends.
oc_records oc_records_check(const uint8_t *data, size_t size);

// The same, and each also with the low 16 bits of its sequence number (first_seq, then counting)
// and with the MAC that chains it to the one before. MACs are compared in constant time.
oc_records oc_records_verify(const uint8_t key[16], uint32_t first_seq,
                             const uint8_t mac_before[4], const uint8_t *data, size_t size);

#endif
