//! The real binary: what it prints, what it leaves behind, and how it ends.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

mod conformance;
mod demo;
mod diagnose;
mod diagnose_evidence;
mod enroll;
mod explain;
mod help;
mod inspect;
mod interrupted;
mod load;
mod mock;
mod mock_data;
mod ndes_admin;
mod poll;
mod provider;
mod readme;
mod renew;
mod streams;
mod support;
mod watch;
mod wishes;
