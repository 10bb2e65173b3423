//! Families told by their denoisers' graphs, where no JSON names them.

use diffusion::Error;
use diffusion::model::{Family, ModelFolder, Task};
use diffusion::onnx::proto::{
    DataType, Dimension, GraphProto, ModelProto, NodeProto, TensorProto, TensorShapeProto, TensorType, TypeProto,
    ValueInfoProto, dimension, type_proto,
};
use prost::Message;

use crate::build::Folder;

/// Any size; a symbol in the graph.
pub const ANY: i64 = -1;

fn value(name: &str, shape: &[i64]) -> ValueInfoProto {
    let dim = |size: &i64| Dimension {
        value: Some(match *size {
            ANY => dimension::Value::DimParam("any".to_owned()),
            size => dimension::Value::DimValue(size),
        }),
        ..Dimension::default()
    };
    let shape = TensorShapeProto { dim: shape.iter().map(dim).collect() };
    let tensor = TensorType { elem_type: Some(DataType::Float as i32), shape: Some(shape) };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(r#type), ..ValueInfoProto::default() }
}

fn node(kind: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: Some(kind.to_owned()),
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

/// A graph of `nodes` with these inputs, and weights of which only the shapes matter.
pub fn graph(inputs: &[(&str, &[i64])], weights: &[(&str, &[i64])], nodes: Vec<NodeProto>) -> Vec<u8> {
    let weight = |(name, dims): &(&str, &[i64])| TensorProto {
        name: Some((*name).to_owned()),
        dims: dims.to_vec(),
        data_type: Some(DataType::Float as i32),
        ..TensorProto::default()
    };
    let graph = GraphProto {
        input: inputs.iter().map(|(name, shape)| value(name, shape)).collect(),
        output: vec![value("out_sample", &[ANY; 4])],
        initializer: weights.iter().map(weight).collect(),
        node: nodes,
        ..GraphProto::default()
    };
    ModelProto { ir_version: Some(8), graph: Some(graph), ..ModelProto::default() }.encode_to_vec()
}

/// A UNet that states its sizes, with `more` inputs.
pub fn unet(channels: i64, context: i64, more: &[&str]) -> Vec<u8> {
    let latents = [ANY, channels, ANY, ANY];
    let context = [ANY, ANY, context];
    let mut inputs: Vec<(&str, &[i64])> =
        vec![("sample", &latents), ("timestep", &[]), ("encoder_hidden_states", &context)];
    inputs.extend(more.iter().map(|name| (*name, &[ANY, ANY][..])));
    graph(&inputs, &[], Vec::new())
}

/// A transformer that states its sizes, with `more` inputs.
pub fn transformer(latents: &[i64], more: &[&str]) -> Vec<u8> {
    let mut inputs: Vec<(&str, &[i64])> = vec![
        ("hidden_states", latents),
        ("encoder_hidden_states", &[ANY, ANY, 4096]),
        ("pooled_projections", &[ANY, 2048]),
        ("timestep", &[ANY]),
    ];
    inputs.extend(more.iter().map(|name| (*name, &[ANY, 3][..])));
    graph(&inputs, &[], Vec::new())
}

/// A folder without any JSON: these graphs, a tokenizer for each text encoder, and the denoiser.
pub fn folder(text_encoders: usize, denoiser: (&str, Vec<u8>)) -> Folder {
    let suffixes = ["", "_2", "_3"];
    let start = Folder::new().with("vae_decoder/model.onnx", "graph").with(denoiser.0, denoiser.1);
    suffixes.iter().take(text_encoders).fold(start, |folder, suffix| {
        folder
            .with(&format!("text_encoder{suffix}/model.onnx"), "graph")
            .with(&format!("tokenizer{suffix}/vocab.json"), "{}")
            .with(&format!("tokenizer{suffix}/merges.txt"), "")
    })
}

#[test]
fn every_family_without_any_json() {
    const UNET: &str = "unet/model.onnx";
    const TRANSFORMER: &str = "transformer/model.onnx";
    let xl = ["text_embeds", "time_ids"];
    let flux = ["txt_ids", "img_ids"];
    for (folder, family, task, why) in [
        (folder(1, (UNET, unet(4, 768, &[]))), Family::StableDiffusion1, Task::TextToImage, "its sub-folders"),
        (folder(1, (UNET, unet(9, 768, &[]))), Family::StableDiffusion1, Task::Inpaint, "inpainting"),
        (folder(1, (UNET, unet(8, 768, &[]))), Family::StableDiffusion1, Task::Edit, "editing"),
        (folder(1, (UNET, unet(5, 768, &[]))), Family::StableDiffusion1, Task::Depth, "keeps to a depth map"),
        (
            folder(0, (UNET, unet(4, 768, &[]))).with("image_encoder/model.onnx", "graph"),
            Family::ImageVariation,
            Task::TextToImage,
            "its sub-folders",
        ),
        (folder(1, (UNET, unet(4, 1024, &[]))), Family::StableDiffusion2, Task::TextToImage, "context is 1024 wide"),
        (folder(1, (UNET, unet(7, 1024, &["class_labels"]))), Family::Upscaler, Task::TextToImage, "class_labels"),
        (folder(2, (UNET, unet(4, 2048, &xl))), Family::StableDiffusionXl, Task::TextToImage, "its sub-folders"),
        (folder(2, (UNET, unet(9, 2048, &xl))), Family::StableDiffusionXl, Task::Inpaint, "inpainting"),
        (
            folder(2, (UNET, unet(4, 1280, &xl))).without("text_encoder"),
            Family::StableDiffusionXlRefiner,
            Task::TextToImage,
            "context is 1280 wide",
        ),
        (
            folder(2, (TRANSFORMER, transformer(&[ANY, 16, ANY, ANY], &[]))),
            Family::StableDiffusion3,
            Task::TextToImage,
            "its sub-folders",
        ),
        (
            folder(2, (TRANSFORMER, transformer(&[ANY, ANY, 64], &flux))),
            Family::Flux,
            Task::TextToImage,
            "its graph has the input \"img_ids\"",
        ),
    ] {
        let model = ModelFolder::open(folder.path()).unwrap();
        assert_eq!((model.family(), model.task()), (family, task), "{family:?} {task:?}");
        assert!(model.notes().iter().any(|note| note.contains(why)), "{family:?}: {:?}", model.notes());
    }
}

#[test]
fn what_the_graph_says_of_the_denoiser() {
    let dev = folder(2, ("transformer/model.onnx", transformer(&[ANY, ANY, 64], &["img_ids", "guidance"])));
    let model = ModelFolder::open(dev.path()).unwrap();
    let denoiser = model.denoiser();
    assert_eq!((denoiser.guidance_embeds, denoiser.in_channels), (Some(true), Some(64)));
    assert_eq!((denoiser.joint_attention_dim, denoiser.pooled_projection_dim), (Some(4096), Some(2048)));
    let schnell = folder(2, ("transformer/model.onnx", transformer(&[ANY, ANY, 64], &["img_ids"])));
    assert_eq!(ModelFolder::open(schnell.path()).unwrap().denoiser().guidance_embeds, Some(false));

    let inputs: [(&str, &[i64]); 4] = [
        ("sample", &[ANY, 4, ANY, ANY]),
        ("timestep", &[]),
        ("encoder_hidden_states", &[ANY, ANY, 768]),
        ("timestep_cond", &[ANY, 256]),
    ];
    let resizes = vec![node("Resize", &["a"], "b"), node("Resize", &["b"], "c"), node("Resize", &["c"], "d")];
    let consistency = folder(1, ("unet/model.onnx", graph(&inputs, &[], resizes)));
    let model = ModelFolder::open(consistency.path()).unwrap();
    assert_eq!((model.denoiser().time_cond_proj_dim, model.denoiser().levels), (Some(256), Some(4)));
}

#[test]
fn sizes_that_the_inputs_leave_open_come_from_the_weights() {
    let inputs: [(&str, &[i64]); 3] =
        [("sample", &[ANY; 4]), ("timestep", &[ANY]), ("encoder_hidden_states", &[ANY; 3])];
    let weights: [(&str, &[i64]); 2] = [("conv_in.weight", &[320, 9, 3, 3]), ("onnx::MatMul_7", &[1024, 320])];
    // float16 graphs cast on the way in.
    let nodes = vec![
        node("Cast", &["sample"], "sample_half"),
        node("Conv", &["sample_half", "conv_in.weight"], "x"),
        node("Cast", &["encoder_hidden_states"], "context_half"),
        node("MatMul", &["context_half", "onnx::MatMul_7"], "k"),
    ];
    let folder = folder(1, ("unet/model.onnx", graph(&inputs, &weights, nodes)));
    let model = ModelFolder::open(folder.path()).unwrap();
    assert_eq!((model.family(), model.task()), (Family::StableDiffusion2, Task::Inpaint));
}

#[test]
fn the_graph_has_the_last_word() {
    // An SDXL UNet under a class of 1.x, and the other way round.
    let index = |class: &str| format!("{{\"_class_name\": \"{class}\"}}");
    let xl = folder(2, ("unet/model.onnx", unet(4, 2048, &["text_embeds", "time_ids"])))
        .with("model_index.json", index("StableDiffusionPipeline"));
    let model = ModelFolder::open(xl.path()).unwrap();
    assert_eq!(model.family(), Family::StableDiffusionXl);
    let said = "by the class StableDiffusionPipeline in model_index.json, and its graph has the input \"time_ids\"";
    assert!(model.notes().iter().any(|note| note.contains(said)), "{:?}", model.notes());
    let plain = folder(2, ("unet/model.onnx", unet(4, 768, &[])))
        .with("model_index.json", index("ORTStableDiffusionXLPipeline"));
    assert_eq!(ModelFolder::open(plain.path()).unwrap().family(), Family::StableDiffusion1);
    // Channels too.
    let inpaint = folder(1, ("unet/model.onnx", unet(9, 768, &[]))).with("unet/config.json", r#"{"in_channels": 4}"#);
    assert_eq!(ModelFolder::open(inpaint.path()).unwrap().task(), Task::Inpaint);
}

#[test]
fn graphs_that_nothing_here_can_feed_are_named() {
    for (input, what) in [
        ("controlnet_conds", "ControlNet built in"),
        ("block_controlnet_hidden_states", "ControlNet's residuals"),
        ("image_embeds", "Kandinsky"),
    ] {
        let folder = folder(1, ("unet/model.onnx", unet(4, 768, &[input])));
        match ModelFolder::open(folder.path()).unwrap_err() {
            Error::Unsupported(said) => {
                assert!(said.contains(what) && said.contains(&format!("the input \"{input}\"")), "{said}");
            }
            other => panic!("not Unsupported: {other:?}"),
        }
    }
}

#[test]
fn a_real_sdxl_unet_is_recognised() {
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/attention/sdxl_unet/model.onnx"));
    let model = folder(2, ("unet/model.onnx", bytes.unwrap()));
    assert_eq!(ModelFolder::open(model.path()).unwrap().family(), Family::StableDiffusionXl);
}
