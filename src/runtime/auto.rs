//! `auto`: the first provider, in an order of preference, that is seen to work.

use super::library::environment;
use super::options::GraphOptions;
use super::provider::Provider;
use super::providers::{OpenVinoOptions, Precision};
use super::trial;
use crate::{Error, Result};

/// What `auto` became, and why not something before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoChoice {
    /// The one that is used.
    pub provider: Provider,
    /// Those that would have come first, each with the reason, as a clause.
    pub rejected: Vec<(Provider, String)>,
}

impl AutoChoice {
    /// As `cpu (cuda: …; openvino: …)`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let reasons: Vec<String> =
            self.rejected.iter().map(|(provider, reason)| format!("{}: {reason}", provider.name())).collect();
        match reasons.is_empty() {
            true => self.provider.name().to_owned(),
            false => format!("{} ({})", self.provider.name(), reasons.join("; ")),
        }
    }
}

/// What is tried before the CPU, the fastest first.
///
/// Three are never picked unasked: TensorRT, which builds for minutes before it draws; QNN, whose processor wants
/// quantized graphs; XNNPACK, which has fewer operators than the CPU's own kernels.
const CANDIDATES: &[Provider] = if cfg!(windows) {
    &[Provider::Cuda, Provider::DirectMl, Provider::OpenVino, Provider::WebGpu]
} else if cfg!(target_vendor = "apple") {
    &[Provider::CoreMl, Provider::WebGpu]
} else if cfg!(target_os = "android") {
    &[Provider::WebGpu]
} else {
    &[Provider::Cuda, Provider::MiGraphX, Provider::Rocm, Provider::OpenVino, Provider::WebGpu]
};

/// Replaces [`Provider::Auto`] in `options` by what it becomes here; says why, where it was asked for.
///
/// Each candidate that the library lists runs a small graph all by itself, once in a process, and its numbers are
/// compared. Loads ONNX Runtime if that has not happened.
///
/// # Errors
/// [`Error::RuntimeMissing`].
pub fn settle(options: GraphOptions) -> Result<(GraphOptions, Option<AutoChoice>)> {
    if options.provider != Provider::Auto {
        return Ok((options, None));
    }
    let (_, info) = environment()?;
    let mut rejected = Vec::new();
    for provider in CANDIDATES.iter().copied() {
        let tried = GraphOptions { provider, ..options.clone() };
        let outcome = if !provider.is_in(info) {
            Err("not in this ONNX Runtime library".to_owned())
        } else if !Precision::of(provider).contains(&options.precision) {
            Err(format!("does not compute in {}", options.precision.name()))
        } else if provider == Provider::OpenVino && is_slower_than_the_cpu(&options) {
            Err("in float32 on the CPU it is slower than cpu; ask for it by name, or for bfloat16".to_owned())
        } else {
            trial::outcome(&tried)
        };
        match outcome {
            Ok(()) => return Ok((tried, Some(AutoChoice { provider, rejected }))),
            Err(reason) => rejected.push((provider, reason)),
        }
    }
    let choice = AutoChoice { provider: Provider::Cpu, rejected };
    let mut settled = GraphOptions { provider: Provider::Cpu, ..options };
    if !Precision::of(Provider::Cpu).contains(&settled.precision) {
        log::warn!("nothing here computes in {}: {}", settled.precision.name(), choice.sentence());
        settled.precision = Precision::Default;
    }
    Ok((settled, Some(choice)))
}

/// In float32 on the CPU, OpenVINO took 1.1 times as long a step as ours, 1.35 times as long to decode, and twice the
/// memory (SD 1.5 at 512x512, ONNX Runtime 1.24.1 on both sides, in turns).
fn is_slower_than_the_cpu(options: &GraphOptions) -> bool {
    let float32 = matches!(options.precision, Precision::Default | Precision::Float32);
    float32 && options.settings.openvino == OpenVinoOptions::default()
}

/// Whether a provider works here: a small graph runs on it alone and gives the right numbers. Gives the provider, which
/// for [`Provider::Auto`] is what it becomes. Loads ONNX Runtime if that has not happened; the outcome is kept for as
/// long as the process lives.
///
/// # Errors
/// [`Error::ProviderUnavailable`] with the reason; [`Error::InvalidArgument`] for a precision that it does not have;
/// [`Error::RuntimeMissing`].
pub fn try_provider(options: &GraphOptions) -> Result<Provider> {
    let (options, choice) = settle(options.clone())?;
    if let Some(choice) = choice {
        return Ok(choice.provider);
    }
    options.precision.check(options.provider)?;
    let (_, info) = environment()?;
    if !options.provider.is_in(info) {
        let name = options.provider.name();
        return Err(Error::ProviderUnavailable(format!("the provider \"{name}\" is not in this ONNX Runtime library")));
    }
    trial::outcome(&options).map(|()| options.provider).map_err(Error::ProviderUnavailable)
}
