// The C core as the MicroPython module `_occrypto`: one file for a usermod (linked into the image)
// and a natmod (an .mpy file). It converts and checks arguments and computes nothing. Contracts of
// the functions: the comments with three slashes in oc_bind_*.h, from which stubs.py makes
// native/occrypto/__init__.pyi, the types of the facade that callers use.
#if defined(MICROPY_ENABLE_DYNRUNTIME)
#include "py/dynruntime.h"
#else
#include "py/runtime.h"
#endif

#include <string.h>

#include "oc_cipher.h"
#include "oc_crc.h"
#include "oc_des.h"
#include "oc_diversify.h"
#include "oc_hmac.h"
#include "oc_pboc.h"
#include "oc_sm2.h"
#include "oc_util.h"

#include "oc_args.h"
#include "oc_bind_crc.h"
#include "oc_bind_hash.h"
#include "oc_bind_cipher.h"
#include "oc_bind_des.h"
#include "oc_bind_sm2.h"

/// def equal(a: Buffer, b: Buffer, /) -> bool:
///     """Constant time in the contents; the sizes are public."""
static mp_obj_t equal(mp_obj_t a_in, mp_obj_t b_in) {
    const mp_buffer_info_t a = readable(a_in);
    const mp_buffer_info_t b = readable(b_in);
    return mp_obj_new_bool(a.len == b.len && oc_equal(a.buf, b.buf, a.len));
}
static MP_DEFINE_CONST_FUN_OBJ_2(equal_obj, equal);

/// def wipe(buf: Out, /) -> None:
///     """Zero a writable buffer."""
static mp_obj_t wipe(mp_obj_t buf_in) {
    const mp_buffer_info_t buf = any_size(buf_in, MP_BUFFER_WRITE);
    oc_wipe(buf.buf, buf.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(wipe_obj, wipe);

// Names in full: the natmod tool looks for MP_QSTR_ in the source text, before the preprocessor.
#define FUNCTIONS(F)                                    \
    F(MP_QSTR_crc_a, crc_a_obj)                         \
    F(MP_QSTR_crc_b, crc_b_obj)                         \
    F(MP_QSTR_crc_ccitt, crc_ccitt_obj)                 \
    F(MP_QSTR_crc32, crc32_obj)                         \
    F(MP_QSTR_sm3, sm3_obj)                             \
    F(MP_QSTR_sm3_start, sm3_start_obj)                 \
    F(MP_QSTR_sm3_update, sm3_update_obj)               \
    F(MP_QSTR_sm3_finish, sm3_finish_obj)               \
    F(MP_QSTR_sha256, sha256_obj)                       \
    F(MP_QSTR_sha256_start, sha256_start_obj)           \
    F(MP_QSTR_sha256_update, sha256_update_obj)         \
    F(MP_QSTR_sha256_finish, sha256_finish_obj)         \
    F(MP_QSTR_hmac_sm3, hmac_sm3_obj)                   \
    F(MP_QSTR_hmac_sha256, hmac_sha256_obj)             \
    F(MP_QSTR_sm3_kdf, sm3_kdf_obj)                     \
    F(MP_QSTR_sm4_ecb_encrypt, sm4_ecb_encrypt_obj)     \
    F(MP_QSTR_sm4_ecb_decrypt, sm4_ecb_decrypt_obj)     \
    F(MP_QSTR_sm4_cbc_encrypt, sm4_cbc_encrypt_obj)     \
    F(MP_QSTR_sm4_cbc_decrypt, sm4_cbc_decrypt_obj)     \
    F(MP_QSTR_sm4_ctr, sm4_ctr_obj)                     \
    F(MP_QSTR_sm4_cbc_mac, sm4_cbc_mac_obj)             \
    F(MP_QSTR_sm4_cmac, sm4_cmac_obj)                   \
    F(MP_QSTR_sm4_ccm_seal, sm4_ccm_seal_obj)           \
    F(MP_QSTR_sm4_ccm_open, sm4_ccm_open_obj)           \
    F(MP_QSTR_aes_ecb_encrypt, aes_ecb_encrypt_obj)     \
    F(MP_QSTR_aes_ecb_decrypt, aes_ecb_decrypt_obj)     \
    F(MP_QSTR_aes_cbc_encrypt, aes_cbc_encrypt_obj)     \
    F(MP_QSTR_aes_cbc_decrypt, aes_cbc_decrypt_obj)     \
    F(MP_QSTR_aes_ctr, aes_ctr_obj)                     \
    F(MP_QSTR_aes_cmac, aes_cmac_obj)                   \
    F(MP_QSTR_des_ecb_encrypt, des_ecb_encrypt_obj)     \
    F(MP_QSTR_des_ecb_decrypt, des_ecb_decrypt_obj)     \
    F(MP_QSTR_pboc_session_key, pboc_session_key_obj)   \
    F(MP_QSTR_pboc_mac, pboc_mac_obj)                   \
    F(MP_QSTR_pboc_tac, pboc_tac_obj)                   \
    F(MP_QSTR_mac_alg3, mac_alg3_obj)                   \
    F(MP_QSTR_diversify_des, diversify_des_obj)         \
    F(MP_QSTR_diversify_sm4, diversify_sm4_obj)         \
    F(MP_QSTR_sm2_public_key, sm2_public_key_obj)       \
    F(MP_QSTR_sm2_point, sm2_point_obj)                 \
    F(MP_QSTR_sm2_z, sm2_z_obj)                         \
    F(MP_QSTR_sm2_digest, sm2_digest_obj)               \
    F(MP_QSTR_sm2_sign, sm2_sign_obj)                   \
    F(MP_QSTR_sm2_verify, sm2_verify_obj)               \
    F(MP_QSTR_sm2_signature, sm2_signature_obj)         \
    F(MP_QSTR_sm2_signature_der, sm2_signature_der_obj) \
    F(MP_QSTR_equal, equal_obj)                         \
    F(MP_QSTR_wipe, wipe_obj)

#if defined(MICROPY_ENABLE_DYNRUNTIME)

// LINK_RUNTIME brings libgcc but no libc, and gcc calls these for struct copies too.
void *memmove(void *to, const void *from, size_t size) {
    return mp_fun_table.memmove_(to, from, size);
}

// Not on x86, where gcc writes string instructions for both and would do so for memmove as well,
// once it had seen that the two functions are the same.
#if !defined(__linux__)
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
