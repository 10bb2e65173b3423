//! Many threads open graphs first thing in a process: alone in its file, since that moment comes only once.

use std::path::Path;
use std::sync::Barrier;
use std::thread;

use diffusion::Provider;
use diffusion::runtime::{self, CancelToken, Graph, GraphOptions};

/// ONNX Runtime keeps one list of operator domains, asks whether ours is in it and then adds it, without a lock.
#[test]
fn first_sessions_do_not_meet() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fetched = root.join("target/onnxruntime/1.28.0-cpu");
    let explicit = std::env::var_os("ORT_DYLIB_PATH").is_none().then_some(fetched);
    runtime::initialize(explicit.as_deref()).expect("run `python3 scripts/fetch_onnxruntime.py` first");
    let path = root.join("tests/golden/graphs/two_outputs.onnx");
    let options = GraphOptions { provider: Provider::Cpu, threads: 1, ..GraphOptions::default() };
    let barrier = Barrier::new(16);
    thread::scope(|scope| {
        let open = || {
            barrier.wait();
            Graph::open("unet", &path, &options, &CancelToken::new()).map(drop)
        };
        let opened: Vec<_> = (0..16).map(|_| scope.spawn(open)).collect();
        opened.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    });
}
