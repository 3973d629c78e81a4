//! DAGs that are run together: those of one kind in one home, as they were recorded.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    answers, assets,
    corpus::{Corpus, Golden, Method},
    definitions,
    home::{Home, Setup},
    limits, meant, runs,
    score::{Score, say},
};

/// DAGs that are triggered at the same time; more would only wait for each other.
const AT_ONCE: usize = 24;

/// DAGs of one home.
pub struct Group {
    method: Method,
    /// Their file, if it has a home of its own; `None` with all files in the folder.
    files: Vec<String>,
    is_of_wheels: bool,
    goldens: Vec<Golden>,
}

/// The groups that these DAGs make.
pub fn of(goldens: Vec<Golden>) -> Vec<Group> {
    let mut groups: BTreeMap<(bool, Method, String), Vec<Golden>> = BTreeMap::new();
    for golden in goldens {
        let method = golden.method();
        // What assets make runs of depends on the other DAGs of the file.
        let file = golden.file().filter(|_| method == Method::Assets).unwrap_or_default().to_owned();
        groups.entry((golden.path_in_wheel().is_some(), method, file)).or_default().push(golden);
    }
    let of_one = |((is_of_wheels, method, _), goldens): (_, Vec<Golden>)| {
        let mut files: Vec<String> = goldens.iter().filter_map(|g| g.file().map(str::to_owned)).collect();
        files.dedup();
        Group { method, files, is_of_wheels, goldens }
    };
    groups.into_iter().map(of_one).collect()
}

impl Group {
    /// Runs the DAGs and compares.
    pub fn run(self, corpus: &Corpus) -> Score {
        let folder = tempfile::tempdir().unwrap();
        let setup = self.setup(corpus, &folder);
        let names: Vec<&str> = self.goldens.iter().map(|g| g.dag_id.as_str()).collect();
        let home = Home::start(&setup, &names);
        let mut score = Score::default();
        // Asked once: a verb that names an unknown DAG has the whole folder parsed.
        let known = home.dag_ids();
        let (goldens, unknown): (Vec<Golden>, Vec<Golden>) =
            self.goldens.into_iter().partition(|g| known.contains(&g.dag_id));
        not_loaded(&home, &unknown, &mut score);
        for golden in &goldens {
            score.dag(&golden.dag_id, definitions::differences(&home, golden));
        }
        // All of them, since some make runs of others.
        for golden in &goldens {
            home.run(&["dags", "unpause", &golden.dag_id]);
        }
        match self.method {
            Method::Triggered => {
                for some in goldens.chunks(AT_ONCE) {
                    triggered(&home, some, &mut score);
                }
            }
            Method::Scheduled => runs::wait(&home, &goldens, Duration::from_secs(60)),
            Method::Assets => assets::produce(&home, &goldens, &mut score),
        }
        for golden in &goldens {
            let mut found = runs::differences(&home, golden);
            found.extend(limits::differences(&home, golden));
            found.extend(meant::differences(&home, golden));
            match home.missing_package(&golden.dag_id).filter(|_| !found.is_empty()) {
                Some(package) => score.skip(&golden.dag_id, &format!("the package {package} isn't installed")),
                None => score.dag(&golden.dag_id, found),
            }
        }
        score
    }

    fn setup(&self, corpus: &Corpus, folder: &TempDir) -> Setup {
        let dags = folder.path().join("dags");
        let mut setup = Setup { dags: dags.clone(), plugins: None, makes_runs: self.method != Method::Triggered };
        if let Some(wheels) = corpus.wheels().filter(|_| self.is_of_wheels) {
            let examples = self.goldens.iter().filter_map(|g| Path::new(g.path_in_wheel()?).parent());
            for examples in examples.collect::<std::collections::BTreeSet<_>>() {
                copy(&wheels.join(examples), &dags.join(examples));
            }
            setup.plugins = Some(wheels.join("airflow/example_dags/plugins"));
        } else if self.method == Method::Triggered {
            setup.dags = corpus.dags();
        } else {
            // Only their files and what those import: the other probes have nothing to do here.
            let recorded: Vec<String> = corpus.goldens().iter().filter_map(|g| g.file().map(str::to_owned)).collect();
            copy_some(&corpus.dags(), &dags, &|name| {
                self.files.iter().any(|f| f == name) || !recorded.iter().any(|f| f == name)
            });
        }
        setup
    }
}

fn triggered(home: &Home, goldens: &[Golden], score: &mut Score) {
    for golden in goldens {
        score.dag(&golden.dag_id, runs::trigger(home, golden));
    }
    for golden in goldens {
        score.dag(&golden.dag_id, answers::give(home, golden));
    }
    let longest = goldens.iter().flat_map(Golden::runs).filter_map(|run| run["cut_off_after_s"].as_u64()).max();
    runs::wait(home, goldens, Duration::from_secs(150.max(longest.unwrap_or_default().min(60) + 30)));
}

/// DAGs that aren't there, and why.
fn not_loaded(home: &Home, goldens: &[Golden], score: &mut Score) {
    let errors = home.json(&["dags", "list-import-errors"]);
    for golden in goldens {
        let name = golden.file().or(golden.path_in_wheel()).unwrap_or_default();
        let of_file = |row: &&Value| row["filename"].as_str().is_some_and(|file| file.ends_with(name));
        let text = errors.as_array().into_iter().flatten().find(of_file).map(|row| row["stack_trace"].to_string());
        let text = text.unwrap_or_else(|| "the file isn't loaded, and no import error says why".to_owned());
        match super::home::missing_package(&text) {
            Some(package) => score.skip(&golden.dag_id, &format!("the package {package} isn't installed")),
            None => score.dag(&golden.dag_id, vec![format!("not loaded: {text}")]),
        }
    }
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    copy_some(from, to, &|_| true);
}

/// Copies a folder with those of its direct entries whose name is wanted; folders below it wholly.
fn copy_some(from: &Path, to: &Path, is_wanted: &dyn Fn(&str) -> bool) {
    std::fs::create_dir_all(to).unwrap();
    let mut entries: Vec<PathBuf> = std::fs::read_dir(from).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else if is_wanted(name) && std::fs::copy(&path, to.join(name)).is_err() {
            say(&format!("{} can't be copied", path.display()));
        }
    }
}
