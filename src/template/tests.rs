//! What Airflow 3.3.2 was recorded to render, and what it refuses.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::model::{DagVersionId, RunId, RunState, RunType, TiKey, TriggeredBy, UNMAPPED};

/// Answers as in the recording of Airflow 3.3.2: a giver, two variables, one connection.
struct Answers;

impl Lookup for Answers {
    fn xcom(
        &self,
        _: Option<&str>,
        _: Option<&str>,
        task_id: &str,
        map_index: Option<i32>,
        key: &str,
        prior: bool,
    ) -> Result<Vec<(i32, Value)>, String> {
        let all: BTreeMap<(&str, &str), Vec<(i32, Value)>> = BTreeMap::from([
            (("giver", "return_value"), vec![(-1, json!({"n": 42}))]),
            (("giver", "extra"), vec![(-1, json!("e"))]),
            (("mapped", "return_value"), vec![(0, json!("a")), (1, json!("b"))]),
            (("own", "return_value"), vec![(-1, json!("mine"))]),
            (("give", "return_value"), vec![(-1, json!({"a": [1, 2]}))]),
        ]);
        if prior && task_id == "giver" {
            return Ok(vec![(-1, json!(1)), (-1, json!(2))]);
        }
        let mut found = all.get(&(task_id, key)).cloned().unwrap_or_default();
        found.retain(|(i, _)| map_index.is_none_or(|m| m == *i));
        Ok(found)
    }
    fn variable(&self, key: &str) -> Result<Option<String>, String> {
        Ok(match key {
            "cc_plain" => Some("plain-value".into()),
            "cc_json" => Some("{\"inner\": [1, 2]}".into()),
            _ => None,
        })
    }
    fn connection(&self, conn_id: &str) -> Result<Option<Value>, String> {
        Ok((conn_id == "cc_http").then(|| {
            json!({"conn_id": "cc_http", "conn_type": "http", "host": "example.test", "login": "user",
                "password": "secret-pw", "port": 8080, "schema": "https", "extra": "{\"flag\": \"yes\"}"})
        }))
    }
    fn now(&self) -> Timestamp {
        "2026-03-02T07:00:00Z".parse().unwrap()
    }
    fn random(&self) -> u64 {
        7
    }
    fn previous_success(&self) -> Result<Option<DagRun>, String> {
        Ok(None)
    }
    fn file(&self, name: &str) -> Result<String, String> {
        match name {
            "hello.sh" => Ok("echo \"from file $WHO {{ dag.dag_id }}\"\n".into()),
            _ => Err(format!("'{name}' not found in search paths: '/dags'")),
        }
    }
}

fn context(changes: impl FnOnce(&mut Dag, &mut Task, &mut DagRun)) -> Context {
    let mut dag: Dag = serde_json::from_value(json!({
        "dag_id": "cc_templates",
        "params": {"x": {"value": 1}, "y": {"value": "why"}, "z": {"value": null}},
        "tasks": {
            "giver": {"task_id": "giver", "operator": "_PythonDecoratedOperator"},
            "mapped": {"task_id": "mapped", "operator": "BashOperator", "expand": {"kind": "expand", "args": {"a": [1, 2]}}},
        },
    }))
    .unwrap();
    let mut task: Task = serde_json::from_value(json!({
        "task_id": "own", "operator": "BashOperator", "template_ext": [".sh"], "params": {"z": 3},
        "args": {"bash_command": "true"},
    }))
    .unwrap();
    let date: Timestamp = "2026-03-02T06:00:00Z".parse().unwrap();
    let mut run = DagRun {
        id: RunId(1),
        dag_id: dag.dag_id.clone(),
        run_id: "golden".into(),
        state: RunState::Running,
        run_type: RunType::Manual,
        triggered_by: TriggeredBy::Cli,
        logical_date: Some(date),
        data_interval_start: Some(date),
        data_interval_end: Some(date),
        run_after: "2026-11-20T09:57:24.415790Z".parse().unwrap(),
        queued_at: None,
        start_date: Some(date),
        end_date: None,
        conf: json!({"c": "from-conf"}),
        note: None,
        clear_number: 0,
        dag_version: DagVersionId(1),
        partition_key: None,
        partition_date: None,
        backfill: None,
        tasks: None,
    };
    changes(&mut dag, &mut task, &mut run);
    let mut ti = TaskInstance::new(TiKey::new(run.id, task.task_id.clone(), UNMAPPED), "BashOperator", 0);
    ti.try_number = 1;
    let params = merge_params(&dag, Some(&task), &run.conf, true);
    Context {
        dag: Arc::new(dag),
        task: Arc::new(task),
        run: Arc::new(run),
        ti: Arc::new(ti),
        params: Arc::new(params),
        lookup: Arc::new(Answers),
    }
}

fn plain() -> Context {
    context(|_, _, _| {})
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let ctx = plain();
    for (template, wanted) in cases {
        match render(template, &ctx) {
            Ok(got) => assert_eq!(&got, wanted, "{template}"),
            Err(e) => panic!("{template}: {e:?}"),
        }
    }
}

#[test]
fn prints_what_airflow_prints() {
    check(&[
        ("plain", "plain"),
        ("{{ ds }}|{{ ds_nodash }}|{{ ts }}", "2026-03-02|20260302|2026-03-02T06:00:00+00:00"),
        ("{{ ts_nodash }}|{{ ts_nodash_with_tz }}", "20260302T060000|20260302T060000+0000"),
        ("{{ logical_date }}", "2026-03-02 06:00:00+00:00"),
        ("{{ data_interval_start }}{{ data_interval_end }}", "2026-03-02 06:00:00+00:002026-03-02 06:00:00+00:00"),
        ("{{ dag_run.run_after }}", "2026-11-20 09:57:24.415790+00:00"),
        ("{{ dag.dag_id }}{{ task.task_id }}{{ run_id }}", "cc_templatesowngolden"),
        ("{{ task_instance_key_str }}", "cc_templates__own__20260302"),
        ("{{ params.x }}{{ params['y'] }}{{ params.z }}", "1why3"),
        ("{{ params }}", "{'x': 1, 'y': 'why', 'z': 3, 'c': 'from-conf'}"),
        ("{{ dag_run.conf }}{{ dag_run.conf.get('c', 'none') }}", "{'c': 'from-conf'}from-conf"),
        ("{{ dag_run.run_type }}", "DagRunType.MANUAL"),
        ("{{ dag_run.run_type == 'manual' }}{{ dag_run.run_type.value }}", "Truemanual"),
        ("{{ ti.state }}{{ dag_run.state }}", "TaskInstanceState.RUNNINGDagRunState.RUNNING"),
        ("{{ macros.ds_add(ds, 7) }}", "2026-03-09"),
        ("{{ macros.ds_format(ds, '%Y-%m-%d', '%d/%m/%y') }}", "02/03/26"),
        ("{{ logical_date + macros.timedelta(days=1) }}", "2026-03-03 06:00:00+00:00"),
        ("{{ (logical_date - macros.timedelta(hours=7)).strftime('%d.%m. %H:%M') }}", "01.03. 23:00"),
        ("{{ macros.datetime(2020, 1, 1) }}{{ macros.json.dumps({'a': 1}) }}", "2020-01-01 00:00:00{\"a\": 1}"),
        ("{{ logical_date | ds }}{{ logical_date | ds_nodash }}", "2026-03-0220260302"),
        ("{{ logical_date | ts }}{{ logical_date | ts_nodash }}", "2026-03-02T06:00:00+00:0020260302T060000"),
        ("{{ logical_date | ts_nodash_with_tz }}", "20260302T060000+0000"),
        ("{{ ti.xcom_pull('giver') }}{{ ti.xcom_pull(task_ids='giver', key='extra') }}", "{'n': 42}e"),
        ("{{ ti.xcom_pull(task_ids='giver')['n'] }}{{ task_instance.task_id }}", "42own"),
        ("{{ var.value.cc_plain }}{{ var.value.get('cc_missing', 'fallback') }}", "plain-valuefallback"),
        ("{{ var.json.cc_json.inner }}{{ conn.cc_http.host }}", "[1, 2]example.test"),
        ("{{ conn.cc_http.extra_dejson.flag }}", "yes"),
        ("{{ conn.get('cc_absent', {'host': 'dflt'}).host }}", "dflt"),
        ("{{ conn.cc_http.get_uri() }}", "http://user:secret-pw@example.test:8080/https?flag=yes"),
        ("{{ ti.try_number }}{{ ti.map_index }}", "1-1"),
        ("{{ prev_data_interval_start_success }}{{ prev_start_date_success }}", "NoneNone"),
        ("{{ next_ds is defined }}{{ execution_date is defined }}", "FalseFalse"),
        ("{{ inlets }}{{ outlets }}", "[][]"),
        ("{{ triggering_asset_events }}", "TriggeringAssetEventAccessor(_events=defaultdict(<class 'list'>, {}))"),
        ("{% for i in [1,2] %}{{ i }},{% endfor %}a{# hidden #}b\n", "1,2,ab"),
    ]);
}

#[test]
fn python_in_templates() {
    check(&[
        ("{{ '%s-%02d' % (ds, 7) }}|{{ '%s' % logical_date }}", "2026-03-02-07|2026-03-02 06:00:00+00:00"),
        ("{{ 1e20 }}|{{ 1.0 }}|{{ 0.00001 }}|{{ 1 / 2 }}", "1e+20|1.0|1e-05|0.5"),
        ("{{ [1.5, 'a', none, true, (1,)] }}", "[1.5, 'a', None, True, (1,)]"),
        ("{{ \"it's\" }}{{ [\"it's\", 'a\"b'] }}", "it's[\"it's\", 'a\"b']"),
        ("{{ [logical_date] }}", "[DateTime(2026, 3, 2, 6, 0, 0, tzinfo=Timezone('UTC'))]"),
        ("{{ '7'.zfill(3) }}{{ 'ab'.ljust(4, '.') }}{{ 'a-b-c'.rsplit('-', 1) }}", "007ab..['a-b', 'c']"),
        ("{{ 'a=b'.partition('=') }}{{ 'xab'.removeprefix('x') }}", "('a', '=', 'b')ab"),
        ("{{ [3, 4].index(4) }}{{ 'abc'.index('c') }}{{ 'aB'.swapcase() }}", "12Ab"),
        ("{{ 'a' + 'b' * 2 ~ 3 }}|{{ 7 % 3 - 2 }}|{{ [1] + [2] }}", "abb3|-1|[1, 2]"),
        ("{{ data_interval_end - data_interval_start }}", "0:00:00"),
        ("{{ (data_interval_end - macros.datetime(2026,3,1).replace(tzinfo='UTC')).total_seconds() }}", "108000.0"),
        ("{{ logical_date.add(days=1, months=1).to_date_string() }}", "2026-04-03"),
        ("{{ logical_date.subtract(hours=1).isoformat() }}", "2026-03-02T05:00:00+00:00"),
        ("{{ logical_date.in_timezone('Europe/Berlin') }}", "2026-03-02 07:00:00+01:00"),
        ("{{ logical_date.format('YYYY/MM/DD [at] HH:mm') }}", "2026/03/02 at 06:00"),
        (
            "{{ logical_date.start_of('month').date() }}{{ logical_date.end_of('week') }}",
            "2026-03-012026-03-08 23:59:59.999999+00:00",
        ),
        (
            "{{ logical_date.year }}-{{ '%02d' % logical_date.month }}|{{ logical_date.int_timestamp }}",
            "2026-03|1772431200",
        ),
        ("{{ logical_date > macros.datetime.strptime('2026-03-01', '%Y-%m-%d') }}", "True"),
        ("{{ macros.datetime_diff_for_humans(logical_date) }}", "1 hour ago"),
        (
            "{{ macros.dateutil.parser.parse('2026-01-02') + macros.dateutil.relativedelta.relativedelta(months=1) }}",
            "2026-02-02 00:00:00",
        ),
        ("{{ macros.timedelta(days=1, hours=2) }}|{{ -1 }}|{{ ds[:-3] }}", "1 day, 2:00:00|-1|2026-03"),
        ("{% if params.x + 1 > 1 and not none %}yes{% else %}no{% endif %}", "yes"),
        ("{% set n = params.x + 1 %}{{ n }}{% raw %}{{ a + b }}{% endraw %}", "2{{ a + b }}"),
        ("{{ ds_nodash | int + 1 }}{{ dag_run.conf.nope | default('d') }}", "20260303d"),
        ("{{ [0] * 2 }}{% for i in range(2) %}{{ loop.index + 1 }}{{ ',' if not loop.last }}{% endfor %}", "[0, 0]2,3"),
        ("{{ logical_date.add(months=1, days=-2).to_date_string() }}", "2026-03-31"),
        (
            "{{ logical_date.strftime('%c|%x|%X|%p|%j|%f|%%') }}",
            "Mon Mar  2 06:00:00 2026|03/02/26|06:00:00|AM|061|000000|%",
        ),
        (
            "{{ logical_date.format('dddd D MMMM YYYY HH:mm:ss Z ZZ A') }}",
            "Monday 2 March 2026 06:00:00 +00:00 +0000 AM",
        ),
        ("{{ 'long text here' | truncate(8) }}{{ 'a b c' | wordcount }}", "long...3"),
        (
            "{{ macros.json.dumps({'b': 'ä', 'a': 1}, indent=2, sort_keys=true) }}",
            "{\n  \"a\": 1,\n  \"b\": \"\\u00e4\"\n}",
        ),
        ("{{ macros.timedelta(hours=1) * 3 }}|{{ macros.timedelta(minutes=-5) }}", "3:00:00|-1 day, 23:55:00"),
        ("{% macro f(x, y=1+1) %}{{ x + y }}{% endmacro %}{{ f(1) }}{{ f(1, y=5-1) }}", "35"),
        ("{{ '%s' % dag_run.run_type }}{{ 2 ** 3 + 1 }}{{ -7 % 3 }}", "DagRunType.MANUAL92"),
        ("{{ {'b': 1} | tojson }}{{ 'x' | center(3) }}|", "{\"b\": 1} x |"),
    ]);
}

#[test]
fn xcom_pull_forms() {
    check(&[
        ("{{ ti.xcom_pull() }}", "mine"),
        ("{{ ti.xcom_pull('mapped') }}", "['a', 'b']"),
        ("{{ ti.xcom_pull(['giver', 'absent']) }}", "[{'n': 42}, None]"),
        ("{{ ti.xcom_pull('absent', default=5) }}", "None"),
        ("{{ ti.xcom_pull('mapped', map_indexes=1) }}", "b"),
        ("{{ ti.xcom_pull('mapped', map_indexes=[0, 9], default='-') }}", "['a', '-']"),
        ("{{ ti.xcom_pull(task_ids='giver', include_prior_dates=True) }}", "[1, 2]"),
    ]);
}

#[test]
fn failures_in_airflows_words() {
    let ctx = plain();
    let undated = context(|_, _, run| run.logical_date = None);
    for (ctx, template, exception, message) in [
        (&ctx, "{{ no_such_name }}", "UndefinedError", "'no_such_name' is undefined"),
        (
            &ctx,
            "{{ execution_date }}",
            "UndefinedError",
            "'execution_date' is undefined (Airflow 3 dropped it; use logical_date)",
        ),
        (&ctx, "{{ conf.get('core', 'x') }}", "UndefinedError", "'conf' is undefined"),
        (&ctx, "{{ next_ds + 'x' }}", "UndefinedError", "'next_ds' is undefined"),
        (&undated, "{{ ds }}", "UndefinedError", "'ds' is undefined (the run has no logical date)"),
        (&ctx, "{{ params.nothere }}", "UndefinedError", "'dict object' has no attribute 'nothere'"),
        (&ctx, "{{ params['nothere'] }}", "UndefinedError", "'dict object' has no attribute 'nothere'"),
        (&ctx, "{{ dag_run.conf.nothere }}", "UndefinedError", "'dict object' has no attribute 'nothere'"),
        (
            &ctx,
            "{{ dag_run.nothere }}",
            "UndefinedError",
            "'airflow.sdk.api.datamodels._generated.DagRun object' has no attribute 'nothere'",
        ),
        (
            &ctx,
            "{{ logical_date.__class__.__name__ }}",
            "SecurityError",
            "access to attribute '__class__' of 'DateTime' object is unsafe.",
        ),
        (&ctx, "{{ conn.cc_absent.host }}", "AirflowNotFoundException", "The conn_id `cc_absent` isn't defined"),
        (
            &ctx,
            "{{ var.value.cc_missing }}",
            "AirflowRuntimeError",
            "VARIABLE_NOT_FOUND: {'message': 'Variable cc_missing not found'}",
        ),
        (
            &ctx,
            "{{ var.json.cc_plain }}",
            "AirflowRuntimeError",
            "VARIABLE_NOT_FOUND: {'message': 'Variable cc_plain not found'}",
        ),
        (&ctx, "echo {{ ds ", "TemplateSyntaxError", "unexpected end of template, expected 'end of print statement'."),
        (&ctx, "{{ ds | nofilter }}", "TemplateAssertionError", "No filter named 'nofilter'."),
        (&ctx, "{{ ds + 1 }}", "TypeError", "can only concatenate str (not \"int\") to str"),
        (&ctx, "{{ ds.nomethod() }}", "UndefinedError", "'str object' has no attribute 'nomethod'"),
        (&ctx, "a\n{{ nofunction() }}", "UndefinedError", "'nofunction' is undefined"),
    ] {
        let failure = render(template, ctx).unwrap_err();
        assert_eq!(failure.exception, exception, "{template}: {failure:?}");
        assert!(failure.message.starts_with(message), "{template}: {failure:?}");
        assert!(!failure.unsupported, "{template}: {failure:?}");
    }
    for template in [
        "{% set l = [] %}{% do l.append(1) %}",
        "{{ [].append(1) }}",
        "{% include 'x.sql' %}",
        "{{ logical_date.diff(logical_date) }}",
        "{{ dag.default_args }}",
    ] {
        let failure = render(template, &ctx).unwrap_err();
        assert!(failure.unsupported, "{template}: {failure:?}");
    }
    assert_eq!(render("a\n\n{{ nope }}", &ctx).unwrap_err().line, Some(3));
    assert_eq!(super::check("{{ nope }}"), Ok(()));
    assert!(super::check("{% do x %}").unwrap_err().unsupported);
}

#[test]
fn native_objects() {
    let ctx = context(|dag, _, _| {
        for (name, value) in [("n", json!(5)), ("lst", json!([1, 2])), ("txt", json!("007"))] {
            dag.params.insert(name.into(), serde_json::from_value(json!({"value": value})).unwrap());
        }
    });
    for (template, wanted) in [
        ("{{ ti.xcom_pull('give') }}", json!({"a": [1, 2]})),
        ("{{ params.n }}", json!(5)),
        ("{{ params.lst }}", json!([1, 2])),
        ("{{ params.txt }}", json!("007")),
        ("[1, 'b']", json!([1, "b"])),
        ("{{ ds }}", json!("2026-03-02")),
        ("{{ ds_nodash }}", json!(20_260_302)),
        ("a{{ params.n }}", json!("a5")),
        ("{{ none }}", json!(null)),
        ("{{ params.n > 3 }}", json!(true)),
        ("{'a': (1, -2.5)}", json!({"a": {"__dagdeck__": "tuple", "value": [1, -2.5]}})),
        ("{{ params.n }}{{ params.n }}", json!(55)),
        ("2026-03-02", json!("2026-03-02")),
        ("x y", json!("x y")),
    ] {
        assert_eq!(render_native(template, &ctx).unwrap(), wanted, "{template}");
    }
    assert_eq!(render_native("{{ params.no }}", &ctx).unwrap_err().message, "'dict object' has no attribute 'no'");
}

#[test]
fn whole_arguments() {
    let ctx = plain();
    let tuple = |items: Value| json!({"__dagdeck__": "tuple", "value": items});
    let xcom = |task: &str| json!({"__dagdeck__": "xcom", "task_id": task, "key": "return_value"});
    for (value, wanted) in [
        (json!(["{{ ds }}", {"n": ["{{ ds_nodash }}"]}, 5]), json!(["2026-03-02", {"n": ["20260302"]}, 5])),
        (tuple(json!(["{{ ds }}"])), tuple(json!(["2026-03-02"]))),
        (json!({"v": xcom("giver")}), json!({"v": {"n": 42}})),
        (xcom("mapped"), json!(["a", "b"])),
        (xcom("absent"), json!(null)),
        (json!({"__dagdeck__": "concat", "of": [xcom("mapped"), [1]]}), json!(["a", "b", 1])),
        (json!("hello.sh"), json!("echo \"from file $WHO cc_templates\"")),
        (json!("echo hello.sh "), json!("echo hello.sh ")),
    ] {
        assert_eq!(render_value(&value, &ctx).unwrap(), wanted, "{value}");
    }
    let failure = render_value(&json!("absent.sh"), &ctx).unwrap_err();
    assert_eq!(failure.to_string(), "TemplateNotFound: 'absent.sh' not found in search paths: '/dags'");
    assert!(render_value(&json!({"__dagdeck__": "map", "of": [], "callables": []}), &ctx).unwrap_err().unsupported);
}

#[test]
fn arguments_of_a_map_index() {
    let args = |index: i32, expand: Value| {
        let ctx = context(|_, task, _| {
            task.template_fields = vec!["bash_command".into(), "env".into()];
            task.args = serde_json::from_value(json!({"cwd": "{{ ds }}", "env": {"D": "{{ ds }}"}})).unwrap();
            task.expand = Some(serde_json::from_value(expand).unwrap());
        });
        let mut ti = (*ctx.ti).clone();
        ti.key.map_index = index;
        render_args(&Context { ti: Arc::new(ti), ..ctx }).map(|args| serde_json::to_value(args).unwrap())
    };
    let xcom = json!({"__dagdeck__": "xcom", "task_id": "mapped", "key": "return_value"});
    let cross = json!({"kind": "expand", "args": {"bash_command": ["{{ ds }}", "y"], "cwd": xcom}});
    let wanted = json!({"cwd": "b", "env": {"D": "2026-03-02"}, "bash_command": "2026-03-02"});
    assert_eq!(args(1, cross.clone()).unwrap(), wanted);
    assert_eq!(args(2, cross).unwrap()["bash_command"], "y");
    let kwargs =
        json!({"kind": "expand_kwargs", "value": [{"bash_command": "a"}, {"bash_command": "{{ ds }}", "cwd": "/"}]});
    assert_eq!(args(1, kwargs.clone()).unwrap()["bash_command"], "2026-03-02");
    assert_eq!(args(5, kwargs).unwrap_err().exception, "IndexError");
    let dict = json!({"kind": "expand", "args": {"bash_command": {"k": 1, "l": 2}}});
    assert_eq!(args(1, dict).unwrap()["bash_command"], json!({"__dagdeck__": "tuple", "value": ["l", 2]}));
}

#[test]
fn arguments_of_a_mapped_group() {
    let ctx = context(|dag, task, _| {
        let expand = json!({"kind": "expand", "args": {"x": [10, 20], "y": ["{{ ds }}"]}});
        let group = json!({"group_id": "g", "expand": expand});
        dag.task_groups.insert("g".into(), serde_json::from_value(group).unwrap());
        task.task_group = Some("g".into());
    });
    let mut ti = (*ctx.ti).clone();
    ti.key.map_index = 1;
    let ctx = Context { ti: Arc::new(ti), ..ctx };
    let argument = |key: &str| json!({"__dagdeck__": "group_argument", "key": key, "of": []});
    assert_eq!(render_value(&argument("x"), &ctx).unwrap(), json!(20));
    assert_eq!(render_value(&argument("y"), &ctx).unwrap(), json!("2026-03-02"));
}

#[test]
fn params_are_merged_and_checked() {
    let ctx = context(|dag, _, _| {
        let days = json!({"value": 5, "schema": {"type": "integer", "minimum": 1}});
        dag.params.insert("days".into(), serde_json::from_value(days).unwrap());
        let must = json!({"value": null, "required": true, "schema": {"type": "string"}});
        dag.params.insert("must".into(), serde_json::from_value(must).unwrap());
    });
    assert_eq!(merge_params(&ctx.dag, None, &json!({"x": 9, "new": 1}), false)["x"], json!(1));
    assert_eq!(merge_params(&ctx.dag, None, &json!({"x": 9, "new": 1}), true)["new"], json!(1));
    assert_eq!(validate_params(&ctx.dag, &json!({"must": "x"})), Ok(()));
    let errors = validate_params(&ctx.dag, &json!({"days": 0})).unwrap_err();
    let paths: Vec<&str> = errors.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["days", "must"]);
}

#[test]
fn a_tasks_own_params_are_checked_with_those_of_the_dag() {
    let ctx = context(|dag, task, _| {
        let days = json!({"value": 5, "schema": {"type": "integer", "minimum": 1}});
        dag.params.insert("days".into(), serde_json::from_value(days).unwrap());
        task.params.insert("name".into(), json!({"value": 3, "schema": {"type": "string"}}));
    });
    let mut task = (*ctx.task).clone();
    let paths = |task: &Task, conf: Value, overrides| {
        let found = validate_task(&ctx.dag, task, &conf, overrides);
        found.err().into_iter().flatten().map(|e| e.path).collect::<Vec<_>>()
    };
    assert_eq!(paths(&task, json!({}), true), ["name"]);
    assert_eq!(paths(&task, json!({"name": "x"}), true), Vec::<String>::new());
    assert_eq!(paths(&task, json!({"name": "x"}), false), ["name"], "the run's conf doesn't count");
    // A plain value keeps the schema of the DAG's.
    task.params.insert("days".into(), json!(0));
    assert_eq!(paths(&task, json!({"name": "x"}), true), ["days"]);
    task.params.clear();
    assert_eq!(paths(&task, json!({"days": 0}), true), Vec::<String>::new(), "the DAG's were checked by the trigger");
}

/// Cuts and doubles characters of templates: whatever comes out, nothing may panic.
#[test]
fn mangled_templates_never_panic() {
    let ctx = plain();
    let source = "{% set é = 'a\\'b' ~ \"ü\" %}{{ {'a': [1, (2 - ds | int) % 3]}.a[0:-1] + [logical_date.__x__] }}{# ö #}{%- raw -%}{{ - }}{% endraw %}";
    let chars: Vec<char> = source.chars().collect();
    for at in 0..chars.len() {
        for change in 0..3 {
            let mut mangled = chars.clone();
            match change {
                0 => drop(mangled.remove(at)),
                1 => mangled.insert(at, chars[at]),
                _ => mangled.truncate(at),
            }
            let text: String = mangled.into_iter().collect();
            let _ = render(&text, &ctx);
            let _ = render_native(&text, &ctx);
        }
    }
}
