//! Asking for the next CA certificates (RFC 8894 section 4.7).

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::session::{Session, no_response_awaited, unexpected_status};
use super::{Response, ServerParams, Step};
use crate::ca_certificates::{CaCertificates, CaRoles};
use crate::capabilities::{Capabilities, Capability};
use crate::crypto::CryptoProvider;
use crate::deviation::{self, Deviations};
use crate::error::{Foreign, Layer};
use crate::http::{CT_NEXT_CA_CERT, Operation, is_media_type};
use crate::next_ca_certificates::{NextCaCertificates, Validity};
use crate::x509::Certificate;
use crate::{Error, Result, UnixTime};

/// The server named its next CA.
#[derive(Clone, Debug)]
pub struct NextCa {
    /// The next certificates; the current CA signed them.
    pub certificates: NextCaCertificates,
    /// Whether the next CA's certificate is valid: mostly it is not yet, and has to be kept until
    /// the current one expires.
    pub validity: Validity,
    /// The trusted certificates of GetCACert.
    pub ca_certificates: Vec<Certificate>,
    /// What was unusual about the replies.
    pub deviations: Deviations,
}

/// The transaction of a GetNextCACert.
///
/// To be used as an [`Enrollment`](super::Enrollment).
#[derive(Debug)]
pub struct Rollover {
    session: Session,
    found: Option<Box<NextCa>>,
}

impl Rollover {
    /// A new transaction.
    #[must_use]
    pub fn new(provider: Arc<dyn CryptoProvider>, server: ServerParams) -> Self {
        Self {
            session: Session::new(provider, server),
            found: None,
        }
    }

    /// What to do. Asked again without a response in between, it gives the same request again. It is
    /// never [`Step::Refused`]: a server refuses a GetNextCACert with an HTTP status.
    ///
    /// # Errors
    /// `Unsupported` if the server does not list GetNextCACert.
    pub fn next(&self) -> Result<Step<NextCa>> {
        if let Some(question) = self.session.question() {
            return Ok(Step::Send(question));
        }
        if let Some(found) = &self.found {
            return Ok(Step::Done(found.clone()));
        }
        if !self.is_offered() {
            return Err(Error::unsupported(
                "GetNextCACert (GetCACaps does not list it)",
                "the server",
            ));
        }
        // no message=: this operation has no data (section 4.7)
        Ok(Step::Send(self.session.get(Operation::GetNextCaCert, None)))
    }

    /// Takes the response to the request that [`next`](Self::next) gave.
    ///
    /// After an error the transaction is where it was: `next` gives the same request again.
    ///
    /// # Errors
    /// As [`NextCaCertificates::from_response`]; `Malformed` for another HTTP status than 200 too;
    /// `Misuse` if no response is awaited.
    pub fn on_response(&mut self, response: &Response<'_>, now: UnixTime) -> Result<()> {
        if self.session.on_answer(response, now)? {
            return Ok(());
        }
        if self.found.is_some() || !self.is_offered() {
            return Err(no_response_awaited());
        }
        let operation = Operation::GetNextCaCert;
        if response.status != 200 {
            return Err(unexpected_status(operation, response.status));
        }
        if response.body.is_empty() {
            return Err(Error::malformed(
                Layer::Http,
                format!(
                    "{operation} was answered with HTTP status 200 and nothing else: the server may have no \
                     next CA certificate yet"
                ),
            ));
        }
        let ca_certificates = self.session.ca()?.certificates.clone();
        let server = self.session.server();
        let certificates = NextCaCertificates::from_response(
            response.body,
            &CaCertificates::new(ca_certificates.clone()),
            self.session.provider(),
            &server.policy,
            &server.limits,
        )?;
        let mut deviations = certificates.deviations().clone();
        note_content_type(response, &mut deviations);
        self.session.note(&deviations);
        self.found = Some(Box::new(NextCa {
            validity: certificates.validity_at(now),
            certificates,
            ca_certificates,
            deviations: self.session.deviations().clone(),
        }));
        Ok(())
    }

    fn is_offered(&self) -> bool {
        self.session.capabilities().has(Capability::GetNextCaCert)
    }

    /// What the server said it can do.
    #[must_use]
    pub const fn capabilities(&self) -> &Capabilities {
        self.session.capabilities()
    }

    /// Who does what at the CA, once GetCACert was answered.
    #[must_use]
    pub fn ca_roles(&self) -> Option<&CaRoles> {
        self.session.known_ca().map(|ca| &ca.roles)
    }

    /// What was unusual so far.
    #[must_use]
    pub const fn deviations(&self) -> &Deviations {
        self.session.deviations()
    }
}

fn note_content_type(response: &Response<'_>, deviations: &mut Deviations) {
    let right = |labelled: &str| is_media_type(labelled, CT_NEXT_CA_CERT);
    if !response.content_type.is_some_and(right) {
        deviations.note(
            deviation::NEXT_CA_CONTENT_TYPE,
            format!(
                "the content type is {}, not {CT_NEXT_CA_CERT}",
                Foreign(response.content_type.unwrap_or("absent"))
            ),
        );
    }
}
