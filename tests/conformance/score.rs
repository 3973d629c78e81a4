//! What was compared and what came out, told at the end whatever the test runner does with other output.

use std::{collections::BTreeMap, io::Write};

/// Results of DAGs and tables.
#[derive(Default)]
pub struct Score {
    dags: BTreeMap<String, Vec<String>>,
    tables: BTreeMap<String, (usize, Vec<String>)>,
    skipped: BTreeMap<String, Vec<String>>,
}

impl Score {
    /// A DAG with its differences.
    pub fn dag(&mut self, dag_id: &str, differences: Vec<String>) {
        self.dags.entry(dag_id.to_owned()).or_default().extend(differences);
    }

    /// A table with the number of its rows and a line for each that differs.
    pub fn table(&mut self, name: &str, rows: usize, wrong: Vec<String>) {
        self.tables.insert(name.to_owned(), (rows, wrong));
    }

    /// Something that can't be tried here.
    pub fn skip(&mut self, name: &str, why: &str) {
        self.dags.remove(name);
        self.skipped.entry(why.to_owned()).or_default().push(name.to_owned());
    }

    /// Another score's results.
    pub fn add(&mut self, other: Self) {
        self.dags.extend(other.dags);
        self.tables.extend(other.tables);
        for (why, names) in other.skipped {
            self.skipped.entry(why).or_default().extend(names);
        }
    }

    /// Everything is as recorded.
    pub fn is_equal(&self) -> bool {
        self.broken().is_empty()
    }

    /// Names of what isn't as recorded.
    pub fn broken(&self) -> Vec<&String> {
        let dags = self.dags.iter().filter(|(_, found)| !found.is_empty()).map(|(id, _)| id);
        let tables = self.tables.iter().filter(|(_, (_, wrong))| !wrong.is_empty()).map(|(name, _)| name);
        dags.chain(tables).collect()
    }

    /// Prints it.
    pub fn report(&self) {
        let limit = std::env::var("DAGDECK_CONFORMANCE_DIFFERENCES").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
        let differing = self.dags.iter().chain(self.tables.iter().map(|(name, (_, wrong))| (name, wrong)));
        for (name, found) in differing.filter(|(_, found)| !found.is_empty()) {
            say(&format!("{name}: {} differences", found.len()));
            found.iter().take(limit).for_each(|line| say(&format!("    {line}")));
        }
        for (why, names) in &self.skipped {
            say(&format!("skipped {}: {why}: {}", names.len(), names.join(", ")));
        }
        let equal = self.dags.values().filter(|found| found.is_empty()).count();
        let rows: usize = self.tables.values().map(|(rows, _)| rows).sum();
        let wrong: usize = self.tables.values().map(|(rows, wrong)| wrong.len().min(*rows)).sum();
        say(&format!("{equal} of {} DAGs, {} of {rows} table rows as recorded", self.dags.len(), rows - wrong));
    }
}

/// Prints a line past the test runner, which keeps the output of tests that succeed to itself.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
