// Flash map of 2 MiB: firmware 576 KiB | littlefs 32 KiB | two update slots of
// 32 KiB | hotlist 60 KiB | journal 1316 KiB. All but the firmware are MicroPython's "storage"; board.py and _boot.py divide them.
#define MICROPY_HW_BOARD_NAME "OneCard terminal on Raspberry Pi Pico"
#define MICROPY_HW_FLASH_STORAGE_BYTES (1472 * 1024)

// What nothing on a terminal uses: 576 KiB are not much.
#define MICROPY_PY_BUILTINS_COMPLEX (0)
#define MICROPY_PY_CMATH (0)
#define MICROPY_PY_HEAPQ (0)
#define MICROPY_PY_MATH_SPECIAL_FUNCTIONS (0)
#define MICROPY_PY_RE (0)
#define MICROPY_PY_THREAD (0)  // asyncio throughout; the second core stays off
#define MICROPY_HW_ENABLE_USB_RUNTIME_DEVICE (0)

// Update slots are ROM file systems, which MicroPython has only with a partition of its own for one:
// the smallest there is, at the end of the firmware's part. Nothing lies in it.
#define MICROPY_HW_ROMFS_BYTES (4 * 1024)
