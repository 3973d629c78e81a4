//! Queries of the console's screens.
