//! Guidance rules and reuse as a caller has them: through a request, on a tiny model.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test states what it expects by panicking"
)]

mod common;

use common::{generate, open, sentence, tiny};
use diffusion::pipeline::{GuidanceRules, Projection, Reuse, Scales, Thresholding, ZeroStar};
use diffusion::{Generated, Pipeline, Request, SchedulerKind};

fn request() -> Request {
    Request {
        steps: Some(12),
        guidance: Some(7.5),
        seed: Some(3),
        width: Some(64),
        height: Some(64),
        scheduler: Some(SchedulerKind::Euler),
        ..Request::new("a red house in the snow at night")
    }
}

fn with(rules: GuidanceRules) -> Request {
    Request { guidance_rules: rules, ..request() }
}

fn draw(pipeline: &Pipeline, request: &Request) -> Generated {
    generate(pipeline, request).unwrap()
}

/// The root mean square of the latents' differences, relative to the second's own.
fn distance(one: &Generated, other: &Generated) -> f32 {
    let square = |values: Vec<f32>| values.iter().map(|v| v * v).sum::<f32>();
    let difference = square((&one.latents - &other.latents).into_iter().collect());
    (difference / square(other.latents.iter().copied().collect())).sqrt()
}

#[test]
fn rules_change_the_picture_and_their_neutral_settings_do_not() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let plain = draw(&pipeline, &request());
    let neutral = [
        GuidanceRules { interval: Some((0.0, 1.0)), ..GuidanceRules::default() },
        GuidanceRules { scales: Scales::PerStep(vec![7.5; 12]), ..GuidanceRules::default() },
        GuidanceRules { scales: Scales::Points(vec![(0.3, 7.5)]), ..GuidanceRules::default() },
    ];
    for rules in neutral {
        assert_eq!(draw(&pipeline, &with(rules.clone())).latents, plain.latents, "{rules:?}");
    }
    let projection = Projection { eta: 1.0, threshold: 0.0, momentum: 0.0 };
    let same = draw(&pipeline, &with(GuidanceRules { projection: Some(projection), ..GuidanceRules::default() }));
    assert!(distance(&same, &plain) < 1e-4, "{}", distance(&same, &plain));
    let changing = [
        GuidanceRules { rescale: 0.7, ..GuidanceRules::default() },
        GuidanceRules { interval: Some((0.25, 0.75)), ..GuidanceRules::default() },
        GuidanceRules { scales: Scales::Points(vec![(0.0, 9.0), (1.0, 1.0)]), ..GuidanceRules::default() },
        GuidanceRules { plus_plus: Some(0.6), ..GuidanceRules::default() },
        GuidanceRules { projection: Some(Projection::default()), ..GuidanceRules::default() },
        GuidanceRules { thresholding: Some(Thresholding::default()), ..GuidanceRules::default() },
        GuidanceRules { zero_star: Some(ZeroStar { zero_steps: 0 }), ..GuidanceRules::default() },
    ];
    let mut drawn: Vec<Generated> = Vec::new();
    for rules in changing {
        let now = draw(&pipeline, &with(rules.clone()));
        assert!(now.warnings.is_empty() && now.latents != plain.latents, "{rules:?}");
        assert!(drawn.iter().all(|other| other.latents != now.latents), "{rules:?}");
        drawn.push(now);
    }
    // At λ = 0 nothing is left of the prompt, but the noise that comes back is the negative one's.
    let unconditional = draw(&pipeline, &Request { guidance: Some(0.0), prompt: String::new(), ..request() });
    let nothing = draw(&pipeline, &with(GuidanceRules { plus_plus: Some(0.0), ..GuidanceRules::default() }));
    assert!(distance(&nothing, &unconditional) < 1e-4);
}

#[test]
fn what_has_no_meaning_is_refused_or_said() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let plus_plus = GuidanceRules { plus_plus: Some(0.6), ..GuidanceRules::default() };
    for (request, words) in [
        (Request { scheduler: Some(SchedulerKind::UniPc), ..with(plus_plus) }, "CFG++ has no meaning"),
        (with(GuidanceRules { zero_star: Some(ZeroStar::default()), ..GuidanceRules::default() }), "flow-matching"),
        (
            with(GuidanceRules { scales: Scales::PerStep(vec![7.5; 3]), ..GuidanceRules::default() }),
            "3 guidance scales",
        ),
        (with(GuidanceRules { rescale: 2.0, ..GuidanceRules::default() }), "guidance rescale is 2"),
        (Request { reuse: Reuse { negative_every: 0, ..Reuse::default() }, ..request() }, "every 0 steps"),
    ] {
        let message = sentence(generate(&pipeline, &request));
        assert!(message.contains(words), "{message}");
    }
    let off = Request { guidance: Some(1.0), ..with(GuidanceRules { rescale: 0.5, ..GuidanceRules::default() }) };
    let drawn = draw(&pipeline, &off);
    assert!(drawn.warnings.iter().any(|w| w.contains("guidance is off")), "{:?}", drawn.warnings);
}

#[test]
fn calls_are_left_out_and_the_picture_stays_near() {
    let pipeline = open(&tiny("tiny-optimum")).unwrap();
    let drawn = |reuse: Reuse| draw(&pipeline, &Request { reuse, ..request() });
    let full = draw(&pipeline, &request());
    assert_eq!((full.timings.skipped_calls, full.timings.skipped_negatives), (0, 0));
    // So small a threshold leaves nothing out, though everything is watched.
    let watched = drawn(Reuse { threshold: 1e-9, ..Reuse::default() });
    assert_eq!((watched.timings.skipped_calls, &watched.latents), (0, &full.latents));

    let near = drawn(Reuse { threshold: 0.3, ..Reuse::default() });
    let skipped = near.timings.skipped_calls;
    assert!((1..=8).contains(&skipped), "{skipped}");
    assert_eq!(near.timings.denoise.len(), 12, "progress counts calls that were left out too");
    let far = drawn(Reuse { threshold: 10.0, first_steps: 2, ..Reuse::default() });
    assert_eq!(far.timings.skipped_calls, 9, "all but the first two and the last");
    let (near, far) = (distance(&near, &full), distance(&far, &full));
    assert!(near > 0.0 && near < far && near < 0.3, "{near} {far}");

    let negatives = drawn(Reuse { negative_every: 3, ..Reuse::default() });
    assert_eq!((negatives.timings.skipped_calls, negatives.timings.skipped_negatives), (0, 8));
    let ended = drawn(Reuse { negative_until: 0.5, ..Reuse::default() });
    assert_eq!(ended.timings.skipped_negatives, 6);
    let other = draw(&pipeline, &Request { guidance: Some(1.0), ..request() });
    let unguided = distance(&other, &full);
    for kept in [negatives, ended] {
        let kept = distance(&kept, &full);
        assert!(kept > 0.0 && kept < unguided, "{kept} {unguided}");
    }
}
