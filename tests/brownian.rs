//! Brownian increments against torchsde's (`golden/brownian.json`, made by `golden/make_brownian.py`).

#![expect(clippy::unwrap_used, reason = "a test says what it expects by panicking")]

use diffusion::rng::BrownianTree;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    seeds: Vec<String>,
    shape: Vec<usize>,
    t0: f64,
    t1: f64,
    queries: Vec<Query>,
}

#[derive(Deserialize)]
struct Query {
    from: f64,
    to: f64,
    bits: String,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/brownian.json")).unwrap()
}

impl Case {
    fn tree(&self) -> BrownianTree {
        let seeds: Vec<u64> = self.seeds.iter().map(|seed| seed.parse().unwrap()).collect();
        BrownianTree::new(self.t0, self.t1, &self.shape, &seeds).unwrap()
    }
}

#[test]
fn every_increment_is_torchsdes() {
    for case in golden().cases {
        let mut tree = case.tree();
        for Query { from, to, bits } in &case.queries {
            let got = tree.increment(*from, *to).unwrap();
            assert_eq!(got.shape(), case.shape);

            let hex: String = got.iter().map(|value| format!("{:08x}", value.to_bits())).collect();
            assert_eq!(&hex, bits, "seeds {:?} from {from} to {to}", case.seeds);
        }
    }
}

#[test]
fn increments_add_up_in_any_order() {
    for case in golden().cases {
        let middle = 0.5 * (case.t0 + case.t1);
        let whole = case.tree().increment(case.t0, case.t1).unwrap();
        let mut tree = case.tree();
        let second = tree.increment(middle, case.t1).unwrap();
        let first = tree.increment(case.t0, middle).unwrap();
        let scale = ((case.t1 - case.t0) as f32).sqrt();
        let sum = first + second;
        assert!(sum.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-6 * scale), "{sum} {whole}");
    }
}

/// Variances of many increments over a third of the way, and the independence of two neighbours.
#[test]
fn increments_are_normal() {
    let shape = [64, 64];
    let mut tree = BrownianTree::new(0.0, 3.0, &shape, &[5]).unwrap();
    let (a, b) = (tree.increment(0.0, 1.0).unwrap(), tree.increment(1.0, 3.0).unwrap());
    let mean_of = |values: ndarray::ArrayD<f32>| values.mean().unwrap();
    assert!((mean_of(&a * &a) - 1.0).abs() < 0.1);
    assert!((mean_of(&b * &b) - 2.0).abs() < 0.2);
    assert!(mean_of(&a * &b).abs() < 0.1);
}

#[test]
fn bad_intervals_get_a_sentence() {
    let refused = |start, end, seeds: &[u64]| BrownianTree::new(start, end, &[2, 4], seeds).unwrap_err().to_string();
    assert!(refused(2.0, 1.0, &[1]).contains("from 2 to 1"));
    assert!(refused(0.0, f64::INFINITY, &[1]).contains("1e9"));
    assert!(refused(f64::NAN, 1.0, &[1]).contains("1e9"));
    assert!(refused(0.0, 1.0, &[1, 2, 3]).contains("3 seeds for 2 pictures"));
    assert!(refused(0.0, 1.0, &[]).contains("0 seeds"));
    let mut tree = BrownianTree::new(-1e9, 1e9, &[2, 4], &[1]).unwrap();
    assert!(tree.increment(f64::NAN, 0.0).is_err());
    assert!(tree.increment(1e-6, 2e-6).unwrap().iter().all(|value| value.is_finite()));
    assert!(tree.increment(0.5, 0.5).unwrap().iter().all(|&value| value == 0.0));
}
