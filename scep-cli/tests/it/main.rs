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
#[path = "../../../conformance/tests/interop/namespace.rs"]
mod namespace;
mod ndes_admin;
mod next_ca;
#[path = "../../../conformance/tests/interop/peer_server.rs"]
mod peer_server;
mod peers;
mod poll;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../../../conformance/tests/interop/process.rs"]
mod process;
mod provider;
mod readme;
mod renew;
mod servers;
mod streams;
mod support;
#[path = "../../../examples/examples/responder/tiny_ca.rs"]
mod tiny_ca;
mod transcripts;
mod watch;
mod wishes;
