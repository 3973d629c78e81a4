//! The arguments of the program: global flags, the groups of verbs, and what `main` gets of them.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell as CompletionShell;

use super::{
    asset::AssetVerb,
    audit::AuditVerb,
    backfill::BackfillVerb,
    connection::ConnectionVerb,
    dag::DagVerb,
    db::DbVerb,
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
    shell::Format,
    shell::Shell,
    task::TaskVerb,
    variable::VariableVerb,
    xcom::XcomVerb,
};
use crate::{
    config::{Place, Wanted},
    error::{Error, Result},
};

/// Flags that every verb takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Environment {
    /// Folder of the store, logs and settings [default: the XDG state folder]
    #[arg(long, global = true, value_name = "DIR", env = "DAGDECK_HOME", help_heading = "Everywhere")]
    pub home: Option<PathBuf>,
    /// Folder of the DAG files [default: ./dags if it exists, else HOME/dags]
    #[arg(long, global = true, value_name = "DIR", env = "DAGDECK_DAGS_FOLDER", help_heading = "Everywhere")]
    pub dags_folder: Option<PathBuf>,
    /// A context of your config.toml ([contexts.NAME])
    #[arg(long, global = true, value_name = "NAME", help_heading = "Everywhere")]
    pub context: Option<String>,
    /// How documents are printed
    #[arg(short, long, global = true, value_name = "FORMAT", help_heading = "Everywhere")]
    pub output: Option<Format>,
    /// The same as -o plain: one row per line, for screen readers and scripts
    #[arg(long, global = true, conflicts_with = "output", help_heading = "Everywhere")]
    pub plain: bool,
}

impl Environment {
    /// Home, DAG folder and settings.
    ///
    /// # Errors
    /// What reading the settings says.
    pub fn place(&self) -> Result<Place> {
        let home = match (&self.home, &self.context) {
            (None, Some(name)) => Some(super::context::home(name)?),
            (home, _) => home.clone(),
        };
        Place::find(&Wanted { home, dags_folder: self.dags_folder.clone() })
    }
}

/// Options of the console, which opens when no verb is given.
#[derive(Debug, Clone, Default, Args)]
pub struct ConsoleOptions {
    /// Console: offer no key that changes anything
    #[arg(long)]
    pub read_only: bool,
    /// Console: theme, a file of the themes folder
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Console: preset of keys: vim, arrows, k9s; `keys.toml` beside `config.toml` changes single keys
    #[arg(long, value_name = "PRESET")]
    pub keys: Option<String>,
    /// Console: colours: auto, never, 16, 256, true
    #[arg(long, value_name = "WHEN")]
    pub color: Option<String>,
    /// Console: draw only ASCII characters (else the locale decides)
    #[arg(long)]
    pub ascii: bool,
    /// Console: the mouse clicks, opens and scrolls (else the terminal selects text with it)
    #[arg(long)]
    pub mouse: bool,
    /// The object to open with, of `open`.
    #[arg(skip)]
    pub reference: Option<String>,
}

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
    let cli = Cli::try_parse_from(arguments).map_err(|e| {
        let _ = e.print();
        e.exit_code()
    })?;
    let environment = cli.environment;
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
mod tests {
    use super::*;

    fn parsed(line: &str) -> Invocation {
        parse(line.split_whitespace().map(OsString::from)).unwrap()
    }

    #[test]
    fn the_tree_is_sound_and_every_verb_has_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            if command.get_name() == "help" {
                return;
            }
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example:"), "{path} has no example");
            assert!(command.get_about().is_some(), "{path} has no description");
            command.get_subcommands().for_each(|sub| check(sub, &path));
        }
        let tree = tree();
        tree.clone().debug_assert();
        check(&tree, "");
    }

    #[test]
    fn main_gets_what_the_command_line_does_not_run() {
        assert!(matches!(parsed("dagdeck --read-only"), Invocation::Console(options, _) if options.read_only));
        assert!(matches!(parsed("dagdeck scheduler"), Invocation::Scheduler(RunScheduler::Foreground, _)));
        assert!(matches!(parsed("dagdeck scheduler start"), Invocation::Scheduler(RunScheduler::Detached, _)));
        assert!(matches!(parsed("dagdeck internal spawner --x"), Invocation::Internal(words) if words.len() == 2));
        assert!(matches!(parsed("dagdeck dags test churn 2026-01-01"), Invocation::TestDag(..)));
        assert!(matches!(parsed("dagdeck --home /tmp/h dags list -o json"), Invocation::Verb(_, environment)
            if environment.home == Some("/tmp/h".into()) && environment.output == Some(Format::Json)));
    }

    /// Verbs that a row of the reference names, as `GROUP` or `GROUP VERB`.
    fn named(row: &str) -> Vec<String> {
        let cell = row.split(" | ").next().unwrap();
        let spans: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        let groups = match cell.split_once(" with `") {
            Some((before, _)) => before.matches('`').count() / 2,
            None => 1,
        };
        let words =
            |span: &str| -> Vec<String> { span.split_whitespace().map(|w| w.replace(['[', ']'], "")).collect() };
        let heads: Vec<String> = spans[..groups].iter().map(|span| words(span)[0].clone()).collect();
        let mut all = heads.clone();
        for span in &spans[if groups == 1 { 0 } else { groups }..] {
            let mut of = words(span);
            if heads.contains(&of[0]) && of.len() > 1 && !of[1].starts_with('-') {
                of.remove(0);
            }
            let is_argument = |w: &str| w.starts_with('-') || w.chars().all(|c| !c.is_lowercase());
            if !heads.contains(&of[0]) && !is_argument(&of[0]) {
                all.extend(heads.iter().map(|head| format!("{head} {}", of[0])));
            }
        }
        all
    }

    #[test]
    fn the_reference_names_every_verb_and_no_other() {
        let text = include_str!("../../docs/CLI.md");
        let table = text.split("\n## Verbs\n").nth(1).unwrap().split("\n## ").next().unwrap();
        let mut told: Vec<String> = table.lines().filter(|l| l.starts_with("| `")).flat_map(named).collect();
        let later = table.split("answer \"not yet").next().unwrap().rsplit("\n\n").next().unwrap();
        told.extend(later.split('`').skip(1).step_by(2).map(Into::into));
        let tree = tree();
        let mut there = Vec::new();
        let mut optional = Vec::new();
        for group in tree.get_subcommands() {
            there.push(group.get_name().to_owned());
            for verb in group.get_subcommands() {
                there.push(format!("{} {}", group.get_name(), verb.get_name()));
                optional.extend(verb.get_all_aliases().map(|alias| format!("{} {alias}", group.get_name())));
            }
        }
        let missing: Vec<_> = there.iter().filter(|verb| !told.contains(verb)).collect();
        assert!(missing.is_empty(), "docs/CLI.md doesn't tell of {missing:?}");
        let unknown: Vec<_> = told.iter().filter(|verb| !there.contains(verb) && !optional.contains(verb)).collect();
        assert!(unknown.is_empty(), "docs/CLI.md tells of {unknown:?}, which isn't there");
    }

    #[test]
    fn airflow_spellings_and_later_verbs_parse() {
        for line in [
            "dagdeck dags list-runs -d churn --state failed",
            "dagdeck dags list-runs --dag-id churn",
            "dagdeck dags trigger --dag-id churn --run-id r --conf {} --logical-date 2026-01-01 --wait --timeout 5",
            "dagdeck tasks clear churn --start-date -7d --end-date now --task-regex train --downstream --upstream \
             --only-failed --only-running --yes",
            "dagdeck tasks clear churn -s 2026-01-01 -e 2026-01-02 -t a -d -u -f -r -y --dry-run",
            "dagdeck tasks states-for-dag-run churn r",
            "dagdeck tasks mark churn r train:3 failed --downstream",
            "dagdeck logs churn r train --map-index 2 --try 1 -f --grep x --level warning",
            "dagdeck backfill create --dag-id churn --from-date 2026-01-01 --to-date 2026-01-02",
            "dagdeck hitl answer churn r approve --option yes",
            "dagdeck secrets rotate-key",
            "dagdeck open churn/r",
            "dagdeck connections add c --conn-uri http://x",
        ] {
            assert!(parse(line.split_whitespace().map(OsString::from)).is_ok(), "{line}");
        }
        for wrong in ["dagdeck dag5", "dagdeck dags trigger churn --wait --timeout soon", "dagdeck runs list --bogus"] {
            assert_eq!(parse(wrong.split_whitespace().map(OsString::from)).unwrap_err(), 2, "{wrong}");
        }
    }
}
