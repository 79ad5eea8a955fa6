//! When an exchange that failed is repeated.
//!
//! A repeated PKIOperation is the same octets again, which a server recognises by transactionID
//! (RFC 8894 section 3.2.1.1).

use std::time::Duration;

use scep_core::UnixTime;
use scep_core::http::{Operation, parse_date};
use scep_failures::observation::NetworkErrorKind;

use crate::network::{HttpResponse, NetworkError};

/// How often and after what time an exchange is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkRetry {
    /// Repetitions at most; 0 for none.
    pub times: u32,
    /// Time before the first repetition; each further one waits twice as long.
    pub first: Duration,
    /// A `Retry-After` that asks for more than this is not waited for.
    pub longest: Duration,
}

impl Default for NetworkRetry {
    /// Twice, after one and two seconds; two minutes at most.
    fn default() -> Self {
        Self {
            times: 2,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(120),
        }
    }
}

impl NetworkRetry {
    /// Never again.
    pub const NEVER: Self = Self {
        times: 0,
        first: Duration::ZERO,
        longest: Duration::ZERO,
    };

    /// The time to wait before repetition number `attempt` (from 0); `None` if it is no use.
    ///
    /// A server that says "busy" is asked again only if it says when: without that word, 503 from
    /// NDES means that its pool is stopped.
    pub(crate) fn after(
        &self,
        attempt: u32,
        result: &Result<HttpResponse, NetworkError>,
        now: UnixTime,
        operation: Operation,
    ) -> Option<Duration> {
        if attempt >= self.times {
            return None;
        }
        match result {
            Err(e) => may_pass(e.kind, operation).then(|| {
                self.first
                    .saturating_mul(1 << attempt.min(16))
                    .min(self.longest)
            }),
            Ok(response) if matches!(response.status, 429 | 502 | 503 | 504) => {
                let after = retry_after(response.header("retry-after")?, now)?;
                (after <= self.longest).then_some(after)
            }
            Ok(_) => None,
        }
    }
}

/// A time-out is none of these: the whole patience was spent already.
///
/// A PKIOperation is repeated only if nothing of it was sent. If the server took the first copy and
/// only its answer was lost, a second would find the challenge password used up, or a second
/// certificate would be issued.
const fn may_pass(kind: NetworkErrorKind, operation: Operation) -> bool {
    match kind {
        NetworkErrorKind::ResolverFailed => true,
        NetworkErrorKind::Reset | NetworkErrorKind::Closed => {
            !matches!(operation, Operation::PkiOperation)
        }
        _ => false,
    }
}

/// `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date.
fn retry_after(value: &str, now: UnixTime) -> Option<Duration> {
    let value = value.trim();
    match value.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => parse_date(value).map(|then| then.since(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(attempt: u32, result: Result<HttpResponse, NetworkErrorKind>) -> Option<u64> {
        let result = result.map_err(|kind| NetworkError {
            kind,
            detail: String::new(),
        });
        // 1994-11-06T08:49:37Z
        NetworkRetry::default()
            .after(
                attempt,
                &result,
                UnixTime(784_111_777),
                Operation::GetCaCert,
            )
            .map(|d| d.as_secs())
    }

    fn busy(retry_after: Option<&str>) -> Result<HttpResponse, NetworkErrorKind> {
        let headers = retry_after
            .map(|v| ("retry-after".to_owned(), v.to_owned()))
            .into_iter()
            .collect();
        Ok(HttpResponse {
            status: 503,
            headers,
            ..HttpResponse::default()
        })
    }

    #[test]
    fn what_may_pass_is_repeated_a_bounded_number_of_times() {
        assert_eq!(after(0, Err(NetworkErrorKind::Reset)), Some(1));
        assert_eq!(after(1, Err(NetworkErrorKind::Reset)), Some(2));
        assert_eq!(after(2, Err(NetworkErrorKind::Reset)), None);
        assert_eq!(after(0, Err(NetworkErrorKind::TimedOut)), None);
        assert_eq!(after(0, Err(NetworkErrorKind::NameNotFound)), None);
        assert_eq!(after(0, Err(NetworkErrorKind::TlsFailed)), None);
        assert_eq!(
            after(
                0,
                Ok(HttpResponse {
                    status: 500,
                    ..HttpResponse::default()
                })
            ),
            None
        );
    }

    #[test]
    fn a_busy_server_is_believed() {
        assert_eq!(after(0, busy(None)), None);
        assert_eq!(after(0, busy(Some("17"))), Some(17));
        assert_eq!(
            after(0, busy(Some("Sun, 06 Nov 1994 08:50:37 GMT"))),
            Some(60)
        );
        assert_eq!(
            after(0, busy(Some("Sun, 06 Nov 1994 08:00:00 GMT"))),
            Some(0)
        );
        assert_eq!(after(0, busy(Some("3600"))), None);
        assert_eq!(after(0, busy(Some("soon"))), None);
    }
}
