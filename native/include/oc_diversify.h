// oc_diversify: a card's key from a master key. Several levels (root, city, card) are applied
// one after the other: the result of one is the master key of the next.
// TIME DEPENDS ON SECRETS through oc_des and oc_sm4 (table look-ups by key and data).
// The caller owns all memory: no allocation, no mutable statics, reentrant.
#ifndef OC_DIVERSIFY_H
#define OC_DIVERSIFY_H

#include <stdint.h>

// 3DES scheme of PBOC cards: 3DES(master, factor) then 3DES(master, NOT factor).
// factor: the right-most 8 bytes of the card number, or an issuer code. out may be master.
void oc_diversify_des(const uint8_t master[16], const uint8_t factor[8], uint8_t out[16]);

// SM4 scheme: one SM4 block, factor then NOT factor. out may be master.
void oc_diversify_sm4(const uint8_t master[16], const uint8_t factor[8], uint8_t out[16]);

#endif
