"""Graphs to torch networks and back: the demo's weights are read from its own graphs.

`load_weights` fills a torch module from a graph that was exported from the same class;
`export` writes a module as a graph with float16 weights and compares both.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

MODELS = Path(__file__).resolve().parents[1]
DEMO = MODELS / "demo"
sys.path.insert(0, str(DEMO / "train"))

from export import halve_weights  # noqa: E402  (the demo's: float16 weights, a Cast behind each)

OPSET = 18


def load_weights(module: nn.Module, path: Path) -> nn.Module:
    """Sets every parameter and buffer of `module` from the graph at `path`.

    torch's exporter keeps the names of most weights.  It renames those of linear layers without
    bias folding (a transposed operand of the `MatMul` named after the module) and the gain and
    shift of a group normalisation (operands of the module's `Mul` and `Add`).
    """
    graph = onnx.load(path).graph
    tensors = {t.name: numpy_helper.to_array(t).astype(np.float32) for t in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensors[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        if node.op_type == "Cast" and node.input[0] in tensors:
            tensors[node.output[0]] = tensors[node.input[0]]
    operand = {}
    for node in graph.node:
        known = [tensors[i] for i in node.input if i in tensors]
        if len(known) == 1 and node.op_type in ("MatMul", "Mul", "Add"):
            operand[node.name.strip("/").replace("/", ".")] = known[0]
    state = {}
    for name, value in module.state_dict().items():
        owner, leaf = name.rsplit(".", 1)
        if name in tensors and tensors[name].shape == tuple(value.shape):
            state[name] = tensors[name]
        elif leaf == "weight" and owner + ".MatMul" in operand:
            state[name] = operand[owner + ".MatMul"].T
        elif owner + (key := ".Mul" if leaf == "weight" else ".Add") in operand:
            state[name] = operand[owner + key].reshape(value.shape)
        elif value.dtype == torch.int64:  # position ids
            state[name] = value.numpy()
        else:
            raise KeyError(f"{path}: nothing for {name}")
    module.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in state.items()})
    return module


def quarter_weights(path: Path) -> None:
    """Stores the weights of convolutions and linear layers as int8 with one scale an output channel.

    A `Cast` and a `Mul` behind each make float32 of it (ONNX Runtime folds them when it opens the
    graph); everything is still computed in float32.
    """
    model = onnx.load(path)
    graph = model.graph
    operand = {}
    for node in graph.node:
        if node.op_type in ("Conv", "MatMul", "Gemm"):
            turned = node.op_type == "MatMul" or not any(a.name == "transB" and a.i for a in node.attribute)
            operand[node.input[1]] = -1 if node.op_type != "Conv" and turned else 0
    kept, first = [], []
    for tensor in graph.initializer:
        value = numpy_helper.to_array(tensor)
        if tensor.name not in operand or value.dtype != np.float32 or value.size < 4096:
            kept.append(tensor)
            continue
        axis = operand[tensor.name] % value.ndim
        others = tuple(k for k in range(value.ndim) if k != axis)
        scale = np.abs(value).max(others, keepdims=True).clip(1e-8) / 127
        small = np.round(value / scale).astype(np.int8)
        name = tensor.name
        kept += [numpy_helper.from_array(small, name + "_int8"), numpy_helper.from_array(scale, name + "_scale")]
        first += [helper.make_node("Cast", [name + "_int8"], [name + "_float"], name + "_to_float", to=TensorProto.FLOAT),
                  helper.make_node("Mul", [name + "_float", name + "_scale"], [name], name + "_times_scale")]
    nodes = first + list(graph.node)
    for field, values in (("initializer", kept), ("node", nodes)):
        del getattr(graph, field)[:]
        getattr(graph, field).extend(values)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def session(path: Path, threads: int = 2) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def difference(path: Path, inputs: dict[str, torch.Tensor], expected: list[torch.Tensor]) -> float:
    """Largest difference between the graph's outputs and `expected`, over the largest value."""
    s = session(path)
    got = s.run(None, {i.name: inputs[i.name].numpy() for i in s.get_inputs()})
    return max(float(np.abs(g - e.numpy()).max() / e.abs().max()) for g, e in zip(got, expected))


@torch.no_grad()
def export(module: nn.Module, path: Path, inputs: dict[str, torch.Tensor], outputs: list[str],
           dynamic: dict[str, dict[int, str]], eight_bit: bool = False) -> dict:
    """Writes `module(*inputs)` to `path`; its size and its difference to torch on these inputs.

    Weights are stored as float16, with `eight_bit` those of convolutions and linear layers as int8.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(module, tuple(inputs.values()), path, input_names=list(inputs), output_names=outputs,
                      dynamic_axes=dynamic, opset_version=OPSET, dynamo=False)
    if eight_bit:
        quarter_weights(path)
    halve_weights(path)
    expected = module(*inputs.values())
    expected = list(expected) if isinstance(expected, (tuple, list)) else [expected]
    return {"bytes": path.stat().st_size, "difference_to_torch": difference(path, inputs, expected)}
