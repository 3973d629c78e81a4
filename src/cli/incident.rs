//! `incident`: groups of equal failures, and what people say about them.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{filter, nearest, shell::Shell, target, when};
use crate::{
    clock,
    error::{Error, Result},
    model::filter::seconds,
    protocol::{Command, IncidentChange},
    store::pages,
};

/// Verbs of `incident`.
#[derive(Debug, Subcommand)]
pub enum IncidentVerb {
    /// Groups of equal failures, the newest first
    #[command(after_help = "Example:\n  dagdeck incident list --since 1d")]
    List {
        /// Only those that match
        #[arg(long = "where", value_name = "FILTER")]
        filter: Option<String>,
        /// Failures of this time only
        #[arg(long, value_name = "SPAN", default_value = "7d")]
        since: String,
    },
    /// Acknowledge a group until it fails that way again
    #[command(after_help = "Example:\n  dagdeck incident ack 00aa00aa --note 'known, fix is coming'")]
    Ack {
        #[command(flatten)]
        of: Of,
        /// Note
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Keep a group quiet for a time, also when it fails that way again
    #[command(after_help = "Example:\n  dagdeck incident silence 00aa00aa --for 4h")]
    Silence {
        #[command(flatten)]
        of: Of,
        /// How long
        #[arg(long = "for", value_name = "SPAN", conflicts_with = "until", required_unless_present_any = ["until", "off"])]
        span: Option<String>,
        /// Until when
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// End the silence
        #[arg(long, conflicts_with_all = ["span", "until"])]
        off: bool,
    },
    /// Say who works on a group
    #[command(after_help = "Example:\n  dagdeck incident claim 00aa00aa\n  dagdeck incident claim 00aa00aa --to ana")]
    Claim {
        #[command(flatten)]
        of: Of,
        /// Hand it over to somebody
        #[arg(long, value_name = "WHO", conflicts_with = "release")]
        to: Option<String>,
        /// Nobody works on it any more
        #[arg(long)]
        release: bool,
    },
    /// Write a note on a group, or on a task instance (DAG/RUN/TASK[:INDEX])
    #[command(after_help = "Example:\n  dagdeck incident note 00aa00aa 'node gpu-7 is out of memory'")]
    Note {
        #[command(flatten)]
        of: Of,
        /// Text; empty removes it
        text: String,
    },
}

/// Which group.
#[derive(Debug, Args)]
pub struct Of {
    /// Fingerprint as in `incident list` (its beginning is enough)
    #[arg(value_name = "FINGERPRINT")]
    group: String,
}

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: IncidentVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        IncidentVerb::List { filter, since } => {
            let rows = filter::keep(groups(shell, &since)?, filter.as_deref())?;
            let columns = [
                "fingerprint",
                "count",
                "last_failed",
                "dag_id",
                "task_id",
                "cause",
                "acknowledged_by",
                "claimed_by",
                "silenced_until",
                "note",
            ];
            shell.show_rows(rows, &columns)?;
            return Ok(0);
        }
        IncidentVerb::Ack { of, note } => change(&of, IncidentChange::Acknowledge { note }, shell)?,
        IncidentVerb::Silence { of, span, until, off } => {
            let until = if off { None } else { Some(end(span.as_deref(), until.as_deref(), shell)?) };
            change(&of, IncidentChange::Silence { until }, shell)?;
        }
        IncidentVerb::Claim { of, to, release } => {
            let me = || crate::command::user_name(rustix::process::getuid().as_raw());
            let by = if release { None } else { Some(to.unwrap_or_else(me)) };
            change(&of, IncidentChange::Claim { by }, shell)?;
        }
        IncidentVerb::Note { of, text } => match of.group.split('/').collect::<Vec<_>>().as_slice() {
            [dag, run, task] => {
                let (task, index) = target::split_index(task)?;
                let run = target::find_run(shell, &shell.store()?, dag, run)?;
                let task = Some((task, index.unwrap_or(crate::model::UNMAPPED)));
                let command = Command::Note { dag_id: (*dag).into(), run_id: run.run_id, task, text };
                let answer = shell.submit(command)?;
                shell.show(&answer)?;
            }
            _ => change(&of, IncidentChange::Note { text }, shell)?,
        },
    }
    Ok(0)
}

fn end(span: Option<&str>, until: Option<&str>, shell: &Shell) -> Result<jiff::Timestamp> {
    if let Some(text) = until {
        let zone = when::default_zone(&shell.place()?.settings)?;
        return when::parse(text, &zone, clock::now());
    }
    let text = span.unwrap_or_default();
    let seconds = seconds(text)
        .filter(|s| *s > 0.0 && *s < 1e9)
        .ok_or_else(|| Error::usage(format!("--for {text}: not a span of time")).hint("90s, 10m, 2h, 7d"))?;
    Ok(clock::now() + jiff::SignedDuration::from_secs_f64(seconds))
}

fn groups(shell: &Shell, since: &str) -> Result<Vec<Value>> {
    let span = seconds(since)
        .ok_or_else(|| Error::usage(format!("--since {since}: not a span of time")).hint("90s, 10m, 2h, 7d"))?;
    pages::incident::list(&shell.store()?, clock::now().as_microsecond() - (span * 1e6) as i64)
}

/// The group whose fingerprint begins so.
fn find(group: &str, shell: &Shell) -> Result<String> {
    let all: Vec<String> =
        groups(shell, "36500d")?.iter().filter_map(|g| g["fingerprint"].as_str().map(str::to_owned)).collect();
    let mut fits = all.iter().filter(|f| f.starts_with(group));
    match (fits.next(), fits.next()) {
        _ if all.iter().any(|f| f == group) => Ok(group.to_owned()),
        (Some(one), None) => Ok(one.clone()),
        (Some(_), Some(_)) => {
            Err(Error::usage(format!("several groups begin with {group}")).hint("write more of the fingerprint"))
        }
        (None, _) => Err(Error::not_found(format!("no group of failures has the fingerprint {group}"))
            .hint(nearest::hint(group, &all, "`dagdeck incident list` names them"))),
    }
}

fn change(of: &Of, change: IncidentChange, shell: &mut Shell) -> Result<()> {
    let fingerprint = find(&of.group, shell)?;
    shell.submit(Command::Incident { fingerprint: fingerprint.clone(), change })?;
    let group = groups(shell, "36500d")?.into_iter().find(|g| g["fingerprint"] == fingerprint.as_str());
    shell.show(&group.unwrap_or_else(|| json!({"fingerprint": fingerprint})))
}
