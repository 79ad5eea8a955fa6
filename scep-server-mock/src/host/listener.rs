//! Listeners that come and go with the state of the simulated network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Shared, http, tls};

/// How long until a port is tried again that could not be had.
const RETRY: Duration = Duration::from_millis(100);

/// Which server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Site {
    /// The SCEP server.
    Scep,
    /// The CRL distribution point.
    Crl,
}

impl Site {
    fn is_reachable(self, shared: &Shared) -> bool {
        match self {
            Self::Scep => shared.scep_is_reachable(),
            Self::Crl => shared.crl_is_reachable(),
        }
    }
}

/// Listens while the site can be reached, and gives the port up while it cannot.
pub(super) async fn run(shared: Arc<Shared>, first: TcpListener, site: Site) {
    let Ok(address) = first.local_addr() else {
        return;
    };
    let mut listener = Some(first);
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
                // Somebody else may have taken the port meanwhile.
                match TcpListener::bind(address).await {
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
            listener = None;
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

async fn serve(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr, site: Site) {
    // Small messages both ways: waiting for more to send would cost every exchange 40 ms.
    let _ = stream.set_nodelay(true);
    if site == Site::Scep && shared.speaks_tls() {
        if let Some(stream) = tls::accept(&shared, stream).await {
            http::serve(shared, stream, peer, site, crate::wire::Scheme::Https).await;
        }
    } else {
        http::serve(shared, stream, peer, site, crate::wire::Scheme::Http).await;
    }
}
