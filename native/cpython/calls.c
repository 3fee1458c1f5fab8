// occrypto._calls: short calls of the C core from CPython without cffi's cost, about 0.2 us each.
//
// wrap(name, function) makes a built-in function of the same contract: where every argument is
// plain (bytes of a right size, no optional one) it calls the core itself; everything else, bad
// arguments and long data included, goes to `function`, the cffi binding's, which knows the rules.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string.h>

#include "oc_cipher.h"
#include "oc_crc.h"
#include "oc_hmac.h"
#include "oc_pboc.h"
#include "oc_util.h"

// Longer data goes through cffi, which lets other threads run meanwhile.
#define LONGEST 4096

typedef struct {
    const uint8_t *bytes;
    size_t size;
} plain;

// Whether an argument is bytes of at most LONGEST; if so, where they are.
static int is_plain(PyObject *object, plain *at) {
    if (!PyBytes_CheckExact(object)) {
        return 0;
    }
    at->bytes = (const uint8_t *)PyBytes_AsString(object);
    at->size = (size_t)PyBytes_Size(object);
    return at->size <= LONGEST;
}

// Whether exactly `count` arguments were given, all of them plain.
static int all_plain(PyObject *const *args, Py_ssize_t n_args, Py_ssize_t count, plain *at) {
    if (n_args != count) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!is_plain(args[i], &at[i])) {
            return 0;
        }
    }
    return 1;
}

// The same call of the wrapped function.
static PyObject *pass_on(PyObject *function, PyObject *const *args, Py_ssize_t n_args) {
    PyObject *tuple = PyTuple_New(n_args);
    if (tuple == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n_args; i++) {
        Py_INCREF(args[i]);
        PyTuple_SetItem(tuple, i, args[i]);
    }
    PyObject *result = PyObject_Call(function, tuple, NULL);
    Py_DECREF(tuple);
    return result;
}

#define CALL(name) \
    static PyObject *name(PyObject *function, PyObject *const *args, Py_ssize_t n_args)

// crc(data): the first value of a running CRC.
#define CRC(name, value)                                                      \
    CALL(name) {                                                              \
        plain data;                                                           \
        if (!all_plain(args, n_args, 1, &data)) {                             \
            return pass_on(function, args, n_args);                           \
        }                                                                     \
        return PyLong_FromUnsignedLong(value);                                \
    }

CRC(crc_a, oc_crc_a(OC_CRC_A_INIT, data.bytes, data.size))
CRC(crc_b, oc_crc_b(0, data.bytes, data.size))
CRC(crc_ccitt, oc_crc_ccitt(OC_CRC_CCITT_INIT, data.bytes, data.size))
CRC(crc32, oc_crc32(0, data.bytes, data.size))

// `count` plain arguments a[0], a[1]... under a condition, to `length` new bytes at out.
#define BYTES(name, count, condition, length, statement)                                 \
    CALL(name) {                                                                         \
        plain a[count];                                                                  \
        if (!all_plain(args, n_args, (count), a) || !(condition)) {                      \
            return pass_on(function, args, n_args);                                      \
        }                                                                                \
        PyObject *result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(length));        \
        if (result != NULL) {                                                            \
            uint8_t *out = (uint8_t *)PyBytes_AsString(result);                          \
            statement;                                                                   \
        }                                                                                \
        return result;                                                                   \
    }

BYTES(sm3, 1, 1, 32, oc_hash_digest(&oc_sm3, a[0].bytes, a[0].size, out))
BYTES(sha256, 1, 1, 32, oc_hash_digest(&oc_sha256, a[0].bytes, a[0].size, out))
BYTES(hmac_sm3, 2, 1, 32, oc_hmac(&oc_sm3, a[0].bytes, a[0].size, a[1].bytes, a[1].size, out))
BYTES(hmac_sha256, 2, 1, 32,
      oc_hmac(&oc_sha256, a[0].bytes, a[0].size, a[1].bytes, a[1].size, out))
BYTES(pboc_mac, 2, a[0].size == 8, OC_PBOC_MAC_SIZE,
      oc_pboc_mac(a[0].bytes, a[1].bytes, a[1].size, out))
BYTES(pboc_tac, 2, a[0].size == 16, OC_PBOC_MAC_SIZE,
      oc_pboc_tac(a[0].bytes, a[1].bytes, a[1].size, out))

#define ECB(name, cipher, way)                                            \
    BYTES(name, 2, a[0].size == 16 && a[1].size % 16 == 0, a[1].size,     \
          oc_ecb_##way(&cipher, a[0].bytes, a[1].bytes, out, a[1].size))
ECB(sm4_ecb_encrypt, oc_sm4, encrypt)
ECB(sm4_ecb_decrypt, oc_sm4, decrypt)
ECB(aes_ecb_encrypt, oc_aes, encrypt)
ECB(aes_ecb_decrypt, oc_aes, decrypt)

#define CBC(name, cipher, way)                                                                  \
    BYTES(name, 3, a[0].size == 16 && a[1].size == 16 && a[2].size % 16 == 0, a[2].size,        \
          oc_cbc_##way(&cipher, a[0].bytes, a[1].bytes, a[2].bytes, out, a[2].size))
CBC(sm4_cbc_encrypt, oc_sm4, encrypt)
CBC(sm4_cbc_decrypt, oc_sm4, decrypt)
CBC(aes_cbc_encrypt, oc_aes, encrypt)
CBC(aes_cbc_decrypt, oc_aes, decrypt)

#define CTR(name, cipher)                                                \
    BYTES(name, 3, a[0].size == 16 && a[1].size == 16, a[2].size,        \
          oc_ctr(&cipher, a[0].bytes, a[1].bytes, a[2].bytes, out, a[2].size))
CTR(sm4_ctr, oc_sm4)
CTR(aes_ctr, oc_aes)

#define CMAC(name, cipher)                       \
    BYTES(name, 2, a[0].size == 16, 16,          \
          oc_cmac(&cipher, a[0].bytes, a[1].bytes, a[1].size, out))
CMAC(sm4_cmac, oc_sm4)
CMAC(aes_cmac, oc_aes)

CALL(equal) {
    plain a[2];
    if (!all_plain(args, n_args, 2, a)) {
        return pass_on(function, args, n_args);
    }
    return PyBool_FromLong(a[0].size == a[1].size &&
                           oc_equal(a[0].bytes, a[1].bytes, a[0].size));
}

#define ROW(name, signature)                                                             \
    {#name, (PyCFunction)(void (*)(void))(name), METH_FASTCALL, #name signature "\n--\n\n"}
static PyMethodDef functions[] = {
    ROW(crc_a, "(data, crc=0x6363, /)"),
    ROW(crc_b, "(data, crc=0, /)"),
    ROW(crc_ccitt, "(data, crc=0xFFFF, /)"),
    ROW(crc32, "(data, crc=0, out=None, /)"),
    ROW(sm3, "(data, out=None, /)"),
    ROW(sha256, "(data, out=None, /)"),
    ROW(hmac_sm3, "(key, data, out=None, /)"),
    ROW(hmac_sha256, "(key, data, out=None, /)"),
    ROW(pboc_mac, "(key, data, out=None, /)"),
    ROW(pboc_tac, "(dtk, data, out=None, /)"),
    ROW(sm4_ecb_encrypt, "(key, data, out=None, /)"),
    ROW(sm4_ecb_decrypt, "(key, data, out=None, /)"),
    ROW(aes_ecb_encrypt, "(key, data, out=None, /)"),
    ROW(aes_ecb_decrypt, "(key, data, out=None, /)"),
    ROW(sm4_cbc_encrypt, "(key, iv, data, out=None, /)"),
    ROW(sm4_cbc_decrypt, "(key, iv, data, out=None, /)"),
    ROW(aes_cbc_encrypt, "(key, iv, data, out=None, /)"),
    ROW(aes_cbc_decrypt, "(key, iv, data, out=None, /)"),
    ROW(sm4_ctr, "(key, counter, data, out=None, /)"),
    ROW(aes_ctr, "(key, counter, data, out=None, /)"),
    ROW(sm4_cmac, "(key, data, out=None, /)"),
    ROW(aes_cmac, "(key, data, out=None, /)"),
    ROW(equal, "(a, b, /)"),
    {NULL, NULL, 0, NULL},
};

static PyObject *wrap(PyObject *module, PyObject *args) {
    const char *name;
    PyObject *function;
    (void)module;
    if (!PyArg_ParseTuple(args, "sO:wrap", &name, &function)) {
        return NULL;
    }
    for (PyMethodDef *row = functions; row->ml_name != NULL; row++) {
        if (strcmp(row->ml_name, name) == 0) {
            return PyCFunction_New(row, function);
        }
    }
    Py_INCREF(function);
    return function;
}

static PyMethodDef module_functions[] = {
    {"wrap", wrap, METH_VARARGS,
     "wrap(name, function, /)\n--\n\nfunction, or what is faster for plain arguments."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "occrypto._calls",
    .m_methods = module_functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__calls(void) {
    return PyModuleDef_Init(&definition);
}
