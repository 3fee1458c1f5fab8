# A Cortex-M3 under QEMU (mps2-an385: 4 MiB of RAM for the image, 16 MiB at 0x21000000 besides):
# a bench for the C core, not a terminal.
QEMU_ARCH = arm
QEMU_MACHINE = mps2-an385
CFLAGS += -mthumb -mcpu=cortex-m3 -mfloat-abi=soft
CFLAGS += -DQEMU_SOC_MPS2 -DMICROPY_HW_MCU_NAME='"Cortex-M3"'
# The port's script leaves .ARM.exidx, which libgcc's 64-bit division brings, to lie over .data.
LDSCRIPT = $(BOARD_DIR)/ram.ld
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o
MPY_CROSS_FLAGS += -march=armv7m
MICROPY_HEAP_SIZE = 1048576
FROZEN_MANIFEST = $(BOARD_DIR)/manifest.py
