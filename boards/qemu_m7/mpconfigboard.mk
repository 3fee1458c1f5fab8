# A Cortex-M7 with an FPU for doubles under QEMU (mps2-an500; RAM as on qemu_m3, with the 16 MiB at
# 0x60000000). It takes native modules for armv7emsp and armv7emdp, which the M3 refuses.
QEMU_ARCH = arm
QEMU_MACHINE = mps2-an500
CFLAGS += -mthumb -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard
CFLAGS += -DQEMU_SOC_MPS2 -DMICROPY_HW_MCU_NAME='"Cortex-M7"'
LDSCRIPT = $(BOARD_DIR)/../qemu_m3/ram.ld
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o fpu.o
vpath fpu.c $(BOARD_DIR)
LDFLAGS += -Wl,--wrap=mp_semihosting_init
MPY_CROSS_FLAGS += -march=armv7emdp
MICROPY_HEAP_SIZE = 1048576
FROZEN_MANIFEST = $(BOARD_DIR)/../qemu_m3/manifest.py
