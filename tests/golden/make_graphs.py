"""Makes the small ONNX files of tests/golden/graphs, which the tests of src/runtime open.

    python tests/golden/make_graphs.py

Needs onnx (made with 1.23.2). Nothing in them is random: the files are the same on every run.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUT = Path(__file__).resolve().parent / "graphs"
OPSET = 17
IR_VERSION = 8


def save(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="make_graphs.py")
    model.ir_version = IR_VERSION
    if not any(tensor.data_location == TensorProto.EXTERNAL for tensor in initializers) and "external" not in name:
        onnx.checker.check_model(model)
    (OUT / f"{name}.onnx").write_bytes(model.SerializeToString())


def value(name, dtype, shape):
    return helper.make_tensor_value_info(name, dtype, shape)


def step(name, dtype, timestep, timestep_shape, batch):
    """A denoiser's surface: sample + timestep, so that a test sees both arrive."""
    nodes = [
        helper.make_node("Cast", ["timestep"], ["t"], to=dtype),
        helper.make_node("Add", ["sample", "t"], ["out_sample"]),
    ]
    shape = [batch, 4, "height", "width"]
    save(
        name,
        nodes,
        [value("sample", dtype, shape), value("timestep", timestep, timestep_shape)],
        [value("out_sample", dtype, shape)],
    )


def slow():
    """`count` matrix products in a row, in a Loop: tiny on disk, as slow as one likes."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("MatMul", ["m", "weight"], ["product"]),
        ],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("m", TensorProto.FLOAT, None)],
        [value("go_on", TensorProto.BOOL, []), value("product", TensorProto.FLOAT, None)],
    )
    nodes = [helper.make_node("Loop", ["count", "", "x"], ["y"], body=body)]
    matrix = ["n", "n"]
    save(
        "slow",
        nodes,
        [
            value("x", TensorProto.FLOAT, matrix),
            value("weight", TensorProto.FLOAT, matrix),
            value("count", TensorProto.INT64, []),
        ],
        [value("y", TensorProto.FLOAT, matrix)],
    )


def slow_to_open():
    """Forty matrix products of constants, which ONNX Runtime works out when it opens the graph."""
    side, count = 512, 40
    size = numpy_helper.from_array(np.array([side, side], dtype=np.int64), "size")
    one = numpy_helper.from_array(np.array([1 / side], dtype=np.float32), "one")
    nodes = [helper.make_node("ConstantOfShape", ["size"], ["m0"], value=one)]
    nodes += [helper.make_node("MatMul", [f"m{i}", "m0"], [f"m{i + 1}"]) for i in range(count)]
    nodes += [helper.make_node("Add", ["x", f"m{count}"], ["y"])]
    shape = [side, side]
    save("slow_to_open", nodes, [value("x", TensorProto.FLOAT, shape)], [value("y", TensorProto.FLOAT, shape)], [size])


def two_outputs():
    nodes = [
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Mul", ["a", "b"], ["product"]),
    ]
    shape = ["n", 3]
    save(
        "two_outputs",
        nodes,
        [value("a", TensorProto.FLOAT, shape), value("b", TensorProto.FLOAT, shape)],
        [value("sum", TensorProto.FLOAT, shape), value("product", TensorProto.FLOAT, shape)],
    )


def strings():
    """An input of a type that is not carried, and an output of one."""
    save(
        "strings",
        [helper.make_node("Identity", ["text"], ["same"])],
        [value("text", TensorProto.STRING, ["n"])],
        [value("same", TensorProto.STRING, ["n"])],
    )


def unused_initializer():
    """ONNX Runtime warns about it: for the test of where its log goes."""
    shape = [3]
    save(
        "unused_initializer",
        [helper.make_node("Identity", ["x"], ["y"])],
        [value("x", TensorProto.FLOAT, shape)],
        [value("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.ones(3, dtype=np.float32), "never_used")],
    )


def unknown_operator():
    node = helper.make_node("NoSuchOperator", ["x"], ["y"], domain="test.libdiffusion")
    graph = helper.make_graph(
        [node], "unknown_operator", [value("x", TensorProto.FLOAT, [1])], [value("y", TensorProto.FLOAT, [1])]
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("test.libdiffusion", 1)]
    model = helper.make_model(graph, opset_imports=opsets)
    model.ir_version = IR_VERSION
    (OUT / "unknown_operator.onnx").write_bytes(model.SerializeToString())


def bfloat16_matmul():
    """Valid ONNX for which ONNX Runtime's CPU has no kernel."""
    shape = [2, 2]
    save(
        "bfloat16_matmul",
        [
            helper.make_node("Cast", ["x"], ["a"], to=TensorProto.BFLOAT16),
            helper.make_node("MatMul", ["a", "a"], ["b"]),
            helper.make_node("Cast", ["b"], ["y"], to=TensorProto.FLOAT),
        ],
        [value("x", TensorProto.FLOAT, shape)],
        [value("y", TensorProto.FLOAT, shape)],
    )


def scalar(name, number):
    return numpy_helper.from_array(np.array(number, dtype=np.float32), name)


def as_column(name, target, rank=2):
    """Casts a [batch] of integers to [batch, 1, ...]."""
    axes = numpy_helper.from_array(np.arange(1, rank, dtype=np.int64), f"{target}_axes")
    nodes = [
        helper.make_node("Cast", [name], [f"{target}_float"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", [f"{target}_float", f"{target}_axes"], [target]),
    ]
    return nodes, axes


def prior():
    """A prior's surface: rank-2 samples, a scalar timestep, labels, a boolean mask.

    out = 0.5 sample + 0.25 (mask's sum) + 0.125 label + 0.001 t
    """
    label, axes = as_column("class_labels", "label")
    last = numpy_helper.from_array(np.array([1], dtype=np.int64), "last")
    nodes = [
        *label,
        helper.make_node("Cast", ["timestep"], ["t"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["mask", "last"], ["count"], keepdims=1),
        helper.make_node("Mul", ["hidden_states", "half"], ["own"]),
        helper.make_node("Mul", ["count", "quarter"], ["counted"]),
        helper.make_node("Mul", ["label", "eighth"], ["labelled"]),
        helper.make_node("Mul", ["t", "thousandth"], ["timed"]),
        helper.make_node("Sum", ["own", "counted", "labelled", "timed"], ["predicted_image_embedding"]),
    ]
    shape = ["batch", 6]
    save(
        "prior",
        nodes,
        [
            value("hidden_states", TensorProto.FLOAT, shape),
            value("timestep", TensorProto.INT64, []),
            value("class_labels", TensorProto.INT64, ["batch"]),
            value("attention_mask", TensorProto.BOOL, ["batch", 4]),
        ],
        [value("predicted_image_embedding", TensorProto.FLOAT, shape)],
        [axes, last, scalar("half", 0.5), scalar("quarter", 0.25), scalar("eighth", 0.125), scalar("thousandth", 0.001)],
    )


def learned_variance():
    """A denoiser that predicts its variance: out = [0.3 sample + 0.1 label, 0.1 label - 0.5 + 0 sample]."""
    label, axes = as_column("class_labels", "label", 4)
    nodes = [
        *label,
        helper.make_node("Mul", ["sample", "factor"], ["scaled"]),
        helper.make_node("Mul", ["sample", "zero"], ["none"]),
        helper.make_node("Mul", ["label", "tenth"], ["labelled"]),
        helper.make_node("Add", ["scaled", "labelled"], ["mean"]),
        helper.make_node("Sum", ["none", "labelled", "low"], ["variance"]),
        helper.make_node("Concat", ["mean", "variance"], ["out_sample"], axis=1),
    ]
    save(
        "learned_variance",
        nodes,
        [
            value("sample", TensorProto.FLOAT, ["batch", 3, "height", "width"]),
            value("timestep", TensorProto.INT64, ["batch"]),
            value("class_labels", TensorProto.INT64, ["batch"]),
        ],
        [value("out_sample", TensorProto.FLOAT, ["batch", 6, "height", "width"])],
        [axes, scalar("factor", 0.3), scalar("zero", 0), scalar("tenth", 0.1), scalar("low", -0.5)],
    )


def gradients():
    """Guidance graphs, of one picture at a time and without a timestep: label / 4 - sample, times 1 + t / 1000."""
    label, axes = as_column("class_labels", "label", 4)
    shape = [1, 3, "height", "width"]
    save(
        "classifier_gradient",
        [
            *label,
            helper.make_node("Cast", ["timestep"], ["t"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["t", "thousandth"], ["timed"]),
            helper.make_node("Add", ["timed", "one"], ["strength"]),
            helper.make_node("Mul", ["label", "quarter"], ["target"]),
            helper.make_node("Sub", ["target", "sample"], ["towards"]),
            helper.make_node("Mul", ["towards", "strength"], ["grad"]),
        ],
        [
            value("sample", TensorProto.FLOAT, shape),
            value("timestep", TensorProto.INT64, [1]),
            value("class_labels", TensorProto.INT64, [1]),
        ],
        [value("grad", TensorProto.FLOAT, shape)],
        [axes, scalar("thousandth", 0.001), scalar("one", 1), scalar("quarter", 0.25)],
    )
    shape = ["batch", 6]
    save(
        "target_gradient",
        [helper.make_node("Sub", ["target", "sample"], ["towards"])],
        [value("sample", TensorProto.FLOAT, shape), value("target", TensorProto.FLOAT, shape)],
        [value("towards", TensorProto.FLOAT, shape)],
    )


def external_tensor(name, offset, length):
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    for key, text in [("location", "weights.bin"), ("offset", str(offset)), ("length", str(length))]:
        tensor.external_data.add(key=key, value=text)
    return tensor


def external():
    """Weights in weights.bin, once as an initializer and once as the attribute of a node in a branch.

    The tests write their bad locations over `weights.bin`, which is why its length matters.
    """
    (OUT / "weights.bin").write_bytes(np.array([0, 0, 0, 1, 2, 3], dtype="<f4").tobytes())
    one = [value("x", TensorProto.FLOAT, [3])], [value("y", TensorProto.FLOAT, [3])]
    save(
        "external",
        [helper.make_node("Add", ["x", "w"], ["y"])],
        *one,
        [external_tensor("w", 12, 12)],
    )
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["w"], value=external_tensor("w_value", 12, 12))],
        "branch",
        [],
        [value("w", TensorProto.FLOAT, [3])],
    )
    save(
        "external_attribute",
        [
            helper.make_node("If", ["yes"], ["w_out"], then_branch=branch, else_branch=branch),
            helper.make_node("Add", ["x", "w_out"], ["y"]),
        ],
        *one,
        [numpy_helper.from_array(np.array(True), "yes")],
    )


def has_oneof(kind, seen=()):
    """Whether the message type, or one that it holds once, is a choice between fields."""
    if kind in seen:
        return False
    inner = [f.message_type for f in kind.fields if f.message_type and not f.is_repeated]
    return bool(kind.oneofs) or any(has_oneof(k, (*seen, kind)) for k in inner)


def fill(message, choice=0, path=()):
    """Sets every field of a message, and of those inside it; of a choice between fields, the one numbered `choice`.

    A message type inside itself stays empty, else there would be no end.
    """
    kind = message.DESCRIPTOR
    if kind in path:
        message.SetInParent()
        return message
    for field in kind.fields:
        of = [f for f in field.containing_oneof.fields] if field.containing_oneof else [field]
        if of[choice % len(of)] is not field:
            continue
        if field.message_type and field.is_repeated:
            inner = field.message_type
            # Every choice in its own place is too much: the six kinds of type near the top, two elsewhere.
            count = 6 if has_oneof(inner) and len(path) < 3 else 2 if inner.oneofs else 1
            for number in range(count):
                fill(getattr(message, field.name).add(), number, (*path, kind))
        elif field.message_type:
            fill(getattr(message, field.name), choice, (*path, kind))
        else:
            text = f"{field.name[:2]}{field.number}"
            value = {
                field.CPPTYPE_INT32: -field.number, field.CPPTYPE_INT64: -(2**40) - field.number,
                field.CPPTYPE_UINT64: 2**63 + field.number, field.CPPTYPE_FLOAT: field.number + 0.5,
                field.CPPTYPE_DOUBLE: field.number + 0.1, field.CPPTYPE_ENUM: 1,
                field.CPPTYPE_STRING: text if field.type == field.TYPE_STRING else text.encode(),
            }[field.cpp_type]
            if field.is_repeated:
                getattr(message, field.name).extend([value, value])
            else:
                setattr(message, field.name, value)
    return message


def fallback():
    """Two operators that every provider has and one, Det, that OpenVINO lacks and the CPU has."""
    weights = numpy_helper.from_array(np.arange(9, dtype=np.float32).reshape(3, 3), "weights")
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["product"]),
        helper.make_node("Sigmoid", ["product"], ["bent"]),
        helper.make_node("Det", ["bent"], ["y"]),
    ]
    shape = ["batch", 3, 3]
    save("fallback", nodes, [value("x", TensorProto.FLOAT, shape)], [value("y", TensorProto.FLOAT, ["batch"])], [weights])


def every_field():
    """A model in which every field of every message of onnx.proto is set. It means nothing and cannot be opened."""
    model = fill(onnx.ModelProto())
    model.ir_version = onnx.IR_VERSION
    (OUT / "every_field.pb").write_bytes(model.SerializeToString(deterministic=True))


def main():
    OUT.mkdir(exist_ok=True)
    step("step_f32_i64", TensorProto.FLOAT, TensorProto.INT64, [], "batch")
    step("step_f32_i32", TensorProto.FLOAT, TensorProto.INT32, [1], "batch")
    step("step_f16_i64", TensorProto.FLOAT16, TensorProto.INT64, ["batch"], "batch")
    step("step_f64_f32", TensorProto.DOUBLE, TensorProto.FLOAT, [1], "batch")
    step("step_static_batch", TensorProto.FLOAT, TensorProto.FLOAT16, [1], 1)
    slow()
    slow_to_open()
    two_outputs()
    strings()
    unused_initializer()
    unknown_operator()
    bfloat16_matmul()
    prior()
    learned_variance()
    gradients()
    external()
    fallback()
    every_field()


if __name__ == "__main__":
    main()
