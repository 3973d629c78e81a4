//! A person's shell in a pod: the console's `S` and `pods exec`, in a real terminal.

use super::{Cluster, dag_file, start};
use crate::{console::terminal::Terminal, support::Home};

/// Keys of the terminal's modes that a person would notice.
fn modes(terminal: &Terminal) -> String {
    format!("{:?}", terminal.master.as_ref().unwrap().get_termios())
}

#[test]
fn a_shell_in_a_pod_and_back() {
    let Some(cluster) = Cluster::new("shell") else { return };
    let task =
        "pod('wait', 'until test -e /tmp/go; do sleep 0.2; done', do_xcom_push=False, on_finish_action='keep_pod')";
    let home = Home::with_files(&[("pods.py", &dag_file(&cluster, task))]);
    start(&cluster, &home);
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let name = home.until("a pod that runs", || {
        let rows = home.run(&["pods", "list", "-o", "json"]).ok().json();
        let row = rows.as_array()?.first()?.clone();
        (row["phase"] == "Running").then(|| row["name"].as_str().unwrap().to_owned())
    });
    // The way that the scheduler goes, whatever the environment of the console says.
    let variables = [("KUBECONFIG", "/no/such/kubeconfig")];
    let (path, dags) = (home.path(), home.dags().to_path_buf());
    let place = ["--home", path.to_str().unwrap(), "--dags-folder", dags.to_str().unwrap()];

    let mut console = Terminal::start(&place, &variables);
    console.wait_for("sched ok");
    console.types("6");
    console.wait_for("1 running");
    let before = modes(&console);
    console.types("S");
    console.wait_for("Enter ~ . cuts a connection");
    // What is typed is run there, in a terminal of this size.
    console.types("echo at-$(hostname) $(stty size)\r");
    console.wait_for(&format!("at-{name} 24 80"));
    console.resize(100, 30);
    console.types("until stty size | grep -q '30 100'; do sleep 0.1; done; echo grown-$((1+1))\r");
    console.wait_for("grown-2");
    console.resize(80, 24);
    // A Ctrl-C is the program's there, not the console's.
    console.types("sh -c 'echo on-$((1+2)); exec sleep 600'\r");
    console.wait_for("on-3");
    console.types("\u{3}");
    console.types("echo still-$((2+2))\r");
    console.wait_for("still-4");
    console.types("exit\r");
    console.wait_for("pods that are there");
    console.wait_for("1 running");
    assert_eq!(modes(&console), before, "the terminal's modes are as they were");

    // A connection that is cut leaves the console as it was, too.
    console.types("S");
    console.wait_for("Enter ~ . cuts a connection");
    console.types("\r~.");
    console.wait_for("was cut off");
    console.types("\r");
    console.wait_for("pods that are there");
    assert_eq!(modes(&console), before);

    // The same without a console; its exit code is the program's.
    let exec = |words: &[&str]| {
        let arguments = [&["pods", "exec", &name], words].concat();
        let out = home.command(&arguments).envs(variables.iter().copied()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.code().unwrap(), text(&out.stdout), text(&out.stderr))
    };
    let (code, out, err) = exec(&["--", "sh", "-c", "echo out; echo err >&2; exit 3"]);
    assert_eq!((code, out.as_str(), err.as_str()), (3, "out\n", "err\n"));
    let (code, _, err) = exec(&["-c", "nobody", "--", "true"]);
    assert!(code == 1 && err.contains("has no container nobody") && err.contains("running: base"), "{err}");
    let (code, _, err) = exec(&[]);
    assert!(code == 2 && err.contains("a shell needs a terminal"), "{err}");
    let (code, _, err) = exec(&["--", "no-such-program"]);
    assert!(code == 1 && err.contains("no-such-program"), "{err}");
    // What it reads ends, and so does it.
    let mut fed = home.command(&["pods", "exec", &name, "-i", "--", "cat"]);
    fed.envs(variables.iter().copied()).stdin(std::fs::File::open(dags.join("pods.py")).unwrap());
    let fed = fed.output().unwrap();
    assert!(String::from_utf8_lossy(&fed.stdout).ends_with("keep_pod')\n"), "{fed:?}");
    let acts = home.run(&["audit", "list", "-o", "json"]).ok().out;
    assert!(acts.contains("pods.exec") && acts.contains("sh -c"), "{acts}");

    assert_eq!(exec(&["--", "touch", "/tmp/go"]).0, 0);
    assert_eq!(home.wait("pods", "r1").state(), "success");
    let (code, _, err) = exec(&["--", "true"]);
    assert!(code == 1 && err.contains("has ended"), "{err}");
    console.types("S");
    console.wait_for("has ended; refused");
    console.types("1qy");
    assert_eq!(console.ended(), 0);
}
