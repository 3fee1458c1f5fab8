// Hashes, HMAC, KDF. Included by modoc.c alone.

static mp_obj_t hash_digest(const oc_hash *hash, size_t n_args, const mp_obj_t *args) {
    const mp_buffer_info_t data = readable(args[0]);
    uint8_t *out = out_argument(n_args, args, 1, OC_HASH_SIZE);
    uint8_t digest[OC_HASH_SIZE];
    oc_hash_digest(hash, data.buf, data.len, digest);
    return RESULT(digest, out, 1);
}

static mp_obj_t hash_hmac(const oc_hash *hash, size_t n_args, const mp_obj_t *args) {
    const mp_buffer_info_t key = readable(args[0]);
    const mp_buffer_info_t data = readable(args[1]);
    uint8_t *out = out_argument(n_args, args, 2, OC_HASH_SIZE);
    uint8_t mac[OC_HASH_SIZE];
    oc_hmac(hash, key.buf, key.len, data.buf, data.len, mac);
    return RESULT(mac, out, 2);
}

// The state of a running hash is the C context in a bytearray. It is copied in and out, as a
// window of some buffer need not be aligned.
#define STATE(arg) sized((arg), MP_BUFFER_WRITE, sizeof(oc_hash_ctx), "state")

static mp_obj_t hash_start(const oc_hash *hash) {
    oc_hash_ctx ctx;
    uint8_t *state = m_new(uint8_t, sizeof(ctx));
    oc_hash_init(hash, &ctx);
    memcpy(state, &ctx, sizeof(ctx));
    return mp_obj_new_bytearray_by_ref(sizeof(ctx), state);
}

static mp_obj_t hash_update(const oc_hash *hash, mp_obj_t state_in, mp_obj_t data_in) {
    uint8_t *state = STATE(state_in);
    const mp_buffer_info_t data = readable(data_in);
    oc_hash_ctx ctx;
    memcpy(&ctx, state, sizeof(ctx));
    oc_hash_update(hash, &ctx, data.buf, data.len);
    memcpy(state, &ctx, sizeof(ctx));
    oc_wipe(&ctx, sizeof(ctx));
    return mp_const_none;
}

static mp_obj_t hash_finish(const oc_hash *hash, size_t n_args, const mp_obj_t *args) {
    uint8_t *state = STATE(args[0]);
    uint8_t *out = out_argument(n_args, args, 1, OC_HASH_SIZE);
    oc_hash_ctx ctx;
    uint8_t digest[OC_HASH_SIZE];
    memcpy(&ctx, state, sizeof(ctx));
    oc_hash_final(hash, &ctx, digest);
    oc_wipe(state, sizeof(ctx));
    return RESULT(digest, out, 1);
}

/// def sm3(data: Buffer, out: Out = ..., /) -> bytes:
///     """SM3 digest, 32 bytes (GM/T 0004-2012). Time depends on the size alone."""
static mp_obj_t sm3(size_t n_args, const mp_obj_t *args) {
    return hash_digest(&oc_sm3, n_args, args);
}
FUNCTION(sm3, 1, 2);

/// def sm3_start() -> bytearray:
///     """The state (104 bytes, opaque, one backend's own) of an SM3 digest of nothing yet."""
static mp_obj_t sm3_start(void) {
    return hash_start(&oc_sm3);
}
static MP_DEFINE_CONST_FUN_OBJ_0(sm3_start_obj, sm3_start);

/// def sm3_update(state: Out, data: Buffer, /) -> None:
///     """Run on over data."""
static mp_obj_t sm3_update(mp_obj_t state, mp_obj_t data) {
    return hash_update(&oc_sm3, state, data);
}
static MP_DEFINE_CONST_FUN_OBJ_2(sm3_update_obj, sm3_update);

/// def sm3_finish(state: Out, out: Out = ..., /) -> bytes:
///     """The digest of all that was run over, 32 bytes; zeroes the state."""
static mp_obj_t sm3_finish(size_t n_args, const mp_obj_t *args) {
    return hash_finish(&oc_sm3, n_args, args);
}
FUNCTION(sm3_finish, 1, 2);

/// def sha256(data: Buffer, out: Out = ..., /) -> bytes:
///     """SHA-256 digest, 32 bytes (FIPS 180-4). Time depends on the size alone."""
static mp_obj_t sha256(size_t n_args, const mp_obj_t *args) {
    return hash_digest(&oc_sha256, n_args, args);
}
FUNCTION(sha256, 1, 2);

/// def sha256_start() -> bytearray:
///     """As sm3_start."""
static mp_obj_t sha256_start(void) {
    return hash_start(&oc_sha256);
}
static MP_DEFINE_CONST_FUN_OBJ_0(sha256_start_obj, sha256_start);

/// def sha256_update(state: Out, data: Buffer, /) -> None:
///     """As sm3_update."""
static mp_obj_t sha256_update(mp_obj_t state, mp_obj_t data) {
    return hash_update(&oc_sha256, state, data);
}
static MP_DEFINE_CONST_FUN_OBJ_2(sha256_update_obj, sha256_update);

/// def sha256_finish(state: Out, out: Out = ..., /) -> bytes:
///     """As sm3_finish."""
static mp_obj_t sha256_finish(size_t n_args, const mp_obj_t *args) {
    return hash_finish(&oc_sha256, n_args, args);
}
FUNCTION(sha256_finish, 1, 2);

/// def hmac_sm3(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """HMAC-SM3, 32 bytes (GM/T 0042-2015), under a key of any size."""
static mp_obj_t hmac_sm3(size_t n_args, const mp_obj_t *args) {
    return hash_hmac(&oc_sm3, n_args, args);
}
FUNCTION(hmac_sm3, 2, 3);

/// def hmac_sha256(key: Buffer, data: Buffer, out: Out = ..., /) -> bytes:
///     """HMAC-SHA-256, 32 bytes (FIPS 198-1), under a key of any size."""
static mp_obj_t hmac_sha256(size_t n_args, const mp_obj_t *args) {
    return hash_hmac(&oc_sha256, n_args, args);
}
FUNCTION(hmac_sha256, 2, 3);

/// def sm3_kdf(secret: Buffer, size: int, /) -> bytes:
///     """size bytes (1 to 65535) from a secret: the KDF of GB/T 32918.4-2016 5.4.3 over SM3."""
static mp_obj_t sm3_kdf(mp_obj_t secret_in, mp_obj_t size_in) {
    const mp_buffer_info_t secret = readable(secret_in);
    const size_t size = ranged(size_in, 1, 65535, "size", "1 to ");
    uint8_t *made = m_new(uint8_t, size);
    oc_hash_kdf(&oc_sm3, secret.buf, secret.len, made, size);
    return take(made, size, 0, NULL, 0);
}
static MP_DEFINE_CONST_FUN_OBJ_2(sm3_kdf_obj, sm3_kdf);
