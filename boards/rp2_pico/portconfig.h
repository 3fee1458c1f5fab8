// The port's configuration without what nothing on a terminal uses; the port cannot be asked in mpconfigboard.h.
#include "mpconfigport.h"

#undef MICROPY_VFS_FAT
#define MICROPY_VFS_FAT (0)  // littlefs alone
#undef MICROPY_PY_CRYPTOLIB
#define MICROPY_PY_CRYPTOLIB (0)  // occrypto is the terminal's
#undef MICROPY_EMIT_INLINE_THUMB
#define MICROPY_EMIT_INLINE_THUMB (0)
