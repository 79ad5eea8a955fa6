//! What a transaction asks its caller to do, and what the caller brings back.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Issued, PendingTransaction, Refusal};
use crate::UnixTime;
use crate::http::Operation;

/// What to do next in an [`Enrollment`](super::Enrollment).
#[derive(Clone, Debug)]
pub enum Next {
    /// Send this, then call `on_response`.
    Send(Request),
    /// The request is pending: call `next` again at this time, or keep
    /// [`Enrollment::pending`](super::Enrollment::pending) and go on another day.
    WaitUntil(UnixTime),
    /// Done: here is the certificate.
    Issued(Box<Issued>),
    /// Done: the server said no.
    Refused(Box<Refusal>),
    /// Done: the request is still pending, and the patience of the
    /// [`RetryPolicy`](super::RetryPolicy) is over (RFC 8894 section 2.5.1). It can be resumed from
    /// this state, with more patience.
    GaveUp(Box<PendingTransaction>),
}

/// What to do next in a transaction of one question, which never has to wait.
#[derive(Clone, Debug)]
pub enum Step<D> {
    /// Send this, then call `on_response`.
    Send(Request),
    /// Done: here is the answer.
    Done(Box<D>),
    /// Done: the server said no, in a CertRep.
    Refused(Box<Refusal>),
}

/// An HTTP request to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which operation this is.
    pub operation: Operation,
    /// GET or POST.
    pub method: Method,
    /// The absolute URL, percent-encoded.
    pub url: String,
    /// Content type of the body.
    pub content_type: Option<&'static str>,
    /// The body; empty for GET.
    pub body: Vec<u8>,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

impl Method {
    /// As it stands in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// The HTTP response to a [`Request`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// Status code.
    pub status: u16,
    /// Content type, if one came.
    pub content_type: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}
