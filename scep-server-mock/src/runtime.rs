//! What the deployment remembers while it runs, as opposed to how it is set up.

pub(crate) mod answered;
pub(crate) mod ca_database;
pub(crate) mod crl_cache;
pub(crate) mod handshakes;
pub(crate) mod intune;
pub(crate) mod node;
pub(crate) mod password;
pub(crate) mod pool;
pub(crate) mod recent_requests;
