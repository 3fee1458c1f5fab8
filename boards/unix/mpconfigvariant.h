#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_BANNER_MACHINE "OneCard terminal on unix"
#define MICROPY_PY_SYS_STDIO_BUFFER (1)
#include "variants/mpconfigvariant_common.h"
