//! Shapes of the operators that need more than a line.

use super::contents::clamp;
use super::shapes::axis_of;
use super::{Content, Dim, Facts, Item};
use crate::onnx::proto::NodeProto;

impl Facts {
    pub(super) fn reshape(&mut self, node: &NodeProto) -> Option<Vec<Dim>> {
        let from = self.shape_of(node, 0);
        let copies_zero = node.int("allowzero").unwrap_or(0) == 0;
        let target: Vec<Option<Dim>> = match self.content_in(node, 1) {
            Some(content) => {
                let dim = |item: &Item| if let Item::Int(dim) = item { Some(dim.clone()) } else { None };
                content.items.iter().map(dim).collect()
            }
            None => match self.shape(node.input_at(1)?)? {
                [rank] => vec![None; usize::try_from(rank.value()?).ok().filter(|rank| *rank <= 8)?],
                _ => return None,
            },
        };
        let mut result: Vec<Option<Dim>> = Vec::with_capacity(target.len());
        let mut rest = None;
        for (index, dim) in target.into_iter().enumerate() {
            result.push(match dim {
                Some(dim) if dim.is(-1) => {
                    rest = Some(index);
                    None
                }
                Some(dim) if dim.is(0) && copies_zero => from.as_ref().and_then(|from| from.get(index).cloned()),
                other => other,
            });
        }
        if let Some(rest) = rest {
            let others: Option<Vec<_>> =
                result.iter().enumerate().filter(|(index, _)| *index != rest).map(|(_, dim)| dim.clone()).collect();
            let others = others.and_then(|others| Dim::product(&others));
            let whole = from.as_ref().and_then(Dim::product);
            result[rest] = whole.zip(others).and_then(|(whole, others)| whole.over(&others));
        }
        Some(result.into_iter().map(|dim| dim.unwrap_or_else(|| self.fresh())).collect())
    }

    /// `com.microsoft.MultiHeadAttention` of Q, K and V that are [batch, sequence, size] each.
    pub(super) fn fused_attention(&self, node: &NodeProto) -> Option<Vec<Dim>> {
        let (query, value) = (self.shape_of(node, 0)?, self.shape_of(node, 2)?);
        let ([batch, length, _], [_, _, size]) = (&query[..], &value[..]) else { return None };
        Some(vec![batch.clone(), length.clone(), size.clone()])
    }

    pub(super) fn slice(&mut self, node: &NodeProto) -> Option<Vec<Dim>> {
        let mut shape = self.shape_of(node, 0)?;
        if node.input.len() < 3 {
            // Before operator set 10 starts and ends were attributes.
            shape.iter_mut().for_each(|dim| *dim = self.fresh());
            return Some(shape);
        }
        let count = self.dims_in(node, 1)?.len();
        let axes = match node.input_at(3) {
            Some(_) => self.axes(node, 3)?,
            None => (0..count as i64).collect(),
        };
        let (starts, ends) = (self.content_in(node, 1).cloned(), self.content_in(node, 2).cloned());
        let steps = node.input_at(4).map(|_| self.content_in(node, 4).cloned());
        for (at, axis) in axes.iter().enumerate() {
            let axis = axis_of(*axis, shape.len())?;
            let int = |content: &Option<Content>| match content.as_ref()?.items.get(at)? {
                Item::Int(dim) => Some(dim.clone()),
                _ => None,
            };
            let forward = steps.as_ref().is_none_or(|steps| int(steps).is_some_and(|step| step.is(1)));
            let (start, end, length) = (int(&starts), int(&ends), shape[axis].value());
            let sliced = match (start, end) {
                _ if !forward => None,
                (Some(start), Some(end)) if start.is(0) && end == shape[axis] => Some(end),
                (Some(start), Some(end)) => match (start.value(), end.value(), length) {
                    (Some(0), Some(end), _) if end >= i64::from(i32::MAX) => Some(shape[axis].clone()),
                    (Some(start), Some(end), Some(length)) => {
                        let length = usize::try_from(length).ok()?;
                        Some(Dim::known(clamp(end, length).saturating_sub(clamp(start, length)) as i64))
                    }
                    (Some(0), None, Some(1..)) if end.never_negative() => Some(self.smaller(end)),
                    (Some(0), Some(1..), None) => Some(self.smaller(shape[axis].clone())),
                    _ => None,
                },
                _ => None,
            };
            shape[axis] = sliced.unwrap_or_else(|| self.fresh());
        }
        Some(shape)
    }

    pub(super) fn matmul(&mut self, node: &NodeProto) -> Option<Vec<Dim>> {
        let (a, b) = (self.shape_of(node, 0)?, self.shape_of(node, 1)?);
        let ([a_batch @ .., rows, _], [b_batch @ .., _, columns]) = (a.as_slice(), b.as_slice()) else { return None };
        let mut result = self.broadcast(&[a_batch.to_vec(), b_batch.to_vec()])?;
        result.extend([rows.clone(), columns.clone()]);
        Some(result)
    }

    pub(super) fn conv(&mut self, node: &NodeProto) -> Option<Vec<Dim>> {
        let (data, weight) = (self.shape_of(node, 0)?, self.shape_of(node, 1)?);
        let mut result = vec![data.first()?.clone(), weight.first()?.clone()];
        let axes = data.len().checked_sub(2)?;
        let list = |name: &str, index: usize, default: i64| node.ints(name).get(index).copied().unwrap_or(default);
        let padded = matches!(node.string("auto_pad"), None | Some("NOTSET"));
        for axis in 0..axes {
            let size = data.get(axis + 2)?;
            let kernel = weight.get(axis + 2)?.value();
            let pads = list("pads", axis, 0).checked_add(list("pads", axis + axes, 0))?;
            let (stride, dilation) = (list("strides", axis, 1), list("dilations", axis, 1));
            let loss = kernel.and_then(|kernel| kernel.checked_sub(1)?.checked_mul(dilation)?.checked_sub(pads));
            result.push(match (loss, size.value()) {
                (Some(0), _) if stride == 1 && padded => size.clone(),
                (Some(loss), Some(size)) if stride >= 1 && padded && size > loss => {
                    Dim::known((size.checked_sub(loss)? - 1) / stride + 1)
                }
                _ => self.fresh(),
            });
        }
        Some(result)
    }

    pub(super) fn resize(&mut self, node: &NodeProto) -> Option<Vec<Dim>> {
        let shape = self.shape_of(node, 0)?;
        if node.input_at(3).is_some() {
            let sizes = self.dims_in(node, 3)?;
            return (sizes.len() == shape.len()).then_some(sizes);
        }
        let scales = self.content_in(node, if node.input.len() > 2 { 2 } else { 1 }).cloned();
        let scaled = |(index, dim): (usize, &Dim)| match scales.as_ref()?.items.get(index)? {
            Item::Float(scale) if scale.fract() == 0.0 && (1.0..1e6).contains(scale) => {
                dim.times(&Dim::known(*scale as i64))
            }
            _ => None,
        };
        let dims: Vec<_> = shape.iter().enumerate().map(scaled).collect();
        Some(dims.into_iter().map(|dim| dim.unwrap_or_else(|| self.fresh())).collect())
    }

    pub(super) fn einsum(&mut self, node: &NodeProto) -> Option<Vec<Dim>> {
        let equation: String = node.string("equation")?.chars().filter(|c| !c.is_whitespace()).collect();
        let (inputs, output) = equation.split_once("->")?;
        let mut sizes = std::collections::HashMap::new();
        for (index, term) in inputs.split(',').enumerate() {
            let shape = self.shape_of(node, index)?;
            if term.len() != shape.len() {
                return None;
            }
            term.chars().zip(shape).for_each(|(letter, dim)| {
                sizes.entry(letter).or_insert(dim);
            });
        }
        output.chars().map(|letter| sizes.get(&letter).cloned()).collect()
    }

    pub(super) fn reduce(&mut self, node: &NodeProto) -> Option<Vec<Dim>> {
        let shape = self.shape_of(node, 0)?;
        let axes = self.axes(node, 1)?.iter().map(|axis| axis_of(*axis, shape.len())).collect::<Option<Vec<_>>>()?;
        let keep = node.int("keepdims") != Some(0);
        let reduced = shape.into_iter().enumerate().filter_map(|(index, dim)| match axes.contains(&index) {
            true => keep.then(|| Dim::known(1)),
            false => Some(dim),
        });
        Some(reduced.collect())
    }
}
