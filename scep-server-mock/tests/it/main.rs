//! The mock from outside: in memory on virtual time, and on sockets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod support;

mod catalogue;
mod control;
mod crash;
mod data;
mod enrollment;
mod healthy;
mod layers;
mod pairs;
mod passwords;
mod profiles;
mod scenarios;
mod sockets;
mod startup;
