//! Tensors that stay on a device: what a captured CUDA graph needs, since it replays the addresses that it saw first.
//!
//! ONNX Runtime captures a run under the number in `gpu_graph_id` and replays it whenever that number comes again,
//! without a look at what is bound then (CUDA execution provider, "Using CUDA Graphs"). So each set of tensors has its
//! own number, and a set is used again for later requests of the same shapes: what was captured for it is still right.
//! Never run on a GPU by us; the tests use the CPU in its place.

use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{IoBinding, Session};
use ort::value::DynTensor;

use super::options::GraphOptions;
use super::provider::Provider;

/// The run option that names a captured graph, and the value that means "neither capture nor replay".
pub(super) const GRAPH_ID: &str = "gpu_graph_id";
pub(super) const NO_CAPTURE: &str = "-1";

/// The device whose runs are captured with these options; `None` where none are.
pub(super) fn device(options: &GraphOptions) -> Option<AllocationDevice<'static>> {
    let asked = match options.provider {
        Provider::Cuda => options.settings.cuda.cuda_graph,
        Provider::TensorRt => options.settings.tensorrt.cuda_graph,
        _ => false,
    };
    asked.then_some(AllocationDevice::CUDA)
}

/// A graph's inputs and its output on the device.
pub(super) struct Resident {
    /// The number that what is captured from them has in its session.
    pub(super) id: usize,
    inputs: Vec<(String, DynTensor)>,
    output: DynTensor,
}

impl Resident {
    /// Memory for tensors like these on the device, with nothing in it yet.
    pub(super) fn allocate<'t>(
        session: &Session,
        (device, device_id): (AllocationDevice<'static>, i32),
        id: usize,
        inputs: impl Iterator<Item = (&'t str, &'t DynTensor)>,
        output: &DynTensor,
    ) -> ort::Result<Self> {
        let memory = MemoryInfo::new(device, device_id, AllocatorType::Device, MemoryType::Default)?;
        let allocator = Allocator::new(session, memory)?;
        let like = |host: &DynTensor| DynTensor::new(&allocator, *host.data_type(), host.shape().to_vec());
        let inputs = inputs.map(|(name, host)| Ok((name.to_owned(), like(host)?))).collect::<ort::Result<_>>()?;
        Ok(Self { id, inputs, output: like(output)? })
    }

    /// Whether it was allocated for tensors like these.
    pub(super) fn fits<'t>(
        &self,
        mut inputs: impl ExactSizeIterator<Item = (&'t str, &'t DynTensor)>,
        output: &DynTensor,
    ) -> bool {
        let alike = |a: &DynTensor, b: &DynTensor| a.data_type() == b.data_type() && a.shape() == b.shape();
        inputs.len() == self.inputs.len()
            && inputs.all(|(name, host)| self.inputs.iter().any(|(own, device)| own == name && alike(device, host)))
            && alike(&self.output, output)
    }

    /// Binds all of them; nothing is copied.
    pub(super) fn bind(&mut self, binding: &mut IoBinding, output: &str) -> ort::Result<()> {
        for (name, tensor) in &self.inputs {
            binding.bind_input(name.as_str(), tensor)?;
        }
        binding.bind_output(output, &mut self.output)
    }

    /// Copies an input to the device.
    pub(super) fn write(&mut self, name: &str, host: &DynTensor) -> ort::Result<()> {
        match self.inputs.iter_mut().find(|(own, _)| own == name) {
            Some((_, device)) => host.copy_into(device),
            None => Ok(()),
        }
    }

    /// Copies the output back.
    pub(super) fn read(&self, host: &mut DynTensor) -> ort::Result<()> {
        self.output.copy_into(host)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ndarray::{ArrayD, IxDyn};

    use super::super::library::{environment, initialize};
    use super::super::values::{to_value, zeros};
    use super::*;
    use crate::tensor::{DType, Tensor};

    #[test]
    fn only_captured_providers_keep_tensors_on_the_device() {
        let mut options = GraphOptions { provider: Provider::Cuda, ..GraphOptions::default() };
        assert!(device(&options).is_none());
        options.settings.set("cuda_graph", "1").unwrap();
        assert!(device(&options).is_some());
        options.provider = Provider::TensorRt;
        assert!(device(&options).is_some());
        options.provider = Provider::Cpu;
        assert!(device(&options).is_none());
    }

    /// With the CPU in the place of a device: what is copied there arrives, and nothing moves from run to run.
    #[test]
    fn resident_tensors_are_written_run_and_read_where_they_are() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let fetched = root.join("target/onnxruntime/1.28.0-cpu");
        initialize(std::env::var_os("ORT_DYLIB_PATH").is_none().then_some(fetched.as_path())).unwrap();
        let builder = Session::builder(environment().unwrap().0).unwrap();
        let file = root.join("tests/golden/graphs/step_f32_i64.onnx");
        let mut session = builder.clone().commit_from_file(file).unwrap();
        let mut sample = to_value(&Tensor::F32(ArrayD::zeros(IxDyn(&[1, 4, 2, 2])))).unwrap();
        let time = to_value(&Tensor::I64(ArrayD::from_elem(IxDyn(&[]), 3))).unwrap();
        let mut output = zeros(DType::F32, &[1, 4, 2, 2]).unwrap();
        let named = || [("sample", &sample), ("timestep", &time)].into_iter();
        let cpu = (AllocationDevice::CPU, 0);
        let mut resident = Resident::allocate(&session, cpu, 7, named(), &output).unwrap();
        assert!(resident.fits(named(), &output) && resident.id == 7);
        assert!(!resident.fits([("sample", &sample)].into_iter(), &output));
        assert!(!resident.fits(named(), &zeros(DType::F32, &[2, 4, 2, 2]).unwrap()));
        let mut binding = session.create_binding().unwrap();
        resident.bind(&mut binding, "out_sample").unwrap();
        resident.write("timestep", &time).unwrap();
        let address = resident.output.data_ptr();
        for value in [1.0, 5.0] {
            sample.try_extract_tensor_mut::<f32>().unwrap().1.fill(value);
            resident.write("sample", &sample).unwrap();
            drop(session.run_binding(&binding).unwrap());
            resident.read(&mut output).unwrap();
            let got = output.try_extract_tensor::<f32>().unwrap().1;
            assert!(got.iter().all(|sum| *sum == value + 3.0), "{got:?}");
            assert_eq!(resident.output.data_ptr(), address);
        }
    }
}
