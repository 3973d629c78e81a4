//! A command as the line of a shell that does the same.

use crate::{
    model::UNMAPPED,
    protocol::{BackfillRequest, Command, IncidentChange, Selection},
};

/// The line.
pub fn shell(command: &Command) -> String {
    let mut line = Line::default();
    match command {
        Command::Trigger { dag_id, run_id, conf, logical_date, note, .. } => {
            line.words(["dags", "trigger", dag_id]);
            line.option("-r", run_id.as_deref());
            if conf.as_object().is_some_and(|o| !o.is_empty()) {
                line.option("-c", Some(&conf.to_string()));
            }
            line.option("-l", logical_date.map(crate::model::time::rfc3339).as_deref());
            line.option("--note", note.as_deref());
        }
        Command::SetPaused { dag_ids, paused } => {
            line.words(["dags", if *paused { "pause" } else { "unpause" }]);
            line.words(dag_ids.iter().map(String::as_str));
        }
        Command::DeleteDag { dag_id, dry_run } => {
            line.words(["dags", "delete", dag_id]);
            line.plan(*dry_run);
        }
        Command::CleanPods { names, force, dry_run } => {
            line.words(["pods", "cleanup"]);
            line.words(names.iter().map(String::as_str));
            line.flag("--force", *force);
            line.plan(*dry_run);
        }
        Command::CreateBackfill { request, dry_run } => {
            line.backfill(request);
            line.plan(*dry_run);
        }
        Command::PauseBackfill { id, paused } => {
            line.words(["backfill", if *paused { "pause" } else { "unpause" }, &id.to_string()]);
        }
        Command::CancelBackfill { id, dry_run } => {
            line.words(["backfill", "cancel", &id.to_string()]);
            line.plan(*dry_run);
        }
        Command::SavePlan { planned, hold, .. } => {
            let plain = shell(planned).trim_end_matches(" -y").to_owned();
            // Verbs that ask for nothing take their flags in front: a value may be anything.
            if matches!(**planned, Command::SetXcom { .. } | Command::UpdateAsset { .. }) {
                let flag = hold.map_or_else(|| "--save".to_owned(), |seconds| format!("--hold {seconds}"));
                let mut words: Vec<&str> = plain.splitn(4, ' ').collect();
                words.insert(words.len().min(3), &flag);
                line.0 = words.join(" ");
                return line.0;
            }
            match hold {
                Some(seconds) => line.0 = format!("{plain} --hold {seconds} -y"),
                None => line.0 = format!("{plain} --dry-run --save"),
            }
        }
        Command::AnswerHitl { dag_id, run_id, task_id, map_index, options, params } => {
            line.words(["hitl", "answer", dag_id, run_id, &with_index(task_id, *map_index)]);
            for option in options {
                line.option("--option", Some(option));
            }
            line.option("--params", (!params.is_null()).then(|| params.to_string()).as_deref());
        }
        Command::UpdateAsset { name, uri, extra, partition_key } => {
            line.words(["assets", "update"]);
            line.words(uri.as_deref().or(name.as_deref()));
            line.option("--extra", Some(&extra.to_string()));
            line.option("--partition-key", partition_key.as_deref());
        }
        Command::ApplyPlan { plan_id } => line.words(["plans", "apply", plan_id]),
        Command::RevertPlan { plan_id, dry_run } => {
            line.words(["plans", "revert", plan_id]);
            line.plan(*dry_run);
        }
        Command::DiscardPlan { plan_id } => line.words(["plans", "discard", plan_id]),
        Command::Clear { selection, dry_run } if selection.run_id.is_some() && whole(selection) => {
            line.words(["runs", "clear", &selection.dag_id, selection.run_id.as_deref().unwrap_or("")]);
            line.flag("--only-failed", selection.only_failed);
            line.latest(selection.latest_version);
            line.plan(*dry_run);
        }
        Command::Clear { selection, dry_run } => {
            line.words(["tasks", "clear", &selection.dag_id]);
            line.option("--run-id", selection.run_id.as_deref());
            line.option("-s", selection.start_date.map(crate::model::time::rfc3339).as_deref());
            line.option("-e", selection.end_date.map(crate::model::time::rfc3339).as_deref());
            line.option("-t", selection.task_text.as_deref());
            for (task, index) in &selection.task_ids {
                line.option("--task-id", Some(&with_index(task, index.unwrap_or(UNMAPPED))));
            }
            line.flag("--downstream", selection.downstream);
            line.flag("--upstream", selection.upstream);
            line.flag("--past", selection.past);
            line.flag("--future", selection.future);
            line.flag("--only-failed", selection.only_failed);
            line.flag("--only-running", selection.only_running);
            line.flag("--no-reset-dag-runs", selection.keep_dag_runs);
            for (task, index) in &selection.exclude {
                line.option("--exclude", Some(&with_index(task, index.unwrap_or(UNMAPPED))));
            }
            line.option("--retries", selection.keep_retries.then_some("keep"));
            line.option("--running", selection.skip_running.then_some("skip"));
            line.latest(selection.latest_version);
            line.plan(*dry_run);
        }
        Command::Mark { selection, state, dry_run } => {
            line.words(["tasks", "mark", &selection.dag_id, selection.run_id.as_deref().unwrap_or("")]);
            for (task, index) in &selection.task_ids {
                line.words([with_index(task, index.unwrap_or(UNMAPPED)).as_str()]);
            }
            line.words([state.as_str()]);
            line.flag("--upstream", selection.upstream);
            line.flag("--downstream", selection.downstream);
            line.flag("--past", selection.past);
            line.flag("--future", selection.future);
            line.plan(*dry_run);
        }
        Command::SetRunState { dag_id, run_id, state, dry_run } => {
            line.words(["runs", "set-state", dag_id, run_id, state.as_str()]);
            line.plan(*dry_run);
        }
        Command::Note { dag_id, run_id, task: None, text } => line.words(["runs", "note", dag_id, run_id, text]),
        Command::Note { dag_id, run_id, task: Some((task, index)), text } => {
            line.words(["incident", "note", &format!("{dag_id}/{run_id}/{}", with_index(task, *index)), text]);
        }
        Command::StopTask { dag_id, run_id, task_id, map_index } => {
            line.words(["tasks", "stop", dag_id, run_id, &with_index(task_id, *map_index)]);
        }
        Command::Incident { fingerprint, change } => match change {
            IncidentChange::Acknowledge { note } => {
                line.words(["incident", "ack", fingerprint]);
                line.option("--note", note.as_deref());
            }
            IncidentChange::Silence { until: Some(until) } => {
                let until = crate::model::time::rfc3339(*until);
                line.words(["incident", "silence", fingerprint, "--until", &until]);
            }
            IncidentChange::Silence { until: None } => line.words(["incident", "silence", fingerprint, "--off"]),
            IncidentChange::Claim { by: Some(by) } => line.words(["incident", "claim", fingerprint, "--to", by]),
            IncidentChange::Claim { by: None } => line.words(["incident", "claim", fingerprint, "--release"]),
            IncidentChange::Note { text } => line.words(["incident", "note", fingerprint, text]),
        },
        Command::SetPool { name, slots, description, include_deferred } => {
            line.words(["pools", "set", name, &slots.to_string(), description]);
            line.flag("--include-deferred", *include_deferred);
        }
        Command::DeletePool { name } => line.words(["pools", "delete", name]),
        Command::SetVariable { key, value, description } => {
            line.words(["variables", "set", key, value]);
            line.option("--description", description.as_deref());
        }
        Command::DeleteVariable { key } => line.words(["variables", "delete", key]),
        Command::SetConnection { conn_id, fields, .. } => {
            let mut fields = fields.clone();
            // What is shown, copied and audited has no secret.
            if fields["password"].as_str().is_some_and(|p| !p.is_empty()) {
                fields["password"] = "***".into();
            }
            line.words(["connections", "add", conn_id, "--conn-json", &fields.to_string()]);
        }
        Command::DeleteConnection { conn_id } => line.words(["connections", "delete", conn_id]),
        Command::SetXcom { dag_id, run_id, task_id, map_index, key, value, delete } => {
            line.words(["xcoms", if *delete { "delete" } else { "set" }, dag_id, run_id, task_id, "--key", key]);
            line.option("--map-index", (*map_index != UNMAPPED).then(|| map_index.to_string()).as_deref());
            let value = value.to_string();
            // A negative number isn't an option.
            line.flag("--", !delete && value.starts_with('-'));
            line.words((!delete).then_some(value.as_str()));
        }
        Command::DeleteRuns { dag_id, run_ids, dry_run } => {
            line.words(["runs", "delete", dag_id]);
            line.words(run_ids.iter().map(String::as_str));
            line.plan(*dry_run);
        }
        // The console has no form for these.
        other => line.words([format!("# {other:?}").as_str()]),
    }
    line.0
}

/// A verb of dagdeck with its arguments as a line.
pub fn words(all: &[String]) -> String {
    let mut line = Line::default();
    line.words(all.iter().map(String::as_str));
    line.0
}

/// All tasks of a run.
fn whole(s: &Selection) -> bool {
    let plain = Selection {
        dag_id: s.dag_id.clone(),
        run_id: s.run_id.clone(),
        only_failed: s.only_failed,
        latest_version: s.latest_version,
        // All tasks have no others above or below.
        downstream: s.downstream,
        upstream: s.upstream,
        ..Selection::default()
    };
    *s == plain
}

fn with_index(task: &str, index: i32) -> String {
    if index == UNMAPPED { task.to_owned() } else { format!("{task}:{index}") }
}

struct Line(String);

impl Default for Line {
    fn default() -> Self {
        Self("dagdeck".into())
    }
}

impl Line {
    fn words<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) {
        for word in words {
            self.0.push(' ');
            self.0.push_str(&quoted(word));
        }
    }
    fn option(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.words([name, value]);
        }
    }
    fn flag(&mut self, name: &str, on: bool) {
        if on {
            self.words([name]);
        }
    }
    fn latest(&mut self, said: Option<bool>) {
        match said {
            Some(true) => self.words(["--run-on-latest-version"]),
            Some(false) => self.words(["--no-run-on-latest-version"]),
            None => {}
        }
    }
    fn backfill(&mut self, request: &BackfillRequest) {
        self.words(["backfill", "create", "--dag-id", &request.dag_id]);
        self.option("--from-date", Some(&crate::model::time::rfc3339(request.from_date)));
        self.option("--to-date", Some(&crate::model::time::rfc3339(request.to_date)));
        self.option("--max-active-runs", Some(&request.max_active_runs.to_string()));
        self.option("--reprocess-behavior", Some(request.reprocess_behavior.as_str()));
        self.flag("--run-backwards", request.run_backwards);
        self.option("--dag-run-conf", request.dag_run_conf.as_ref().map(ToString::to_string).as_deref());
        for task in &request.task_ids {
            self.option("--task-id", Some(task));
        }
        self.flag("--while-paused", request.while_paused);
        self.option("--pool", request.pool.as_deref());
        self.latest(request.latest_version);
    }
    fn plan(&mut self, dry_run: bool) {
        self.words([if dry_run { "--dry-run" } else { "-y" }]);
    }
}

/// A word that a POSIX shell takes as it is.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+:./,=@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{TiState, TriggeredBy};
    use serde_json::json;

    #[test]
    fn acts_are_shell_commands() {
        let selection = Selection {
            dag_id: "churn".into(),
            run_id: Some("manual__2026-01-01T00:00:00+00:00".into()),
            task_ids: vec![("train".into(), Some(3))],
            downstream: true,
            ..Selection::default()
        };
        for (command, line) in [
            (
                Command::Clear { selection: selection.clone(), dry_run: false },
                "dagdeck tasks clear churn --run-id manual__2026-01-01T00:00:00+00:00 --task-id train:3 --downstream -y",
            ),
            (
                Command::Mark {
                    selection: Selection { downstream: false, ..selection.clone() },
                    state: TiState::Success,
                    dry_run: true,
                },
                "dagdeck tasks mark churn manual__2026-01-01T00:00:00+00:00 train:3 success --dry-run",
            ),
            (
                Command::Clear {
                    selection: Selection { task_ids: vec![], only_failed: true, ..selection },
                    dry_run: false,
                },
                "dagdeck runs clear churn manual__2026-01-01T00:00:00+00:00 --only-failed -y",
            ),
            (
                Command::Trigger {
                    dag_id: "a b".into(),
                    run_id: None,
                    conf: json!({"x": "it's"}),
                    logical_date: None,
                    run_after: None,
                    note: Some("go".into()),
                    partition_key: None,
                    triggered_by: TriggeredBy::Ui,
                },
                r#"dagdeck dags trigger 'a b' -c '{"x":"it'\''s"}' --note go"#,
            ),
            (Command::SetPaused { dag_ids: vec!["a".into()], paused: true }, "dagdeck dags pause a"),
        ] {
            assert_eq!(shell(&command), line);
        }
    }
}
