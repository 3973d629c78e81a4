//! A file that is saved, moved or deleted is noticed at once, without waiting for the scan.

use std::fs;

use serde_json::Value;

use crate::support::Home;

fn dag_file(tag: &str) -> String {
    format!(
        "from airflow.sdk import DAG\nfrom airflow.providers.standard.operators.empty import EmptyOperator\n\
         with DAG('saved', schedule=None, tags=['{tag}']):\n    EmptyOperator(task_id='nothing')\n"
    )
}

#[test]
fn a_saved_file_is_parsed_at_once_wherever_it_is() {
    let home = Home::with_files(&[]);
    home.start_with(&[("AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL", "3600")]);
    let tag = || -> Option<String> {
        let all = home.run(&["dags", "list", "-o", "json"]).ok().json();
        let dag = all.as_array().unwrap().iter().find(|dag| dag["dag_id"] == "saved").cloned()?;
        Some(tags(&dag))
    };
    let until = |wanted: Option<&str>| home.until("the change", || (tag().as_deref() == wanted).then_some(()));
    let file = home.dags().join("saved.py");
    fs::write(&file, dag_file("new")).unwrap();
    until(Some("new"));
    fs::write(&file, dag_file("changed")).unwrap();
    until(Some("changed"));
    // As editors save: another file is moved to its place.
    fs::write(home.dags().join(".saved.py.tmp"), dag_file("replaced")).unwrap();
    fs::rename(home.dags().join(".saved.py.tmp"), &file).unwrap();
    until(Some("replaced"));
    fs::remove_file(&file).unwrap();
    until(None);
    let inner = home.dags().join("team/daily");
    fs::create_dir_all(&inner).unwrap();
    fs::write(inner.join("saved.py"), dag_file("inside")).unwrap();
    until(Some("inside"));
    fs::write(home.dags().join(".airflowignore"), "team/\n").unwrap();
    until(None);
}

/// Python that can't be started or dies says nothing about a file: it is tried again without a change of the file.
#[test]
fn a_file_whose_parsing_crashed_is_parsed_again() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::with_files(&[("saved.py", &dag_file("whole"))]);
    let (python, good) = (home.path().join("python3"), home.path().join("good"));
    let script = format!("#!/bin/sh\n[ -e {} ] || exit 3\nexec python3 \"$@\"\n", good.display());
    fs::write(&python, script).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    home.start_with(&[
        ("AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL", "1"),
        ("AIRFLOW__PYTHON__INTERPRETER", python.to_str().unwrap()),
    ]);
    home.until("the error", || {
        let errors = home.run(&["dags", "list-import-errors", "-o", "json"]).json();
        errors.to_string().contains("the parsing process ended").then_some(())
    });
    fs::write(&good, "").unwrap();
    home.until("the DAG", || {
        let dags = home.run(&["dags", "list", "-o", "json"]).ok().json();
        dags.to_string().contains("whole").then_some(())
    });
}

/// The tags of a row of `dags list`, whatever their form.
fn tags(dag: &Value) -> String {
    let tag = |tag: &Value| tag.as_str().or_else(|| tag["name"].as_str()).unwrap_or_default().to_owned();
    dag["tags"].as_array().into_iter().flatten().map(tag).collect()
}
