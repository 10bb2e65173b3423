#!/bin/sh
# Makes every golden file again. PYTHON names the interpreter of the environment in README.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
export OMP_NUM_THREADS=1 CUDA_VISIBLE_DEVICES=
for script in make_rng make_brownian make_schedulers make_tokenizer make_graphs make_tiny_models \
    make_attentions make_pictures make_previews make_family_models make_family_pictures make_tiled make_image \
    make_guidance make_diffusion_references make_learned make_seamless make_text_states make_t5 make_t5_tokens \
    make_conditions make_embeddings make_text_tokens make_system_models make_system_pictures; do
    echo "$script"
    "$python" "$here/$script.py"
done
