# `make demo` draws a picture, `make test` runs every check; both set up all they need on a fresh machine
# (Rust, a C compiler, make, Python 3 with pip). Everything made lies under target/.
#
# Every path below is relative, so that a checkout in a folder with spaces works.

PYTHON ?= python3
CARGO ?= cargo
CC ?= cc
CFLAGS ?= -O2
export PROMPT ?= a red house on the left in a meadow at noon, with trees and the sun
SEED ?= 2
# Which build of ONNX Runtime: cpu, or openvino (Linux x86-64 only), whose demo runs in bfloat16.
ORT ?= cpu
ORT_FOLDERS := cpu:1.28.0-cpu openvino:1.24.1-openvino
ORT_FOLDER := $(patsubst $(ORT):%,%,$(filter $(ORT):%,$(ORT_FOLDERS)))
ifeq ($(ORT_FOLDER),)
$(error ORT is "$(ORT)": it must be cpu or openvino)
endif

# A build folder set in the environment would move the library away from where the tool looks for it.
export CARGO_TARGET_DIR := target

ORT_STAMP := target/onnxruntime/$(ORT_FOLDER).stamp
VOCAB := target/clip-vocab/vocab.json
LIBRARY := target/release/stamp
TOOL := target/diffusion
RUST := $(shell find src -name '*.rs' 2>/dev/null) Cargo.toml Cargo.lock build.rs
# What one copies from when one polls.
ASYNC := target/async
TOOL_SOURCES := $(wildcard examples/diffusion/*.c)
TOOL_HEADERS := $(wildcard examples/diffusion/*.h) include/diffusion.h
# How a program says "beside me" to the dynamic loader.
ifeq ($(shell uname -s),Darwin)
BESIDE := @loader_path
LINK_NAME := libdiffusion.0.dylib
LINK_TO := libdiffusion.dylib
else
BESIDE := $$ORIGIN
LINK_NAME := libdiffusion.so.0
LINK_TO := libdiffusion.so
endif
STRICT := -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Wpedantic -Werror

# Systems that the library is checked to compile for, without a linker or a device of theirs: those that CI checks, and
# the rest, which differ from one of them by their processor.
PLATFORMS := x86_64-pc-windows-msvc x86_64-pc-windows-gnu aarch64-apple-darwin aarch64-apple-ios aarch64-linux-android
MORE_PLATFORMS := aarch64-pc-windows-msvc x86_64-apple-darwin aarch64-unknown-linux-gnu

.PHONY: all demo demo-cpu demo-openvino use-ort test test-openvino test-package models check unit bench bench-peers header \
	abi valgrind platforms platforms-all check-platforms clean help

all: $(TOOL) $(ASYNC) use-ort

help:
	@echo 'make         build the library (target/release), the tool (target/diffusion) and examples/async.c (target/async)'
	@echo 'make demo    draw a picture with models/demo; PROMPT="..." and SEED=n choose another'
	@echo 'make ORT=openvino demo   draw it with OpenVINO in bfloat16, and say how far that is from float32'
	@echo 'make test-openvino       the tests that need OpenVINO (a download of 84 MB the first time)'
	@echo 'make models  copy into models/control and models/unclip what they share with other models here'
	@echo 'make test    formatting, lints, and every test'
	@echo 'make test-bindings       of these, the bindings for other languages, those whose tools are here'
	@echo 'make test-python, test-csharp, test-kotlin, test-swift   one of them; what is missing for it is said'
	@echo 'make desktop a window to draw in (target/desktop), where SDL2 is installed'
	@echo 'make test-desktop, test-godot, test-unreal, test-docs   one of them alone'
	@echo 'make install PREFIX=DIR [DESTDIR=DIR] [LIBDIR=lib64]   headers, libraries, ONNX Runtime, tool, pkg-config, CMake'
	@echo 'make uninstall PREFIX=DIR   take it away again'
	@echo 'make dist    the same as a tarball that may be unpacked anywhere'
	@echo 'make bench   time the demo model'
	@echo 'make bench-peers MODEL=DIR ARGS="..."   time it beside others; ARGS are those of benches/peers/compare.py'
	@echo 'make platforms  check that the library compiles for Windows, macOS, iOS and Android (needs rustup)'
	@echo 'make platforms-all       and for their other processors'
	@echo 'make header  write include/diffusion.h and what the bindings declare anew after a change of src/ffi'
	@echo 'make abi     record the functions of today as what hosts may rely on'
	@echo 'make valgrind   every C test under valgrind'

demo: demo-$(ORT)

demo-cpu: $(TOOL) use-ort
	$(TOOL) generate --model models/demo --prompt "$$PROMPT" --seed $(SEED) --output target/demo.png
	@echo "the picture is $(CURDIR)/target/demo.png"

# The same picture twice, in float32 and in bfloat16, with the times and the distance.
demo-openvino: $(TOOL) use-ort
	$(PYTHON) scripts/compare_precision.py --tool $(TOOL) --model models/demo --prompt "$$PROMPT" --seed $(SEED) \
		--output target/demo.png -- --provider openvino --precision bfloat16
	@echo "the picture is $(CURDIR)/target/demo.png"

# Lets the library find the build that was asked for; the tool and the library themselves are the same for all.
use-ort: $(ORT_STAMP) $(LIBRARY)
	ln -sfn ../onnxruntime/$(ORT_FOLDER) target/release/onnxruntime

test: check unit test-package test-docs test-bindings test-godot test-unreal test-desktop

# Apart from `test`, which must not need a large download; the library is passed to the tests that ask for it.
test-openvino: $(VOCAB) $(TOOL)
	LIBDIFFUSION_OPENVINO="$$($(PYTHON) scripts/fetch_onnxruntime.py --build openvino --target-dir target)" \
		$(CARGO) test --locked --test openvino

check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

# What is inside of the crate is tested unoptimised: that is compiled in a tenth of the time and runs no whole model.
unit: target/onnxruntime/1.28.0-cpu.stamp $(VOCAB) $(TOOL) models
	$(CARGO) --config 'profile.dev.package.libdiffusion.opt-level=0' test --locked --no-fail-fast --lib
	$(CARGO) test --locked --no-fail-fast --test '*'
	$(CARGO) test --locked --doc
	$(PYTHON) -m unittest discover -s benches/peers -p 'test_*.py'
	$(PYTHON) -m unittest discover -s benches/gpu -p 'test_*.py'

# Parts that a small model shares with another are copied out of that one, not kept twice.
models:
	$(MAKE) -C models/control
	$(MAKE) -C models/unclip

# What a user of the installed library meets: compilers, pkg-config, CMake, the tarball.
test-package: package
	MAKE="$(MAKE_COMMAND)" CC="$(CC)" $(PYTHON) -m unittest discover -s tests/packaging -p 'test_*.py'

bench: $(TOOL) use-ort
	$(CARGO) bench --locked --bench generate -- $(ARGS)
	$(CARGO) bench --locked --bench memory -- $(ARGS)
	$(CARGO) bench --locked --bench cancel -- $(ARGS)

bench-peers: $(TOOL) use-ort
	$(PYTHON) benches/peers/compare.py --model "$(or $(MODEL),models/demo)" $(ARGS)

# Records what the header declares now as what hosts may rely on: additions, and breaks that are on purpose.
abi:
	UPDATE_ABI=1 $(CARGO) test --locked --test abi every_promise

# Every C test by itself; `make test` has one program for all under valgrind.
valgrind:
	$(CARGO) test --locked --test ffi -- --ignored every_program_under_valgrind

header:
	UPDATE_HEADER=1 $(CARGO) test --locked --test header
	$(MAKE) --no-print-directory declarations
	$(MAKE) --no-print-directory reference

# In one call, so that what runs on this machine (build scripts, procedural macros) is built once for all of them.
platforms:
	@if command -v rustup > /dev/null; then \
		$(MAKE) --no-print-directory check-platforms; \
	else \
		echo '*** SKIPPED: other platforms, because there is no rustup to get their standard libraries (https://rustup.rs)'; \
	fi

platforms-all:
	$(MAKE) platforms PLATFORMS="$(PLATFORMS) $(MORE_PLATFORMS)"

check-platforms:
	rustup target add $(PLATFORMS)
	RUSTFLAGS="-D warnings" $(CARGO) check --locked --lib $(PLATFORMS:%=--target %)

# The tool finds the library beside itself, and the library finds ONNX Runtime in onnxruntime/ beside itself.
$(TOOL): $(TOOL_SOURCES) $(TOOL_HEADERS) $(LIBRARY)
	$(CC) $(STRICT) $(CFLAGS) -Iinclude $(TOOL_SOURCES) -Ltarget/release -ldiffusion -lpthread \
		-Wl,-rpath,'$(BESIDE)/release' -o $@

$(ASYNC): examples/async.c include/diffusion.h $(LIBRARY)
	$(CC) $(STRICT) $(CFLAGS) -Iinclude $< -Ltarget/release -ldiffusion $(RPATH) -o $@

$(LIBRARY): $(RUST)
	$(CARGO) build --locked --release --lib
	ln -sf $(LINK_TO) target/release/$(LINK_NAME) # the name that programs ask for at run time
	touch $@

# 1.28.0-cpu.stamp is the build "cpu", and so on.
target/onnxruntime/%.stamp: scripts/fetch_onnxruntime.py
	$(PYTHON) scripts/fetch_onnxruntime.py --build $(lastword $(subst -, ,$*)) --target-dir target
	touch $@

$(VOCAB): tests/golden/clip_vocab.py
	$(PYTHON) tests/golden/clip_vocab.py target/clip-vocab
	touch $@

clean:
	$(CARGO) clean

include packaging/rules.mk
include bindings/bindings.mk
include bindings/kotlin/rules.mk bindings/swift/rules.mk
include docs/rules.mk examples/desktop/rules.mk bindings/godot/rules.mk bindings/unreal/rules.mk
