//! `@skip` and `@include` (GraphQL, sections 3.13.1 and 3.13.2).

use crate::bridge::types::Directive;
use crate::bridge::{ConstValue, Literal, Positioned, Variables};

/// Returns the condition of `@skip` or `@include`, and the value of it that keeps the selection.
pub fn condition(directive: &Directive) -> Option<(bool, &Literal)> {
    let wanted = match directive.name.node.as_str() {
        "skip" => false,
        "include" => true,
        _ => return None,
    };
    Some((wanted, &directive.get_argument("if")?.node))
}

/// Whether a selection with these directives is included. `flag` returns the value of a Boolean variable.
pub fn is_included(directives: &[Positioned<Directive>], flag: impl Fn(&str) -> bool) -> bool {
    directives.iter().all(|directive| {
        let Some((wanted, condition)) = condition(&directive.node) else { return true };
        let is = match condition {
            Literal::Boolean(flag) => *flag,
            Literal::Variable(name) => flag(name),
            _ => return false,
        };
        is == wanted
    })
}

/// The value of a Boolean variable; false if it is not provided.
pub fn flag(variables: &Variables, name: &str) -> bool {
    matches!(variables.get(name), Some(ConstValue::Boolean(true)))
}
