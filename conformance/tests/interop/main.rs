//! Interoperability with other people's SCEP programs, on loopback.
//!
//! ```text
//!  peer client ─► recorder ─► our server        scepclient, strongSwan, certmonger
//!  our client  ─► recorder ─► peer server       scepserver
//! ```
//!
//! A peer that is not installed is skipped, loudly; with `SCEP_REQUIRE_PEERS=1` it is a failure.
//! `CONTRIBUTING.md` says how to install them.
#![cfg(unix)]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod authority;
mod http;
mod judge;
mod namespace;
mod process;
mod recorder;
mod scene;

mod certmonger;
mod scepclient;
mod scepserver;
mod strongswan;

/// The challenge password of every enrollment here.
const CHALLENGE: &str = "CorrectHorse1";

/// What every client seen so far gets along with.
const CAPABILITIES: &str =
    "AES\nDES3\nSHA-1\nSHA-256\nSHA-384\nSHA-512\nPOSTPKIOperation\nSCEPStandard\nRenewal\n";
