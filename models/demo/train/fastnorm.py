"""Group normalisation for CPU training in bfloat16, channels last.

torch 2.8's `native_group_norm_backward` takes half of a training step here; written as a
few whole-tensor passes over [B, N, C] the same arithmetic takes a quarter of that.  The
modules keep their class and parameters, so a saved model is an ordinary diffusers model.
"""

from __future__ import annotations

import types

import torch
from torch import nn

import common


class _GroupNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, groups, eps):
        b, c = x.shape[:2]
        rows = x.movedim(1, -1).reshape(b, -1, c)
        n = rows.shape[1] * (c // groups)
        total = rows.sum(1, dtype=torch.float32).view(b, groups, -1).sum(2, keepdim=True)
        square = (rows * rows).sum(1, dtype=torch.float32).view(b, groups, -1).sum(2, keepdim=True)
        mean = total / n
        rstd = torch.rsqrt((square / n - mean * mean).clamp_min(0) + eps)
        w = weight.float().view(1, groups, -1)
        gain = (w * rstd).view(b, 1, c)
        shift = (bias.float().view(1, groups, -1) - w * rstd * mean).view(b, 1, c)
        out = torch.addcmul(shift.to(x.dtype), rows, gain.to(x.dtype))
        ctx.save_for_backward(rows, mean, rstd, weight)
        ctx.groups, ctx.n = groups, n
        ctx.shape = x.shape
        return out.view(b, *x.shape[2:], c).movedim(-1, 1)

    @staticmethod
    def backward(ctx, grad):
        rows, mean, rstd, weight = ctx.saved_tensors
        b, c = ctx.shape[:2]
        g = grad.movedim(1, -1).reshape(b, -1, c)
        s1 = g.sum(1, dtype=torch.float32).view(b, ctx.groups, -1)
        s2 = (g * rows).sum(1, dtype=torch.float32).view(b, ctx.groups, -1)
        w = weight.float().view(1, ctx.groups, -1)
        centred = (s2 - mean * s1) * rstd  # sum of grad * normalised, per channel
        m1 = (w * s1).sum(2, keepdim=True) / ctx.n
        m2 = (w * centred).sum(2, keepdim=True) / ctx.n
        a = (w * rstd).view(b, 1, c).to(g.dtype)
        k = (-rstd * rstd * m2).expand_as(s1).reshape(b, 1, c).to(g.dtype)
        t = (rstd * (rstd * m2 * mean - m1)).expand_as(s1).reshape(b, 1, c).to(g.dtype)
        dx = torch.addcmul(torch.addcmul(t, rows, k), g, a)
        return (dx.view(b, *ctx.shape[2:], c).movedim(-1, 1), centred.sum(0).view(c).to(weight.dtype),
                s1.sum(0).view(c).to(weight.dtype), None, None)


def _forward(self: nn.GroupNorm, x: torch.Tensor) -> torch.Tensor:
    if not (torch.is_grad_enabled() and x.requires_grad):
        return nn.functional.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
    return _GroupNorm.apply(x, self.weight, self.bias, self.num_groups, self.eps)


def install(model: nn.Module) -> nn.Module:
    """Gives every GroupNorm of `model` the faster forward, where it is one; returns `model`."""
    if not common.FAST_BFLOAT16:
        return model
    for module in model.modules():
        if isinstance(module, nn.GroupNorm):
            module.forward = types.MethodType(_forward, module)
    return model
