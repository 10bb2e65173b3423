//! What a pixel's bytes mean.

use crate::{Error, Result};

/// The pixel formats that a host can ask for. The numbers are those of the C interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(i32)]
pub enum PixelFormat {
    /// Red, green, blue; a byte each, 0 to 255.
    #[default]
    Rgb8 = 0,
    /// Red, green, blue, alpha; a byte each, alpha not premultiplied.
    Rgba8 = 1,
    /// Blue, green, red, alpha; a byte each, as Windows and Cairo want it.
    Bgra8 = 2,
    /// Red, green, blue, alpha; a 32-bit float each in the machine's byte order, 0 to 1, encoded as sRGB like the rest.
    RgbaF32 = 3,
}

impl PixelFormat {
    /// Every format, by number.
    pub const ALL: [Self; 4] = [Self::Rgb8, Self::Rgba8, Self::Bgra8, Self::RgbaF32];

    /// Bytes of one pixel.
    #[must_use]
    pub fn bytes_per_pixel(self) -> usize {
        match self {
            Self::Rgb8 => 3,
            Self::Rgba8 | Self::Bgra8 => 4,
            Self::RgbaF32 => 16,
        }
    }

    /// The format's name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rgb8 => "RGB8",
            Self::Rgba8 => "RGBA8",
            Self::Bgra8 => "BGRA8",
            Self::RgbaF32 => "RGBA-f32",
        }
    }

    /// The red, green, blue and alpha in 0…1 of one pixel's bytes (black where there are too few).
    pub(super) fn read(self, pixel: &[u8]) -> [f32; 4] {
        let unit = |v: u8| f32::from(v) / 255.0;
        match (self, pixel) {
            (Self::Rgb8, &[r, g, b]) => [unit(r), unit(g), unit(b), 1.0],
            (Self::Rgba8, &[r, g, b, a]) | (Self::Bgra8, &[b, g, r, a]) => [r, g, b, a].map(unit),
            (Self::RgbaF32, floats) => {
                let mut rgba = [0.0; 4];
                rgba.iter_mut().zip(floats.as_chunks().0).for_each(|(v, bytes)| *v = f32::from_ne_bytes(*bytes));
                rgba
            }
            _ => [0.0; 4],
        }
    }

    /// Writes red, green, blue and alpha in 0…1 as one pixel's bytes.
    pub(super) fn write(self, pixel: &mut [u8], rgba: [f32; 4]) {
        if self == Self::RgbaF32 {
            pixel.as_chunks_mut().0.iter_mut().zip(rgba).for_each(|(bytes, v)| *bytes = v.to_ne_bytes());
            return;
        }
        let [r, g, b, a] = rgba.map(|v| (v * 255.0).round_ties_even() as u8);
        let ordered = if self == Self::Bgra8 { [b, g, r, a] } else { [r, g, b, a] };
        pixel.iter_mut().zip(ordered).for_each(|(to, from)| *to = from);
    }
}

impl TryFrom<i32> for PixelFormat {
    type Error = Error;

    fn try_from(number: i32) -> Result<Self> {
        Self::ALL.into_iter().find(|&format| format as i32 == number).ok_or_else(|| {
            let allowed = Self::ALL.map(|format| format!("{} ({})", format as i32, format.name())).join(", ");
            Error::invalid(format!("unknown pixel format {number}; allowed are: {allowed}"))
        })
    }
}
