use std::ops::RangeInclusive;

/// Returns a parser for whole numbers within bounds, whose error states the bounds.
pub fn number<N: TryFrom<u64>>(
    unit: &'static str,
    bounds: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        number
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| format!("expected a whole number of {unit}, {} to {}", bounds.start(), bounds.end()))
    }
}
