// The C core as the MicroPython module `_occrypto`: one file for a usermod (linked into the image)
// and a natmod (an .mpy file). It converts and checks arguments and computes nothing. Contracts of
// the functions: native/occrypto/__init__.py, the facade that callers use.
#if defined(MICROPY_ENABLE_DYNRUNTIME)
#include "py/dynruntime.h"
#else
#include "py/runtime.h"
#endif

#include "oc_crc.h"
#include "oc_des.h"
#include "oc_diversify.h"
#include "oc_hmac.h"
#include "oc_pboc.h"
#include "oc_sm3.h"
#include "oc_sm4.h"
#include "oc_util.h"

// A readable buffer of any size. Raises TypeError, also for str, which MicroPython takes for one.
static mp_buffer_info_t any_size(mp_obj_t arg) {
    mp_buffer_info_t buf;
    if (mp_obj_is_str(arg)) {
        mp_raise_TypeError(MP_ERROR_TEXT("object with buffer protocol required"));
    }
    mp_get_buffer_raise(arg, &buf, MP_BUFFER_READ);
    return buf;
}

// The bytes of a buffer that must have that size; otherwise ValueError with the given text.
static const uint8_t *sized(mp_obj_t arg, size_t size, mp_rom_error_text_t text) {
    const mp_buffer_info_t buf = any_size(arg);
    if (buf.len != size) {
        mp_raise_ValueError(text);
    }
    return buf.buf;
}

#define KEY16(arg) sized((arg), 16, MP_ERROR_TEXT("key must be 16 bytes"))
#define IV16(arg) sized((arg), 16, MP_ERROR_TEXT("iv must be 16 bytes"))
#define COUNTER16(arg) sized((arg), 16, MP_ERROR_TEXT("counter must be 16 bytes"))
#define KEY8(arg) sized((arg), 8, MP_ERROR_TEXT("key must be 8 bytes"))
#define IV8(arg) sized((arg), 8, MP_ERROR_TEXT("iv must be 8 bytes"))
#define BLOCK8(arg) sized((arg), 8, MP_ERROR_TEXT("block must be 8 bytes"))
#define FACTOR8(arg) sized((arg), 8, MP_ERROR_TEXT("factor must be 8 bytes"))

static mp_buffer_info_t blocks16(mp_obj_t arg) {
    const mp_buffer_info_t buf = any_size(arg);
    if (buf.len % 16 != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("data must be a multiple of 16 bytes"));
    }
    return buf;
}

static mp_buffer_info_t blocks8(mp_obj_t arg) {
    const mp_buffer_info_t buf = any_size(arg);
    if (buf.len % 8 != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("data must be a multiple of 8 bytes"));
    }
    return buf;
}

// A result as bytes from a scratch block, which is wiped and freed. (Writing straight into a new
// bytes object would leave its cached hash wrong.)
static mp_obj_t take_bytes(uint8_t *scratch, size_t size) {
    const mp_obj_t result = mp_obj_new_bytes(scratch, size);
    oc_wipe(scratch, size);
    m_del(uint8_t, scratch, size);
    return result;
}

// args[1] if given, else init. Raises TypeError unless an int, ValueError unless 0..limit.
static uint32_t running_crc(size_t n_args, const mp_obj_t *args, uint32_t init, uint32_t limit) {
    if (n_args < 2) {
        return init;
    }
    if (!mp_obj_is_int(args[1])) {
        mp_raise_TypeError(MP_ERROR_TEXT("crc must be an int"));
    }
    // compared as objects: a CRC-32 is a big integer on 32-bit ports, and may be any size
    const mp_obj_t top = mp_obj_new_int_from_uint(limit);
    if (mp_obj_is_true(mp_binary_op(MP_BINARY_OP_LESS, args[1], MP_OBJ_NEW_SMALL_INT(0))) ||
        mp_obj_is_true(mp_binary_op(MP_BINARY_OP_MORE, args[1], top))) {
        mp_raise_ValueError(MP_ERROR_TEXT("crc out of range"));
    }
    return (uint32_t)mp_obj_get_int_truncated(args[1]);
}

static mp_obj_t crc_a(size_t n_args, const mp_obj_t *args) {
    const mp_buffer_info_t data = any_size(args[0]);
    const uint32_t crc = running_crc(n_args, args, OC_CRC_A_INIT, 0xFFFF);
    return MP_OBJ_NEW_SMALL_INT(oc_crc_a((uint16_t)crc, data.buf, data.len));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(crc_a_obj, 1, 2, crc_a);

static mp_obj_t crc_b(size_t n_args, const mp_obj_t *args) {
    const mp_buffer_info_t data = any_size(args[0]);
    const uint32_t crc = running_crc(n_args, args, 0, 0xFFFF);
    return MP_OBJ_NEW_SMALL_INT(oc_crc_b((uint16_t)crc, data.buf, data.len));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(crc_b_obj, 1, 2, crc_b);

static mp_obj_t crc32(size_t n_args, const mp_obj_t *args) {
    const mp_buffer_info_t data = any_size(args[0]);
    const uint32_t crc = running_crc(n_args, args, 0, 0xFFFFFFFF);
    return mp_obj_new_int_from_uint(oc_crc32(crc, data.buf, data.len));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(crc32_obj, 1, 2, crc32);

static mp_obj_t sm3(mp_obj_t data_in) {
    const mp_buffer_info_t data = any_size(data_in);
    uint8_t out[32];
    oc_sm3(data.buf, data.len, out);
    return mp_obj_new_bytes(out, sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_1(sm3_obj, sm3);

static mp_obj_t hmac_sm3(mp_obj_t key_in, mp_obj_t data_in) {
    const mp_buffer_info_t key = any_size(key_in);
    const mp_buffer_info_t data = any_size(data_in);
    uint8_t out[32];
    oc_hmac_sm3(key.buf, key.len, data.buf, data.len, out);
    return mp_obj_new_bytes(out, sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_2(hmac_sm3_obj, hmac_sm3);

static mp_obj_t sm4_ecb_encrypt(mp_obj_t key_in, mp_obj_t data_in) {
    const uint8_t *key = KEY16(key_in);
    const mp_buffer_info_t data = blocks16(data_in);
    uint8_t *out = m_new(uint8_t, data.len);
    oc_sm4_ecb_encrypt(key, data.buf, out, data.len);
    return take_bytes(out, data.len);
}
static MP_DEFINE_CONST_FUN_OBJ_2(sm4_ecb_encrypt_obj, sm4_ecb_encrypt);

static mp_obj_t sm4_ecb_decrypt(mp_obj_t key_in, mp_obj_t data_in) {
    const uint8_t *key = KEY16(key_in);
    const mp_buffer_info_t data = blocks16(data_in);
    uint8_t *out = m_new(uint8_t, data.len);
    oc_sm4_ecb_decrypt(key, data.buf, out, data.len);
    return take_bytes(out, data.len);
}
static MP_DEFINE_CONST_FUN_OBJ_2(sm4_ecb_decrypt_obj, sm4_ecb_decrypt);

static mp_obj_t sm4_cbc_encrypt(mp_obj_t key_in, mp_obj_t iv_in, mp_obj_t data_in) {
    const uint8_t *key = KEY16(key_in);
    const uint8_t *iv = IV16(iv_in);
    const mp_buffer_info_t data = blocks16(data_in);
    uint8_t *out = m_new(uint8_t, data.len);
    oc_sm4_cbc_encrypt(key, iv, data.buf, out, data.len);
    return take_bytes(out, data.len);
}
static MP_DEFINE_CONST_FUN_OBJ_3(sm4_cbc_encrypt_obj, sm4_cbc_encrypt);

static mp_obj_t sm4_cbc_decrypt(mp_obj_t key_in, mp_obj_t iv_in, mp_obj_t data_in) {
    const uint8_t *key = KEY16(key_in);
    const uint8_t *iv = IV16(iv_in);
    const mp_buffer_info_t data = blocks16(data_in);
    uint8_t *out = m_new(uint8_t, data.len);
    oc_sm4_cbc_decrypt(key, iv, data.buf, out, data.len);
    return take_bytes(out, data.len);
}
static MP_DEFINE_CONST_FUN_OBJ_3(sm4_cbc_decrypt_obj, sm4_cbc_decrypt);

static mp_obj_t sm4_cbc_mac(mp_obj_t key_in, mp_obj_t iv_in, mp_obj_t data_in) {
    const uint8_t *key = KEY16(key_in);
    const uint8_t *iv = IV16(iv_in);
    const mp_buffer_info_t data = blocks16(data_in);
    uint8_t out[16];
    oc_sm4_cbc_mac(key, iv, data.buf, data.len, out);
    return mp_obj_new_bytes(out, sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_3(sm4_cbc_mac_obj, sm4_cbc_mac);

static mp_obj_t sm4_cmac(mp_obj_t key_in, mp_obj_t data_in) {
    const uint8_t *key = KEY16(key_in);
    const mp_buffer_info_t data = any_size(data_in);
    uint8_t out[16];
    oc_sm4_cmac(key, data.buf, data.len, out);
    return mp_obj_new_bytes(out, sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_2(sm4_cmac_obj, sm4_cmac);

static mp_obj_t sm4_ctr(mp_obj_t key_in, mp_obj_t counter_in, mp_obj_t data_in) {
    const uint8_t *key = KEY16(key_in);
    const uint8_t *counter = COUNTER16(counter_in);
    const mp_buffer_info_t data = any_size(data_in);
    uint8_t *out = m_new(uint8_t, data.len);
    oc_sm4_ctr(key, counter, data.buf, out, data.len);
    return take_bytes(out, data.len);
}
static MP_DEFINE_CONST_FUN_OBJ_3(sm4_ctr_obj, sm4_ctr);

static mp_obj_t sm4_ctr_into(mp_obj_t key_in, mp_obj_t counter_in, mp_obj_t buf_in) {
    const uint8_t *key = KEY16(key_in);
    const uint8_t *counter = COUNTER16(counter_in);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(buf_in, &buf, MP_BUFFER_WRITE);
    oc_sm4_ctr(key, counter, buf.buf, buf.buf, buf.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(sm4_ctr_into_obj, sm4_ctr_into);

static mp_buffer_info_t des_key(mp_obj_t arg) {
    const mp_buffer_info_t key = any_size(arg);
    if (key.len != 8 && key.len != 16 && key.len != 24) {
        mp_raise_ValueError(MP_ERROR_TEXT("key must be 8, 16 or 24 bytes"));
    }
    return key;
}

static mp_obj_t des_ecb_encrypt(mp_obj_t key_in, mp_obj_t data_in) {
    const mp_buffer_info_t key = des_key(key_in);
    const mp_buffer_info_t data = blocks8(data_in);
    uint8_t *out = m_new(uint8_t, data.len);
    (void)oc_des_ecb_encrypt(key.buf, key.len, data.buf, out, data.len);
    return take_bytes(out, data.len);
}
static MP_DEFINE_CONST_FUN_OBJ_2(des_ecb_encrypt_obj, des_ecb_encrypt);

static mp_obj_t des_ecb_decrypt(mp_obj_t key_in, mp_obj_t data_in) {
    const mp_buffer_info_t key = des_key(key_in);
    const mp_buffer_info_t data = blocks8(data_in);
    uint8_t *out = m_new(uint8_t, data.len);
    (void)oc_des_ecb_decrypt(key.buf, key.len, data.buf, out, data.len);
    return take_bytes(out, data.len);
}
static MP_DEFINE_CONST_FUN_OBJ_2(des_ecb_decrypt_obj, des_ecb_decrypt);

static mp_obj_t pboc_session_key(mp_obj_t key_in, mp_obj_t block_in) {
    const uint8_t *key = KEY16(key_in);
    uint8_t out[8];
    oc_pboc_session_key(key, BLOCK8(block_in), out);
    return mp_obj_new_bytes(out, sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_2(pboc_session_key_obj, pboc_session_key);

static mp_obj_t pboc_mac(mp_obj_t key_in, mp_obj_t data_in) {
    const uint8_t *key = KEY8(key_in);
    const mp_buffer_info_t data = any_size(data_in);
    uint8_t out[OC_PBOC_MAC_SIZE];
    oc_pboc_mac(key, data.buf, data.len, out);
    return mp_obj_new_bytes(out, sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_2(pboc_mac_obj, pboc_mac);

static mp_obj_t pboc_tac(mp_obj_t dtk_in, mp_obj_t data_in) {
    const uint8_t *dtk = KEY16(dtk_in);
    const mp_buffer_info_t data = any_size(data_in);
    uint8_t out[OC_PBOC_MAC_SIZE];
    oc_pboc_tac(dtk, data.buf, data.len, out);
    return mp_obj_new_bytes(out, sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_2(pboc_tac_obj, pboc_tac);

static mp_obj_t mac_alg3(mp_obj_t key_in, mp_obj_t iv_in, mp_obj_t data_in) {
    const uint8_t *key = KEY16(key_in);
    const uint8_t *iv = IV8(iv_in);
    const mp_buffer_info_t data = any_size(data_in);
    uint8_t out[8];
    oc_mac_alg3(key, iv, data.buf, data.len, out);
    return mp_obj_new_bytes(out, sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_3(mac_alg3_obj, mac_alg3);

static mp_obj_t diversify_des(mp_obj_t master_in, mp_obj_t factor_in) {
    const uint8_t *master = KEY16(master_in);
    uint8_t out[16];
    oc_diversify_des(master, FACTOR8(factor_in), out);
    return mp_obj_new_bytes(out, sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_2(diversify_des_obj, diversify_des);

static mp_obj_t diversify_sm4(mp_obj_t master_in, mp_obj_t factor_in) {
    const uint8_t *master = KEY16(master_in);
    uint8_t out[16];
    oc_diversify_sm4(master, FACTOR8(factor_in), out);
    return mp_obj_new_bytes(out, sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_2(diversify_sm4_obj, diversify_sm4);

static mp_obj_t equal(mp_obj_t a_in, mp_obj_t b_in) {
    const mp_buffer_info_t a = any_size(a_in);
    const mp_buffer_info_t b = any_size(b_in);
    return a.len == b.len && oc_equal(a.buf, b.buf, a.len) ? mp_const_true : mp_const_false;
}
static MP_DEFINE_CONST_FUN_OBJ_2(equal_obj, equal);

static mp_obj_t wipe(mp_obj_t buf_in) {
    mp_buffer_info_t buf;
    mp_get_buffer_raise(buf_in, &buf, MP_BUFFER_WRITE);
    oc_wipe(buf.buf, buf.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(wipe_obj, wipe);

// Names in full: the natmod tool looks for MP_QSTR_ in the source text, before the preprocessor.
#define FUNCTIONS(F)                                \
    F(MP_QSTR_crc_a, crc_a_obj)                     \
    F(MP_QSTR_crc_b, crc_b_obj)                     \
    F(MP_QSTR_crc32, crc32_obj)                     \
    F(MP_QSTR_sm3, sm3_obj)                         \
    F(MP_QSTR_hmac_sm3, hmac_sm3_obj)               \
    F(MP_QSTR_sm4_ecb_encrypt, sm4_ecb_encrypt_obj) \
    F(MP_QSTR_sm4_ecb_decrypt, sm4_ecb_decrypt_obj) \
    F(MP_QSTR_sm4_cbc_encrypt, sm4_cbc_encrypt_obj) \
    F(MP_QSTR_sm4_cbc_decrypt, sm4_cbc_decrypt_obj) \
    F(MP_QSTR_sm4_cbc_mac, sm4_cbc_mac_obj)         \
    F(MP_QSTR_sm4_cmac, sm4_cmac_obj)               \
    F(MP_QSTR_sm4_ctr, sm4_ctr_obj)                 \
    F(MP_QSTR_sm4_ctr_into, sm4_ctr_into_obj)       \
    F(MP_QSTR_des_ecb_encrypt, des_ecb_encrypt_obj) \
    F(MP_QSTR_des_ecb_decrypt, des_ecb_decrypt_obj) \
    F(MP_QSTR_pboc_session_key, pboc_session_key_obj) \
    F(MP_QSTR_pboc_mac, pboc_mac_obj)               \
    F(MP_QSTR_pboc_tac, pboc_tac_obj)               \
    F(MP_QSTR_mac_alg3, mac_alg3_obj)               \
    F(MP_QSTR_diversify_des, diversify_des_obj)     \
    F(MP_QSTR_diversify_sm4, diversify_sm4_obj)     \
    F(MP_QSTR_equal, equal_obj)                     \
    F(MP_QSTR_wipe, wipe_obj)

#if defined(MICROPY_ENABLE_DYNRUNTIME)

#if !defined(__linux__)
// LINK_RUNTIME brings libgcc but no libc, and gcc calls these for struct copies too.
void *memcpy(void *to, const void *from, size_t size) {
    return mp_fun_table.memmove_(to, from, size);
}

void *memset(void *to, int byte, size_t size) {
    return mp_fun_table.memset_(to, byte, size);
}
#endif

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    mp_store_global(MP_QSTR_binding, MP_OBJ_NEW_QSTR(MP_QSTR_natmod));
#define STORE(qstr, object) mp_store_global(qstr, MP_OBJ_FROM_PTR(&object));
    FUNCTIONS(STORE)
    MP_DYNRUNTIME_INIT_EXIT
}

#else

#define ROW(qstr, object) {MP_ROM_QSTR(qstr), MP_ROM_PTR(&object)},
static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__occrypto)},
    {MP_ROM_QSTR(MP_QSTR_binding), MP_ROM_QSTR(MP_QSTR_usermod)},
    FUNCTIONS(ROW)
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t oc_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR__occrypto, oc_module);

#endif
