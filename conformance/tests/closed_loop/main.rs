//! Mock and classifier, joined: `cargo test closed_loop` runs a test for each failure mode.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod closed_loop;
