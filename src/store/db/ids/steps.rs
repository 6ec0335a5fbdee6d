use sea_orm::DbErr;

/// Steps are smaller than two to the power of this.
const MAX_BITS: u8 = 20;

/// The distance between consecutive ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdSpacing {
    /// Random, from 1 to a million, with each power of two equally likely. The gap between two ids then mostly depends
    /// on the largest step in it, and says little about how many ids it contains.
    #[default]
    Random,
    /// Always 1, without blocks, for tests that compare ids.
    Dense,
}

impl IdSpacing {
    /// Returns the next step.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn next(self) -> Result<i64, DbErr> {
        match self {
            Self::Dense => Ok(1),
            Self::Random => {
                let bits = random()?;
                let power = 1 << ((bits >> 32) % u64::from(MAX_BITS));
                Ok(i64::try_from(power + (bits & (power - 1))).unwrap_or(1))
            }
        }
    }

    /// Returns `count` steps.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn take(self, count: usize) -> Result<Vec<i64>, DbErr> {
        (0..count).map(|_| self.next()).collect()
    }

    /// How far the database counter advances for one block, which holds some 200 ids.
    pub fn block(self) -> i64 {
        match self {
            Self::Random => 1 << (MAX_BITS + 4),
            Self::Dense => 1,
        }
    }
}

/// Returns a random id for a company, from 1 to two billion.
///
/// # Errors
/// If the system has no randomness to give.
pub fn random_company() -> Result<i64, DbErr> {
    Ok(i64::from(u32::try_from(random()? >> 33).unwrap_or_default()) + 1)
}

fn random() -> Result<u64, DbErr> {
    getrandom::u64().map_err(|error| DbErr::Custom(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_power_of_two_is_equally_likely() {
        let mut steps = IdSpacing::Random.take(20_000).unwrap();
        steps.sort_unstable();
        assert!(steps[0] >= 1 && steps[19_999] < 1 << MAX_BITS);
        for bits in 1..MAX_BITS {
            let below = steps.iter().filter(|step| **step < 1 << bits).count();
            let expected = 1_000 * usize::from(bits);
            // Six standard deviations at most.
            assert!(below.abs_diff(expected) < 450, "{below} steps are below two to the {bits}");
        }
    }
}
