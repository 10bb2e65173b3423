# Swift: what a machine without a Swift compiler can check, and the package's tests where there is one.
.PHONY: test-swift

test-swift:
	$(PYTHON) -m unittest discover -s bindings/swift -p 'test_*.py'
	$(PYTHON) bindings/swift/check_header.py
	@if ! command -v swift > /dev/null; then echo 'SKIPPED: there is no swift, so the Swift binding was not built'; \
	else $(MAKE) use-ort && LIBDIFFUSION_FOLDER="$(CURDIR)/target/release" \
		swift test --package-path bindings/swift --scratch-path target/swift; fi
