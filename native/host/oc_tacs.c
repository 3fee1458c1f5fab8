#include "oc_tacs.h"

#include <string.h>

#include "oc_des.h"
#include "oc_pboc.h"
#include "oc_util.h"

#define FACTOR_SIZE 8

void oc_tacs(const uint8_t dtk[16], int is_master, const uint8_t *items, size_t count,
             size_t text_size, uint8_t *tacs) {
    oc_des_ctx master;  // its schedule is half of what one TAC takes
    uint8_t key[16];
    (void)oc_des_init(&master, dtk, 16);
    memcpy(key, dtk, sizeof(key));
    for (; count != 0; count--, items += FACTOR_SIZE + text_size, tacs += OC_PBOC_MAC_SIZE) {
        if (is_master) {
            oc_des_encrypt(&master, items, key);
            for (size_t i = 0; i < FACTOR_SIZE; i++) {
                key[8 + i] = (uint8_t)~items[i];
            }
            oc_des_encrypt(&master, key + 8, key + 8);
        }
        oc_pboc_tac(key, items + FACTOR_SIZE, text_size, tacs);
    }
    oc_wipe(key, sizeof(key));
    oc_wipe(&master, sizeof(master));
}
