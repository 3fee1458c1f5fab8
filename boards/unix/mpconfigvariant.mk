# The terminal on the MicroPython unix port: no network stack's worth of extras.
MICROPY_PY_SSL = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_BLUETOOTH = 0
MICROPY_SSL_AXTLS = 0
FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py
