# The bindings' tests, a part of `make test`. A host whose tools are missing is skipped, loudly.

BINDINGS := target/bindings
VENV := $(BINDINGS)/venv
# Python leaves nothing among the sources.
export PYTHONDONTWRITEBYTECODE := 1
# Where a host finds the library that was just built.
WITH_LIBRARY = LIBDIFFUSION_LIBRARY="$(CURDIR)/target/release" LD_LIBRARY_PATH="$(CURDIR)/target/release" \
	DYLD_LIBRARY_PATH="$(CURDIR)/target/release"
CONFORMANCE := $(PYTHON) bindings/conformance.py
BINDING_TESTS := test-declarations test-python test-csharp test-kotlin test-swift

.PHONY: declarations test-bindings $(BINDING_TESTS)

test-bindings: $(BINDING_TESTS)

# What the bindings declare comes from the header.
declarations:
	$(PYTHON) bindings/declare.py

test-declarations:
	$(PYTHON) -m unittest discover -s bindings -p 'test_*.py'
	$(PYTHON) bindings/declare.py --check
	CC="$(CC)" $(PYTHON) bindings/reach.py

# What the C interface draws on this machine.
$(BINDINGS)/conformance/expected.txt: bindings/conformance.c bindings/conformance.py bindings/conformance.json $(TOOL) \
		| use-ort
	mkdir -p $(BINDINGS)/conformance
	$(CC) $(STRICT) $(CFLAGS) -Iinclude bindings/conformance.c -Ltarget/release -ldiffusion \
		-Wl,-rpath,"$(CURDIR)/target/release" -o $(BINDINGS)/conformance/draw
	$(CONFORMANCE) expect $(BINDINGS)/conformance/draw models/demo $(BINDINGS)/conformance

# ------------------------------------------------------------------------------------------------------- Python

PYTHON_SOURCES := $(wildcard bindings/python/libdiffusion/*.py) bindings/python/pyproject.toml bindings/python/README.md

$(VENV)/stamp: bindings/python/requirements-test.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

# Installed as anybody would install it, from a copy, because building leaves files behind.
$(VENV)/installed: $(VENV)/stamp $(PYTHON_SOURCES)
	rm -rf $(BINDINGS)/python
	mkdir -p $(BINDINGS)/python
	cp -R bindings/python/libdiffusion bindings/python/pyproject.toml bindings/python/README.md $(BINDINGS)/python
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps \
		--force-reinstall $(BINDINGS)/python
	touch $@

test-python: $(BINDINGS)/conformance/expected.txt
	@if $(PYTHON) -c 'import ensurepip, venv' 2> /dev/null; then \
		$(MAKE) --no-print-directory run-python; \
	else \
		echo '*** SKIPPED: the Python binding, because $(PYTHON) has no venv (Debian: apt-get install python3-venv)'; \
	fi

.PHONY: run-python
run-python: $(VENV)/installed
	$(WITH_LIBRARY) PYTHONDONTWRITEBYTECODE=1 $(VENV)/bin/python -m pytest -q -p no:cacheprovider bindings/python/tests
	$(WITH_LIBRARY) $(CONFORMANCE) check Python $(BINDINGS)/conformance \
		$(VENV)/bin/python bindings/python/tests/conformance_runner.py
	$(WITH_LIBRARY) $(VENV)/bin/python bindings/python/samples/hello.py models/demo "a red house" $(BINDINGS)/python.png

# ----------------------------------------------------------------------------------------------------------- C#

CSHARP := $(BINDINGS)/csharp
MCS := mcs -nologo -langversion:7.2 -warnaserror -nowarn:1591

test-csharp: $(BINDINGS)/conformance/expected.txt
	@if command -v mcs > /dev/null && command -v mono > /dev/null; then \
		$(MAKE) --no-print-directory run-csharp; \
	else \
		echo '*** SKIPPED: the C# binding, because there is no mono (Debian: apt-get install mono-mcs mono-runtime)'; \
	fi

.PHONY: run-csharp
run-csharp:
	rm -rf $(CSHARP)
	mkdir -p $(CSHARP)/scratch
	$(MCS) -target:library -out:$(CSHARP)/LibDiffusion.dll bindings/csharp/Runtime/*.cs
	$(MCS) -r:$(CSHARP)/LibDiffusion.dll -out:$(CSHARP)/Tests.exe "bindings/csharp/Tests~/Tests.cs" \
		"bindings/csharp/Tests~/Pieces.cs"
	for program in Tests~/Conformance Samples~/Hello; do \
		$(MCS) -r:$(CSHARP)/LibDiffusion.dll -out:$(CSHARP)/$$(basename $$program).exe "bindings/csharp/$$program.cs" || exit 1; \
	done
	$(MCS) -unsafe -nowarn:649 -r:$(CSHARP)/LibDiffusion.dll -out:$(CSHARP)/UnityTests.exe bindings/csharp/Unity/*.cs \
		"bindings/csharp/Tests~/UnityStubs.cs" "bindings/csharp/Tests~/UnityTests.cs"
	$(WITH_LIBRARY) mono $(CSHARP)/Tests.exe models $(CSHARP)/scratch
	$(WITH_LIBRARY) mono $(CSHARP)/UnityTests.exe models $(CSHARP)/scratch
	$(WITH_LIBRARY) $(CONFORMANCE) check 'C#' $(BINDINGS)/conformance mono $(CSHARP)/Conformance.exe
	$(WITH_LIBRARY) mono $(CSHARP)/Hello.exe models/demo "a red house" $(BINDINGS)/csharp.png
