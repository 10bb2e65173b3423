//! Pixels in and out: formats, strides, files, and everything that can be wrong with them.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by panicking")]

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use diffusion::Error;
use diffusion::image::{Image, ImageFile, MAX_SIDE, Metadata, PixelFormat};
use ndarray::Array3;

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("image-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A picture whose every sample is another grey level, by an exact inverse of the mapping from -1…1.
fn levels(width: usize, height: usize) -> (Array3<f32>, Vec<u8>) {
    let level = |c: usize, y: usize, x: usize| ((c * 85 + y * 31 + x * 7) % 256) as u8;
    let chw = Array3::from_shape_fn((3, height, width), |(c, y, x)| f32::from(level(c, y, x)) / 127.5 - 1.0);
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            rgb.extend((0..3).map(|c| level(c, y, x)));
        }
    }
    (chw, rgb)
}

fn picture(width: usize, height: usize, format: PixelFormat) -> Image {
    Image::from_chw(levels(width, height).0.view(), format).unwrap()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_ne_bytes(*b)).collect()
}

#[test]
fn a_decoders_output_becomes_pixels_of_every_format() {
    for (width, height) in [(1, 1), (3, 5), (16, 2)] {
        let (chw, rgb) = levels(width, height);
        let make = |format| Image::from_chw(chw.view(), format).unwrap();
        let image = make(PixelFormat::Rgb8);
        assert_eq!((image.width() as usize, image.height() as usize), (width, height));
        assert_eq!(image.stride(), width * 3);
        assert_eq!(image.pixels(), rgb);
        let four = |order: [usize; 3]| -> Vec<u8> {
            rgb.chunks(3).flat_map(|p| [p[order[0]], p[order[1]], p[order[2]], 255]).collect()
        };
        assert_eq!(make(PixelFormat::Rgba8).pixels(), four([0, 1, 2]));
        assert_eq!(make(PixelFormat::Bgra8).pixels(), four([2, 1, 0]));
        let float = make(PixelFormat::RgbaF32);
        assert_eq!(float.stride(), width * 16);
        for (pixel, want) in floats(float.pixels()).chunks(4).zip(rgb.chunks(3)) {
            for (got, want) in pixel.iter().zip(want) {
                assert!((got * 255.0 - f32::from(*want)).abs() < 1e-3, "{got} {want}");
            }
            assert_eq!(pixel[3], 1.0);
        }
        for from in PixelFormat::ALL {
            for to in PixelFormat::ALL {
                let converted = make(from).convert(to).unwrap().into_owned();
                assert_eq!(converted.format(), to);
                assert_eq!(converted.convert(PixelFormat::Rgb8).unwrap().pixels(), rgb, "{from:?} to {to:?}");
            }
        }
        assert_eq!(image.row(height as u32 - 1).unwrap(), &rgb[rgb.len() - width * 3..]);
        assert!(image.row(height as u32).is_none());
    }
}

/// numpy's `(images * 255).round()` rounds halves to even; 0.5 * 255 and 2.5 are such halves.
#[test]
fn rounding_and_clamping_are_those_of_diffusers() {
    let bytes = |values: [f32; 3]| {
        let chw = Array3::from_shape_vec((3, 1, 1), values.to_vec()).unwrap();
        Image::from_chw(chw.view(), PixelFormat::Rgb8).unwrap().pixels().to_vec()
    };
    assert_eq!(bytes([0.0, -1.0, 1.0]), [128, 0, 255]); // 127.5 goes to 128
    assert_eq!(bytes([-9.0, 9.0, 1.0001]), [0, 255, 255]);
    // 0.5, 1.5 and 2.5 of 255
    let float: Vec<u8> = [0.5_f32, 1.5, 2.5, 255.0].iter().flat_map(|v| (v / 255.0).to_ne_bytes()).collect();
    let image = Image::from_pixels(&float, 1, 1, 16, PixelFormat::RgbaF32).unwrap();
    let halves: Vec<f32> = floats(image.pixels()).iter().map(|v| v * 255.0).collect();
    assert_eq!(halves, [0.5, 1.5, 2.5, 255.0]);
    assert_eq!(image.convert(PixelFormat::Rgba8).unwrap().pixels(), [0, 2, 2, 255]);
}

#[test]
fn bad_decoder_output_is_refused_with_a_sentence() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut chw = levels(4, 3).0;
        chw[[1, 2, 3]] = bad;
        let error = Image::from_chw(chw.view(), PixelFormat::Rgba8).unwrap_err();
        assert!(matches!(error, Error::Numeric(_)) && error.to_string().contains("NaN or infinite"), "{error}");
    }
    for shape in [(4, 2, 2), (1, 2, 2), (3, 0, 2), (3, 2, 0), (0, 0, 0)] {
        let error = Image::from_chw(Array3::zeros(shape).view(), PixelFormat::Rgb8).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument(_)), "{shape:?}: {error}");
    }
}

#[test]
fn copies_honour_stride_and_format_and_leave_gaps_alone() {
    for (width, height) in [(1_usize, 1_usize), (3, 5)] {
        let image = picture(width, height, PixelFormat::Rgb8);
        for format in PixelFormat::ALL {
            let row = width * format.bytes_per_pixel();
            for stride in [row, row + 1, row + 13] {
                let needed = stride * (height - 1) + row;
                let mut buffer = vec![0xa5; needed + 3];
                image.copy_into(&mut buffer[..needed], width as u32, height as u32, stride, format).unwrap();
                let want = image.convert(format).unwrap();
                for y in 0..height {
                    let line = &buffer[y * stride..];
                    assert_eq!(&line[..row], want.row(y as u32).unwrap());
                    let gap = &line[row..line.len().min(stride)];
                    assert!(gap.iter().all(|&b| b == 0xa5), "{format:?} {stride}");
                }
                let back = Image::from_pixels(&buffer[..needed], width as u32, height as u32, stride, format).unwrap();
                assert_eq!(back, *want);

                let mut small = vec![0xa5; needed - 1];
                let error =
                    image.copy_into(&mut small, width as u32, height as u32, stride, format).unwrap_err().to_string();
                let sentence = format!("the buffer has {} bytes, the picture needs {needed}", needed - 1);
                assert_eq!(error, sentence);
                assert!(small.iter().all(|&b| b == 0xa5));
            }
        }
    }
}

#[test]
fn wrong_buffers_are_refused_with_a_sentence() {
    let image = picture(3, 5, PixelFormat::Rgb8);
    let mut buffer = vec![0; 1000];
    let mut copy = |width, height, stride, format| {
        let error = image.copy_into(&mut buffer, width, height, stride, format).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument(_)));
        error.to_string()
    };
    assert_eq!(copy(5, 3, 15, PixelFormat::Rgb8), "the buffer is for 5 x 3 pixels, the picture has 3 x 5");
    assert_eq!(
        copy(3, 5, 11, PixelFormat::Bgra8),
        "a stride of 11 bytes is too small: 3 pixels of BGRA8 take 12 bytes"
    );
    assert!(copy(3, 5, 0, PixelFormat::Rgb8).contains("stride of 0"));
    assert!(copy(3, 5, usize::MAX, PixelFormat::Rgb8).contains("do not fit memory"));
    assert!(copy(3, 5, usize::MAX / 4, PixelFormat::Rgb8).contains("do not fit memory"));
    assert!(copy(3, 5, usize::MAX / 16, PixelFormat::Rgb8).contains("the buffer has 1000 bytes"));

    let make = |width, height, stride| Image::from_pixels(&[0; 64], width, height, stride, PixelFormat::RgbaF32);
    assert!(make(0, 1, 16).unwrap_err().to_string().contains("no pixels"));
    assert!(make(u32::MAX, u32::MAX, usize::MAX).is_err());
    assert!(make(2, 3, 32).unwrap_err().to_string().contains("needs 96"));
    assert!(matches!(Image::from_pixels(&[0xff; 16], 1, 1, 16, PixelFormat::RgbaF32).unwrap_err(), Error::Numeric(_)));
}

#[test]
fn format_numbers_are_checked() {
    for (number, format) in (0..).zip(PixelFormat::ALL) {
        assert_eq!(PixelFormat::try_from(number).unwrap(), format);
    }
    for number in [-1, 4, i32::MAX, i32::MIN] {
        let error = PixelFormat::try_from(number).unwrap_err().to_string();
        let allowed = "allowed are: 0 (RGB8), 1 (RGBA8), 2 (BGRA8), 3 (RGBA-f32)";
        assert_eq!(error, format!("unknown pixel format {number}; {allowed}"));
    }
}

/// Every text chunk of a PNG, as (key, text, is it iTXt).
fn texts(bytes: &[u8]) -> Vec<(String, String, bool)> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
    reader.finish().unwrap();
    let info = reader.info();
    let latin = info.uncompressed_latin1_text.iter().map(|c| (c.keyword.clone(), c.text.clone(), false));
    let utf8 = info.utf8_text.iter().map(|c| (c.keyword.clone(), c.get_text().unwrap(), true));
    latin.chain(utf8).collect()
}

#[test]
fn png_files_carry_pixels_and_settings() {
    let folder = folder("png");
    for (width, height) in [(1, 1), (3, 5), (64, 33)] {
        for format in PixelFormat::ALL {
            let image = picture(width, height, format);
            let parameters = "a castle, café\nSteps: 20, Sampler: Euler, Seed: 42";
            let settings = r#"{"prompt":"城 ☀ 🏰","seed":42}"#;
            let metadata = Metadata { parameters: Some(parameters.to_owned()), settings: Some(settings.to_owned()) };
            let path = folder.join("out ü.PNG");
            image.save(&path, &metadata).unwrap();
            let bytes = fs::read(&path).unwrap();
            assert_eq!(bytes, image.encode(ImageFile::Png, &metadata).unwrap());
            assert_eq!(
                texts(&bytes),
                [
                    ("parameters".to_owned(), parameters.to_owned(), false),
                    ("libdiffusion".to_owned(), settings.to_owned(), true)
                ]
            );
            let back = Image::open(&path).unwrap();
            let plain = if format == PixelFormat::Rgb8 { PixelFormat::Rgb8 } else { PixelFormat::Rgba8 };
            assert_eq!(back, *image.convert(plain).unwrap());
        }
    }
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["out ü.PNG"], "something was left behind");
}

#[test]
fn odd_texts_survive_in_a_png() {
    let image = picture(2, 2, PixelFormat::Rgb8);
    let long = "a long prompt, ".repeat(20_000);
    for (text, want, utf8) in [
        ("", "", false),
        ("日本語 👩‍🚀", "日本語 👩‍🚀", true),
        ("a\0b", "a\u{fffd}b", true),
        (long.as_str(), long.as_str(), false),
    ] {
        let metadata = Metadata { parameters: Some(text.to_owned()), settings: None };
        let bytes = image.encode(ImageFile::Png, &metadata).unwrap();
        assert_eq!(texts(&bytes), [("parameters".to_owned(), want.to_owned(), utf8)]);
    }
    assert!(texts(&image.encode(ImageFile::Png, &Metadata::default()).unwrap()).is_empty());
}

#[test]
fn jpeg_files_show_the_picture() {
    let folder = folder("jpeg");
    let chw = Array3::from_shape_fn((3, 40, 60), |(c, y, x)| ((x + y) as f32 / 50.0 - 1.0) * (1.0 - 0.3 * c as f32));
    for format in PixelFormat::ALL {
        let image = Image::from_chw(chw.view(), format).unwrap();
        for name in ["a.jpg", "b.JPEG"] {
            image.save(&folder.join(name), &Metadata::default()).unwrap();
            let back = Image::open(&folder.join(name)).unwrap();
            assert_eq!((back.width(), back.height(), back.format()), (60, 40, PixelFormat::Rgb8));
            let rgb = image.convert(PixelFormat::Rgb8).unwrap();
            let worst = back.pixels().iter().zip(rgb.pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            // JPEG is lossy: halved chroma moves a smooth picture's samples by a few levels.
            assert!(worst <= 12, "{worst}");
        }
    }
}

#[test]
fn unwritable_files_are_errors_and_leave_nothing() {
    let folder = folder("unwritable");
    let image = picture(2, 2, PixelFormat::Rgb8);
    for name in ["a.webp", "b", "c.png.txt", ".png"] {
        let error = image.save(&folder.join(name), &Metadata::default()).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument(_)));
        assert!(error.to_string().ends_with("must end in one of: .png, .jpg, .jpeg"), "{error}");
    }
    assert_eq!(
        ImageFile::parse("gif").unwrap_err().to_string(),
        "unknown picture file format \"gif\"; allowed are: png, jpg, jpeg"
    );
    let nowhere = folder.join("missing").join("a.png");
    let error = image.save(&nowhere, &Metadata::default()).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if *path == nowhere), "{error}");
    // The name is taken by a folder that is not empty: renaming fails after the bytes were written.
    fs::create_dir_all(folder.join("taken.png").join("inside")).unwrap();
    assert!(matches!(image.save(&folder.join("taken.png"), &Metadata::default()), Err(Error::Io { .. })));
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["taken.png"], "a part of a file was left behind");

    let wide = Image::from_pixels(&vec![9; 70_000 * 3], 70_000, 1, 70_000 * 3, PixelFormat::Rgb8).unwrap();
    let error = wide.encode(ImageFile::Jpeg, &Metadata::default()).unwrap_err();
    assert!(error.to_string().starts_with("the picture cannot be written as JPEG"), "{error}");
}

#[test]
fn broken_pictures_are_sentences() {
    let folder = folder("broken");
    let image = picture(64, 48, PixelFormat::Rgb8);
    let error = Image::open(&folder.join("missing.png")).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert!(matches!(Image::open(&folder).unwrap_err(), Error::Io { .. }));
    let path = folder.join("a.png");
    for text in [&b""[..], b"hello", b"GIF89a.........", b"<svg/>"] {
        fs::write(&path, text).unwrap();
        let error = Image::open(&path).unwrap_err().to_string();
        assert!(error.ends_with("it is not a PNG, JPEG or WebP file"), "{error}");
        assert!(error.contains("a.png"));
    }
    let mut refused = 0;
    for kind in [ImageFile::Png, ImageFile::Jpeg] {
        let whole = image.encode(kind, &Metadata::default()).unwrap();
        assert!(Image::decode(&whole).is_ok());
        for length in (8..whole.len()).step_by(whole.len() / 40) {
            // A truncated JPEG may decode as far as it goes; a PNG only lacks nothing without its last chunk.
            match Image::decode(&whole[..length]) {
                Ok(_) => assert!(
                    kind == ImageFile::Jpeg || length >= whole.len() - 12,
                    "a PNG cut at {length} of {} was read",
                    whole.len()
                ),
                Err(error) => {
                    assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
                    refused += 1;
                }
            }
        }
        let data = whole.windows(4).position(|w| w == b"IDAT").unwrap_or(0);
        for at in 0..whole.len().min(600) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            let read = Image::decode(&bytes).is_ok();
            // A PNG's header and pixels have checksums (its other chunks do not matter); a JPEG has none, so that
            // reading it may only not crash.
            let guarded = at < 33 || (data..whole.len() - 12).contains(&at);
            assert!(!read || kind == ImageFile::Jpeg || !guarded, "byte {at} of the PNG is not checked");
        }
    }
    assert!(refused >= 40, "{refused}");
}

/// A PNG of a few hundred bytes that says it has 4 × 10⁹ pixels, and one whose sides are each allowed.
#[test]
fn a_decompression_bomb_is_refused() {
    for (width, height) in [(65_000, 65_000), (u32::MAX >> 1, 1), (MAX_SIDE, MAX_SIDE), (MAX_SIDE + 1, 1)] {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().unwrap();
        writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9c, 0x03, 0, 0, 0, 0, 1]).unwrap();
        drop(writer);
        let error = Image::decode(&bytes).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains("too many") || text.contains("too large"), "{width} x {height}: {text}");
    }
}
