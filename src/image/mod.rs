//! Pixels: formats, strides, sizes, masks, files with the settings inside, and the tensors that they become.

mod blur;
mod depth;
mod format;
mod hand_over;
mod interpolate;
mod labels;
mod mask;
mod paste;
mod raster;
mod read;
mod resample;
mod resize;
mod save;
mod seam;
mod vision;

pub use depth::depth_channel;
pub use format::PixelFormat;
pub use hand_over::{in_eight_bits, with_larger_hole};
pub use interpolate::{Interpolation, interpolate};
pub use labels::{MAX_CLASSES, halved, one_hot};
pub use mask::{MAX_BLUR, Mask, Region};
pub use read::MAX_SIDE;
pub(crate) use read::unreadable;
pub use resize::ResizeMode;
pub use save::{ImageFile, Metadata};
pub use seam::Seam;

use std::borrow::Cow;

use ndarray::{Array3, ArrayView3};

use crate::{Error, Result};

/// A picture in memory: rows from the top, without gaps between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    width: u32,
    height: u32,
    format: PixelFormat,
    pixels: Pixels,
}

/// The samples, in memory that is aligned for what they are.
#[derive(Debug, Clone, PartialEq)]
enum Pixels {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

impl Pixels {
    /// `length` bytes of black and transparent pixels; a picture may be large, and running out of memory must not end
    /// the host.
    fn blank(format: PixelFormat, length: usize) -> Result<Self> {
        match format {
            PixelFormat::RgbaF32 => zeros(length / 4).map(Self::Floats),
            _ => zeros(length).map(Self::Bytes),
        }
    }
}

/// `count` zeros, or an error where memory ends.
fn zeros<T: Clone + Default>(count: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| {
        let bytes = count.saturating_mul(size_of::<T>());
        Error::OutOfMemory(format!("a picture needs {bytes} bytes; draw a smaller one, or fewer at a time"))
    })?;
    values.resize(count, T::default());
    Ok(values)
}

impl Image {
    /// A picture from an autoencoder's output: `chw` is `[3, height, width]`, red first, −1 black and 1 white.
    ///
    /// Values are mapped by `x / 2 + 0.5`, clamped to 0…1, and for bytes multiplied by 255 and rounded, halves to
    /// even (diffusers `image_processor.py`: `denormalize`, `numpy_to_pil`). Alpha is opaque.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another shape or no pixels; [`Error::Numeric`] where a value is NaN or infinite.
    pub fn from_chw(chw: ArrayView3<'_, f32>, format: PixelFormat) -> Result<Self> {
        let (channels, rows, columns) = chw.dim();
        if channels != 3 {
            return Err(Error::invalid(format!(
                "a picture has 3 channels (red, green, blue), this one has {channels}"
            )));
        }
        let side = |name, n: usize| {
            let side =
                u32::try_from(n).map_err(|_| Error::invalid(format!("a picture's {name} of {n} is too large")))?;
            Ok(side)
        };
        let (width, height) = (side("width", columns)?, side("height", rows)?);
        let mut image = Self::blank(width, height, format)?;
        image.put_chw(0, 0, chw)?;
        Ok(image)
    }

    /// Writes a part of the picture from an autoencoder's output, as [`Image::from_chw`] does with a whole one; row `top`
    /// and column `left` are where it begins.
    ///
    /// # Errors
    /// [`Error::Internal`] for a part that is not one of this picture; [`Error::Numeric`] where a value is NaN or infinite.
    pub(crate) fn put_chw(&mut self, top: usize, left: usize, chw: ArrayView3<'_, f32>) -> Result<()> {
        let (channels, rows, columns) = chw.dim();
        let (width, height) = (self.width as usize, self.height as usize);
        if channels != 3 || top + rows > height || left + columns > width {
            return Err(Error::Internal(format!(
                "a part of shape {:?} at row {top}, column {left} of a picture of {width} x {height}",
                chw.shape()
            )));
        }
        let mut finite = true;
        for y in 0..rows {
            let pixels = (0..columns).map(|x| {
                let rgb = [chw[[0, y, x]], chw[[1, y, x]], chw[[2, y, x]]];
                finite &= rgb.iter().all(|v| v.is_finite());
                rgb.map(|v| (v / 2.0 + 0.5).clamp(0.0, 1.0))
            });
            self.fill(top + y, left, pixels.map(|[r, g, b]| [r, g, b, 1.0]));
        }
        if finite {
            return Ok(());
        }
        Err(Error::Numeric(
            "the decoded picture has NaN or infinite values; a float16 autoencoder that overflows does that, a float32 \
             export of it does not"
                .to_owned(),
        ))
    }

    /// Whether any pixel is not opaque.
    #[must_use]
    pub fn has_transparency(&self) -> bool {
        self.pixels().chunks_exact(self.format.bytes_per_pixel()).any(|pixel| self.format.read(pixel)[3] < 1.0)
    }

    /// The picture as an autoencoder's input: `[3, height, width]`, red first, −1 black and 1 white; alpha is left
    /// out. The inverse of [`Image::from_chw`], value by value `2 · v − 1` in float32 as diffusers computes it
    /// (`image_processor.py`: `pil_to_numpy`, `normalize`).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn to_chw(&self) -> Result<Array3<f32>> {
        let (width, height) = (self.width as usize, self.height as usize);
        let area = width * height;
        let mut values = zeros(area.saturating_mul(3))?;
        for (at, pixel) in self.pixels().chunks_exact(self.format.bytes_per_pixel()).enumerate() {
            let [r, g, b, _] = self.format.read(pixel).map(|v| 2.0 * v - 1.0);
            [values[at], values[at + area], values[at + 2 * area]] = [r, g, b];
        }
        Array3::from_shape_vec((3, height, width), values)
            .map_err(|e| Error::invalid(format!("a picture of {width} x {height} pixels has no tensor: {e}")))
    }

    /// A picture from a host's pixels: `height` rows, `stride` bytes from one row's start to the next one's.
    ///
    /// Floats are in the machine's byte order and are clamped to 0…1.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a side of 0 or beyond memory, a stride below a row's bytes, or too few bytes;
    /// [`Error::Numeric`] for a float that is NaN.
    pub fn from_pixels(bytes: &[u8], width: u32, height: u32, stride: usize, format: PixelFormat) -> Result<Self> {
        let layout = Layout::new(width, height, stride, format)?;
        layout.check_holds(bytes.len())?;
        let mut image = Self::blank(width, height, format)?;
        for (y, source) in (0..height as usize).zip(bytes.chunks(stride)) {
            match &mut image.pixels {
                Pixels::Bytes(all) => {
                    all[y * layout.row..][..layout.row].copy_from_slice(&source[..layout.row]);
                }
                Pixels::Floats(all) => {
                    let row = &mut all[y * layout.row / 4..][..layout.row / 4];
                    for (value, bytes) in row.iter_mut().zip(source.as_chunks::<4>().0) {
                        *value = f32::from_ne_bytes(*bytes);
                        if value.is_nan() {
                            return Err(Error::Numeric(format!("the picture has a NaN in row {y}")));
                        }
                        *value = value.clamp(0.0, 1.0);
                    }
                }
            }
        }
        Ok(image)
    }

    /// A black, transparent picture.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for no pixels or more than memory can hold; [`Error::OutOfMemory`].
    pub(crate) fn blank(width: u32, height: u32, format: PixelFormat) -> Result<Self> {
        let row = (width as usize).saturating_mul(format.bytes_per_pixel());
        let length = Layout::new(width, height, row, format)?.length;
        Ok(Self { width, height, format, pixels: Pixels::blank(format, length)? })
    }

    /// Writes row `y` from RGBA samples in 0…1.
    fn fill_row(&mut self, y: usize, samples: impl Iterator<Item = [f32; 4]>) {
        self.fill(y, 0, samples);
    }

    /// Writes row `y` from column `x` on.
    fn fill(&mut self, y: usize, x: usize, samples: impl Iterator<Item = [f32; 4]>) {
        let (stride, format) = (self.stride(), self.format);
        match &mut self.pixels {
            Pixels::Floats(all) => {
                let row = all[y * stride / 4..][..stride / 4].as_chunks_mut::<4>().0;
                row.iter_mut().skip(x).zip(samples).for_each(|(pixel, rgba)| *pixel = rgba);
            }
            Pixels::Bytes(all) => {
                let row = all[y * stride..][..stride].chunks_exact_mut(format.bytes_per_pixel());
                row.skip(x).zip(samples).for_each(|(pixel, rgba)| format.write(pixel, rgba));
            }
        }
    }

    /// Pixels from left to right.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels from top to bottom.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// What a pixel's bytes mean.
    #[must_use]
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// Bytes from one row's start to the next one's: the width times the bytes of a pixel.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.width as usize * self.format.bytes_per_pixel()
    }

    /// All bytes, row by row; `height * stride` of them. Aligned for `f32` where the format has floats.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        match &self.pixels {
            Pixels::Bytes(bytes) => bytes,
            Pixels::Floats(floats) => bytemuck::cast_slice(floats),
        }
    }

    /// The bytes of row `y`, or nothing where there is no such row.
    #[must_use]
    pub fn row(&self, y: u32) -> Option<&[u8]> {
        self.pixels().chunks_exact(self.stride()).nth(y as usize)
    }

    /// The same picture in another format. Going to bytes rounds, halves to even; going to RGB8 drops alpha.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn convert(&self, format: PixelFormat) -> Result<Cow<'_, Self>> {
        if format == self.format {
            return Ok(Cow::Borrowed(self));
        }
        let mut image = Self::blank(self.width, self.height, format)?;
        for (y, row) in self.pixels().chunks_exact(self.stride()).enumerate() {
            image.fill_row(y, row.chunks_exact(self.format.bytes_per_pixel()).map(|pixel| self.format.read(pixel)));
        }
        Ok(Cow::Owned(image))
    }

    /// Copies the picture into a host's buffer, converting where the buffer's `format` is another.
    ///
    /// `stride` is the bytes from one row's start to the next one's; what lies between rows stays as it is.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where `width` and `height` are not the picture's, the stride is below a row's bytes
    /// or the buffer is too small. The buffer is untouched then.
    pub fn copy_into(
        &self,
        buffer: &mut [u8],
        width: u32,
        height: u32,
        stride: usize,
        format: PixelFormat,
    ) -> Result<()> {
        let row = self.check_buffer(buffer.len(), width, height, stride, format)?;
        for (y, target) in (0..height).zip(buffer.chunks_mut(stride)) {
            self.write_row(y, format, &mut target[..row]);
        }
        Ok(())
    }

    /// Whether [`Image::copy_into`] can fill a buffer of `length` bytes; the bytes of one row's pixels where it can.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn check_buffer(
        &self,
        length: usize,
        width: u32,
        height: u32,
        stride: usize,
        format: PixelFormat,
    ) -> Result<usize> {
        if (width, height) != (self.width, self.height) {
            return Err(Error::invalid(format!(
                "the buffer is for {width} x {height} pixels, the picture has {} x {}",
                self.width, self.height
            )));
        }
        let layout = Layout::new(width, height, stride, format)?;
        layout.check_holds(length)?;
        Ok(layout.row)
    }

    /// Writes row `y` into `target` in another format; as many pixels as both have, none where there is no such row.
    pub(crate) fn write_row(&self, y: u32, format: PixelFormat, target: &mut [u8]) {
        let Some(row) = self.row(y) else { return };
        if format == self.format {
            let both = target.len().min(row.len());
            target[..both].copy_from_slice(&row[..both]);
            return;
        }
        let pixels = target.chunks_exact_mut(format.bytes_per_pixel());
        for (to, from) in pixels.zip(row.chunks_exact(self.format.bytes_per_pixel())) {
            format.write(to, self.format.read(from));
        }
    }
}

/// Where rows lie in a buffer.
struct Layout {
    /// Bytes of one row's pixels.
    row: usize,
    /// Bytes from the first row's first to the last row's last.
    length: usize,
}

impl Layout {
    fn new(width: u32, height: u32, stride: usize, format: PixelFormat) -> Result<Self> {
        if width == 0 || height == 0 {
            return Err(Error::invalid(format!("a picture of {width} x {height} pixels has no pixels")));
        }
        let too_large =
            || Error::invalid(format!("{width} x {height} pixels with a stride of {stride} do not fit memory"));
        let row = (width as usize).checked_mul(format.bytes_per_pixel()).ok_or_else(too_large)?;
        if stride < row {
            return Err(Error::invalid(format!(
                "a stride of {stride} bytes is too small: {width} pixels of {} take {row} bytes",
                format.name()
            )));
        }
        let length = (height as usize - 1).checked_mul(stride).and_then(|l| l.checked_add(row));
        let length = length.filter(|&l| isize::try_from(l).is_ok()).ok_or_else(too_large)?;
        Ok(Self { row, length })
    }

    fn check_holds(&self, bytes: usize) -> Result<()> {
        if bytes < self.length {
            return Err(Error::invalid(format!("the buffer has {bytes} bytes, the picture needs {}", self.length)));
        }
        Ok(())
    }
}
