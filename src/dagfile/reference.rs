//! Generates `docs/TOML.md` from the operator table.

use std::fmt::Write as _;

use super::toml::PARAM_KEYS;
use crate::model::{
    TriggerRule,
    operator_table::{Arg, BASE_ARGS, DAG_ARGS, OPERATORS, Runs, SENSOR_ARGS},
};

/// A whole DAG file, shown in the reference and parsed by a test.
pub(super) const EXAMPLE: &str = include_str!("example.toml");

const INTRO: &str = "# DAG files in TOML

<!-- Generated from the operator table (`src/model/operator_table.rs`) by `dagfile::reference`; to renew it:
     UPDATE_DOCS=1 cargo test --test main dagfile -->

One file holds one DAG. Names and meanings are Airflow's: what a Python file passes to `DAG(..)` stands under `[dag]`, what it
passes to an operator stands under `[tasks.ID]`. All mistakes of a file are shown at once, each with its line, its column and
the nearest valid spelling. A file with an error has no DAG; the last good version stays in use.

## A whole file

";

const VALUES: &str = "
## How values are written

- **Durations** are seconds (`90`) or text: `\"90s\"`, `\"5m\"`, `\"1h30m\"`, `\"2d\"`, `\"1w\"`, `\"500ms\"`.
- **Times** are TOML dates and times (`2026-01-31`, `2026-01-31T06:00:00Z`) or the same as text. Without an offset they are in
  the DAG's `timezone`.
- **Templates** are Jinja, as in Airflow: `\"{{ ds }}\"`, `\"{{ params.region }}\"`, `\"{{ ti.xcom_pull('generate') }}\"`. The
  arguments marked *templated* below are rendered before the task starts, with every text inside their lists and tables. In
  arguments with file endings (`.sh`) a text with such an ending is read as a file.
- **XComs**: `{xcom = \"generate\"}` stands for what task `generate` returned, `{xcom = \"generate\", key = \"rows\"}` for another
  key. It may stand wherever an operator's argument (or an element of one) may stand, and makes the task wait for `generate`.

## Sections

- `[dag]`: settings of the DAG. May be left out.
- `[default_args]`: arguments for every task that knows them; a task's own win.
- `[params.NAME]`: `default` and the keys of JSON schema (draft 2020-12); without `default` a value must be given when the DAG
  is triggered. `NAME = value` under `[params]` is a param without rules.
- `[tasks.ID]`: one task. `operator` is a short name or Airflow's class name. `depends` lists the tasks that it waits for.
- `[groups.ID]`: `tooltip`, and `depends` for all first tasks of a group.

### Groups

Dots in an id make groups: `[tasks.prep.clean]`, or the same as `[tasks.\"prep.clean\"]`, is task `prep.clean` in group `prep`.
Ids in `depends` are always whole (`\"prep.clean\"`). A group's name in `depends` stands for its last tasks.

### Mapping

`expand = {bash_command = [\"echo 1\", \"echo 2\"]}` makes one task instance per element; several arguments give all
combinations, the last one varies fastest. `expand.bash_command = {xcom = \"generate\"}` expands over a list that another task
returned. `expand_kwargs = [{..}, {..}]` (or an XCom) gives one instance per table of arguments. Everything else in the task is
what Airflow calls `partial`; a `partial = {..}` table may hold it too.

### Schedules

| written | meaning |
|---|---|
| `\"none\"`, or left out | only triggered runs |
| `\"@once\"` | one run |
| `\"@continuous\"` | a new run as soon as the last ended |
| `\"@hourly\"` `\"@daily\"` `\"@weekly\"` `\"@monthly\"` `\"@quarterly\"` `\"@yearly\"` | presets |
| `\"0 6 * * mon-fri\"` | cron: minute, hour, day of month, month, day of week |
| `{cron = \"0 6 * * *\", timezone = \"Europe/Berlin\"}` | cron in another zone than the DAG's |
| `{crons = [\"0 6 * * *\", \"30 18 * * fri\"]}` | whenever one of them says so |
| `{delta = \"1h30m\"}`, `{months = 1}` | a fixed distance |
| `{events = [2026-03-02T06:00:00Z, 2026-07-01]}` | at these times |
| `{assets = [\"s3://lake/orders\", \"s3://lake/lines\"]}` | a run when all of these assets have been updated |
| `{assets = {any = [\"a\", {all = [\"b\", \"c\"]}]}}` | a run when a, or both b and c have been updated |
| `{assets = [..], cron = \"0 6 * * *\"}` | both: runs for updates, and at times (`delta` too) |
| `{cron = \"0 6 * * *\", partitions = {key_format = \"%Y-%m-%d\", run_offset = -1}}` | each run is about a partition, here the one of the cron time before |
| `{assets = [..], partitions = {kind = \"identity\"}}` | a run per partition key of the assets; also `{default = .., by_name = {NAME = ..}, by_uri = {URI = ..}}`. Kinds are Airflow's mappers: `identity`, `fixed_key`, `allowed_key`, `start_of`, `chain`, `product`, `rollup`, `fan_out` |
| `{partitions = \"at_runtime\"}` | only triggered runs, which name their partition |

`data_interval = true` in the table gives runs the interval *before* their time, as Airflow 2 did; `interval = \"1d\"` an interval
of that length.

### Assets

`outlets = [\"s3://lake/orders\"]` in a task says that its success updates an asset; DAGs whose schedule names the asset run then.
Paused ones don't, and are not told later. An asset is written as

| written | meaning |
|---|---|
| `\"s3://lake/orders\"` | an asset whose name is its URI |
| `{name = \"orders\", uri = \"s3://lake/orders\", group = \"lake\", extra = {owner = \"ana\"}}` | the same with a name of its own |
| `{alias = \"orders\"}` | any asset that a Python task adds under this alias |
| `{ref = \"orders\"}`, `{ref_uri = \"s3://lake/orders\"}` | an asset that another file defines, by name or URI |

Templates see what a run is for: `{{ triggering_asset_events }}`, and past updates of the task's inlets: `{{ inlet_events[0][-1].extra }}`.

";

/// The text of `docs/TOML.md`.
pub fn reference() -> String {
    let mut out = String::from(INTRO);
    let _ = write!(out, "```toml\n{EXAMPLE}```\n{VALUES}## Keys of `[dag]`\n\n");
    table(&mut out, DAG_ARGS, &[]);
    out.push_str("\n## Keys of a param\n\n`");
    out.push_str(&PARAM_KEYS.join("`, `"));
    out.push_str("`\n\n## Keys of every task\n\n| key | value | default | meaning |\n|---|---|---|---|\n");
    out.push_str("| `operator` | text | **required** | One of the operators below |\n");
    out.push_str("| `depends` | text or a list of texts | | Tasks or groups that it waits for |\n");
    out.push_str("| `expand`, `expand_kwargs`, `partial` | a table | | See Mapping |\n");
    rows(&mut out, BASE_ARGS, &[]);
    let rules: Vec<&str> = TriggerRule::ALL.iter().map(|rule| rule.as_str()).collect();
    let _ = write!(out, "\nTrigger rules: `{}`.\n\n## Keys of every sensor\n\n", rules.join("`, `"));
    table(&mut out, SENSOR_ARGS, &[]);
    out.push_str("\n## Operators\n");
    for op in OPERATORS {
        let _ = write!(out, "\n### `{}`\n\n{} Airflow's class: `{}`.", op.name, op.doc, op.class);
        out.push_str(match op.runs {
            Runs::Natively => " Needs no Python.",
            Runs::InPython => " Runs in a Python process.",
            Runs::NotYet => " **Not run yet by this version:** the file loads, the task fails at once.",
        });
        if op.is_sensor {
            out.push_str(" A sensor.");
        }
        if !op.template_ext.is_empty() {
            let _ = write!(out, " File endings: `{}`.", op.template_ext.join("`, `"));
        }
        out.push('\n');
        if !op.args.is_empty() {
            out.push('\n');
            table(&mut out, op.args, op.template_fields);
        }
    }
    out
}

fn table(out: &mut String, args: &[Arg], templated: &[&str]) {
    out.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
    rows(out, args, templated);
}

fn rows(out: &mut String, args: &[Arg], templated: &[&str]) {
    for arg in args {
        let default = match (arg.required, arg.default) {
            (true, _) => "**required**".to_owned(),
            (false, "") => String::new(),
            (false, text) => format!("`{text}`"),
        };
        let mark = if templated.contains(&arg.name) { " *(templated)*" } else { "" };
        let _ = writeln!(out, "| `{}` | {} | {default} | {}{mark} |", arg.name, arg.kind.describe(), arg.doc);
    }
}
