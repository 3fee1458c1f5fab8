# OneCard Terminal. `make help` lists what there is.
BOARD ?= unix
PY := .venv/bin/python
PYTEST := $(PY) -m pytest -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick lint arch firmware natmod power peers bench size clean

help:  ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup:  ## virtual environment, Debian packages, pinned sources, C core, firmware for BOARD
	@BOARDS=$(BOARD) tools/setup.sh

demo: setup  ## the whole way of a tap on a virtual terminal (BOARD=unix or rp2_pico)
	@.venv/bin/onecard demo --board $(BOARD)

test:  ## every test (sets up everything first); under 12 minutes on 2 cores
	@BOARDS="unix rp2_pico unix32 qemu_m3 qemu_m7 qemu_rv32" tools/setup.sh
	@.venv/bin/onecard build natmod
	$(PYTEST) -m "not slow" tests

quick:  ## the tests without a terminal: unit, chip, power, arch; seconds
	$(PYTEST) -m "not slow" tests/unit tests/chip tests/both tests/power tests/arch

lint:  ## ruff, mypy, and the import table
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(PY) -m pytest -q tests/arch

power:  ## the exhaustive power-cut sweep (long)
	$(PYTEST) -m slow tests/power

peers:  ## libnfc and nfcpy drive the simulated PN532
	$(PY) -m pytest tests/peers

firmware:  ## build the image of BOARD
	@.venv/bin/onecard build $(BOARD)

natmod:  ## the C core as native modules for seven kinds of core
	@.venv/bin/onecard build natmod

bench:  ## figures on the virtual Pico
	$(PY) tests/bench/pico_figures.py

size:  ## size of the C core on a Cortex-M0+
	@$(MAKE) -s -C native/ctests size OUT=$(CURDIR)/build/ctests PYTHON=$(CURDIR)/$(PY)

clean:  ## throw away what was built (not what was downloaded)
	rm -rf build .venv *.egg-info native/occrypto/_core*.so
