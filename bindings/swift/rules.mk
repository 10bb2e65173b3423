# Swift: what a machine without a Swift compiler can check, and the package's tests where there is one.
SWIFT ?= swift

.PHONY: test-swift run-swift

test-swift: $(if $(wildcard bindings/conformance.c),target/bindings/conformance/expected.txt)
	$(PYTHON) -m unittest discover -s bindings/swift -p 'test_*.py'
	$(PYTHON) bindings/swift/check_header.py
	@if ! command -v $(firstword $(SWIFT)) > /dev/null; then echo 'SKIPPED: there is no swift, so the Swift binding was not built'; \
	else $(MAKE) --no-print-directory run-swift; fi

run-swift: use-ort
	LIBDIFFUSION_FOLDER="$(CURDIR)/target/release" $(SWIFT) test --package-path bindings/swift --scratch-path target/swift
