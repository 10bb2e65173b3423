//! Times a graph as it is beside the same graph with this library's own operators in it, in turns, in one process.
//!
//! ```text
//! cargo bench --bench kernels -- GRAPH.onnx [--set NAME=SIZE].. [--rounds N] [--threads N] [--keep-attention]
//! ```
//! `--set` gives a size to an open dimension of the graph's inputs, as `--set height=64`. Attention is fused on both
//! sides unless `--keep-attention` says otherwise, so that the ratio is that of the operators alone. The largest
//! difference is a part of the largest output.

#![allow(clippy::print_stdout, reason = "a bench's output is its purpose")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use diffusion::onnx::Model;
use diffusion::prepare::{PrepareOptions, prepare};
use diffusion::rng::{Generator, NoiseSource, RngKind};
use diffusion::runtime::{self, CancelToken, Graph, GraphOptions, IoSpec};
use diffusion::tensor::{DType, Tensor};

type Failure = Box<dyn std::error::Error>;

#[derive(Default)]
struct Args {
    graph: PathBuf,
    sizes: HashMap<String, usize>,
    rounds: usize,
    options: GraphOptions,
    attention: bool,
}

fn parse() -> Result<Args, Failure> {
    let mut args = Args { rounds: 5, attention: true, ..Args::default() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--bench" => {}
            "--set" => {
                let pair = value()?;
                let (name, size) = pair.split_once('=').ok_or_else(|| format!("\"{pair}\" is not NAME=SIZE"))?;
                args.sizes.insert(name.to_owned(), size.parse()?);
            }
            "--rounds" => args.rounds = value()?.parse()?,
            "--threads" => args.options.threads = value()?.parse()?,
            "--keep-attention" => args.attention = false,
            _ if word.starts_with("--") => return Err(format!("unknown option {word}").into()),
            _ => args.graph = word.into(),
        }
    }
    Ok(args)
}

fn input(spec: &IoSpec, sizes: &HashMap<String, usize>) -> Result<Tensor, Failure> {
    let size = |(known, name): (&Option<usize>, &Option<String>)| {
        let name = name.as_deref().unwrap_or("");
        known.or_else(|| sizes.get(name).copied()).ok_or_else(|| format!("--set {name}=SIZE is needed"))
    };
    let shape: Vec<usize> = spec.shape.iter().zip(&spec.symbols).map(size).collect::<Result<_, _>>()?;
    let noise = Generator::new(RngKind::TorchCpu, 1)?.normal(&shape);
    let whole = matches!(spec.dtype, DType::I32 | DType::I64);
    Ok(Tensor::from_f32(noise.mapv(|x| if whole { (x.abs() * 100.0).floor() } else { x }), spec.dtype))
}

/// Writes the prepared graph beside the graph, whose weights it names, and opens it.
fn open(args: &Args, kernels: bool) -> Result<Arc<Graph>, Failure> {
    let mut model = Model::open(&args.graph)?;
    let options = PrepareOptions { attention: args.attention, kernels, ..PrepareOptions::default() };
    let report = prepare(&mut model, &options)?;
    println!("{}: {report}", if kernels { "with our operators" } else { "without" });
    let name = args.graph.file_name().and_then(|name| name.to_str()).ok_or("the graph has no file name")?;
    model.externalise(name)?;
    let path = args.graph.with_file_name(format!(".{name}.kernels-bench-{kernels}"));
    std::fs::write(&path, model.to_bytes())?;
    let graph = Graph::open(name, &path, &args.options, &CancelToken::new());
    std::fs::remove_file(&path)?;
    Ok(Arc::new(graph?))
}

fn main() -> Result<(), Failure> {
    let args = parse()?;
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/onnxruntime/1.28.0-cpu");
    runtime::initialize(std::env::var_os("ORT_DYLIB_PATH").is_none().then_some(beside.as_path()))?;
    let graphs = [open(&args, false)?, open(&args, true)?];
    let inputs = graphs[0].inputs().iter().map(|spec| Ok((spec.name.as_str(), input(spec, &args.sizes)?)));
    let inputs: Vec<(&str, Tensor)> = inputs.collect::<Result<_, Failure>>()?;
    let outputs: Vec<_> = graphs[0].outputs().iter().map(|spec| spec.name.as_str()).collect();
    let mut times = [Vec::new(), Vec::new()];
    let mut results = [Vec::new(), Vec::new()];
    // The first round finds the memory and is not counted.
    for round in 0..=args.rounds {
        for (which, graph) in graphs.iter().enumerate() {
            let start = Instant::now();
            results[which] = graph.run(&inputs, &outputs, &CancelToken::new())?;
            if round > 0 {
                times[which].push(start.elapsed().as_secs_f64());
            }
        }
    }
    let [old, new] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        (times[times.len() / 2], times[0], times[times.len() - 1])
    });
    for (name, (median, least, most)) in [("without", old), ("with", new)] {
        println!("{name}: {median:.3} s ({least:.3} to {most:.3})");
    }
    println!("ratio of medians {:.3}, of the fastest {:.3}", new.0 / old.0, new.1 / old.1);
    let [old, new] = results;
    for (old, new) in old.into_iter().zip(new) {
        let (old, new) = (old.into_f32(), new.into_f32());
        let scale = old.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let worst = old.iter().zip(&new).fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs()));
        println!("largest difference {:.1e} of {scale}", worst / scale);
    }
    Ok(())
}
