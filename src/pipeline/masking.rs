//! Which part of a picture is drawn anew, and how the result goes back into it.

use ndarray::Array3;

use super::fitting::has_mask;
use super::plan::{Job, Plan};
use crate::error::Result;
use crate::image::{Image, Mask, Region, ResizeMode};

/// A picture and its mask at the size that is drawn.
pub(in crate::pipeline) struct Masked {
    /// `[3, height, width]`, −1 to 1.
    pub picture: Array3<f32>,
    /// `[1, height, width]`: 1 where something new is drawn.
    pub mask: Array3<f32>,
    /// What the result is pasted into, where the request asks for that.
    whole: Option<Whole>,
}

struct Whole {
    picture: Image,
    mask: Mask,
    region: Option<Region>,
}

impl Masked {
    /// The request's mask, if it has one and the model has a use for it; a mask of another size is resized to the
    /// picture's.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] for an empty mask of which only the surroundings are to be drawn.
    pub(in crate::pipeline) fn of(plan: &Plan) -> Result<Option<Self>> {
        let start = &plan.request.start;
        let Some(picture) = start.picture.as_deref().filter(|_| has_mask(&plan.request)) else { return Ok(None) };
        if !matches!(plan.job, Job::Draw | Job::Inpaint | Job::Depth) {
            return Ok(None);
        }
        let mask = match &start.mask {
            Some(mask) => Mask::from_grey(mask)?,
            None => Mask::from_alpha(picture)?,
        };
        let mask = mask.blurred(start.mask_blur)?;
        let (width, height) = (plan.settings.width, plan.settings.height);
        let Some(padding) = start.mask_padding else {
            let picture = picture.resized(width, height, ResizeMode::Stretch)?;
            let mask = mask.resized(width, height, ResizeMode::Stretch)?;
            let (pixels, binary) = (picture.to_chw()?, mask.to_binary()?);
            let whole = start.paste_back.then_some(Whole { picture, mask, region: None });
            return Ok(Some(Self { picture: pixels, mask: binary, whole }));
        };
        // As in diffusers: the part is stretched to nothing, what its proportions lack is filled.
        let mask = match (mask.width(), mask.height()) == (picture.width(), picture.height()) {
            true => mask,
            false => mask.resized(picture.width(), picture.height(), ResizeMode::Stretch)?,
        };
        let region = mask.region(width, height, padding)?;
        let part = picture.cropped(region.x, region.y, region.width, region.height)?;
        let part = part.resized(width, height, ResizeMode::Fill)?.to_chw()?;
        let binary = mask.cropped(region)?.resized(width, height, ResizeMode::Fill)?.to_binary()?;
        let whole = Some(Whole { picture: picture.clone(), mask, region: Some(region) });
        Ok(Some(Self { picture: part, mask: binary, whole }))
    }

    /// Which part of the whole picture is drawn, and how large that is; `None` where all of it is.
    pub(in crate::pipeline) fn part(&self) -> Option<(Region, (u32, u32))> {
        let whole = self.whole.as_ref()?;
        Some((whole.region?, (whole.picture.width(), whole.picture.height())))
    }

    /// The result in its place, where the request asks for that; else as it is.
    ///
    /// # Errors
    /// As [`Image::pasted_onto`].
    pub(in crate::pipeline) fn paste_back(&self, image: Image) -> Result<Image> {
        let Some(Whole { picture, mask, region }) = &self.whole else { return Ok(image) };
        Ok(image.pasted_onto(picture, mask, *region)?.convert(image.format())?.into_owned())
    }
}
