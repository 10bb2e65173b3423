//! What a folder and its graphs say about a model of the Stable Diffusion family, once it is seen to fit together.

use crate::autoencoder::Decoder;
use crate::error::{Error, Result};
use crate::model::{GraphRole, ModelFolder};
use crate::pipeline::MAX_SIDE;
use crate::pipeline::families::Family;
use crate::pipeline::info::{GraphInfo, PipelineInfo};
use crate::pipeline::opened::{Opened, Report};
use crate::pipeline::plan::Job;
use crate::runtime::{Graph, IoSpec, RuntimeInfo};
use crate::scheduler::{self, SchedulerKind, SchedulerOptions};
use crate::text::AnyTokenizer;
use crate::text::encoder::TextEncoder;

/// The scheduler that the folder asks for, once its config has been seen to make one; or a sentence why not.
pub(super) fn own_scheduler(folder: &ModelFolder) -> Result<SchedulerKind, String> {
    let file = folder.scheduler();
    let kind = match &file.class_name {
        Some(class) => SchedulerKind::from_config(class, &file.config),
        None => Ok(SchedulerKind::Pndm),
    };
    let steps = folder.defaults().steps.unwrap_or(folder.usual().steps);
    // Any shift will do: this only finds out whether the configuration can be read.
    let options = SchedulerOptions { mu: Some(1.0), ..SchedulerOptions::new(steps) };
    kind.and_then(|kind| scheduler::create(kind, &file.config, &options).map(|_| kind)).map_err(|e| {
        format!("its scheduler/scheduler_config.json does not do: {e}; or name a scheduler in the request")
    })
}

/// Checks that the text encoder has an embedding for everything that the tokenizer makes.
pub(super) fn check_vocabulary(folder: &ModelFolder, role: GraphRole, tokenizer: &AnyTokenizer) -> Result<()> {
    let largest = tokenizer.largest_id() as usize;
    match folder.text_encoder(role).vocab_size {
        Some(size) if largest >= size => Err(Error::bad_model(
            folder.root(),
            format!(
                "its tokenizer makes numbers up to {largest}, but its text encoder knows {size}; the two are from different \
                 models"
            ),
        )),
        _ => Ok(()),
    }
}

/// Checks that the UNet reads what the text encoder gives.
pub(super) fn check_context_width(folder: &ModelFolder, text: &TextEncoder, unet: &Graph) -> Result<()> {
    let fixed = |spec: &IoSpec, axis: usize| spec.shape.get(axis).copied().flatten();
    let wanted =
        unet.input("encoder_hidden_states").and_then(|i| fixed(i, 2)).or(folder.denoiser().cross_attention_dim);
    let given = text.width().or(folder.text_encoder(GraphRole::TextEncoder).hidden_size);
    match (wanted, given) {
        (Some(wanted), Some(given)) if wanted != given => Err(Error::bad_model(
            folder.root(),
            format!(
                "its text encoder gives embeddings of width {given}, but its UNet reads width {wanted}; the two are \
                 from different models"
            ),
        )),
        _ => Ok(()),
    }
}

/// What the folder and the graphs say about sizes and defaults.
pub(super) fn describe(
    model: &Opened,
    family: &dyn Family,
    own_scheduler: &Result<SchedulerKind, String>,
    runtime: &RuntimeInfo,
    report: Report,
) -> Result<PipelineInfo> {
    let (folder, unet, decoder) = (&model.folder, &*model.denoiser, &model.decoder);
    let graphs = report.graphs;
    let latent_channels = folder.vae().latent_channels_or_default();
    let extra_channels = Job::of(folder).extra_channels(latent_channels);
    let [width, height] = fixed_latent_size(folder, unet, decoder, latent_channels, extra_channels)?;
    let factor = folder.vae().spatial_factor;
    let pixels = |latent: usize| u32::try_from(latent.saturating_mul(factor)).unwrap_or(u32::MAX);
    let fixed_size = width.zip(height).map(|(width, height)| (pixels(width), pixels(height)));
    if let Some((width, height)) = fixed_size.filter(|(width, height)| *width.max(height) > MAX_SIDE) {
        return Err(Error::bad_model(
            folder.root(),
            format!("its graphs draw {width}x{height} pixels only; this library draws up to {MAX_SIDE} on a side"),
        ));
    }
    let size_multiple = u32::try_from(factor * family.latent_multiple(model)).unwrap_or(u32::MAX).min(MAX_SIDE);
    let defaults = folder.defaults();
    let stated = |side: Option<usize>| side.and_then(|s| u32::try_from(s).ok());
    let usual = folder.usual();
    let side = |stated: Option<u32>, usual: usize| {
        let side = stated.unwrap_or(u32::try_from(usual).unwrap_or(MAX_SIDE)).min(MAX_SIDE);
        (side / size_multiple).max(1) * size_multiple
    };
    let (default_width, default_height) =
        fixed_size.unwrap_or((side(stated(defaults.width), usual.width), side(stated(defaults.height), usual.height)));
    let mut notes = folder.notes().to_vec();
    notes.extend(own_scheduler.as_ref().err().cloned());
    notes.extend(graphs.iter().filter_map(GraphInfo::note));
    notes.extend(report.notes);
    let info = PipelineInfo {
        folder: folder.root().to_path_buf(),
        family: folder.family().name().into(),
        layout: folder.layout().name().into(),
        class_name: folder.class_name().map(str::to_owned),
        default_width,
        default_height,
        default_steps: stated(Some(defaults.steps.unwrap_or(usual.steps))).unwrap_or(u32::MAX),
        default_guidance: defaults.guidance.unwrap_or(usual.guidance) as f32,
        default_scheduler: match own_scheduler {
            Ok(kind) => kind.name().into(),
            Err(_) => folder.scheduler().class_name.clone().unwrap_or_default(),
        },
        size_multiple,
        fixed_size,
        latent_channels,
        spatial_factor: factor,
        scaling_factor: folder.vae().scaling_factor,
        conditions: model.conditions.info(),
        max_boxes: model.conditions.most_boxes(),
        schedulers: SchedulerKind::ALL.iter().map(|k| k.name().to_owned()).collect(),
        graphs,
        auto: None,
        notes,
        runtime_version: runtime.version.clone(),
        runtime_library: runtime.path.clone(),
        cascade: None,
    };
    Ok(info.with_auto(report.auto))
}

/// Width and height of the latents where the UNet or the decoder was exported for one size, once the channels are
/// seen to fit.
fn fixed_latent_size(
    folder: &ModelFolder,
    unet: &Graph,
    decoder: &Decoder,
    latent_channels: usize,
    extra_channels: usize,
) -> Result<[Option<usize>; 2]> {
    // Packed latents have no height and width of their own.
    let sample = ["sample", "hidden_states"].iter().find_map(|name| unet.input(name)).filter(|s| s.shape.len() == 4);
    let of_unet = [1, 2, 3].map(|axis| sample.and_then(|s| s.shape.get(axis).copied().flatten()));
    let of_decoder = decoder.fixed_latent();
    if let Some(channels) = of_unet[0].filter(|channels| *channels != latent_channels + extra_channels) {
        return Err(Error::bad_model(
            folder.root(),
            format!(
                "its denoiser reads {channels} channels, but its latents have {latent_channels} and what it is told \
                 beside them {extra_channels}"
            ),
        ));
    }
    if let Some(channels) = of_decoder[0].filter(|channels| *channels != latent_channels) {
        return Err(Error::bad_model(
            folder.root(),
            format!("its VAE decoder reads {channels} channels, its latents have {latent_channels}"),
        ));
    }
    for (what, axis) in [("height", 1), ("width", 2)] {
        if let (Some(a), Some(b)) = (of_unet[axis], of_decoder[axis])
            && a != b
        {
            return Err(Error::bad_model(
                folder.root(),
                format!(
                    "its UNet was exported for latents of {what} {a}, its VAE decoder for {b}; export both for one size"
                ),
            ));
        }
    }
    Ok([of_unet[2].or(of_decoder[2]), of_unet[1].or(of_decoder[1])])
}
