//! Apple through Core ML: typed options, and how they are registered.

use ort::ep;
use ort::ep::coreml as native;

use super::keys::{FLAG, FOLDER, Key, choice, flag, text};
use super::{Precision, Raw, Settings, with_raw};

choice! {
    /// Which parts of the machine Core ML may use.
    pub enum ComputeUnits {
        /// All of them.
        All = "all",
        /// The CPU and the neural engine.
        CpuAndNeuralEngine = "cpu-and-neural-engine",
        /// The CPU and the graphics unit.
        CpuAndGpu = "cpu-and-gpu",
        /// The CPU alone.
        CpuOnly = "cpu-only",
    }
}

/// Options of the provider `coreml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreMlOptions {
    /// The newer of Core ML's two formats, which has more operators (macOS 12, iOS 15 and later). On by default.
    pub ml_program: bool,
    /// What it may use; `None` leaves it to ONNX Runtime, which takes all.
    pub compute_units: Option<ComputeUnits>,
    /// The folder that compiled graphs are kept in; without it they are compiled again at each opening.
    pub cache_dir: Option<String>,
    /// Leave every node whose shapes are not fixed to the CPU.
    pub static_shapes: bool,
    /// Longer compiling for faster runs.
    pub fast_prediction: bool,
    /// ONNX Runtime's own options for what is missing above.
    pub raw: Raw,
}

impl Default for CoreMlOptions {
    fn default() -> Self {
        Self {
            ml_program: true,
            compute_units: None,
            cache_dir: None,
            static_shapes: false,
            fast_prediction: false,
            raw: Raw::new(),
        }
    }
}

impl Settings for CoreMlOptions {
    const KEYS: &'static [Key<Self>] = &[
        Key { name: "ml_program", allowed: FLAG, set: |o, v| flag(v).map(|v| o.ml_program = v) },
        Key {
            name: "compute_units",
            allowed: "all, cpu-and-neural-engine, cpu-and-gpu or cpu-only",
            set: |o, v| ComputeUnits::named(v).map(|v| o.compute_units = Some(v)),
        },
        Key { name: "cache_dir", allowed: FOLDER, set: |o, v| text(v).map(|v| o.cache_dir = Some(v)) },
        Key { name: "static_shapes", allowed: FLAG, set: |o, v| flag(v).map(|v| o.static_shapes = v) },
        Key { name: "fast_prediction", allowed: FLAG, set: |o, v| flag(v).map(|v| o.fast_prediction = v) },
    ];

    fn raw(&mut self) -> Option<&mut Raw> {
        Some(&mut self.raw)
    }
}

impl CoreMlOptions {
    pub(super) fn provider(&self, precision: Precision) -> ep::ExecutionProviderDispatch {
        let mut coreml = ep::CoreML::default()
            .with_model_format(match self.ml_program {
                true => native::ModelFormat::MLProgram,
                false => native::ModelFormat::NeuralNetwork,
            })
            .with_static_input_shapes(self.static_shapes)
            .with_low_precision_accumulation_on_gpu(precision == Precision::Float16);
        if let Some(units) = self.compute_units {
            coreml = coreml.with_compute_units(match units {
                ComputeUnits::All => native::ComputeUnits::All,
                ComputeUnits::CpuAndNeuralEngine => native::ComputeUnits::CPUAndNeuralEngine,
                ComputeUnits::CpuAndGpu => native::ComputeUnits::CPUAndGPU,
                ComputeUnits::CpuOnly => native::ComputeUnits::CPUOnly,
            });
        }
        if self.fast_prediction {
            coreml = coreml.with_specialization_strategy(native::SpecializationStrategy::FastPrediction);
        }
        if let Some(folder) = &self.cache_dir {
            coreml = coreml.with_model_cache_dir(folder);
        }
        with_raw(coreml, &self.raw).build()
    }
}
