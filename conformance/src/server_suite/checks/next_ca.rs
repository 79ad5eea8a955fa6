//! GetNextCACert (RFC 8894 sections 4.7 and 5.1).

use scep_core::ca_certificates::CaCertificates;
use scep_core::cms;
use scep_core::crypto::PublicKeyAlgorithm;
use scep_core::http::{CT_NEXT_CA_CERT, Operation};
use scep_core::limits::Limits;
use scep_core::next_ca_certificates::NextCaCertificates;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::Certificate;

use super::checks;
use crate::by_hand::SignedParts;
use crate::server_suite::flaw::set_content_type;
use crate::server_suite::session::not_run;
use crate::server_suite::{Flaw, Session, ensure, ensure_content_type};
use crate::verdict::Stop;

/// The answer to GetNextCACert, if it is listed and there is one.
async fn answer(
    s: &mut Session<'_>,
    rest: &str,
) -> Result<scep_client::network::HttpResponse, Stop> {
    s.offers("GetNextCACert").await?;
    let response = s.get(s.url(Operation::GetNextCaCert, rest)).await?;
    ensure(
        response.status == 200,
        "the next CA's certificates",
        format!("HTTP {}", response.status),
    )?;
    Ok(response)
}

/// The certificates of a bundle.
fn bundle(content: &[u8]) -> Result<Vec<Certificate>, Stop> {
    cms::certs_only_certificates(content, &Limits::DEFAULT)
        .map_err(|e| Stop::unlike("a SignedData with certificates", e))
}

checks! {
    "next-ca.served", Must, ["R-2.2-l", "R-3.5.2-d"],
    "If GetNextCACert is listed, it is answered",
    Flaw::Http(|request, response| if request.url.contains("GetNextCACert") { response.status = 404; }),
    ["next-ca.content-type", "next-ca.signed", "next-ca.content", "next-ca.identifier", "next-ca.enrollment"],
    |s| {
        answer(s, "").await?;
    }

    "next-ca.content-type", Must, ["R-4.7.1-c"],
    "Its Content-Type is application/x-x509-next-ca-cert",
    Flaw::Http(|request, response| if request.url.contains("GetNextCACert") {
        set_content_type(response, "application/x-x509-ca-ra-cert");
    }),
    [],
    |s| {
        let response = answer(s, "").await?;
        ensure_content_type(&response, CT_NEXT_CA_CERT)?;
    }

    "next-ca.signed", Must, ["R-4.7.1-a"],
    "It is signed by the present CA",
    Flaw::NextCa(|next| next.signer = next.stranger.clone()),
    [],
    |s| {
        let response = answer(s, "").await?;
        let ca = s.ca().await?;
        let provider = s.provider();
        NextCaCertificates::from_response(&response.body, &ca, provider.as_ref(), &AlgorithmPolicy::LEGACY, &Limits::DEFAULT)
            .map_err(|e| Stop::unlike("certificates that the present CA signed", e))?;
    }

    "next-ca.content", Must, ["R-4.7.1-d"],
    "What is signed is a degenerate SignedData with certificates",
    Flaw::NextCa(|next| next.content = b"soon".to_vec()),
    ["next-ca.signed", "next-ca.enrollment"],
    |s| {
        let response = answer(s, "").await?;
        let parts = SignedParts::read(&response.body)
            .ok_or_else(|| Stop::unlike("a SignedData", "something else"))?;
        let content = parts.content.ok_or_else(|| Stop::unlike("content", "none"))?;
        let certificates = bundle(&content)?;
        ensure(!certificates.is_empty(), "certificates", "none")?;
    }

    "next-ca.identifier", Must, ["R-4.7-b"],
    "A CA identifier in message= is answered as well",
    Flaw::Http(|request, response| if request.url.contains("GetNextCACert&message=") { response.status = 404; }),
    [],
    |s| {
        let response = answer(s, "&message=anything").await?;
        ensure(SignedParts::read(&response.body).is_some(), "a SignedData", "something else")?;
    }

    "next-ca.enrollment", Must, ["R-5.1-d"],
    "A request that is encrypted to the next CA gets a certificate of the next CA",
    Flaw::Rules(|rules| rules.ignores_recipient = true),
    [],
    |s| {
        let response = answer(s, "").await?;
        let content = SignedParts::read(&response.body).and_then(|parts| parts.content);
        let next = bundle(&content.unwrap_or_default())?;
        let roles = CaCertificates::new(next.clone()).choose()
            .map_err(|e| Stop::unlike("a certificate to encrypt to", e))?;
        let kind = PublicKeyAlgorithm::of_spki(roles.encryption.spki_der()).map_err(not_run)?;
        if !kind.can_encrypt() {
            return Err(Stop::NotApplicable(format!("the next CA's key does not decrypt ({kind})")));
        }
        let wish = s.wish().await?;
        let mut request = s.pkcs_req(&wish).await?;
        request.recipient = roles.encryption;
        let message = s.encode(&request)?;
        let response = s.post(message).await?;
        // who signs the reply then, the RFC does not say
        let reply = s.read_signed_by(response, &request, &next).await?;
        ensure(reply.granted(), "SUCCESS", reply.says())?;
        let certificate = reply.certificate_for(wish.key.spki_der())?;
        let provider = s.provider();
        let by_next = next.iter().any(|ca| certificate.is_issued_by(provider.as_ref(), ca));
        ensure(by_next, "a certificate of the next CA", certificate.issuer())?;
    }
}
