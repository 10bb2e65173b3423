# The extension for Godot, where godot-cpp is: make test-godot GODOT_CPP=FOLDER. The first time it builds as much of
# godot-cpp as is used, some minutes on two cores.
GODOT_CPP ?=
GODOT := target/godot
GODOT_ADDON := $(GODOT)/addons/libdiffusion
GODOT_TEST_FLAGS := -std=c++17 -g -Wall -Wextra -Werror

.PHONY: test-godot run-godot godot

test-godot:
	$(PYTHON) -m unittest discover -s bindings/godot/tests -p 'test_*.py'
	@if [ ! -f "$(GODOT_CPP)/gdextension/extension_api.json" ]; then \
		echo '*** SKIPPED: the Godot extension, because GODOT_CPP names no folder with godot-cpp (make test-godot GODOT_CPP=FOLDER)'; \
	elif ! command -v cmake > /dev/null; then echo '*** SKIPPED: the Godot extension, because there is no cmake'; \
	else $(MAKE) --no-print-directory run-godot; fi

# From an installation, as anybody would build it; afterwards what has changed is copied there. Installing again would make
# CMake configure again, and then godot-cpp writes all its sources anew and all are compiled.
godot: $(GODOT)/configured $(LIBRARY)
	cp -p include/diffusion.h include/diffusion.hpp $(GODOT)/prefix/include
	cp -p target/release/$(LINK_TO) $(GODOT)/prefix/lib/$(LINK_TO)
	cmake --build $(GODOT)/build --parallel 2

$(GODOT)/installed: | $(PACKAGE)
	$(INSTALL) --prefix "$(CURDIR)/$(GODOT)/prefix" --libdir lib $(INSTALL_FROM)
	touch $@

$(GODOT)/configured: bindings/godot/CMakeLists.txt bindings/godot/build_profile.json | $(GODOT)/installed
	cmake -S bindings/godot -B $(GODOT)/build -DCMAKE_BUILD_TYPE=Release "-DGODOT_CPP=$(GODOT_CPP)" \
		"-DCMAKE_PREFIX_PATH=$(CURDIR)/$(GODOT)/prefix" "-DADDON=$(CURDIR)/$(GODOT_ADDON)"
	touch $@

# Loaded and driven by a stand-in for the engine.
run-godot: godot $(TOOL) use-ort
	rm -rf $(GODOT)/scratch && mkdir -p $(GODOT)/scratch
	$(CXX) $(GODOT_TEST_FLAGS) "-I$(GODOT_CPP)/gdextension" -Iinclude bindings/godot/tests/*.cpp -Ltarget/release -ldiffusion -ldl \
		-Wl,-rpath,"$(CURDIR)/target/release" -o $(GODOT)/extension_test
	$(TOOL) generate -m models/demo -p 'a green boat on the sea at sunset' -s 7 --steps 4 -o $(GODOT)/scratch/picture.png
	$(GODOT)/extension_test $(GODOT_ADDON)/bin/libdiffusion_godot.*.[ds]* models $(GODOT)/scratch $(GODOT)/scratch/picture.png
