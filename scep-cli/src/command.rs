//! One file a subcommand.

pub(crate) mod ca;
pub(crate) mod caps;
pub(crate) mod capture;
pub(crate) mod conformance;
pub(crate) mod demo;
pub(crate) mod diagnose;
pub(crate) mod enroll;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod inspect;
pub(crate) mod load;
pub(crate) mod mock;
pub(crate) mod poll;
pub(crate) mod query;
pub(crate) mod renew;
