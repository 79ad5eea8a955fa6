//! HTTP/1.1 on a connection: hyper's request in, the simulation's outcome out.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use super::Shared;
use super::listener::Site;
use crate::builder::Delays;
use crate::deployment::Exchange;
use crate::wire::{Outcome, Request, Response, Scheme};

/// Longest body that is read, in octets.
const MAX_BODY: usize = 40 << 20;

/// How long a client may take for the head of a request, for its body, and for a TLS handshake.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Most connections that a listener holds at once.
pub(super) const MAX_CONNECTIONS: usize = 4096;

/// How long a listener waits when it cannot accept: out of file handles, say.
pub(super) const BREATH: Duration = Duration::from_millis(20);

fn builder() -> hyper::server::conn::http1::Builder {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE);
    builder
}

/// Numbers of connections, from 1.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

/// How long a client may wait for an answer that never comes.
const SILENCE: Duration = Duration::from_secs(600);

/// Serves a connection until either side ends it; `cut` makes it end with RST.
pub(super) async fn serve<S>(
    shared: Arc<Shared>,
    stream: S,
    peer: SocketAddr,
    site: Site,
    scheme: Scheme,
    cut: impl FnOnce(&S),
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    let broken = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&broken);
    let service = service_fn(move |request| {
        let (shared, broken) = (Arc::clone(&shared), Arc::clone(&flag));
        // boxed, as the connection has to stay movable to be taken apart
        Box::pin(async move {
            let answer = answer(&shared, request, (peer, number), site, scheme).await;
            broken.store(answer.is_err(), Ordering::Relaxed);
            answer
        })
    });
    let mut connection = builder()
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    // An error is a connection that was cut, by the client or on purpose.
    let _ = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let mut stream = connection.into_parts().io.into_inner();
    if broken.load(Ordering::Relaxed) {
        cut(&stream);
    } else {
        let _ = stream.shutdown().await;
    }
}

async fn answer(
    shared: &Shared,
    request: hyper::Request<Incoming>,
    (peer, connection): (SocketAddr, u64),
    site: Site,
    scheme: Scheme,
) -> io::Result<hyper::Response<Full<Bytes>>> {
    let mut request = read(request, peer, scheme, MAX_BODY).await?;
    request.connection = connection;
    let Exchange {
        outcome, elapsed, ..
    } = shared.exchange(site, |deployment, now| match site {
        Site::Scep => deployment.handle(&request, now),
        Site::Crl => deployment.handle_crl(&request, now),
        Site::OldWeb => deployment.handle_elsewhere(&request, now),
    });
    if shared.delays == Delays::Real {
        tokio::time::sleep(elapsed).await;
    }
    if outcome == Outcome::Silence {
        // Hyper gives this up when the client goes away.
        tokio::time::sleep(SILENCE).await;
    }
    match outcome {
        Outcome::Response(response) => write(response).map_err(io::Error::other),
        Outcome::Refused | Outcome::Silence | Outcome::Reset => {
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
    }
}

/// Hyper's request as the layers see it.
///
/// # Errors
/// If the body cannot be read in time, or is longer than `max_body`
/// ([`FileTooLarge`](io::ErrorKind::FileTooLarge)).
pub(super) async fn read(
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    scheme: Scheme,
    max_body: usize,
) -> io::Result<Request> {
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > u64::try_from(max_body).unwrap_or(u64::MAX) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let host = headers
        .iter()
        .find(|(name, _)| name == "host")
        .map(|(_, value)| value.as_str());
    let host = host.unwrap_or_default();
    let body = tokio::time::timeout(PATIENCE, Limited::new(body, max_body).collect())
        .await?
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                io::ErrorKind::FileTooLarge.into()
            } else {
                io::Error::other(error)
            }
        })?;
    Ok(Request {
        method: head.method.as_str().to_owned(),
        scheme,
        host: host
            .rsplit_once(':')
            .map_or(host, |(name, _)| name)
            .to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers,
        body: body.to_bytes().to_vec(),
        peer: peer.ip().to_string(),
        connection: 0,
    })
}

/// A response as hyper sends it. Hyper writes the length itself.
///
/// # Errors
/// If a field of it is none that HTTP knows.
pub(super) fn write(
    response: Response,
) -> Result<hyper::Response<Full<Bytes>>, hyper::http::Error> {
    let mut out = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        if !name.eq_ignore_ascii_case("content-length") {
            out = out.header(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
    }
    if let Ok(reason) = hyper::ext::ReasonPhrase::try_from(response.reason.as_bytes()) {
        out = out.extension(reason);
    }
    out.body(Full::new(Bytes::from(response.body)))
}

/// Serves a connection whose answers cannot fail.
pub(super) async fn serve_with<F, Fut, B>(stream: tokio::net::TcpStream, answer: F)
where
    F: Fn(hyper::Request<Incoming>) -> Fut + Send + Sync,
    Fut: Future<Output = hyper::Response<B>> + Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = service_fn(move |request| {
        let response = answer(request);
        async move { Ok::<_, Infallible>(response.await) }
    });
    let _ = builder()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
