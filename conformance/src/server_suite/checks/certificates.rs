//! What is issued (RFC 8894 section 3.3.2.1).

use scep_core::asn1::{tag, write};
use scep_core::oid;
use scep_core::x509::{Extension, GeneralName};

use super::checks;
use crate::server_suite::{Flaw, ensure};

/// A security identifier of an administrator of a domain that does not exist.
const SID: &str = "S-1-5-21-1004336348-1177238915-682003330-512";
/// szOID_NTDS_CA_SECURITY_EXT.
const SECURITY_IDENTIFIER: oid::ObjectIdentifier =
    oid::ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.25.2");
/// szOID_NTDS_OBJECTSID.
const OBJECT_SID: oid::ObjectIdentifier =
    oid::ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.25.2.1");

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

    "certificates.bundle", Must, ["R-3.3.2-a", "R-3.4-a", "R-3.4-b", "R-3.4-c", "C-p"],
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
    ["renewal.granted", "renewal.reply-to-old-key", "renewal.without-challenge", "next-ca.enrollment"],
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
    ["renewal.granted", "renewal.reply-to-old-key", "renewal.without-challenge", "polling.two"],
    |s| {
        let (wish, _, reply) = s.enrolled().await?;
        let certificate = reply.certificate_for(wish.key.spki_der())?;
        ensure(certificate.subject().matches(&wish.subject), &wish.subject, certificate.subject())?;
    }

    "certificates.validity", Robustness, [],
    "It is valid now",
    Flaw::Issues(|certificate| certificate.not_after = certificate.not_before),
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
    ["concurrency.devices"],
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
    ["certificates.no-ca-key-usage", "certificates.no-sid", "certificates.no-sid-name"],
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
    ["certificates.not-a-ca", "certificates.no-sid", "certificates.no-sid-name"],
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

    "certificates.key-usage", Must, ["X-b"],
    "It has a key usage, marked critical",
    Flaw::Issues(|certificate| certificate.extensions.retain(|e| e.oid != oid::KEY_USAGE)),
    [],
    |s| {
        let (wish, _, reply) = s.enrolled().await?;
        let certificate = reply.certificate_for(wish.key.spki_der())?;
        let usage = certificate.extensions().iter().find(|e| e.oid == oid::KEY_USAGE);
        let seen = usage.map_or("none", |usage| if usage.critical { "" } else { "one that is not critical" });
        ensure(seen.is_empty(), "a critical key usage", seen)?;
    }

    "certificates.authority-key-id", Must, ["X-c"],
    "It has the authority key identifier of its CA",
    Flaw::Issues(|certificate| certificate.extensions.retain(|e| e.oid != oid::AUTHORITY_KEY_IDENTIFIER)),
    [],
    |s| {
        let (wish, _, reply) = s.enrolled().await?;
        let certificate = reply.certificate_for(wish.key.spki_der())?;
        let issuer = s.roles().await?.issuing_ca;
        let id = certificate.authority_key_identifier();
        ensure(id.is_some(), "an authority key identifier", "none")?;
        if let Some(of_issuer) = issuer.subject_key_identifier() {
            ensure(id == Some(of_issuer), "the subject key identifier of its issuer", "another one")?;
        }
    }

    "certificates.serial-form", Must, ["X-a"],
    "Its serial number is positive and has at most 20 octets",
    Flaw::Issues(|certificate| certificate.serial.extend([0x55; 16])),
    [],
    |s| {
        let (wish, _, reply) = s.enrolled().await?;
        let serial = reply.certificate_for(wish.key.spki_der())?.serial_hex();
        let certificate = reply.certificate_for(wish.key.spki_der())?;
        let octets = certificate.serial();
        let positive = octets.first().is_some_and(|first| *first < 0x80) && octets.iter().any(|o| *o != 0);
        ensure(positive && octets.len() <= 20, "a positive number of at most 20 octets", serial)?;
    }

    "certificates.no-sid", Security, [],
    "A request for Microsoft's security identifier of somebody else does not get it",
    Flaw::Rules(|rules| rules.copies_all_extensions = true),
    ["certificates.not-a-ca", "certificates.no-ca-key-usage", "certificates.no-sid-name"],
    |s| {
        let mut wish = s.wish().await?;
        let sid = write::octet_string(SID.as_bytes());
        let of_type = write::tlv(tag::context_constructed(0), &sid);
        let name = write::concat(tag::context_constructed(0), &[&write::oid(OBJECT_SID), &of_type]);
        wish.extensions = vec![Extension {
            oid: SECURITY_IDENTIFIER,
            critical: false,
            value: write::sequence(&[&name]),
        }];
        let request = s.pkcs_req(&wish).await?;
        if let Some(reply) = s.answered(&request).await?.filter(super::super::reply::Reply::granted) {
            let certificate = reply.certificate_for(wish.key.spki_der())?;
            let taken = certificate.as_der().windows(SID.len()).any(|part| part == SID.as_bytes());
            ensure(!taken, "no security identifier", "that of the request")?;
        }
    }

    "certificates.no-sid-name", Security, [],
    "A request for a security identifier as subjectAltName does not get it",
    Flaw::Rules(|rules| rules.copies_all_extensions = true),
    ["certificates.not-a-ca", "certificates.no-ca-key-usage", "certificates.no-sid"],
    |s| {
        let mut wish = s.wish().await?;
        let uri = format!("tag:microsoft.com,2022-09-14:sid:{SID}");
        wish.extensions = vec![Extension::subject_alt_name(&[GeneralName::Uri(uri)])];
        let request = s.pkcs_req(&wish).await?;
        if let Some(reply) = s.answered(&request).await?.filter(super::super::reply::Reply::granted) {
            let certificate = reply.certificate_for(wish.key.spki_der())?;
            let taken = certificate.as_der().windows(SID.len()).any(|part| part == SID.as_bytes());
            ensure(!taken, "no security identifier", "that of the request")?;
        }
    }
}
