//! The servers of a run on a socket of the loopback interface.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::channel::Channel;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use scep_client::network::HttpResponse;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::NEVER;
use super::case::Reaction;
use super::cases::Cases;
use super::seen::Heard;

/// Longest request that is read.
const MAX_REQUEST: usize = 4 << 20;

/// Cases that are served; no more when this is dropped.
#[derive(Debug)]
pub struct Sockets {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Why a connection ends before its answer does.
#[derive(Debug, thiserror::Error)]
#[error("the case wants it so")]
struct Cut;

type Body = BoxBody<Bytes, Cut>;

impl Sockets {
    /// Serves `cases` on 127.0.0.1, on this port or, with 0, on any.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn serve(cases: Arc<Cases>, port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let cases = Arc::clone(&cases);
                let service = service_fn(move |request| answer(Arc::clone(&cases), request));
                tokio::spawn(async move {
                    // that a client goes away, or is sent away, is nothing to report
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { address, task })
    }

    /// The URL below which the cases are.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(cases: Arc<Cases>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_REQUEST).collect().await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let version = match head.version {
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let heard = Heard::new(
        head.method.as_str(),
        target,
        version,
        headers.collect(),
        body.to_bytes().to_vec(),
        cases.elapsed(),
    );
    match cases.answer(heard) {
        None => Ok(plain(StatusCode::NOT_FOUND)),
        Some(Reaction::Respond(response)) => Ok(whole(response)),
        Some(Reaction::Cut(response, after)) => Ok(in_parts(response, after, Duration::ZERO, true)),
        Some(Reaction::Slow(response, pause)) => Ok(in_parts(response, usize::MAX, pause, false)),
        Some(Reaction::Close) => Err(Cut),
        Some(Reaction::Hang) => {
            tokio::time::sleep(NEVER).await;
            Err(Cut)
        }
    }
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(Vec::new()));
    *response.status_mut() = status;
    response
}

fn full(octets: Vec<u8>) -> Body {
    Full::from(octets)
        .map_err(|never: Infallible| match never {})
        .boxed()
}

fn head(response: &HttpResponse, body: Body) -> Response<Body> {
    let mut built = Response::builder().status(response.status);
    for (name, value) in &response.headers {
        built = built.header(name, value);
    }
    let built = built.body(body);
    built.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR))
}

fn whole(response: HttpResponse) -> Response<Body> {
    let body = full(response.body.clone());
    head(&response, body)
}

/// A body that comes octet by octet after a pause each, or is cut off.
fn in_parts(response: HttpResponse, after: usize, pause: Duration, cut: bool) -> Response<Body> {
    let (mut sender, body) = Channel::<Bytes, Cut>::new(1);
    let octets = response.body.clone();
    tokio::spawn(async move {
        let kept = octets.get(..after).unwrap_or(&octets).to_vec();
        let step = if pause.is_zero() {
            kept.len().max(1)
        } else {
            1
        };
        for part in kept.chunks(step) {
            tokio::time::sleep(pause).await;
            if sender
                .send_data(Bytes::copy_from_slice(part))
                .await
                .is_err()
            {
                return;
            }
        }
        if cut {
            // let what was sent arrive first
            tokio::time::sleep(Duration::from_millis(50)).await;
            sender.abort(Cut);
        }
    });
    let mut built = head(&response, body.boxed());
    if let Ok(length) = response.body.len().to_string().parse() {
        built
            .headers_mut()
            .insert(hyper::header::CONTENT_LENGTH, length);
    }
    built
}
