//! Sizes that may be unknown: products of a number and of unknown sizes.

/// A size: a whole number times unknown sizes, `8`, `batch`, or `2·batch·height`.
///
/// Two equal sizes are equal in every run of the graph; two that differ may still be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dim {
    factor: i64,
    /// Sorted.
    symbols: Vec<u32>,
}

impl Dim {
    /// A known size.
    pub(super) fn known(value: i64) -> Self {
        Self { factor: value, symbols: Vec::new() }
    }

    /// An unknown size, which has a number of its own.
    pub(super) fn symbol(number: u32) -> Self {
        Self { factor: 1, symbols: vec![number] }
    }

    /// The number, if nothing in it is unknown.
    #[must_use]
    pub fn value(&self) -> Option<i64> {
        self.symbols.is_empty().then_some(self.factor)
    }

    /// Whether it is the number `value`.
    #[must_use]
    pub fn is(&self, value: i64) -> bool {
        self.value() == Some(value)
    }

    /// Whether it is zero or more whatever the unknown sizes are.
    pub(super) fn never_negative(&self) -> bool {
        self.factor >= 0
    }

    /// The product; `None` if the number overflows.
    #[must_use]
    pub fn times(&self, other: &Self) -> Option<Self> {
        let factor = self.factor.checked_mul(other.factor)?;
        if factor == 0 {
            return Some(Self::known(0));
        }
        let mut symbols = [&self.symbols[..], &other.symbols].concat();
        symbols.sort_unstable();
        Some(Self { factor, symbols })
    }

    /// The quotient, if the division is exact whatever the unknown sizes are.
    #[must_use]
    pub fn over(&self, other: &Self) -> Option<Self> {
        if other.factor == 0 || self.factor.checked_rem(other.factor)? != 0 {
            return None;
        }
        let mut symbols = self.symbols.clone();
        for symbol in &other.symbols {
            symbols.remove(symbols.binary_search(symbol).ok()?);
        }
        Some(Self { factor: self.factor.checked_div(other.factor)?, symbols })
    }

    /// The product of all.
    #[must_use]
    pub fn product<'d>(dims: impl IntoIterator<Item = &'d Self>) -> Option<Self> {
        dims.into_iter().try_fold(Self::known(1), |product, dim| product.times(dim))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_sizes_cancel() {
        let (b, s) = (Dim::symbol(0), Dim::symbol(1));
        let all = Dim::product([&b, &s, &Dim::known(32)]).unwrap();
        assert_eq!(all, Dim::product([&Dim::known(32), &s, &b]).unwrap());
        assert!(all.over(&Dim::product([&s, &b, &Dim::known(8)]).unwrap()).unwrap().is(4));
        assert_eq!(all.over(&Dim::known(5)), None);
        assert_eq!(b.over(&s), None);
        assert_eq!(all.over(&Dim::known(0)), None);
        assert_eq!(Dim::known(i64::MAX).times(&Dim::known(2)), None);
        assert_eq!(Dim::known(i64::MIN).over(&Dim::known(-1)), None);
        assert_eq!((b.value(), Dim::known(3).value()), (None, Some(3)));
    }
}
