//! Following the links of a plan, round by round.

use super::Context;
use super::declare::Row;
use super::link::{Below, Prepared, Rows, Slot};
use super::plan::{Plan, What};
use super::question::Store;
use crate::error::{Error, Result};
use crate::meter::Meter;
use crate::watchdog::breathe;

/// The rows of all scopes, and where each link leads from each row.
pub struct Tree {
    pub rows: Vec<Option<Box<dyn Rows>>>,
    pub slots: Vec<Vec<Slot>>,
}

impl Tree {
    /// About how many bytes the answer has: a field takes some thirty.
    pub fn size(&self, plan: &Plan) -> usize {
        let scopes = self.rows.iter().zip(&plan.scopes);
        scopes.map(|(rows, scope)| rows.as_ref().map_or(0, |rows| rows.len() * scope.fields.len() * 32)).sum()
    }
}

/// Loads everything that the plan asks for, from the rows of its root scopes.
///
/// # Errors
/// Where the operation passes a limit of its meter, before or after a round.
pub async fn run(
    plan: &Plan,
    roots: Vec<(usize, Box<dyn Rows>)>,
    ctx: &Context<'_>,
    meter: Option<&Meter>,
) -> Result<Tree> {
    let check = || meter.map_or(Ok(()), Meter::check);
    let mut store = Store::default();
    let mut run = Run {
        plan,
        ctx,
        meter,
        tree: Tree {
            rows: plan.scopes.iter().map(|_| None).collect(),
            slots: plan.links.iter().map(|_| Vec::new()).collect(),
        },
        waiting: (0..=plan.rounds).map(|_| Vec::new()).collect(),
    };
    for (scope, rows) in roots {
        run.enter(scope, rows, &mut store)?;
    }
    for round in 1..=plan.rounds {
        check()?;
        let mut prepared: Vec<(usize, Prepared)> = Vec::new();
        for (scope, step) in std::mem::take(&mut run.waiting[round]) {
            prepared.extend(run.prepare(scope, step, &mut store).map(|prepared| (step, prepared)));
            breathe().await;
        }
        store.round(ctx).await;
        check()?;
        for (step, prepared) in prepared {
            let below = plan.links[step].link.follow(prepared, &mut store);
            run.leave(step, below, &mut store)?;
            breathe().await;
        }
    }
    Ok(run.tree)
}

struct Run<'p, 'c, 'a> {
    plan: &'p Plan,
    ctx: &'c Context<'a>,
    meter: Option<&'c Meter>,
    tree: Tree,
    /// Links by the round that they wait for, with the scope that they start from.
    waiting: Vec<Vec<(usize, usize)>>,
}

impl Run<'_, '_, '_> {
    /// A scope has its rows: what they have at hand is followed at once, the rest waits for its round.
    ///
    /// # Errors
    /// Where the answer would hold more values than it may, or its rows take more memory than is left.
    fn enter(&mut self, scope: usize, rows: Box<dyn Rows>, store: &mut Store) -> Result<()> {
        let fields = &self.plan.scopes[scope].fields;
        if let Some(meter) = self.meter {
            let links = fields.iter().filter(|field| matches!(field.what, What::Link(_))).count();
            meter.plan_values(rows.len().saturating_mul(fields.len()) as u64)?;
            // Each link keeps where it leads to from each row.
            let each = size_of::<&Row>() + links * size_of::<Slot>();
            meter.hold_rows(rows.len().saturating_mul(each) as u64)?;
        }
        self.tree.rows[scope] = Some(rows);
        for field in fields {
            let What::Link(step) = field.what else { continue };
            match self.plan.links[step].round() {
                0 => {
                    if let Some(prepared) = self.prepare(scope, step, store) {
                        let below = self.plan.links[step].link.follow(prepared, store);
                        self.leave(step, below, store)?;
                    }
                }
                round => self.waiting[round].push((scope, step)),
            }
        }
        Ok(())
    }

    fn prepare(&mut self, scope: usize, step: usize, store: &mut Store) -> Option<Prepared> {
        let rows = self.tree.rows[scope].as_deref()?;
        let planned = &self.plan.links[step];
        match &planned.arguments {
            Ok(arguments) => Some(planned.link.prepare(rows, arguments.as_ref(), self.ctx, store)),
            Err(message) => {
                let failed = || Slot::Failed(Error::Invalid(message.clone()));
                self.tree.slots[step] = (0..rows.len()).map(|_| failed()).collect();
                None
            }
        }
    }

    fn leave(&mut self, step: usize, below: Below, store: &mut Store) -> Result<()> {
        self.tree.slots[step] = below.slots;
        match self.plan.links[step].below {
            Some(scope) => self.enter(scope, below.rows, store),
            None => Ok(()),
        }
    }
}
