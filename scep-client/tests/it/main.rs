//! What the client does, seen from outside: over real sockets, and over a network that answers as
//! it is told.

mod capture;
mod diagnose;
mod enroll;
mod fake;
mod hyper_network;
mod pki;
mod server;
mod tls;
