// CRCs. Included by modoc.c alone.

static uint32_t running(size_t n_args, const mp_obj_t *args, uint32_t init, uint32_t limit) {
    return n_args < 2 ? init : ranged(args[1], 0, limit, "crc", "0 to ");
}

/// def crc_a(data: Buffer, crc: int = 0x6363, /) -> int:
///     """CRC_A of ISO/IEC 14443-3 (sent low byte first). Runs on: pass the previous result as crc."""
static mp_obj_t crc_a(size_t n_args, const mp_obj_t *args) {
    const mp_buffer_info_t data = readable(args[0]);
    const uint32_t crc = running(n_args, args, OC_CRC_A_INIT, 0xFFFF);
    return MP_OBJ_NEW_SMALL_INT(oc_crc_a((uint16_t)crc, data.buf, data.len));
}
FUNCTION(crc_a, 1, 2);

/// def crc_b(data: Buffer, crc: int = 0, /) -> int:
///     """CRC_B of ISO/IEC 14443-3, which is CRC-16/X-25 (sent low byte first).
///
///     Runs on as zlib.crc32 does; of nothing it is 0.
///     """
static mp_obj_t crc_b(size_t n_args, const mp_obj_t *args) {
    const mp_buffer_info_t data = readable(args[0]);
    const uint32_t crc = running(n_args, args, 0, 0xFFFF);
    return MP_OBJ_NEW_SMALL_INT(oc_crc_b((uint16_t)crc, data.buf, data.len));
}
FUNCTION(crc_b, 1, 2);

/// def crc_ccitt(data: Buffer, crc: int = 0xFFFF, /) -> int:
///     """CRC-16/CCITT-FALSE (CRC-16/IBM-3740 in the reveng catalogue), high bit first. Runs on."""
static mp_obj_t crc_ccitt(size_t n_args, const mp_obj_t *args) {
    const mp_buffer_info_t data = readable(args[0]);
    const uint32_t crc = running(n_args, args, OC_CRC_CCITT_INIT, 0xFFFF);
    return MP_OBJ_NEW_SMALL_INT(oc_crc_ccitt((uint16_t)crc, data.buf, data.len));
}
FUNCTION(crc_ccitt, 1, 2);

/// def crc32(data: Buffer, crc: int = 0, out: Out = ..., /) -> int:
///     """CRC-32 of zip and Ethernet, the same as zlib.crc32. out: 4 bytes, big-endian."""
static mp_obj_t crc32(size_t n_args, const mp_obj_t *args) {
    const mp_buffer_info_t data = readable(args[0]);
    const uint32_t crc = running(n_args, args, 0, 0xFFFFFFFF);
    uint8_t *out = out_argument(n_args, args, 2, 4);
    const uint32_t sum = oc_crc32(crc, data.buf, data.len);
    if (out == NULL) {
        return mp_obj_new_int_from_uint(sum);
    }
    oc_store_be32(out, sum);
    return args[2];
}
FUNCTION(crc32, 1, 3);
