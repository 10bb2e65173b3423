//! What transformers' `CLIPTokenizer` does to a text before it looks for words.
//!
//! The class that SD 1.x folders name cleans with BERT's `BasicTokenizer` (transformers
//! `tokenization_clip.py`, `strip_accents=False, do_split_on_punc=False`) unless ftfy happens to be installed.

use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization;

/// Drops control and unassigned characters, makes every space a plain one, puts spaces around CJK ideographs,
/// composes (NFC), and lower-cases word by word. Words come back joined by single spaces.
pub(super) fn clean(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        if is_space(c) {
            kept.push(' ');
        } else if c == '\u{FFFD}' || is_control(c) {
        } else if is_ideograph(c) {
            kept.extend([' ', c, ' ']);
        } else {
            kept.push(c);
        }
    }
    let composed: String = kept.nfc().collect();
    // Word by word, because Python's lower() looks at a sigma's neighbours to see whether it ends a word.
    let words: Vec<_> = composed.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// `_is_whitespace` of transformers' `tokenization_utils.py`; the remaining separators split words later.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r') || get_general_category(c) == GeneralCategory::SpaceSeparator
}

/// `_is_control`: every category that begins with C.
fn is_control(c: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse, Surrogate, Unassigned};
    matches!(get_general_category(c), Control | Format | PrivateUse | Surrogate | Unassigned)
}

/// `_is_chinese_char`: the CJK Unified Ideographs blocks and the compatibility ones.
fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F | 0x2B740..=0x2B81F
        | 0x2B820..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn cleans_as_basic_tokenizer_does() {
        assert_eq!(clean("  A\u{a0}Red\tHOUSE\u{200b}\0 "), "a red house");
        assert_eq!(clean("猫cat"), "猫 cat");
        assert_eq!(clean("Cafe\u{301}"), "caf\u{e9}");
        assert_eq!(clean("ΟΔΟΣ Σ"), "οδος σ");
    }
}
