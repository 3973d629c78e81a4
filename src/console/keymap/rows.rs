//! The table of keys. Upper case acts, lower case looks; no verb on a Ctrl chord.

use super::{Action, Group, Row};
use crate::console::place::Scope;

const fn row(
    action: Action,
    keys: &'static [&'static str],
    scope: Scope,
    group: Group,
    hint: &'static str,
    what: &'static str,
) -> Row {
    Row { action, keys, scope, group, hint, what, dangerous: matches!(group, Group::Act) }
}

/// Screens with DAGs, runs, task instances.
const OBJECTS: Scope = Scope::SYSTEM.or(Scope::AUDIT).or(Scope::SETTINGS).not();
/// Screens about work that can be repeated.
const WORK: Scope =
    Scope(OBJECTS.0 & Scope::VERSIONS.or(Scope::SOURCE).or(Scope::CALENDAR).or(Scope::ABOUT).or(Scope::LOGS).not().0);
/// Screens whose body is text.
const TEXT: Scope = Scope::INSTANCE.or(Scope::SOURCE).or(Scope::ABOUT).or(Scope::LOGS).or(Scope::SPEC);
/// Screens with a log.
const LOGS: Scope = Scope::INSTANCE.or(Scope::LOGS);
/// Screens with groups that fold, and no time to zoom.
const TREES: Scope = Scope::GRID.or(Scope::GRAPH);
/// Screens whose lines are as long as somebody wrote them.
const CODE: Scope = Scope::SOURCE.or(Scope::SPEC);
/// Screens about an index of a mapped task.
const INDEXES: Scope = Scope::INSTANCE.or(Scope::GRID).or(Scope::COMPARE).or(Scope::POD);
const LISTS: Scope = TEXT.not();
/// Screens about pods.
const PODS: Scope = Scope::PODS.or(Scope::POD).or(Scope::SPEC);
/// Screens with DAGs and runs, where these are what one acts on.
const NOT_PODS: Scope = Scope(OBJECTS.0 & PODS.not().0);

/// Every action with the keys of the preset `vim`.
pub const ROWS: &[Row] = {
    use Action as A;
    use Group as G;
    &[
        row(A::Open, &["Enter"], LISTS, G::Move, "open", "open what is under the cursor"),
        row(A::Log, &["o"], WORK, G::Look, "log", "output (log) of the last try; of marked ones as one log"),
        row(
            A::Pod,
            &["e", "g p"],
            Scope(WORK.0 & !(Scope::POD.0 | Scope::SPEC.0)),
            G::Look,
            "pod",
            "events and pod; of a run or DAG its pods",
        ),
        row(A::Shell, &["S"], PODS, G::Act, "shell", "shell in the running pod, or in the container under the cursor"),
        row(A::PodSpec, &["d"], PODS, G::Look, "yaml", "what was sent, as YAML, secrets masked"),
        row(A::PodDiff, &["="], PODS, G::Look, "diff", "what differs from the pod of the last success"),
        row(A::Blockers, &["b"], WORK, G::Look, "why", "blockers: why it isn't running, or why it ended"),
        row(
            A::Acknowledge,
            &["A"],
            WORK,
            G::Act,
            "ack",
            "acknowledge this group until it fails again; answer a task that asks",
        ),
        row(A::Silence, &["Z"], Scope::TRIAGE, G::Act, "", "silence this group for some hours (form)"),
        row(A::Claim, &["H"], Scope::TRIAGE, G::Act, "claim", "claim this group, hand it over, or let go (form)"),
        row(
            A::Edit,
            &["E"],
            Scope::SETTINGS.or(Scope::XCOM),
            G::Act,
            "edit",
            "edit this pool, connection, variable or XCom (form)",
        ),
        row(
            A::New,
            &["I"],
            Scope::SETTINGS,
            G::Act,
            "new",
            "new pool, connection or variable, as under the cursor (form)",
        ),
        row(
            A::TestConnection,
            &["T"],
            Scope::SETTINGS,
            G::Look,
            "test",
            "test this connection: whether its host answers",
        ),
        row(
            A::Delete,
            &["D"],
            Scope::SETTINGS.or(Scope::RUNS).or(Scope::XCOM).or(PODS),
            G::Act,
            "",
            "delete this pool, connection, variable, run, XCom or pod; give up a pod on a silent node (form; type its name)",
        ),
        row(A::Follow, &["f"], LOGS, G::Look, "follow", "follow the log's end"),
        row(A::Clear, &["C"], WORK, G::Act, "clear", "clear, so that it runs again (form with plan)"),
        row(A::Retry, &["R"], WORK, G::Act, "retry", "retry exactly this (form with plan)"),
        row(A::Filter, &["/"], Scope::ALL, G::Look, "find", "filter this list; in a log: find"),
        row(A::Trigger, &["T"], NOT_PODS, G::Act, "trigger", "trigger a run (form)"),
        row(A::Backfill, &["B"], NOT_PODS, G::Act, "", "backfill: make or repeat the runs of some days (form)"),
        row(
            A::Undo,
            &["U"],
            Scope::ALL,
            G::Act,
            "",
            "undo: what is held for 10 s; later a plan that takes it back (form); the last pause",
        ),
        row(
            A::Pause,
            &["P"],
            NOT_PODS.or(Scope::SYSTEM),
            G::Act,
            "pause",
            "pause or resume the DAG or backfill, at once",
        ),
        row(A::ViewCycle, &["v v"], NOT_PODS, G::Look, "view", "view: the next one"),
        row(A::Xcom, &["x"], WORK, G::Look, "xcom", "XCom inspector"),
        row(
            A::MarkSuccess,
            &["M s"],
            Scope(WORK.0 & !Scope::ASSETS.0),
            G::Act,
            "mark",
            "mark success (form with plan)",
        ),
        row(A::SetAlias, &["M"], Scope::ASSETS, G::Act, "alias", "give a version of this model an alias (form)"),
        row(
            A::AliasHistory,
            &["="],
            Scope::ASSETS,
            G::Look,
            "versions",
            "versions of this model: which one had which alias, from when to when",
        ),
        row(A::Note, &["N"], Scope(WORK.0 & TEXT.not().0), G::Act, "note", "write a note on a run or instance"),
        row(A::Stop, &["K"], WORK, G::Act, "stop", "stop running work; cancel a backfill (form)"),
        row(A::MarkFailed, &["M f"], Scope(WORK.0 & !Scope::ASSETS.0), G::Act, "", "mark failed (form with plan)"),
        row(A::MarkSkipped, &["M k"], Scope(WORK.0 & !Scope::ASSETS.0), G::Act, "", "mark skipped (form with plan)"),
        row(A::Up, &["k", "Up"], Scope::ALL, G::Move, "", "up"),
        row(A::Down, &["j", "Down"], Scope::ALL, G::Move, "", "down"),
        row(A::Left, &["h", "Left"], Scope::ALL, G::Move, "", "left; fold"),
        row(A::Right, &["l", "Right"], Scope::ALL, G::Move, "", "right; unfold"),
        row(A::Top, &["g g"], Scope::ALL, G::Move, "", "to the first line"),
        row(A::Bottom, &["G"], Scope::ALL, G::Move, "", "to the last line"),
        row(A::HalfUp, &["Ctrl-u"], Scope::ALL, G::Move, "", "half a page up"),
        row(A::HalfDown, &["Ctrl-d"], Scope::ALL, G::Move, "", "half a page down"),
        row(A::PageUp, &["PgUp"], Scope::ALL, G::Move, "", "a page up"),
        row(A::PageDown, &["PgDn"], Scope::ALL, G::Move, "", "a page down"),
        row(A::First, &["Home"], Scope::ALL, G::Move, "", "first column, run or time"),
        row(A::Last, &["End"], Scope::ALL, G::Move, "", "last column, run or time"),
        row(A::NextProblem, &["]"], Scope::ALL, G::Move, "", "next problem (failed cell, error line)"),
        row(A::PreviousProblem, &["["], Scope::ALL, G::Move, "", "previous problem"),
        row(A::Back, &["Esc"], Scope::ALL, G::Move, "", "close the innermost thing, clear the filter, up one"),
        row(A::UpOne, &["q"], Scope::ALL, G::Move, "", "up one; at the top, triage, it asks whether to leave"),
        row(A::LastScreen, &["Backspace"], Scope::ALL, G::Move, "", "the screen before this one"),
        row(
            A::NextPane,
            &["Tab"],
            Scope::ALL,
            G::Move,
            "",
            "next part: log, details, inputs ..; the next of several lists; the preview, to scroll it",
        ),
        row(A::PreviousPane, &["Shift-Tab"], Scope::ALL, G::Move, "", "the part before"),
        row(A::Triage, &["1"], Scope::ALL, G::Move, "", "screen: triage (what needs a person)"),
        row(A::Dags, &["2"], Scope::ALL, G::Move, "", "screen: DAGs"),
        row(A::Runs, &["3"], Scope::ALL, G::Move, "", "screen: runs of all DAGs"),
        row(A::Instances, &["4"], Scope::ALL, G::Move, "", "screen: task instances of all DAGs"),
        row(A::Backfills, &["5"], Scope::ALL, G::Move, "", "screen: backfills"),
        row(A::Pods, &["6"], Scope::ALL, G::Move, "", "screen: pods, and how their clusters are"),
        row(A::Assets, &["7"], Scope::ALL, G::Move, "", "screen: assets (how fresh, who makes and follows them)"),
        row(A::Settings, &["8"], Scope::ALL, G::Move, "", "screen: pools, connections, variables"),
        row(A::Audit, &["9"], Scope::ALL, G::Move, "", "screen: audit (who did what)"),
        row(A::System, &["0"], Scope::ALL, G::Move, "", "screen: system and jobs"),
        row(A::GoDag, &["g d"], OBJECTS, G::Move, "", "go to the DAG (its grid)"),
        row(A::GoRuns, &["g r"], OBJECTS, G::Move, "", "go to the runs of this DAG"),
        row(A::GoInstances, &["g t"], OBJECTS, G::Move, "", "go to the task instances of this run"),
        row(A::GoLog, &["g l"], OBJECTS, G::Move, "", "go to the log"),
        row(A::GoFailure, &["g f"], OBJECTS, G::Move, "", "go to the newest failure of this DAG"),
        row(A::GoAudit, &["g a"], OBJECTS, G::Move, "", "go to the audit of this object: who did what to it"),
        row(A::GoBackfills, &["g b"], OBJECTS, G::Move, "", "go to the backfills of this DAG"),
        row(
            A::SearchLogs,
            &["g s"],
            Scope::ALL,
            G::Look,
            "",
            "search all logs of all runs for a text: where it is, and the first time it ever appeared",
        ),
        row(A::ViewGrid, &["v g"], OBJECTS, G::Look, "", "view: grid of runs x tasks"),
        row(A::ViewGantt, &["v t"], OBJECTS, G::Look, "", "view: timeline (Gantt) of the run"),
        row(A::ViewGraph, &["v d"], OBJECTS, G::Look, "", "view: diagram (graph) of the tasks, with the run's states"),
        row(A::ViewCalendar, &["v c"], OBJECTS, G::Look, "", "view: calendar of the DAG's runs"),
        row(A::ViewSource, &["v s"], OBJECTS, G::Look, "", "view: the DAG's file"),
        row(A::ViewVersions, &["v h"], OBJECTS, G::Look, "", "view: versions (history), with what changed"),
        row(
            A::Diff,
            &["="],
            Scope(WORK.0 & !Scope::TRIAGE.0 & !Scope::ASSETS.0 & !PODS.0),
            G::Look,
            "diff",
            "compare: this try, or the XComs, with an earlier one; again: another",
        ),
        row(
            A::Details,
            &["d"],
            Scope(WORK.0 & !PODS.0),
            G::Look,
            "",
            "details; of a DAG its settings and documentation",
        ),
        row(A::Inputs, &["i"], WORK, G::Look, "", "rendered inputs"),
        row(A::TryBefore, &["<"], Scope::INSTANCE, G::Look, "", "the try before"),
        row(A::TryAfter, &[">"], Scope::INSTANCE, G::Look, "", "the try after"),
        row(A::IndexBefore, &["("], INDEXES, G::Look, "", "the map index before"),
        row(A::IndexAfter, &[")"], INDEXES, G::Look, "", "the map index after"),
        row(A::PodBefore, &["<"], Scope::POD, G::Look, "", "the pod of the try before"),
        row(A::PodAfter, &[">"], Scope::POD, G::Look, "", "the pod of the try after"),
        row(A::WithGone, &["+"], Scope::PODS, G::Look, "", "also pods that are gone"),
        row(A::OnlyThere, &["-"], Scope::PODS, G::Look, "", "only pods that are there"),
        row(A::OnlyAbove, &["<"], Scope::GRAPH, G::Look, "above", "only what is above this task; again: all"),
        row(A::OnlyBelow, &[">"], Scope::GRAPH, G::Look, "below", "only what is below this task; again: all"),
        row(A::Wrap, &["w"], LOGS.or(CODE), G::Look, "wrap", "wrap long lines"),
        row(A::Stamps, &["t"], LOGS, G::Look, "", "time stamps: clock, since the start, none"),
        row(
            A::Highlight,
            &["c"],
            LOGS.or(Scope::GANTT),
            G::Look,
            "",
            "colours: in a log the task's own, numbers and texts, levels only; in the timeline the critical path or not",
        ),
        row(A::Grep, &["&"], LOGS, G::Look, "grep", "only lines with a text, with some lines around them"),
        row(A::FindNext, &["n"], TEXT, G::Look, "", "next match"),
        row(A::FindPrevious, &["N"], TEXT, G::Look, "", "previous match"),
        row(A::OnlyProblems, &["!"], Scope::ALL, G::Look, "", "only problems; in a log: only warnings and errors"),
        row(
            A::Sort,
            &["s"],
            Scope(
                Scope::DAGS.0
                    | Scope::RUNS.0
                    | Scope::TIS.0
                    | Scope::PODS.0
                    | Scope::AUDIT.0
                    | Scope::XCOM.0
                    | Scope::ASSETS.0
                    | Scope::BACKFILLS.0,
            ),
            G::Look,
            "",
            "sort by the next column; group pods by DAG, node, phase, namespace",
        ),
        row(A::Unfold, &["+"], TREES, G::Look, "", "unfold all groups; in the diagram the one under the cursor"),
        row(A::Fold, &["-"], TREES, G::Look, "", "fold all groups; in the diagram the one under the cursor"),
        row(A::ZoomIn, &["+"], Scope::GANTT, G::Look, "", "zoom: half the time, around the line under the cursor"),
        row(A::ZoomOut, &["-"], Scope::GANTT, G::Look, "", "zoom: twice the time"),
        row(A::Fit, &["."], Scope::GANTT, G::Look, "", "fit: the whole run again"),
        row(A::Zone, &["t"], LOGS.not(), G::Look, "", "times in UTC, or in the zone of this machine"),
        row(A::Freeze, &["z"], Scope::ALL, G::Look, "", "freeze the screen"),
        row(A::Mark, &["Space"], LISTS, G::Select, "mark", "mark, and one down"),
        row(A::MarkRange, &["V"], LISTS, G::Select, "", "mark from the last mark to here"),
        row(A::MarkAll, &["*"], LISTS, G::Select, "", "mark all shown"),
        row(A::Unmark, &["u"], LISTS, G::Select, "", "unmark all"),
        row(A::CopyId, &["y y"], Scope::ALL, G::Select, "copy", "copy the id"),
        row(A::CopyName, &["y n"], Scope::ALL, G::Select, "", "copy the name"),
        row(A::CopyCommand, &["y c"], Scope::ALL, G::Select, "", "copy a shell command that shows it"),
        row(A::CopyJson, &["y j"], Scope::ALL, G::Select, "", "copy it as JSON"),
        row(A::CopyLine, &["y l"], Scope::ALL, G::Select, "", "copy the line"),
        row(A::CopyIncident, &["y i"], Scope::ALL, G::Select, "", "copy the text of the incident"),
        row(A::Pipe, &["|"], Scope::ALL, G::Select, "", "pipe the log or the object's JSON into a command"),
        row(
            A::Export,
            &["X"],
            Scope::ALL,
            G::Select,
            "",
            "export to a file of your own: the log, the text, the rows as JSON",
        ),
        row(A::SessionLog, &["@"], Scope::ALL, G::Program, "", "what this session did"),
        row(A::Help, &["?", "F1"], Scope::ALL, G::Program, "help", "help of this screen"),
        row(
            A::Palette,
            &[":", "Ctrl-p"],
            Scope::ALL,
            G::Program,
            "cmd",
            "palette: verbs, screens, DAGs, tasks, pools .. by name",
        ),
        row(A::StartScheduler, &["S"], Scope::SYSTEM, G::Program, "start sched", "start the scheduler"),
        row(
            A::EndJob,
            &["K"],
            Scope::SYSTEM,
            G::Program,
            "end job",
            "end the job under the cursor: a search, a file that is written; a backfill (form)",
        ),
        row(A::Mouse, &[], Scope::ALL, G::Program, "", "mouse on or off: click, double click, wheel"),
        row(A::Refresh, &["Ctrl-r"], Scope::ALL, G::Program, "", "read the store again"),
        row(A::Redraw, &["Ctrl-l"], Scope::ALL, G::Program, "", "draw everything again"),
        row(A::Suspend, &["Ctrl-z"], Scope::ALL, G::Program, "", "suspend (fg comes back)"),
        row(A::Quit, &["Ctrl-c Ctrl-c"], Scope::ALL, G::Program, "", "quit"),
    ]
};
