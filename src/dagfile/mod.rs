//! stub until merged
/// Parsed.
pub struct Parsed {
    /// Dags.
    pub dags: Vec<crate::model::Dag>,
    /// Diagnostics.
    pub diagnostics: Vec<crate::model::Diagnostic>,
}
/// toml
pub mod toml {
    /// stub
    pub fn parse(_f: &str, _t: &str) -> super::Parsed {
        super::Parsed { dags: vec![], diagnostics: vec![] }
    }
}
/// python
pub mod python {
    /// stub
    pub fn read(_f: &str, t: &str) -> super::Parsed {
        #[derive(serde::Deserialize)]
        struct P {
            dags: Vec<crate::model::Dag>,
            diagnostics: Vec<crate::model::Diagnostic>,
        }
        match serde_json::from_str::<P>(t) {
            Ok(mut p) => {
                for d in &mut p.dags {
                    d.link();
                }
                super::Parsed { dags: p.dags, diagnostics: p.diagnostics }
            }
            Err(e) => panic!("{e}"),
        }
    }
}
