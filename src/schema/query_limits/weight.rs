use super::bounds::QueryLimits;

/// The weight of a selection set.
#[derive(Clone, Copy, Default)]
pub struct SelectionCost {
    pub fields: u64,
    pub values: u64,
    /// Bytes of arguments, times the number of objects that they apply to.
    pub arguments: u64,
    /// Values in arguments; a variable counts wherever it is used, and an object counts as ten.
    pub inputs: u64,
    /// Bytes that mutations write, times the number of records that they are written to.
    pub written: u64,
    pub aliases: u64,
    pub directives: u64,
    /// Nesting of selections.
    pub depth: u64,
    /// Fields of the set itself.
    pub own_fields: u64,
    /// Whether the set selects a list whose length its parent determines, such as the nodes of a connection.
    pub page: bool,
}

impl SelectionCost {
    /// Combines the weights of two siblings.
    pub fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.values = self.values.saturating_add(other.values);
        self.arguments = self.arguments.saturating_add(other.arguments);
        self.inputs = self.inputs.saturating_add(other.inputs);
        self.written = self.written.saturating_add(other.written);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.own_fields = self.own_fields.saturating_add(other.own_fields);
        self.depth = self.depth.max(other.depth);
        self.page |= other.page;
    }

    /// # Errors
    /// The exceeded quantity, with its limit.
    pub fn check(&self, limits: &QueryLimits) -> Result<(), String> {
        let counted = [
            (self.fields, limits.fields, "fields"),
            (self.aliases, limits.aliases, "aliases"),
            (self.directives, limits.directives, "directives"),
        ];
        if let Some((_, most, what)) = counted.into_iter().find(|(count, most, _)| count > most) {
            return Err(format!("The document has more than {most} {what}, fragments expanded."));
        }
        if self.depth > limits.depth {
            return Err(format!("The document nests more than {} selections, fragments expanded.", limits.depth));
        }
        if self.values > limits.values {
            let most = limits.values;
            return Err(format!(
                "The response could contain more than {most} values; request smaller pages, or nest fewer of them."
            ));
        }
        if self.arguments > limits.arguments {
            let most = limits.arguments;
            return Err(format!(
                "The arguments add up to more than {most} bytes, counted for each object that they are used with."
            ));
        }
        if self.inputs > limits.inputs {
            let most = limits.inputs;
            return Err(format!(
                "The arguments contain more than {most} values, where an object counts as ten, and a variable counts \
                 at each use; send them in several operations."
            ));
        }
        Ok(())
    }
}
