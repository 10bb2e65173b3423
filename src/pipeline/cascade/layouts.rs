//! A request's boxes as tokens.

use std::collections::BTreeMap;

use super::opened::Cascade;
use crate::error::{Error, Result};
use crate::model::cascade::Layout;
use crate::pipeline::GroundedBox;
use crate::text::layout_tokens::{LayoutObject, LayoutTokens};

/// How a manifest's layout becomes tokens.
pub(super) fn tokens(layout: &Layout) -> LayoutTokens {
    LayoutTokens {
        classes: layout.classes.len(),
        objects: layout.objects,
        vocabulary: layout.vocabulary,
        crop: layout.crop,
    }
}

/// The tokens of the boxes for each of the manifest's layouts; none where there are no boxes.
///
/// # Errors
/// [`Error::InvalidArgument`] for boxes that the model takes none or not so many of, and for a phrase that is no class.
pub(super) fn encoded(cascade: &Cascade, boxes: &[GroundedBox]) -> Result<BTreeMap<String, Vec<u32>>> {
    let layouts = &cascade.folder.manifest.layouts;
    if boxes.is_empty() {
        return Ok(BTreeMap::new());
    }
    if layouts.is_empty() {
        return Err(Error::invalid(format!(
            "boxes are given, but the model at \"{}\" takes none",
            cascade.folder.root.display()
        )));
    }
    let encode = |(name, layout): (&String, &Layout)| {
        let objects = boxes.iter().map(|object| self::object(layout, object)).collect::<Result<Vec<_>>>()?;
        Ok((name.clone(), tokens(layout).encode(&objects, None)?))
    };
    layouts.iter().map(encode).collect()
}

fn object(layout: &Layout, given: &GroundedBox) -> Result<LayoutObject> {
    let class = layout.classes.iter().position(|class| *class == given.phrase).ok_or_else(|| {
        let some: Vec<_> = layout.classes.iter().take(8).map(|class| format!("\"{class}\"")).collect();
        let more = if layout.classes.len() > some.len() { " …" } else { "" };
        Error::invalid(format!(
            "a box holds \"{}\", which is no class of the model; it has {}{more}",
            given.phrase,
            some.join(", ")
        ))
    })?;
    // 0.3 is meant where a caller's float32 says 0.30000001.
    Ok(LayoutObject { class, flags: 0, bounds: given.corners.map(crate::pipeline::plan::as_written) })
}
