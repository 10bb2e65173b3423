//! Brownian motion that repeats: torchsde's `BrownianInterval` over a dyadic tree.
//!
//! Every increment follows from the seed and the two times alone, in whatever order they are asked for, and increments
//! add up: W(a, b) + W(b, c) = W(a, c). Source: torchsde 0.2.6 `_brownian/brownian_interval.py` with
//! `halfway_tree=True`, `tol=1e-6`, `pool_size=24`, and diffusers `scheduling_dpmsolver_sde.py` (`BatchedBrownianTree`).
//!
//! Bit for bit torchsde's: sums and products are float32 and rounded one by one as torch rounds them, normal values are
//! [`TorchCpu`]'s, seeds are NumPy's.

use ndarray::{ArrayD, Axis, Zip};

use super::TorchCpu;
use super::seed_sequence::generate_state;
use crate::{Error, Result};

/// torchsde's `pool_size`, chosen by k-diffusion.
const POOL: usize = 24;
/// How many nodes keep their increment: a little more than the deepest path, so that a neighbour finds its ancestors.
const KEPT: usize = 48;
/// Times beyond this would make the tree deeper than its 64-bit keys.
const LATEST: f64 = 1e9;

/// Brownian motion over an interval of time, one array of standard scale, with a tree for all or for each picture.
#[derive(Debug, Clone)]
pub struct BrownianTree {
    trees: Vec<Tree>,
    shape: Vec<usize>,
}

impl BrownianTree {
    /// Motion from time `start` to `end` of arrays of `shape`.
    ///
    /// With one seed, one tree makes the whole array; with as many as `shape` has rows, each picture has its own and
    /// stays the same in any batch.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for times that are not ordered or beyond ±1e9, and for another number of seeds.
    pub fn new(start: f64, end: f64, shape: &[usize], seeds: &[u64]) -> Result<Self> {
        if !(-LATEST..=LATEST).contains(&start) || !(start..=LATEST).contains(&end) {
            return Err(Error::invalid(format!(
                "Brownian noise from {start} to {end} is not possible; allowed is from a number to one that is not \
                 smaller, between -1e9 and 1e9"
            )));
        }
        let rows = shape.first().copied().unwrap_or(1);
        let of_one = match seeds {
            [_] => shape,
            _ if seeds.len() == rows => shape.get(1..).unwrap_or(&[]),
            _ => {
                return Err(Error::invalid(format!(
                    "Brownian noise was given {} seeds for {rows} pictures; allowed is one for all or one for each",
                    seeds.len()
                )));
            }
        };
        let trees = seeds.iter().map(|&seed| Tree::new(start, end, of_one, seed)).collect();
        Ok(Self { trees, shape: shape.to_vec() })
    }

    /// W(`to`) - W(`from`): normally distributed with variance |`to` - `from`|, and negative of the way back.
    ///
    /// Times are rounded to six decimals and cut off at the ends of the interval, as in torchsde.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a time that is not a number.
    pub fn increment(&mut self, from: f64, to: f64) -> Result<ArrayD<f32>> {
        if from.is_nan() || to.is_nan() {
            return Err(Error::invalid(format!("Brownian noise from {from} to {to} is not possible")));
        }
        let (a, b) = if from <= to { (from, to) } else { (to, from) };
        let mut whole = ArrayD::zeros(self.shape.as_slice());
        match self.trees.as_mut_slice() {
            [tree] => whole.assign(&tree.between(a, b).into_shape_with_order(self.shape.as_slice()).map_err(shapes)?),
            trees => {
                for (mut row, tree) in whole.axis_iter_mut(Axis(0)).zip(trees) {
                    row.assign(&tree.between(a, b));
                }
            }
        }
        if from > to {
            whole.mapv_inplace(|value| -value);
        }
        Ok(whole)
    }
}

fn shapes(error: ndarray::ShapeError) -> Error {
    Error::Internal(format!("Brownian noise of another shape: {error}"))
}

/// One interval of the tree; children split it at its rounded middle.
#[derive(Debug, Clone)]
struct Node {
    start: f64,
    end: f64,
    parent: usize,
    is_left: bool,
    /// Bits of the way down from the root, and their number: the node's name among the seeds.
    key: u64,
    depth: u64,
    split: Option<Split>,
}

#[derive(Debug, Clone, Copy)]
struct Split {
    middle: f64,
    left: usize,
    seed: u32,
}

#[derive(Debug, Clone)]
struct Tree {
    /// The root first; children in pairs, the right one after the left one.
    nodes: Vec<Node>,
    entropy: u64,
    shape: Vec<usize>,
    root: ArrayD<f32>,
    /// Increments of the nodes used last, newest at the end.
    kept: Vec<(usize, ArrayD<f32>)>,
}

impl Tree {
    fn new(start: f64, end: f64, shape: &[usize], entropy: u64) -> Self {
        let [seed] = generate_state::<POOL, 1>(entropy, &[]);
        let mut root = normal(seed, shape);
        let scale = (end - start).sqrt() as f32;
        root.mapv_inplace(|value| value * scale);
        let whole =
            Node { start: rounded(start), end: rounded(end), parent: 0, is_left: true, key: 0, depth: 0, split: None };
        Self { nodes: vec![whole], entropy, shape: shape.to_vec(), root, kept: Vec::with_capacity(KEPT) }
    }

    /// W over `from..to`, where `from <= to`.
    fn between(&mut self, from: f64, to: f64) -> ArrayD<f32> {
        let (start, end) = (self.nodes[0].start, self.nodes[0].end);
        let (from, to) = (from.clamp(start, end), to.clamp(start, end));
        let mut sum: Option<ArrayD<f32>> = None;
        if from != to {
            let mut pieces = Vec::new();
            self.locate(0, rounded(from), rounded(to), &mut pieces);
            for node in pieces {
                let part = self.increment_of(node);
                match &mut sum {
                    None => sum = Some(part),
                    Some(sum) => *sum += &part,
                }
            }
        }
        sum.unwrap_or_else(|| ArrayD::zeros(self.shape.as_slice()))
    }

    /// The nodes that make up `from..to` inside `node`, in order; splits where there are none yet.
    fn locate(&mut self, node: usize, from: f64, to: f64, pieces: &mut Vec<usize>) {
        let Node { start, end, .. } = self.nodes[node];
        if from >= to {
            return;
        }
        if from <= start && to >= end {
            pieces.push(node);
            return;
        }
        let Split { middle, left, .. } = match self.nodes[node].split {
            Some(split) => split,
            None => self.split_down_to(node, if from == start { to } else { from }),
        };
        self.locate(left, from, to.min(middle), pieces);
        self.locate(left + 1, from.max(middle), to, pieces);
    }

    /// Halves `node`, then the half in which `point` lies, and so on until `point` is a middle. Returns the first split.
    fn split_down_to(&mut self, node: usize, point: f64) -> Split {
        let first = self.split(node);
        let mut split = first;
        while split.middle != point {
            let next = if point < split.middle { split.left } else { split.left + 1 };
            let Node { start, end, .. } = self.nodes[next];
            // A half as long as the rounding has no middle; then `point` is one of its ends.
            if !(start < point && point < end) {
                break;
            }
            split = self.split(next);
        }
        first
    }

    fn split(&mut self, node: usize) -> Split {
        let Node { start, end, key, depth, .. } = self.nodes[node];
        let middle = rounded(0.5 * (end + start));
        let [seed] = generate_state::<POOL, 1>(self.entropy, &[key, depth]);
        let split = Split { middle, left: self.nodes.len(), seed };
        for (start, end, is_left) in [(start, middle, true), (middle, end, false)] {
            let key = 2 * key + u64::from(!is_left);
            self.nodes.push(Node { start, end, parent: node, is_left, key, depth: depth + 1, split: None });
        }
        self.nodes[node].split = Some(split);
        split
    }

    /// W over one node: its share of the parent's, and the bridge's deviation.
    fn increment_of(&mut self, node: usize) -> ArrayD<f32> {
        let mut path = Vec::new();
        let (mut at, mut w) = (node, None);
        while at != 0 {
            if let Some(place) = self.kept.iter().position(|(kept, _)| *kept == at) {
                w = Some(self.kept[place].1.clone());
                break;
            }
            path.push(at);
            at = self.nodes[at].parent;
        }
        let mut w = w.unwrap_or_else(|| self.root.clone());
        for child in path.into_iter().rev() {
            let Node { parent, is_left, .. } = self.nodes[child];
            let Node { start, end, split, .. } = self.nodes[parent];
            let Some(Split { middle, seed, .. }) = split else { continue };
            let (left, right, reciprocal) = (middle - start, end - middle, 1.0 / (end - start));
            let deviation = (left * right * reciprocal).sqrt() as f32;
            let (left, reciprocal) = (left as f32, reciprocal as f32);
            Zip::from(&mut w).and(&normal(seed, &self.shape)).for_each(|w, &noise| {
                let of_left = left * *w * reciprocal + deviation * noise;
                *w = if is_left { of_left } else { *w - of_left };
            });
            if self.kept.len() >= KEPT {
                self.kept.remove(0);
            }
            self.kept.push((child, w.clone()));
        }
        w
    }
}

/// `torch.randn(shape, generator=torch.Generator().manual_seed(seed))`.
fn normal(seed: u32, shape: &[usize]) -> ArrayD<f32> {
    let mut values = ArrayD::zeros(shape);
    if let Some(out) = values.as_slice_mut() {
        TorchCpu::new(u64::from(seed)).fill_normal(out);
    }
    values
}

/// Python's `round(time, 6)`: the nearest decimal, by the exact value.
fn rounded(time: f64) -> f64 {
    format!("{time:.6}").parse().unwrap_or(time)
}
