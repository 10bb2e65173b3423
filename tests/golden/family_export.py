"""From a torch pipeline to a folder as optimum writes it, small enough to lie in the repository, and checked."""

import json

import numpy as np
import torch
from family_compact import shorten
from family_tools import WORK, Session, finish, fresh, write_json
from optimum.exporters.onnx import main_export

ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3")


def export(pipeline, name, out, scheduler):
    """Keeps the torch pipeline under WORK/name and writes out/name; scheduler: the content of its file."""
    source, folder = fresh(WORK / name), fresh(out / name)
    pipeline.save_pretrained(source)
    main_export(str(source), str(folder), task="text-to-image", library_name="diffusers", dtype="fp32",
                do_validation=False)
    write_json(folder / "scheduler" / "scheduler_config.json", scheduler)
    for vocabulary in folder.rglob("vocab.json"):  # on one line instead of one a token
        vocabulary.write_text(json.dumps(json.loads(vocabulary.read_text()), ensure_ascii=False))
    for graph in folder.rglob("*.onnx"):
        shorten(graph)
    finish(folder)
    check_text_encoders(pipeline, folder)


def check_text_encoders(pipeline, folder):
    """The pictures' second round, on the graphs, leaves text to torch: so the encoders' graphs are compared here."""
    for part in ENCODERS:
        model = getattr(pipeline, part, None)
        if model is None:
            continue
        limit = model.config.vocab_size
        ids = torch.randint(0, limit, (2, 77), generator=torch.Generator().manual_seed(5))
        with torch.no_grad():
            expected = model(ids, output_hidden_states=True)
        got = Session(folder / part / "model.onnx")(input_ids=ids)
        for output, value in got.items():
            name, _, index = output.partition(".")
            other = expected[name][int(index)] if index else expected[name]
            gap = np.abs(value.numpy() - other.numpy()).max()
            assert gap < 1e-4, (folder.name, part, output, gap)
