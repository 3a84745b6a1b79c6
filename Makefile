# make demo · make test · make bench · make lint. Each installs what it needs first.

BUILD := .build
VENV := $(BUILD)/venv
PYTHON := $(VENV)/bin/python
RELEASE := $(BUILD)/release/pulsegate
# No lane hangs for ever: each is far longer than it takes on a slow machine with two cores.
LIMIT := timeout --kill-after=10
SWIFT_BUILD := swift build --scratch-path $(BUILD)
SOURCES := $(shell find Sources -type f 2>/dev/null) Package.swift

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

.PHONY: help
help: ## What this Makefile does
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

.PHONY: packages venv
packages:
ifneq ($(PACKAGES),skip)
	@.ci/setup packages
endif
	@.ci/setup swift

venv: packages
	@mkdir -p $(BUILD)
	@.ci/setup venv $(VENV) Tests/Support/requirements.txt

.PHONY: release
release: packages ## The release binary, .build/release/pulsegate
	@echo "Building the release binary (the first time takes a minute or two)"
	@$(SWIFT_BUILD) -c release --product pulsegate

# The cloud's functions: one executable without Swift libraries beside it. `hypotf`, which a function
# of Swift's libm overlay names and nobody calls, would ask for glibc 2.35; Amazon Linux 2023 has
# 2.34. RELAY_FLAGS are for who builds for another machine than this one.
RELAY := $(BUILD)/lambda
RELAY_FLAGS ?= --static-swift-stdlib -Xlinker --defsym=hypotf=0

.PHONY: relay
ifeq ($(origin ARCH),command line)
relay: ## The cloud's functions, .build/lambda/bootstrap and relay.zip; ARCH=arm64 or amd64: static
	./cross-compile.sh --relay $(ARCH)
	@mkdir -p $(RELAY)
	@cp .build-cross/$(ARCH)/relay $(RELAY)/bootstrap
else
relay: packages
	@echo "Building the functions of the cloud half"
	@swift build --scratch-path $(BUILD)-relay -c release $(RELAY_FLAGS) --product relay
	@mkdir -p $(RELAY)
	@strip -s -o $(RELAY)/bootstrap $(BUILD)-relay/release/relay
	@! objdump -T $(RELAY)/bootstrap | grep -E 'GLIBC_2\.(3[5-9]|[4-9][0-9])' || \
		{ echo "bootstrap asks for more than glibc 2.34, which Amazon Linux 2023 has"; exit 1; }
endif
	@cd $(RELAY) && python3 -c 'import zipfile as z; i = z.ZipInfo("bootstrap"); \
		i.external_attr = 0o100755 << 16; i.compress_type = z.ZIP_DEFLATED; \
		z.ZipFile("relay.zip", "w").writestr(i, open("bootstrap", "rb").read(), compresslevel=9)'
	@ls -l $(RELAY)/bootstrap $(RELAY)/relay.zip

.PHONY: demo
demo: release ## Recorded heart rates through the whole pipeline; no cloud, radio or board
	@$(RELEASE) demo --speed 20

.PHONY: lint
lint: packages ## Formatting and the house rules
	swift format lint --strict --recursive Sources Tests Package.swift

.PHONY: test
test: lint test-swift test-allocations test-system ## Every test that needs no radio, no board and no browser

.PHONY: test-swift
test-swift: venv
	@echo "Building and running the Swift tests"
	swift build --scratch-path $(BUILD) --build-tests --explicit-target-dependency-import-check error
	$(LIMIT) 1200 swift test --scratch-path $(BUILD) --skip-build --skip AllocationTests

.PHONY: test-allocations
test-allocations: venv
	@echo "Counting allocations in the release build"
	$(LIMIT) 1800 swift test --scratch-path $(BUILD)-release -c release --filter AllocationTests

.PHONY: test-crash
test-crash: packages ## Every state that a power cut can leave, in the release build (minutes)
	swift test --scratch-path $(BUILD)-release -c release --filter CrashTests

# Apart, because it wants other versions of what the tests need.
.PHONY: venv-schemathesis
venv-schemathesis:
	@mkdir -p $(BUILD)
	@.ci/setup venv $(VENV)-schemathesis Tests/Support/requirements-schemathesis.txt

.PHONY: test-api
test-api: venv venv-schemathesis release ## The API: posts, keys, requests made up from openapi.json
	SCHEMATHESIS=$(VENV)-schemathesis/bin/schemathesis $(LIMIT) 600 $(PYTHON) -m pytest -q \
		Tests/EndToEnd/test_ingest.py Tests/EndToEnd/test_description.py

# End-to-end tests wait for time-outs and back-offs most of the time: four at once take a third of
# it, on two cores too.
WORKERS ?= 4
AT_ONCE := -n $(WORKERS) --dist loadfile

# A browser has a lane of its own, where nothing else wants the processor.
PAGE_TESTS := Tests/EndToEnd/test_page.py Tests/EndToEnd/test_page_gateway.py

.PHONY: test-system
test-system: venv venv-schemathesis release relay
	@echo "Running the binary against its doubles"
	SCHEMATHESIS=$(VENV)-schemathesis/bin/schemathesis $(LIMIT) 2400 $(PYTHON) -m pytest -q $(AT_ONCE) \
		Tests/Support Tests/EndToEnd Tests/Core/SigV4Tests Tests/BlueZ \
		$(addprefix --ignore=,$(PAGE_TESTS))

.PHONY: test-page
test-page: venv release ## The live page in headless Chromium: a double, then the gateway itself
ifneq ($(PACKAGES),skip)
	@.ci/setup packages packages-page.txt
endif
	$(LIMIT) 900 $(PYTHON) -m pytest -q $(PAGE_TESTS)

# Needs no Swift: whoever runs the cloud half has a template, JSON and Python. checkov lives apart,
# because it wants other versions of boto3.
.PHONY: venv-cloud
venv-cloud:
	@mkdir -p $(BUILD)
	@.ci/setup venv $(VENV)-cloud Tests/Support/requirements-cloud.txt
	@.ci/setup venv $(VENV)-checkov Tests/Support/requirements-checkov.txt

.PHONY: test-cloud
test-cloud: venv-cloud ## cloud/: template, queries, dashboards, scripts, documents (a minute)
	CHECKOV=$(VENV)-checkov/bin/checkov $(LIMIT) 900 $(VENV)-cloud/bin/python -m pytest -q Tests/Cloud

.PHONY: test-monitoring
test-monitoring: venv release ## Rules and dashboard in promtool, a Prometheus that scrapes the gateway
	@.ci/setup packages packages-monitoring.txt
	$(LIMIT) 600 $(PYTHON) -m pytest -q Tests/Monitoring

# Who listens in the Bluetooth lane; with `--client bleak` beside it, their figures side by side.
BLUEZ_CLIENTS ?= --client pulsegate

.PHONY: packages-bluez
packages-bluez: venv
ifneq ($(PACKAGES),skip)
	@.ci/setup packages packages-bluez.txt
endif

.PHONY: test-bluez
test-bluez: test-gpio ## bluetoothd on a kernel of its own, with virtual sensors; GPIO there
	$(PYTHON) Tests/BlueZ/lane.py $(BLUEZ_CLIENTS) $(BLUEZ)

.PHONY: test-gpio
test-gpio: packages-bluez release ## Lamp, buzzer and button on a chip of that kernel alone
	$(PYTHON) Tests/BlueZ/gpio_lane.py

.PHONY: test-service
test-service: packages-bluez package ## The package under the real systemd, on that kernel
	$(PYTHON) Tests/BlueZ/service_lane.py

.PHONY: test-bluez-day
test-bluez-day: packages-bluez release ## The same for a simulated day of seeded faults
	$(PYTHON) Tests/BlueZ/lane.py --day $(BLUEZ_CLIENTS) $(BLUEZ)

.PHONY: test-kill
test-kill: venv release ## 200 kill -9 at random moments, ten rings of 20 (minutes)
	PULSEGATE_KILL_RINGS=10 $(PYTHON) -m pytest -q -s Tests/EndToEnd/test_kill.py

.PHONY: test-soak
test-soak: venv release ## A million records through a service that misbehaves, and with 40 kills
	$(PYTHON) Tests/EndToEnd/soak.py
	$(PYTHON) Tests/EndToEnd/soak.py --kills 40

ARCH ?= arm64

.PHONY: cross
cross: ## One static binary for a board: ARCH=arm64 or amd64 (minutes; then seconds)
	./cross-compile.sh $(ARCH)

.PHONY: embedded
embedded: ## Every room of Core, compiled in Embedded Swift for a board of 32 bits
	.ci/embedded $(BUILD)/embedded

.PHONY: test-static
test-static: venv ## The end-to-end tests on the static binary for amd64
	./cross-compile.sh amd64
	PULSEGATE=$(CURDIR)/.build-cross/amd64/pulsegate $(LIMIT) 2400 $(PYTHON) -m pytest -q \
		$(AT_ONCE) Tests/EndToEnd

.PHONY: test-board
test-board: venv ## The static binary for arm64, emulated: demo, TLS, proxies, a D-Bus daemon
	@.ci/setup packages packages-cross.txt
	./cross-compile.sh arm64
	PULSEGATE=$(CURDIR)/board/cross/emulated $(LIMIT) 2400 $(PYTHON) -m pytest -q \
		Tests/EndToEnd/test_demo.py Tests/EndToEnd/test_network.py Tests/EndToEnd/test_collector.py \
		Tests/EndToEnd/test_bluetooth.py Tests/EndToEnd/test_net_check.py \
		Tests/EndToEnd/test_static.py

# The gym without a guest: its packages whole, by checksum.
.PHONY: venv-gym
venv-gym: packages
	@.ci/setup venv $(BUILD)/venv-gym Tests/BlueZ/guest/requirements.txt --no-deps

.PHONY: test-pi
test-pi: venv venv-gym ## The arm64 package on an emulated Raspberry Pi 3B: radio, GPIO, TLS, console, power cut
	@.ci/setup packages packages-pi.txt
	@$(MAKE) package ARCH=arm64
	GYM_PYTHON=$(BUILD)/venv-gym/bin/python $(LIMIT) 1800 $(PYTHON) Tests/BlueZ/pi_lane.py

.PHONY: bench
bench: venv release ## The figures of the README, beside their peers, in one run
	$(PYTHON) Tests/Bench/bench.py

.PHONY: bench-ble
bench-ble: venv release ## 8 and 50 straps at 1 Hz on a BlueZ without a radio, beside bleak
	@.ci/setup venv $(VENV)-bleak Tests/Bench/requirements-ble.txt
	$(PYTHON) Tests/Bench/ble.py

.PHONY: bench-profile
bench-profile: venv release ## Where the time of the bulk run goes, beside hashing and encrypting alone
	$(PYTHON) Tests/Bench/profile_bulk.py

.PHONY: bench-uplink-cost
bench-uplink-cost: venv release ## Requests, bytes and billed units a record, beside boto3 (3 minutes)
	$(PYTHON) Tests/Bench/uplink_cost.py

.PHONY: bench-stall
bench-stall: venv release ## An alarm's delay while the card hangs for 5 s a call
	$(PYTHON) Tests/Bench/stall.py

.PHONY: bench-alarm
bench-alarm: venv release ## From a notification to the lamp while card and network hang
	$(PYTHON) Tests/Bench/alarm.py

.PHONY: bench-page
bench-page: venv release ## The live page: notification to screen, and what it costs (20 minutes)
ifneq ($(PACKAGES),skip)
	@.ci/setup packages packages-page.txt
endif
	$(PYTHON) Tests/Bench/page.py

.PHONY: bench-relay
bench-relay: venv relay ## The indexer beside a Python function, in AWS's emulator of Lambda
	$(PYTHON) Tests/Bench/relay.py

.PHONY: test-relay
test-relay: venv release relay ## The cloud's functions in AWS's emulator of Lambda (a minute)
	$(LIMIT) 900 $(PYTHON) -m pytest -q Tests/EndToEnd/test_relay.py

.PHONY: bench-ring
bench-ring: release ## The ring beside SQLite: bytes, time, recovery (libsqlite3-dev; root counts the device)
	python3 Tests/Bench/bench_ring.py

# Where a package builder wants it: `make install DESTDIR=... BINARY=...`.
DESTDIR ?=
BINARY ?= $(RELEASE)
LIBRARY := $(DESTDIR)/usr/lib

.PHONY: install
install: ## Binary, units and settings below DESTDIR (default: this system)
	@test -x $(BINARY) || { echo "$(BINARY) is not there: make release"; exit 1; }
	install -D -m 755 $(BINARY) $(DESTDIR)/usr/bin/pulsegate
	install -D -m 755 -t $(LIBRARY)/pulsegate systemd/rollback systemd/accept
	install -D -m 644 -t $(LIBRARY)/systemd/system systemd/pulsegate*.service \
		systemd/pulsegate-accept.timer
	install -D -m 644 systemd/sysusers.conf $(LIBRARY)/sysusers.d/pulsegate.conf
	install -D -m 644 systemd/tmpfiles.conf $(LIBRARY)/tmpfiles.d/pulsegate.conf
	install -D -m 644 systemd/udev.rules $(LIBRARY)/udev/rules.d/60-pulsegate.rules
	install -D -m 644 systemd/dbus.conf $(DESTDIR)/usr/share/dbus-1/system.d/pulsegate.conf
	install -D -m 644 systemd/polkit.rules \
		$(DESTDIR)/usr/share/polkit-1/rules.d/50-pulsegate.rules
	install -D -m 644 README.md $(DESTDIR)/usr/share/doc/pulsegate/README.md
	install -D -m 644 -t $(DESTDIR)/usr/share/doc/pulsegate/board board/README.md board/*.conf
	install -d $(DESTDIR)/usr/share/man/man8
	gzip -9n < systemd/pulsegate.8 > $(DESTDIR)/usr/share/man/man8/pulsegate.8.gz
	@test -e $(DESTDIR)/etc/pulsegate/pulsegate.conf || \
		install -D -m 640 systemd/pulsegate.conf $(DESTDIR)/etc/pulsegate/pulsegate.conf

.PHONY: package
ifeq ($(origin ARCH),command line)
package: ## A .deb of this machine, in .build/package; with ARCH=arm64 or amd64 of the static binary
	./cross-compile.sh $(ARCH)
	@$(MAKE) deb BINARY=.build-cross/$(ARCH)/pulsegate STATIC=$(ARCH)
	@board/cross/release $(ARCH) $(BUILD)/package-root $(BUILD)/package
else
package: packages
	@echo "Building the binary with Swift's runtime in it (the first time takes minutes)"
	@swift build --scratch-path $(BUILD)-static -c release --static-swift-stdlib --product pulsegate
	@$(MAKE) deb BINARY=$(BUILD)-static/release/pulsegate
endif

.PHONY: deb
deb:
	@rm -rf $(BUILD)/package-root
	@mkdir -p $(BUILD)/package
	@$(if $(STATIC),cp $(BINARY) $(BUILD)/package/pulsegate,strip -o $(BUILD)/package/pulsegate $(BINARY))
	@$(MAKE) install DESTDIR=$(BUILD)/package-root BINARY=$(BUILD)/package/pulsegate > /dev/null
	@systemd/make-package.sh $(BUILD)/package-root $(BUILD)/package/pulsegate $(BUILD)/package $(STATIC)

.PHONY: clean
clean: ## Removes what was built
	rm -rf $(BUILD) $(BUILD)-release $(BUILD)-static .build-cross
