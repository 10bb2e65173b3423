//! Colours measured straight from pixels.

use diffusion::Image;
use serde::Deserialize;

/// Hue in degrees (`hue_from > hue_to` goes through 360), saturation and value of HSV, 0 to 1.
#[derive(Deserialize)]
pub struct ColourRange {
    hue_from: f32,
    hue_to: f32,
    saturation_min: f32,
    saturation_max: f32,
    value_min: f32,
}

impl ColourRange {
    /// Whether the colour, 0 to 255 each, lies within.
    pub fn holds(&self, [r, g, b]: [f32; 3]) -> bool {
        let [r, g, b] = [r / 255.0, g / 255.0, b / 255.0];
        let (value, low) = (r.max(g).max(b), r.min(g).min(b));
        let span = (value - low).max(1e-6);
        let sixth = match value {
            v if v == r => ((g - b) / span).rem_euclid(6.0),
            v if v == g => (b - r) / span + 2.0,
            _ => (r - g) / span + 4.0,
        };
        let hue = sixth * 60.0;
        let saturation = (value - low) / value.max(1e-6);
        let in_hue = if self.hue_from <= self.hue_to {
            (self.hue_from..=self.hue_to).contains(&hue)
        } else {
            hue >= self.hue_from || hue <= self.hue_to
        };
        in_hue && (self.saturation_min..=self.saturation_max).contains(&saturation) && value >= self.value_min
    }
}

/// The pixels of columns `x` and rows `y`.
pub fn pixels(image: &Image, x: std::ops::Range<u32>, y: std::ops::Range<u32>) -> Vec<[f32; 3]> {
    let mut found = Vec::new();
    for row in y {
        let row = image.row(row).unwrap();
        for column in x.clone() {
            let at = column as usize * 3;
            found.push([row[at], row[at + 1], row[at + 2]].map(f32::from));
        }
    }
    found
}
