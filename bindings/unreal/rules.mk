# The plugin for Unreal, against stubs of Unreal: see tests/.
.PHONY: test-unreal run-unreal

test-unreal:
	@if ! command -v $(firstword $(CXX)) > /dev/null; then echo '*** SKIPPED: the Unreal plugin, because there is no C++ compiler'; \
	else $(MAKE) --no-print-directory run-unreal; fi

run-unreal: $(TOOL) use-ort
	CXX="$(CXX)" $(PYTHON) -m unittest discover -s bindings/unreal/tests -p 'test_*.py'
