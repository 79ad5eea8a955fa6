//! Name resolution and TCP connections, with the operating system's errors sorted.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use scep_failures::observation::NetworkErrorKind;
use tokio::net::TcpStream;

use super::error;
use crate::network::{NetworkError, Resolution};

/// Asks the operating system's resolver; each address once, in its order.
pub(super) async fn resolve(host: &str) -> Result<Resolution, NetworkError> {
    let literal = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(address) = literal.parse::<IpAddr>() {
        return Ok(Resolution {
            addresses: vec![address],
            cnames: Vec::new(),
        });
    }
    let found = tokio::net::lookup_host((host, 0))
        .await
        .map_err(|e| error(resolver_kind(&e), e.to_string()))?;
    let mut addresses = Vec::new();
    for address in found {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    if addresses.is_empty() {
        return Err(error(
            NetworkErrorKind::NameNotFound,
            "the name has no address",
        ));
    }
    Ok(Resolution {
        addresses,
        cnames: Vec::new(),
    })
}

/// `getaddrinfo` has no `ErrorKind`: only its words (and on Windows its numbers) tell whether the
/// name does not exist or nobody could be asked.
fn resolver_kind(e: &io::Error) -> NetworkErrorKind {
    const NO_SUCH_NAME: [&str; 6] = [
        "Name or service not known",
        "No address associated with hostname",
        "nodename nor servname provided",
        "Name does not resolve",
        "No such host is known",
        "no data record of the requested type",
    ];
    const WSAHOST_NOT_FOUND: i32 = 11001;
    const WSANO_DATA: i32 = 11004;
    let text = e.to_string();
    let by_words = NO_SUCH_NAME.iter().any(|words| text.contains(words));
    let by_number =
        cfg!(windows) && matches!(e.raw_os_error(), Some(WSAHOST_NOT_FOUND | WSANO_DATA));
    // a name that cannot be a host name (a label of 64 characters, a NUL)
    let impossible = e.kind() == io::ErrorKind::InvalidInput;
    if by_words || by_number || impossible {
        NetworkErrorKind::NameNotFound
    } else {
        NetworkErrorKind::ResolverFailed
    }
}

/// Opens a connection.
pub(super) async fn open(address: SocketAddr) -> Result<TcpStream, NetworkError> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|e| error(connect_kind(&e), format!("{address}: {e}")))?;
    // a request is written in two pieces (head, body) and must not wait for an acknowledgement
    stream
        .set_nodelay(true)
        .map_err(|e| error(io_kind(&e), e.to_string()))?;
    Ok(stream)
}

/// Opens a connection to the first address that accepts one; each gets its share of the time.
pub(super) async fn open_any(
    addresses: &[IpAddr],
    port: u16,
    timeout: Duration,
) -> Result<TcpStream, NetworkError> {
    let share = timeout / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut last = error(NetworkErrorKind::NameNotFound, "the name has no address");
    for &ip in addresses {
        match super::bounded(share, open(SocketAddr::new(ip, port))).await {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// How opening a connection failed.
fn connect_kind(e: &io::Error) -> NetworkErrorKind {
    match e.kind() {
        io::ErrorKind::ConnectionRefused => NetworkErrorKind::Refused,
        io::ErrorKind::TimedOut => NetworkErrorKind::TimedOut,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            NetworkErrorKind::Reset
        }
        // no route, no network, no address of that family, or a local filter that says no
        _ => NetworkErrorKind::Unreachable,
    }
}

/// How a connection that stood failed.
pub(super) fn io_kind(e: &io::Error) -> NetworkErrorKind {
    match e.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::NotConnected => NetworkErrorKind::Closed,
        io::ErrorKind::TimedOut => NetworkErrorKind::TimedOut,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            NetworkErrorKind::Unreachable
        }
        _ => NetworkErrorKind::Reset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_name_is_told_from_a_resolver_that_failed() {
        let missing =
            io::Error::other("failed to lookup address information: Name or service not known");
        let failed = io::Error::other(
            "failed to lookup address information: Temporary failure in name resolution",
        );
        assert_eq!(resolver_kind(&missing), NetworkErrorKind::NameNotFound);
        assert_eq!(resolver_kind(&failed), NetworkErrorKind::ResolverFailed);
    }
}
