//! Graphs on OpenVINO: what they compute, what the precision changes, what falls back. Needs an ONNX Runtime with
//! OpenVINO inside, whose path is in `LIBDIFFUSION_OPENVINO` (`make test-openvino` fetches one); else nothing is run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]
#![allow(clippy::print_stdout, reason = "a test says so when it skips something")]

mod common;

use std::path::PathBuf;

use common::{generate, repository, sentence};
use diffusion::runtime::{self, GraphOptions};
use diffusion::{CancelToken, Error, Fallback, Pipeline, PipelineOptions, Precision, Provider, Request, Result};

/// Options for OpenVINO; `None` where there is none to test.
fn options() -> Option<PipelineOptions> {
    let Some(library) = std::env::var_os("LIBDIFFUSION_OPENVINO") else {
        println!("SKIPPED: LIBDIFFUSION_OPENVINO names no ONNX Runtime with OpenVINO");
        return None;
    };
    Some(PipelineOptions {
        ort_library: Some(PathBuf::from(library)),
        provider: Provider::OpenVino,
        threads: 2,
        ..PipelineOptions::default()
    })
}

fn open(options: &PipelineOptions) -> Result<Pipeline> {
    Pipeline::open(&repository("models/demo"), options, &mut (), &CancelToken::new())
}

/// A picture of the demo model, and the largest and the mean squared difference from another.
fn draw(options: &PipelineOptions) -> Vec<u8> {
    let request = Request { seed: Some(2), steps: Some(8), ..Request::new("a red house in a meadow at noon") };
    generate(&open(options).unwrap(), &request).unwrap().images.remove(0).pixels().to_vec()
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / square.max(1e-9)).log10()
}

#[test]
fn float32_is_the_cpus_picture_and_bfloat16_is_near_it() {
    let Some(openvino) = options() else { return };
    let cpu = draw(&PipelineOptions { provider: Provider::Cpu, ..openvino.clone() });
    let float32 = psnr(&cpu, &draw(&openvino));
    assert!(float32 > 50.0, "by default nothing below float32 may be computed in: {float32:.1} dB");
    // bfloat16 has 8 bits of mantissa; where the processor lacks it, OpenVINO stays in float32.
    let bfloat16 = psnr(&cpu, &draw(&PipelineOptions { precision: Precision::BFloat16, ..openvino }));
    assert!(bfloat16 > 25.0 && bfloat16 <= float32 + 0.1, "{bfloat16:.1} dB, float32 {float32:.1} dB");
    println!("PSNR from the CPU provider: float32 {float32:.1} dB, bfloat16 {bfloat16:.1} dB");
}

#[test]
fn single_graphs_can_be_placed() {
    let Some(mut options) = options() else { return };
    options.precision = Precision::BFloat16;
    options.place("text_encoder", Provider::Cpu).unwrap();
    let pipeline = open(&options).unwrap();
    let places: Vec<_> = pipeline.info().graphs.iter().map(|g| (g.role.as_str(), g.provider.as_str())).collect();
    assert_eq!(places, [("text_encoder", "cpu"), ("unet", "openvino"), ("vae_decoder", "openvino")]);
}

#[test]
fn a_device_that_is_not_there_is_an_error_that_names_the_provider() {
    let Some(mut options) = options() else { return };
    options.provider_settings.set("openvino.device_type", "GPU.7").unwrap();
    match open(&options) {
        Err(Error::ProviderUnavailable(said)) => assert!(said.contains("openvino"), "{said}"),
        other => panic!("{}", sentence(other)),
    }
}

#[test]
fn auto_is_openvino_where_that_is_faster_and_was_seen_to_work() {
    let Some(options) = options() else { return };
    runtime::initialize(options.ort_library.as_deref()).unwrap();
    for precision in Precision::ALL {
        // float16 is not computed in on a CPU; OpenVINO takes a larger type then.
        let options = GraphOptions { provider: Provider::OpenVino, precision: *precision, ..GraphOptions::default() };
        assert_eq!(runtime::try_provider(&options).unwrap(), Provider::OpenVino, "{precision:?}");
    }
    let auto = PipelineOptions { provider: Provider::Auto, precision: Precision::Default, ..options };
    let float32 = open(&auto).unwrap();
    let rejected = &float32.info().auto.as_ref().unwrap().rejected["openvino"];
    assert_eq!(float32.info().auto.as_ref().unwrap().provider, "cpu");
    assert!(rejected.contains("slower than cpu"), "{rejected}");
    let pipeline = open(&PipelineOptions { precision: Precision::BFloat16, ..auto }).unwrap();
    let info = pipeline.info();
    let auto = info.auto.as_ref().unwrap();
    assert_eq!(auto.provider, "openvino");
    assert!(auto.rejected["cuda"].contains("not in this ONNX Runtime library"), "{auto:?}");
    assert!(
        info.notes.iter().any(|note| note.starts_with("the provider \"auto\" became openvino (")),
        "{:?}",
        info.notes
    );
}

#[test]
fn every_node_runs_on_openvino_or_is_named() {
    let Some(options) = options() else { return };
    let pipeline = open(&options).unwrap();
    for graph in &pipeline.info().graphs {
        let nodes = graph.nodes.as_ref().unwrap();
        assert!(nodes["openvino"] > 50, "{}: {nodes:?}", graph.role);
        assert_eq!(graph.precision, "default");
    }
    let json = pipeline.info().to_json();
    assert!(json["graphs"][1]["nodes"]["openvino"].as_u64().is_some(), "{json}");
    // The demo model has nothing that OpenVINO lacks.
    open(&PipelineOptions { fallback: Fallback::Refuse, ..options }).unwrap();
}

#[test]
fn an_operator_that_openvino_lacks_falls_back_loudly_or_not_at_all() {
    let Some(options) = options() else { return };
    runtime::initialize(options.ort_library.as_deref()).unwrap();
    let path = repository("tests/golden/graphs/fallback.onnx");
    let on = |fallback| GraphOptions { provider: Provider::OpenVino, fallback, threads: 1, ..GraphOptions::default() };
    let graph = runtime::Graph::open("unet", &path, &on(Fallback::Warn), &CancelToken::new()).unwrap();
    let assignment = graph.assignment().unwrap();
    assert!(assignment.nodes.contains_key("openvino") && assignment.nodes.contains_key("cpu"), "{assignment:?}");
    assert_eq!(assignment.fallen().into_iter().collect::<Vec<_>>(), [("Det", 1)]);
    match runtime::Graph::open("unet", &path, &on(Fallback::Refuse), &CancelToken::new()) {
        Err(Error::ProviderUnavailable(said)) => {
            assert!(said.contains("of unet run on the CPU and not on openvino: Det (1)"), "{said}");
        }
        other => panic!("{other:?}"),
    }
}
