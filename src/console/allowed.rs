//! Whether a key can be used on what is under the cursor; else why not.

use crate::model::TiState;

use super::{
    keymap::{Action, Row},
    place::{Object, Place},
    pods::{self, PodNow},
    state::{Link, State},
};

impl State {
    /// Whether a key's row can be used on what is under the cursor; else why not.
    pub fn allowed(&self, row: &Row) -> Result<(), String> {
        // A shell needs the cluster, not the scheduler.
        if row.dangerous
            && row.action != Action::Shell
            && let Some(why) = self.no_verbs()
        {
            return Err(why);
        }
        let object = self.screen().object();
        let need = |ok: bool, why: &str| if ok { Ok(()) } else { Err(why.to_owned()) };
        use Action as A;
        match row.action {
            A::StartScheduler => {
                need(!self.facts.read_only, "the console is read-only")?;
                need(self.link != Link::Up, "one runs already")?;
                need(!self.starting(), "it is starting already")
            }
            A::Shell => pods::shell_refused(self).map_or(Ok(()), Err),
            A::Delete if matches!(object, Object::Pod(..)) => pods::delete_refused(self).map_or(Ok(()), Err),
            A::Pod => need(object.dag_id().is_some(), "no task instance under the cursor"),
            A::Clear | A::MarkSuccess | A::MarkFailed => need(
                object.run().is_some() || !self.screen().marks.is_empty(),
                "no run or task instance under the cursor",
            ),
            A::Retry | A::MarkSkipped => {
                need(object.ti().is_some() || !self.screen().marks.is_empty(), "no task instance under the cursor")
            }
            A::Note => need(object.run().is_some(), "no run or task instance under the cursor"),
            A::Log | A::Blockers | A::Inputs | A::GoLog => {
                need(object.ti().is_some() || object.dag_id().is_some(), "no task instance under the cursor")
            }
            A::Xcom | A::ViewGantt | A::GoInstances => {
                need(object.run().is_some() || matches!(self.screen().place, Place::Grid(_)), "no run under the cursor")
            }
            A::Pause if matches!(object, Object::Backfill(.., true)) => Err("the backfill has ended".into()),
            A::Stop if matches!(object, Object::Backfill(..)) => {
                need(matches!(object, Object::Backfill(.., false)), "the backfill has ended")
            }
            A::Trigger
            | A::Backfill
            | A::Pause
            | A::GoDag
            | A::GoRuns
            | A::ViewGrid
            | A::GoFailure
            | A::ViewCycle
            | A::ViewCalendar
            | A::ViewGraph
            | A::ViewSource
            | A::ViewVersions => need(object.dag_id().is_some(), "no DAG under the cursor"),
            A::Stop => {
                let busy = match &object {
                    Object::Ti(_, state) | Object::Task(_, _, state) => state.is_active(),
                    Object::Pod(_, now, _) => {
                        matches!(now, PodNow::Wanted | PodNow::Pending | PodNow::Running | PodNow::Silent)
                    }
                    _ => false,
                };
                need(busy, "nothing is running under the cursor")
            }
            A::Pipe | A::Export => need(!self.facts.read_only, "the console is read-only"),
            A::Acknowledge if matches!(object, Object::Ti(_, TiState::AwaitingInput)) => Ok(()),
            A::Undo => need(
                !self.held.is_empty() || !self.undo.is_empty(),
                "nothing is held, and this session did nothing that can be taken back",
            ),
            A::Acknowledge | A::Silence | A::Claim => {
                need(matches!(object, Object::Failures(..)), "no group of failures under the cursor")
            }
            A::Edit => need(matches!(object, Object::Setting(..)), "nothing to edit under the cursor"),
            A::Delete => need(
                matches!(object, Object::Setting(..) | Object::Run(..)),
                "nothing that can be deleted under the cursor",
            ),
            A::Diff => need(
                object.ti().is_some() || matches!(self.screen().place, Place::Xcom(..) | Place::Compare(..)),
                "no task instance under the cursor",
            ),
            A::GoAudit => need(object.subject().is_some(), "nothing under the cursor that acts are about"),
            A::Open if matches!(self.screen().place, Place::Audit(_) | Place::Assets | Place::Search(_)) => Ok(()),
            A::Open => need(object != Object::None, "nothing under the cursor"),
            _ => Ok(()),
        }
    }
}
