// oc_pboc: what a PBOC purse computes with DES (JR/T 0025, formerly PBOC 2.0 part 1).
// TIME DEPENDS ON SECRETS through oc_des (table look-ups by key and data).
// The caller owns all memory: no allocation, no mutable statics, reentrant.
#ifndef OC_PBOC_H
#define OC_PBOC_H

#include <stddef.h>
#include <stdint.h>

#define OC_PBOC_MAC_SIZE 4  // bytes of a MAC or TAC on a card

// Session key of one transaction: two-key 3DES of one block (random, serials). out may be block.
void oc_pboc_session_key(const uint8_t key[16], const uint8_t block[8], uint8_t out[8]);

// MAC: DES-CBC from a zero IV over data with ISO/IEC 9797-1 padding 2 (80, then zeros to a
// full block, always), left 4 bytes of the last block.
void oc_pboc_mac(const uint8_t key[8], const uint8_t *data, size_t size, uint8_t mac[4]);

// TAC: the MAC above under the left half of dtk XOR its right half.
void oc_pboc_tac(const uint8_t dtk[16], const uint8_t *data, size_t size, uint8_t tac[4]);

// MAC algorithm 3 of ISO/IEC 9797-1 (retail MAC) with padding 2 and a starting value; all 8
// bytes of it (line protection sends the left 4). mac may be iv.
void oc_mac_alg3(const uint8_t key[16], const uint8_t iv[8], const uint8_t *data, size_t size,
                 uint8_t mac[8]);

#endif
