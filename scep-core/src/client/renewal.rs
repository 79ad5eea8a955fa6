//! Renewing a certificate (RFC 8894 sections 2.3 and 2.5).

use alloc::format;
use alloc::string::String;

use super::Signer;
use crate::capabilities::{Capabilities, Capability};
use crate::message::MessageType;
use crate::{Error, Result, UnixTime};

/// The request is signed by a certificate that one has already, and the reply is encrypted to it.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The current certificate and its key.
    pub current: Signer,
    /// The caller's name for that key, kept in [`PendingTransaction`](super::PendingTransaction).
    pub key_label: Option<String>,
    /// Which message asks for it.
    pub style: RenewalStyle,
    /// Whether to send the challenge password too, if there is one. Without it, it is sent only
    /// where a message has to be encrypted with it.
    pub send_challenge: bool,
    /// Whether to try it with a current certificate that has expired.
    pub even_if_expired: bool,
}

/// Which message asks for a renewal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RenewalStyle {
    /// RenewalReq if the server lists `Renewal` and `SCEPStandard`; PKCSReq if it lists `Renewal`
    /// only, as NDES does, which knows no RenewalReq.
    #[default]
    ByCapabilities,
    /// RenewalReq (17), whatever the server lists.
    RenewalReq,
    /// PKCSReq (19), whatever the server lists.
    PkcsReq,
}

impl Renewal {
    /// A renewal with the defaults: message by capabilities, no challenge password.
    #[must_use]
    pub const fn new(current: Signer) -> Self {
        Self {
            current,
            key_label: None,
            style: RenewalStyle::ByCapabilities,
            send_challenge: false,
            even_if_expired: false,
        }
    }

    /// Which message asks this server.
    pub(super) fn message_type(&self, capabilities: &Capabilities) -> Result<MessageType> {
        match self.style {
            RenewalStyle::RenewalReq => Ok(MessageType::RenewalReq),
            RenewalStyle::PkcsReq => Ok(MessageType::PkcsReq),
            RenewalStyle::ByCapabilities if !capabilities.has(Capability::Renewal) => Err(
                Error::unsupported("renewal (GetCACaps does not list Renewal)", "the server"),
            ),
            RenewalStyle::ByCapabilities if capabilities.has(Capability::ScepStandard) => {
                Ok(MessageType::RenewalReq)
            }
            RenewalStyle::ByCapabilities => Ok(MessageType::PkcsReq),
        }
    }

    /// Refuses what a server would refuse.
    pub(super) fn check(&self, now: UnixTime) -> Result<()> {
        let certificate = self.current.certificate();
        if now <= certificate.not_after() || self.even_if_expired {
            return Ok(());
        }
        Err(Error::Misuse(format!(
            "the certificate of {} cannot be renewed any more: it expired on {}, and it is {now} here; \
             enroll anew instead",
            certificate.subject(),
            certificate.not_after()
        )))
    }
}
