//! Listeners that come and go with the state of the simulated network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;

use super::{Shared, http, tls};
use crate::state::NetworkPath;
use crate::wire::Scheme;

/// How long until a port is tried again that could not be had.
const RETRY: Duration = Duration::from_millis(100);

/// Which server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Site {
    /// The SCEP server.
    Scep,
    /// The CRL distribution point.
    Crl,
    /// A web server that has nothing to do with the deployment.
    OldWeb,
}

impl Site {
    fn is_reachable(self, shared: &Shared) -> bool {
        match self {
            Self::Scep => shared.scep_is_reachable(),
            Self::Crl => shared.crl_is_reachable(),
            Self::OldWeb => true,
        }
    }
}

/// Connections that may wait to be accepted.
pub(super) const BACKLOG: u32 = 1024;

/// A port that is ours, whether it listens or not.
#[derive(Debug)]
pub(super) enum Port {
    /// It listens.
    Open(TcpListener),
    /// It refuses connections.
    Closed(TcpSocket),
}

impl Port {
    /// Takes a port, and listens only if the site can be reached: a mock that starts out of reach must
    /// not take a connection first.
    pub(super) fn take(socket: TcpSocket, reachable: bool) -> std::io::Result<Self> {
        if reachable {
            socket.listen(BACKLOG).map(Self::Open)
        } else {
            Ok(Self::Closed(socket))
        }
    }
}

/// Listens while the site can be reached, and keeps the port closed while it cannot.
pub(super) async fn run(shared: Arc<Shared>, port: Port, address: SocketAddr, site: Site) {
    let (mut listener, mut closed) = match port {
        Port::Open(listener) => (Some(listener), None),
        Port::Closed(socket) => (None, Some(socket)),
    };
    let mut failure_noted = false;
    // Connections end with the mock: dropping the set aborts them.
    let mut connections = JoinSet::new();
    loop {
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        // Listen for the news before looking, so that none is missed.
        changed.as_mut().enable();
        let reachable = site.is_reachable(&shared);
        if reachable {
            if listener.is_none() {
                let again = match closed.take() {
                    Some(port) => port.listen(BACKLOG),
                    // Somebody else has taken the port meanwhile.
                    None => TcpListener::bind(address).await,
                };
                match again {
                    Ok(again) => {
                        listener = Some(again);
                        failure_noted = false;
                    }
                    Err(error) if !failure_noted => {
                        shared.note(format!(
                            "cannot listen on {address} again: {error}; trying until it works"
                        ));
                        failure_noted = true;
                    }
                    Err(_) => {}
                }
            }
        } else {
            if listener.take().is_some() {
                closed = bound(address).ok();
            }
            connections.abort_all();
        }
        match &listener {
            None if reachable => {
                let _ = tokio::time::timeout(RETRY, changed).await;
            }
            None => changed.await,
            Some(open) => tokio::select! {
                () = changed => {}
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = open.accept(), if connections.len() < http::MAX_CONNECTIONS => match accepted {
                    Ok((stream, peer)) => {
                        connections.spawn(serve(Arc::clone(&shared), stream, peer, site));
                    }
                    Err(_) => tokio::time::sleep(http::BREATH).await,
                },
            },
        }
    }
}

/// A port that is ours and refuses connections: bound, and nobody listens. Given up, somebody else
/// could take it, and would answer in the name of the deployment.
pub(super) fn bound(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // As std does for a listener: connections that have ended must not keep the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn serve(shared: Arc<Shared>, mut stream: TcpStream, peer: SocketAddr, site: Site) {
    // Small messages both ways: waiting for more to send would cost every exchange 40 ms.
    let _ = stream.set_nodelay(true);
    if site == Site::Scep && shared.path() == NetworkPath::Reset {
        hear(&mut stream).await;
        cut(&stream);
        return;
    }
    if site != Site::Crl && shared.speaks_tls() {
        if let Some(stream) = tls::accept(&shared, stream, site).await {
            let cut = |stream: &TlsStream<TcpStream>| cut(stream.get_ref().0);
            http::serve(shared, stream, peer, site, Scheme::Https, cut).await;
        }
    } else {
        http::serve(shared, stream, peer, site, Scheme::Http, cut).await;
    }
}

/// Waits until the client has said something.
pub(super) async fn hear(stream: &mut TcpStream) {
    let mut some = [0; 512];
    let _ = tokio::time::timeout(http::PATIENCE, stream.read(&mut some)).await;
}

/// The connection will end with RST rather than FIN.
pub(super) fn cut(stream: &TcpStream) {
    // Where that cannot be, it ends with FIN.
    let _ = stream.set_zero_linger();
}
