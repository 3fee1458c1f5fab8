#include "oc_records.h"

#include <string.h>

#include "oc_cipher.h"
#include "oc_crc.h"
#include "oc_util.h"

#define LEAST 12   // size, kind, seq 2, mac 4, crc 4
#define MOST 200
#define MAC_SIZE 4
#define TAIL_SIZE 8  // mac and crc

// Returns the size of the intact record at data, or 0 if there is none.
static size_t intact(const uint8_t *data, size_t room) {
    const size_t size = room != 0 ? data[0] : 0;
    if (size < LEAST || size > MOST || size > room) {
        return 0;
    }
    return oc_crc32(0, data, size - 4) == oc_load_be32(data + size - 4) ? size : 0;
}

oc_records oc_records_check(const uint8_t *data, size_t size) {
    oc_records done = {0, 0};
    for (size_t one; (one = intact(data + done.size, size - done.size)) != 0; done.count++) {
        done.size += one;
    }
    return done;
}

oc_records oc_records_verify(const uint8_t key[16], uint32_t first_seq,
                             const uint8_t mac_before[4], const uint8_t *data, size_t size) {
    oc_records done = {0, 0};
    oc_cmac_key cmac_key;
    uint8_t text[8 + MOST];  // seq 4, mac before 4, size..body
    oc_cmac_set_key(&oc_sm4, &cmac_key, key);
    memcpy(text + 4, mac_before, MAC_SIZE);
    for (size_t one; (one = intact(data + done.size, size - done.size)) != 0; done.count++) {
        const uint8_t *record = data + done.size;
        const uint32_t seq = first_seq + (uint32_t)done.count;
        uint8_t mac[16];
        oc_store_be32(text, seq);
        memcpy(text + 8, record, one - TAIL_SIZE);
        oc_cmac_with(&oc_sm4, &cmac_key, text, 8 + one - TAIL_SIZE, mac);
        const int is_next = record[2] == (uint8_t)(seq >> 8) && record[3] == (uint8_t)seq;
        if (!is_next || !oc_equal(mac, record + one - TAIL_SIZE, MAC_SIZE)) {
            break;
        }
        memcpy(text + 4, mac, MAC_SIZE);
        done.size += one;
    }
    oc_wipe(&cmac_key, sizeof(cmac_key));
    return done;
}
