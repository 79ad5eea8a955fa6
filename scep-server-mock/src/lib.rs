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
//! * [`Deployment`] is the simulation without I/O and without a clock.

pub mod baseline;
pub mod builder;
pub mod challenge;
pub mod deployment;
mod device;
mod entropy;
pub mod error;
pub mod host;
pub mod hresult;
mod http_date;
pub mod journal;
pub mod keys;
mod layer;
pub mod log;
pub mod memory;
pub mod names;
mod nearest;
pub mod overlay;
mod page;
mod pki;
pub mod profile;
mod runtime;
pub mod scenario;
pub mod simulation;
pub mod state;
pub mod wire;

pub use builder::{Builder, Delays};
pub use deployment::{Deployment, Exchange, Parts};
pub use error::{Error, Result};
pub use host::MockNdes;
pub use keys::KeySource;
pub use memory::MemoryHost;
pub use scenario::History;
pub use simulation::Simulation;
