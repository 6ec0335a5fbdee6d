//! Checks that a subscription has a single root field (GraphQL, section 5.2.4.1).

use super::validator::Validator;
use crate::document::parse::ast::{Name, Offset, Operation, Selection, Selections};
use crate::document::parse::diagnostic::short;

impl<'a> Validator<'_, 'a, '_> {
    pub fn subscription(&mut self, operation: &Operation<'a>) {
        let name = || match operation.name {
            Some(name) => format!("Subscription \"{}\"", short(name.text)),
            None => "Anonymous Subscription".to_owned(),
        };
        let (mut fields, mut seen, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
        self.root_fields(&operation.selection, &mut fields, &mut seen, &mut conditions);
        if !conditions.is_empty() {
            let message = |_: &Self| {
                let name = name();
                format!("{name} must not use `@skip` or `@include` directives in the top level selection.")
            };
            self.diagnostic(message, conditions);
            return;
        }
        let first = fields.first().map(|(response, _)| *response);
        let others: Vec<_> = fields.iter().filter(|(response, _)| Some(*response) != first).collect();
        if !others.is_empty() {
            let at: Vec<_> = others.iter().map(|(_, name)| name.at).collect();
            self.diagnostic(|_| format!("{} must select only one top level field.", name()), at);
        }
        let meta: Vec<_> =
            fields.iter().filter(|(_, name)| name.text.starts_with("__")).map(|(_, name)| name.at).collect();
        if !meta.is_empty() {
            self.diagnostic(|_| format!("{} must not select an introspection top level field.", name()), meta);
        }
    }

    /// Collects the response names and field names of the root fields, with fragments expanded, and the positions of
    /// directives that would leave some of them out.
    fn root_fields(
        &self,
        selections: &Selections<'a>,
        fields: &mut Vec<(&'a str, Name<'a>)>,
        seen: &mut Vec<usize>,
        conditions: &mut Vec<Offset>,
    ) {
        for selection in &selections.items {
            let directives = match selection {
                Selection::Field(field) => &field.directives,
                Selection::Inline(inline) => &inline.directives,
                Selection::Spread(spread) => &spread.directives,
            };
            let found = directives.iter().filter(|directive| matches!(directive.name.text, "skip" | "include"));
            conditions.extend(found.map(|directive| directive.at));
            match selection {
                Selection::Field(field) => fields.push((field.response_name().text, field.name)),
                Selection::Inline(inline) => self.root_fields(&inline.selection, fields, seen, conditions),
                Selection::Spread(spread) => {
                    if let Some(number) = self.graph.find(spread.name.text)
                        && !seen.contains(&number)
                        && let Some(fragment) = self.document.fragments.get(number)
                    {
                        seen.push(number);
                        self.root_fields(&fragment.selection, fields, seen, conditions);
                    }
                }
            }
        }
    }
}
