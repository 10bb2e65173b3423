# `make test-docs`: what the pages say in C compiles, the reference is fresh, links lead somewhere. Quick, and needs no build.
.PHONY: reference test-docs

# `make header` does this too.
reference:
	$(PYTHON) scripts/reference.py

test-docs:
	CC="$(CC)" $(PYTHON) -m unittest discover -s tests/docs -p 'test_*.py'
