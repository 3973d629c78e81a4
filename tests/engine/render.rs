//! `tasks render` before any try has rendered.

use crate::support::Home;

const DAG: &str = r#"
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("d", schedule="@daily", params={"who": "me"}, is_paused_upon_creation=True):
    BashOperator(task_id="say", bash_command="echo {{ ds }} {{ params.who }} {{ dag_run.conf.get('x', '-') }}", env={"A": "{{ run_id }}"})
    BashOperator.partial(task_id="many").expand(bash_command=["echo {{ ds }}", "echo b"])
"#;

#[test]
fn fields_are_rendered_for_a_date_and_for_a_run_to_come() {
    let home = Home::with_files(&[("d.py", DAG)]);
    let render = |words: &[&str]| home.run(&[&["tasks", "render"], words, &["-o", "json"]].concat());
    for order in [["d", "say", "2026-03-02"], ["d", "2026-03-02", "say"]] {
        let found = render(&order).ok().json();
        assert_eq!(found["fields"]["bash_command"], "echo 2026-03-02 me -", "{found}");
        assert_eq!(found["fields"]["env"]["A"], "scheduled__2026-03-02T00:00:00+00:00");
    }
    home.run(&["dags", "trigger", "d", "-r", "r", "-l", "2026-05-06", "-c", r#"{"x": 1, "who": "you"}"#]).ok();
    let found = render(&["d", "r", "say"]).ok().json();
    assert_eq!(found["fields"]["bash_command"], "echo 2026-05-06 you 1", "{found}");
    assert_eq!(found["dag_run_id"], "r");

    let refused = |words: &[&str], why: &str| {
        let ran = render(words);
        assert!(ran.code != 0 && ran.err.contains(why), "{ran:?}");
    };
    refused(&["d", "2026-03-02", "many"], "is mapped");
    refused(&["d", "2026-03-02", "sya"], "no task");
    refused(&["d", "nothing", "say"], "no run");
    refused(&["e", "2026-03-02", "say"], "no DAG");
}
