//! Which keys can be used on what is under the cursor, and why the others can't.

use crate::{model::TiState, store::screens::SECOND};

use super::{
    items::Kind,
    jobs,
    keymap::{Action, Row},
    place::{Object, Place, Setting},
    pods,
    state::{Launch, Link, State},
};

impl State {
    /// Why verbs can't be used now.
    pub fn no_verbs(&self) -> Option<String> {
        if self.facts.read_only {
            return Some("the console is read-only".into());
        }
        match &self.link {
            Link::Up => None,
            _ if self.starting() => Some("the scheduler is starting".into()),
            Link::Opening => Some("the scheduler hasn't answered yet".into()),
            Link::Down { why, .. } => Some(format!("no scheduler: {why} ({} starts one)", self.starts())),
        }
    }

    /// Which keys start a scheduler: `0 and S, or :sched`.
    pub fn starts(&self) -> String {
        let key = |action| self.keymap.short(action);
        format!("{} and {}, or {}sched,", key(Action::System), key(Action::StartScheduler), key(Action::Palette))
    }

    /// A scheduler is being started and may still come.
    pub fn starting(&self) -> bool {
        match (&self.launch, &self.link) {
            (_, Link::Up) => false,
            (Launch::Asked(_), _) => true,
            (Launch::Started(_, at), _) => self.now - at < 10 * SECOND,
            _ => false,
        }
    }

    /// Whether a key's row can be used on what is under the cursor; else why not.
    pub fn allowed(&self, row: &Row) -> Result<(), String> {
        // A shell needs the cluster, not the scheduler.
        if row.dangerous
            && row.action != Action::Shell
            && let Some(why) = self.no_verbs()
        {
            let held = self.held.first().filter(|_| row.action == Action::Undo && !self.facts.read_only);
            return Err(match held {
                Some(held) => format!("{why}; without one `dagdeck plans discard {}` takes it back", held.plan_id),
                None => why,
            });
        }
        self.fits(row)
    }

    /// Whether a key's row is about what is under the cursor, scheduler or not; else why not.
    pub fn fits(&self, row: &Row) -> Result<(), String> {
        let object = self.screen().object();
        let need = |ok: bool, why: &str| if ok { Ok(()) } else { Err(why.to_owned()) };
        use Action as A;
        let on_xcom = self.screen().item().is_some_and(|i| i.kind == Kind::Xcom);
        match row.action {
            A::StartScheduler => {
                need(!self.facts.read_only, "the console is read-only")?;
                need(self.link != Link::Up, "one runs already")?;
                need(!self.starting(), "it is starting already")
            }
            A::EndJob => match jobs::chosen(self) {
                Some(_) => jobs::refused(self).map_or(Ok(()), Err),
                None => Err("no job under the cursor".into()),
            },
            A::Shell => pods::shell_refused(self).map_or(Ok(()), Err),
            A::Delete if matches!(object, Object::Pod(..)) => pods::delete_refused(self).map_or(Ok(()), Err),
            A::Pod => need(object.dag_id().is_some(), "no task instance under the cursor"),
            A::Clear | A::MarkSuccess | A::MarkFailed => need(
                object.run().is_some() || !self.screen().marks.is_empty(),
                "no run or task instance under the cursor",
            ),
            A::Retry | A::MarkSkipped => {
                let is_work = object.ti().is_some() || matches!(object, Object::Group(..));
                need(is_work || !self.screen().marks.is_empty(), "no task instance under the cursor")
            }
            A::Note if matches!(object, Object::Several(..)) => {
                Err("several task instances under the cursor; open them first".into())
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
            | A::GoBackfills
            | A::ViewCycle
            | A::ViewCalendar
            | A::ViewGraph
            | A::ViewSource
            | A::ViewVersions => need(object.dag_id().is_some(), "no DAG under the cursor"),
            A::Stop if !self.screen().marks.is_empty() => {
                need(self.screen().targets().iter().any(Object::is_busy), "nothing that is marked is running")
            }
            A::Stop => need(object.is_busy(), "nothing is running under the cursor"),
            A::Pipe | A::Export => need(!self.facts.read_only, "the console is read-only"),
            A::Acknowledge if matches!(object, Object::Ti(_, TiState::AwaitingInput)) => Ok(()),
            A::Undo => need(
                !self.held.is_empty() || !self.undo.is_empty(),
                "nothing is held, and this session did nothing that can be taken back",
            ),
            A::Acknowledge | A::Silence | A::Claim => {
                need(matches!(object, Object::Failures(..)), "no group of failures under the cursor")
            }
            A::TestConnection => {
                need(matches!(object, Object::Setting(Setting::Connection, _)), "no connection under the cursor")
            }
            A::Edit => need(matches!(object, Object::Setting(..)) || on_xcom, "nothing to edit under the cursor"),
            A::Delete => need(
                matches!(object, Object::Setting(..) | Object::Run(..)) || on_xcom,
                "nothing that can be deleted under the cursor",
            ),
            A::Diff => need(
                object.ti().is_some() || matches!(self.screen().place, Place::Xcom(..) | Place::Compare(..)),
                "no task instance under the cursor",
            ),
            A::SetAlias | A::AliasHistory => need(self.screen().item().is_some(), "no asset under the cursor"),
            A::GoAudit => need(object.subject().is_some(), "nothing under the cursor that acts are about"),
            A::Open if matches!(self.screen().place, Place::Audit(_) | Place::Assets | Place::Search(_)) => {
                need(self.screen().item().is_some(), "nothing under the cursor")
            }
            A::Open => need(object != Object::None, "nothing under the cursor"),
            _ => Ok(()),
        }
    }
}
