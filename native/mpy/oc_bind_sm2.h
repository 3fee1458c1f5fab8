// SM2 signatures. Included by modoc.c alone.

#define POINT(arg) BYTES((arg), OC_SM2_POINT_SIZE, "public key")

// The user id at args[index], or the default one of GM/T 0009-2012 clause 10.
static mp_buffer_info_t user_id(size_t n_args, const mp_obj_t *args, size_t index) {
    if (n_args > index) {
        return shorter(args[index], OC_SM2_ID_LIMIT, "id");
    }
    return (mp_buffer_info_t) {.buf = (void *)"1234567812345678", .len = 16};
}

// Raises ValueError for what oc_sm2_* found wrong with a point or key, if anything.
static void check_point(int trouble, bool is_key) {
    switch (trouble) {
        case OC_SM2_BAD_SIZE:
            raise_limit("point", "33, 64 or ", 65, " bytes");
            break;
        case OC_SM2_BAD_PREFIX:
            mp_raise_ValueError(MP_ERROR_TEXT("point has a wrong prefix"));
            break;
        case OC_SM2_BAD_COORDINATE:
            mp_raise_ValueError(is_key ? MP_ERROR_TEXT("public key coordinate must be under p")
                                       : MP_ERROR_TEXT("point coordinate must be under p"));
            break;
        case OC_SM2_OFF_CURVE:
            mp_raise_ValueError(is_key ? MP_ERROR_TEXT("public key is not on the curve")
                                       : MP_ERROR_TEXT("point is not on the curve"));
            break;
        case OC_SM2_BAD_PRIVATE:
            mp_raise_ValueError(MP_ERROR_TEXT("private key must be 1 to n-2"));
            break;
        default:
            break;
    }
}

// The 32 bytes of a private key in its range.
static const uint8_t *private_key(mp_obj_t arg) {
    const uint8_t *key = BYTES(arg, 32, "private key");
    check_point(oc_sm2_check_private(key), true);
    return key;
}

/// def sm2_public_key(private: Buffer, out: Out = ..., /) -> bytes:
///     """X|Y, 64 bytes, of a private key: 32 bytes of 1 to n-2. Constant time."""
static mp_obj_t sm2_public_key(size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = private_key(args[0]);
    uint8_t *out = out_argument(n_args, args, 1, OC_SM2_POINT_SIZE);
    uint8_t point[OC_SM2_POINT_SIZE];
    (void)oc_sm2_public_key(key, point);
    return RESULT(point, out, 1);
}
FUNCTION(sm2_public_key, 1, 2);

/// def sm2_point(encoded: Buffer, /) -> bytes:
///     """X|Y of 04|X|Y, 02|X, 03|X or X|Y (GB/T 32918.1-2016 4.2.9), checked to be on the curve."""
static mp_obj_t sm2_point(mp_obj_t encoded_in) {
    const mp_buffer_info_t encoded = readable(encoded_in);
    uint8_t point[OC_SM2_POINT_SIZE];
    check_point(oc_sm2_point(encoded.buf, encoded.len, point), false);
    return mp_obj_new_bytes(point, sizeof(point));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sm2_point_obj, sm2_point);

/// def sm2_z(public: Buffer, id: Buffer = b"1234567812345678", out: Out = ..., /) -> bytes:
///     """Z of a signer, 32 bytes (GB/T 32918.2-2016 5.5). public: X|Y; id: under 8192 bytes."""
static mp_obj_t sm2_z(size_t n_args, const mp_obj_t *args) {
    const uint8_t *point = POINT(args[0]);
    const mp_buffer_info_t id = user_id(n_args, args, 1);
    uint8_t *out = out_argument(n_args, args, 2, OC_HASH_SIZE);
    uint8_t z[OC_HASH_SIZE];
    oc_sm2_z(point, id.buf, id.len, z);
    return RESULT(z, out, 2);
}
FUNCTION(sm2_z, 1, 3);

/// def sm2_digest(public: Buffer, message: Buffer, id: Buffer = b"1234567812345678", out: Out = ..., /) -> bytes:
///     """e = SM3(Z | message), 32 bytes: what sm2_sign and sm2_verify take."""
static mp_obj_t sm2_digest(size_t n_args, const mp_obj_t *args) {
    const uint8_t *point = POINT(args[0]);
    const mp_buffer_info_t message = readable(args[1]);
    const mp_buffer_info_t id = user_id(n_args, args, 2);
    uint8_t *out = out_argument(n_args, args, 3, OC_HASH_SIZE);
    uint8_t digest[OC_HASH_SIZE];
    oc_sm2_digest(point, id.buf, id.len, message.buf, message.len, digest);
    return RESULT(digest, out, 3);
}
FUNCTION(sm2_digest, 2, 4);

/// def sm2_sign(private: Buffer, digest: Buffer, out: Out = ..., /) -> bytes:
///     """r|s, 64 bytes (GB/T 32918.2-2016), of e. Constant time; the nonce is that of RFC 6979 section
///     3.2 with HMAC-SM3, so the same inputs give the same signature."""
static mp_obj_t sm2_sign(size_t n_args, const mp_obj_t *args) {
    const uint8_t *key = private_key(args[0]);
    const uint8_t *digest = BYTES(args[1], OC_HASH_SIZE, "digest");
    uint8_t *out = out_argument(n_args, args, 2, OC_SM2_SIGNATURE_SIZE);
    uint8_t signature[OC_SM2_SIGNATURE_SIZE];
    (void)oc_sm2_sign(key, digest, signature);
    return RESULT(signature, out, 2);
}
FUNCTION(sm2_sign, 2, 3);

/// def sm2_verify(public: Buffer, digest: Buffer, signature: Buffer, /) -> bool:
///     """Whether r|s (64 bytes) is the signature of e (32 bytes) by the holder of public, X|Y.
///
///     ValueError if public is no point of the curve. For public values: time depends on them.
///     """
static mp_obj_t sm2_verify(mp_obj_t public_in, mp_obj_t digest_in, mp_obj_t signature_in) {
    const uint8_t *point = POINT(public_in);
    const uint8_t *digest = BYTES(digest_in, OC_HASH_SIZE, "digest");
    const uint8_t *signature = BYTES(signature_in, OC_SM2_SIGNATURE_SIZE, "signature");
    const int outcome = oc_sm2_verify(point, digest, signature);
    check_point(outcome, true);
    return mp_obj_new_bool(outcome == 1);
}
static MP_DEFINE_CONST_FUN_OBJ_3(sm2_verify_obj, sm2_verify);

/// def sm2_signature(der: Buffer, /) -> bytes:
///     """r|s of a signature in DER (X.690 clause 10). ValueError for any other encoding."""
static mp_obj_t sm2_signature(mp_obj_t der_in) {
    const mp_buffer_info_t der = readable(der_in);
    uint8_t signature[OC_SM2_SIGNATURE_SIZE];
    if (oc_sm2_from_der(der.buf, der.len, signature) != 0) {
        mp_raise_ValueError(
            MP_ERROR_TEXT("signature must be strict DER of two integers of 1 to 32 bytes"));
    }
    return mp_obj_new_bytes(signature, sizeof(signature));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sm2_signature_obj, sm2_signature);

/// def sm2_signature_der(signature: Buffer, /) -> bytes:
///     """The other way, 8 to 72 bytes of DER from r|s."""
static mp_obj_t sm2_signature_der(mp_obj_t signature_in) {
    const uint8_t *signature = BYTES(signature_in, OC_SM2_SIGNATURE_SIZE, "signature");
    uint8_t der[OC_SM2_DER_SIZE];
    return mp_obj_new_bytes(der, oc_sm2_to_der(signature, der));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sm2_signature_der_obj, sm2_signature_der);
