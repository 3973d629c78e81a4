//! XComs as the inspector shows them: what costs much to make is made once, where they are read, not with each frame.

use std::{collections::HashMap, ops::Deref};

use serde_json::Value;

use crate::{
    model::MapIndex,
    store::screens::xcoms::{XcomRow, Xcoms},
};

use super::widgets::text;

/// Columns of a table: names of an object.
const MOST: usize = 7;
/// Widest cell.
const WIDEST: usize = 20;

/// XComs of a run, with tables of what mapped tasks gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inspected {
    xcoms: Xcoms,
    /// By task, then by key.
    tables: HashMap<String, HashMap<String, Table>>,
}

/// A line for each index, and the head, which is of none.
pub type Table = Vec<(Option<MapIndex>, String)>;

impl Deref for Inspected {
    type Target = Xcoms;
    fn deref(&self) -> &Xcoms {
        &self.xcoms
    }
}

impl Inspected {
    /// Makes the tables.
    pub fn new(xcoms: Xcoms) -> Self {
        let mut mapped: HashMap<(&str, &str), Vec<&XcomRow>> = HashMap::new();
        for x in xcoms.rows.iter().filter(|x| x.map_index >= 0) {
            mapped.entry((&x.task_id, &x.key)).or_default().push(x);
        }
        let mut tables: HashMap<String, HashMap<String, Table>> = HashMap::new();
        for ((task, key), all) in mapped.into_iter().filter(|(_, all)| all.len() > 1) {
            tables.entry(task.to_owned()).or_default().insert(key.to_owned(), table(all));
        }
        Self { xcoms, tables }
    }

    /// The same key of all indexes of a mapped task side by side, if there are several.
    pub fn table(&self, x: &XcomRow) -> Option<&Table> {
        self.tables.get(&x.task_id)?.get(&x.key).filter(|_| x.map_index >= 0)
    }
}

/// An index a line, what stands in its object in columns.
fn table(mut all: Vec<&XcomRow>) -> Table {
    all.sort_by_key(|x| x.map_index);
    // One after the other, since all of them parsed may be a multiple of their texts.
    let parsed = |x: &XcomRow| serde_json::from_str::<Value>(&x.value).unwrap_or_default();
    let mut names: Vec<String> = Vec::new();
    for value in all.iter().map(|x| parsed(x)) {
        for name in value.as_object().into_iter().flat_map(|object| object.keys()) {
            if names.len() < MOST && !names.contains(name) {
                names.push(name.clone());
            }
        }
        if names.len() == MOST {
            break;
        }
    }
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text::clip(text, WIDEST),
        other => text::clip(&other.to_string(), WIDEST),
    };
    let heads: Vec<String> =
        if names.is_empty() { vec![String::new()] } else { names.iter().map(|n| text::clip(n, WIDEST)).collect() };
    let mut rows = vec![(None, std::iter::once("idx".to_owned()).chain(heads).collect::<Vec<_>>())];
    for x in all {
        let value = parsed(x);
        let cells: Vec<String> =
            if names.is_empty() { vec![cell(&value)] } else { names.iter().map(|n| cell(&value[n])).collect() };
        rows.push((Some(x.map_index), std::iter::once(x.map_index.to_string()).chain(cells).collect()));
    }
    let widths: Vec<usize> =
        (0..rows[0].1.len()).map(|c| rows.iter().map(|(_, r)| text::width(&r[c])).max().unwrap_or(0)).collect();
    let line = |r: &[String]| {
        let cells = r.iter().zip(&widths).map(|(cell, width)| text::fit(cell, *width));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(|(index, r)| (*index, line(r))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(task: &str, map_index: MapIndex, value: &str) -> XcomRow {
        let (task_id, key, source) = (task.into(), "return_value".into(), "task".into());
        XcomRow { task_id, map_index, key, value: value.into(), bytes: value.len() as i64, at: 0, source }
    }

    #[test]
    fn indexes_stand_side_by_side() {
        let rows = vec![
            row("train", 10, r#"{"auc": 0.5, "model": "a name that is longer than a cell"}"#),
            row("train", 2, r#"{"auc": 0.75, "note": null}"#),
            row("load", 0, "[1, 2]"),
            row("load", 1, "not json"),
            row("plain", -1, "1"),
            row("alone", 0, "1"),
        ];
        let shown = Inspected::new(Xcoms { rows, ..Xcoms::default() });
        let of = |at: usize| {
            shown.table(&shown.rows[at]).map(|t| t.iter().map(|(i, line)| (*i, line.as_str())).collect::<Vec<_>>())
        };
        assert_eq!(
            of(0).unwrap(),
            [
                (None, "idx  auc   note  model"),
                (Some(2), "2    0.75"),
                (Some(10), "10   0.5         a name that is long~")
            ]
        );
        assert_eq!(of(2).unwrap(), [(None, "idx"), (Some(0), "0    [1,2]"), (Some(1), "1")]);
        assert_eq!((of(4), of(5)), (None, None));
    }
}
