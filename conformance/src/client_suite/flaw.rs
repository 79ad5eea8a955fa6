//! What a client can have wrong.

use scep_client::network::{HttpRequest, HttpResponse};
use scep_core::capabilities::Capabilities;
use scep_core::x509::{Certificate, CertificateBuilder};

use crate::by_hand::{Envelope, RequestParts, SignedParts};
use crate::server_suite::craft::Request;

/// What is wrong with the client.
#[derive(Clone, Copy)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It does not look at something, or does something else.
    Lax(fn(&mut Lax)),
    /// It refuses what is right.
    Picky(fn(&Reading<'_>) -> bool),
    /// It is ended by something that it reads.
    Crashes(fn(&Reading<'_>) -> bool),
    /// It does not end when it reads something.
    Hangs(fn(&Reading<'_>) -> bool),
    /// It asks for something else.
    Asks(fn(&mut RequestParts)),
    /// It signs with another certificate.
    SelfSigned(fn(&mut CertificateBuilder)),
    /// Its messages say something else.
    Sends(fn(&mut Request)),
    /// Its envelopes are written otherwise.
    Enveloped(fn(&mut Envelope)),
    /// Its messages are written otherwise. They are signed afterwards.
    Written(fn(&mut SignedParts)),
    /// Its signatures are changed.
    Signed(fn(&mut SignedParts)),
    /// Its HTTP requests are made otherwise.
    Http(fn(&mut HttpRequest)),
}

impl std::fmt::Debug for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flaw")
    }
}

/// What a client does not look at, and what it does otherwise.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)]
pub struct Lax {
    /// Does not ask for capabilities.
    pub skips_capabilities: bool,
    /// Asks for the CA's certificates when it has its own.
    pub asks_for_ca_late: bool,
    /// Asks for the next CA whatever is listed.
    pub asks_for_next_ca: bool,
    /// Sends messages by GET where POST is offered.
    pub uses_get: bool,
    /// Writes messages by GET in the alphabet for URLs.
    pub url_safe: bool,
    /// Sends the challenge password in a header, too.
    pub tells_secret: bool,
    /// Does not know SCEPStandard.
    pub ignores_standard: bool,
    /// Takes a carriage return for a part of the keyword.
    pub keeps_carriage_returns: bool,
    /// Takes keywords in another case for unknown ones.
    pub exact_case: bool,
    /// Encrypts in single DES where nothing is listed.
    pub falls_back_to_des: bool,
    /// Takes whatever CA it is shown.
    pub any_ca: bool,
    /// Does not look whether one certificate is issued by the next.
    pub any_issuer: bool,
    /// Does not look at the dates of certificates.
    pub any_dates: bool,
    /// Goes on with the CA that it trusts if it cannot read what the server says.
    pub guesses_ca: bool,
    /// Goes on with the CA that it trusts if the server says nothing.
    pub guesses_ca_in_silence: bool,
    /// Encrypts to the first certificate of a bundle.
    pub takes_first: bool,
    /// Sends the request as it is to a CA that it cannot encrypt to.
    pub bare_for_ec: bool,
    /// Reads bodies whatever the status is.
    pub any_http_status: bool,
    /// Takes whoever's signature.
    pub any_signer: bool,
    /// Does not verify signatures.
    pub any_signature: bool,
    /// Takes a message without signed attributes, or without a signer.
    pub unsigned: bool,
    /// Does not compare messageDigest.
    pub any_digest: bool,
    /// Does not compare contentType.
    pub any_content_type: bool,
    /// Takes the first of two signers.
    pub two_signers: bool,
    /// Does not look at messageType.
    pub any_type: bool,
    /// Does not look at transactionID.
    pub any_id: bool,
    /// Does not look at recipientNonce.
    pub any_nonce: bool,
    /// Takes whatever pkiStatus for SUCCESS if there is a certificate.
    pub any_status: bool,
    /// Takes a certificate that is not encrypted.
    pub bare: bool,
    /// Takes what a single DES envelope holds.
    pub des: bool,
    /// Takes signatures with MD5.
    pub md5: bool,
    /// Takes a certificate for another key.
    pub any_key: bool,
    /// Takes a certificate that the CA did not sign.
    pub any_certificate_issuer: bool,
    /// Takes itself to be enrolled if there is no certificate.
    pub no_certificate: bool,
    /// Polls with a PKCSReq.
    pub polls_with_19: bool,
    /// Polls for a transaction of another name.
    pub polls_with_new_id: bool,
    /// Says the wrong names when it polls.
    pub polls_with_wrong_names: bool,
    /// Polls for ever.
    pub polls_for_ever: bool,
    /// Repeats its first nonce when it polls.
    pub repeats_nonce: bool,
    /// Goes where a response points.
    pub follows_redirects: bool,
    /// Takes itself to be enrolled when no reply comes.
    pub ignores_silence: bool,
    /// Does not end if a reply takes longer than two seconds.
    pub hangs_when_slow: bool,
    /// Reads bodies of any length.
    pub reads_everything: bool,
    /// Sends its first request twice.
    pub asks_twice: bool,
    /// Takes itself to be enrolled when it is told to wait.
    pub pending_is_enough: bool,
}

/// What a client reads.
#[derive(Debug, Default)]
pub struct Reading<'a> {
    /// The HTTP response.
    pub http: Option<&'a HttpResponse>,
    /// What is listed, if that was asked for.
    pub capabilities: Option<&'a Capabilities>,
    /// What GetCACert gives, if that was asked for.
    pub bundle: Option<&'a [Certificate]>,
    /// A CertRep in parts.
    pub reply: Option<&'a SignedParts>,
    /// What was in its envelope, as it was there.
    pub plain: Option<&'a [u8]>,
    /// What was in its envelope: certificates.
    pub certificates: Option<&'a [Certificate]>,
}

impl Reading<'_> {
    /// The value of an attribute of the CertRep; empty if there is none.
    #[must_use]
    pub fn value(&self, oid: scep_core::oid::ObjectIdentifier) -> Vec<u8> {
        let value = self.reply.and_then(|reply| reply.value(oid));
        value.unwrap_or_default()
    }

    /// Whether something is so with the CertRep.
    #[must_use]
    pub fn written(&self, so: impl FnOnce(&SignedParts) -> bool) -> bool {
        self.reply.is_some_and(so)
    }

    /// Whether something is so with what is in its envelope.
    #[must_use]
    pub fn holds(&self, so: impl FnOnce(&[Certificate]) -> bool) -> bool {
        self.certificates.is_some_and(so)
    }

    /// Whether something is so with the HTTP response.
    #[must_use]
    pub fn came(&self, so: impl FnOnce(&HttpResponse) -> bool) -> bool {
        self.http.is_some_and(so)
    }
}
