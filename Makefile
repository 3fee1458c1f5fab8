# OneCard Terminal. `make help` lists what there is.
BOARD ?= unix
WORKERS ?= 2
PY := .venv/bin/python
# In the order that tests/conftest.py makes: the longest files begin. A worker that dies ends the run: xdist would wait
# for ever for the tests it had been given.
PYTEST = $(PY) -m pytest -n $(WORKERS) --dist loadfile --max-worker-restart=0 --no-loadscope-reorder
# A sweep tells its cases to report.py by properties, which xunit1 has.
POWER := $(PY) -m pytest -n 2 --dist worksteal --max-worker-restart=0 -rP -m slow -o junit_family=xunit1
CTESTS = $(MAKE) -s -j2 -C native/ctests OUT=$(CURDIR)/build/ctests PYTHON=$(CURDIR)/$(PY)
# Byte code is kept, whatever the machine's habit: each worker and each onecard would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick lint arch firmware natmod test-power peers bench bench-native size clean
.PHONY: bench-link screens fuzz ctcheck stubs bench-readers test-readers-full test-money bench-tap bench-scenes test-scale
.PHONY: soak bench-journal bench-host bench-collect test-pico

help:  ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup:  ## virtual environment, Debian packages, pinned sources, C core, firmware for BOARD
	@BOARDS=$(BOARD) tools/setup.sh

screens:  ## pictures of every screen in both languages on both displays, and of the page, into docs/screens
	$(PY) tests/screens/write.py
	$(PY) tests/screens/write_page.py

demo: setup  ## the whole way of a tap on a virtual terminal (BOARD=unix or rp2_pico)
	@.venv/bin/onecard demo --board $(BOARD)

test:  ## every test (sets up everything first), by so many WORKERS (2); 10 to 15 minutes on 2 free cores
	@FOR=tests BOARDS="unix rp2_pico unix32 qemu_m3 qemu_m7 qemu_rv32" tools/setup.sh
	@.venv/bin/onecard build natmod
	$(PYTEST) -m "not slow" tests

quick:  ## the tests without a terminal: unit, chip, power, arch; seconds
	$(PYTEST) -m "not slow" tests/unit tests/chip tests/both tests/power tests/arch

lint:  ## ruff, mypy, types of drivers and boards against MicroPython's stubs, the import table
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(PY) tools/typecheck.py
	$(PY) -m pytest -q tests/arch

test-power:  ## exhaustive: power cuts twice deep on three targets, every bit flip of a journal; an hour and a half
	@rm -rf build/power && mkdir -p build/power
	$(POWER) --junitxml build/power/host.xml tests/power/test_*_cuts.py tests/power/test_rot.py tests/device/test_power_unix.py
	$(POWER) --junitxml build/power/pico.xml tests/device/test_pico_cuts.py tests/device/test_pico_update_cuts.py
	$(PY) tests/power/report.py

test-pico:  ## every test on the virtual Pico but the power cuts, the long ones too; 30 minutes
	$(PYTEST) -m pico --deselect tests/device/test_pico_cuts.py --deselect tests/device/test_pico_update_cuts.py tests

test-readers-full:  ## the readers' exhaustive forms: faults at every byte, every scenario on the Pico; 25 minutes
	$(PYTEST) tests/chip tests/peers tests/device/test_reader_scenario.py tests/device/test_pico_readers.py tests/device/test_pico_sam.py

test-money:  ## a tear at every byte of every transaction, and a million random steps against a ledger; 40 minutes
	$(PYTEST) -s tests/power/test_tears.py
	ONECARD_MONEY_STEPS=1000000 $(PY) -m pytest -q -s tests/power/test_money.py

test-scale:  ## settlement on PostgreSQL and Spark beside DuckDB, on real servers (sets them up first); minutes
	@FOR=scale tools/setup.sh
	$(PY) -m pytest tests/scale

soak:  ## 100,000 taps in a row on the unix port, 2,000 on the virtual Pico, pulls, power cuts; hours
	$(PY) tests/soak/run.py

bench-journal:  ## the journal beside littlefs and SQLite on one simulated flash, into docs/benchmarks.md
	$(PY) tests/bench/journal.py

bench-link:  ## pull, flash and forty terminals beside mpremote in one run, into docs/benchmarks.md; 8 minutes
	$(PY) tests/bench/link.py

bench-tap:  ## APDUs, bytes, time, heap of each transaction; a long hotlist on the virtual Pico
	$(PY) tests/bench/taps.py

bench-scenes:  ## RAM of each scene and taps under the largest settings, on the virtual Pico
	$(PY) tests/bench/scenes.py

bench-host:  ## verify, ingest and settle for 1 and 10 million records, beside plain Python, sqlite3, PostgreSQL and Spark
	@FOR=scale tools/setup.sh
	$(PY) tests/bench/host.py

bench-collect:  ## a simulated fleet of 10,000 reports over TCP and MQTT, is imported; 5 minutes
	$(PY) tests/bench/collect.py

peers:  ## drivers by others on the simulated PN532, displays and printer
	$(PY) -m pytest tests/peers

firmware:  ## build the image of BOARD
	@.venv/bin/onecard build $(BOARD)

natmod:  ## the C core as native modules for seven kinds of core
	@.venv/bin/onecard build natmod

bench:  ## figures on the virtual Pico
	$(PY) tests/bench/pico_figures.py

bench-readers:  ## bytes, turns and time of every reader beside floor, nfcpy and Adafruit
	$(PY) tests/bench/readers.py --pico

bench-native:  ## figures of the C core beside its peers, into docs/benchmarks.md; 6 minutes
	$(PY) tests/bench/native.py

size:  ## flash, RAM and stack of the C core on a Cortex-M0+
	@$(CTESTS) size

fuzz:  ## the C core's decoders under libFuzzer, each FUZZ_SECONDS (60); SET=host: as on a PC
	@$(CTESTS) fuzz

ctcheck:  ## constant time of the C core, under valgrind
	@$(CTESTS) ctcheck

stubs:  ## types of occrypto, from the comments of the C binding
	$(PY) native/mpy/stubs.py

clean:  ## throw away what was built (not what was downloaded)
	rm -rf build .venv *.egg-info native/occrypto/*.so
