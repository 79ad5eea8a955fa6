//! The layers of the deployment, outermost first. Each answers a request or passes it on.
//!
//! ```text
//! DNS ─► client network ─► application proxy ─► front end ─► TLS ─► HTTP.sys ─► IIS ─► NDES ─► policy module ─► CA
//!                                                                                └──► CRL distribution point
//! ```
//!
//! A layer is a function over the deployment and one request's [`Transit`](crate::wire::Transit),
//! which carries the time that has passed. It looks at settings and at what earlier requests left
//! behind, never at the name of a failure mode.

pub(crate) mod app_proxy;
pub(crate) mod ca;
pub(crate) mod client_network;
pub(crate) mod cloud_connector;
pub(crate) mod crl;
pub(crate) mod dns;
pub(crate) mod front_end;
pub(crate) mod http_sys;
pub(crate) mod iis;
pub(crate) mod intune;
pub(crate) mod ndes;
pub(crate) mod own_server;
pub(crate) mod policy_module;
pub(crate) mod registration_point;
pub(crate) mod revocation;
pub(crate) mod tls;
pub(crate) mod worker;

use crate::deployment::Deployment;
use crate::profile::Hosting;
use crate::wire::{Outcome, Request, Transit};

/// The web server that the SCEP service is in.
pub(crate) fn web_server(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    if d.profile.hosting == Hosting::Iis {
        http_sys::handle(d, t, request)
    } else {
        own_server::handle(d, t, request)
    }
}
