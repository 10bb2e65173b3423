//! What a request sets beside the usual, for the metadata of its pictures.

use serde_json::{Map, Value, json};

use super::{
    CascadeRequest, ClassLabel, ConditionPicture, GuidanceRules, PromptSyntax, Request, Reuse, Scales, Seamless, Seeds,
    SizeConditioning, Start, Tiling,
};
use crate::pipeline::request::guidance::ThresholdLimit;
use crate::scheduler::CustomSchedule;

/// A number as people wrote it: 0.3, and not 0.30000001192092896.
fn number(value: f32) -> Value {
    json!(value.to_string().parse::<f64>().unwrap_or(f64::from(value)))
}

fn numbers(values: &[f32]) -> Value {
    values.iter().copied().map(number).collect()
}

/// A growing object that leaves out what was not set.
#[derive(Default)]
struct Told(Map<String, Value>);

impl Told {
    fn put(&mut self, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn put_if(&mut self, name: &str, differs: bool, value: Value) {
        self.put(name, differs.then_some(value));
    }
}

impl Request {
    /// Every field that differs from its default, by its name, but for those that [`crate::Settings`] has of its own.
    /// Pictures, masks, latents and embeddings are named and not held.
    pub(in crate::pipeline) fn described(&self) -> Map<String, Value> {
        let mut told = Told::default();
        for (name, text) in [
            ("prompt_2", &self.prompt_2),
            ("prompt_3", &self.prompt_3),
            ("negative_prompt_2", &self.negative_prompt_2),
            ("negative_prompt_3", &self.negative_prompt_3),
        ] {
            told.put(name, text.as_ref().map(|text| json!(text)));
        }
        told.put_if("syntax", self.syntax != PromptSyntax::default(), json!(self.syntax.name()));
        told.put("max_tokens", self.max_tokens.map(|tokens| json!(tokens)));
        told.put("noise_level", self.noise_level.map(|level| json!(level)));
        for (name, value) in [
            ("image_guidance", self.image_guidance),
            ("true_guidance", self.true_guidance),
            ("denoising_start", self.denoising_start),
            ("denoising_end", self.denoising_end),
        ] {
            told.put(name, value.map(number));
        }
        told.put_if("seamless", self.seamless != Seamless::Off, json!(self.seamless.name()));
        told.put_if("tiling", self.tiling != Tiling::default(), json!(self.tiling.name()));
        told.put_if("seed_mode", self.seeds != Seeds::default(), json!(self.seeds.name()));
        told.put("variation_seed", self.variation.map(|variation| json!(variation.seed)));
        told.put("variation_strength", self.variation.map(|variation| number(variation.strength)));
        match &self.custom_schedule {
            Some(CustomSchedule::Sigmas(listed)) => told.put("custom_sigmas", Some(json!(listed))),
            Some(CustomSchedule::Timesteps(listed)) => told.put("custom_timesteps", Some(json!(listed))),
            None => {}
        }
        start(&self.start, &mut told);
        conditions(self, &mut told);
        sizes(&self.size_conditioning, &mut told);
        guidance(&self.guidance_rules, &mut told);
        reuse(&self.reuse, &mut told);
        cascade(&self.cascade, &mut told);
        told.0
    }
}

/// Whole runs and scales of 1 are what goes without saying.
fn conditions(request: &Request, told: &mut Told) {
    let picture = |condition: &ConditionPicture| {
        let mut said = Told::default();
        said.put("role", Some(json!(condition.role)));
        said.put_if("scale", condition.scale != 1.0, number(condition.scale));
        said.put_if("start", condition.start != 0.0, number(condition.start));
        said.put_if("end", condition.end != 1.0, number(condition.end));
        Value::Object(said.0)
    };
    let pictures: Vec<Value> = request.conditions.iter().map(picture).collect();
    told.put_if("conditions", !pictures.is_empty(), Value::Array(pictures));
    told.put_if("guess_mode", request.guess_mode, json!(true));
    let boxes = request.boxes.iter().map(|each| json!({"phrase": each.phrase, "box": numbers(&each.corners)}));
    let boxes: Vec<Value> = boxes.collect();
    told.put_if("boxes", !boxes.is_empty(), Value::Array(boxes));
    told.put("boxes_until", request.boxes_until.map(number));
}

fn start(start: &Start, told: &mut Told) {
    told.put_if("mask", start.mask.is_some(), json!(true));
    told.put_if("mask_blur", start.mask_blur != 0.0, number(start.mask_blur));
    told.put("mask_padding", start.mask_padding.map(|pixels| json!(pixels)));
    told.put_if("paste_back", start.paste_back, json!(true));
    told.put_if("init_latents", start.latents.is_some(), json!(true));
}

fn sizes(sizes: &SizeConditioning, told: &mut Told) {
    for (name, size) in [
        ("original_size", sizes.original),
        ("target_size", sizes.target),
        ("negative_original_size", sizes.negative_original),
        ("negative_target_size", sizes.negative_target),
    ] {
        told.put(name, size.map(|size| json!(size)));
    }
    told.put_if("crop", sizes.crop != (0, 0), json!(sizes.crop));
    told.put_if("negative_crop", sizes.negative_crop != (0, 0), json!(sizes.negative_crop));
    told.put("aesthetic_score", sizes.aesthetic_score.map(number));
    told.put("negative_aesthetic_score", sizes.negative_aesthetic_score.map(number));
}

fn guidance(rules: &GuidanceRules, told: &mut Told) {
    told.put_if("guidance_rescale", rules.rescale != 0.0, number(rules.rescale));
    told.put("guidance_interval", rules.interval.map(|(from, to)| numbers(&[from, to])));
    match &rules.scales {
        Scales::Constant => {}
        Scales::PerStep(scales) => told.put("guidance_scales", Some(numbers(scales))),
        Scales::Points(points) => {
            let points = points.iter().map(|(at, scale)| numbers(&[*at, *scale])).collect();
            told.put("guidance_points", Some(points));
        }
    }
    told.put("guidance_plus_plus", rules.plus_plus.map(number));
    told.put("guidance_projection", rules.projection.map(|p| numbers(&[p.eta, p.threshold, p.momentum])));
    if let Some(rule) = rules.thresholding {
        let (name, value) = match rule.limit {
            ThresholdLimit::Fixed(limit) => ("guidance_threshold", limit),
            ThresholdLimit::MimicScale(scale) => ("guidance_mimic_scale", scale),
        };
        told.put(name, Some(numbers(&[rule.percentile, value])));
    }
    told.put("guidance_zero_star", rules.zero_star.map(|rule| json!(rule.zero_steps)));
}

fn reuse(reuse: &Reuse, told: &mut Told) {
    if reuse.threshold > 0.0 {
        told.put("reuse", Some(json!([number(reuse.threshold), reuse.first_steps, reuse.last_steps])));
    }
    told.put_if("negative_every", reuse.negative_every != 1, json!(reuse.negative_every));
    told.put_if("negative_until", reuse.negative_until != 1.0, number(reuse.negative_until));
}

/// Stages are described with their defaults filled in, by the plan.
fn cascade(cascade: &CascadeRequest, told: &mut Told) {
    let label = |label: &ClassLabel| match label {
        ClassLabel::Number(number) => json!(number),
        ClassLabel::Name(name) => json!(name),
    };
    match &cascade.classes[..] {
        [] => {}
        [one] => told.put("class", Some(label(one))),
        several => told.put("class", Some(several.iter().map(label).collect())),
    }
    told.put_if("embeddings", !cascade.embeddings.is_empty(), cascade.embeddings.keys().cloned().collect());
    let edits: Map<_, _> = cascade.edits.iter().map(|(name, amount)| (name.clone(), number(*amount))).collect();
    told.put_if("edits", !edits.is_empty(), json!(edits));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{Projection, Variation};

    #[test]
    fn what_models_of_several_stages_are_told_is_named() {
        let mut request = Request::new("a house");
        request.cascade.classes = vec![ClassLabel::Number(7)];
        request.cascade.edits.insert("night".to_owned(), 0.3);
        request.cascade.embeddings.insert("z_sem".to_owned(), std::sync::Arc::new(ndarray::ArrayD::zeros(vec![3])));
        let told = json!({"class": 7, "edits": {"night": 0.3}, "embeddings": ["z_sem"]});
        assert_eq!(Value::Object(request.described()), told);
        request.cascade.classes.push(ClassLabel::Name("cat".to_owned()));
        assert_eq!(request.described()["class"], json!([7, "cat"]));
    }

    #[test]
    fn a_plain_request_has_nothing_to_say() {
        let plain = Request { seed: Some(1), width: Some(64), clip_skip: 2, ..Request::new("a house") };
        assert!(plain.described().is_empty(), "{:?}", plain.described());
    }

    #[test]
    fn what_is_set_is_said_as_it_was_written() {
        let mut request = Request::new("a house");
        request.prompt_2 = Some("a castle".into());
        request.syntax = PromptSyntax::Webui;
        request.seeds = Seeds::OnePerPicture;
        request.tiling = Tiling::On;
        request.variation = Some(Variation { seed: u64::MAX, strength: 0.3 });
        request.denoising_end = Some(0.8);
        request.start.mask_blur = 2.5;
        request.size_conditioning.original = Some((512, 256));
        request.guidance_rules.scales = Scales::Points(vec![(0.0, 7.1), (1.0, 3.0)]);
        request.guidance_rules.projection = Some(Projection { eta: 0.1, threshold: 15.0, momentum: -0.5 });
        request.reuse = Reuse { threshold: 0.1, negative_every: 2, ..Reuse::default() };
        request.custom_schedule = Some(CustomSchedule::Sigmas(vec![9.0, 0.0]));
        let expected = json!({
            "prompt_2": "a castle",
            "syntax": "webui",
            "tiling": "on",
            "seed_mode": "one-per-picture",
            "variation_seed": u64::MAX,
            "variation_strength": 0.3,
            "denoising_end": 0.8,
            "mask_blur": 2.5,
            "original_size": [512, 256],
            "guidance_points": [[0.0, 7.1], [1.0, 3.0]],
            "guidance_projection": [0.1, 15.0, -0.5],
            "reuse": [0.1, 3, 1],
            "negative_every": 2,
            "custom_sigmas": [9.0, 0.0],
        });
        assert_eq!(Value::Object(request.described()), expected);
    }
}
