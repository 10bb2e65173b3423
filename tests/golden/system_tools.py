"""What the modules under systems/ share: exporting one graph and comparing it with torch, folders, traces, swaps.

A module systems/<name>.py is one system that no exporter of others writes (unCLIP, class-conditional, pixel-space ...).
make_system_models.py and make_system_pictures.py find it by its file and use these names of it:

  make_models(out)      writes its folders under `out`
  cases()               yields (name, settings); what a setting means stands in the module's docstring
  DEFAULTS              what every case says unless it says otherwise
  draw(case, swap, trace)   the results as diffusers computes them: PIL pictures (mode RGB) or float32 arrays.
                        It calls swap(pipeline) once the pipeline stands; `trace` (a Trace) takes what lies between,
                        for debugging
  swap(pipeline, folder, graphs)   makes the pipeline compute with the folder's own graphs (a Graphs): the second round
  VISIBLE               {setting: [names of cases]}; any two differ (ten grey levels on average)

The torch networks are built from their seeds by both scripts; nothing is kept between them.
"""

import contextlib
import functools

from types import SimpleNamespace

import numpy as np
import onnx
import torch
from family_compact import shorten
from family_tools import Session, fresh, write_json
from safetensors.torch import load_file
from transformers.utils import ModelOutput

GRID = ("batch", None, "height", "width")
ROWS = ("batch", "sequence", None)
FLAT = ("batch", None)
EACH = ("batch",)
SCALAR = ()
TOLERANCE = 1e-5


class Call(torch.nn.Module):
    """A network as the exporter wants it: tensors in, tensors out, in the order of their names."""

    def __init__(self, model, call):
        super().__init__()
        self.model, self.call = model, call

    def forward(self, *inputs):
        out = self.call(self.model, *inputs)
        return out if isinstance(out, tuple) else (out,)


def export(path, model, call, inputs, outputs):
    """Writes path (opset 17, TorchScript exporter) and compares it with torch at the batch of the export and at others.

    inputs: {name: (example with a batch of 2, axes)}, axes naming what is dynamic (GRID, ROWS ...); outputs: the same
    without the example. Every output of onnxruntime is within TOLERANCE of torch, relative to values above one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    module = Call(model, call).eval()
    examples = tuple(value for value, _ in inputs.values())
    axes = {name: {i: axis for i, axis in enumerate(names) if axis}
            for name, names in [(n, a) for n, (_, a) in inputs.items()] + list(outputs.items())}
    with torch.no_grad():
        torch.onnx.export(
            module, examples, str(path), input_names=list(inputs), output_names=list(outputs),
            dynamic_axes={k: v for k, v in axes.items() if v}, opset_version=17, do_constant_folding=True, dynamo=False,
        )
    shorten(path)
    compare(path, module, inputs)


def compare(path, module, inputs):
    session = Session(path)
    assert set(session.inputs) == set(inputs), (path, set(session.inputs), set(inputs))
    for batch in (2, 1, 3):
        values = {name: resized(value, axes, batch) for name, (value, axes) in inputs.items()}
        with torch.no_grad():
            expected = module(*values.values())
        got = session(**values)
        for (name, value), other in zip(got.items(), expected, strict=True):
            gap = ((value - other).abs() / other.abs().clamp(min=1)).max().item()
            assert value.shape == other.shape and gap < TOLERANCE, (path, name, batch, value.shape, gap)
            assert other.std() > 1e-3, (path, name, "says nothing")


def resized(value, axes, batch):
    if not axes or axes[0] != "batch":
        return value
    return value[[i % len(value) for i in range(batch)]]


def output_shapes(folder):
    """One line a graph, for README.md: names, types and shapes."""
    lines = []
    for path in sorted(folder.rglob("*.onnx")):
        def text(value):
            kind = value.type.tensor_type
            shape = ",".join(d.dim_param or str(d.dim_value) for d in kind.shape.dim)
            return f"{value.name} {onnx.TensorProto.DataType.Name(kind.elem_type).lower()}[{shape}]"
        graph = onnx.load(path).graph
        lines.append(f"{path.relative_to(folder).parent}: {', '.join(map(text, graph.input))} -> "
                     f"{', '.join(map(text, graph.output))}")
    return lines


@contextlib.contextmanager
def few_groups(groups=4):
    """diffusers writes 32 into some group norms (attention with added keys and values, latent diffusion's encoder):
    networks made under this have `groups` there, so that they may be narrower than 32."""
    real = torch.nn.GroupNorm

    @functools.wraps(real)
    def norm(num_groups, num_channels, *more, **named):
        return real(groups if num_groups == 32 else num_groups, num_channels, *more, **named)

    torch.nn.GroupNorm = norm
    try:
        yield
    finally:
        torch.nn.GroupNorm = real


def gain(model, gains, seed=7):
    """Multiplies the matrices and kernels whose names hold a key of gains; parameters that are all zero are drawn anew.

    Zeros would hide what comes before them (OpenAI's networks begin with zeros at the end of every block)."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.any():
                scale = 0.05 if parameter.ndim < 2 else 0.2
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
            if parameter.ndim < 2 or not name.endswith("weight"):
                continue
            for key, factor in gains.items():
                if key in name:
                    parameter.mul_(factor)
                    break
    return model.eval()


def start(out, name):
    return fresh(out / name)


def scheduler_files(folder, **schedulers):
    """{sub-folder: content of its scheduler_config.json}."""
    for name, config in schedulers.items():
        write_json(folder / name / "scheduler_config.json", config)


def summary(value):
    """What the golden file keeps of a tensor: shape, mean, deviation and its first four values."""
    value = value.detach().float()
    return {"shape": list(value.shape), "mean": float(np.float32(value.mean())), "std": float(np.float32(value.std())),
            "head": [float(np.float32(v)) for v in value.flatten()[:4]]}


class Trace:
    """{name: summary} of what lies between input and output."""

    def __init__(self):
        self.values, self.hooks = {}, []

    def keep(self, name, value):
        self.values[name] = summary(value)

    def steps(self, name, scheduler):
        """Keeps the first and the last x that the scheduler gives back, and its timesteps."""
        real = scheduler.step

        @functools.wraps(real)  # pipelines look whether it takes eta
        def step(*args, **named):
            out = real(*args, **named)
            x = out[0] if isinstance(out, tuple) else out.prev_sample
            self.values.setdefault(f"{name}_first_step", summary(x))
            self.values[f"{name}_last_step"] = summary(x)
            self.values[f"{name}_timesteps"] = [float(t) if t.is_floating_point() else int(t)
                                                for t in scheduler.timesteps]
            return out

        scheduler.step = step


    def inputs(self, network, **wanted):
        """Keeps what the network is told in its first call: {its argument: name in the trace}."""
        def hook(_, args, named):
            for argument, name in wanted.items():
                if name not in self.values:
                    value = named[argument]
                    self.keep(name, value[name] if isinstance(value, dict) else value)
        self.hooks.append(network.register_forward_pre_hook(hook, with_kwargs=True))

    def done(self):
        for hook in self.hooks:
            hook.remove()
        return self.values


class Graphs:
    """Opened graphs, and the networks of a pipeline that compute with them until put_back()."""

    def __init__(self):
        self.sessions, self.stack, self.jitter = {}, contextlib.ExitStack(), None

    def session(self, folder, part):
        if (folder, part) not in self.sessions:
            self.sessions[folder, part] = Session(folder / part / "model.onnx")
        return self.sessions[folder, part]

    def replace(self, owner, attribute, function):
        """Puts function in the place of owner.attribute until put_back()."""
        self.stack.callback(owner.__dict__.pop, attribute, None)
        object.__setattr__(owner, attribute, function)

    def put_back(self):
        self.stack.close()

    def constants(self, folder, part, name="constants"):
        return load_file(folder / part / f"{name}.safetensors")

    def shaken(self, seed):
        """From now on every output of a graph is off by a few float roundings, as another machine's may be."""
        self.jitter = torch.Generator().manual_seed(seed)

    def run(self, folder, part, **values):
        out = self.session(folder, part)(**{k: v for k, v in values.items() if v is not None})
        if self.jitter is None:
            return out
        return {k: v + 2e-6 * torch.randn(v.shape, generator=self.jitter) for k, v in out.items()}

    def only(self, folder, part, **values):
        return next(iter(self.run(folder, part, **values).values()))

    def encoder(self, network, folder, part):
        """One of CLIP's two: of token ids or of pixels, whichever the graph takes."""
        def forward(given, **_):
            name = next(iter(self.session(folder, part).inputs))
            return ModelOutput(self.run(folder, part, **{name: given}))

        self.replace(network, "forward", forward)

    def encoders(self, pipe, folder, prefix=""):
        """CLIP's two, with their projections."""
        for name in ("text_encoder", "image_encoder"):
            if getattr(pipe, name, None) is not None:
                self.encoder(getattr(pipe, name), folder, prefix + name)

    def prior(self, prior, folder, part):
        def forward(x, **more):
            return SimpleNamespace(predicted_image_embedding=self.only(folder, part, hidden_states=x, **more))

        def affine(x):
            constants = self.constants(folder, part)
            return x * constants["clip_std"] + constants["clip_mean"]

        self.replace(prior, "forward", forward)
        self.replace(prior, "post_process_latents", affine)
