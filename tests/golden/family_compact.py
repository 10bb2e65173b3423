"""Smaller graph files: what no runtime reads is dropped, so that a tiny folder may lie in the repository.

Node names, documentation strings, recorded shapes of values inside the graph and the exporter's long names of
those values go; operators, attributes, weights, their names, and every input and output stay as exported.
"""

import onnx


def shorten(path):
    model = onnx.load(path)
    graph = model.graph
    kept = {v.name for v in [*graph.input, *graph.output, *graph.initializer]} | {""}
    short = {}

    def name(value):
        return value if value in kept else short.setdefault(value, f"v{len(short)}")

    def rename(nodes):
        for node in nodes:
            node.ClearField("name")
            node.ClearField("doc_string")
            node.input[:] = [name(v) for v in node.input]
            node.output[:] = [name(v) for v in node.output]
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    inner = attribute.g
                    del inner.value_info[:]
                    kept.update(v.name for v in inner.initializer)
                    rename(inner.node)
                    for output in inner.output:
                        output.name = name(output.name)

    del graph.value_info[:]
    rename(graph.node)
    onnx.checker.check_model(model)
    onnx.save(model, path)
