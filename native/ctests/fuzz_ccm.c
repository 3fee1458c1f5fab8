// CCM with SM4 and AES: what was sealed opens to itself; with a bit changed anywhere (text, tag,
// aad, nonce, key) it is refused and nothing comes out; what opens, sealed again, is the same.
#include "fuzz.h"
#include "oc_cipher.h"

typedef struct {
    uint8_t *key, *nonce, *aad, *data;
    size_t aad_size, size, damage;
} message;

static int open_sealed(const oc_cipher *cipher, const message *m, const uint8_t *sealed,
                       size_t size, uint8_t *opened) {
    return oc_ccm_open(cipher, m->key, m->nonce, m->aad, m->aad_size, sealed, size, opened);
}

static void round_trip(fuzz_input *in, const oc_cipher *cipher, const message *m) {
    const size_t sealed_size = m->size + OC_CCM_TAG_SIZE;
    uint8_t *sealed = room(in, sealed_size), *opened = room(in, m->size);
    oc_ccm_seal(cipher, m->key, m->nonce, m->aad, m->aad_size, m->data, m->size, sealed);
    EXPECT(open_sealed(cipher, m, sealed, m->size, opened) == 0);
    EXPECT(m->size == 0 || memcmp(opened, m->data, m->size) == 0);

    uint8_t *parts[] = {sealed, m->aad, m->nonce, m->key};
    const size_t sizes[] = {sealed_size, m->aad_size, OC_CCM_NONCE_SIZE, OC_BLOCK_SIZE};
    size_t bit = m->damage % (8 * (sealed_size + m->aad_size + OC_CCM_NONCE_SIZE + OC_BLOCK_SIZE));
    size_t part = 0;
    for (; bit >= 8 * sizes[part]; part++) {
        bit -= 8 * sizes[part];
    }
    parts[part][bit / 8] ^= (uint8_t)(1u << bit % 8);
    EXPECT(open_sealed(cipher, m, sealed, m->size, opened) == -1);
    EXPECT(is_filled(opened, m->size, 0));
    parts[part][bit / 8] ^= (uint8_t)(1u << bit % 8);
}

// The input as a sealed message, as it came.
static void open_anything(fuzz_input *in, const oc_cipher *cipher, const message *m) {
    if (m->size < OC_CCM_TAG_SIZE) {
        return;
    }
    const size_t size = m->size - OC_CCM_TAG_SIZE;
    uint8_t *opened = room(in, size), *again = room(in, m->size);
    if (open_sealed(cipher, m, m->data, size, opened) == 0) {
        oc_ccm_seal(cipher, m->key, m->nonce, m->aad, m->aad_size, opened, size, again);
        EXPECT(memcmp(again, m->data, m->size) == 0);
    } else {
        EXPECT(is_filled(opened, size, 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size, {NULL}, 0};
    message m;
    m.key = take(&in, OC_BLOCK_SIZE);
    m.nonce = take(&in, OC_CCM_NONCE_SIZE);
    m.damage = take_number(&in, 2);
    m.aad_size = take_number(&in, 1);
    m.aad = take(&in, m.aad_size);
    m.size = in.size;
    m.data = take(&in, in.size);
    round_trip(&in, &oc_sm4, &m);
    round_trip(&in, &oc_aes, &m);
    open_anything(&in, &oc_sm4, &m);
    open_anything(&in, &oc_aes, &m);
    release(&in);
    return 0;
}
