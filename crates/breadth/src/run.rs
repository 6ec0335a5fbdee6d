//! Loads the relations of a plan, wave by wave.

use crate::bridge::Variables;
use futures_util::future::{BoxFuture, join, join_all};

use super::Context;
use super::declare::Row;
use super::link::{Below, Given, Prepared, Ready, Rows, Slot};
use super::plan::{Plan, ROOT, What};
use super::question::Store;
use crate::error::{Error, Result};
use crate::meter::Meter;

/// The rows of all scopes, and where each relation leads from each row.
pub struct Tree {
    pub rows: Vec<Option<Box<dyn Rows>>>,
    pub slots: Vec<Vec<Slot>>,
}

impl Tree {
    fn of(plan: &Plan) -> Self {
        Self {
            rows: plan.scopes.iter().map(|_| None).collect(),
            slots: plan.links.iter().map(|_| Vec::new()).collect(),
        }
    }

    /// The tree of an operation that could not load anything.
    pub fn failed(plan: &Plan, root: Box<dyn Rows>, error: &Error) -> Self {
        let mut tree = Self::of(plan);
        tree.rows[ROOT] = Some(root);
        for field in &plan.scopes[ROOT].fields {
            if let What::Link(step) = field.what {
                tree.slots[step] = vec![Slot::Failed(error.clone())];
            }
        }
        tree
    }

    /// Estimates the size of the response in bytes: about 32 per field.
    pub fn size(&self, plan: &Plan) -> usize {
        let scopes = self.rows.iter().zip(&plan.scopes);
        scopes.map(|(rows, scope)| rows.as_ref().map_or(0, |rows| rows.len() * scope.fields.len() * 32)).sum()
    }
}

/// A root field, by its position, and its arguments.
pub struct Only<'r> {
    pub position: usize,
    pub given: Option<Given<'r>>,
}

/// Loads everything that the plan selects from the root row: for all root fields, or for `only` one.
///
/// # Errors
/// The operation exceeds a limit of its meter.
pub async fn run<'r>(
    plan: &'r Plan,
    root: Box<dyn Rows>,
    only: Option<Only<'r>>,
    ctx: Context<'r>,
    variables: &'r Variables,
    meter: Option<&'r dyn Meter>,
) -> Result<Tree> {
    let check = || meter.map_or(Ok(()), Meter::check);
    let mut store = Store::default();
    let mut run = Run {
        plan,
        ctx,
        variables,
        meter,
        tree: Tree::of(plan),
        waiting: (0..=plan.rounds).map(|_| Vec::new()).collect(),
        coming: Vec::new(),
        given: None,
    };
    let position = only.as_ref().map(|only| only.position);
    run.given = only.and_then(|only| only.given);
    run.enter(ROOT, root, position, &mut store)?;
    for round in 1..=plan.rounds {
        if run.waiting[round].is_empty() {
            continue;
        }
        check()?;
        let mut ready: Vec<(usize, Ready)> = Vec::new();
        for (scope, step) in std::mem::take(&mut run.waiting[round]) {
            ready.extend(run.prepare(scope, step, &mut store).map(|ready| (step, ready)));
            yield_now(meter).await;
        }
        let coming = std::mem::take(&mut run.coming);
        if coming.is_empty() {
            store.round(ctx).await;
        } else {
            let coming = coming.into_iter().map(|(step, coming)| async move { (step, coming.await) });
            ready.extend(join(store.round(ctx), join_all(coming)).await.1);
        }
        check()?;
        for (step, ready) in ready {
            let below = plan.links[step].link.follow(ready, &mut store);
            run.leave(step, below, &mut store)?;
            yield_now(meter).await;
        }
    }
    Ok(run.tree)
}

/// Yields to other tasks if the meter says so.
async fn yield_now(meter: Option<&dyn Meter>) {
    if let Some(meter) = meter {
        meter.yield_now().await;
    }
}

struct Run<'r> {
    plan: &'r Plan,
    ctx: Context<'r>,
    variables: &'r Variables,
    meter: Option<&'r dyn Meter>,
    tree: Tree,
    /// Relations by the wave they are loaded in, with the scope they start from.
    waiting: Vec<Vec<(usize, usize)>>,
    /// Futures that relations of this wave have started.
    coming: Vec<(usize, BoxFuture<'r, Ready>)>,
    /// The arguments of the first relation to be prepared, if they are parsed already.
    given: Option<Given<'r>>,
}

impl Run<'_> {
    /// Stores the rows of a scope. Relations that need no load are followed at once; the others wait for their wave.
    ///
    /// # Errors
    /// The response would contain too many values, or the rows take too much memory.
    fn enter(&mut self, scope: usize, rows: Box<dyn Rows>, only: Option<usize>, store: &mut Store) -> Result<()> {
        let plan = self.plan;
        let planned = &plan.scopes[scope];
        if let Some(meter) = self.meter {
            meter.plan_values(rows.len().saturating_mul(planned.fields.len()) as u64)?;
            // Each relation stores a slot per row.
            let each = size_of::<&Row>() + planned.links * size_of::<Slot>();
            meter.hold_rows(rows.len().saturating_mul(each) as u64)?;
        }
        self.tree.rows[scope] = Some(rows);
        for (position, field) in planned.fields.iter().enumerate() {
            let What::Link(step) = field.what else { continue };
            if only.is_some_and(|only| only != position) {
                continue;
            }
            match plan.links[step].round() {
                0 => {
                    if let Some(ready) = self.prepare(scope, step, store) {
                        let below = plan.links[step].link.follow(ready, store);
                        self.leave(step, below, store)?;
                    }
                }
                round => self.waiting[round].push((scope, step)),
            }
        }
        Ok(())
    }

    /// Prepares a relation; returns `None` if a future resolves it or its arguments are invalid.
    fn prepare(&mut self, scope: usize, step: usize, store: &mut Store) -> Option<Ready> {
        let rows = self.tree.rows[scope].as_deref()?;
        let planned = &self.plan.links[step];
        let given = self.given.take().map_or_else(|| planned.arguments.given(planned.link, self.variables), Ok);
        match given {
            Ok(given) => match planned.link.prepare(rows, given, self.ctx, store) {
                Prepared::Ready(ready) => return Some(ready),
                Prepared::Coming(coming) => self.coming.push((step, coming)),
            },
            Err(message) => {
                let failed = || Slot::Failed(Error::new(message.clone()));
                self.tree.slots[step] = (0..rows.len()).map(|_| failed()).collect();
            }
        }
        None
    }

    fn leave(&mut self, step: usize, below: Below, store: &mut Store) -> Result<()> {
        let plan = self.plan;
        self.tree.slots[step] = below.slots;
        for (scope, rows) in plan.links[step].below.iter().zip(below.rows) {
            self.enter(*scope, rows, None, store)?;
        }
        Ok(())
    }
}
