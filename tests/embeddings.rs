//! What is computed with vectors between the networks of a cascade, and the files that its constants come in, compared
//! with torch, diffusers and NumPy (`tests/golden/make_embeddings.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{repository, sentence};
use diffusion::model::{read_array, read_matrix, read_vector};
use diffusion::pipeline::{NoiseAugmentation, timestep_sinusoids};
use diffusion::rng::{Generator, NoiseSource, RngKind};
use diffusion::tensor::{DType, read_npy, slerp};
use diffusion::{Codebook, Embedding, Statistics};
use ndarray::{Array1, Array2, Array3, ArrayD, IxDyn};
use serde_json::{Map, Value, json};

fn golden() -> Value {
    serde_json::from_str(&fs::read_to_string(repository("tests/golden/embeddings.json")).unwrap()).unwrap()
}

fn size(case: &Value, key: &str) -> usize {
    usize::try_from(case[key].as_u64().unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

fn embedding(value: &Value) -> Embedding {
    Embedding::new(floats(value)).unwrap()
}

fn embeddings(value: &Value) -> Vec<Embedding> {
    value.as_array().unwrap().iter().map(embedding).collect()
}

/// Asserts that all values agree but for the rounding of float32.
fn agree(got: &[f32], want: &[f32], tolerance: f32, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let off = got.iter().zip(want).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max);
    assert!(off <= tolerance, "{what}: {off}");
}

/// Both sides compute in float64 and round once.
const ROUNDED: f32 = 2e-7;

#[test]
fn two_embeddings_are_combined_as_numpy_does_it() {
    let golden = golden();
    let cases = golden["pairs"].as_array().unwrap();
    assert!(cases.len() >= 6);
    for case in cases {
        let (a, b, kind) = (embedding(&case["a"]), embedding(&case["b"]), case["kind"].as_str().unwrap());
        let near =
            |got: f64, want: &Value| assert!((got - want.as_f64().unwrap()).abs() < 1e-9, "{kind}: {got} {want}");
        near(a.norm(), &case["norms"][0]);
        near(b.norm(), &case["norms"][1]);
        near(a.dot(&b).unwrap(), &case["dot"]);
        near(a.cosine(&b).unwrap(), &case["cosine"]);
        agree(a.normalized().unwrap().values(), &floats(&case["normalized"]), ROUNDED, kind);
        let unit = b.difference(&a).unwrap();
        agree(unit.values(), &floats(&case["difference"]), ROUNDED, kind);
        let at = floats(&case["at"]);
        assert!(at.len() >= 5);
        for (number, at) in at.into_iter().enumerate() {
            let what = format!("{kind} at {at}");
            let want = |key: &str| floats(&case[key][number]);
            agree(a.lerp(&b, at).unwrap().values(), &want("lerp"), ROUNDED, &what);
            agree(a.slerp(&b, at).unwrap().values(), &want("slerp"), ROUNDED, &what);
            agree(a.moved(&b, at).unwrap().values(), &want("moved"), 4e-7, &what);
            // The unit vector is rounded in between on both sides.
            agree(a.turned_towards(&unit, at).unwrap().values(), &want("turned"), 5e-7, &what);
            let flat = |e: &Embedding| Array1::from_vec(e.values().to_vec()).into_dyn();
            let tensors = slerp(&flat(&a), &flat(&b), at);
            assert_eq!(tensors.as_slice().unwrap(), a.slerp(&b, at).unwrap().values(), "{what}");
        }
    }
}

#[test]
fn several_embeddings_are_mixed_and_ranked() {
    let golden = golden();
    for case in golden["sums"].as_array().unwrap() {
        let parts = embeddings(&case["parts"]);
        let weighted: Vec<_> = parts.iter().zip(floats(&case["weights"])).collect();
        // Torch adds in float32.
        agree(Embedding::weighted_sum(&weighted).unwrap().values(), &floats(&case["sum"]), 1e-6, "sum");
    }
    let text = embedding(&golden["ranked"]["text"]);
    let candidates = embeddings(&golden["ranked"]["candidates"]);
    let order: Vec<_> = golden["ranked"]["order"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
    let ranked: Vec<_> = text.ranked(&candidates).unwrap().into_iter().map(|at| at as u64).collect();
    assert_eq!(ranked, order);
    assert!(text.ranked(&[]).unwrap().is_empty());
}

#[test]
fn noise_between_two_seeds_stays_noise() {
    let mut generator = Generator::new(RngKind::TorchCpu, 5).unwrap();
    let (a, b) = (generator.normal(&[4, 64, 64]), generator.normal(&[4, 64, 64]));
    let variance = |v: &ArrayD<f32>| v.iter().map(|v| v * v).sum::<f32>() / v.len() as f32;
    let middle = slerp(&a, &b, 0.3);
    assert!((variance(&middle) - 1.0).abs() < 0.02, "{}", variance(&middle));
    let off = |x: &ArrayD<f32>, y: &ArrayD<f32>| (x - y).iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    assert!(off(&slerp(&a, &b, 0.0), &a) < 1e-6 && off(&slerp(&a, &b, 1.0), &b) < 1e-6);
    let other = ArrayD::zeros(IxDyn(&[4, 64]));
    assert_eq!(slerp(&a, &other, 0.5), a);
}

#[test]
fn embeddings_go_in_and_out_of_tensors() {
    let rows = Array2::from_shape_fn((3, 4), |(r, c)| (r * 4 + c) as f32);
    let taken = Embedding::rows(rows.view().into_dyn()).unwrap();
    assert_eq!((taken.len(), taken[2].width(), taken[2].values()), (3, 4, &[8.0, 9.0, 10.0, 11.0][..]));
    assert_eq!(Embedding::stack(&taken).unwrap(), rows);
    assert_eq!(Embedding::rows(rows.row(1).into_dyn()).unwrap(), taken[1..2]);
    assert_eq!(taken[0].clone().into_row().shape(), [1, 4]);
}

#[test]
fn embeddings_that_do_not_fit_are_refused() {
    let of = |values: &[f32]| Embedding::new(values.to_vec()).unwrap();
    let (two, three, zero) = (of(&[1.0, 2.0]), of(&[1.0, 2.0, 3.0]), of(&[0.0, 0.0]));
    for message in [
        sentence(two.dot(&three)),
        sentence(two.slerp(&three, 0.5)),
        sentence(two.lerp(&three, 0.5)),
        sentence(two.moved(&three, 0.5)),
        sentence(two.difference(&three)),
        sentence(two.turned_towards(&three, 0.5)),
        sentence(two.ranked(&[two.clone(), three.clone()])),
        sentence(Embedding::stack(&[two.clone(), three.clone()])),
        sentence(Embedding::weighted_sum(&[(&two, 1.0), (&three, 1.0)])),
    ] {
        assert!(message.contains("the same encoder"), "{message}");
    }
    let turned = two.turned_towards(&zero, 0.5);
    for message in [zero.normalized(), two.moved(&zero, 1.0), turned].map(sentence) {
        assert!(message.contains("no direction"), "{message}");
    }
    assert!(sentence(two.cosine(&zero)).contains("no direction"));
    assert!(sentence(two.difference(&two)).contains("the same embedding"));
    assert!(sentence(Embedding::new(vec![])).contains("has none"));
    assert!(sentence(Embedding::new(vec![1.0, f32::NAN])).contains("value 1 of an embedding is NaN"));
    assert!(sentence(two.lerp(&two, f32::INFINITY)).contains("no number"));
    assert!(sentence(Embedding::stack(&[])).contains("one or more"));
    assert!(sentence(Embedding::weighted_sum(&[])).contains("one or more"));
    assert!(sentence(Embedding::weighted_sum(&[(&two, f32::NAN)])).contains("weight is NaN"));
    assert!(sentence(Embedding::rows(ArrayD::zeros(IxDyn(&[1, 2, 3])).view())).contains("[1, 2, 3]"));
}

fn statistics(case: &Value) -> Statistics {
    Statistics::new(floats(&case["mean"]), floats(&case["deviation"])).unwrap()
}

#[test]
fn statistics_scale_as_the_normalizer_of_diffusers() {
    let golden = golden();
    let case = &golden["statistics"];
    let own = statistics(case);
    let rows = |key: &str| {
        let values = floats(&case[key]);
        ArrayD::from_shape_vec(IxDyn(&[values.len() / own.width(), own.width()]), values).unwrap()
    };
    let scaled = own.scale(rows("embeddings")).unwrap();
    agree(scaled.as_slice().unwrap(), &floats(&case["scaled"]), ROUNDED, "scaled");
    assert_eq!(own.unscale(rows("embeddings")).unwrap(), rows("unscaled"));
    agree(own.unscale(scaled).unwrap().as_slice().unwrap(), &floats(&case["embeddings"]), 5e-7, "back");
    assert!(sentence(own.scale(ArrayD::zeros(IxDyn(&[2, 5])))).contains("[2, 5]"));
    assert!(sentence(own.scale(ArrayD::zeros(IxDyn(&[])))).contains("do not fit"));
    assert!(sentence(Statistics::new(vec![0.0], vec![1.0, 1.0])).contains("belong together"));
    assert!(sentence(Statistics::new(vec![], vec![])).contains("belong together"));
    assert!(sentence(Statistics::new(vec![f32::NAN], vec![1.0])).contains("value 0 of the mean"));
    for bad in [0.0, -1.0, f32::INFINITY, f32::NAN] {
        assert!(sentence(Statistics::new(vec![0.0], vec![bad])).contains("above 0"), "{bad}");
    }
}

fn schedule() -> Map<String, Value> {
    json!({"_class_name": "DDPMScheduler", "beta_schedule": "squaredcos_cap_v2"}).as_object().unwrap().clone()
}

#[test]
fn embeddings_are_noised_as_stable_unclip_does_it() {
    let golden = golden();
    let cases = golden["augmented"].as_array().unwrap();
    assert!(cases.len() >= 4);
    for case in cases {
        let (rows, width, level) = (size(case, "rows"), size(case, "width"), size(case, "level"));
        let array = |key: &str| ArrayD::from_shape_vec(IxDyn(&[rows, width]), floats(&case[key])).unwrap();
        let augmentation = NoiseAugmentation::new(statistics(case), schedule()).unwrap();
        let got = augmentation.apply(array("embeddings"), &array("noise"), level).unwrap();
        assert_eq!(got.dim(), (rows, 2 * width));
        let want = floats(&case["result"]);
        for (got, want) in got.rows().into_iter().zip(want.chunks_exact(2 * width)) {
            let got = got.to_vec();
            // diffusers has its alphas in float32, ours are rounded once.
            agree(&got[..width], &want[..width], 2e-6, "noised");
            // The angle is the same float32; torch's own exp may differ by its last bit, which is 6e-5 at 999.
            agree(&got[width..], &want[width..], 1e-6 + level as f32 * 1.2e-7, "level");
        }
    }
    assert_eq!(timestep_sinusoids(0.0, 5), [1.0, 1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn noise_that_does_not_fit_is_refused() {
    let own = || Statistics::new(vec![0.0; 4], vec![1.0; 4]).unwrap();
    let augmentation = NoiseAugmentation::new(own(), schedule()).unwrap();
    let zeros = |shape: &[usize]| ArrayD::zeros(IxDyn(shape));
    assert!(sentence(augmentation.apply(zeros(&[2, 4]), &zeros(&[1, 4]), 0)).contains("[1, 4]"));
    assert!(sentence(augmentation.apply(zeros(&[4]), &zeros(&[4]), 0)).contains("[embeddings, 4]"));
    assert!(sentence(augmentation.apply(zeros(&[2, 3]), &zeros(&[2, 3]), 0)).contains("do not fit"));
    assert!(sentence(augmentation.apply(zeros(&[2, 4]), &zeros(&[2, 4]), 1000)).contains("1000"));
    let unknown = json!({"beta_schedule": "round"}).as_object().unwrap().clone();
    assert!(sentence(NoiseAugmentation::new(own(), unknown)).contains("round"));
}

#[test]
fn latents_are_quantised_as_diffusers_does_it() {
    let golden = golden();
    let cases = golden["quantized"].as_array().unwrap();
    assert!(cases.len() >= 3);
    for case in cases {
        let [codes, channels, height, width] = ["codes", "channels", "height", "width"].map(|key| size(case, key));
        let book = Array2::from_shape_vec((codes, channels), floats(&case["book"])).unwrap();
        let codebook = Codebook::new(book).unwrap();
        assert_eq!((codebook.len(), codebook.channels(), codebook.is_empty()), (codes, channels, false));
        let array = |key: &str| Array3::from_shape_vec((channels, height, width), floats(&case[key])).unwrap();
        let latents = array("latents");
        let numbers = codebook.nearest(latents.view()).unwrap();
        let want: Vec<_> = case["numbers"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect();
        assert_eq!(numbers.as_slice().unwrap(), want);
        let quantized = codebook.quantized(latents.view()).unwrap();
        // diffusers adds the difference to the latents to pass gradients on, which rounds.
        agree(quantized.as_slice().unwrap(), &floats(&case["quantized"]), 1e-6, "quantised");
        assert_eq!(codebook.lookup(&numbers).unwrap(), quantized);
        assert_eq!(codebook.quantized(quantized.view()).unwrap(), quantized, "codes stay codes");
        assert!(sentence(codebook.nearest(Array3::zeros((channels + 1, 2, 2)).view())).contains("cannot be quantised"));
        assert!(sentence(codebook.lookup(&Array2::from_elem((1, 1), codes as u32))).contains("there is no code"));
    }
    let twice = Codebook::new(ndarray::array![[5.0_f32], [1.0], [1.0], [3.0]]).unwrap();
    let numbers = twice.nearest(ndarray::array![[[1.0_f32, 2.0, 4.0]]].view()).unwrap();
    assert_eq!(numbers, ndarray::array![[1, 1, 0]], "of equally near ones the first");
    assert!(sentence(Codebook::new(Array2::zeros((0, 3)))).contains("[0, 3]"));
    assert!(sentence(Codebook::new(ndarray::array![[1.0_f32, f32::INFINITY]])).contains("infinite"));
}

fn constant(name: &str) -> PathBuf {
    repository("tests/golden/constants").join(name)
}

#[test]
fn arrays_are_read_as_numpy_and_torch_wrote_them() {
    let golden = golden();
    let wanted = |name: &str| {
        let entry = &golden["constants"][name];
        let shape: Vec<_> = entry["shape"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect();
        let values = entry["values"].as_array().unwrap().iter();
        let values: Vec<f32> = values.map(|v| v.as_str().unwrap().parse::<f64>().unwrap() as f32).collect();
        ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap()
    };
    for name in ["vector", "row", "matrix", "columns", "half", "double", "scalar", "cube", "empty"] {
        assert_eq!(read_array(&constant(&format!("{name}.npy")), None).unwrap(), wanted(name), "{name}");
    }
    assert_eq!(read_array(&constant("version2.npy"), None).unwrap(), wanted("matrix"));
    for name in ["mean", "std", "codes", "half", "brain"] {
        let got = read_array(&constant("several.safetensors"), Some(name)).unwrap();
        assert_eq!(got, wanted(&format!("several {name}")), "{name}");
    }
    for (name, dtype) in [("long", DType::I64), ("int", DType::I32)] {
        let tensor = read_npy(&constant(&format!("{name}.npy"))).unwrap();
        assert_eq!((tensor.dtype(), tensor.into_f32()), (dtype, wanted(name)));
    }
    let truths = read_npy(&constant("bool.npy")).unwrap();
    assert_eq!((truths.dtype(), truths.into_f32()), (DType::Bool, ndarray::array![1.0, 0.0, 1.0].into_dyn()));
    let vector = wanted("vector").into_raw_vec_and_offset().0;
    for name in ["vector", "row"] {
        assert_eq!(read_vector(&constant(&format!("{name}.npy")), None, Some(5)).unwrap(), vector);
    }
    assert_eq!(read_vector(&constant("several.safetensors"), Some("mean"), None).unwrap(), vector);
    for name in ["matrix.npy", "columns.npy", "one.safetensors"] {
        let matrix = read_matrix(&constant(name), None, Some(4)).unwrap();
        assert!(matrix.is_standard_layout());
        assert_eq!(matrix.into_dyn(), wanted("matrix"), "{name}");
    }
    assert_eq!(read_matrix(&constant("vector.npy"), None, None).unwrap().dim(), (1, 5));
}

#[test]
fn arrays_that_are_not_what_is_needed_are_refused() {
    let array = |name: &str, tensor| sentence(read_array(&constant(name), tensor));
    assert!(array("missing.npy", None).starts_with("cannot open"));
    assert!(array("not_finite.npy", None).contains("NaN or infinite"));
    assert!(array("big_endian.npy", None).contains("'>f4'"));
    assert!(array("long.npy", None).contains("int64"));
    assert!(array("several.safetensors", None).contains("has 6 tensors"));
    assert!(array("several.safetensors", Some("clip_mean")).contains("no tensor \"clip_mean\""));
    assert!(array("several.safetensors", Some("steps")).contains("I64"));
    assert!(sentence(read_array(&repository("tests/golden/constants"), None)).contains("ends with .npy"));
    let vector = |name: &str, width| sentence(read_vector(&constant(name), None, width));
    assert!(vector("vector.npy", Some(6)).contains("of shape [5] where [6] is expected"));
    assert!(vector("matrix.npy", None).contains("of shape [3, 4] where [width] is expected"));
    assert!(vector("scalar.npy", None).contains("of shape []"));
    let matrix = |name: &str, width| sentence(read_matrix(&constant(name), None, width));
    assert!(matrix("matrix.npy", Some(3)).contains("of shape [3, 4] where [rows, 3] is expected"));
    assert!(matrix("cube.npy", None).contains("of shape [2, 3, 4] where [rows, width]"));
    assert!(matrix("empty.npy", None).contains("of shape [0, 4]"));
    let several = read_vector(&constant("several.safetensors"), Some("codes"), None);
    assert!(sentence(several).contains("its \"codes\" is of shape [3, 4]"));
}

#[test]
fn damaged_arrays_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, kind) in [("matrix.npy", "npy"), ("one.safetensors", "safetensors")] {
        let whole = fs::read(constant(name)).unwrap();
        let path = folder.path().join(format!("damaged.{kind}"));
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(sentence(read_array(&path, None)).contains("damaged"), "{name} of {length} bytes");
        }
        fs::write(&path, [whole.as_slice(), &[0]].concat()).unwrap();
        assert!(read_array(&path, None).is_err(), "{name} with a byte too many");
        // Any byte may be wrong: it is refused, or another array.
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x15;
            fs::write(&path, &bytes).unwrap();
            if let Ok(array) = read_array(&path, None) {
                assert!(array.len() <= 12, "{name} with another byte {at}: {:?}", array.shape());
            }
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(sentence(read_array(&path, None)).contains("not a file"));
    }
    let path = folder.path().join("large.npy");
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }\n";
    let bytes = [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat();
    fs::write(&path, bytes).unwrap();
    assert!(sentence(read_array(&path, None)).contains("0 bytes follow"));
}
