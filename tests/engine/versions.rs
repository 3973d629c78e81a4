//! A run keeps the version of its DAG; a clear can choose the newest one.

use std::fs;

use crate::support::Home;

const ONE: &str = r#"
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False)
def changes():
    @task
    def number():
        return 1

    @task
    def gone(x):
        import inspect
        return [x, __file__.rpartition("/")[2], "return 1" in inspect.getsource(number.function)]

    gone(number())

changes()
"#;

const TWO: &str = r#"
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False)
def changes():
    @task
    def number():
        return 2

    @task
    def added(x):
        return x * 10

    added(number())

changes()
"#;

fn home() -> Home {
    let home = Home::with_files(&[("changes.py", ONE)]);
    home.start();
    let run = home.trigger("changes", "r", &serde_json::json!({}));
    assert_eq!((run.returned("number", -1), &run.0["dag_run"]["dag_version"]), (&1.into(), &1.into()));
    home
}

fn clear(home: &Home, more: &[&str]) -> crate::support::Run {
    home.run(&[&["runs", "clear", "changes", "r", "-y"], more].concat()).ok();
    home.wait("changes", "r")
}

#[test]
fn a_cleared_run_keeps_its_version_unless_told_otherwise() {
    let home = home();
    fs::write(home.dags().join("changes.py"), TWO).unwrap();
    let run = clear(&home, &[]);
    assert_eq!((run.state(), &run.0["dag_run"]["dag_version"]), ("success", &1.into()), "{run:#?}");
    assert_eq!(run.returned("number", -1), &1, "the code of its version");
    assert_eq!(*run.returned("gone", -1), serde_json::json!([1, "changes.py", true]));

    let run = clear(&home, &["--run-on-latest-version"]);
    assert_eq!((run.state(), &run.0["dag_run"]["dag_version"]), ("success", &2.into()), "{run:#?}");
    assert_eq!((run.returned("number", -1), run.returned("added", -1)), (&2.into(), &20.into()));
    assert_eq!(run.states("gone"), ["removed"]);

    let versions = home.run(&["dags", "versions", "changes", "-o", "json"]).ok().json();
    assert_eq!((&versions[0]["version_number"], &versions[1]["version_number"]), (&2.into(), &1.into()));
    assert_eq!(home.run(&["dags", "source", "changes", "--version", "1"]).ok().out, ONE);
    assert_eq!(home.run(&["dags", "source", "changes"]).ok().out, TWO);
}

#[test]
fn native_operators_keep_the_arguments_of_their_version() {
    let file = |text: &str| {
        format!(
            "[dag]\ndag_id = \"changes\"\nis_paused_upon_creation = false\n[tasks.say]\noperator = \"bash\"\nbash_command = \"echo {text}\"\n"
        )
    };
    let home = Home::with_files(&[("changes.toml", &file("old"))]);
    home.start();
    assert_eq!(home.trigger("changes", "r", &serde_json::json!({})).returned("say", -1), "old");
    fs::write(home.dags().join("changes.toml"), file("new")).unwrap();
    assert_eq!(clear(&home, &[]).returned("say", -1), "old");
    assert_eq!(clear(&home, &["--run-on-latest-version"]).returned("say", -1), "new");
    assert_eq!(home.trigger("changes", "s", &serde_json::json!({})).returned("say", -1), "new");
}

#[test]
fn a_function_that_was_mended_runs_as_it_is_now() {
    let home = home();
    // Other lines, another function body: still the same DAG.
    fs::write(home.dags().join("changes.py"), format!("# mended\n{}", ONE.replace("return 1\n", "return 3\n")))
        .unwrap();
    let run = clear(&home, &[]);
    assert_eq!((run.returned("number", -1), &run.0["dag_run"]["dag_version"]), (&3.into(), &1.into()), "{run:#?}");
    assert!(home.run(&["dags", "source", "changes"]).ok().out.starts_with("# mended"));
}

#[test]
fn the_dag_can_say_that_clears_go_on_with_the_newest_version() {
    let home = home();
    let two = TWO.replace("schedule=None,", "schedule=None, rerun_with_latest_version=True,");
    fs::write(home.dags().join("changes.py"), two).unwrap();
    let run = clear(&home, &["--no-run-on-latest-version"]);
    assert_eq!(run.0["dag_run"]["dag_version"], 1);
    let run = clear(&home, &[]);
    assert_eq!((run.returned("added", -1), &run.0["dag_run"]["dag_version"]), (&20.into(), &2.into()), "{run:#?}");
}

#[test]
fn a_run_calls_the_callbacks_of_its_version() {
    let file = |word: &str, more: &str| {
        format!(
            "from airflow.sdk import DAG, task\nfrom airflow.providers.standard.operators.hitl import HITLEntryOperator\n\
             def tell(context):\n    with open(__file__ + '.told', 'a') as told: told.write('{word} ')\n\
             with DAG('d', schedule=None, on_success_callback=tell, is_paused_upon_creation=False):\n    \
             HITLEntryOperator(task_id='ask', subject='s')\n{more}"
        )
    };
    let home = Home::with_files(&[("d.py", &file("one", ""))]);
    home.start();
    home.run(&["dags", "trigger", "d", "-r", "r"]).ok();
    let asked = || home.run(&["hitl", "list", "-o", "json"]).ok().json().as_array().unwrap().len() == 1;
    home.until("the question", || asked().then_some(()));
    fs::write(home.dags().join("d.py"), file("two", "    HITLEntryOperator(task_id='other', subject='s')\n")).unwrap();
    home.until("the second version", || {
        let versions = home.run(&["dags", "versions", "d", "-o", "json"]).ok().json();
        (versions.as_array().unwrap().len() == 2).then_some(())
    });
    home.run(&["hitl", "answer", "d", "r", "ask"]).ok();
    home.wait("d", "r").expect(&[("ask", "success")]);
    let told = home.until("the callback", || fs::read_to_string(home.dags().join("d.py.told")).ok());
    assert_eq!(told, "one ");
}
