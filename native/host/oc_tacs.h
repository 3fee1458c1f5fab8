// oc_tacs: the TACs of many transactions (oc_pboc.h) in one call, for hosts that prove them.
// TIME DEPENDS ON SECRETS through oc_des (table look-ups by key and data).
// The caller owns all memory: no allocation, no mutable statics, reentrant.
#ifndef OC_TACS_H
#define OC_TACS_H

#include <stddef.h>
#include <stdint.h>

// items: count times 8 bytes by which a card's key is diversified (oc_diversify.h) and a text of
// text_size bytes. tacs: 4 bytes for each. is_master: 0 if dtk is every card's own.
void oc_tacs(const uint8_t dtk[16], int is_master, const uint8_t *items, size_t count,
             size_t text_size, uint8_t *tacs);

#endif
