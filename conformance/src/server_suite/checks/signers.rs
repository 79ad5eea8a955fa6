//! Self-signed certificates of devices that know no better (RFC 8894 section 2.3).

use std::sync::Arc;

use scep_core::UnixTime;
use scep_core::crypto::PublicKeyAlgorithm;
use scep_core::x509::{CertificateBuilder, Name};

use super::checks;
use crate::server_suite::flaw::Answer;
use crate::server_suite::session::not_run;
use crate::server_suite::{Flaw, Session, ensure};
use crate::verdict::Outcome;

/// Requires that an enrollment works whose self-signed certificate is made otherwise.
async fn served(s: &mut Session<'_>, change: impl FnOnce(&mut CertificateBuilder)) -> Outcome {
    let wish = s.wish().await?;
    let mut request = s.pkcs_req(&wish).await?;
    request.signer = s.self_signed(&wish, change)?;
    request.certificates = vec![request.signer.certificate.clone()];
    let reply = s.granted(&request).await?;
    reply.certificate_for(wish.key.spki_der()).map(|_| ())
}

checks! {
    "signers.no-extensions", Robustness, ["R-2.3-b"],
    "A self-signed certificate without extensions will do, as routers make it",
    Flaw::When(|peek| peek.is_signed_by(|signer| signer.is_self_issued() && signer.extensions().is_empty()),
        Answer::Status(400)),
    [],
    |s| { served(s, |certificate| certificate.extensions.clear()).await?; }

    "signers.other-subject", Robustness, ["R-2.3-c"],
    "A self-signed certificate for another subject than the request's will do, as Apple makes it",
    Flaw::When(|peek| peek.verifies && peek.is_signed_by(|signer| {
        signer.subject().common_name().as_deref() == Some("SCEP SIGNER")
    }), Answer::Status(400)),
    [],
    |s| {
        let name = Name::from_rfc4514("CN=SCEP SIGNER").map_err(not_run)?;
        served(s, |certificate| {
            certificate.issuer = name.clone();
            certificate.subject = name;
        }).await?;
    }

    "signers.dates", Must, ["X-h"],
    "A self-signed certificate that is not valid now will do, as devices without a clock make it",
    Flaw::When(|peek| peek.is_signed_by(|signer| {
        signer.is_self_issued() && !signer.is_valid_at(UnixTime(1_795_608_000))
    }), Answer::Status(400)),
    [],
    |s| {
        // 1993, and ten years ahead
        served(s, |certificate| {
            certificate.not_before = UnixTime(725_846_400);
            certificate.not_after = UnixTime(757_382_400);
        }).await?;
        let later = UnixTime(s.now().0 + 3650 * 86_400);
        served(s, |certificate| {
            certificate.not_before = later;
            certificate.not_after = UnixTime(later.0 + 86_400);
        }).await?;
    }

    "signers.serial", Must, ["X-a"],
    "A self-signed certificate with serial number 0, or one of 24 octets, will do",
    Flaw::When(|peek| peek.is_signed_by(|signer| signer.serial().len() > 20 || signer.serial() == [0]),
        Answer::Status(400)),
    [],
    |s| {
        served(s, |certificate| certificate.serial = vec![0]).await?;
        served(s, |certificate| certificate.serial = vec![0x55; 24]).await?;
    }

    "signers.other-key", Robustness, ["R-2.3-o"],
    "A request for another key than the signer's is refused, or its reply is encrypted to the signer",
    Flaw::When(|peek| peek.message_type() == "19" && peek.verifies && peek.asks(|csr| {
        csr.challenge_password().is_some()
            && PublicKeyAlgorithm::of_spki(csr.spki_der()) == Ok(PublicKeyAlgorithm::Rsa { bits: 2048 })
            && peek.is_signed_by(|signer| csr.spki_der() != signer.spki_der())
    }), Answer::Status(500)),
    [],
    |s| {
        let mut wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        wish.key = Arc::clone(&s.keys().other);
        request.plain = s.csr(&wish)?;
        if let Some(reply) = s.answered(&request).await? && reply.granted() {
            ensure(reply.opened.is_ok(), "an envelope for the signer", "one for somebody else")?;
        }
    }
}
