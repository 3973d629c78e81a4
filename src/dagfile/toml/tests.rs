//! TOML files, good and bad: what they become, and where their mistakes are.

use serde_json::{Value, json};

use super::parse;
use crate::dagfile::{Defaults, Parsed, explain, reference::EXAMPLE};
use crate::model::{Dag, Expand, Schedule};

fn good(text: &str) -> Dag {
    let parsed = parse("/dags/file.toml", text, &Defaults::default());
    assert!(!parsed.has_errors(), "{}", explain(&parsed.diagnostics, text));
    parsed.dags.into_iter().next().unwrap()
}

fn task(dag: &Dag, id: &str) -> Value {
    serde_json::to_value(&dag.tasks[id]).unwrap()
}

#[test]
fn the_example_of_the_reference() {
    let dag = good(EXAMPLE);
    assert_eq!(dag.dag_id.as_ref(), "file");
    assert_eq!(dag.start_date.unwrap().to_string(), "2025-12-31T23:00:00Z");
    assert!(matches!(&dag.schedule, Schedule::Cron { expression, timezone, .. }
        if expression == "0 6 * * *" && timezone == "Europe/Berlin"));
    assert_eq!(dag.children, ["wait_for_export", "prep", "train", "judge", "decide", "publish", "keep_old", "done"]);
    assert_eq!(dag.task_groups["prep"].children, ["prep.regions", "prep.check"]);
    assert_eq!(dag.task_groups["prep"].downstream_task_ids, ["train"]);
    let train = task(&dag, "train");
    assert_eq!(train["operator"], "BashOperator");
    assert_eq!(train["module"], "airflow.providers.standard.operators.bash");
    assert_eq!(train["template_fields"], json!(["bash_command", "env", "cwd"]));
    assert_eq!(train["upstream_task_ids"], json!(["prep.check"]));
    assert_eq!(train["retries"], 2);
    assert_eq!(train["execution_timeout"], 5400.0);
    assert_eq!(train["args"]["append_env"], true);
    assert_eq!(train["expand"]["args"]["env"], json!([{"REGION": "north"}, {"REGION": "south"}]));
    let judge = task(&dag, "judge");
    assert_eq!(judge["operator"], "PythonOperator");
    assert_eq!(judge["args"]["python_callable"], json!({"__dagdeck__": "callable", "name": "churn.models:judge"}));
    let xcom = json!({"__dagdeck__": "xcom", "task_id": "train", "key": "return_value"});
    assert_eq!(judge["args"]["op_kwargs"]["scores"], xcom);
    assert_eq!(task(&dag, "done")["trigger_rule"], "none_failed_min_one_success");
    assert_eq!(task(&dag, "wait_for_export")["args"]["timeout"], 7200.0);
    assert_eq!(dag.params["sample"].schema, json!({"type": "integer", "minimum": 100}));
    assert_eq!(dag.tasks["train"].line, 39);
}

#[test]
fn what_is_left_open_is_as_the_settings_say() {
    let said = json!({"retries": 2, "owner": "ops", "queue": "gpu"});
    let defaults =
        Defaults { task: said.as_object().unwrap().clone(), deferrable: true, timezone: "Europe/Berlin".into() };
    let text = "[dag]\nstart_date = 2026-01-01\n[default_args]\nowner = \"me\"\n[tasks.a]\noperator = \"empty\"\nretries = 0\n\
                [tasks.b]\noperator = \"external_task\"\nexternal_dag_id = \"d\"\n";
    let parsed = parse("/dags/file.toml", text, &defaults);
    assert!(!parsed.has_errors(), "{}", explain(&parsed.diagnostics, text));
    let dag = &parsed.dags[0];
    assert_eq!(
        (dag.timezone.as_str(), dag.start_date.unwrap().to_string()),
        ("Europe/Berlin", "2025-12-31T23:00:00Z".into())
    );
    let (a, b) = (task(dag, "a"), task(dag, "b"));
    assert_eq!((&a["retries"], &a["owner"], &a["queue"]), (&json!(0), &json!("me"), &json!("gpu")));
    assert_eq!((&b["retries"], &b["args"]["deferrable"]), (&json!(2), &json!(true)));
}

#[test]
fn assets_in_all_forms() {
    let dag = good(
        "[dag]\nschedule = {assets = {any = [\"S3://a/x/\", {all = [{alias = \"al\"}, {ref = \"r\"}, {name = \"n\", uri = \"u\"}]}]}, \
         cron = \"0 6 * * *\"}\n[tasks.t]\noperator = \"empty\"\noutlets = [\"o\", {name = \"n\", extra = {k = 1}}]\ninlets = \
         {ref_uri = \"u\"}\n",
    );
    let Schedule::Asset { expression, time: Some(time), partitions: None } = &dag.schedule else {
        panic!("{:?}", dag.schedule)
    };
    assert!(matches!(&**time, Schedule::Cron { expression, .. } if expression == "0 6 * * *"));
    let asset = |name: &str, uri: &str| json!({"asset": {"name": name, "uri": uri, "group": "asset"}});
    let all = json!([{"alias": {"name": "al", "group": "asset"}}, {"asset_ref": {"name": "r"}}, asset("n", "u")]);
    assert_eq!(expression.expression(), json!({"any": [asset("S3://a/x/", "s3://a/x"), {"all": all}]}));
    let task = &dag.tasks["t"];
    let outlets: Vec<Value> = task.outlet_assets().iter().map(|a| json!(a)).collect();
    let with_extra = json!({"asset": {"name": "n", "uri": "n", "group": "asset", "extra": {"k": 1}}});
    assert_eq!(outlets, [asset("o", "o"), with_extra]);
    assert_eq!(json!(task.inlet_assets()), json!([{"asset_ref": {"uri": "u"}}]));
    let only = good("[dag]\nschedule = {assets = [\"a\"]}\n[tasks.t]\noperator = \"empty\"\n");
    assert!(matches!(only.schedule, Schedule::Asset { time: None, .. }));
}

#[test]
fn partitions_in_all_forms() {
    let schedule = |text: &str| {
        let dag =
            good(&format!("[dag]\ntimezone = \"Europe/Berlin\"\nschedule = {text}\n[tasks.t]\noperator = \"empty\"\n"));
        serde_json::to_value(&dag.schedule).unwrap()
    };
    assert_eq!(
        schedule("{cron = \"0 6 * * *\", partitions = {key_format = \"%Y-%m-%d\", run_offset = -1}}"),
        json!({"kind": "cron_partition", "expression": "0 6 * * *", "timezone": "Europe/Berlin", "run_offset": -1,
               "key_format": "%Y-%m-%d"})
    );
    assert_eq!(schedule("{cron = \"@daily\", partitions = {}}")["key_format"], "%Y-%m-%dT%H:%M:%S");
    assert_eq!(schedule("{partitions = \"at_runtime\"}"), json!({"kind": "partitioned_at_runtime"}));
    assert_eq!(
        schedule("{assets = [\"a\"], partitions = true}")["partitions"],
        json!({"default": {"kind": "identity"}})
    );
    let both = schedule(
        "{assets = [\"a\", \"b\"], partitions = {default = {kind = \"identity\"}, by_name = {b = {kind = \"fixed_key\", \
         downstream_key = \"all\"}}}}",
    );
    assert_eq!(both["partitions"]["by_name"]["b"], json!({"kind": "fixed_key", "downstream_key": "all"}));
    let rows = [
        ("{cron = \"@daily\", partitions = {key = 1}}", "unknown key of partitions `key`"),
        ("{cron = \"@daily\", partitions = \"x\"}", "`partitions` must be a table"),
        ("{cron = \"@daily\", partitions = {kind = \"identity\"}}", "`partitions` goes with `cron`"),
        ("{assets = [\"a\"], partitions = {kind = \"nearly\"}}", "`partitions`: unknown variant `nearly`"),
        ("{delta = \"1h\", partitions = \"at_runtime\"}", "`partitions` goes with"),
    ];
    for (text, wanted) in rows {
        let text = format!("[dag]\nschedule = {text}\n[tasks.t]\noperator = \"empty\"\n");
        let found = parse("/dags/file.toml", &text, &Defaults::default()).diagnostics;
        assert!(found.len() == 1 && found[0].message.contains(wanted) && found[0].line == 2, "{text}: {found:?}");
    }
}

#[test]
fn wrong_assets_are_refused_at_their_place() {
    let rows = [
        ("schedule = {assets = []}", "`assets` names no asset"),
        ("schedule = {assets = [5]}", "`assets` must be an asset, found a whole number"),
        ("schedule = {assets = [{any = [\"a\"], all = [\"b\"]}]}", "a condition is either `any` or `all`"),
        (
            "schedule = {assets = [{alias = \"a\", name = \"b\"}]}",
            "an asset needs a name, a URI, an alias or a reference",
        ),
        ("schedule = {assets = [{nam = \"a\"}]}", "unknown key of an asset `nam`"),
        ("schedule = {assets = [\"self\"]}", "\"self\" can't be the name of an asset"),
        ("schedule = {assets = [\"airflow://x\"]}", "the scheme `airflow` is reserved"),
    ];
    for (line, wanted) in rows {
        let parsed = parse(
            "/dags/file.toml",
            &format!("[dag]\n{line}\n[tasks.t]\noperator = \"empty\"\n"),
            &Defaults::default(),
        );
        let found: Vec<&str> = parsed.diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert!(found.len() == 1 && found[0].contains(wanted) && parsed.diagnostics[0].line == 2, "{line}: {found:?}");
    }
}

#[test]
fn values_in_all_forms() {
    let dag = good(
        r#"
        [dag]
        dag_id = "d"
        schedule = {delta = "1h"}
        dagrun_timeout = 90
        [params]
        plain = [1, 2]
        [params.must]
        type = "string"
        [tasks.gen]
        operator = "BashOperator"
        bash_command = "echo"
        retry_exponential_backoff = true
        params = {a = 1}
        [tasks.map]
        operator = "bash"
        expand.bash_command = {xcom = "gen"}
        partial = {cwd = "/tmp"}
        [tasks.kwargs]
        operator = "bash"
        expand_kwargs = [{bash_command = "a"}, {bash_command = "b"}]
        [tasks.wait]
        operator = "time_delta"
        delta = "90m"
        poke_interval = 5
        [tasks.until]
        operator = "date_time"
        target_time = 2026-01-01T00:00:00Z
        [tasks.until2]
        operator = "DateTimeSensor"
        target_time = "{{ data_interval_end }}"
        [tasks.pod]
        operator = "kubernetes_pod"
        image = "busybox"
        [tasks.clean]
        operator = "empty"
        is_teardown = true
        [tasks."a.b.c"]
        operator = "empty"
        [groups."a.b"]
        depends = ["gen"]
    "#,
    );
    assert!(matches!(dag.schedule, Schedule::Delta { seconds: 3600.0, .. }));
    assert_eq!(dag.dagrun_timeout, Some(90.0));
    assert_eq!(dag.params["plain"].value, json!([1, 2]));
    assert!(dag.params["must"].required);
    assert_eq!(dag.tasks["gen"].retry_exponential_backoff, 2.0);
    assert_eq!(task(&dag, "gen")["params"], json!({"a": 1}));
    assert_eq!(task(&dag, "map")["upstream_task_ids"], json!(["gen"]));
    assert_eq!(task(&dag, "map")["args"], json!({"cwd": "/tmp"}));
    let held =
        json!({"bash_command": "echo", "append_env": false, "skip_on_exit_code": [99], "output_encoding": "utf-8"});
    assert_eq!(task(&dag, "gen")["args"], held);
    assert!(matches!(dag.tasks["kwargs"].expand, Some(Expand::ExpandKwargs { .. })));
    assert_eq!(task(&dag, "wait")["args"]["delta"], json!({"__dagdeck__": "timedelta", "value": 5400.0}));
    assert_eq!(task(&dag, "wait")["args"]["poke_interval"], json!(5));
    assert_eq!(task(&dag, "until")["args"]["target_time"], "2026-01-01T00:00:00+00:00");
    assert_eq!(task(&dag, "until2")["args"]["target_time"], "{{ data_interval_end }}");
    assert!(!dag.tasks["pod"].do_xcom_push);
    assert_eq!(task(&dag, "clean")["trigger_rule"], "all_done_setup_success");
    assert_eq!(dag.task_groups["a.b"].parent.as_deref(), Some("a"));
    assert_eq!(dag.task_groups["a.b"].upstream_task_ids, ["gen"]);
    assert_eq!(task(&dag, "a.b.c")["upstream_task_ids"], json!(["gen"]));
}

/// Text with one mistake, its line and column, parts of the message and of the hint.
type Case = (&'static str, u32, u32, &'static str, &'static str);

const BAD: &[Case] = &[
    ("[dags]\n[tasks.a]\noperator='empty'", 1, 2, "unknown section `dags`", "did you mean `dag`?"),
    ("[dag]\nschedul = '@daily'\n[tasks.a]\noperator='empty'", 2, 1, "unknown key of [dag] `schedul`", "`schedule`"),
    ("[dag]\nschedule_interval = '@daily'\n[tasks.a]\noperator='empty'", 2, 1, "`schedule_interval`", "`schedule`"),
    ("[dag]\nschedule = '@dayly'\n[tasks.a]\noperator='empty'", 2, 12, "unknown schedule `@dayly`", "`@daily`"),
    ("[dag]\nschedule = {every = 5}\n[tasks.a]\noperator='empty'", 2, 13, "unknown key of schedule `every`", "cron"),
    ("[dag]\ntimezone = 'Europe/Berln'\n[tasks.a]\noperator='empty'", 2, 12, "unknown timezone", "`Europe/Berlin`"),
    ("[dag]\ncatchup = 'yes'\n[tasks.a]\noperator='empty'", 2, 11, "`catchup` must be true or false, found text", ""),
    ("[dag]\nmax_active_runs = -1\n[tasks.a]\noperator='empty'", 2, 19, "must be at least 0, found -1", ""),
    ("[dag]\nstart_date = 'soon'\n[tasks.a]\noperator='empty'", 2, 14, "`soon` isn't a date or time", "2026-01-31"),
    ("[dag]\ndag_id = 'a b'\n[tasks.a]\noperator='empty'", 1, 2, "`a b` isn't a valid DAG id", "letters, digits"),
    ("[dag]\n", 1, 2, "the file has no tasks", "[tasks.NAME]"),
    ("[tasks.a]\noperator = 'bsh'", 2, 12, "unknown operator `bsh`", "did you mean `bash`?"),
    ("[tasks.a]\noperator = 'SparkSubmitOperator'", 2, 12, "unknown operator", "needs a Python DAG file"),
    ("[tasks.a]\nbash_command = 'x'", 1, 8, "task `a` has no operator", "add `operator = ..`"),
    ("[tasks.a]\noperator = 'bash'", 1, 8, "task `a` (bash) needs `bash_command`", "add `bash_command = ..`: text"),
    (
        "[tasks.a]\noperator = 'bash'\nbash_comand = 'x'\nbash_command = 'x'",
        3,
        1,
        "unknown key of a bash task `bash_comand`",
        "`bash_command`",
    ),
    ("[tasks.a]\noperator = 'bash'\nbash_command = 5", 3, 16, "`bash_command` must be text, found a whole number", ""),
    ("[tasks.a]\noperator = 'empty'\nretries = 'two'", 3, 11, "`retries` must be a whole number, found text", ""),
    ("[tasks.a]\noperator = 'empty'\nretry_delay = '5 parsecs'", 3, 15, "`5 parsecs` isn't a duration", "1h30m"),
    ("[tasks.a]\noperator = 'empty'\ntrigger_rule = 'all_sucess'", 3, 16, "unknown trigger_rule", "`all_success`"),
    (
        "[tasks.a]\noperator = 'empty'\ndepends_on = ['b']",
        3,
        1,
        "unknown key of an empty task `depends_on`",
        "`depends`",
    ),
    (
        "[tasks.load]\noperator='empty'\n[tasks.b]\noperator='empty'\ndepends = ['laod']",
        5,
        12,
        "unknown task `laod`",
        "`load`",
    ),
    (
        "[tasks.p.load]\noperator='empty'\n[tasks.b]\noperator='empty'\ndepends = ['load']",
        5,
        12,
        "unknown task",
        "`p.load`",
    ),
    (
        "[tasks.a]\noperator='empty'\ndepends='c'\n[tasks.b]\noperator='empty'\ndepends='a'\n[tasks.c]\noperator='empty'\ndepends='b'",
        1,
        8,
        "the tasks form a cycle: a -> b -> c -> a",
        "remove one",
    ),
    ("[tasks.a]\noperator='empty'\n[tasks.a]\noperator='empty'", 3, 8, "duplicate key", ""),
    ("[tasks.\"a b\"]\noperator='empty'", 1, 8, "`a b` isn't a valid task id", "letters"),
    ("[tasks.a]\noperator='empty'\n[tasks.'a.b']\noperator='empty'", 1, 8, "`a` is a task and a group", "rename"),
    ("[tasks.a]\noperator='python'\ncallable='lambda: 1'", 3, 10, "doesn't name a function", "package.module:function"),
    ("[tasks.a]\noperator='python'\ncallable='pkg.mod.func'", 3, 10, "doesn't name a function", "`pkg.mod:func`"),
    ("[tasks.a]\noperator='bash'\nexpand.bash_command='x'", 3, 21, "`expand.bash_command` must be a list, a table", ""),
    ("[tasks.a]\noperator='bash'\nexpand.cmd=[1]\nbash_command='x'", 3, 8, "unknown argument of bash `cmd`", ""),
    ("[tasks.a]\noperator='bash'\nexpand.bash_command={xcom='gen'}", 3, 27, "unknown task `gen`", ""),
    (
        "[default_args]\nretires = 2\n[tasks.a]\noperator='empty'",
        2,
        1,
        "unknown default argument `retires`",
        "`retries`",
    ),
    (
        "[params.n]\ntype='integer'\ndefault='x'\n[tasks.a]\noperator='empty'",
        3,
        9,
        "the default of param `n` isn't allowed",
        "",
    ),
    ("[params.n]\ntyp='integer'\n[tasks.a]\noperator='empty'", 2, 1, "unknown key of a param `typ`", "`type`"),
    ("[groups.prp]\ntooltip='x'\n[tasks.prep.a]\noperator='empty'", 1, 9, "unknown group `prp`", "`prep`"),
    ("[tasks.a]\noperator = \n", 2, 12, "`operator` has no value", "write one after `=`"),
    ("[[tasks.a]]\noperator = 'empty'\n", 1, 1, "`a` must be a table, found a list", "single brackets"),
    (
        "[tasks.a]\noperator = 'kubernetes_pod'\non_finish_action = 'delet_pod'",
        3,
        20,
        "unknown on_finish_action",
        "`delete_pod`",
    ),
    ("[dag]\ndescription = 'ä' \nñame = 1\n[tasks.a]\noperator='empty'", 3, 1, "", ""),
];

#[test]
fn each_mistake_has_its_place_and_hint() {
    for (text, line, column, message, hint) in BAD {
        let parsed = parse("/dags/file.toml", text, &Defaults::default());
        assert!(parsed.has_errors() && parsed.dags.is_empty(), "{text}");
        let drawn = explain(&parsed.diagnostics, text);
        let d = parsed
            .diagnostics
            .iter()
            .find(|d| d.message.contains(message))
            .unwrap_or_else(|| panic!("{text}\n{drawn}"));
        assert_eq!((d.line, d.column), (*line, *column), "{drawn}");
        assert!(d.hint.as_deref().unwrap_or_default().contains(hint), "{drawn}");
    }
}

#[test]
fn all_mistakes_at_once() {
    let text = "[dag]\ncatchup = 1\n[tasks.a]\noperator = 'bash'\nretries = 'x'\n[tasks.b]\noperator = 'nope'\ndepends = ['zzz']\n\
        [tasks.c]\noperator = 'empty'\ndepends = ['yyy']\n";
    let Parsed { diagnostics, .. } = parse("/dags/file.toml", text, &Defaults::default());
    let lines: Vec<u32> = diagnostics.iter().map(|d| d.line).collect();
    assert_eq!(lines, [2, 3, 5, 7, 11], "{}", explain(&diagnostics, text));
}

#[test]
fn an_old_trigger_rule_is_a_warning() {
    let parsed = parse("/dags/file.toml", "[tasks.a]\noperator='empty'\ntrigger_rule='dummy'\n", &Defaults::default());
    assert!(!parsed.has_errors());
    assert_eq!(parsed.dags[0].tasks["a"].trigger_rule.as_str(), "always");
    assert_eq!(parsed.diagnostics[0].hint.as_deref(), Some("write `always`"));
}

#[test]
fn findings_are_drawn() {
    let text = "[tasks.a]\noperator = 'bsh'\n";
    let drawn = explain(&parse("/dags/file.toml", text, &Defaults::default()).diagnostics, text);
    assert_eq!(
        drawn.trim_end(),
        "error: unknown operator `bsh`\n --> /dags/file.toml:2:12\n  |\n2 | operator = 'bsh'\n  |            ^^^^^\n  |\n  = help: did you mean `bash`?"
    );
}

#[test]
fn places_of_values() {
    assert_eq!(super::place("[dag]\nschedule = '@x'\n", &["dag", "schedule"]), Some((2, 12)));
    assert_eq!(super::place("[dag]\n", &["dag", "schedule"]), None);
}

/// Cuts and doubles characters of a good file: whatever comes out is findings or a DAG, never a panic.
#[test]
fn mangled_files_never_panic() {
    let text = "[dag]\ndescription = 'ä'\nschedule = {delta = '1h'}\n[params.n]\ntype = 'integer'\ndefault = 1\n[tasks.a.b]\noperator = 'bash'\n\
        expand.env = [{A = {xcom = 'c'}}]\nbash_command = \"\"\"x\"\"\"\n[tasks.c]\noperator = 'empty'\ndepends = ['a']\n[groups.a]\ntooltip = 'ü'\n";
    let chars: Vec<char> = text.chars().collect();
    for at in 0..chars.len() {
        for change in 0..4 {
            let mut mangled = chars.clone();
            match change {
                0 => drop(mangled.remove(at)),
                1 => mangled.insert(at, chars[at]),
                2 => mangled[at] = 'é',
                _ => mangled.truncate(at),
            }
            let text: String = mangled.into_iter().collect();
            let parsed = parse("/dags/file.toml", &text, &Defaults::default());
            explain(&parsed.diagnostics, &text);
        }
    }
}
