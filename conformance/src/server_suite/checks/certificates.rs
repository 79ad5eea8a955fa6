//! What is issued (RFC 8894 section 3.3.2.1).

use scep_core::asn1::write;
use scep_core::oid;
use scep_core::x509::{Extension, GeneralName};

use super::checks;
use crate::server_suite::{Flaw, ensure};

checks! {
    "certificates.for-the-key", Must, ["R-3.3.2.1-a"],
    "SUCCESS holds a certificate for the key of the request",
    Flaw::Reply(|parts| if parts.plain.is_some() {
        parts.plain = Some(scep_core::cms::certs_only(std::slice::from_ref(&parts.stranger.certificate)));
    }),
    ["*"],
    |s| {
        let (wish, _, reply) = s.enrolled().await?;
        reply.certificate_for(wish.key.spki_der())?;
    }

    "certificates.bundle", Must, ["R-3.3.2-a", "R-3.4-a", "R-3.4-b", "R-3.4-c"],
    "The envelope holds a SignedData with certificates, and neither content nor signers",
    Flaw::Reply(|parts| if let Some(plain) = &parts.plain {
        parts.plain = Some(write::sequence(&[plain]));
    }),
    ["*"],
    |s| {
        let (_, _, reply) = s.enrolled().await?;
        let inside = reply.inside()?;
        let again = scep_core::cms::certs_only(&inside.certificates);
        ensure(
            again.len() == inside.plain.len(),
            "a degenerate SignedData",
            format!("{} octets, where certificates alone have {}", inside.plain.len(), again.len()),
        )?;
    }

    "certificates.one-leaf", Must, ["R-3.3.2.1-c"],
    "Of the certificates that come, one is no CA's",
    Flaw::Rules(|rules| rules.sends_two = true),
    [],
    |s| {
        let (_, _, reply) = s.enrolled().await?;
        let leaves = reply.inside()?.certificates.iter().filter(|c| !c.is_ca()).count();
        ensure(leaves == 1, "1", leaves)?;
    }

    "certificates.issuer", Must, ["R-3.3.2.1-a"],
    "It is signed by a CA of GetCACert",
    Flaw::Rules(|rules| rules.signs_with_other_key = true),
    ["renewal.granted", "renewal.reply-to-old-key", "renewal.without-challenge"],
    |s| {
        let (wish, _, reply) = s.enrolled().await?;
        let certificate = reply.certificate_for(wish.key.spki_der())?;
        let provider = s.provider();
        let all = s.ca().await?;
        let by_one = all.as_slice().iter().any(|ca| certificate.is_issued_by(provider.as_ref(), ca));
        ensure(by_one, "a signature of one of them", certificate.issuer())?;
    }

    "certificates.subject", Robustness, [],
    "It has the subject that was asked for",
    Flaw::Rules(|rules| rules.other_subject = true),
    ["renewal.granted", "renewal.reply-to-old-key", "renewal.without-challenge"],
    |s| {
        let (wish, _, reply) = s.enrolled().await?;
        let certificate = reply.certificate_for(wish.key.spki_der())?;
        ensure(certificate.subject().matches(&wish.subject), &wish.subject, certificate.subject())?;
    }

    "certificates.validity", Robustness, [],
    "It is valid now",
    Flaw::Rules(|rules| rules.issues_expired = true),
    ["renewal.granted", "renewal.reply-to-old-key", "renewal.without-challenge"],
    |s| {
        let (wish, _, reply) = s.enrolled().await?;
        let certificate = reply.certificate_for(wish.key.spki_der())?;
        let seen = format!("from {} to {}", certificate.not_before(), certificate.not_after());
        ensure(certificate.is_valid_at(s.now()), "validity now", seen)?;
    }

    "certificates.names", Robustness, [],
    "It has the host name that was asked for as subjectAltName, unless the request was refused for it",
    Flaw::Rules(|rules| rules.drops_extensions = true),
    [],
    |s| {
        let mut wish = s.wish().await?;
        let name = "device.conformance.example";
        wish.extensions = vec![Extension::subject_alt_name(&[GeneralName::Dns(name.into())])];
        let request = s.pkcs_req(&wish).await?;
        let reply = s.ask(&request).await?;
        if reply.granted() {
            let names = reply.certificate_for(wish.key.spki_der())?.subject_alt_names();
            ensure(names.iter().any(|n| n.contains(name)), name, names.join(", "))?;
        }
    }

    "certificates.serial", Security, [],
    "Two certificates have two serial numbers",
    Flaw::Rules(|rules| rules.same_serial = true),
    [],
    |s| {
        let mut serials = Vec::new();
        for _ in 0..2 {
            let (wish, _, reply) = s.enrolled().await?;
            serials.push(reply.certificate_for(wish.key.spki_der())?.serial_hex());
        }
        ensure(serials.first() != serials.last(), "two serial numbers", serials.join(", "))?;
    }

    "certificates.not-a-ca", Security, ["R-2.1.2-a"],
    "A request for a CA certificate (basicConstraints with CA:TRUE) gets none",
    Flaw::Rules(|rules| rules.copies_all_extensions = true),
    ["certificates.no-ca-key-usage"],
    |s| {
        let mut wish = s.wish().await?;
        wish.extensions = vec![Extension::basic_constraints(true, None)];
        let request = s.pkcs_req(&wish).await?;
        let reply = s.ask(&request).await?;
        if reply.granted() {
            let certificate = reply.certificate_for(wish.key.spki_der())?;
            let constraints = certificate.extension(oid::BASIC_CONSTRAINTS).is_some();
            ensure(!(constraints && certificate.is_ca()), "no CA certificate", "one")?;
        }
    }

    "certificates.no-ca-key-usage", Security, [],
    "A request for the key usage of a CA (keyCertSign) does not get it",
    Flaw::Rules(|rules| rules.copies_all_extensions = true),
    ["certificates.not-a-ca"],
    |s| {
        let mut wish = s.wish().await?;
        let usage = scep_core::x509::KeyUsage::KEY_CERT_SIGN;
        wish.extensions = vec![Extension::key_usage(usage)];
        let request = s.pkcs_req(&wish).await?;
        let reply = s.ask(&request).await?;
        if reply.granted() {
            let seen = reply.certificate_for(wish.key.spki_der())?.key_usage();
            ensure(!seen.is_some_and(|seen| seen.contains(usage)), "no keyCertSign", "keyCertSign")?;
        }
    }
}
