//! Killed between doing and noting: runs that tasks trigger, variables that they set, and what a power cut leaves.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    Home,
    files::{await_file, until_in},
};

const DAG: &str = r#"
from datetime import datetime
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Variable, task

def dag(name, **kwargs):
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False, **kwargs)

AWAIT_GO = "until [ -e $OUT/go ]; do sleep 0.02; done"

with dag("child"):
    BashOperator(task_id="works", bash_command=AWAIT_GO, append_env=True, env={})

with dag("parent"):
    TriggerDagRunOperator(task_id="trigger", trigger_dag_id="child", wait_for_completion=True, poke_interval=0.1)

with dag("parent_of_one"):
    TriggerDagRunOperator(task_id="trigger", trigger_dag_id="child", trigger_run_id="one")

class Mine(TriggerDagRunOperator):
    pass

with dag("python_parent"):
    Mine(task_id="trigger", trigger_dag_id="child", wait_for_completion=True, poke_interval=0.1)

with dag("waits"):
    BashOperator(task_id="works", bash_command="touch $OUT/ready; " + AWAIT_GO + "; echo x >> $OUT/effects", append_env=True, env={})

with dag("sets"):
    @task
    def sets():
        import os, time
        Variable.set("v", "the task's")
        assert Variable.get("v") == "the task's"
        open(os.environ["OUT"] + "/ready", "w").close()
        while not os.path.exists(os.environ["OUT"] + "/go"):
            time.sleep(0.02)

    sets()
"#;

fn home() -> Home {
    let home = Home::with_files(&[("dags.py", DAG)]);
    start(&home);
    home
}

fn start(home: &Home) {
    home.start_with(&[("OUT", home.path().to_str().unwrap())]);
}

fn go(home: &Home) {
    fs::write(home.path().join("go"), "").unwrap();
}

/// Waits until a try has left its outcome in its claim.
fn await_outcome(home: &Home) {
    let tries = home.path().join("tries");
    until_in(&tries, || {
        let ended = |claim: fs::DirEntry| fs::read(claim.path()).is_ok_and(|text| text.ends_with(b"\n"));
        fs::read_dir(&tries).unwrap().flatten().any(ended).then_some(())
    });
}

fn runs_of(home: &Home, dag_id: &str) -> Vec<Value> {
    home.run(&["runs", "list", dag_id, "-o", "json"]).ok().json().as_array().unwrap().clone()
}

#[test]
fn a_run_that_is_waited_for_is_not_triggered_again_by_the_next_scheduler() {
    let home = home();
    for (parent, children) in [("parent", 1), ("python_parent", 2)] {
        let _ = fs::remove_file(home.path().join("go"));
        home.run(&["dags", "trigger", parent, "-r", "r1"]).ok();
        home.until("the child's run", || (runs_of(&home, "child").len() == children).then_some(()));
        for _ in 0..3 {
            home.kill_scheduler();
            start(&home);
        }
        go(&home);
        let run = home.wait(parent, "r1");
        assert_eq!(run.state(), "success", "{run:#?}");
        let all = runs_of(&home, "child");
        assert_eq!(all.len(), children, "{all:#?}");
        let named =
            run.0["xcoms"].as_array().unwrap().iter().find(|x| x["key"] == "trigger_run_id").unwrap()["value"].clone();
        assert!(all.iter().any(|child| child["dag_run_id"] == named), "{named} is none of {all:#?}");
    }
}

/// The state that a kill leaves between the commit of the child's run and the success of the task that triggered it.
#[test]
fn a_run_that_was_triggered_already_is_found_by_its_fixed_id() {
    use dagdeck::{
        model::{Change, RunChange, RunState, TiChange, TiKey, TiState},
        store::{Store, load, run},
    };
    let home = home();
    go(&home);
    let done = home.trigger("parent_of_one", "r1", &json!({}));
    assert_eq!(done.state(), "success");
    home.kill_scheduler();
    let mut store = Store::open(&home.path().join("dagdeck.db")).unwrap();
    let parent = run::find(store.reader(), "parent_of_one", "r1").unwrap().unwrap();
    let task = load::instance(store.reader(), &TiKey::new(parent.id, "trigger", -1)).unwrap().unwrap();
    assert_eq!(task.external_id.as_deref(), Some("one"));
    let at = task.end_date.unwrap();
    let (mut running, mut active) = (task.clone(), parent.clone());
    (running.state, running.end_date, running.duration) = (TiState::Running, None, None);
    (active.state, active.end_date) = (RunState::Running, None);
    let refused = store.apply(&[
        Change::Ti(Box::new(TiChange { from: TiState::Success, row: running, cause: None, at })),
        Change::Run(Box::new(RunChange { from: RunState::Success, row: active, reason: "test".into(), at })),
    ]);
    assert_eq!(refused.unwrap(), dagdeck::store::gate::Refused::default());
    drop(store);
    start(&home);
    let run = home.wait("parent_of_one", "r1");
    assert_eq!(run.state(), "success", "{run:#?}");
    assert_eq!(run.task("trigger", -1)["try_number"], 1);
    assert_eq!(runs_of(&home, "child").len(), 1);
}

/// Two schedulers are asked the same question by the same try: a supervisor asks again what wasn't answered.
#[test]
fn a_question_that_triggered_a_run_gets_the_same_answer_from_the_next_scheduler() {
    use std::{
        io::{BufRead, BufReader, Write},
        os::unix::net::UnixStream,
    };
    let home = home();
    home.run(&["dags", "trigger", "waits", "-r", "r1"]).ok();
    await_file(&home.path().join("ready"));
    let ask = || {
        let stream = UnixStream::connect(home.path().join("scheduler.sock")).unwrap();
        stream.set_read_timeout(Some(crate::support::home::LIMIT)).unwrap();
        let key = json!({"run": 1, "task_id": "works", "map_index": -1});
        let hello = json!({"from_supervisor": "hello", "key": key, "epoch": 1, "pid": 1, "supervisor": 1, "start_date": "2026-01-01T00:00:00Z"});
        let body = json!({"type": "TriggerDagRun", "id": 7, "dag_id": "child", "conf": {}});
        let question = json!({"from_supervisor": "ask", "id": 7, "body": body});
        write!(&stream, "{hello}\n{question}\n").unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["body"].clone()
    };
    let first = ask();
    assert_eq!(first["type"], "OKResponse", "{first}");
    home.kill_scheduler();
    start(&home);
    assert_eq!(ask(), first);
    assert_eq!(runs_of(&home, "child").len(), 1);
    go(&home);
    assert_eq!(home.wait("waits", "r1").state(), "success");
    assert_eq!(runs_of(&home, "child").len(), 1);
}

#[test]
fn a_variable_that_somebody_set_since_is_not_set_back_when_a_try_repeats_itself() {
    let home = home();
    home.run(&["dags", "trigger", "sets", "-r", "r1"]).ok();
    await_file(&home.path().join("ready"));
    home.run(&["variables", "set", "v", "somebody's"]).ok();
    home.kill_scheduler();
    start(&home);
    go(&home);
    assert_eq!(home.wait("sets", "r1").state(), "success");
    assert_eq!(home.run(&["variables", "get", "v"]).ok().out.trim(), "somebody's");
}

/// A power cut takes the store's last moments (its log isn't synced at every commit), but not what was synced.
#[test]
fn a_try_that_the_store_forgot_is_not_started_again() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    let store = ["", "-wal", "-shm"].map(|ending| home.path().join(format!("dagdeck.db{ending}")));
    home.run(&["dags", "trigger", "waits", "-r", "r1"]).ok();
    let before = store.clone().map(|file| fs::read(file).ok());
    start(&home);
    await_file(&home.path().join("ready"));
    home.kill_scheduler();
    go(&home);
    await_outcome(&home);
    for (file, before) in store.iter().zip(before) {
        let _ = fs::remove_file(file);
        before.into_iter().for_each(|bytes| fs::write(file, bytes).unwrap());
    }
    assert_eq!(home.show("waits", "r1").state(), "queued");
    start(&home);
    let run = home.wait("waits", "r1");
    assert_eq!(run.state(), "success", "{run:#?}");
    assert_eq!(run.task("works", -1)["try_number"], 1);
    assert_eq!(fs::read_to_string(home.path().join("effects")).unwrap(), "x\n");
}

const CALLBACKS: &str = r#"
from datetime import datetime
import os, time
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Variable

def called(context):
    out = os.environ["OUT"]
    with open(out + "/effects", "a") as file:
        file.write("x\n")
    open(out + "/ready", "w").close()
    while not os.path.exists(out + "/go"):
        time.sleep(0.02)
    Variable.set("called", context["dag_run"].run_id)

with DAG("calls", schedule=None, is_paused_upon_creation=False, on_success_callback=called):
    EmptyOperator(task_id="nothing")
"#;

/// The DAG's callback runs now, and is noted in the store.
fn calling() -> Home {
    let home = Home::with_files(&[("calls.py", CALLBACKS)]);
    start(&home);
    home.run(&["dags", "trigger", "calls", "-r", "r1"]).ok();
    await_file(&home.path().join("ready"));
    home
}

fn is_called(home: &Home) {
    let value =
        home.until("the variable", || Some(home.run(&["variables", "get", "called"])).filter(|ran| ran.code == 0));
    assert_eq!(value.out.trim(), "r1");
}

#[test]
fn callbacks_that_end_while_no_scheduler_runs_are_collected_once() {
    let home = calling();
    home.kill_scheduler();
    go(&home);
    await_outcome(&home);
    start(&home);
    is_called(&home);
    home.run(&["variables", "set", "called", "since"]).ok();
    for _ in 0..2 {
        home.kill_scheduler();
        start(&home);
    }
    assert_eq!(home.run(&["variables", "get", "called"]).ok().out.trim(), "since");
    assert_eq!(fs::read_to_string(home.path().join("effects")).unwrap(), "x\n");
}

/// The state that a kill leaves between the commit that ends the run and the start of the callbacks.
#[test]
fn callbacks_that_never_began_are_started_by_the_next_scheduler() {
    use dagdeck::{
        model::{RunId, TiKey, UNMAPPED},
        store::{Store, callback},
    };
    let home = Home::with_files(&[("calls.py", &CALLBACKS.replace("on_success_callback=called", ""))]);
    start(&home);
    go(&home);
    assert_eq!(home.trigger("calls", "r1", &json!({})).state(), "success");
    home.kill_scheduler();
    fs::write(home.dags().join("calls.py"), CALLBACKS).unwrap();
    let key = TiKey::new(RunId(1), "@dag_callbacks", UNMAPPED);
    let request = json!({"kind": "dag", "is_failure": false, "reason": "success"});
    let mut store = Store::open(&home.path().join("dagdeck.db")).unwrap();
    store.transaction(|tx| callback::set(tx, &key, 1, &request)).unwrap();
    drop(store);
    start(&home);
    is_called(&home);
    assert_eq!(fs::read_to_string(home.path().join("effects")).unwrap(), "x\n");
    // The claim goes after the commit of the process's end, and with that the callback.
    let tries = home.path().join("tries");
    until_in(&tries, || (fs::read_dir(&tries).unwrap().count() == 0).then_some(()));
    let reader = Store::open_reader(&home.path().join("dagdeck.db")).unwrap().unwrap();
    assert_eq!(callback::all(&reader).unwrap(), []);
}
