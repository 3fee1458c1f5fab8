// SM4 and AES-128. Included by modoc.c alone.

typedef void ecb_mode(const oc_cipher *, const uint8_t *, const uint8_t *, uint8_t *, size_t);
typedef void iv_mode(const oc_cipher *, const uint8_t *, const uint8_t *, const uint8_t *,
                     uint8_t *, size_t);

static mp_obj_t ecb(ecb_mode mode, const oc_cipher *cipher, size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = KEY16(args[0]);
    const mp_buffer_info_t data = whole(args[1], 16);
    uint8_t *out = out_argument(n_args, args, 2, data.len);
    uint8_t *made = room(out, data.len);
    mode(cipher, key, data.buf, made, data.len);
    return take(made, data.len, n_args, args, 2);
}

static mp_obj_t cbc(iv_mode mode, const oc_cipher *cipher, size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = KEY16(args[0]);
    const uint8_t *iv = BYTES(args[1], 16, "iv");
    const mp_buffer_info_t data = whole(args[2], 16);
    uint8_t *out = out_argument(n_args, args, 3, data.len);
    uint8_t *made = room(out, data.len);
    mode(cipher, key, iv, data.buf, made, data.len);
    return take(made, data.len, n_args, args, 3);
}

static mp_obj_t ctr(const oc_cipher *cipher, size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = KEY16(args[0]);
    const uint8_t *counter = BYTES(args[1], 16, "counter");
    const mp_buffer_info_t data = readable(args[2]);
    uint8_t *out = out_argument(n_args, args, 3, data.len);
    uint8_t *made = room(out, data.len);
    oc_ctr(cipher, key, counter, data.buf, made, data.len);
    return take(made, data.len, n_args, args, 3);
}

static mp_obj_t cmac(const oc_cipher *cipher, size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = KEY16(args[0]);
    const mp_buffer_info_t data = readable(args[1]);
    uint8_t *out = out_argument(n_args, args, 2, 16);
    uint8_t mac[16];
    oc_cmac(cipher, key, data.buf, data.len, mac);
    return RESULT(mac, out, 2);
}

/// def sm4_ecb_encrypt(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """SM4 (GM/T 0002-2012), key 16, data a multiple of 16; no padding is added or removed."""
static mp_obj_t sm4_ecb_encrypt(size_t n_args, const mp_obj_t *args) {
    return ecb(oc_ecb_encrypt, &oc_sm4, n_args, args);
}
FUNCTION(sm4_ecb_encrypt, 2, 3);

/// def sm4_ecb_decrypt(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """The other way."""
static mp_obj_t sm4_ecb_decrypt(size_t n_args, const mp_obj_t *args) {
    return ecb(oc_ecb_decrypt, &oc_sm4, n_args, args);
}
FUNCTION(sm4_ecb_decrypt, 2, 3);

/// def sm4_cbc_encrypt(key: Buffer, iv: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """key and iv 16, data a multiple of 16; no padding is added or removed."""
static mp_obj_t sm4_cbc_encrypt(size_t n_args, const mp_obj_t *args) {
    return cbc(oc_cbc_encrypt, &oc_sm4, n_args, args);
}
FUNCTION(sm4_cbc_encrypt, 3, 4);

/// def sm4_cbc_decrypt(key: Buffer, iv: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """The other way."""
static mp_obj_t sm4_cbc_decrypt(size_t n_args, const mp_obj_t *args) {
    return cbc(oc_cbc_decrypt, &oc_sm4, n_args, args);
}
FUNCTION(sm4_cbc_decrypt, 3, 4);

/// def sm4_ctr(key: Buffer, counter: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """Both ways, data of any size. counter: the first block, 16 bytes, big-endian, wraps.
///
///     sm4_ctr(key, counter, buf, buf) works in place and allocates nothing in the C backends.
///     """
static mp_obj_t sm4_ctr(size_t n_args, const mp_obj_t *args) {
    return ctr(&oc_sm4, n_args, args);
}
FUNCTION(sm4_ctr, 3, 4);

/// def sm4_cbc_mac(key: Buffer, iv: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """Plain CBC-MAC, 16 bytes; of no data the iv. Safe only for messages of one fixed size."""
static mp_obj_t sm4_cbc_mac(size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = KEY16(args[0]);
    const uint8_t *iv = BYTES(args[1], 16, "iv");
    const mp_buffer_info_t data = whole(args[2], 16);
    uint8_t *out = out_argument(n_args, args, 3, 16);
    uint8_t mac[16];
    oc_cbc_mac(&oc_sm4, key, iv, data.buf, data.len, mac);
    return RESULT(mac, out, 3);
}
FUNCTION(sm4_cbc_mac, 3, 4);

/// def sm4_cmac(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """CMAC, 16 bytes (GB/T 15852.1-2020 algorithm 5), data of any size."""
static mp_obj_t sm4_cmac(size_t n_args, const mp_obj_t *args) {
    return cmac(&oc_sm4, n_args, args);
}
FUNCTION(sm4_cmac, 2, 3);

/// def sm4_ccm_seal(key: Buffer, nonce: Buffer, aad: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """AEAD_SM4_CCM (RFC 8998): the ciphertext and its 16-byte tag; aad is authenticated only.
///
///     key 16, nonce 12, never twice under one key; aad under 65280 bytes, data under 16 MiB.
///     """
static mp_obj_t sm4_ccm_seal(size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = KEY16(args[0]);
    const uint8_t *nonce = BYTES(args[1], OC_CCM_NONCE_SIZE, "nonce");
    const mp_buffer_info_t aad = shorter(args[2], OC_CCM_AAD_LIMIT, "aad");
    const mp_buffer_info_t data = shorter(args[3], OC_CCM_DATA_LIMIT, "data");
    const size_t size = data.len + OC_CCM_TAG_SIZE;
    uint8_t *out = out_argument(n_args, args, 4, size);
    uint8_t *made = room(out, size);
    oc_ccm_seal(&oc_sm4, key, nonce, aad.buf, aad.len, data.buf, data.len, made);
    return take(made, size, n_args, args, 4);
}
FUNCTION(sm4_ccm_seal, 4, 5);

/// def sm4_ccm_open(key: Buffer, nonce: Buffer, aad: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """What sm4_ccm_seal sealed. ValueError if the tag is wrong; out is zeroed then."""
static mp_obj_t sm4_ccm_open(size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = KEY16(args[0]);
    const uint8_t *nonce = BYTES(args[1], OC_CCM_NONCE_SIZE, "nonce");
    const mp_buffer_info_t aad = shorter(args[2], OC_CCM_AAD_LIMIT, "aad");
    const mp_buffer_info_t data = readable(args[3]);
    if (data.len < OC_CCM_TAG_SIZE) {
        raise_limit("data", "at least ", OC_CCM_TAG_SIZE, " bytes");
    }
    const size_t size = data.len - OC_CCM_TAG_SIZE;
    if (size >= OC_CCM_DATA_LIMIT) {
        raise_limit("data", "under ", OC_CCM_DATA_LIMIT, " bytes");
    }
    uint8_t *out = out_argument(n_args, args, 4, size);
    uint8_t *made = room(out, size);
    if (oc_ccm_open(&oc_sm4, key, nonce, aad.buf, aad.len, data.buf, size, made) != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("tag is wrong"));
    }
    return take(made, size, n_args, args, 4);
}
FUNCTION(sm4_ccm_open, 4, 5);

/// def aes_ecb_encrypt(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """AES-128 (FIPS 197), shapes as sm4_ecb_encrypt; the other modes alike."""
static mp_obj_t aes_ecb_encrypt(size_t n_args, const mp_obj_t *args) {
    return ecb(oc_ecb_encrypt, &oc_aes, n_args, args);
}
FUNCTION(aes_ecb_encrypt, 2, 3);

/// def aes_ecb_decrypt(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """The other way."""
static mp_obj_t aes_ecb_decrypt(size_t n_args, const mp_obj_t *args) {
    return ecb(oc_ecb_decrypt, &oc_aes, n_args, args);
}
FUNCTION(aes_ecb_decrypt, 2, 3);

/// def aes_cbc_encrypt(key: Buffer, iv: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """NIST SP 800-38A, as sm4_cbc_encrypt."""
static mp_obj_t aes_cbc_encrypt(size_t n_args, const mp_obj_t *args) {
    return cbc(oc_cbc_encrypt, &oc_aes, n_args, args);
}
FUNCTION(aes_cbc_encrypt, 3, 4);

/// def aes_cbc_decrypt(key: Buffer, iv: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """The other way."""
static mp_obj_t aes_cbc_decrypt(size_t n_args, const mp_obj_t *args) {
    return cbc(oc_cbc_decrypt, &oc_aes, n_args, args);
}
FUNCTION(aes_cbc_decrypt, 3, 4);

/// def aes_ctr(key: Buffer, counter: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """NIST SP 800-38A, as sm4_ctr."""
static mp_obj_t aes_ctr(size_t n_args, const mp_obj_t *args) {
    return ctr(&oc_aes, n_args, args);
}
FUNCTION(aes_ctr, 3, 4);

/// def aes_cmac(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """CMAC, 16 bytes (RFC 4493), data of any size."""
static mp_obj_t aes_cmac(size_t n_args, const mp_obj_t *args) {
    return cmac(&oc_aes, n_args, args);
}
FUNCTION(aes_cmac, 2, 3);
