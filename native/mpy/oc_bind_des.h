// DES, and what purses and cards make of it and of SM4. Included by modoc.c alone.

static mp_obj_t des_ecb(int decrypt, size_t n_args, const mp_obj_t *args) {
    const mp_buffer_info_t key = readable(args[0]);
    if (key.len != 8 && key.len != 16 && key.len != 24) {
        raise_limit("key", "8, 16 or ", 24, " bytes");
    }
    const mp_buffer_info_t data = whole(args[1], OC_DES_SIZE);
    uint8_t *out = out_argument(n_args, args, 2, data.len);
    uint8_t *made = room(out, data.len);
    if (decrypt) {
        (void)oc_des_ecb_decrypt(key.buf, key.len, data.buf, made, data.len);
    } else {
        (void)oc_des_ecb_encrypt(key.buf, key.len, data.buf, made, data.len);
    }
    return take(made, data.len, n_args, args, 2);
}

/// def des_ecb_encrypt(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """FIPS 46-3, data a multiple of 8. key: 8 (DES), 16 or 24 bytes (two- or three-key 3DES)."""
static mp_obj_t des_ecb_encrypt(size_t n_args, const mp_obj_t *args) {
    return des_ecb(0, n_args, args);
}
FUNCTION(des_ecb_encrypt, 2, 3);

/// def des_ecb_decrypt(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """The other way."""
static mp_obj_t des_ecb_decrypt(size_t n_args, const mp_obj_t *args) {
    return des_ecb(1, n_args, args);
}
FUNCTION(des_ecb_decrypt, 2, 3);

/// def pboc_session_key(key: Buffer, block: Buffer, out: Out = ..., /) -> bytes:
///     """8 bytes: 3DES under key 16 of one 8-byte block of random and serial numbers (JR/T 0025)."""
static mp_obj_t pboc_session_key(size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = KEY16(args[0]);
    const uint8_t *block = BYTES(args[1], 8, "block");
    uint8_t *out = out_argument(n_args, args, 2, 8);
    uint8_t session_key[8];
    oc_pboc_session_key(key, block, session_key);
    return RESULT(session_key, out, 2);
}
FUNCTION(pboc_session_key, 2, 3);

/// def pboc_mac(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """A purse's MAC1 or MAC2, 4 bytes: DES-CBC under key 8, iv 0, always padding 2 (ISO/IEC 9797-1)."""
static mp_obj_t pboc_mac(size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = BYTES(args[0], 8, "key");
    const mp_buffer_info_t data = readable(args[1]);
    uint8_t *out = out_argument(n_args, args, 2, OC_PBOC_MAC_SIZE);
    uint8_t mac[OC_PBOC_MAC_SIZE];
    oc_pboc_mac(key, data.buf, data.len, mac);
    return RESULT(mac, out, 2);
}
FUNCTION(pboc_mac, 2, 3);

/// def pboc_tac(dtk: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """4 bytes: the MAC above under (left half XOR right half) of dtk, 16 bytes."""
static mp_obj_t pboc_tac(size_t n_args, const mp_obj_t *args) {
    const uint8_t *dtk = KEY16(args[0]);
    const mp_buffer_info_t data = readable(args[1]);
    uint8_t *out = out_argument(n_args, args, 2, OC_PBOC_MAC_SIZE);
    uint8_t tac[OC_PBOC_MAC_SIZE];
    oc_pboc_tac(dtk, data.buf, data.len, tac);
    return RESULT(tac, out, 2);
}
FUNCTION(pboc_tac, 2, 3);

/// def mac_alg3(key: Buffer, iv: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """8 bytes: ISO/IEC 9797-1 MAC algorithm 3, padding 2; key 16, iv 8. Line protection sends the
///     left 4 bytes."""
static mp_obj_t mac_alg3(size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = KEY16(args[0]);
    const uint8_t *iv = BYTES(args[1], 8, "iv");
    const mp_buffer_info_t data = readable(args[2]);
    uint8_t *out = out_argument(n_args, args, 3, 8);
    uint8_t mac[8];
    oc_mac_alg3(key, iv, data.buf, data.len, mac);
    return RESULT(mac, out, 3);
}
FUNCTION(mac_alg3, 3, 4);

/// def diversify_des(master: Buffer, factor: Buffer, out: Out = ..., /) -> bytes:
///     """A card's key, 16 bytes: 3DES(factor) then 3DES(NOT factor); master 16, factor 8."""
static mp_obj_t diversify_des(size_t n_args, const mp_obj_t *args) {
    const uint8_t *master = KEY16(args[0]);
    const uint8_t *factor = BYTES(args[1], 8, "factor");
    uint8_t *out = out_argument(n_args, args, 2, 16);
    uint8_t key[16];
    oc_diversify_des(master, factor, key);
    return RESULT(key, out, 2);
}
FUNCTION(diversify_des, 2, 3);

/// def diversify_sm4(master: Buffer, factor: Buffer, out: Out = ..., /) -> bytes:
///     """The same with SM4, one block: SM4(factor then NOT factor)."""
static mp_obj_t diversify_sm4(size_t n_args, const mp_obj_t *args) {
    const uint8_t *master = KEY16(args[0]);
    const uint8_t *factor = BYTES(args[1], 8, "factor");
    uint8_t *out = out_argument(n_args, args, 2, 16);
    uint8_t key[16];
    oc_diversify_sm4(master, factor, key);
    return RESULT(key, out, 2);
}
FUNCTION(diversify_sm4, 2, 3);
