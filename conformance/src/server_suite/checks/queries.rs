//! CertPoll, GetCert and GetCRL (RFC 8894 sections 3.3.3 and 3.3.4).

use scep_core::cms::{ContentInfo, SignedData};
use scep_core::limits::Limits;
use scep_core::message::{FailInfo, IssuerAndSerialNumber, PkiStatus};
use scep_core::x509::Crl;

use super::checks;
use crate::server_suite::craft::Request;
use crate::server_suite::flaw::Answer;
use crate::server_suite::session::Wish;
use crate::server_suite::{Flaw, Identity, Session, ensure};
use crate::verdict::Stop;

/// An enrolled device that asks for a certificate or a CRL.
async fn query(
    s: &mut Session<'_>,
    message_type: &str,
    serial: Option<Vec<u8>>,
) -> Result<(Wish, Request, IssuerAndSerialNumber), Stop> {
    let (wish, _, reply) = s.enrolled().await?;
    let certificate = reply.certificate_for(wish.key.spki_der())?.clone();
    let mut id = certificate.issuer_and_serial();
    if let Some(serial) = serial {
        id.serial = serial;
    }
    let signer = Identity {
        certificate,
        key: std::sync::Arc::clone(&wish.key),
    };
    let request = s.request(message_type, signer, id.to_der()).await?;
    Ok((wish, request, id))
}

/// The first CRL in a bundle.
fn crl(plain: &[u8]) -> Result<Crl, Stop> {
    let limits = Limits::DEFAULT;
    let none = |e: scep_core::Error| Stop::unlike("a SignedData with a CRL", e);
    let info = ContentInfo::decode(plain, &limits).map_err(none)?;
    let data = SignedData::from_content_info(&info, "the reply", &limits).map_err(none)?;
    let first = data.crls.first();
    let first = first.ok_or_else(|| Stop::unlike("a CRL", "none"))?;
    Crl::from_der(first).map_err(none)
}

checks! {
    "queries.get-cert", Must, ["R-2.6-c", "R-3.3.2.1-d", "R-3.3.4-c", "R-4.5.1-a"],
    "If GetCert is served, it gives the certificate that was asked for",
    Flaw::Rules(|rules| rules.gives_other_certificate = true),
    ["queries.get-cert-unknown"],
    |s| {
        let (_, request, id) = query(s, "21", None).await?;
        let reply = s.ask(&request).await?;
        let pending = reply.attributes.pki_status == Some(PkiStatus::Pending);
        ensure(!pending, "SUCCESS or FAILURE", reply.says())?;
        if !reply.granted() {
            return Err(Stop::NotApplicable(format!("GetCert is answered with {}", reply.says())));
        }
        let there = reply.inside()?.certificates.iter().any(|c| c.serial() == id.serial);
        ensure(there, "the certificate with that serial number", "others")?;
    }

    "queries.get-cert-unknown", Must, ["R-3.2.1.4-f"],
    "GetCert for a serial number that does not exist is refused, with badCertId if GetCert is served",
    Flaw::When(|peek| peek.message_type() == "21", Answer::Grant),
    ["queries.get-cert"],
    |s| {
        let serial = s.octets(9);
        let (_, request, _) = query(s, "21", Some(serial)).await?;
        if let Some(reply) = s.refused(&request, "there is no such certificate").await? {
            let fits = matches!(
                reply.attributes.fail_info,
                Some(FailInfo::BadCertId | FailInfo::BadRequest)
            );
            ensure(fits, "failInfo 4, or 2", reply.says())?;
        }
    }

    "queries.get-crl", Must, ["R-2.7-e", "R-3.3.2.1-e", "R-3.4-d"],
    "If GetCRL is served, it gives a CRL of the issuer that is still good",
    Flaw::Crl(|crl| crl.next_update = crl.this_update),
    [],
    |s| {
        let (_, request, id) = query(s, "22", None).await?;
        let reply = s.ask(&request).await?;
        if !reply.granted() {
            return Err(Stop::NotApplicable(format!("GetCRL is answered with {}", reply.says())));
        }
        let crl = crl(&reply.inside()?.plain)?;
        let ca = s.ca().await?;
        let provider = s.provider();
        let issuers = ca.as_slice().iter().filter(|c| c.subject().matches(&id.issuer));
        let mut issuers = issuers.filter(|c| crl.verify_issued_by(provider.as_ref(), c).is_ok());
        ensure(issuers.next().is_some(), "a CRL of the issuer", "one of somebody else")?;
        ensure(!crl.is_expired_at(s.now()), "a CRL that is still good", "one that has expired")?;
    }

    "queries.get-crl-garbage", Robustness, ["R-3.3.4-a"],
    "GetCRL without an IssuerAndSerialNumber is refused",
    Flaw::When(|peek| peek.plain.as_deref() == Some(b"which?"), Answer::Empty),
    [],
    |s| {
        let (_, mut request, _) = query(s, "22", None).await?;
        request.plain = b"which?".to_vec();
        s.refused(&request, "it does not say which").await?;
    }

    "queries.crl-form", Must, ["R-4.6.1-a", "X-f"],
    "The CRL comes alone, is a version 2 CRL, and has a CRL number and an authority key identifier",
    Flaw::Crl(|crl| crl.authority_key_identifier = None),
    [],
    |s| {
        let (_, request, _) = query(s, "22", None).await?;
        let reply = s.ask(&request).await?;
        if !reply.granted() {
            return Err(Stop::NotApplicable(format!("GetCRL is answered with {}", reply.says())));
        }
        let inside = reply.inside()?;
        ensure(inside.certificates.is_empty(), "no certificates", inside.certificates.len())?;
        let crl = crl(&inside.plain)?;
        ensure(crl.number().is_some(), "a CRL number", "none")?;
        // the extension's identifier, as nothing else in a CRL writes it
        let identifier = scep_core::asn1::write::oid(scep_core::oid::AUTHORITY_KEY_IDENTIFIER);
        let there = crl.as_der().windows(identifier.len()).any(|part| part == identifier);
        ensure(there, "an authority key identifier", "none")?;
    }
}
