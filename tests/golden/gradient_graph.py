"""The gradient of a noisy classifier as an ONNX graph: grad_x sum(log_softmax(classifier(x, t))[y]).

ONNX has no differentiation and neither of torch's exporters takes autograd, so the backward pass is written out as
forward operators first: torch.func.grad traced by make_fx, with the operators of the backward pass that the exporter does
not know taken apart. The batch is fixed at what it was traced with (one)."""

import torch
from family_compact import shorten
from family_tools import Session
from torch._decomp import core_aten_decompositions, get_decompositions
from torch.fx.experimental.proxy_tensor import make_fx

aten = torch.ops.aten


def convolution_backward(grad, x, weight, bias_sizes, stride, padding, dilation, transposed, output_padding, groups, mask):
    """The gradient for x alone: the convolution's transpose. Weights and biases need none here."""
    assert not transposed and mask[0]
    extra = [x.shape[2 + i] - ((grad.shape[2 + i] - 1) * stride[i] - 2 * padding[i]
                               + dilation[i] * (weight.shape[2 + i] - 1) + 1) for i in range(len(stride))]
    back = aten.convolution.default(grad, weight, None, stride, padding, dilation, True, extra, groups)
    return back, None, None


def gradient(classifier, example):
    """A torch module (sample, timestep, class_labels) -> grad, of operators that the exporter takes."""
    def score(sample, timestep, labels):
        logits = classifier(sample, timestep)
        chosen = torch.arange(logits.shape[1]) == labels[:, None]  # one_hot looks at its values, which cannot be traced
        return (torch.log_softmax(logits, dim=-1) * chosen).sum()

    table = {**core_aten_decompositions(), **get_decompositions([aten.native_group_norm]),
             aten.convolution_backward.default: convolution_backward}
    traced = make_fx(torch.func.functionalize(torch.func.grad(score)), decomposition_table=table, tracing_mode="real")(*example)
    traced.graph.eliminate_dead_code()
    for node in traced.graph.nodes:
        if node.target is aten._to_copy.default:  # what `to` becomes in a trace; the exporter knows only `to`
            node.target, node.kwargs = aten.to.dtype, {}
            node.args = (node.args[0], node.meta["tensor_meta"].dtype)
        elif node.target is aten.as_strided.default:  # the whole of a tensor that lies in one piece
            size, stride = node.args[1:]
            assert stride == list(torch.empty(size).stride()), stride
            node.target, node.args = aten.view.default, node.args[:2]
        elif node.target is aten.sum.dim_IntList and not node.args[1]:  # over everything
            node.target, node.args = aten.sum.default, node.args[:1]
        elif node.target is aten.squeeze.dims:
            node.target, node.args = aten.view.default, (node.args[0], list(node.meta["tensor_meta"].shape))
        elif node.target is aten.empty_permuted.default:  # the shape of what full_like fills
            node.target, node.args, node.kwargs = aten.full.default, (node.args[0], 0.0), {"dtype": node.kwargs["dtype"]}
    traced.recompile()
    return traced


def export(classifier, example, path, autograd, tolerance):
    """Writes path and compares it with autograd(classifier, sample, timestep, class_labels) at other values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        torch.onnx.export(gradient(classifier, example), example, str(path), dynamo=False, opset_version=17,
                          input_names=["sample", "timestep", "class_labels"], output_names=["grad"])
    shorten(path)
    session = Session(path)
    for seed in range(5):
        draw = torch.Generator().manual_seed(seed)
        sample = torch.randn(example[0].shape, generator=draw)
        timestep, labels = torch.tensor([200 * seed]), torch.tensor([seed])
        got = session(sample=sample, timestep=timestep, class_labels=labels)["grad"]
        expected = autograd(classifier, sample, timestep, labels)
        assert (got - expected).abs().max() < tolerance * max(1.0, expected.abs().max()), seed
        assert expected.std() > 1e-3
