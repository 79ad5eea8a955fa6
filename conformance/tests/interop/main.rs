//! Interoperability with other people's SCEP programs, on loopback.
//!
//! ```text
//!  peer client ─► recorder ─► our server        scepclient, strongSwan, certmonger
//!  our client  ─► recorder ─► peer server       scepserver, step-ca
//! ```
//!
//! A peer that is not installed is skipped, loudly; with `SCEP_REQUIRE_PEERS=1` it is a failure.
//! `CONTRIBUTING.md` says how to install them.
#![cfg(unix)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
// an enrollment that fails brings along what was observed
#![allow(clippy::result_large_err)]

mod http;
mod judge;
mod namespace;
mod our_client;
mod peer_server;
mod process;
mod recorder;
mod scene;

mod certmonger;
mod diagnosis;
mod scepclient;
mod scepserver;
mod step_ca;
mod strongswan;
mod suites;
