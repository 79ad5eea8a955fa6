//! DNS as clients see it.

use crate::names;
use crate::state::{DnsRecord, State};

/// Whom a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// The NDES server.
    Ndes,
    /// The application proxy.
    Proxy,
    /// The CRL distribution point.
    Pki,
    /// A web server that has nothing to do with the deployment.
    OldWeb,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// NXDOMAIN.
    NoSuchName,
    /// SERVFAIL.
    ServerFailure,
}

/// Whom a name leads to, and the names on the way.
pub(crate) fn resolve(state: &State, name: &str) -> Result<(Host, Vec<String>), NoAnswer> {
    let proxied = state.app_proxy.present;
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let published = name == names::PROXY_HOST && proxied || name == names::NDES_HOST && !proxied;
    if published {
        match state.dns.published_name {
            DnsRecord::Right => {}
            DnsRecord::Missing => return Err(NoAnswer::NoSuchName),
            DnsRecord::ServerFailure => return Err(NoAnswer::ServerFailure),
            DnsRecord::Elsewhere => {
                return Ok((Host::OldWeb, vec![names::OLD_WEB_HOST.to_owned()]));
            }
        }
    }
    match name.as_str() {
        names::PKI_HOST => Ok((Host::Pki, Vec::new())),
        names::OLD_WEB_HOST => Ok((Host::OldWeb, Vec::new())),
        // Whatever it is called, and whether it exists.
        name if proxied && name.ends_with(names::PROXY_DOMAIN) => Ok((Host::Proxy, Vec::new())),
        // Behind the proxy, the server's own name is known inside only.
        names::NDES_HOST if !proxied => Ok((Host::Ndes, Vec::new())),
        names::PROXY_HOST if proxied => Ok((Host::Proxy, vec![names::PROXY_CNAME.to_owned()])),
        _ => Err(NoAnswer::NoSuchName),
    }
}
