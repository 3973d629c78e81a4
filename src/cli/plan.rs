//! Plans: shown with `--dry-run`, asked about in a terminal, applied with `--yes`.

use clap::Args;
use serde_json::Value;

use super::{
    shell::{Format, Shell},
    table,
};
use crate::{
    error::{Error, Result},
    protocol::Command,
};

/// Flags of every verb that has a plan.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct PlanFlags {
    /// Only show what would be done
    #[arg(long, short = 'n', help_heading = "Plan")]
    pub dry_run: bool,
    /// Don't ask
    #[arg(long, short = 'y', help_heading = "Plan")]
    pub yes: bool,
    /// Keep the plan for `plans apply` (nothing is changed)
    #[arg(long, help_heading = "Plan")]
    pub save: bool,
    /// Do it after so many seconds, unless `plans discard` undoes it before
    #[arg(long, value_name = "S", help_heading = "Plan", conflicts_with = "save")]
    pub hold: Option<f64>,
}

/// Flags of verbs that write one thing at once, unless it is to be later.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct LaterFlags {
    /// Keep the plan for `plans apply` (nothing is changed)
    #[arg(long, help_heading = "Plan")]
    pub save: bool,
    /// Do it after so many seconds, unless `plans discard` undoes it before
    #[arg(long, value_name = "S", help_heading = "Plan", conflicts_with = "save")]
    pub hold: Option<f64>,
}

/// Does it at once: the answer. Saves or holds its plan as the flags say, and shows that: `None`.
///
/// # Errors
/// What planning or doing says.
pub fn write(shell: &mut Shell, flags: LaterFlags, command: Command) -> Result<Option<Value>> {
    if !flags.save && flags.hold.is_none() {
        return shell.submit(command).map(Some);
    }
    let hold = flags.hold;
    let plan = shell.submit(Command::SavePlan { planned: Box::new(command), hold, act: None })?;
    show(shell, &plan, "")?;
    let id = plan["plan_id"].as_str().unwrap_or_default();
    shell.say(&match hold {
        None => format!("saved, nothing was changed; `dagdeck plans apply {id}` applies it"),
        Some(seconds) => format!("held for {seconds} s; `dagdeck plans discard {id}` undoes it"),
    })?;
    Ok(None)
}

/// Shows the plan of a command and applies it as the flags say; the exit code.
///
/// # Errors
/// What planning or applying says.
pub fn carry_out(shell: &mut Shell, flags: PlanFlags, command: impl Fn(bool) -> Command) -> Result<i32> {
    if flags.save {
        let plan = shell.submit(Command::SavePlan { planned: Box::new(command(false)), hold: None, act: None })?;
        show(shell, &plan, "")?;
        let id = plan["plan_id"].as_str().unwrap_or_default();
        shell.say(&format!("saved, nothing was changed; `dagdeck plans apply {id}` applies it"))?;
        return Ok(0);
    }
    match flags.hold {
        None => ask(shell, flags, |shell, dry_run| shell.submit(command(dry_run))),
        Some(seconds) => carry_out_later(shell, flags, seconds, command),
    }
}

/// With an undo window: what was agreed to is done after so many seconds, unless it is discarded before.
fn carry_out_later(
    shell: &mut Shell,
    flags: PlanFlags,
    seconds: f64,
    command: impl Fn(bool) -> Command,
) -> Result<i32> {
    let code = ask(shell, flags, |shell, dry_run| match dry_run {
        true => shell.submit(command(true)),
        false => {
            let planned = Box::new(command(false));
            shell.submit(Command::SavePlan { planned, hold: Some(seconds), act: None })
        }
    })?;
    if code == 0 && !flags.dry_run {
        shell.say(&format!(
            "held for {seconds} s; `dagdeck plans list` shows it, `dagdeck plans discard ID` undoes it"
        ))?;
        if shell.scheduler()?.is_none() {
            shell.say("no scheduler runs: it is done when one is started after that time")?;
        }
    }
    Ok(code)
}

/// The same for an act whose plan the caller makes itself.
///
/// # Errors
/// What planning or applying says.
pub fn carry_out_with(shell: &mut Shell, flags: PlanFlags, act: impl Fn(&Shell, bool) -> Result<Value>) -> Result<i32> {
    if flags.save || flags.hold.is_some() {
        return Err(Error::usage("the plan of this verb can be neither saved nor held")
            .hint("leave --save and --hold out: `--dry-run` shows the plan, `--yes` carries it out at once"));
    }
    ask(shell, flags, act)
}

/// Shows the plan, asks, acts: as the flags say.
fn ask(shell: &mut Shell, flags: PlanFlags, act: impl Fn(&Shell, bool) -> Result<Value>) -> Result<i32> {
    if flags.yes && !flags.dry_run {
        let done = act(shell, false)?;
        show(shell, &done, if done["applied"] == true { "applied" } else { "" })?;
        return Ok(0);
    }
    let plan = act(shell, true)?;
    if flags.dry_run {
        show(shell, &plan, "plan only, nothing was changed")?;
        return Ok(0);
    }
    if !shell.asks {
        show(shell, &plan, "")?;
        shell.say(
            "nothing was changed: there is no terminal to ask in; --yes applies the plan, --dry-run only shows it",
        )?;
        return Ok(1);
    }
    if is_empty(&plan) {
        show(shell, &plan, "plan only, nothing was changed")?;
        return Ok(0);
    }
    let text = describe(&plan, shell.width);
    shell.say(text.trim_end())?;
    if !shell.confirm("Apply this plan?")? {
        shell.say("nothing was changed")?;
        return Ok(1);
    }
    let done = act(shell, false)?;
    if shell.format().is_document() {
        shell.document(&done)?;
    } else {
        shell.say("done")?;
    }
    Ok(0)
}

/// Prints a plan; for people with a last word.
///
/// # Errors
/// `System` if it can't be written.
pub fn show(shell: &mut Shell, plan: &Value, last_word: &str) -> Result<()> {
    match shell.format() {
        Format::Json | Format::Yaml => shell.document(plan),
        Format::Plain => {
            let rows = list(plan, "task_instances");
            shell.text(&table::plain(rows, &["dag_run_id", "task_id", "map_index", "from", "to", "reason"]))
        }
        Format::Table => {
            let text = describe(plan, shell.width);
            shell.text(&text)?;
            if last_word.is_empty() { Ok(()) } else { shell.say(last_word) }
        }
    }
}

fn list<'a>(plan: &'a Value, name: &str) -> &'a [Value] {
    plan[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn is_empty(plan: &Value) -> bool {
    list(plan, "task_instances").is_empty() && list(plan, "dag_runs").is_empty() && list(plan, "effects").is_empty()
}

/// A row for people: no state is `none`, no index is nothing.
fn named(row: &Value) -> Value {
    let mut row = row.clone();
    for key in ["from", "to"] {
        if row.get(key).is_some_and(Value::is_null) {
            row[key] = "none".into();
        }
    }
    if row["map_index"] == -1 {
        row["map_index"] = Value::Null;
    }
    row
}

/// A plan as text: what happens to which task instances and runs, and what else.
fn describe(plan: &Value, width: Option<usize>) -> String {
    if is_empty(plan) {
        return "nothing matches, nothing to do\n".into();
    }
    let mut text = String::new();
    for (name, one, many) in
        [("task_instances", "task instance", "task instances"), ("dag_runs", "dag run", "dag runs")]
    {
        let rows = list(plan, name);
        if rows.is_empty() {
            continue;
        }
        text.push_str(&format!("{} {}\n", rows.len(), if rows.len() == 1 { one } else { many }));
        let wanted = ["dag_run_id", "task_id", "map_index", "from", "to", "reason"];
        let columns: Vec<&str> = wanted.into_iter().filter(|c| rows.iter().any(|row| row.get(*c).is_some())).collect();
        let rows: Vec<Value> = rows.iter().map(named).collect();
        for line in table::aligned(&rows, &columns, width.map(|w| w.saturating_sub(2))).lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    for effect in list(plan, "effects") {
        let line = effect.as_str().map_or_else(|| table::cell(effect, true), ToOwned::to_owned);
        text.push_str(&format!("also: {line}\n"));
    }
    text
}
