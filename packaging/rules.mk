# `make install`, `make uninstall` and `make dist`. What is to be installed is gathered by the first user who asks for
# it, so that `make package && sudo make install` runs no compiler as root.

PREFIX ?= /usr/local
DESTDIR ?=
# Below PREFIX: lib, lib64, lib/x86_64-linux-gnu.
LIBDIR ?= lib
RUSTC ?= rustc
export PREFIX DESTDIR LIBDIR

PACKAGED_TOOL := target/package/$(LIBDIR)/diffusion
PACKAGE := $(LIBRARY) $(ORT_STAMP) $(PACKAGED_TOOL) target/package/NOTICES.txt target/package/native-libs.txt
INSTALL := $(PYTHON) packaging/install.py
INSTALL_FROM := install --library target/release --tool $(PACKAGED_TOOL) --notices target/package/NOTICES.txt \
	--native-libs target/package/native-libs.txt --onnxruntime target/onnxruntime/$(ORT_FOLDER)

.PHONY: package install uninstall dist

package: $(PACKAGE)

install: $(PACKAGE)
	$(INSTALL) --prefix "$$PREFIX" --destdir "$$DESTDIR" --libdir "$$LIBDIR" $(INSTALL_FROM)

uninstall:
	$(INSTALL) --prefix "$$PREFIX" --destdir "$$DESTDIR" --libdir "$$LIBDIR" uninstall

dist: $(PACKAGE)
	rm -rf target/dist
	$(INSTALL) --prefix "$(CURDIR)/target/dist/tree" --libdir "$$LIBDIR" $(INSTALL_FROM)
	$(PYTHON) packaging/archive.py target/dist/tree
	rm -rf target/dist/tree

# The tool of `make` looks for the library in release/ beside itself, the installed one in ../lib.
$(PACKAGED_TOOL): $(TOOL_SOURCES) $(TOOL_HEADERS) $(LIBRARY)
	mkdir -p $(@D)
	$(CC) $(STRICT) $(CFLAGS) -Iinclude $(TOOL_SOURCES) -Ltarget/release -ldiffusion -lpthread \
		-Wl,-rpath,'$(BESIDE)/../$(LIBDIR)' -o $@

target/package/NOTICES.txt: Cargo.lock packaging/notices.py
	mkdir -p $(@D)
	$(PYTHON) packaging/notices.py --cargo "$(CARGO)" --rustc "$(RUSTC)" $@

# What a program needs besides libdiffusion.a. None of our crates brings a system library of its own, so these are
# the ones of Rust's standard library; a test links a program with them.
target/package/native-libs.txt: Cargo.lock
	mkdir -p $(@D)
	: | $(RUSTC) --crate-type staticlib --print native-static-libs=$@ -o target/package/empty.a -
	rm target/package/empty.a
