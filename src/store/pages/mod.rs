//! Pages for the command line: rows of the store as documents.
