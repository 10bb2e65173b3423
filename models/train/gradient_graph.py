"""The gradient of a scalar function as an ordinary ONNX graph, for classifier guidance.

`make_fx(torch.func.grad(f))` writes the backward pass as plain tensor operations; what has no
ONNX counterpart is taken apart first.  The batch is static: one picture.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch._decomp import core_aten_decompositions
from torch.fx.experimental.proxy_tensor import make_fx

import graphs

aten = torch.ops.aten


def _convolution_backward(grad, x, weight, bias_sizes, stride, padding, dilation, transposed, output_padding,
                          groups, output_mask):
    """Only the gradient of the input: a transposed convolution (nobody asks for the weights')."""
    assert not transposed
    rest = [x.shape[2 + i] - ((grad.shape[2 + i] - 1) * stride[i] - 2 * padding[i]
                              + dilation[i] * (weight.shape[2 + i] - 1) + 1) for i in range(len(stride))]
    out = aten.convolution(grad, weight, None, stride, padding, dilation, True, rest, groups)
    return out, None, None


def _empty_permuted(size, physical_layout, **options):
    """Memory that is written before it is read."""
    return torch.zeros(size, dtype=options.get("dtype"))


def export(function: Callable[..., torch.Tensor], inputs: dict[str, torch.Tensor], path: Path) -> dict:
    """Writes d function / d (first input) to `path` as output `grad`; size and difference to autograd."""
    table = core_aten_decompositions()
    table = dict(table.items()) | {aten.convolution_backward.default: _convolution_backward,
                                   aten.empty_permuted.default: _empty_permuted}
    traced = make_fx(torch.func.grad(function), decomposition_table=table, tracing_mode="real")(*inputs.values())
    traced.graph.eliminate_dead_code()
    traced.recompile()
    x, *rest = (v.clone() for v in inputs.values())
    expected = torch.autograd.grad(function(x.requires_grad_(), *rest), x)[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    program = torch.onnx.export(traced, tuple(inputs.values()), input_names=list(inputs), output_names=["grad"],
                                opset_version=graphs.OPSET, dynamo=True)
    program.save(path)
    graphs.halve_weights(path)
    return {"bytes": path.stat().st_size, "difference_to_autograd": graphs.difference(path, inputs, [expected])}
