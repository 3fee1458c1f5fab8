# The C core as the built-in module _occrypto, for make-based ports: USER_C_MODULES=<project>/native
OC_MPY_DIR := $(USERMOD_DIR)
SRC_USERMOD_C += $(OC_MPY_DIR)/modoc.c
SRC_USERMOD_LIB_C += $(wildcard $(OC_MPY_DIR)/../src/oc_*.c)
CFLAGS_USERMOD += -I$(OC_MPY_DIR)/../include -DOC_PROFILE=1
