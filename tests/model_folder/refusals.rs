//! Every bad folder: the kind of error, and that its sentence names the file and what is allowed.

use std::fs;
use std::path::Path;

use diffusion::Error;
use diffusion::model::ModelFolder;

use crate::build::Folder;

/// The message of a [`Error::BadModel`] whose path is `file` in the folder.
#[track_caller]
fn bad_model(folder: &Folder, file: &str) -> String {
    let error = ModelFolder::open(folder.path()).unwrap_err();
    let text = error.to_string();
    let expected = if file.is_empty() { folder.path().to_path_buf() } else { folder.path().join(file) };
    match error {
        Error::BadModel { path, message } => {
            assert_eq!(path, expected, "{text}");
            message
        }
        other => panic!("not BadModel: {other:?}"),
    }
}

/// The message of an [`Error::Unsupported`], which always says what this version reads.
#[track_caller]
fn unsupported(folder: &Folder) -> String {
    match ModelFolder::open(folder.path()).unwrap_err() {
        Error::Unsupported(message) => {
            assert!(message.contains("this version reads Stable Diffusion 1.x, 2.x, XL"), "{message}");
            assert!(message.contains(&folder.path().display().to_string()), "{message}");
            message
        }
        other => panic!("not Unsupported: {other:?}"),
    }
}

#[track_caller]
fn assert_parts(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

#[test]
fn no_such_path() {
    let folder = Folder::new();
    for path in [folder.path().join("nowhere"), "".into()] {
        match ModelFolder::open(&path).unwrap_err() {
            Error::Io { what, path: at, .. } => assert_eq!((what.as_str(), at), ("cannot open the model folder", path)),
            other => panic!("not Io: {other:?}"),
        }
    }
}

#[test]
fn a_file_instead_of_a_folder() {
    let folder = Folder::bare().with("model.safetensors", "weights");
    for (file, parts) in [
        ("unet/model.onnx", &["it is a file", "a model is a folder"][..]),
        ("model.safetensors", &["PyTorch weights", "optimum-cli export onnx"][..]),
    ] {
        let error = ModelFolder::open(&folder.path().join(file)).unwrap_err();
        assert!(matches!(&error, Error::BadModel { path, .. } if path.ends_with(file)), "{error:?}");
        assert_parts(&error.to_string(), parts);
    }
}

#[test]
fn an_empty_folder() {
    assert_parts(&bad_model(&Folder::new(), ""), &["the folder is empty", "unet/model.onnx", "tokenizer/"]);
}

#[test]
fn pytorch_weights_only() {
    let folder = Folder::new()
        .with("model_index.json", r#"{"_class_name": "StableDiffusionPipeline"}"#)
        .with("unet/diffusion_pytorch_model.safetensors", "weights")
        .with("text_encoder/pytorch_model.bin", "weights")
        .with("vae/config.json", "{}");
    assert_parts(
        &bad_model(&folder, ""),
        &["unet/diffusion_pytorch_model.safetensors", "no ONNX graphs", "optimum-cli export onnx --model"],
    );
}

#[test]
fn missing_pieces_are_listed_with_what_was_found() {
    let folder = Folder::optimum().without("unet/model.onnx").without("tokenizer/merges.txt");
    let message = bad_model(&folder, "");
    assert_parts(
        &message,
        &["unet/model.onnx and tokenizer/vocab.json with merges.txt (or tokenizer.json) are missing"],
    );
    assert_parts(&message, &["found: ", "text_encoder/model.onnx", "vae_decoder/model.onnx", "vae_encoder/model.onnx"]);

    let folder = Folder::new().with("notes.txt", "hello");
    assert_parts(&bad_model(&folder, ""), &["unet/model.onnx", "found: no graph at all"]);
}

#[test]
fn one_folder_too_high_or_too_low() {
    let folder = Folder::new().with("sd15/model_index.json", "{}").with("README.md", "hello");
    assert_parts(&bad_model(&folder, ""), &["one folder deeper, in \"sd15\""]);

    let folder = Folder::optimum();
    let message = ModelFolder::open(&folder.path().join("unet")).unwrap_err().to_string();
    assert_parts(&message, &["found: model.onnx", "one folder higher, where model_index.json is"]);
}

#[test]
fn two_graphs_and_none_called_model() {
    let folder = Folder::bare().without("unet/model.onnx").with("unet/a.onnx", "1").with("unet/b.onnx", "2");
    assert_parts(&bad_model(&folder, ""), &["unet/model.onnx is missing", "unet/a.onnx", "unet/b.onnx"]);
}

#[test]
fn graphs_that_are_none() {
    let folder = Folder::bare().with("unet/model.onnx", "");
    assert_parts(&bad_model(&folder, "unet/model.onnx"), &["the file is empty"]);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    let folder = Folder::bare().with("vae_decoder/model.onnx", pointer);
    assert_parts(&bad_model(&folder, "vae_decoder/model.onnx"), &["Git LFS pointer", "git lfs pull"]);
    let folder = Folder::optimum().with("model_index.json", pointer);
    assert_parts(&bad_model(&folder, "model_index.json"), &["Git LFS pointer", "git lfs pull"]);
}

#[test]
fn broken_json_names_line_and_column() {
    let broken = [
        ("{\"a\": 1,\n  \"b\" 2}", "broken at line 2, column 7: expected `:`"),
        ("{\"a\": [1, 2", "broken at line 1, column 11: EOF"),
        // The column is that of the file, whatever the tokens before it are read as.
        ("{\"a\": -Infinity, \"b\": NaN, x}", "broken at line 1, column 28"),
        ("{\"a\": NaN,\n x}", "broken at line 2, column 2"),
        ("", "it is empty"),
        (" \n ", "it is empty"),
        ("{} {}", "trailing characters"),
    ];
    for (content, part) in broken {
        for file in
            ["model_index.json", "unet/config.json", "scheduler/scheduler_config.json", "vae_decoder/config.json"]
        {
            assert_parts(&bad_model(&Folder::optimum().with(file, content), file), &[part]);
        }
    }
    let deep = "[".repeat(100_000);
    assert_parts(
        &bad_model(&Folder::optimum().with("model_index.json", &deep), "model_index.json"),
        &["recursion limit"],
    );
}

#[test]
fn json_of_another_type() {
    for (content, part) in
        [("[1, 2]", "an array"), ("\"x\"", "a string"), ("3", "a number"), ("null", "null"), ("NaN", "a number")]
    {
        let folder = Folder::optimum().with("text_encoder/config.json", content);
        assert_parts(&bad_model(&folder, "text_encoder/config.json"), &["it holds ", part, "must hold a JSON object"]);
    }
}

#[test]
fn json_that_is_not_utf8() {
    let folder = Folder::optimum().with("unet/config.json", b"{\"a\": \"\xFF\"}");
    assert_parts(&bad_model(&folder, "unet/config.json"), &["not UTF-8", "offset 7"]);
    let folder = Folder::optimum().with("unet/config.json", b"\xFF\xFE{\0}\0");
    assert_parts(&bad_model(&folder, "unet/config.json"), &["UTF-16", "must be UTF-8"]);
}

#[test]
fn json_beyond_all_size() {
    let folder = Folder::optimum().with("unet/config.json", "");
    let file = fs::OpenOptions::new().write(true).open(folder.path().join("unet/config.json")).unwrap();
    file.set_len(64 * 1024 * 1024 + 1).unwrap();
    assert_parts(&bad_model(&folder, "unet/config.json"), &["larger than 64 MB"]);
}

#[test]
fn values_that_cannot_be() {
    let cases = [
        (
            "vae_decoder/config.json",
            r#"{"scaling_factor": "0.18"}"#,
            r#""scaling_factor" is "0.18" (a string), but it must be a number"#,
        ),
        (
            "vae_decoder/config.json",
            r#"{"scaling_factor": 0}"#,
            r#""scaling_factor" is 0 (a number), but it must be a number from"#,
        ),
        ("vae_decoder/config.json", r#"{"scaling_factor": -1}"#, "\"scaling_factor\" is -1"),
        ("vae_decoder/config.json", r#"{"scaling_factor": NaN}"#, "\"scaling_factor\" is NaN (a number)"),
        ("vae_decoder/config.json", r#"{"scaling_factor": Infinity}"#, "\"scaling_factor\" is Infinity (a number)"),
        ("vae_decoder/config.json", r#"{"scaling_factor": 1e400}"#, "number out of range"),
        ("vae_decoder/config.json", r#"{"shift_factor": []}"#, "\"shift_factor\" is [] (an array)"),
        (
            "vae_decoder/config.json",
            r#"{"block_out_channels": []}"#,
            "\"block_out_channels\" is [] (an array), but it must be a list of 1 to 12",
        ),
        ("vae_decoder/config.json", r#"{"block_out_channels": 4}"#, "\"block_out_channels\" is 4 (a number)"),
        ("vae_decoder/config.json", r#"{"block_out_channels": [0]}"#, "\"block_out_channels\" is [0]"),
        ("vae_decoder/config.json", r#"{"latent_channels": 0}"#, "\"latent_channels\" is 0"),
        (
            "vae_decoder/config.json",
            r#"{"latent_channels": 4, "latents_mean": [1, 2]}"#,
            "\"latents_mean\" has 2 numbers",
        ),
        ("vae_decoder/config.json", r#"{"latents_std": [1, 0, 1, 1]}"#, "\"latents_std\" is [1,0,1,1]"),
        (
            "unet/config.json",
            r#"{"sample_size": -64}"#,
            "\"sample_size\" is -64 (a number), but it must be a whole number from 1 to 8192, or [height, width]",
        ),
        ("unet/config.json", r#"{"sample_size": 64.5}"#, "\"sample_size\" is 64.5"),
        ("unet/config.json", r#"{"sample_size": [64]}"#, "\"sample_size\" is [64] (an array)"),
        ("unet/config.json", r#"{"sample_size": 99999999999999999999}"#, "\"sample_size\" is"),
        (
            "unet/config.json",
            r#"{"sample_size": [64, 1025]}"#,
            "\"sample_size\" is 64 high and 1025 wide, which at the autoencoder's 8 pixels per latent is 512 by 8200 \
             pixels, but at most 8192 a side can be drawn",
        ),
        ("unet/config.json", r#"{"sample_size": [1025, 64]}"#, "8200 by 512 pixels"),
        ("unet/config.json", r#"{"in_channels": {}}"#, "\"in_channels\" is {} (an object)"),
        ("unet/config.json", r#"{"cross_attention_dim": [768, 1024]}"#, "must be one width for all blocks"),
        (
            "unet/config.json",
            r#"{"addition_embed_type": 3}"#,
            "\"addition_embed_type\" is 3 (a number), but it must be a string",
        ),
        ("text_encoder/config.json", r#"{"hidden_size": "wide"}"#, "\"hidden_size\" is \"wide\""),
        (
            "text_encoder/config.json",
            r#"{"text_config": 1}"#,
            "\"text_config\" is 1 (a number), but it must be a JSON object",
        ),
        ("text_encoder/config.json", r#"{"text_config": {"hidden_size": 0}}"#, "\"text_config.hidden_size\" is 0"),
        ("text_encoder/config.json", r#"{"vocab_size": []}"#, "\"vocab_size\" is []"),
        (
            "scheduler/scheduler_config.json",
            r#"{"_class_name": 7}"#,
            "\"_class_name\" is 7 (a number), but it must be a string",
        ),
        ("scheduler/scheduler_config.json", r#"{"beta_start": NaN}"#, "\"beta_start\" must be finite"),
        (
            "scheduler/scheduler_config.json",
            r#"{"trained_betas": [0.1, Infinity]}"#,
            "\"trained_betas\" must be finite",
        ),
        ("model_index.json", r#"{"_class_name": ["x"]}"#, "\"_class_name\" is [\"x\"] (an array)"),
        (
            "model_index.json",
            r#"{"scheduler": "DDIMScheduler"}"#,
            "\"scheduler\" is \"DDIMScheduler\" (a string), but it must be a list of two",
        ),
        (
            "model_index.json",
            r#"{"libdiffusion": 1}"#,
            "\"libdiffusion\" is 1 (a number), but it must be a JSON object",
        ),
        (
            "model_index.json",
            r#"{"libdiffusion": {"width": 100}}"#,
            "\"libdiffusion.width\" is 100 (a number), but it must be a multiple of 8",
        ),
        ("model_index.json", r#"{"libdiffusion": {"height": 0}}"#, "\"libdiffusion.height\" is 0"),
        (
            "model_index.json",
            r#"{"libdiffusion": {"width": 8200}}"#,
            "\"libdiffusion.width\" is 8200 (a number), but it must be a whole number from 1 to 8192",
        ),
        (
            "model_index.json",
            r#"{"libdiffusion": {"steps": 1001}}"#,
            "\"libdiffusion.steps\" is 1001 (a number), but it must be a whole number from 1 to 1000",
        ),
        (
            "model_index.json",
            r#"{"libdiffusion": {"guidance": -1}}"#,
            "\"libdiffusion.guidance\" is -1 (a number), but it must be a number from 0 to 100",
        ),
    ];
    for (file, content, part) in cases {
        assert_parts(&bad_model(&Folder::optimum().with(file, content), file), &[part]);
    }
}

#[test]
fn a_long_bad_value_is_shortened() {
    let content = format!("{{\"hidden_size\": \"{}\"}}", "é".repeat(10_000));
    let message = bad_model(&Folder::optimum().with("text_encoder/config.json", content), "text_encoder/config.json");
    assert!(message.chars().count() < 300, "{message}");
}

#[test]
fn a_text_encoder_that_does_not_fit() {
    let folder = Folder::optimum().with("text_encoder/config.json", r#"{"hidden_size": 1280}"#);
    assert_parts(
        &bad_model(&folder, ""),
        &["does not fit the UNet", "\"hidden_size\" 1280", "\"cross_attention_dim\" 768"],
    );
}

#[test]
fn other_families_by_class() {
    for (class, family) in [
        ("StableDiffusion3ControlNetPipeline", "ControlNet"),
        ("StableDiffusionXLControlNetUnionPipeline", "ControlNet"),
        ("FluxFillPipeline", "Flux Fill"),
        ("ORTSanaPipeline", "Sana"),
        ("SomethingNewPipeline", "not known here, \"SomethingNewPipeline\""),
    ] {
        // Even where graphs are missing: what a Sana folder lacks to be another family helps nobody.
        let index = format!("{{\"_class_name\": \"{class}\"}}");
        for folder in [Folder::optimum(), Folder::new()] {
            assert_parts(&unsupported(&folder.with("model_index.json", &index)), &[family, class, "model_index.json"]);
        }
    }
}

#[test]
fn other_families_by_sub_folder() {
    for (sub, family) in [("movq", "Kandinsky"), ("vqvae", "VQ autoencoder"), ("prior", "unCLIP")] {
        let folder = Folder::bare().with(&format!("{sub}/model.onnx"), "graph");
        assert_parts(&unsupported(&folder), &[family, &format!("sub-folder {sub}/")]);
    }
}

#[test]
fn what_a_family_lacks_is_said_with_its_name() {
    for (class, parts) in [
        ("StableDiffusionXLPipeline", &["for Stable Diffusion XL, text_encoder_2/model.onnx is missing"][..]),
        (
            "ORTFluxPipeline",
            &["for Flux, ", "transformer/model.onnx", "tokenizer_2/tokenizer.json (or spiece.model)"][..],
        ),
    ] {
        let folder = Folder::optimum().with("model_index.json", format!("{{\"_class_name\": \"{class}\"}}"));
        assert_parts(&bad_model(&folder, ""), parts);
    }
}

#[test]
fn denoisers_made_for_something_else() {
    for (channels, family) in [(7, "an upscaler of another family"), (3, "does not fit")] {
        let folder = Folder::optimum().with("unet/config.json", format!("{{\"in_channels\": {channels}}}"));
        assert_parts(&unsupported(&folder), &[family, &format!("{channels} input channels")]);
    }
}

#[test]
fn a_folder_where_a_config_should_be() {
    let folder = Folder::optimum().without("unet/config.json").with("unet/config.json/x", "");
    assert_parts(&bad_model(&folder, "unet/config.json"), &["must be a regular file"]);
}

#[cfg(unix)]
#[test]
fn files_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    for file in ["unet/config.json", "unet/model.onnx"] {
        let folder = Folder::optimum();
        let path = folder.path().join(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        let readable_anyway = fs::File::open(&path).is_ok();
        match ModelFolder::open(folder.path()) {
            Err(Error::Io { what, path: at, .. }) => assert_eq!((what.as_str(), at), ("cannot read", path)),
            // The system's administrator may read everything.
            Ok(_) if readable_anyway => {}
            other => panic!("not Io: {other:?}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_or_in_a_circle() {
    use std::os::unix::fs::symlink;
    let folder = Folder::optimum().without("unet/model.onnx");
    symlink("blobs/gone", folder.path().join("unet/model.onnx")).unwrap();
    assert_parts(&bad_model(&folder, ""), &["unet/model.onnx is missing"]);

    let folder = Folder::optimum().without("model_index.json");
    let link = folder.path().join("model_index.json");
    symlink("model_index.json", &link).unwrap();
    assert!(matches!(ModelFolder::open(folder.path()), Err(Error::Io { path, .. }) if path == link));
}

/// No cut and no wrong byte in a JSON file may panic (every third place: opening a folder is slow work for a test); whatever opens has facts that are in range.
#[test]
fn damaged_json_never_panics() {
    for file in ["model_index.json", "unet/config.json", "vae_decoder/config.json", "scheduler/scheduler_config.json"] {
        let folder = Folder::optimum();
        let content = fs::read(folder.path().join(file)).unwrap();
        for at in (0..content.len()).step_by(3) {
            check_opens_or_explains(&folder, file, content.get(..at).unwrap());
            for replacement in *b"-0{\"\xFF" {
                let mut damaged = content.clone();
                *damaged.get_mut(at).unwrap() = replacement;
                check_opens_or_explains(&folder, file, &damaged);
            }
        }
    }
}

fn check_opens_or_explains(folder: &Folder, file: &str, content: &[u8]) {
    fs::write(folder.path().join(file), content).unwrap();
    match ModelFolder::open(folder.path()) {
        Ok(model) => {
            let vae = model.vae();
            assert!(vae.scaling_factor > 0.0 && vae.scaling_factor.is_finite() && vae.spatial_factor.is_power_of_two());
            if let Some((height, width)) = model.denoiser().sample_size {
                assert!(height.min(width) > 0 && height.max(width) * vae.spatial_factor <= 8192);
            }
        }
        Err(error) => {
            let text = error.to_string();
            assert!(matches!(error, Error::BadModel { .. } | Error::Unsupported(_)), "{text}");
            assert!(text.contains(Path::new(file).file_name().unwrap().to_str().unwrap()), "{text}");
        }
    }
}
