//! Loads the relations of a plan, wave by wave.

use futures_util::future::{BoxFuture, join, join_all};

use super::meter::ExecutionMeter;
use crate::Context;
use crate::bridge::Variables;
use crate::declare::{CoercedArguments, Prepared, Ready};
use crate::error::{Error, Result};
use crate::loader::LoadState;
use crate::plan::{Plan, PlannedFieldKind, ROOT};
use crate::rows::{ChildRows, ErasedRow, FieldValue, RowList};

/// The rows of all nodes, and where each relation leads from each row.
pub struct Tree {
    pub rows: Vec<Option<Box<dyn RowList>>>,
    pub values: Vec<Vec<FieldValue>>,
}

impl Tree {
    fn of(plan: &Plan) -> Self {
        Self {
            rows: plan.nodes.iter().map(|_| None).collect(),
            values: plan.relations.iter().map(|_| Vec::new()).collect(),
        }
    }

    /// The tree of an operation that could not load anything.
    pub fn failed(plan: &Plan, root: Box<dyn RowList>, error: &Error) -> Self {
        let mut tree = Self::of(plan);
        tree.rows[ROOT] = Some(root);
        for field in &plan.nodes[ROOT].fields {
            if let PlannedFieldKind::Relation(relation) = field.kind {
                tree.values[relation] = vec![FieldValue::Failed(error.clone())];
            }
        }
        tree
    }

    /// Estimates the size of the response in bytes: about 32 per field.
    pub fn size(&self, plan: &Plan) -> usize {
        let nodes = self.rows.iter().zip(&plan.nodes);
        nodes.map(|(rows, node)| rows.as_ref().map_or(0, |rows| rows.len() * node.fields.len() * 32)).sum()
    }
}

/// A root field, by its position, and its arguments.
pub struct RootField<'r> {
    pub position: usize,
    pub given: Option<CoercedArguments<'r>>,
}

/// Loads everything that the plan selects from the root row: for all root fields, or for `only` one.
///
/// # Errors
/// The operation exceeds a limit of its meter.
pub async fn run<'r>(
    plan: &'r Plan,
    root: Box<dyn RowList>,
    only: Option<RootField<'r>>,
    ctx: Context<'r>,
    variables: &'r Variables,
    meter: Option<&'r dyn ExecutionMeter>,
) -> Result<Tree> {
    let check = || meter.map_or(Ok(()), ExecutionMeter::check);
    let mut state = LoadState::default();
    let mut run = Run {
        plan,
        ctx,
        variables,
        meter,
        tree: Tree::of(plan),
        waiting: (0..=plan.waves).map(|_| Vec::new()).collect(),
        coming: Vec::new(),
        given: None,
    };
    let position = only.as_ref().map(|only| only.position);
    run.given = only.and_then(|only| only.given);
    run.enter(ROOT, root, position, &mut state)?;
    for wave in 1..=plan.waves {
        if run.waiting[wave].is_empty() {
            continue;
        }
        check()?;
        let mut ready: Vec<(usize, Ready)> = Vec::new();
        for (node, relation) in std::mem::take(&mut run.waiting[wave]) {
            ready.extend(run.prepare(node, relation, &mut state).map(|ready| (relation, ready)));
            yield_now(meter).await;
        }
        let coming = std::mem::take(&mut run.coming);
        if coming.is_empty() {
            state.run_wave(ctx).await;
        } else {
            let coming = coming.into_iter().map(|(relation, coming)| async move { (relation, coming.await) });
            ready.extend(join(state.run_wave(ctx), join_all(coming)).await.1);
        }
        check()?;
        for (relation, ready) in ready {
            let below = plan.relations[relation].field.complete(ready, &mut state);
            run.leave(relation, below, &mut state)?;
            yield_now(meter).await;
        }
    }
    Ok(run.tree)
}

/// Yields to other tasks if the meter says so.
async fn yield_now(meter: Option<&dyn ExecutionMeter>) {
    if let Some(meter) = meter {
        meter.yield_now().await;
    }
}

struct Run<'r> {
    plan: &'r Plan,
    ctx: Context<'r>,
    variables: &'r Variables,
    meter: Option<&'r dyn ExecutionMeter>,
    tree: Tree,
    /// Relations by the wave they are loaded in, with the node they start from.
    waiting: Vec<Vec<(usize, usize)>>,
    /// Futures that relations of this wave have started.
    coming: Vec<(usize, BoxFuture<'r, Ready>)>,
    /// The arguments of the first relation to be prepared, if they are parsed already.
    given: Option<CoercedArguments<'r>>,
}

impl Run<'_> {
    /// Stores the rows of a node. Relations that need no load are followed at once; the others wait for their wave.
    ///
    /// # Errors
    /// The response would contain too many values, or the rows take too much memory.
    fn enter(&mut self, node: usize, rows: Box<dyn RowList>, only: Option<usize>, state: &mut LoadState) -> Result<()> {
        let plan = self.plan;
        let planned = &plan.nodes[node];
        if let Some(meter) = self.meter {
            meter.plan_values(rows.len().saturating_mul(planned.fields.len()) as u64)?;
            // Each relation stores a slot per row.
            let each = size_of::<&ErasedRow>() + planned.relation_count * size_of::<FieldValue>();
            meter.reserve_rows(rows.len().saturating_mul(each) as u64)?;
        }
        self.tree.rows[node] = Some(rows);
        for (position, field) in planned.fields.iter().enumerate() {
            let PlannedFieldKind::Relation(relation) = field.kind else { continue };
            if only.is_some_and(|only| only != position) {
                continue;
            }
            match plan.relations[relation].wave() {
                0 => {
                    if let Some(ready) = self.prepare(node, relation, state) {
                        let below = plan.relations[relation].field.complete(ready, state);
                        self.leave(relation, below, state)?;
                    }
                }
                wave => self.waiting[wave].push((node, relation)),
            }
        }
        Ok(())
    }

    /// Prepares a relation; returns `None` if a future resolves it or its arguments are invalid.
    fn prepare(&mut self, node: usize, relation: usize, state: &mut LoadState) -> Option<Ready> {
        let rows = self.tree.rows[node].as_deref()?;
        let planned = &self.plan.relations[relation];
        let given = self.given.take().map_or_else(|| planned.arguments.given(planned.field, self.variables), Ok);
        match given {
            Ok(given) => match planned.field.prepare(rows, given, self.ctx, state) {
                Prepared::Ready(ready) => return Some(ready),
                Prepared::Coming(coming) => self.coming.push((relation, coming)),
            },
            Err(message) => {
                let failed = || FieldValue::Failed(Error::new(message.clone()));
                self.tree.values[relation] = (0..rows.len()).map(|_| failed()).collect();
            }
        }
        None
    }

    fn leave(&mut self, relation: usize, below: ChildRows, state: &mut LoadState) -> Result<()> {
        let plan = self.plan;
        self.tree.values[relation] = below.values;
        for (node, rows) in plan.relations[relation].below.iter().zip(below.rows) {
            self.enter(*node, rows, None, state)?;
        }
        Ok(())
    }
}
