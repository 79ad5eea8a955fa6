//! The servers of a run in this process, on a clock that only waiting moves.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scep_client::Network;
use scep_client::network::{HttpRequest, HttpResponse, NetworkError, Resolution};
use scep_core::UnixTime;
use scep_failures::observation::{NetworkErrorKind, TlsFacts, TlsVerdict};

use super::case::Reaction;
use super::cases::Cases;
use super::layout::Pki;
use super::seen::Heard;

/// Cases without sockets, as a [`Network`].
#[derive(Debug)]
pub struct Memory {
    cases: Cases,
    now: UnixTime,
    clock: Arc<Mutex<Duration>>,
}

impl Memory {
    /// The URL below which the cases are.
    pub const BASE: &'static str = "http://suite.example";

    /// With these keys.
    #[must_use]
    pub fn new(pki: Pki) -> Self {
        let clock = Arc::new(Mutex::new(Duration::ZERO));
        let told = Arc::clone(&clock);
        let now = pki.now;
        let tell = move || *told.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            cases: Cases::new(pki, Box::new(tell)),
            now,
            clock,
        }
    }

    /// The servers.
    #[must_use]
    pub const fn cases(&self) -> &Cases {
        &self.cases
    }

    fn wait(&self, duration: Duration) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }
}

fn failed(kind: NetworkErrorKind, detail: &str) -> NetworkError {
    NetworkError {
        kind,
        detail: detail.to_owned(),
    }
}

#[async_trait::async_trait]
impl Network for Memory {
    fn now(&self) -> UnixTime {
        UnixTime(self.now.0).plus(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        self.cases.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        self.wait(duration);
    }

    async fn resolve(&self, _: &str, _: Duration) -> Result<Resolution, NetworkError> {
        Ok(Resolution::default())
    }

    async fn connect(&self, _: SocketAddr, _: Duration) -> Result<(), NetworkError> {
        Ok(())
    }

    async fn tls_facts(
        &self,
        _: SocketAddr,
        _: &str,
        _: Duration,
    ) -> Result<TlsFacts, NetworkError> {
        Ok(TlsFacts::default())
    }

    fn judge(&self, _: &[Vec<u8>], _: &str) -> Option<TlsVerdict> {
        None
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, NetworkError> {
        let target = request.url.strip_prefix(Self::BASE).unwrap_or(&request.url);
        // what the HTTP library would add
        let mut headers = request.headers.clone();
        headers.push(("host".to_owned(), "suite.example".to_owned()));
        if request.method == "POST" {
            let length = request.body.len().to_string();
            headers.push(("content-length".to_owned(), length));
        }
        let heard = Heard::new(
            &request.method,
            target,
            "HTTP/1.1",
            headers,
            request.body.clone(),
            self.elapsed(),
        );
        let nobody = || failed(NetworkErrorKind::Refused, "no case is open there");
        let response = match self.cases.answer(heard).ok_or_else(nobody)? {
            Reaction::Respond(response) => response,
            Reaction::Cut(..) => {
                return Err(failed(NetworkErrorKind::Closed, "the body ended early"));
            }
            Reaction::Slow(response, pause) => {
                let parts = u32::try_from(response.body.len()).unwrap_or(u32::MAX);
                let takes = pause.saturating_mul(parts);
                if takes > request.timeout {
                    self.wait(request.timeout);
                    return Err(failed(NetworkErrorKind::TimedOut, "not all came in time"));
                }
                self.wait(takes);
                response
            }
            Reaction::Close => return Err(failed(NetworkErrorKind::Closed, "nothing came")),
            Reaction::Hang => {
                self.wait(request.timeout);
                return Err(failed(NetworkErrorKind::TimedOut, "nothing came in time"));
            }
        };
        if response.body.len() > request.max_body {
            return Err(failed(NetworkErrorKind::TooLong, "the body is too long"));
        }
        Ok(response)
    }
}
