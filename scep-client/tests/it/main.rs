//! What the client does, seen from outside: over real sockets, and over a network that answers as
//! it is told.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod capture;
mod diagnose;
mod enroll;
mod fake;
mod hyper_network;
mod pki;
mod proxy;
mod server;
mod tls;
