//! `Conv3x3` beside `Conv`.

use std::time::{Duration, Instant};

use diffusion::Error;
use diffusion::onnx::proto::AttributeProto;
use diffusion::runtime::CancelToken;
use diffusion::tensor::Tensor;
use ndarray::ArrayD;

use crate::net::{Net, node};
use crate::{ODD_VALUES, Pair, SIZES, noise, run};

const PASS: &str = "convolution";

/// ONNX Runtime's own sums differ by 3·10⁻⁷ of the largest output; Winograd's transforms for 4×4 tiles add about five
/// times the rounding of a plain sum, and the largest of 10⁶ such errors is some five deviations.
const TOLERANCE: f64 = 5e-6;

#[derive(Clone, Copy)]
struct Case {
    inputs: usize,
    outputs: usize,
    pads: [usize; 4],
    bias: bool,
    shift: bool,
    skip: bool,
}

const PLAIN: Case = Case { inputs: 32, outputs: 32, pads: [1; 4], bias: true, shift: false, skip: false };

impl Case {
    /// `sizes`: batch, height and width of x, as names or numbers; `out`: height and width of the output.
    fn net(self, [batch, height, width]: [&str; 3], out: [&str; 2]) -> Net {
        let Self { inputs, outputs, pads, .. } = self;
        let out = format!("{batch} {outputs} {} {}", out[0], out[1]);
        let weights = noise(1, &[outputs, inputs, 3, 3]) / (3.0 * (inputs as f32).sqrt());
        let mut net = Net::new(17, &out).input("x", &format!("{batch} {inputs} {height} {width}"));
        net = net.floats("w", weights).floats("b", noise(2, &[outputs]));
        let mut steps = vec![("conv", String::new())];
        if self.shift {
            net = net.input("shift", &format!("{batch} {outputs} 1 1"));
            steps.push(("shifted", "Add conv shift".to_owned()));
        }
        if self.skip {
            net = net.input("skip", &out);
            // The other way round than the embedding, as exporters write both.
            steps.push(("whole", format!("Add skip {}", steps[steps.len() - 1].0)));
        }
        let last = steps.len() - 1;
        let name = |step: usize| if step == last { "y" } else { steps[step].0 };
        let conv = node(&format!("Conv x w{} => {}", if self.bias { " b" } else { "" }, name(0)));
        net = net.node(conv.with(AttributeProto::from_ints("pads", &pads.map(|pad| pad as i64))));
        (1..steps.len()).fold(net, |net, step| net.op(&format!("{} => {}", steps[step].1, name(step))))
    }

    fn open_sized(self) -> Net {
        let out = if self.pads == [1; 4] { ["height", "width"] } else { ["out_height", "out_width"] };
        self.net(["batch", "height", "width"], out)
    }

    fn feeds(self, batch: usize, (height, width): (usize, usize)) -> Vec<ArrayD<f32>> {
        let mut feeds = vec![noise(7, &[batch, self.inputs, height, width])];
        if self.shift {
            feeds.push(noise(8, &[batch, self.outputs, 1, 1]));
        }
        if self.skip {
            let [top, left, bottom, right] = self.pads;
            feeds.push(noise(9, &[batch, self.outputs, height + top + bottom - 2, width + left + right - 2]));
        }
        feeds
    }
}

#[test]
fn sizes_batches_threads_and_what_is_added() {
    for (threads, inputs, outputs, bias, shift, skip) in [
        (1, 32, 32, true, true, true),
        (2, 33, 48, false, false, false),
        (3, 48, 33, true, true, false),
        (5, 32, 48, false, false, true),
        (5, 48, 32, false, true, true),
    ] {
        let case = Case { inputs, outputs, bias, shift, skip, ..PLAIN };
        let pair = Pair::open(&case.open_sized(), PASS, threads);
        for (size, batch) in SIZES.into_iter().flat_map(|size| [(size, 1), (size, 2), (size, 3)]) {
            pair.same(&case.feeds(batch, size), TOLERANCE);
        }
    }
}

#[test]
fn many_channels() {
    for threads in [1, 5] {
        let case = Case { inputs: 320, outputs: 320, shift: true, skip: true, ..PLAIN };
        let pair = Pair::open(&case.open_sized(), PASS, threads);
        [(1, 1), (7, 9), (17, 31)].into_iter().for_each(|size| pair.same(&case.feeds(2, size), TOLERANCE));
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    let case = Case { inputs: 48, outputs: 33, shift: true, skip: true, ..PLAIN };
    let inputs = case.feeds(2, (17, 31));
    let results = [1, 2, 3, 5].map(|threads| Pair::open(&case.open_sized(), PASS, threads).run(&inputs)[1].clone());
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn every_pad_may_be_missing() {
    for pads in [[0; 4], [0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]] {
        // Of open sizes it cannot be proven that a skip connection is as large, so there is none here.
        let case = Case { inputs: 32, outputs: 33, pads, shift: true, ..PLAIN };
        let pair = Pair::open(&case.open_sized(), PASS, 2);
        [(3, 5), (7, 9), (8, 8), (17, 31)].into_iter().for_each(|size| pair.same(&case.feeds(2, size), TOLERANCE));
        let case = Case { skip: true, ..case };
        let [top, left, bottom, right] = pads;
        let out = [7 + top + bottom - 2, 9 + left + right - 2].map(|size| size.to_string());
        let pair = Pair::open(&case.net(["2", "7", "9"], [&out[0], &out[1]]), PASS, 2);
        pair.same(&case.feeds(2, (7, 9)), TOLERANCE);
    }
}

/// Both refuse a picture that is smaller than the kernel.
#[test]
fn too_small_pictures_are_errors() {
    let case = Case { pads: [0; 4], ..PLAIN };
    let pair = Pair::open(&case.open_sized(), PASS, 1);
    let inputs = [noise(7, &[1, 32, 1, 1])];
    assert!(run(&pair.original, &inputs).is_err() && run(&pair.prepared, &inputs).is_err());
}

/// A tile's outputs are sums over all of its patch: what is no number reaches the whole tile, but never less than it
/// does by definition.
#[test]
fn what_is_not_finite_is_not_hidden() {
    let pair = Pair::open(&PLAIN.open_sized(), PASS, 2);
    for size in [(8, 8), (17, 31), (3, 5)] {
        for odd in ODD_VALUES {
            let (height, width) = size;
            for place in [[0, 3, 0, 0], [0, 31, height - 1, width - 1], [1, 0, height / 2, width / 2]] {
                let mut inputs = PLAIN.feeds(2, size);
                inputs[0][&place[..]] = odd;
                let [old, new] = pair.run(&inputs);
                assert!(old.iter().any(|value| !value.is_finite()));
                assert!(old.iter().zip(&new).all(|(a, b)| a.is_finite() || !b.is_finite()), "{odd} at {place:?}");
                assert!(old.iter().zip(&new).all(|(a, b)| !a.is_nan() || b.is_nan()), "{odd} at {place:?}");
                // The other picture of the batch, and what is farther away than a tile and its border.
                let near = |at: usize, to: usize| at.abs_diff(to) < 5;
                for (at, value) in new.indexed_iter() {
                    let reached = at[0] == place[0] && near(at[2], place[2]) && near(at[3], place[3]);
                    assert!(reached || value.is_finite(), "{odd} at {place:?} reaches {at:?}");
                }
            }
        }
    }
}

#[test]
fn extreme_values() {
    let case = Case { skip: true, ..PLAIN };
    let pair = Pair::open(&case.open_sized(), PASS, 2);
    let random = case.feeds(2, (17, 31));
    for factor in [1e4, 1e15, 1e-4, 1e-15] {
        pair.same(&random.iter().map(|input| input * factor).collect::<Vec<_>>(), TOLERANCE);
    }
    let constant = |number: f32| random.iter().map(|input| input.mapv(|_| number)).collect::<Vec<_>>();
    [0.0, 1.0, -1e4].into_iter().for_each(|number| pair.same(&constant(number), TOLERANCE));
    let mut peak = random.clone();
    peak[0][&[0, 5, 8, 8][..]] = 1e6;
    pair.same(&peak, TOLERANCE);
}

/// Places that only look like it.
#[test]
fn what_is_not_proven_is_left() {
    // Fewer channels than pay, and another stride.
    let few = Case { inputs: 16, ..PLAIN };
    assert_eq!(Pair::with_count(&few.open_sized(), PASS, 1).1, 0);
    let conv = |text: &str| node(text).with(AttributeProto::from_ints("pads", &[1; 4]));
    let weights = || noise(1, &[32, 32, 3, 3]) / 17.0;
    let net = || Net::new(17, "batch 32 h w").input("x", "batch 32 h w").floats("w", weights());
    let strided = net().node(conv("Conv x w => y").with(AttributeProto::from_ints("strides", &[2, 2])));
    assert_eq!(Pair::with_count(&strided, PASS, 1).1, 0);
    // The convolution is taken, what is added is not: an embedding of another batch, the result itself, and what is
    // not the only use.
    let one = net().input("shift", "1 32 1 1").node(conv("Conv x w => c")).op("Add c shift => y");
    let twice = net().node(conv("Conv x w => c")).op("Add c c => y");
    let used = net().node(conv("Conv x w => c")).op("Add c x => d").op("Add d c => y");
    for (net, extra) in [(one, true), (twice, false), (used, false)] {
        let mut inputs = vec![noise(7, &[2, 32, 7, 9])];
        inputs.extend(extra.then(|| noise(8, &[1, 32, 1, 1])));
        Pair::open(&net, PASS, 1).same(&inputs, TOLERANCE);
    }
}

/// ONNX Runtime looks at its flag before each operator; this graph has one, so only the operator itself can hear of a
/// cancel that comes in the middle.
#[test]
fn a_cancel_stops_it_in_the_middle() {
    const LONG: Duration = Duration::from_millis(200);
    let case = Case { inputs: 128, outputs: 128, bias: false, ..PLAIN };
    let graph = Pair::open(&case.open_sized(), PASS, 1).prepared;
    let mut side = 16;
    // As large a picture as it takes on this machine and in this build.
    let (feeds, whole, took) = loop {
        let feeds = [("x", Tensor::F32(noise(7, &[1, 128, side, side])))];
        let started = Instant::now();
        let whole = graph.run(&feeds, &["y"], &CancelToken::new()).unwrap();
        let took = started.elapsed();
        if took > LONG || side == 512 {
            break (feeds, whole, took);
        }
        side *= 2;
    };
    let run = |cancel: &CancelToken| graph.run(&feeds, &["y"], cancel);
    let stopped = || {
        let cancel = CancelToken::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(took / 2);
                cancel.cancel();
            });
            matches!(run(&cancel), Err(Error::Cancelled))
        })
    };
    // One that came too late says nothing; all five never do.
    assert!((0..5).any(|_| stopped()), "it ran to its end each time");
    let again = run(&CancelToken::new()).unwrap();
    assert_eq!(again.into_iter().next().unwrap().into_f32(), whole.into_iter().next().unwrap().into_f32());
}
