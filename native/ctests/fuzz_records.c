// Runs of journal records: any bytes, and runs made right and then damaged in one bit. What is
// found right is checked again with a CRC and a MAC computed another way.
#include "fuzz.h"
#include "oc_cipher.h"
#include "oc_crc.h"
#include "oc_records.h"
#include "oc_util.h"

#define LEAST 12
#define MOST 200
#define RUN 24  // records

static uint32_t slow_crc32(const uint8_t *data, size_t size) {
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < 8 * size; i++) {
        crc ^= (uint32_t)(data[i / 8] >> i % 8 & 1u);
        crc = crc >> 1 ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
    }
    return ~crc;
}

// The MAC of a record: CMAC of seq, the MAC before and the record up to its MAC.
static void mac_of(const uint8_t key[16], uint32_t seq, const uint8_t before[4],
                   const uint8_t *record, uint8_t mac[16]) {
    uint8_t text[8 + MOST];
    oc_store_be32(text, seq);
    memcpy(text + 4, before, 4);
    memcpy(text + 8, record, record[0] - 8u);
    oc_cmac(&oc_sm4, key, text, record[0], mac);
}

// Counts like oc_records_check (key NULL) or oc_records_verify.
static oc_records count(const uint8_t *key, uint32_t seq, const uint8_t before[4],
                        const uint8_t *data, size_t size) {
    oc_records done = {0, 0};
    while (done.size < size) {
        const uint8_t *r = data + done.size;
        uint8_t mac[16];
        if (r[0] < LEAST || r[0] > MOST || r[0] > size - done.size ||
            slow_crc32(r, r[0] - 4u) != oc_load_be32(r + r[0] - 4)) {
            break;
        }
        if (key != NULL) {
            mac_of(key, seq, before, r, mac);
            if (r[2] != (seq >> 8 & 0xFFu) || r[3] != (seq & 0xFFu) ||
                memcmp(mac, r + r[0] - 8, 4) != 0) {
                break;
            }
        }
        before = r + r[0] - 8;
        seq++;
        done.count++;
        done.size += r[0];
    }
    return done;
}

static void check(const uint8_t *key, uint32_t seq, const uint8_t *before, const uint8_t *data,
                  size_t size) {
    const oc_records intact = oc_records_check(data, size);
    const oc_records slow = count(NULL, 0, before, data, size);
    EXPECT(intact.count == slow.count && intact.size == slow.size && intact.size <= size);
    const oc_records right = oc_records_verify(key, seq, before, data, size);
    const oc_records twin = count(key, seq, before, data, size);
    EXPECT(right.count == twin.count && right.size == twin.size && right.count <= intact.count);
}

// A run made of the input: a size and as many bytes of each. Returns its size.
static size_t make(fuzz_input *in, const uint8_t *key, uint32_t seq, const uint8_t *before,
                   uint8_t *run, size_t *records) {
    size_t size = 0;
    for (*records = 0; *records < RUN && in->size > 1; ++*records, seq++) {
        uint8_t *r = run + size, mac[16];
        const size_t one = LEAST + take_number(in, 1) % (MOST - LEAST + 1);
        for (size_t i = 0; i < one; i++) {
            r[i] = (uint8_t)take_number(in, 1);
        }
        r[0] = (uint8_t)one;
        r[2] = (uint8_t)(seq >> 8);
        r[3] = (uint8_t)seq;
        mac_of(key, seq, before, r, mac);
        memcpy(r + one - 8, mac, 4);
        oc_store_be32(r + one - 4, slow_crc32(r, one - 4));
        before = r + one - 8;
        size += one;
    }
    return size;
}

// Flips a bit of a right run. With a CRC that is right again, the MAC alone stands against it.
static void damage_bit(const uint8_t *key, uint32_t seq, const uint8_t *before, uint8_t *run,
                       size_t size, size_t bit) {
    const size_t at = bit / 8 % size;
    run[at] ^= (uint8_t)(1u << bit % 8);
    EXPECT(oc_records_verify(key, seq, before, run, size).size <= at);
    check(key, seq, before, run, size);
    size_t start = 0;
    while (start != at && start + run[start] <= at) {
        start += run[start];
    }
    if (start != at) {  // not the size itself
        oc_store_be32(run + start + run[start] - 4, slow_crc32(run + start, run[start] - 4u));
        check(key, seq, before, run, size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size, {NULL}, 0};
    uint8_t *key = take(&in, 16), *before = take(&in, 4);
    const uint32_t seq = (uint32_t)take_number(&in, 4);
    const size_t damage = take_number(&in, 2);
    const fuzz_input rest = in;
    uint8_t *raw = take(&in, in.size);
    check(key, seq, before, raw, rest.size);
    in.data = rest.data;
    in.size = rest.size;
    uint8_t *made = room(&in, RUN * MOST);
    size_t records;
    const size_t made_size = make(&in, key, seq, before, made, &records);
    uint8_t *run = room(&in, made_size);
    memcpy(run, made, made_size);
    EXPECT(oc_records_verify(key, seq, before, run, made_size).count == records);
    if (made_size != 0) {
        damage_bit(key, seq, before, run, made_size, damage);
    }
    release(&in);
    return 0;
}
