//! Validates operations and fragments as a whole (GraphQL, sections 5.2, 5.5.1 and 5.8).

use super::validator::{Usage, Validator};
use super::variables::{DeclaredVariable, Used};
use crate::document::parse::ast::{Fragment, Name, Operation, OperationKind};
use crate::document::parse::diagnostic::short;
use crate::document::schema::TypeId;

impl<'a, 's> Validator<'_, 'a, 's> {
    /// Applies all rules except field merging.
    pub fn definitions(&mut self) -> Vec<Vec<DeclaredVariable>> {
        let document = self.document;
        self.unique(document.operations.iter().filter_map(|one| one.name), "operation");
        self.unique(document.fragments.iter().map(|one| one.name), "fragment");
        let of_fragments: Vec<_> = document.fragments.iter().map(|fragment| self.fragment(fragment)).collect();
        let mut is_used = vec![false; document.fragments.len()];
        let mut operations = Vec::with_capacity(document.operations.len());
        for (number, operation) in document.operations.iter().enumerate() {
            let own = self.operation(operation);
            let fragments = self.graph.used_by(number);
            for fragment in &fragments {
                if let Some(flag) = is_used.get_mut(*fragment) {
                    *flag = true;
                }
            }
            let of_fragments = fragments.iter().filter_map(|fragment| of_fragments.get(*fragment));
            operations.push(self.variables(operation, &Used { own, of_fragments: of_fragments.collect() }));
        }
        for (fragment, is_used) in document.fragments.iter().zip(is_used) {
            // If two fragments have the same name, the second is never used; the duplicate is already reported.
            let is_first = self.graph.find(fragment.name.text).is_some_and(|number| {
                document.fragments.get(number).is_some_and(|first| first.name.at == fragment.name.at)
            });
            if !is_used && is_first {
                self.diagnostic(
                    |_| format!("Fragment \"{}\" is never used.", short(fragment.name.text)),
                    [fragment.at],
                );
            }
        }
        operations
    }

    fn operation(&mut self, operation: &'_ Operation<'a>) -> Vec<Usage<'a, 's>> {
        if operation.name.is_none() && self.document.operations.len() > 1 {
            let message = |_: &Self| "This anonymous operation must be the only defined operation.".to_owned();
            self.diagnostic(message, [operation.at]);
        }
        let kind = operation.kind.text();
        let root = self.schema.root(operation.kind);
        if root.is_none() {
            self.diagnostic(|_| format!("The {kind} operation is not supported by the schema."), [operation.at]);
        }
        let location = match operation.kind {
            OperationKind::Query => "QUERY",
            OperationKind::Mutation => "MUTATION",
            OperationKind::Subscription => "SUBSCRIPTION",
        };
        self.directives(&operation.directives, location);
        self.selections(root, &operation.selection);
        if operation.kind == OperationKind::Subscription && root.is_some() {
            self.subscription(operation);
        }
        std::mem::take(&mut self.usages)
    }

    fn fragment(&mut self, fragment: &'_ Fragment<'a>) -> Vec<Usage<'a, 's>> {
        let on = self.condition(fragment.on, Some(fragment.name));
        self.directives(&fragment.directives, "FRAGMENT_DEFINITION");
        self.selections(on, &fragment.selection);
        std::mem::take(&mut self.usages)
    }

    /// The type condition of a fragment, if the type exists and can have fragments.
    pub fn condition(&mut self, on: Name<'_>, fragment: Option<Name<'_>>) -> Option<TypeId> {
        let Some(id) = self.schema.find(on.text) else {
            self.diagnostic(|_| format!("Unknown type \"{}\".", short(on.text)), [on.at]);
            return None;
        };
        if self.schema.is_composite(id) {
            return Some(id);
        }
        let message = |_: &Self| {
            let name = fragment.map(|name| format!("Fragment \"{}\"", short(name.text)));
            let name = name.unwrap_or_else(|| "Fragment".to_owned());
            format!("{name} cannot condition on non composite type \"{}\".", on.text)
        };
        self.diagnostic(message, [on.at]);
        None
    }
}
