# Swift: what a machine without a Swift compiler can check, and the package's tests where there is one.
SWIFT ?= swift
WITH_SWIFT = LIBDIFFUSION_FOLDER="$(CURDIR)/target/release"
SWIFT_PACKAGE := --package-path bindings/swift --scratch-path target/swift

.PHONY: test-swift run-swift

test-swift:
	$(PYTHON) -m unittest discover -s bindings/swift -p 'test_*.py'
	$(PYTHON) bindings/swift/check_header.py
	@if command -v $(firstword $(SWIFT)) > /dev/null; then \
		$(MAKE) --no-print-directory run-swift; \
	else \
		echo '*** SKIPPED: building the Swift binding, because there is no swift; bindings/swift/README.md says how to get it'; \
	fi

run-swift: $(BINDINGS)/conformance/expected.txt
	$(WITH_SWIFT) $(SWIFT) test $(SWIFT_PACKAGE)
	$(WITH_SWIFT) $(CONFORMANCE) check Swift $(BINDINGS)/conformance \
		$(SWIFT) run --skip-build $(SWIFT_PACKAGE) conformance
	$(WITH_SWIFT) $(SWIFT) run --skip-build $(SWIFT_PACKAGE) draw models/demo "a red house" $(BINDINGS)/swift.png
