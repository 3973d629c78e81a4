//! `dags check`: which of the named files would never be loaded, and why.

use std::fs;

use super::home::Home;

const DAG: &str = "[dag]\nschedule = \"@daily\"\n\n[tasks.a]\noperator = \"bash\"\nbash_command = \"true\"\n";

#[test]
fn a_file_that_is_never_loaded_is_warned_of_with_the_reason() {
    let home = Home::empty();
    let dags = home.path().join("dags");
    fs::create_dir_all(dags.join("team/old")).unwrap();
    fs::create_dir_all(dags.join("__pycache__")).unwrap();
    fs::write(dags.join("team/.airflowignore"), "old/\n*_draft.toml\n").unwrap();
    for (name, text, warning, count) in [
        ("fine.toml", DAG, "", 1),
        ("team/fine.toml", DAG, "", 1),
        (".hidden.toml", DAG, ".hidden.toml is a hidden file, which is never loaded", 1),
        ("dag.txt", DAG, "dag.txt is never loaded: DAG files end in .py, .toml or .zip", 0),
        ("__pycache__/a.toml", DAG, "__pycache__, where no DAG files are looked for", 1),
        ("team/a_draft.toml", DAG, "team/.airflowignore leaves it out: it is never loaded", 1),
        ("team/old/a.toml", DAG, "team/.airflowignore leaves it out: it is never loaded", 1),
        ("notes.toml", "x = 1\n", "it has neither [dag] nor [tasks", 0),
        ("helper.py", "print('hello')\n", "the words `airflow` and `dag` (or `asset`) aren't both in it", 0),
    ] {
        let file = dags.join(name);
        fs::write(&file, text).unwrap();
        let ran = home.run(&format!("dags check {} -o json", file.display()));
        let document = ran.json();
        assert_eq!((ran.code, &document["errors"]), (0, &0.into()), "{name}: {ran:?}");
        assert_eq!(document["warnings"], i32::from(!warning.is_empty()), "{name}: {ran:?}");
        assert!(ran.err.contains(warning) && !ran.err.contains("note:"), "{name}: {ran:?}");
        assert_eq!(document["files"][0]["dag_ids"].as_array().unwrap().len(), count, "{name}: {ran:?}");
        fs::remove_file(&file).unwrap();
    }
    let elsewhere = home.path().join("elsewhere.toml");
    fs::write(&elsewhere, DAG).unwrap();
    let ran = home.run(&format!("dags check {}", elsewhere.display()));
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains("elsewhere.toml lies outside of the DAG folder"), "{ran:?}");
}

#[test]
fn a_mistake_of_syntax_is_told_once_with_its_place_and_what_to_write() {
    let home = Home::empty();
    let file = home.path().join("dags/broken.toml");
    fs::write(&file, DAG.replace("= \"@daily\"", "= [\"@daily\"")).unwrap();
    let ran = home.run(&format!("dags check {}", file.display()));
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("broken.toml:2:12: error: the list that begins here isn't closed"), "{ran:?}");
    assert!(ran.err.contains("add `]` at its end") && ran.err.matches(": error: ").count() == 1, "{ran:?}");
    fs::write(&file, [DAG.as_bytes(), b"# caf\xe9\n"].concat()).unwrap();
    let ran = home.run(&format!("dags check {}", file.display()));
    assert!(ran.err.contains("broken.toml:7: error: the file isn't UTF-8: byte 0xe9"), "{ran:?}");
    // The home's own settings are told of in the same way.
    fs::write(home.path().join("dagdeck.toml"), "[core]\nparallelism: 4\n").unwrap();
    let ran = home.run("pools list");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("dagdeck.toml:2:12: a key and its value are joined by `=`"), "{ran:?}");
    assert!(ran.err.contains("hint: write `parallelism = 4`"), "{ran:?}");
}
