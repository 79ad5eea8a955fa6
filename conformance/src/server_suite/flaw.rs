//! What a server can have wrong.

use std::time::Duration;

use scep_client::network::{HttpRequest, HttpResponse};
use scep_core::server::ResponderConfig;
use scep_core::x509::{CertificateBuilder, CrlBuilder, Extension};

use super::Identity;
use crate::by_hand::{Envelope, Parts, Peek, SignedParts};

/// What is wrong with the server.
#[derive(Clone, Copy)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Responses leave it otherwise.
    Http(fn(&HttpRequest, &mut HttpResponse)),
    /// Requests arrive otherwise.
    Arrives(fn(&mut HttpRequest)),
    /// It is configured otherwise.
    Config(fn(&mut ResponderConfig)),
    /// The CA decides otherwise.
    Rules(fn(&mut Rules)),
    /// Replies say something else.
    Reply(fn(&mut Parts<'_>)),
    /// Replies are written otherwise, and signed anew.
    Written(fn(&mut SignedParts)),
    /// Envelopes of replies are written otherwise.
    Enveloped(fn(&mut Envelope)),
    /// Some requests get another answer.
    When(fn(&Peek<'_>) -> bool, Answer),
    /// The CA's certificate has other extensions.
    Ca(fn(&mut Vec<Extension>)),
    /// Certificates are issued otherwise.
    Issues(fn(&mut CertificateBuilder)),
    /// CRLs are issued otherwise.
    Crl(fn(&mut CrlBuilder)),
    /// GetNextCACert is answered with something else.
    NextCa(fn(&mut NextCa)),
    /// Some requests take longer.
    Slow(fn(&Peek<'_>) -> Duration),
    /// It says nothing.
    Silent,
}

impl std::fmt::Debug for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flaw")
    }
}

/// Another answer.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// The certificate, whatever is wrong with the request.
    Grant,
    /// This status of HTTP.
    Status(u16),
    /// 200, and nothing.
    Empty,
    /// PENDING.
    Pending,
}

/// What the CA does otherwise.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)]
pub struct Rules {
    /// Takes any challenge password, or none.
    pub any_challenge: bool,
    /// Takes a challenge password more than once.
    pub reuses_challenges: bool,
    /// Reads challenge passwords in PrintableString and UTF8String only.
    pub reads_two_strings: bool,
    /// Refuses everybody.
    pub refuses_all: bool,
    /// Says the challenge password in failInfoText.
    pub says_challenge: bool,
    /// Issues for another subject.
    pub other_subject: bool,
    /// Leaves the extensions out that were asked for.
    pub drops_extensions: bool,
    /// Issues whatever extensions are asked for.
    pub copies_all_extensions: bool,
    /// Gives every certificate the same serial number.
    pub same_serial: bool,
    /// Signs certificates with another key.
    pub signs_with_other_key: bool,
    /// Answers GetCert with another certificate.
    pub gives_other_certificate: bool,
    /// Forgets at once what it answered.
    pub forgets_replies: bool,
    /// Forgets at once what it issued to requests that had been pending.
    pub forgets_issued: bool,
    /// Sends another device's certificate along.
    pub sends_two: bool,
    /// Issues with the same key whatever key a request is encrypted to.
    pub ignores_recipient: bool,
    /// Refuses a transactionID that another device has used.
    pub locks_ids: bool,
    /// Issues for another key than that of the request, once the operator has agreed.
    pub other_key_for_polls: bool,
    /// Lets no operator decide: what is pending stays so.
    pub never_decides: bool,
    /// Gives the one who polls first what was pending, whosever it is.
    pub gives_any_pending: bool,
}

/// An answer to GetNextCACert before it is signed.
#[derive(Debug)]
pub struct NextCa {
    /// What is signed.
    pub content: Vec<u8>,
    /// Who signs.
    pub signer: Identity,
    /// Another device.
    pub stranger: Identity,
}

/// Gives a response another Content-Type.
pub(super) fn set_content_type(response: &mut HttpResponse, content_type: &str) {
    for (name, value) in &mut response.headers {
        if name == "content-type" {
            content_type.clone_into(value);
        }
    }
}
