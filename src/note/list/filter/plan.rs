use sea_orm::Condition;
use sea_orm::sea_query::IntoCondition;

/// A filter's conditions, separated by their cost. A weight is the work per note, in units of about a microsecond.
#[derive(Clone, Debug)]
pub struct FilterPlan {
    /// Conditions that compare columns of the note, or that an index answers. They select the candidates.
    pub cheap: Condition,
    /// Conditions that read long texts or other tables for each note. Only candidates are checked against them.
    pub expensive: Condition,
    /// The work of the `expensive` conditions per note; 0 if there are none.
    pub weight: u64,
}

impl Default for FilterPlan {
    fn default() -> Self {
        Self { cheap: Condition::all(), expensive: Condition::all(), weight: 0 }
    }
}

impl FilterPlan {
    /// Adds a condition with its weight, the work per note; the weight is 0 if it compares columns or has an index.
    pub fn add(&mut self, condition: impl IntoCondition, weight: u64) {
        let part = if weight == 0 { &mut self.cheap } else { &mut self.expensive };
        *part = std::mem::replace(part, Condition::all()).add(condition.into_condition());
        self.weight += weight;
    }

    /// Adds all conditions of another plan.
    pub fn join(&mut self, other: Self) {
        if !other.cheap.is_empty() {
            self.add(other.cheap, 0);
        }
        if other.weight > 0 {
            self.add(other.expensive, other.weight);
        }
    }

    /// Both parts as one condition, with its weight.
    pub fn combined(self) -> (Condition, u64) {
        let Self { cheap, expensive, weight } = self;
        (if expensive.is_empty() { cheap } else { cheap.add(expensive) }, weight)
    }
}
