#!/usr/bin/env bash
# Measures libdiffusion beside diffusers in float16 on an NVIDIA GPU, from packages alone. See README.md.
#
# Usage: run.sh [--work DIR] [--size N] [--steps N] [--rounds N] [--no-tensorrt] [--no-webgpu] [--no-sdxl] [--tiny]
#               [--dry-run]
set -euo pipefail
cd "$(dirname "$0")/../.."

export PYTHON=${PYTHON:-python3} # make and setup.sh take it from here too
WORK=${XDG_CACHE_HOME:-$HOME/.cache}/libdiffusion/gpu
SIZE=512 STEPS=20 ROUNDS=3 TENSORRT=1 WEBGPU=1 SDXL=1 DRY=0
TINY=()
value() { [ $# -ge 2 ] || { echo "run.sh: $1 needs a value" >&2; exit 2; }; echo "$2"; }
while [ $# -gt 0 ]; do
    case $1 in
        --work) WORK=$(value "$@"); shift ;;
        --size) SIZE=$(value "$@"); shift ;;
        --steps) STEPS=$(value "$@"); shift ;;
        --rounds) ROUNDS=$(value "$@"); shift ;;
        --no-tensorrt) TENSORRT=0 ;;
        --no-webgpu) WEBGPU=0 ;;
        --no-sdxl) SDXL=0 ;;
        --tiny) TINY=(--tiny) ;;
        --dry-run) DRY=1 ;;
        *) echo "run.sh: unknown option $1; the options are in the first lines of this script" >&2; exit 2 ;;
    esac
    shift
done

say() { echo "run.sh: $*" >&2; }
run() { # prints the command; runs it unless this is a dry run
    printf '+' >&2
    printf ' %q' "$@" >&2
    printf '\n' >&2
    [ "$DRY" = 1 ] || "$@"
}
installed() { # FILE STAMP: whether STAMP says that FILE is installed
    [ "$DRY" = 0 ] && cmp -s "$1" "$2"
}

for need in nvidia-smi cargo cc make "$PYTHON"; do
    command -v "$need" > /dev/null || { say "$need is not there"; [ "$DRY" = 1 ] || exit 1; }
done
[ "$DRY" = 1 ] || "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || {
    say "$PYTHON is not 3.11, 3.12 or 3.13, for which the pinned wheels are made; name another by PYTHON=..."
    exit 1
}
[ "$DRY" = 1 ] || mkdir -p "$WORK"

say "the library and the tool"
run make

say "torch, diffusers and the exporter"
run benches/peers/setup.sh "$WORK/peers"
PEERS=$WORK/peers/bin/python

say "ONNX Runtime for CUDA 13"
GPU=$WORK/onnxruntime
if ! installed benches/gpu/requirements.txt "$GPU/installed.txt"; then
    run "$PYTHON" -m venv "$GPU"
    run "$GPU/bin/pip" install --quiet --disable-pip-version-check -r benches/gpu/requirements.txt
    run cp benches/gpu/requirements.txt "$GPU/installed.txt"
fi
if [ $TENSORRT = 1 ] && ! installed benches/gpu/requirements-tensorrt.txt "$GPU/tensorrt.txt"; then
    if run "$GPU/bin/pip" install --quiet --disable-pip-version-check -r benches/gpu/requirements-tensorrt.txt; then
        run cp benches/gpu/requirements-tensorrt.txt "$GPU/tensorrt.txt"
    else
        say "TensorRT could not be installed and is left out"
        TENSORRT=0
    fi
fi
if [ $WEBGPU = 1 ] && ! { [ "$DRY" = 0 ] && [ -d "$WORK/webgpu/onnxruntime" ]; }; then
    if ! run "$GPU/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$WORK/webgpu" \
        onnxruntime-webgpu==1.27.0; then
        say "ONNX Runtime for WebGPU could not be installed and is left out"
        WEBGPU=0
    fi
fi

library() { # FOLDER: the one libonnxruntime below it
    if [ "$DRY" = 1 ]; then
        echo "$1/.../libonnxruntime.so.1"
        return
    fi
    local found
    found=$(find "$1" -name 'libonnxruntime.so.1*' | head -n 1)
    [ -n "$found" ] || { say "no libonnxruntime.so.1 below $1"; exit 1; }
    echo "$found"
}
CUDA_LIBRARY=$(library "$GPU")
if [ $WEBGPU = 1 ]; then
    WEBGPU_LIBRARY=$(library "$WORK/webgpu")
fi
FOLDERS=".../nvidia/*/lib"
if [ "$DRY" = 0 ]; then
    # Every folder of the wheels that holds libraries: CUDA, cuDNN, and TensorRT where it is.
    FOLDERS=$(find "$GPU"/lib/python3*/site-packages/nvidia "$GPU"/lib/python3*/site-packages/tensorrt_libs \
        -name '*.so*' -printf '%h\n' 2> /dev/null | sort -u | paste -sd : -)
fi

make_folder() { # NAME: WORK/NAME (float16 ONNX) and WORK/NAME-torch, unless they are there
    if [ "$DRY" = 0 ] && [ -f "$WORK/$1/complete" ]; then
        return
    fi
    run rm -rf "$WORK/$1" "$WORK/$1-torch"
    run "$PEERS" "models/tools/make_$1_random.py" "$WORK/$1" --dtype fp16 --keep-torch "$WORK/$1-torch" \
        ${TINY[@]+"${TINY[@]}"}
    run touch "$WORK/$1/complete"
}

compare() { # NAME SIZE: our providers and diffusers on WORK/NAME
    local sides=(
        --ours "cuda=--provider cuda --ort-library '$CUDA_LIBRARY'"
        --ours "cuda-graph=--provider cuda --provider-option enable_cuda_graph=1 --ort-library '$CUDA_LIBRARY'"
    )
    if [ $TENSORRT = 1 ]; then
        run mkdir -p "$WORK/engines"
        sides+=(--ours "tensorrt=--provider tensorrt --provider-option trt_fp16_enable=1 \
--provider-option trt_engine_cache_enable=1 --provider-option trt_engine_cache_path='$WORK/engines' \
--ort-library '$CUDA_LIBRARY'")
    fi
    if [ $WEBGPU = 1 ]; then
        sides+=(--ours "webgpu=--provider webgpu --ort-library '$WEBGPU_LIBRARY'")
    fi
    run "$PYTHON" benches/peers/compare.py --model "$WORK/$1" --torch-model "$WORK/$1-torch" --python "$PEERS" \
        --peers diffusers-fp16,diffusers-fp16-compile --torch-device cuda "${sides[@]}" \
        --ours-env "LD_LIBRARY_PATH=$FOLDERS" --width "$2" --height "$2" --steps "$STEPS" --rounds "$ROUNDS" \
        --threads 0 --json "$WORK/$1.json" --markdown "$WORK/$1.md" --plot "$WORK/$1.svg"
}

status=0
say "Stable Diffusion 1.5"
make_folder sd15
compare sd15 "$SIZE" || status=1

if [ $SDXL = 1 ]; then
    say "Stable Diffusion XL"
    make_folder sdxl
    if run target/diffusion inspect --model "$WORK/sdxl" > /dev/null; then
        compare sdxl $((SIZE * 2)) || status=1
    else
        say "this version of the library does not open the SDXL folder, so SDXL was not compared"
    fi
fi
say "tables, figures and plots: $WORK/*.md, *.json, *.svg"
exit $status
