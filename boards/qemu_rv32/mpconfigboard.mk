# A 32-bit RISC-V under QEMU (virt, 128 MiB of RAM at 0x80000000): a bench for the C core, not a
# terminal.
QEMU_ARCH = riscv32
QEMU_MACHINE = virt
# Debian's gcc has no libgcc for rv32imac_zicsr and would take the 64-bit one.
RV32_ARCH = rv32imac -misa-spec=2.2
CFLAGS += -DQEMU_SOC_VIRT -DMICROPY_HW_MCU_NAME='"RV32IMAC"'
LDSCRIPT = mcu/rv32/virt.ld
SRC_BOARD_O += shared/runtime/gchelper_native.o shared/runtime/gchelper_rv32i.o
MPY_CROSS_FLAGS += -march=rv32imc
MICROPY_HEAP_SIZE = 1048576
FROZEN_MANIFEST = $(BOARD_DIR)/../qemu_m3/manifest.py
