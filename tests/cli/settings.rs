//! Pools, variables, connections, settings, the store: what is printed, hidden and exported.

use std::fs;

use dagdeck::store::Store;

use super::home::Home;

#[test]
fn pools_show_what_is_taken() {
    let home = Home::with_runs();
    let pools = home.run("pools list -o json").json();
    assert_eq!(pools[0]["name"], "default_pool");
    assert_eq!(pools[0]["running_slots"], 1);
    assert_eq!(pools[0]["open_slots"], 127);
    assert_eq!(home.run("pools set cpu 4 for~all --include-deferred -o json").json()["include_deferred"], true);
    let file = home.path().join("pools.json");
    assert_eq!(home.run(&format!("pools export {}", file.display())).code, 0);
    assert_eq!(home.run("pools delete cpu").code, 0);
    assert_eq!(home.run("pools get cpu").code, 1);
    assert_eq!(home.run(&format!("pools import {} -o json", file.display())).json()["imported"], 3);
    assert_eq!(home.run("pools get cpu -o json").json()["slots"], 4);
    assert_eq!(home.run("pools set cpu many").code, 2);
    assert!(home.run("pools get cqu").err.contains("did you mean cpu"));
}

#[test]
fn a_store_of_an_older_version_says_how_it_is_brought_up_to_date() {
    let home = Home::with_runs();
    let db = home.path().join("dagdeck.db");
    let newest = Store::newest_version() as i64;
    let set =
        |version: i64| rusqlite::Connection::open(&db).unwrap().pragma_update(None, "user_version", version).unwrap();
    set(newest - 1);
    for verb in [
        "pods health",
        "pods list",
        "dags list",
        "dags details churn",
        "runs list",
        "tasks states-for-dag-run churn done",
        "tasks explain churn gate done",
        "tasks render churn gate done",
        "logs churn gate done",
        "xcoms list churn done",
        "assets list",
        "backfill list",
        "plans list",
        "hitl list",
        "pools list",
        "variables list",
        "connections list",
        "audit list",
        "incident list",
        "db clean --clean-before-timestamp 2020-01-01",
    ] {
        let ran = home.run(verb);
        assert!(ran.code != 0 && ran.err.contains("of an older version"), "{verb}: {ran:?}");
        assert!(ran.err.contains("`dagdeck scheduler start`"), "{verb}: {ran:?}");
    }
    // What is about the store itself works.
    assert!(home.run("db check").err.contains("older version"));
    assert_eq!(home.run(&format!("db backup {}", home.path().join("copy.db").display())).code, 0);
    assert_eq!(home.run("info -o json").json()["schema_version"], newest - 1);
    set(newest + 1);
    let newer = home.run("pods health");
    assert!(newer.code != 0 && newer.err.contains("use the newer dagdeck"), "{newer:?}");
    set(newest);
    assert_eq!(home.run("pods health").code, 0);
}

#[test]
fn who_uses_something_is_told_beside_it() {
    let home = Home::with_runs();
    assert_eq!(home.run("pools set gpu 8 training").code, 0);
    let db = rusqlite::Connection::open(home.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE task_instance SET pool = 'gpu' WHERE state = 'running'", []).unwrap();
    db.execute("UPDATE dag_version SET source = 'Variable.get(\"min_gain\"), conn_id=\"lake\"'", []).unwrap();
    let pool = home.run("pools get gpu -o json").json();
    assert_eq!(pool["used_by"], serde_json::json!(["churn"]));
    let holder = &pool["holders"][0];
    assert_eq!(
        (&holder["dag_run_id"], &holder["task_id"], &holder["state"]),
        (&"next".into(), &"gate".into(), &"running".into())
    );
    assert_eq!(home.run("variables get min_gain -o json").json()["used_by"][0], "churn");
    assert_eq!(home.run("variables get min_gain").out, "0.005\n");
    assert_eq!(home.run("connections get lake -o json").json()["used_by"][0], "churn");
}

#[test]
fn what_is_in_use_is_deleted_only_by_who_insists() {
    let home = Home::with_runs();
    assert_eq!(home.run("pools set gpu 8 training").code, 0);
    let ran = home.run("pools delete gpu");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("pool gpu is in use: tasks of churn are in it"), "{ran:?}");
    assert!(ran.err.contains("-y deletes it all the same; tasks of a pool that isn't there never run"), "{ran:?}");
    assert_eq!(home.run("pools get gpu").code, 0);
    assert_eq!(home.run("pools delete gpu -y").code, 0);
    assert_eq!(home.run("pools get gpu").code, 1);
    // An instance that holds a slot is named, also where no DAG's tasks are in the pool any more.
    let db = rusqlite::Connection::open(home.path().join("dagdeck.db")).unwrap();
    assert_eq!(home.run("pools set spare 2").code, 0);
    db.execute("UPDATE task_instance SET pool = 'spare' WHERE state = 'running'", []).unwrap();
    let ran = home.run("pools delete spare");
    assert!(ran.code == 1 && ran.err.contains("now 1 task instance: churn/"), "{ran:?}");
    assert!(ran.err.contains("(running)"), "{ran:?}");
    // A word of a file may be a variable or not: it is said, and asked about where somebody sits.
    db.execute("UPDATE dag_version SET source = 'gate(Variable.get(\"min_gain\"))'", []).unwrap();
    let ran = home.run("variables delete min_gain -o json");
    assert_eq!((ran.code, ran.json()["deleted"].clone()), (0, true.into()));
    assert!(ran.err.contains("variable min_gain is named in the file of churn"), "{ran:?}");
    let ran = home.run("connections delete lake");
    assert!(ran.code == 0 && ran.err.is_empty(), "{ran:?}");
}

#[test]
fn secret_variables_are_printed_only_when_revealed() {
    let home = Home::with_runs();
    assert_eq!(home.run("variables get min_gain").out, "0.005\n");
    assert_eq!(home.run("variables get hf_token").out, "***\n");
    assert!(!home.run("variables list").out.contains("abcdefgh"));
    assert_eq!(home.run("variables get hf_token --reveal").out, "abcdefgh-secret\n");
    assert_eq!(home.run("audit list -o json").json()[0]["target"], "variables.reveal hf_token");
    assert_eq!(home.run("variables set api_key very-secret").code, 0);
    let audit = home.run("audit list").out;
    assert!(!audit.contains("very-secret"), "{audit}");
    assert_eq!(home.run("variables get nothing").code, 1);
    assert_eq!(home.run("variables get nothing -d fallback").out, "fallback\n");
    assert_eq!(home.run("variables set conf {\"a\":1} --json").code, 0);
    assert_eq!(home.run("variables get conf --json -o json").json()["value"]["a"], 1);
    let file = home.path().join("variables.json");
    assert_eq!(home.run(&format!("variables export {}", file.display())).code, 0);
    let exported: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(exported["hf_token"], "abcdefgh-secret");
    assert_eq!(exported["min_gain"]["description"], "gate");
    fs::write(&file, r#"{"plain": "x", "deep": {"value": {"k": [1]}, "description": "d"}, "min_gain": "9"}"#).unwrap();
    let done = home.run(&format!("variables import {} -a skip -o json", file.display())).json();
    assert_eq!((done["imported"].clone(), done["skipped"].clone()), (2.into(), 1.into()));
    assert_eq!(home.run("variables get deep").out, "{\"k\":[1]}\n");
    assert_eq!(home.run(&format!("variables import {} -a fail", file.display())).code, 1);
}

#[test]
fn connections_hide_their_secrets() {
    let home = Home::with_runs();
    let lake = home.run("connections get lake -o json").json();
    assert_eq!(lake["connection_id"], "lake");
    assert_eq!(lake["password"], "***");
    assert_eq!(lake["extra"], r#"{"region":"eu","secret_key":"***"}"#);
    assert_eq!(home.run("connections get lake --reveal -o json").json()["password"], "hunter2-x");
    let added = home.run("connections add db --conn-uri postgresql://u:pass-word@h:5432/sales?a=b -o json");
    assert_eq!((added.code, added.json()["conn_type"].clone()), (0, "postgres".into()), "{added:?}");
    assert!(!added.out.contains("pass-word"));
    assert!(!home.run("audit list").out.contains("pass-word"));
    assert_eq!(home.run("connections add db --conn-uri http://x").code, 1);
    assert_eq!(home.run("connections add js --conn-json {\"conn_type\":\"http\",\"host\":\"h\",\"port\":1}").code, 0);
    assert_eq!(home.run("connections add ty --conn-type http --conn-host h --conn-password p").code, 0);
    assert_eq!(home.run("connections add no").code, 2);
    let file = home.path().join("connections.json");
    assert_eq!(home.run(&format!("connections export {}", file.display())).code, 0);
    assert_eq!(home.run("connections delete db").code, 0);
    let done = home.run(&format!("connections import {} -o json", file.display())).json();
    assert_eq!(done["imported"], 1);
    assert_eq!(home.run("connections get db --reveal -o json").json()["password"], "pass-word");
}

#[test]
fn a_connection_is_tested_by_reaching_its_host() {
    let home = Home::with_runs();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(home.run(&format!("connections add up --conn-uri http://u:pass-word@127.0.0.1:{port}")).code, 0);
    let test = home.run("connections test up -o json");
    assert_eq!((test.code, test.json()["status"].clone()), (0, true.into()), "{test:?}");
    assert!(!test.out.contains("pass-word"));
    drop(listener);
    let test = home.run("connections test up -o json");
    assert_eq!((test.code, test.json()["status"].clone()), (1, false.into()), "{test:?}");
    assert!(test.json()["message"].as_str().unwrap().contains("can't be reached"), "{test:?}");
    assert_eq!(home.run("connections add cloud --conn-type aws --conn-login k").code, 0);
    let none = home.run("connections test cloud");
    assert!(none.code == 1 && none.err.contains("without host and port"), "{none:?}");
    assert!(home.run("connections test clod").err.contains("did you mean cloud"));
    fs::write(home.path().join("dagdeck.toml"), "[core]\ntest_connection = \"Disabled\"\n").unwrap();
    assert!(home.run("connections test up").err.contains("test_connection is Disabled"));
}

#[test]
fn settings_name_their_source() {
    let home = Home::empty();
    fs::write(home.path().join("dagdeck.toml"), "[core]\nparallelism = 7\n").unwrap();
    assert_eq!(home.run("config get-value core parallelism").out, "7\n");
    assert!(home.run("config list --section core").out.contains("dagdeck.toml"));
    assert!(home.run("config get-value core paralelism").err.contains("core parallelism"));
    assert_eq!(home.run("config lint -o json").json(), serde_json::json!([]));
    let made = "[core]\nparallelism = 7\nfernet_key = \"k\"\ndag_concurency = 4\ndefault_task_retries = \"two\"\n";
    fs::write(home.path().join("dagdeck.toml"), made).unwrap();
    let lint = home.run("config lint -o json");
    assert_eq!(lint.code, 1);
    let of = |n: usize, field: &str| lint.json()[n][field].as_str().unwrap().to_owned();
    assert_eq!([of(0, "key"), of(1, "key"), of(2, "key")], ["dag_concurency", "default_task_retries", "fernet_key"]);
    assert!(of(0, "message").starts_with("no such option"), "{lint:?}");
    assert_eq!(of(1, "message"), "\"two\" is not a number");
    assert_eq!((of(2, "weight"), of(2, "source").ends_with("dagdeck.toml")), ("no effect".into(), true));
    let info = home.run("info -o json").json();
    assert_eq!(info["settings_without_effect"][2], "core fernet_key");
    assert_eq!(info["home"], home.path().to_str().unwrap());
    assert_eq!(info["scheduler"], "not running");
    assert!(home.run("version").out.starts_with(env!("CARGO_PKG_VERSION")));
}

#[test]
fn old_runs_are_cleaned() {
    let home = Home::with_runs();
    let plan = home.run("db clean --clean-before-timestamp 2026-01-01 --dry-run -o json").json();
    assert_eq!(plan["dag_runs"], serde_json::json!([]));
    assert_eq!(home.run("db clean --clean-before-timestamp 2026-06-01 -y -o json").code, 0);
    let left = home.run("runs list -o json").json();
    assert_eq!((left.as_array().unwrap().len(), left[0]["dag_run_id"].clone()), (1, "next".into()));
}

#[test]
fn the_store_is_made_checked_and_copied() {
    let home = Home::empty();
    let missing = home.run("db check");
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("db migrate"), "{}", missing.err);
    assert_eq!(home.run("db migrate").code, 0);
    assert_eq!(home.run("db check -o json").json()["ok"], true);
    let copy = home.path().join("copy.db");
    assert_eq!(home.run(&format!("db backup {}", copy.display())).code, 0);
    assert!(copy.exists());
    assert_eq!(home.run(&format!("db backup {}", copy.display())).code, 1);
    let plan = home.run(&format!("db restore {} --dry-run -o json", copy.display()));
    assert_eq!((plan.code, plan.json()["applied"].clone()), (0, false.into()), "{plan:?}");
    assert_eq!(home.run("pools set later 1").code, 0);
    assert_eq!(home.run(&format!("db restore {}", copy.display())).code, 1);
    assert_eq!(home.run(&format!("db restore {} -y", copy.display())).code, 0);
    assert_eq!(home.run("pools get later").code, 1);
    assert_eq!(home.run(&format!("db restore {} -y", home.path().join("dags").display())).code, 1);
    assert!(home.run("completion bash").out.contains("dagdeck"));
}
