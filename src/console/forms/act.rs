//! What a form is about, and which commands it stands for.

use serde_json::Value;

use crate::{
    model::{Dag, RunState, TiState},
    protocol::{Command, IncidentChange, Selection, command::ReplyError},
    store::screens::{Micros, RunRef, TiRef, outlook::Outlook, questions::Question},
};

use super::{Control, Field, alias, answer, backfill, setting, trigger, xcom};
use crate::console::place::Setting;

/// Choice of a clear: no retries but those that were left.
pub const LEFT: &str = "left";
/// Choice of a clear: what is active stays as it is.
pub const SKIP: &str = "skip";
/// Choice of a clear: the newest version of the DAG.
pub const NEWEST: &str = "newest";
/// Choice of a clear: each run's own version.
pub const OWN: &str = "own";

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// Clear these, with what the toggles add.
    Clear(Vec<Selection>),
    /// Clear exactly these.
    Retry(Vec<Selection>),
    /// Mark these.
    Mark(Vec<Selection>, TiState),
    /// Set the state of runs.
    RunState(Vec<RunRef>, RunState),
    /// End running tries.
    Stop(Vec<TiRef>),
    /// Write a note.
    Note(RunRef, Option<TiRef>),
    /// Create a run.
    Trigger(Box<Dag>),
    /// Say something about groups of failures.
    Silence(Vec<String>),
    /// Say who works on groups of failures.
    Claim(Vec<String>),
    /// Write a note on groups of failures.
    GroupNote(Vec<String>),
    /// Create or change a pool, connection or variable. Of a connection: its fields before, with the secret.
    Set(Setting, Value),
    /// Write an XCom by hand: whose, and its key.
    Xcom(TiRef, String),
    /// Give a version of a model an alias.
    Alias(Box<alias::Model>),
    /// Make or repeat runs of a DAG.
    Backfill(String),
    /// End a backfill.
    CancelBackfill(i64),
    /// Take back what an applied plan did, and with it the others of its act.
    Revert(String),
    /// Answer a task.
    Answer(Box<Question>),
    /// Delete a kept pod, or give one up whose node is silent, when its name is typed.
    CleanPod(String, bool),
    /// Delete something, when its name is typed.
    Delete(Vec<Command>, String),
}

/// What the scheduler says would happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Preview {
    /// There is none for this act; the lines say what happens.
    Words(Vec<String>),
    /// Asked for.
    Asking,
    /// The plans, one per command.
    Plans(Vec<Value>),
    /// It refused.
    Failed(ReplyError),
}

/// An open form.
#[derive(Debug, Clone, PartialEq)]
pub struct ActForm {
    /// First line.
    pub title: String,
    /// What it does.
    pub purpose: Purpose,
    /// Fields.
    pub fields: Vec<Field>,
    /// Field or button with the focus; `fields.len()` is Cancel, the next one acts.
    pub focus: usize,
    /// Label of the button that acts.
    pub verb: String,
    /// What would happen.
    pub preview: Preview,
    /// Requests for the preview that are open.
    pub asked: Vec<u64>,
    /// Answers to them so far.
    pub answers: Vec<Value>,
    /// Requests of the act itself that are open.
    pub sent: Vec<u64>,
    /// Why the fields can't be used as they are.
    pub mistake: Option<String>,
    /// When it was opened: keys typed just before are dropped.
    pub opened_at: Micros,
    /// Keys typed before it could be seen, which don't count.
    pub dropped: Vec<String>,
    /// Lines scrolled in the preview.
    pub scroll: usize,
    /// Line of the plan under the cursor, while the focus is on its lines.
    pub row: usize,
    /// Tasks, each with an index or all, that a clear leaves out.
    pub left_out: Vec<(String, Option<i32>)>,
    /// How long the DAG's work takes and what it was triggered with, when that is known.
    pub outlook: Option<Box<Outlook>>,
    /// Number of the question for it.
    pub outlook_asked: Option<u64>,
}

impl ActForm {
    /// A form with the focus on Cancel.
    pub fn new(title: String, purpose: Purpose, fields: Vec<Field>, verb: &str, opened_at: Micros) -> Self {
        let preview = match &purpose {
            Purpose::Clear(_)
            | Purpose::Retry(_)
            | Purpose::Mark(..)
            | Purpose::RunState(..)
            | Purpose::Backfill(_)
            | Purpose::Revert(_)
            | Purpose::CleanPod(..)
            | Purpose::CancelBackfill(_) => Preview::Asking,
            Purpose::Answer(q) => Preview::Words(q.body.iter().flat_map(|b| b.lines()).map(str::to_owned).collect()),
            Purpose::Stop(tis) => Preview::Words(
                tis.iter()
                    .map(|t| {
                        format!(
                            "{}/{}/{} is ended: TERM, then KILL; it counts as failed",
                            t.run.dag_id,
                            t.run.run_id,
                            t.label()
                        )
                    })
                    .collect(),
            ),
            Purpose::Delete(commands, name) => {
                let all = commands.iter().map(|c| format!("deletes: {}", super::shell(c)));
                let back = match commands.as_slice() {
                    [Command::SetXcom { .. }] => "It is held for 10 s, and can be taken back later.",
                    [Command::DeleteRuns { .. }] => "It is held for 10 s; after that it can't be undone.",
                    _ => "This can't be undone.",
                };
                Preview::Words(all.chain([format!("{back} Type {name} above to do it.")]).collect())
            }
            Purpose::Silence(groups) if groups.len() == 1 => {
                Preview::Words(vec!["The group stays out of NEEDS YOU for that time, also if it happens again".into()])
            }
            Purpose::Silence(groups) => Preview::Words(vec![format!(
                "{} groups stay out of NEEDS YOU for that time, also if they happen again",
                groups.len()
            )]),
            _ => Preview::Words(Vec::new()),
        };
        let focus = fields.len();
        let mut form = Self {
            title,
            purpose,
            fields,
            focus,
            verb: verb.into(),
            preview,
            asked: Vec::new(),
            answers: Vec::new(),
            sent: Vec::new(),
            mistake: None,
            opened_at,
            dropped: Vec::new(),
            scroll: 0,
            row: 0,
            left_out: Vec::new(),
            outlook: None,
            outlook_asked: None,
        };
        form.check();
        form
    }

    /// The same with the focus on its first field: nothing starts, stops or is lost by it before a button is chosen.
    pub fn on_field(mut self) -> Self {
        self.focus = 0;
        self
    }

    /// The plan is asked for from the scheduler.
    pub fn has_plan(&self) -> bool {
        !matches!(self.preview, Preview::Words(_))
    }

    /// Number of stops of the focus: the fields, Cancel, the button that acts, that which saves a plan, and the plan's lines.
    pub fn stops(&self) -> usize {
        self.fields.len() + 2 + usize::from(self.has_plan()) + usize::from(self.has_rows())
    }

    /// A field that doesn't count as the others are: dates of a backfill of the last days.
    pub fn is_hidden(&self, field: usize) -> bool {
        let name = self.fields.get(field).map_or("", |f| f.name.as_str());
        matches!(self.purpose, Purpose::Backfill(_))
            && matches!(name, "from" | "to")
            && !backfill::has_dates(&self.fields)
    }

    /// Moves the focus by one, to what is shown.
    pub fn turn(&mut self, forward: bool) {
        let stops = self.stops();
        let step = if forward { 1 } else { stops - 1 };
        self.focus = (self.focus + step) % stops;
        while self.is_hidden(self.focus) {
            self.focus = (self.focus + step) % stops;
        }
    }

    /// Single lines of the plan can be left out.
    pub fn has_rows(&self) -> bool {
        matches!(self.purpose, Purpose::Clear(_))
            && (!super::outlook::rows(self).is_empty() || !self.left_out.is_empty())
    }

    /// The focus is on the plan's lines.
    pub fn on_rows(&self) -> bool {
        self.focus == self.fields.len() + 3
    }

    /// The focus is on the button that saves the plan.
    pub fn on_save(&self) -> bool {
        self.focus == self.fields.len() + 2
    }

    /// The act is done only after a while, so that it can be undone: it starts, stops, repeats or deletes work.
    pub fn is_held(&self) -> bool {
        let comes_back = |c: &Command| matches!(c, Command::DeleteRuns { .. } | Command::SetXcom { .. });
        self.has_plan()
            || match &self.purpose {
                Purpose::Delete(commands, _) => commands.iter().all(comes_back),
                Purpose::Xcom(..) | Purpose::Alias(_) => true,
                _ => false,
            }
    }

    /// What would happen depends on this field.
    pub fn plan_follows(&self, field: usize) -> bool {
        !(matches!(self.purpose, Purpose::CleanPod(..)) && self.fields.get(field).is_some_and(|f| f.name == "name"))
    }

    /// The focus is on Cancel.
    pub fn on_cancel(&self) -> bool {
        self.focus == self.fields.len()
    }

    /// The focus is on the button that acts.
    pub fn on_act(&self) -> bool {
        self.focus == self.fields.len() + 1
    }

    /// The field with the focus is a line of text.
    pub fn on_text(&self) -> bool {
        self.fields.get(self.focus).is_some_and(|f| matches!(f.control, Control::Text(_)))
    }

    /// A toggle's state.
    fn on(&self, name: &str) -> bool {
        self.fields.iter().any(|f| f.name == name && f.on())
    }

    /// A field's text.
    fn value(&self, name: &str) -> String {
        self.fields.iter().find(|f| f.name == name).map(Field::value).unwrap_or_default()
    }

    /// Looks whether the fields can be used.
    pub fn check(&mut self) {
        self.mistake = self.commands(true).err();
    }

    /// The commands, with the fields as they are; `dry_run` where the command knows it.
    pub fn commands(&self, dry_run: bool) -> Result<Vec<Command>, String> {
        let spread = |s: &Selection| {
            let mut s = s.clone();
            s.downstream |= self.on("downstream");
            s.upstream |= self.on("upstream");
            s.past |= self.on("past");
            s.future |= self.on("future");
            s.only_failed |= self.on("only_failed");
            s.keep_dag_runs |= self.on("keep_dag_runs");
            s.keep_retries |= self.value("retries") == LEFT;
            s.skip_running |= self.value("running") == SKIP;
            s.latest_version = match self.value("code").as_str() {
                NEWEST => Some(true),
                OWN => Some(false),
                _ => s.latest_version,
            };
            s.exclude.extend(self.left_out.iter().cloned());
            if self.on("whole_map") {
                for (_, index) in &mut s.task_ids {
                    *index = None;
                }
                s.task_ids.dedup();
            }
            s
        };
        Ok(match &self.purpose {
            Purpose::Clear(all) => all.iter().map(|s| Command::Clear { selection: spread(s), dry_run }).collect(),
            Purpose::Retry(all) => all.iter().map(|s| Command::Clear { selection: s.clone(), dry_run }).collect(),
            Purpose::Mark(all, state) => {
                all.iter().map(|s| Command::Mark { selection: spread(s), state: *state, dry_run }).collect()
            }
            Purpose::RunState(runs, state) => runs
                .iter()
                .map(|r| Command::SetRunState {
                    dag_id: r.dag_id.clone(),
                    run_id: r.run_id.clone(),
                    state: *state,
                    dry_run,
                })
                .collect(),
            Purpose::Stop(tis) => tis
                .iter()
                .map(|t| Command::StopTask {
                    dag_id: t.run.dag_id.clone(),
                    run_id: t.run.run_id.clone(),
                    task_id: t.task_id.clone(),
                    map_index: t.map_index,
                })
                .collect(),
            Purpose::Note(run, ti) => vec![Command::Note {
                dag_id: run.dag_id.clone(),
                run_id: run.run_id.clone(),
                task: ti.as_ref().map(|t| (t.task_id.clone(), t.map_index)),
                text: self.value("note"),
            }],
            Purpose::Trigger(dag) => vec![trigger::command(dag, &self.fields)?],
            Purpose::Backfill(dag) => vec![backfill::command(dag, &self.fields, self.opened_at, dry_run)?],
            Purpose::Revert(id) => vec![Command::RevertPlan { plan_id: id.clone(), dry_run }],
            Purpose::CancelBackfill(id) => vec![Command::CancelBackfill { id: *id, dry_run }],
            Purpose::Answer(q) => vec![answer::command(q, &self.fields)],
            Purpose::Silence(groups) => {
                let text = self.value("for");
                let seconds = crate::model::filter::seconds(text.trim())
                    .filter(|s| *s < 1e9)
                    .ok_or_else(|| format!("for {text}: not a span such as 30m, 4h, 2d; 0 ends the silence"))?;
                let until = self.opened_at + (seconds * 1e6) as i64;
                let until = jiff::Timestamp::from_microsecond(until).ok().filter(|_| seconds > 0.0);
                said(groups, &IncidentChange::Silence { until })
            }
            Purpose::Claim(groups) => {
                let by = Some(self.value("by").trim().to_owned()).filter(|b| !b.is_empty());
                said(groups, &IncidentChange::Claim { by })
            }
            Purpose::GroupNote(groups) => said(groups, &IncidentChange::Note { text: self.value("note") }),
            Purpose::Set(kind, before) => vec![setting::command(*kind, before, &self.fields)?],
            Purpose::Alias(model) => {
                vec![alias::command(model, &self.value("version"), &self.value("alias"))?]
            }
            Purpose::Xcom(ti, key) => {
                vec![xcom::command(ti, key, xcom::value(&self.value("value"))?, false)]
            }
            Purpose::CleanPod(name, force) => {
                if !dry_run && self.value("name") != *name {
                    return Err(format!("type {name} to delete it"));
                }
                vec![Command::CleanPods { names: vec![name.clone()], force: *force, dry_run }]
            }
            Purpose::Delete(commands, name) => {
                if !dry_run && self.value("name") != *name {
                    return Err(format!("type {name} to delete it"));
                }
                commands.clone()
            }
        })
    }
}

/// The same about several groups.
fn said(groups: &[String], change: &IncidentChange) -> Vec<Command> {
    groups.iter().map(|g| Command::Incident { fingerprint: g.clone(), change: change.clone() }).collect()
}
