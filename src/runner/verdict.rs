//! From how a process ended to the outcome of its try.

use std::process::ExitStatus;

use serde_json::{Value, json};

use crate::{
    model::{Cause, CauseKind, cause::one_line},
    protocol::{OutcomeKind, Say, spawn::Shell, task},
};

/// Names of signals that end processes.
fn signal_name(signal: i32) -> String {
    match signal {
        1 => "SIGHUP".into(),
        2 => "SIGINT".into(),
        3 => "SIGQUIT".into(),
        4 => "SIGILL".into(),
        6 => "SIGABRT".into(),
        7 => "SIGBUS".into(),
        8 => "SIGFPE".into(),
        9 => "SIGKILL".into(),
        11 => "SIGSEGV".into(),
        13 => "SIGPIPE".into(),
        15 => "SIGTERM".into(),
        other => format!("signal {other}"),
    }
}

fn failed(cause: Cause) -> OutcomeKind {
    OutcomeKind::Failed { cause, retryable: true, retry_delay: None }
}

/// A plain process (bash). The last line of output is pushed as XCom if asked for.
pub fn of_shell(shell: &Shell, status: ExitStatus, last_line: &str, says: &mut Vec<Say>) -> OutcomeKind {
    use std::os::unix::process::ExitStatusExt;
    if let Some(signal) = status.signal() {
        return failed(
            Cause::new(CauseKind::Signal, format!("{} was ended by {}", shell.what, signal_name(signal)))
                .exception("AirflowException")
                .exit_code(-signal),
        );
    }
    match status.code().unwrap_or(-1) {
        0 => {
            if shell.push_last_line {
                let n = says.len() as u32 + 1;
                says.push(Say { n, body: json!({"type": "SetXCom", "key": "return_value", "value": last_line}) });
            }
            OutcomeKind::Success
        }
        code if shell.skip_on_exit_code.contains(&code) => OutcomeKind::Skipped {
            cause: Cause::new(CauseKind::Skip, format!("{} ended with exit code {code}: skipped", shell.what))
                .exit_code(code),
        },
        code => failed(
            Cause::new(CauseKind::ExitCode, format!("{} ended with exit code {code}", shell.what))
                .last_line(last_line)
                .exception("AirflowException")
                .exit_code(code),
        ),
    }
}

/// A Python task: its last word counts, if the process then ended with 0.
pub fn of_python(end: Option<&Value>, status: ExitStatus, last_line: &str) -> OutcomeKind {
    use std::os::unix::process::ExitStatusExt;
    if let Some(signal) = status.signal() {
        let hint = if signal == 9 { " (out of memory, or killed by hand)" } else { "" };
        return failed(
            Cause::new(CauseKind::Signal, format!("the task's process was ended by {}{hint}", signal_name(signal)))
                .exit_code(-signal),
        );
    }
    let code = status.code().unwrap_or(-1);
    let said = end.map_or("", task::kind);
    if code != 0 && said != "TaskState" && said != "RetryTask" {
        return failed(
            Cause::new(CauseKind::ExitCode, format!("the task's process ended with exit code {code}"))
                .last_line(last_line)
                .exit_code(code),
        );
    }
    let Some(end) = end else { return OutcomeKind::Success };
    match said {
        "SucceedTask" => OutcomeKind::Success,
        "RescheduleTask" => match end.get("reschedule_date").and_then(Value::as_str).and_then(|t| t.parse().ok()) {
            Some(until) => OutcomeKind::Reschedule { until },
            None => failed(Cause::new(CauseKind::Value, "the task asked to be rescheduled without a valid date")),
        },
        "DeferTask" => OutcomeKind::Deferred { trigger: end.clone() },
        _ => {
            let cause = cause_of(end);
            if end.get("state").and_then(Value::as_str) == Some("skipped") {
                return OutcomeKind::Skipped { cause };
            }
            let retryable = end.get("retryable").and_then(Value::as_bool).unwrap_or(true);
            OutcomeKind::Failed { cause, retryable, retry_delay: end.get("retry_delay").and_then(Value::as_f64) }
        }
    }
}

fn cause_of(end: &Value) -> Cause {
    let said = end.get("cause").cloned().unwrap_or(Value::Null);
    let text = |key: &str| said.get(key).and_then(Value::as_str);
    let kind = text("kind").and_then(|k| k.parse().ok()).unwrap_or(CauseKind::Exception);
    let mut cause = Cause::new(kind, one_line(text("summary").unwrap_or("the task failed"), 500));
    if let Some(class) = text("exception") {
        cause = cause.exception(class);
    }
    if let Some(code) = said.get("exit_code").and_then(Value::as_i64) {
        cause = cause.exit_code(code as i32);
    }
    cause
}
