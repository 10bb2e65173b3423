//! Options by name: what a provider's options are called, what each takes, and how a value is read.

/// One option of a provider.
pub(super) struct Key<T> {
    /// What it is called.
    pub(super) name: &'static str,
    /// What it takes, to follow "it must be".
    pub(super) allowed: &'static str,
    /// Reads the value; `None` when it is none that is allowed.
    pub(super) set: fn(&mut T, &str) -> Option<()>,
}

/// What [`flag`] takes.
pub(super) const FLAG: &str = "1 or 0";
/// What [`bytes`] takes.
pub(super) const BYTES: &str = "a number of bytes above 0, as 4294967296, 512M or 4G";
/// What [`text`] takes when it is a folder.
pub(super) const FOLDER: &str = "the path of a folder";

pub(super) fn flag(value: &str) -> Option<bool> {
    match value {
        "1" | "true" | "on" => Some(true),
        "0" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// A number with K, M or G for the powers of 1024.
pub(super) fn bytes(value: &str) -> Option<u64> {
    let (digits, factor) = match value.char_indices().next_back()? {
        (end, 'k' | 'K') => (&value[..end], 1 << 10),
        (end, 'm' | 'M') => (&value[..end], 1 << 20),
        (end, 'g' | 'G') => (&value[..end], 1 << 30),
        _ => (value, 1_u64),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor).filter(|bytes| *bytes > 0)
}

pub(super) fn whole(value: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    value.parse().ok().filter(|number| range.contains(number))
}

/// A text that says something and that C can carry.
pub(super) fn text(value: &str) -> Option<String> {
    (!value.is_empty() && !value.contains('\0')).then(|| value.to_owned())
}

/// An enum whose values have names, in the order in which they are listed.
macro_rules! choice {
    ($(#[$about:meta])* $visible:vis enum $name:ident { $($(#[$each:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $visible enum $name { $($(#[$each])* $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name, as options spell it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The value of that name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }
    };
}
pub(super) use choice;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_suffixes_and_never_overflow() {
        assert_eq!(
            (bytes("5"), bytes("2K"), bytes("3m"), bytes("4G")),
            (Some(5), Some(2048), Some(3 << 20), Some(4 << 30))
        );
        for bad in ["", "G", "-1", "0", "0G", "1.5G", "1T", "18446744073709551615K", "1é"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
        assert_eq!((flag("1"), flag("off"), flag("2")), (Some(true), Some(false), None));
        assert_eq!((whole("5", 0..=5), whole("6", 0..=5), whole("-1", 0..=5)), (Some(5), None, None));
        assert_eq!((text("a"), text(""), text("a\0b")), (Some("a".to_owned()), None, None));
    }
}
