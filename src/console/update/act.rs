//! Verbs: what is done at once, and what opens a form.

use crate::{
    console::{
        forms::{
            ActForm, Field, Preview, Purpose,
            act::{LEFT, NEWEST, OWN, SKIP},
            answer, backfill, outlook, shell, trigger,
        },
        keymap::Action,
        message::Effect,
        overlay::Overlay,
        place::Object,
        query::{Asker, Data, Query},
        state::{Done, Errand, State, Undo},
    },
    model::{Dag, RunState, TiState},
    protocol::{Command, IncidentChange, Selection},
    store::screens::{RunRef, TiRef, questions::Question},
};

use super::{form, settings, undo, xcom};

/// Starts a verb on the marked objects, else on the one under the cursor.
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    use Action as A;
    let targets = state.screen().targets();
    let object = state.screen().object();
    match action {
        A::Undo => undo::undo(state),
        A::Pause => pause(state, &targets),
        A::Acknowledge if matches!(object, Object::Ti(..)) => {
            let Some(ti) = object.ti() else { return Vec::new() };
            let ticket = state.next_ticket();
            state.errand = Some((ticket, Errand::Answer));
            vec![Effect::Load(ticket, Asker::Errand, Query::Question(ti))]
        }
        A::Backfill => {
            let Some(dag) = object.dag_id().map(str::to_owned) else { return Vec::new() };
            let title = format!("Backfill {dag}");
            let fields = backfill::fields();
            open(state, ActForm::new(title, Purpose::Backfill(dag), fields, "Start", state.now))
        }
        A::Stop if matches!(object, Object::Backfill(..)) => {
            let Object::Backfill(id, dag, ..) = &object else { return Vec::new() };
            let title = format!("Cancel backfill {id} of {dag}: its queued runs fail, running ones go on");
            open(state, ActForm::new(title, Purpose::CancelBackfill(*id), Vec::new(), "Cancel it:", state.now))
        }
        A::Acknowledge => {
            let change = IncidentChange::Acknowledge { note: None };
            let command = |fingerprint| Command::Incident { fingerprint, change: change.clone() };
            groups(&targets).into_iter().map(command).flat_map(|c| send(state, c)).collect()
        }
        A::Silence => {
            let groups = groups(&targets);
            let title = format!("Silence {}", count(groups.len(), "group of failures"));
            let fields = vec![Field::text("for", "for", "4h", "30m, 4h, 2d; 0 ends the silence")];
            open(state, ActForm::new(title, Purpose::Silence(groups), fields, "Silence", state.now).on_field())
        }
        A::Claim => {
            let groups = groups(&targets);
            let title = format!("Who works on {}", count(groups.len(), "group of failures"));
            let me = crate::command::user_name(rustix::process::getuid().as_raw());
            let fields = vec![Field::text("by", "who", &me, "somebody else: handed over; empty: nobody")];
            open(state, ActForm::new(title, Purpose::Claim(groups), fields, "Claim", state.now).on_field())
        }
        A::Edit | A::New | A::Delete => match &object {
            Object::Ti(ti, _) => xcom::act(state, action, ti),
            _ => settings::act(state, action, &object),
        },
        A::Note if matches!(object, Object::Failures(..)) => {
            let groups = groups(&targets);
            let title = format!("Note on {}", count(groups.len(), "group of failures"));
            let fields = vec![Field::text("note", "note", &group_note(state), "empty removes it")];
            open(state, ActForm::new(title, Purpose::GroupNote(groups), fields, "Write", state.now).on_field())
        }
        A::Trigger => {
            let Some(dag) = object.dag_id().map(str::to_owned) else { return Vec::new() };
            let ticket = state.next_ticket();
            state.errand = Some((ticket, Errand::TriggerForm(dag.clone())));
            vec![Effect::Load(ticket, Asker::Errand, Query::Definition(dag))]
        }
        A::Note => {
            let Some(run) = object.run().cloned() else { return Vec::new() };
            let ti = object.ti();
            let title = format!("Note on {}", object.path());
            let fields = vec![Field::text("note", "note", &note_now(state), "empty removes it")];
            open(state, ActForm::new(title, Purpose::Note(run, ti), fields, "Write", state.now).on_field())
        }
        A::Stop => {
            let tis: Vec<TiRef> = targets.iter().filter(|t| t.is_busy()).flat_map(instances).collect();
            let title = format!("Stop {}", count(tis.len(), "running task instance"));
            let form = ActForm::new(title, Purpose::Stop(tis), Vec::new(), "Stop", state.now);
            open(state, form)
        }
        A::Clear => clear(state, &targets),
        A::Retry => {
            let selections = selections(&targets, false);
            let title = format!("Retry {} with the same inputs", what(&selections));
            let form = ActForm::new(title, Purpose::Retry(selections), Vec::new(), "Retry", state.now);
            open(state, form)
        }
        A::MarkSuccess => mark(state, &targets, TiState::Success),
        A::MarkFailed => mark(state, &targets, TiState::Failed),
        _ => mark(state, &targets, TiState::Skipped),
    }
}

/// Fingerprints of groups of failures.
fn groups(targets: &[Object]) -> Vec<String> {
    let one = |t: &Object| match t {
        Object::Failures(fingerprint, _) => Some(fingerprint.clone()),
        _ => None,
    };
    targets.iter().filter_map(one).collect()
}

fn group_note(state: &State) -> String {
    let note = match (&state.screen().data, state.screen().item()) {
        (Data::Triage(t), Some(item)) => t.groups.get(item.at).and_then(|g| g.said.note.clone()),
        _ => None,
    };
    note.map(|(text, _)| text).unwrap_or_default()
}

/// Opens a form.
pub fn open(state: &mut State, form: ActForm) -> Vec<Effect> {
    let dag = outlook::wanted(&form);
    state.overlay = Overlay::Form(Box::new(form));
    let mut effects = form::changed(state);
    if let Some(dag) = dag {
        let ticket = state.next_ticket();
        if let Some(form) = state.form() {
            form.outlook_asked = Some(ticket);
        }
        effects.push(Effect::Load(ticket, Asker::Form, Query::Outlook(dag)));
    }
    effects
}

/// The trigger form, when the DAG's params are known.
pub fn trigger_form(state: &mut State, dag: Box<Dag>, paused: bool) -> Vec<Effect> {
    let title = format!("Trigger {}", dag.dag_id);
    let fields = trigger::fields(&dag);
    let waits = format!("DAG {} is paused: the run stays queued until somebody resumes it (P).", dag.dag_id);
    let mut form = ActForm::new(title, Purpose::Trigger(dag), fields, "Trigger", state.now);
    if paused {
        form.preview = Preview::Words(vec![waits]);
    }
    open(state, form)
}

/// Sends a command at once, and remembers it.
pub fn send(state: &mut State, command: Command) -> Vec<Effect> {
    let request = state.next_ticket();
    let line = shell(&command);
    let (act, reverts) = match &command {
        Command::SavePlan { planned, act, .. } => match &**planned {
            Command::RevertPlan { plan_id, .. } => (act.clone(), Some(plan_id.clone())),
            _ => (act.clone(), None),
        },
        _ => (None, None),
    };
    let discards = match &command {
        Command::DiscardPlan { plan_id } => Some(plan_id.clone()),
        _ => None,
    };
    state.done.push(Done {
        at: state.now,
        command: line.clone(),
        result: None,
        request,
        act,
        reverts,
        discards,
        plan: None,
        changes: (0, 0),
    });
    vec![Effect::Act(request, command, line)]
}

/// The form that answers a task.
pub fn answer_form(state: &mut State, question: Box<Question>) -> Vec<Effect> {
    let title = format!("{}: {}", question.row.ti.label(), question.subject);
    let fields = answer::fields(&question);
    open(state, ActForm::new(title, Purpose::Answer(question), fields, "Answer", state.now).on_field())
}

fn pause(state: &mut State, targets: &[Object]) -> Vec<Effect> {
    if let [Object::Backfill(id, _, paused, _)] = targets {
        state.undo.push(Undo::Command(Command::PauseBackfill { id: *id, paused: *paused }));
        return send(state, Command::PauseBackfill { id: *id, paused: !*paused });
    }
    let mut known: Vec<(String, bool)> = Vec::new();
    for target in targets {
        let Some(dag) = target.dag_id() else { continue };
        let paused = match target {
            Object::Dag(_, Some(paused)) => *paused,
            _ => is_paused(state, dag),
        };
        known.push((dag.to_owned(), paused));
    }
    known.sort();
    known.dedup();
    // Several are paused unless all are.
    let paused = !known.iter().all(|(_, p)| *p);
    let known_before = known.clone();
    let dag_ids: Vec<String> = known.into_iter().map(|(d, _)| d).collect();
    if dag_ids.is_empty() {
        return Vec::new();
    }
    // Of several with different states only those that are changed could be changed back.
    let changed: Vec<String> = known_before.into_iter().filter(|(_, p)| *p != paused).map(|(d, _)| d).collect();
    state.undo.push(Undo::Command(Command::SetPaused { dag_ids: changed, paused: !paused }));
    send(state, Command::SetPaused { dag_ids, paused })
}

fn is_paused(state: &State, dag: &str) -> bool {
    match &state.screen().data {
        Data::Grid(grid) => grid.paused,
        Data::Runs(rows) => rows.iter().any(|r| r.run.dag_id == dag && r.paused),
        Data::Instances(rows) => rows.iter().any(|t| t.ti.run.dag_id == dag && t.paused),
        Data::Instance(d) => d.row.paused,
        _ => false,
    }
}

fn note_now(state: &State) -> String {
    let screen = state.screen();
    match (&screen.data, screen.item()) {
        (Data::Runs(rows), Some(item)) => rows[item.at].note.clone(),
        (Data::Instances(rows), Some(item)) => rows[item.at].note.clone(),
        (Data::Run(d), _) => d.note.clone(),
        _ => None,
    }
    .unwrap_or_default()
}

fn instances(object: &Object) -> Vec<TiRef> {
    match object {
        Object::Failures(_, tis) | Object::Several(tis, _) => tis.clone(),
        other => other.ti().into_iter().collect(),
    }
}

/// One selection per run: marked instances of one run are one plan.
fn selections(targets: &[Object], whole_tasks: bool) -> Vec<Selection> {
    let mut all: Vec<Selection> = Vec::new();
    let mut add = |run: &RunRef, task: Option<(String, Option<i32>)>| {
        let at = all.iter().position(|s| s.run_id.as_deref() == Some(&run.run_id) && s.dag_id == run.dag_id);
        let at = at.unwrap_or_else(|| {
            all.push(Selection {
                dag_id: run.dag_id.clone(),
                run_id: Some(run.run_id.clone()),
                ..Selection::default()
            });
            all.len() - 1
        });
        all[at].task_ids.extend(task);
    };
    for target in targets {
        match target {
            Object::Run(run, _) => add(run, None),
            // A plan takes the name of a group for all tasks in it.
            Object::Task(run, task, _) | Object::Group(run, task, _) => add(run, Some((task.clone(), None))),
            other => {
                for ti in instances(other) {
                    let index = (ti.map_index >= 0 && !whole_tasks).then_some(ti.map_index);
                    add(&ti.run, Some((ti.task_id.clone(), index)));
                }
            }
        }
    }
    all
}

fn clear(state: &mut State, targets: &[Object]) -> Vec<Effect> {
    let runs_only = targets.iter().all(|t| matches!(t, Object::Run(..)));
    let any_failed = targets.iter().any(|t| matches!(t, Object::Run(_, RunState::Failed)));
    let mapped = targets.iter().any(|t| matches!(t, Object::Ti(ti, _) if ti.map_index >= 0));
    let selections = selections(targets, false);
    let mut fields = Vec::new();
    if !runs_only {
        fields.push(Field::toggle("downstream", "downstream", true));
        fields.push(Field::toggle("upstream", "upstream", false));
        fields.push(Field::toggle("past", "past", false));
        fields.push(Field::toggle("future", "future", false));
    }
    fields.push(Field::toggle("only_failed", "only failed", runs_only && any_failed));
    if mapped {
        fields.push(Field::toggle("whole_map", "whole map", false));
    }
    fields.push(Field::toggle("keep_dag_runs", "leave the run's state", false));
    fields.push(Field::choice("retries", "retries", &["all", LEFT], ""));
    fields.push(Field::choice("running", "running", &["restart", SKIP], ""));
    fields.push(Field::choice("code", "code", &["as set", NEWEST, OWN], ""));
    let title = format!("Clear {}", what(&selections));
    let form = ActForm::new(title, Purpose::Clear(selections), fields, "Clear", state.now);
    open(state, form)
}

fn mark(state: &mut State, targets: &[Object], to: TiState) -> Vec<Effect> {
    let runs: Vec<RunRef> = targets
        .iter()
        .filter_map(|t| match t {
            Object::Run(run, _) => Some(run.clone()),
            _ => None,
        })
        .collect();
    let form = if runs.len() == targets.len() && to != TiState::Skipped {
        let run_state = if to == TiState::Success { RunState::Success } else { RunState::Failed };
        let title = format!("Mark {} {to}", count(runs.len(), "run"));
        ActForm::new(title, Purpose::RunState(runs, run_state), Vec::new(), "Mark", state.now)
    } else {
        let selections = selections(targets, false);
        let fields = ["downstream", "upstream", "past", "future"].map(|n| Field::toggle(n, n, false)).into();
        let title = format!("Mark {} {to}", what(&selections));
        ActForm::new(title, Purpose::Mark(selections, to), fields, "Mark", state.now)
    };
    open(state, form)
}

/// The selection in words.
fn what(selections: &[Selection]) -> String {
    match selections {
        [one] => {
            let run = one.run_id.as_deref().unwrap_or("");
            match one.task_ids.as_slice() {
                [] => format!("{} {run}", one.dag_id),
                [(task, index)] => {
                    let name = index.map_or_else(|| task.clone(), |i| format!("{task}[{i}]"));
                    format!("{name} of {} {run}", one.dag_id)
                }
                many => format!("{} of {} {run}", count(many.len(), "task instance"), one.dag_id),
            }
        }
        many => {
            let tasks: usize = many.iter().map(|s| s.task_ids.len()).sum();
            if tasks == 0 {
                count(many.len(), "run")
            } else {
                format!("{} in {}", count(tasks, "task instance"), count(many.len(), "run"))
            }
        }
    }
}

/// `1 run`, `3 runs`.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
