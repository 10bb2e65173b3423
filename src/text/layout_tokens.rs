//! Layouts, boxes with what is in them, as the tokens that latent-diffusion's layout-to-image models read.
//!
//! The formula is that of taming-transformers `taming/data/conditional_builder/objects_bbox.py` and
//! `objects_center_points.py`.

use crate::error::{Error, Result};

/// Something in a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct LayoutObject {
    /// The number of its class.
    pub class: usize,
    /// What the annotations of Open Images say besides, if the model was trained with it: 1 it is a group, 2 it is
    /// occluded, 4 it is a depiction, 8 it is seen from inside; summed. 0 for none.
    pub flags: usize,
    /// Left, top, right, bottom, each 0 to 1 from the picture's left upper corner.
    pub bounds: [f64; 4],
}

/// How a model's layouts become tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutTokens {
    /// How many classes its objects have.
    pub classes: usize,
    /// How many objects a layout has at most; places that are left are padded.
    pub objects: usize,
    /// How many tokens there are. The last is the padding; corners are numbered on a grid with the root of it a side.
    pub vocabulary: usize,
    /// Whether the part of the picture that was cut out follows the objects, as two corners.
    pub crop: bool,
}

impl LayoutTokens {
    /// That of latent-diffusion's `layout2img-openimages`: 30 objects, a vocabulary of 8192 and the crop, so that a
    /// layout is 92 tokens.
    #[must_use]
    pub fn open_images(classes: usize) -> Self {
        Self { classes, objects: 30, vocabulary: 8192, crop: true }
    }

    /// How many tokens a layout becomes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.objects.saturating_mul(3).saturating_add(if self.crop { 2 } else { 0 })
    }

    /// The tokens of `objects` in their order: for each its class, its left upper and its right lower corner; then the
    /// padding; then the corners of `crop`, the whole picture where it is `None`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for too many objects, a class that the model does not have, bounds that are not within
    /// the picture or have no area, and for a crop where the model has none.
    pub fn encode(&self, objects: &[LayoutObject], crop: Option<[f64; 4]>) -> Result<Vec<u32>> {
        if objects.len() > self.objects {
            return Err(Error::invalid(format!(
                "the layout has {} objects; this model takes up to {}",
                objects.len(),
                self.objects
            )));
        }
        if crop.is_some() && !self.crop {
            return Err(Error::invalid("the layout has a crop, but this model's layouts have none"));
        }
        let padding = self.padding()?;
        let mut tokens = Vec::with_capacity(self.length());
        for (number, object) in objects.iter().enumerate() {
            tokens.push(self.class(number, object)?);
            tokens.extend(self.corners(&format!("object {number}"), object.bounds)?);
        }
        tokens.resize(self.objects.saturating_mul(3), padding);
        if self.crop {
            tokens.extend(self.corners("the crop", crop.unwrap_or([0.0, 0.0, 1.0, 1.0]))?);
        }
        Ok(tokens)
    }

    /// The token of a place that no object has.
    fn padding(&self) -> Result<u32> {
        u32::try_from(self.vocabulary)
            .ok()
            .and_then(|count| count.checked_sub(1))
            .ok_or_else(|| Error::invalid(format!("a layout cannot have a vocabulary of {} tokens", self.vocabulary)))
    }

    fn class(&self, number: usize, object: &LayoutObject) -> Result<u32> {
        let LayoutObject { class, flags, .. } = *object;
        if class >= self.classes {
            return Err(Error::invalid(format!(
                "object {number} of the layout has the class {class}; allowed are 0 to {}",
                self.classes.saturating_sub(1)
            )));
        }
        let token = self.classes.checked_mul(flags).and_then(|token| token.checked_add(class));
        let token = token.filter(|token| *token < self.vocabulary).and_then(|token| u32::try_from(token).ok());
        token.ok_or_else(|| {
            Error::invalid(format!(
                "object {number} of the layout has the flags {flags} and the class {class}, for which a vocabulary of {} \
                 has no token",
                self.vocabulary
            ))
        })
    }

    /// The tokens of the left upper and of the right lower corner.
    fn corners(&self, what: &str, [left, top, right, bottom]: [f64; 4]) -> Result<[u32; 2]> {
        let inside = [left, top, right, bottom].iter().all(|v| (0.0..=1.0).contains(v));
        if !(inside && left < right && top < bottom) {
            return Err(Error::invalid(format!(
                "{what} of the layout goes from ({left}, {top}) to ({right}, {bottom}); allowed is from the left upper to \
                 the right lower corner, each 0 to 1"
            )));
        }
        let side = self.vocabulary.isqrt();
        // 0 to side − 1, halves to even as Python rounds.
        let place = |v: f64| (v * (side.saturating_sub(1)) as f64).round_ties_even() as usize;
        let corner = |x: f64, y: f64| u32::try_from(place(y) * side + place(x)).unwrap_or(u32::MAX);
        Ok([corner(left, top), corner(right, bottom)])
    }
}
