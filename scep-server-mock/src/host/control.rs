//! The control port: JSON over HTTP, for whoever runs the mock.
//!
//! It listens on loopback, and takes requests only with a `Host` and an `Origin` of loopback, and
//! changes only from its own page: a web page that a browser on this machine shows must not be able
//! to use it. With a token, only who has the token can.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{Channel, Either, Full};
use hyper::body::{Bytes, Incoming};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Shared, http};
use crate::wire::Scheme;

mod api;
mod guard;
mod instances;
mod openapi;
mod routes;
mod stream;

pub(super) use instances::Instances;

/// Longest body that is read, in octets.
const MAX_BODY: usize = 64 << 10;

/// A whole answer, or one that goes on.
pub(super) type Body = Either<Full<Bytes>, Channel<Bytes, Infallible>>;

pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if connections.len() < http::MAX_CONNECTIONS => {
                let Ok((stream, peer)) = accepted else {
                    tokio::time::sleep(http::BREATH).await;
                    continue;
                };
                let shared = Arc::clone(&shared);
                connections.spawn(http::serve_with(stream, move |request| {
                    answer(Arc::clone(&shared), request, peer)
                }));
            }
        }
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> hyper::Response<Body> {
    // Who may not ask must not make the mock read what he sends.
    let response = match guard::guard(shared.control_token.as_deref(), &request) {
        Err(refusal) => refusal,
        Ok(()) => match http::read(request, peer, Scheme::Http, MAX_BODY).await {
            Ok(request) if request.method == "GET" && request.path == "/stream" => {
                return stream::open(&shared, &request).map(Either::Right);
            }
            Ok(request) => routes::route(&shared, &request).await,
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                api::failed(413, &format!("the body is longer than {MAX_BODY} octets"))
            }
            Err(error) => api::failed(400, &error.to_string()),
        },
    };
    http::write(response).unwrap_or_default().map(Either::Left)
}
