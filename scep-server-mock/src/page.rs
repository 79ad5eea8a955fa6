//! Pages that are no SCEP: each has the shape of the software that would have written it.
//!
//! Doctype, title, status phrase, header fields and length are facts that a diagnosis relies on;
//! the prose is ours.

pub(crate) mod app_proxy;
pub(crate) mod front_end;
pub(crate) mod http_sys;
pub(crate) mod iis;
pub(crate) mod ndes;
pub(crate) mod network;
pub(crate) mod own_server;
