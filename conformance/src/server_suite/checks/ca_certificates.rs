//! GetCACert (RFC 8894 sections 2.2 and 4.2).

use scep_core::asn1::Reader;
use scep_core::cms;
use scep_core::http::Operation;
use scep_core::limits::Limits;
use scep_core::oid;
use scep_core::x509::{Extension, KeyUsage};

use super::checks;
use crate::server_suite::flaw::set_content_type;
use crate::server_suite::{Flaw, ensure, ensure_content_type};
use crate::verdict::Stop;

fn of_certificates(url: &str) -> bool {
    url.contains("operation=GetCACert")
}

/// Gives a CA's certificate another key usage.
fn usage(extensions: &mut Vec<Extension>, usage: KeyUsage) {
    extensions.retain(|extension| extension.oid != oid::KEY_USAGE);
    extensions.push(Extension::key_usage(usage));
}

checks! {
    "ca-certificates.content-type", Must, ["R-4.2.1.1-b", "R-4.2.1.2-b"],
    "Content-Type is application/x-x509-ca-cert for one certificate and application/x-x509-ca-ra-cert for several",
    Flaw::Http(|request, response| if of_certificates(&request.url) {
        set_content_type(response, "application/x-x509-ca-cert");
    }),
    [],
    |s| {
        let response = s.get(s.url(Operation::GetCaCert, "")).await?;
        let bundle = cms::certs_only_certificates(&response.body, &Limits::DEFAULT).is_ok();
        let expected = if bundle {
            "application/x-x509-ca-ra-cert"
        } else {
            "application/x-x509-ca-cert"
        };
        ensure_content_type(&response, expected)?;
    }

    "ca-certificates.nothing-behind", Must, ["R-2.2-d", "R-4.2.1.1-a"],
    "Nothing follows the certificate, or the bundle",
    Flaw::Http(|request, response| if of_certificates(&request.url) {
        response.body.extend(b"<!-- -->");
    }),
    [],
    |s| {
        let response = s.get(s.url(Operation::GetCaCert, "")).await?;
        let value = Reader::new(&response.body).next("the body");
        let value = value.map_err(|e| Stop::unlike("DER", e))?;
        let behind = response.body.len().saturating_sub(value.raw.len());
        ensure(behind == 0, "nothing behind it", format!("{behind} octets"))?;
    }

    "ca-certificates.bundle", Must, ["R-3.4-a", "R-3.4-b", "R-4.2.1.2-a"],
    "A bundle is a SignedData without content and without signers",
    Flaw::Http(|request, response| if of_certificates(&request.url) {
        response.body.truncate(response.body.len().saturating_sub(1));
    }),
    ["*"],
    |s| {
        let response = s.get(s.url(Operation::GetCaCert, "")).await?;
        let limits = Limits::DEFAULT;
        let all = scep_core::ca_certificates::CaCertificates::from_response(&response.body)
            .map_err(|e| Stop::unlike("certificates", e))?;
        let one = scep_core::x509::Certificate::from_der(&response.body).is_ok();
        if !one {
            let again = cms::certs_only(all.as_slice());
            // version, digestAlgorithms, contentInfo, certificates, signerInfos: nothing else fits in
            let info = cms::ContentInfo::decode(&response.body, &limits)
                .map_err(|e| Stop::unlike("a degenerate SignedData", e))?;
            ensure(
                info.as_der().len() == again.len(),
                "nothing but certificates",
                format!("{} octets, where certificates alone have {}", info.as_der().len(), again.len()),
            )?;
        }
    }

    "ca-certificates.chain", Must, ["R-2.2-c"],
    "A subordinate CA comes with all certificates up to the root",
    Flaw::Http(|request, response| if of_certificates(&request.url)
        && let Ok(all) = cms::certs_only_certificates(&response.body, &Limits::DEFAULT) {
        response.body = cms::certs_only(all.get(..1).unwrap_or_default());
    }),
    [],
    |s| {
        let all = s.ca().await?;
        let provider = s.provider();
        let roles = s.roles().await?;
        let mut at = roles.issuing_ca;
        for _ in 0..8 {
            if at.is_self_issued() {
                return Ok(());
            }
            let mut above = all.as_slice().iter();
            let issuer = above.find(|c| at.is_issued_by(provider.as_ref(), c) && **c != at);
            let Some(issuer) = issuer else {
                return Err(Stop::unlike(
                    "the certificate of each issuer up to a self-signed one",
                    format!("none of {}", at.issuer()),
                ));
            };
            at = issuer.clone();
        }
    }

    "ca-certificates.signs", Must, ["R-2.1.2-b"],
    "Whoever signs replies has digitalSignature in its key usage",
    Flaw::Ca(|extensions| usage(extensions, KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN | KeyUsage::KEY_ENCIPHERMENT)),
    [],
    |s| {
        let (_, _, reply) = s.enrolled().await?;
        let usage = reply.signer.key_usage();
        let signs = usage.is_none_or(|usage| usage.contains(KeyUsage::DIGITAL_SIGNATURE));
        ensure(signs, "digitalSignature", usage.map_or_else(String::new, |u| u.names().join(", ")))?;
    }

    "ca-certificates.decrypts", Must, ["R-2.1.2-c"],
    "Whoever requests are encrypted to has keyEncipherment in its key usage",
    Flaw::Ca(|extensions| usage(extensions, KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN | KeyUsage::DIGITAL_SIGNATURE)),
    ["*"],
    |s| {
        let roles = s.roles().await?;
        let usage = roles.encryption.key_usage();
        let decrypts = usage.is_none_or(|usage| usage.contains(KeyUsage::KEY_ENCIPHERMENT));
        ensure(decrypts, "keyEncipherment", usage.map_or_else(String::new, |u| u.names().join(", ")))?;
    }

    "ca-certificates.certifies", Must, ["R-2.1.2-d"],
    "The issuing CA has keyCertSign in its key usage",
    Flaw::Ca(|extensions| usage(extensions, KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT)),
    ["*"],
    |s| {
        let roles = s.roles().await?;
        let usage = roles.issuing_ca.key_usage();
        let certifies = usage.is_none_or(|usage| usage.contains(KeyUsage::KEY_CERT_SIGN));
        ensure(certifies, "keyCertSign", usage.map_or_else(String::new, |u| u.names().join(", ")))?;
    }

    "ca-certificates.identifier", Must, ["R-4.2-b"],
    "A CA identifier in message= is answered as well",
    Flaw::Http(|request, response| if request.url.contains("GetCACert&message=") {
        response.status = 404;
        response.body.clear();
    }),
    [],
    |s| {
        for identifier in ["", "anything"] {
            let url = s.url(Operation::GetCaCert, &format!("&message={identifier}"));
            let response = s.get(url).await?;
            let read = scep_core::ca_certificates::CaCertificates::from_response(&response.body);
            let good = response.status == 200 && read.is_ok();
            ensure(good, "certificates", format!("HTTP {}", response.status))?;
        }
    }

    "ca-certificates.key-id", Must, ["X-c"],
    "The issuing CA's certificate has a subject key identifier",
    Flaw::Ca(|extensions| extensions.retain(|e| e.oid != oid::SUBJECT_KEY_IDENTIFIER)),
    ["certificates.authority-key-id"],
    |s| {
        let roles = s.roles().await?;
        let id = roles.issuing_ca.subject_key_identifier();
        ensure(id.is_some(), "a subject key identifier", "none")?;
    }

    "ca-certificates.fingerprint", Must, ["R-2.2-g"],
    "The fingerprint that was given is SHA-256 over one of the certificates",
    Flaw::Http(|request, response| if of_certificates(&request.url)
        && let Ok(all) = cms::certs_only_certificates(&response.body, &Limits::DEFAULT) {
        response.body = cms::certs_only(all.get(1..).unwrap_or_default());
    }),
    ["*"],
    |s| {
        let Some(expected) = s.expected_ca() else {
            return Err(Stop::NotApplicable("no fingerprint was given".into()));
        };
        let all = s.ca().await?;
        let provider = s.provider();
        let hashes: Vec<_> = all.as_slice().iter().filter_map(|c| c.sha256(provider.as_ref()).ok()).collect();
        ensure(hashes.contains(&expected), "that fingerprint", format!("{} others", hashes.len()))?;
    }

    "ca-certificates.plain", Must, ["R-2.2-b", "R-2.9-b"],
    "GetCACert is answered in the clear, with certificates and not with a pkiMessage",
    Flaw::Http(|request, response| if of_certificates(&request.url) {
        response.body = scep_core::asn1::write::octet_string(&response.body);
    }),
    ["*"],
    |s| {
        let response = s.get(s.url(Operation::GetCaCert, "")).await?;
        let parts = crate::by_hand::SignedParts::read(&response.body);
        let signers = parts.map_or(0, |parts| parts.signers.len());
        ensure(signers == 0, "no signer", format!("{signers} signers"))?;
        s.ca().await?;
    }
}
