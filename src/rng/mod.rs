//! Seeded noise that repeats other programs' noise bit for bit.
//!
//! A picture is a function of its seed only when the noise is drawn as the program drew it that the seed comes
//! from. Three programs' generators are here, one file each; all of them are also independent of the machine.

mod brownian;
mod cephes;
mod mt19937;
mod numpy;
mod per_picture;
pub mod philox;
mod seed_sequence;
mod torch_cpu;

pub use brownian::BrownianTree;
pub use numpy::RandomState;
pub use per_picture::PerPicture;
pub use torch_cpu::TorchCpu;

use ndarray::{ArrayD, IxDyn};

use crate::{Error, Result};

/// Where normally distributed noise comes from.
///
/// Schedulers that add noise at every step and the start of a generation draw from the same source, in the
/// order in which diffusers draws, so that one seed means one picture.
pub trait NoiseSource: Send {
    /// Draws one array of standard normal values of the given shape (row-major, as torch lays it out).
    fn normal(&mut self, shape: &[usize]) -> ArrayD<f32>;

    /// The seeds that all this noise comes from: one for the whole batch, or one for each picture of it.
    ///
    /// Noise that is a function of time ([`BrownianTree`]) is grown from them, without drawing anything here.
    fn seeds(&self) -> Vec<u64>;
}

/// Whose noise to repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RngKind {
    /// `torch.Generator("cpu")` drawing float32: diffusers, `InvokeAI`, `ComfyUI`, and A1111 with its source "CPU".
    #[default]
    TorchCpu,
    /// `torch.Generator("cuda")` where every element has a thread of its own: A1111's source "NV", and "GPU" for
    /// pictures whose latents fit the GPU's resident threads.
    TorchCuda,
    /// `numpy.random.RandomState`: diffusers' and optimum's first ONNX pipelines.
    Numpy,
}

impl RngKind {
    /// Every kind, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::TorchCpu, Self::TorchCuda, Self::Numpy];

    /// The kind's name in options and metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TorchCpu => "torch-cpu",
            Self::TorchCuda => "torch-cuda",
            Self::Numpy => "numpy",
        }
    }

    /// The kind of this exact name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the names there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let allowed = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("unknown random number generator \"{name}\"; allowed are: {allowed}"))
        })
    }
}

/// A seeded generator of one [`RngKind`]. What it gives depends on kind, seed and the shapes drawn before.
#[derive(Debug, Clone)]
pub struct Generator {
    core: Core,
    seed: u64,
}

#[derive(Debug, Clone)]
enum Core {
    TorchCpu(TorchCpu),
    TorchCuda(philox::TorchCuda),
    Numpy(RandomState),
}

impl Generator {
    /// A generator in the state right after seeding.
    ///
    /// torch's kinds take every 64-bit seed (the CPU one uses its low 32 bits, as torch does).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a NumPy seed of 2³² or more, which NumPy refuses too.
    pub fn new(kind: RngKind, seed: u64) -> Result<Self> {
        let core = match kind {
            RngKind::TorchCpu => Core::TorchCpu(TorchCpu::new(seed)),
            RngKind::TorchCuda => Core::TorchCuda(philox::TorchCuda::new(seed)),
            RngKind::Numpy => {
                let word = u32::try_from(seed).map_err(|_| {
                    Error::invalid(format!(
                        "seed {seed} is too large for the random number generator \"numpy\": allowed is 0 to {}",
                        u32::MAX
                    ))
                })?;
                Core::Numpy(RandomState::new(word))
            }
        };
        Ok(Self { core, seed })
    }

    /// Which generator this is.
    #[must_use]
    pub fn kind(&self) -> RngKind {
        match self.core {
            Core::TorchCpu(_) => RngKind::TorchCpu,
            Core::TorchCuda(_) => RngKind::TorchCuda,
            Core::Numpy(_) => RngKind::Numpy,
        }
    }

    /// Fills `out` with standard normal values as one draw: two draws of 8 are not one draw of 16.
    pub fn fill_normal(&mut self, out: &mut [f32]) {
        match &mut self.core {
            Core::TorchCpu(core) => core.fill_normal(out),
            Core::TorchCuda(core) => core.fill_normal(out),
            Core::Numpy(core) => out.fill_with(|| core.standard_normal() as f32),
        }
    }
}

impl NoiseSource for Generator {
    fn normal(&mut self, shape: &[usize]) -> ArrayD<f32> {
        let mut values = ArrayD::zeros(IxDyn(shape));
        if let Some(out) = values.as_slice_mut() {
            self.fill_normal(out);
        }
        values
    }

    fn seeds(&self) -> Vec<u64> {
        vec![self.seed]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for kind in RngKind::ALL {
            assert_eq!(RngKind::parse(kind.name()).unwrap(), kind);
            assert_eq!(Generator::new(kind, 7).unwrap().kind(), kind);
        }
    }

    #[test]
    fn an_empty_draw_changes_nothing() {
        for kind in RngKind::ALL {
            let mut plain = Generator::new(kind, 3).unwrap();
            let mut other = plain.clone();
            assert!(other.normal(&[4, 0]).is_empty());
            if kind != RngKind::TorchCuda {
                assert_eq!(plain.normal(&[20]), other.normal(&[20]));
            }
        }
    }
}
