//! `plans`: list, show, apply, discard saved and held plans.

use clap::{Args, Subcommand};

use super::{plan, shell::Shell};
use crate::{
    error::{Error, Result},
    protocol::Command,
    store::pages,
};

/// Verbs of `plans`.
#[derive(Debug, Subcommand)]
pub enum PlanVerb {
    /// Saved and held plans and what became of them, newest first
    #[command(after_help = "Example:\n  dagdeck tasks clear churn --run-id latest -f --save\n  dagdeck plans list")]
    List,
    /// What a plan will do
    #[command(after_help = "Example:\n  dagdeck plans show 1f0c9a7be2d4")]
    Show(Id),
    /// Do it, if what it was computed from still holds
    #[command(after_help = "Example:\n  dagdeck plans apply 1f0c9a7be2d4")]
    Apply(Id),
    /// Take back what it did, as far as nothing has happened since
    #[command(after_help = "Example:\n  dagdeck plans revert 1f0c9a7be2d4 --dry-run")]
    Revert(Revert),
    /// Throw it away; a held one is thereby undone
    #[command(after_help = "Example:\n  dagdeck plans discard 1f0c9a7be2d4")]
    Discard(Id),
}

/// A plan.
#[derive(Debug, Clone, Args)]
pub struct Id {
    /// Its plan_id
    #[arg(value_name = "ID")]
    plan_id: String,
}

/// An applied plan.
#[derive(Debug, Clone, Args)]
pub struct Revert {
    /// Its plan_id
    #[arg(value_name = "ID")]
    plan_id: String,
    #[command(flatten)]
    plan: plan::PlanFlags,
}

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: PlanVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        PlanVerb::List => {
            let rows = pages::plan::list(&shell.store()?)?;
            shell.show_rows(rows, &["plan_id", "state", "created_at", "who", "due_at", "command", "result"])?;
        }
        PlanVerb::Show(Id { plan_id }) => {
            let found = pages::plan::one(&shell.store()?, &plan_id)?.ok_or_else(|| {
                Error::not_found(format!("there is no plan {plan_id:?}")).hint("`dagdeck plans list` names them")
            })?;
            let state = found["state"].as_str().unwrap_or("saved").to_owned();
            plan::show(shell, &found, &state)?;
        }
        PlanVerb::Apply(Id { plan_id }) => {
            let done = shell.submit(Command::ApplyPlan { plan_id })?;
            plan::show(shell, &done, "applied")?;
        }
        PlanVerb::Revert(Revert { plan_id, plan: flags }) => {
            return plan::carry_out(shell, flags, |dry_run| Command::RevertPlan { plan_id: plan_id.clone(), dry_run });
        }
        PlanVerb::Discard(Id { plan_id }) => {
            let done = shell.submit(Command::DiscardPlan { plan_id })?;
            shell.show(&done)?;
        }
    }
    Ok(0)
}
