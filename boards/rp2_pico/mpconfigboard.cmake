# Raspberry Pi Pico (RP2040, 2 MB flash) as a terminal.
set(PICO_BOARD "pico")
set(PICO_PLATFORM "rp2040")
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
list(APPEND MICROPY_DEF_BOARD MP_CONFIGFILE=<portconfig.h>)
