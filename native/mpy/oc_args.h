// What every binding of modoc.c needs: arguments checked, results made, errors told.
// Included by modoc.c alone, after MicroPython's headers.

// Copies part to end; returns the new end.
static char *append(char *end, const char *part) {
    while (*part != '\0') {
        *end++ = *part++;
    }
    return end;
}

// Raises ValueError "NAME must be PREFIX LIMIT SUFFIX"; the spaces are theirs.
static void raise_limit(const char *name, const char *prefix, size_t limit, const char *suffix) {
    char text[64], digits[11];
    char *first = digits + sizeof(digits) - 1;
    *first = '\0';
    do {
        *--first = (char)('0' + limit % 10);
        limit /= 10;
    } while (limit != 0);
    char *end = append(append(text, name), " must be ");
    end = append(append(append(end, prefix), first), suffix);
    mp_raise_type_arg(&mp_type_ValueError, mp_obj_new_str(text, (size_t)(end - text)));
}

// A buffer of any size. Raises TypeError, also for str, which MicroPython takes for one.
static mp_buffer_info_t any_size(mp_obj_t arg, mp_uint_t flags) {
    mp_buffer_info_t buf;
    if (mp_obj_is_str(arg)) {
        mp_raise_TypeError(MP_ERROR_TEXT("object with buffer protocol required"));
    }
    mp_get_buffer_raise(arg, &buf, flags);
    return buf;
}

static mp_buffer_info_t readable(mp_obj_t arg) {
    return any_size(arg, MP_BUFFER_READ);
}

// The bytes of a buffer that must have that size.
static uint8_t *sized(mp_obj_t arg, mp_uint_t flags, size_t size, const char *name) {
    const mp_buffer_info_t buf = any_size(arg, flags);
    if (buf.len != size) {
        raise_limit(name, "", size, " bytes");
    }
    return buf.buf;
}

#define BYTES(arg, size, name) ((const uint8_t *)sized((arg), MP_BUFFER_READ, (size), (name)))
#define KEY16(arg) BYTES((arg), 16, "key")

// A buffer of whole blocks.
static mp_buffer_info_t whole(mp_obj_t arg, size_t block) {
    const mp_buffer_info_t buf = readable(arg);
    if (buf.len % block != 0) {
        raise_limit("data", "a multiple of ", block, " bytes");
    }
    return buf;
}

// A buffer shorter than the limit.
static mp_buffer_info_t shorter(mp_obj_t arg, size_t limit, const char *name) {
    const mp_buffer_info_t buf = readable(arg);
    if (buf.len >= limit) {
        raise_limit(name, "under ", limit, " bytes");
    }
    return buf;
}

// An int from low to high. Raises TypeError, or ValueError "NAME must be LOW to HIGH".
static uint32_t ranged(mp_obj_t arg, uint32_t low, uint32_t high, const char *name,
                       const char *low_to) {
    if (!mp_obj_is_int(arg)) {
        char text[32];
        const char *end = append(append(text, name), " must be an int");
        mp_raise_type_arg(&mp_type_TypeError, mp_obj_new_str(text, (size_t)(end - text)));
    }
    // compared as objects: such an int is a big one on 32-bit ports, and may be any size
    const mp_obj_t top = mp_obj_new_int_from_uint(high);
    if (mp_obj_is_true(mp_binary_op(MP_BINARY_OP_LESS, arg, MP_OBJ_NEW_SMALL_INT(low))) ||
        mp_obj_is_true(mp_binary_op(MP_BINARY_OP_MORE, arg, top))) {
        raise_limit(name, low_to, high, "");
    }
    return (uint32_t)mp_obj_get_int_truncated(arg);
}

static bool is_given(size_t n_args, const mp_obj_t *args, size_t index) {
    return index < n_args && args[index] != mp_const_none;
}

// The optional argument `out` at that index: NULL if it was not given, else its `size` bytes.
static uint8_t *out_argument(size_t n_args, const mp_obj_t *args, size_t index, size_t size) {
    if (!is_given(n_args, args, index)) {
        return NULL;
    }
    return sized(args[index], MP_BUFFER_WRITE, size, "out");
}

// A result of up to 64 bytes: copied into out, which is returned, or as new bytes. Wiped.
static mp_obj_t result(uint8_t *bytes, size_t size, uint8_t *out, mp_obj_t out_object) {
    mp_obj_t object = out_object;
    if (out == NULL) {
        object = mp_obj_new_bytes(bytes, size);
    } else {
        for (size_t i = 0; i < size; i++) {
            out[i] = bytes[i];
        }
    }
    oc_wipe(bytes, size);
    return object;
}

#define RESULT(bytes, out, index) result((bytes), sizeof(bytes), (out), (out) ? args[index] : NULL)

// Where a result of any size is made: out, or a scratch block for take().
static uint8_t *room(uint8_t *out, size_t size) {
    return out != NULL ? out : m_new(uint8_t, size);
}

// The object of a result made in room(): out itself, or bytes from the scratch block, which is
// wiped and freed. (Writing straight into a new bytes object would leave its cached hash wrong.)
static mp_obj_t take(uint8_t *made, size_t size, size_t n_args, const mp_obj_t *args,
                     size_t index) {
    if (is_given(n_args, args, index)) {  // an empty one has no address to tell it by
        return args[index];
    }
    const mp_obj_t object = mp_obj_new_bytes(made, size);
    oc_wipe(made, size);
    m_del(uint8_t, made, size);
    return object;
}

// A function of that many arguments, the last ones optional, as the object NAME_obj.
#define FUNCTION(name, least, most) \
    static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(name##_obj, (least), (most), name)
