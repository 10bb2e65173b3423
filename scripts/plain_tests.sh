#!/bin/sh
# A wrapper around rustc (RUSTC_WORKSPACE_WRAPPER) that compiles what lies under tests/ without optimisation: that takes a third
# of the time for each of its many programs, and what runs long in them is the library's, which is optimised as ever. A profile
# cannot say so, because the tests and the library are one package.
for argument; do
    case $argument in
        tests/*.rs) exec "$@" -C opt-level=0 ;;
    esac
done
exec "$@"
