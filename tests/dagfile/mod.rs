//! The reference of TOML DAG files is what the operator table says.

use std::{env, fs, path::Path};

#[test]
fn the_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/TOML.md");
    let wanted = dagdeck::dagfile::reference();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/TOML.md is out of date: UPDATE_DOCS=1 cargo test --test main dagfile");
}
