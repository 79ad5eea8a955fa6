//! A simulated NDES deployment that can be brought into each known failure.
//!
//! The simulation has a [`State`](state::State), whose fields are settings of an administrator and
//! properties of certificates, and never outcomes. Requests pass through [layers](wire::Layer),
//! each of which answers or passes on:
//!
//! ```text
//! client network ─► application proxy ─► TLS ─► HTTP.sys ─► IIS ─► NDES ─► policy module ─► CA
//!                                                             └──► CRL distribution point
//! ```
//!
//! So a failure follows from its cause, with the pages, events and log lines of the part that fails.
//!
//! * [`Deployment`] is the simulation, without I/O and without a clock.
//! * [`Simulation`] arms and heals failure modes of the catalogue on it: overlays on the state, and
//!   a history.
//! * [`MemoryHost`] puts names, addresses and a virtual clock around it.
//! * [`MockNdes`] puts it on sockets of the loopback interface, with a control port.
//!
//! ```
//! use scep_core::UnixTime;
//! use scep_server_mock::MockNdes;
//! use scep_server_mock::wire::Request;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = "crl.http_reachable = false".parse()?;
//! let host = MockNdes::builder().with_state(settings).in_memory(UnixTime(1_795_608_000))?;
//! let request = Request::get("http://ndes.lab.example/certsrv/mscep/mscep.dll?operation=GetCACaps");
//! let exchange = host.with_deployment(|d, now| d.handle(&request.unwrap(), now));
//! assert_eq!(exchange.outcome.status(), 500);
//! # Ok(()) }
//! ```
//!
//! In the test of a client: `examples/mock_in_a_test.rs` in the repository (`cargo run --example mock_in_a_test`).

pub mod baseline;
pub mod builder;
pub mod challenge;
pub mod deployment;
mod device;
mod entropy;
pub mod error;
mod gzip;
pub mod host;
pub mod hresult;
pub mod journal;
pub mod keys;
mod layer;
pub mod log;
pub mod memory;
pub mod names;
mod nearest;
pub mod overlay;
mod page;
pub mod persona;
mod pki;
pub mod profile;
mod runtime;
mod saved;
pub mod scenario;
pub mod script;
pub mod simulation;
pub mod state;
mod store;
pub mod wire;

pub use builder::{Builder, Delays};
pub use deployment::{Deployment, Exchange, Parts};
pub use device::indefinite as with_indefinite_lengths;
pub use error::{Error, Result};
pub use host::MockNdes;
pub use keys::KeySource;
pub use memory::MemoryHost;
pub use scenario::History;
pub use simulation::Simulation;
