//! The arguments of the program: global flags, the groups of verbs, and what `main` gets of them.

use std::ffi::OsString;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell as CompletionShell;

use super::{
    asset::AssetVerb,
    audit::AuditVerb,
    backfill::BackfillVerb,
    connection::ConnectionVerb,
    dag::DagVerb,
    db::DbVerb,
    environment::{ConsoleOptions, Environment},
    hitl::HitlVerb,
    incident::IncidentVerb,
    later,
    later::Later,
    log::LogArgs,
    open::OpenArgs,
    pod::{PodVerb, RenderPod},
    pool::PoolVerb,
    run::RunVerb,
    saved_plan::PlanVerb,
    scheduler::SchedulerVerb,
    screen::ScreenArgs,
    setting::ConfigVerb,
    shell::Shell,
    task::TaskVerb,
    variable::VariableVerb,
    xcom::XcomVerb,
};
use crate::error::{Error, Result};

/// Console, scheduler and executor for Airflow and TOML DAG files. Without a verb: the console.
#[derive(Parser)]
#[command(
    name = "dagdeck",
    version,
    max_term_width = 120,
    after_help = "Example:\n  \
    dagdeck dags trigger churn -c '{\"epochs\": 3}' --wait\n\n\
    Exit codes: 0 done, 1 failed or refused, 2 written wrong, 3 needs a running scheduler, 130 interrupted."
)]
struct Cli {
    #[command(flatten)]
    environment: Environment,
    #[command(flatten)]
    console: ConsoleOptions,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// The groups of verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run, start, stop and ask the scheduler
    #[command(after_help = "Example:\n  dagdeck scheduler start\n  dagdeck scheduler status -o json")]
    Scheduler {
        /// What; `run` if left out.
        #[command(subcommand)]
        verb: Option<SchedulerVerb>,
    },
    /// DAGs: list, check, trigger, pause, ..
    #[command(visible_alias = "dag", after_help = "Example:\n  dagdeck dags list --where 'tag:ml !paused'")]
    Dags {
        /// What.
        #[command(subcommand)]
        verb: DagVerb,
    },
    /// Dag runs: list, show, set state, clear, delete, note
    #[command(visible_alias = "run", after_help = "Example:\n  dagdeck runs show churn latest -o json")]
    Runs {
        /// What.
        #[command(subcommand)]
        verb: RunVerb,
    },
    /// Tasks and task instances: list, state, explain, clear, mark, ..
    #[command(visible_alias = "task", after_help = "Example:\n  dagdeck tasks clear churn --run-id latest -f -d -y")]
    Tasks {
        /// What.
        #[command(subcommand)]
        verb: TaskVerb,
    },
    /// Backfills: make or repeat the runs of a DAG's past
    #[command(
        visible_alias = "backfills",
        after_help = "Example:\n  dagdeck backfill create --dag-id churn --from-date -30d --to-date now --dry-run"
    )]
    Backfill {
        /// What.
        #[command(subcommand)]
        verb: BackfillVerb,
    },
    /// Saved plans, and held ones that can still be undone
    #[command(visible_alias = "plan", after_help = "Example:\n  dagdeck plans list")]
    Plans {
        /// What.
        #[command(subcommand)]
        verb: PlanVerb,
    },
    /// Print or follow the log of a try
    Logs(LogArgs),
    /// XComs: list, get, set, delete
    #[command(visible_alias = "xcom", after_help = "Example:\n  dagdeck xcoms get churn latest train --key accuracy")]
    Xcoms {
        /// What.
        #[command(subcommand)]
        verb: XcomVerb,
    },
    /// Tasks that wait for a person: list, answer
    #[command(after_help = "Example:\n  dagdeck hitl answer churn latest approve --option Approve")]
    Hitl {
        /// What.
        #[command(subcommand)]
        verb: HitlVerb,
    },
    /// Pools: list, get, set, delete, import, export
    #[command(visible_alias = "pool", after_help = "Example:\n  dagdeck pools set gpu 8 'training jobs'")]
    Pools {
        /// What.
        #[command(subcommand)]
        verb: PoolVerb,
    },
    /// Kubernetes pods of tasks: list, show, events, exec, render, cleanup
    #[command(visible_alias = "pod", after_help = "Example:\n  dagdeck pods render churn train -o yaml")]
    Pods {
        /// What.
        #[command(subcommand)]
        verb: PodVerb,
    },
    /// Variables: list, get, set, delete, import, export
    #[command(visible_alias = "variable", after_help = "Example:\n  dagdeck variables set min_gain 0.005")]
    Variables {
        /// What.
        #[command(subcommand)]
        verb: VariableVerb,
    },
    /// Connections: list, get, add, delete, import, export
    #[command(
        visible_alias = "connection",
        after_help = "Example:\n  dagdeck connections add lake --conn-uri 'http://user:pass@host:8080/path'"
    )]
    Connections {
        /// What.
        #[command(subcommand)]
        verb: ConnectionVerb,
    },
    /// Assets: list, details, events, materialize
    #[command(visible_alias = "asset", after_help = "Example:\n  dagdeck assets materialize s3://lake/orders")]
    Assets {
        /// What.
        #[command(subcommand)]
        verb: AssetVerb,
    },
    /// Who did what
    #[command(after_help = "Example:\n  dagdeck audit list --where 'who:ana'")]
    Audit {
        /// What.
        #[command(subcommand)]
        verb: AuditVerb,
    },
    /// Groups of equal failures: list, acknowledge, silence, claim, note
    #[command(visible_alias = "incidents", after_help = "Example:\n  dagdeck incident list")]
    Incident {
        /// What.
        #[command(subcommand)]
        verb: IncidentVerb,
    },
    /// The store: check, migrate, backup, restore, clean
    #[command(after_help = "Example:\n  dagdeck db backup /backups/dagdeck.db")]
    Db {
        /// What.
        #[command(subcommand)]
        verb: DbVerb,
    },
    /// Settings in effect, and where each comes from
    #[command(after_help = "Example:\n  dagdeck config get-value core parallelism")]
    Config {
        /// What.
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// The version of this program
    #[command(after_help = "Example:\n  dagdeck version")]
    Version,
    /// Paths, interpreter, terminal and scheduler: what to look at when something is odd
    #[command(after_help = "Example:\n  dagdeck info -o json")]
    Info,
    /// Print the completion script of a shell
    #[command(after_help = "Example:\n  dagdeck completion bash > ~/.local/share/bash-completion/completions/dagdeck")]
    Completion {
        /// bash, elvish, fish, powershell or zsh
        shell: CompletionShell,
    },
    /// Open the console at a DAG, a run or a task
    Open(OpenArgs),
    /// Print what a screen of the console shows, as plain text
    Screen(ScreenArgs),
    /// Verbs of later versions.
    #[command(flatten)]
    Later(Later),
}

/// What the arguments ask for.
#[derive(Debug)]
pub enum Invocation {
    /// The full-screen console.
    Console(ConsoleOptions, Environment),
    /// The scheduler, in the foreground or detached.
    Scheduler(RunScheduler, Environment),
    /// A process that dagdeck starts for itself: `dagdeck internal NAME ..`.
    Internal(Vec<OsString>),
    /// `dags test`.
    TestDag(TestDag, Environment),
    /// `tasks test`.
    TestTask(TestTask, Environment),
    /// `pods render`.
    RenderPod(RenderPod, Environment),
    /// Everything else: for [`super::run`].
    Verb(Box<Verb>, Environment),
}

/// How the scheduler is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunScheduler {
    /// In the foreground.
    Foreground,
    /// As a process of its own.
    Detached,
}

/// One run of a DAG in this process, without a scheduler.
#[derive(Debug, Clone, Args)]
pub struct TestDag {
    /// DAG
    #[arg(value_name = "DAG")]
    pub dag_id: String,
    /// Logical date [default: now]
    pub date: Option<String>,
    /// Conf, a JSON object
    #[arg(short, long, value_name = "JSON")]
    pub conf: Option<String>,
}

/// One task in this process, without a scheduler and without a trace in the store.
#[derive(Debug, Clone, Args)]
pub struct TestTask {
    /// DAG
    #[arg(value_name = "DAG")]
    pub dag_id: String,
    /// Task
    #[arg(value_name = "TASK")]
    pub task_id: String,
    /// Logical date [default: now]
    pub date: Option<String>,
    /// Index of a mapped task
    #[arg(long, value_name = "N")]
    pub map_index: Option<i32>,
}

/// Reads the arguments (the first is the program's name). `Err` is the exit code of help or of a mistake, already printed.
///
/// # Errors
/// 0 for `--help` and `--version`, 2 for a command that is written wrong.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> std::result::Result<Invocation, i32> {
    let arguments: Vec<OsString> = arguments.collect();
    // Started for every try: not worth building the tree of verbs.
    if arguments.get(1).is_some_and(|word| word == "internal") {
        return Ok(Invocation::Internal(arguments[2..].to_vec()));
    }
    let arguments = asked_for_help(arguments);
    let cli = Cli::try_parse_from(&arguments).or_else(|e| match arguments.split_last() {
        // `dags list help` as well as `dags list --help`.
        Some((last, words)) if last == "help" && words.len() > 1 => {
            let asked = Cli::try_parse_from(words.iter().cloned().chain(["--help".into()]));
            asked.map_err(|help| if help.use_stderr() { e } else { help })
        }
        _ => Err(e),
    });
    let cli = cli.map_err(|e| {
        let _ = e.print();
        e.exit_code()
    })?;
    let environment = cli.environment.filled();
    Ok(match cli.verb {
        None => Invocation::Console(cli.console, environment),
        Some(Verb::Open(open)) => Invocation::Console(open.options(cli.console), environment),
        Some(Verb::Scheduler { verb: None | Some(SchedulerVerb::Run) }) => {
            Invocation::Scheduler(RunScheduler::Foreground, environment)
        }
        Some(Verb::Scheduler { verb: Some(SchedulerVerb::Start) }) => {
            Invocation::Scheduler(RunScheduler::Detached, environment)
        }
        Some(Verb::Dags { verb: DagVerb::Test(test) }) => Invocation::TestDag(test, environment),
        Some(Verb::Tasks { verb: TaskVerb::Test(test) }) => Invocation::TestTask(test, environment),
        Some(Verb::Pods { verb: PodVerb::Render(of) }) => Invocation::RenderPod(of, environment),
        Some(verb) => Invocation::Verb(Box::new(verb), environment),
    })
}

/// Groups that take words of their own, where `help` alone behind them asks for their help.
const WORDY: [&str; 7] = ["logs", "screen", "open", "notify", "secrets", "completion", "info"];

/// `help` with flags (`help --help`, `help dags -h`) asks for no more than without; `logs help` for the help of `logs`.
fn asked_for_help(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let is_group = |word: &OsString| WORDY.iter().any(|group| word == group);
    if arguments.get(1).is_some_and(|word| word == "help") {
        arguments.retain(|word| !word.as_encoded_bytes().starts_with(b"-"));
    } else if arguments.len() == 3 && arguments[2] == "help" && is_group(&arguments[1]) {
        arguments[2] = "--help".into();
    }
    arguments
}

/// Runs a verb; its exit code.
pub(super) fn dispatch(verb: Verb, shell: &mut Shell) -> Result<i32> {
    match verb {
        Verb::Scheduler { verb } => super::scheduler::run(verb.unwrap_or(SchedulerVerb::Run), shell),
        Verb::Dags { verb } => super::dag::run(verb, shell),
        Verb::Runs { verb } => super::run::run(verb, shell),
        Verb::Tasks { verb } => super::task::run(verb, shell),
        Verb::Backfill { verb } => super::backfill::run(verb, shell),
        Verb::Plans { verb } => super::saved_plan::run(verb, shell),
        Verb::Logs(args) => super::log::run(args, shell),
        Verb::Xcoms { verb } => super::xcom::run(verb, shell),
        Verb::Hitl { verb } => super::hitl::run(verb, shell),
        Verb::Pools { verb } => super::pool::run(verb, shell),
        Verb::Pods { verb } => super::pod::run(verb, shell),
        Verb::Variables { verb } => super::variable::run(verb, shell),
        Verb::Connections { verb } => super::connection::run(verb, shell),
        Verb::Assets { verb } => super::asset::run(verb, shell),
        Verb::Audit { verb } => super::audit::run(verb, shell),
        Verb::Incident { verb } => super::incident::run(verb, shell),
        Verb::Db { verb } => super::db::run(verb, shell),
        Verb::Config { verb } => super::setting::run(verb, shell),
        Verb::Version => super::info::version(shell),
        Verb::Info => super::info::run(shell),
        Verb::Completion { shell: of } => {
            let mut script = Vec::new();
            clap_complete::generate(of, &mut Cli::command(), "dagdeck", &mut script);
            shell.text(&String::from_utf8_lossy(&script)).map(|()| 0)
        }
        // `parse` makes it a console.
        Verb::Screen(of) => super::screen::run(of, shell),
        Verb::Open(_) => Err(Error::usage("`open` needs a terminal")),
        Verb::Later(verb) => later::run(&verb),
    }
}

/// The whole tree of verbs, for tests of its help.
#[cfg(test)]
fn tree() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests;
