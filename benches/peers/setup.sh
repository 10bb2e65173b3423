#!/bin/sh
# Makes the peers' virtual environment and prints its Python. A second run downloads nothing.
# Usage: setup.sh [DIR]     (default: ${XDG_CACHE_HOME:-$HOME/.cache}/libdiffusion/peers)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/libdiffusion/peers}
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
echo "$venv/bin/python"
