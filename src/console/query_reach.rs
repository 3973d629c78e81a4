//! What a filter narrows before anything is read, against what it says of each row.

use rusqlite::Connection;

use crate::{
    model::filter::Filter,
    store::{
        Store,
        screens::{
            instances::{self, TiRow},
            page::Part,
            plans,
            reach_sample::{NOW, fill},
        },
    },
};

use super::{
    fields,
    query::{Data, Kept, Query, answer},
};

fn all(conn: &Connection, filter: &str) -> Vec<TiRow> {
    let mut rows = Vec::new();
    let mut after = None;
    let mut kept = Kept::default();
    loop {
        let part = Part { after: after.take(), limit: 50 };
        let query = Query::Instances { filter: filter.into(), part, now: NOW };
        let Data::Instances(page) = answer(conn, &query, &mut kept).unwrap() else { panic!() };
        rows.extend(page.rows);
        match page.next {
            Some(next) => after = Some(next),
            None => return rows,
        }
    }
}

#[test]
fn nothing_that_fits_is_passed_by() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("dagdeck.db")).unwrap();
    let db = store.reader();
    fill(db);
    let every: Vec<TiRow> = (1..=24).flat_map(|run| instances::of_run(db, run).unwrap()).collect();
    let terms = [
        "dag:churn",
        "dag:c*",
        "dag:idle",
        "tag:ml",
        "tag:PROD",
        "owner:ana",
        "task:train_7",
        "task:train_7[11]",
        "task:*7*",
        "task:load,notify",
        "task:übung",
        "run:manual__7",
        "run:back*",
        "state:success",
        "state:failed",
        "state:running,queued",
        "state:skip",
        "state:fail*",
        "pool:gpu",
        "pool:nowhere",
        "operator:bash*",
        "cause:*memory",
        "cause:*",
        "cause:*7*",
        "cause:*1*w*",
        "cause:\"the branch 71 *\"",
        "\"7 went\"",
        "\"79 went\"",
        "cause:\"no valueerror*\"",
        "cause:\"no valueerror: bad\"",
        "cause:\"oomkilled: killed: out of memory\"",
        "note:*lee*",
        "paused",
        "mapped",
        "late",
        "type:manual",
        "dur>30m",
        "dur>2h",
        "dur>40d",
        "dur<2m",
        "dur<0s",
        "since:5d",
        "since:1s",
        "since:30d",
        "before:10d",
        "text",
        "churn",
        "Ask",
        "lr=",
        "OOMKilled",
        "\"of memory\"",
        "elsewhere",
        "out",
        "train_7[1",
        "7[11]",
        "[0]",
        "1]",
        "11",
        "112",
        "manual__1",
        "unning",
        "true",
        "ü",
        "n",
    ];
    let mut narrowed = 0;
    let check = |filter: &str| {
        let parsed = Filter::parse(filter).unwrap();
        let mut wanted: Vec<String> = every
            .iter()
            .filter(|t| parsed.matches(&fields::ti(t, NOW)))
            .map(|t| format!("{} {}", t.ti.run.id, t.ti.label()))
            .collect();
        let mut found: Vec<String> =
            all(db, filter).iter().map(|t| format!("{} {}", t.ti.run.id, t.ti.label())).collect();
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted, "{filter}");
        wanted.len()
    };
    for one in terms {
        for first in [one.to_owned(), format!("!{one}")] {
            narrowed += usize::from(check(&first) < every.len());
            // Each with some others, in the end every kind with every kind.
            for other in terms.iter().skip(narrowed % 5).step_by(5) {
                check(&format!("{first} {other}"));
            }
        }
    }
    assert!(narrowed > 80, "{narrowed}");
    drop(plans::that_scan());
}
