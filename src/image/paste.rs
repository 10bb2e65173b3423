//! What was painted, back in the picture that it was painted for.

use super::{Image, Mask, PixelFormat, Region, ResizeMode};
use crate::{Error, Result};

/// a · b / 255, rounded, as PIL has it (`ImagingUtils.h`: `MULDIV255`).
fn scaled(a: u8, b: u8) -> u8 {
    rounded(u32::from(a) * u32::from(b)) as u8
}

/// v / 255 for v up to 255², rounded.
fn rounded(v: u32) -> u32 {
    let v = v + 128;
    ((v >> 8) + v) >> 8
}

impl Image {
    /// This picture where `mask` is 255, `original` where it is 0, and both blended between (diffusers
    /// `VaeImageProcessor.apply_overlay`), as RGB8 of the original's size.
    ///
    /// With a `region`, this picture is that part of the original alone, in any size: it is brought to the region by
    /// [`ResizeMode::Crop`]. Where the mask is not 0 outside the region there is nothing to blend with but black: take
    /// the region from the mask that is given here, blurred where it is.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where the mask, or without a region this picture, has another size than the
    /// original, or the region is not inside it; [`Error::OutOfMemory`].
    pub fn pasted_onto(&self, original: &Self, mask: &Mask, region: Option<Region>) -> Result<Self> {
        let size = (original.width, original.height);
        if (mask.width(), mask.height()) != size {
            return Err(Error::invalid(format!(
                "the mask has {} x {} pixels, the picture {} x {}; resize the mask first",
                mask.width(),
                mask.height(),
                size.0,
                size.1
            )));
        }
        if region.is_none() && (self.width, self.height) != size {
            return Err(Error::invalid(format!(
                "what was painted has {} x {} pixels, the picture {} x {}; resize it, or say the region that it is of",
                self.width, self.height, size.0, size.1
            )));
        }
        let region = region.unwrap_or(Region { x: 0, y: 0, width: size.0, height: size.1 });
        let inside = |from: u32, count: u32, side: u32| from.checked_add(count).is_some_and(|end| end <= side);
        if !inside(region.x, region.width, size.0) || !inside(region.y, region.height, size.1) {
            return Err(Error::invalid(format!(
                "what was painted goes to {} x {} pixels at ({}, {}), which is not inside the picture of {} x {}",
                region.width, region.height, region.x, region.y, size.0, size.1
            )));
        }
        let painted = self.convert(PixelFormat::Rgb8)?.resized(region.width, region.height, ResizeMode::Crop)?;
        let original = original.convert(PixelFormat::Rgba8)?;
        let mut result = Self::blank(size.0, size.1, PixelFormat::Rgb8)?;
        let stride = result.stride();
        let super::Pixels::Bytes(bytes) = &mut result.pixels else { return Ok(result) };
        let rows = bytes.chunks_exact_mut(stride).zip(original.pixels().chunks_exact(original.stride()));
        for ((y, (row, kept)), masks) in (0..).zip(rows).zip(mask.values().chunks_exact(size.0 as usize)) {
            let fresh = u32::checked_sub(y, region.y).and_then(|y| painted.row(y)).unwrap_or_default();
            let pixels = row.as_chunks_mut::<3>().0.iter_mut().zip(kept.as_chunks::<4>().0).zip(masks);
            for (x, ((pixel, kept), &mask)) in (0..).zip(pixels) {
                let at = usize::checked_sub(x, region.x as usize);
                let fresh = at.and_then(|x| fresh.as_chunks::<3>().0.get(x)).copied().unwrap_or_default();
                *pixel = over(*kept, 255 - mask, fresh);
            }
        }
        Ok(result)
    }
}

/// The kept pixel's share over the new one, with the roundings of PIL: premultiplied, masked, divided again, composed.
fn over(kept: [u8; 4], share: u8, fresh: [u8; 3]) -> [u8; 3] {
    let [r, g, b, a] = kept;
    let alpha = scaled(a, share);
    let mut result = fresh;
    if alpha == 0 {
        return result;
    }
    for (to, value) in result.iter_mut().zip([r, g, b]) {
        let value = u32::from(scaled(scaled(value, a), share));
        let value = if alpha == 255 { value } else { (255 * value / u32::from(alpha)).min(255) };
        *to = rounded(value * u32::from(alpha) + u32::from(*to) * (255 - u32::from(alpha))) as u8;
    }
    result
}
