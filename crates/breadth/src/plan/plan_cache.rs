//! Caches plans with their document.
//!
//! A plan depends on the variables that `@skip` and `@include` name, and on no others. It is built once for each
//! combination of their values that occurs.

use std::sync::{Arc, Mutex, PoisonError};

use crate::bridge::types::OperationDefinition;
use crate::bridge::{Name, Variables};
use crate::document::Schema;
use crate::document::conditions::flag;

use super::plan::Plan;
use crate::declare::ObjectType;
use crate::selection::{Fragments, PlanContext, condition_variables};

/// Maximum number of condition variables for which plans are cached: one bit each.
const MAX_CONDITIONS: usize = 64;

/// Maximum number of condition variables for which plans are built ahead: one plan per combination, so at most sixteen.
const MAX_CONDITIONS_AHEAD: usize = 4;

/// The source of plans: a valid operation, the fragments of its document, and the types.
#[derive(Clone, Copy)]
pub struct Planning<'a> {
    pub types: &'a Schema,
    pub operation: &'a OperationDefinition,
    pub fragments: &'a Fragments,
}

impl Planning<'_> {
    fn plan(self, root: &'static ObjectType, flag: &dyn Fn(&str) -> bool) -> Arc<Plan> {
        let Self { types, operation, fragments } = self;
        Arc::new(Plan::of(root, operation, PlanContext { types, fragments, flag }))
    }
}

/// The plans of an operation.
pub struct PlanCache {
    root: &'static ObjectType,
    /// The variables that `@skip` and `@include` name.
    conditions: Vec<Name>,
    /// Maximum size of all cached plans in bytes.
    space: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Plans by the values of the conditions, one bit each.
    plans: Vec<(u64, Arc<Plan>)>,
    bytes: usize,
}

impl PlanCache {
    /// Starts without plans. Fragments can turn a small document into a large plan, and each plan repeats long names
    /// and values, so plans are cached only up to `space` bytes in total.
    pub fn new(root: &'static ObjectType, of: Planning<'_>, space: usize) -> Self {
        Self { root, conditions: condition_variables(of.fragments, of.operation), space, kept: Mutex::default() }
    }

    /// Builds and caches the plans that requests will need, however large they are; meant for documents that the
    /// operator of the server chose. With more than 4 conditions it builds only the plan in which all are false, with
    /// more than 64 none.
    pub fn prepare(&mut self, of: Planning<'_>) {
        let conditions = self.conditions.len();
        let choices =
            if conditions <= MAX_CONDITIONS_AHEAD { 1 << conditions } else { u64::from(conditions <= MAX_CONDITIONS) };
        let mut made = Kept::default();
        for choice in 0..choices {
            let flag = |name: &str| {
                let place = self.conditions.iter().rev().position(|known| known.as_str() == name);
                place.is_some_and(|place| choice >> place & 1 == 1)
            };
            let plan = of.plan(self.root, &flag);
            made.bytes += plan.bytes;
            made.plans.push((choice, plan));
        }
        self.space = self.space.max(made.bytes);
        self.kept = Mutex::new(made);
    }

    /// Returns the plan for these variables; `of` must be the same as in [`new`](Self::new).
    pub fn plan(&self, of: Planning<'_>, variables: &Variables) -> Arc<Plan> {
        let flag = |name: &str| flag(variables, name);
        if self.conditions.len() > MAX_CONDITIONS {
            return of.plan(self.root, &flag);
        }
        let choice = self.conditions.iter().fold(0, |choice, name| choice << 1 | u64::from(flag(name)));
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, plan)) = kept().plans.iter().find(|(known, _)| *known == choice) {
            return Arc::clone(plan);
        }
        // Built without the lock, as it takes a while. Another request may have built the same plan meanwhile.
        let plan = of.plan(self.root, &flag);
        let mut kept = kept();
        let bytes = kept.bytes + plan.bytes;
        if bytes <= self.space && kept.plans.iter().all(|(known, _)| *known != choice) {
            kept.bytes = bytes;
            kept.plans.push((choice, Arc::clone(&plan)));
        }
        plan
    }
}
