//! CertReps that a client takes, and such as it must not (RFC 8894 section 3.2, RFC 5652).

use std::sync::Arc;

use scep_core::asn1::{tag, write};
use scep_core::cms::{self, Attribute, EnvelopedData};
use scep_core::crypto::{ContentCipher, DigestAlgorithm};
use scep_core::limits::Limits;
use scep_core::oid::{self, ObjectIdentifier};
use scep_core::x509::Certificate;

use super::checks;
use crate::by_hand::{Parts, Signature, SignedParts};
use crate::client_suite::Flaw;

fn printable(text: &str) -> Vec<u8> {
    write::tlv(tag::PRINTABLE_STRING, text.as_bytes())
}

/// Puts another value in the place of an attribute's.
fn replace(parts: &mut Parts<'_>, oid: ObjectIdentifier, value: Vec<u8>) {
    parts.attributes.retain(|attribute| attribute.oid != oid);
    parts.attributes.push(Attribute::new(oid, value));
}

fn leave_out(parts: &mut Parts<'_>, oid: ObjectIdentifier) {
    parts.attributes.retain(|attribute| attribute.oid != oid);
}

/// The certificates in a reply.
fn bundle(parts: &Parts<'_>) -> Vec<Certificate> {
    let plain = parts.plain.as_deref().unwrap_or_default();
    cms::certs_only_certificates(plain, &Limits::DEFAULT).unwrap_or_default()
}

/// Whether a reply is encrypted so.
fn in_cipher(parts: &SignedParts, cipher: ContentCipher) -> bool {
    let content = parts.content.as_deref().unwrap_or_default();
    let envelope = EnvelopedData::decode(content, &Limits::DEFAULT);
    envelope.is_ok_and(|envelope| envelope.cipher().is_ok_and(|(of, _)| of == cipher))
}

checks! {
    // ---------------------------------------------------------------- what has to be taken

    "replies.ber", Must, ["C-s", "C-e"],
    "A reply in BER, with indefinite lengths and its content in parts, is taken",
    Accept * 1, |case| { case.octets = |octets| scep_server_mock::with_indefinite_lengths(&octets); }, |_| {},
    Flaw::Picky(|reading| reading.came(|http| http.body.starts_with(&[0x30, 0x80]))), []

    "replies.no-certificates", Must, ["R-3-d"],
    "A reply without certificates is verified with the one of GetCACert",
    Accept * 1, |case| { case.reply = |parts| parts.certificates.clear(); }, |_| {},
    Flaw::Picky(|reading| reading.written(|reply| reply.certificates.is_empty())), []

    "replies.no-sender-nonce", Must, ["R-3.2.1-d"],
    "A reply without a senderNonce is taken",
    Accept * 1, |case| { case.reply = |parts| leave_out(parts, oid::SENDER_NONCE); }, |_| {},
    Flaw::Picky(|reading| reading.written(|reply| reply.value(oid::SENDER_NONCE).is_none())), []

    "replies.signature-algorithm", Must, ["C-h"],
    "A reply whose signatureAlgorithm is sha256WithRSAEncryption is taken",
    Accept * 1, |case| { case.written = |parts| for signer in &mut parts.signers {
        signer.signature_algorithm = write::algorithm(oid::SHA_256_WITH_RSA, write::NULL);
    }; }, |_| {},
    Flaw::Picky(|reading| reading.written(|reply| reply.signers.iter().any(|signer| {
        signer.signature_algorithm == write::algorithm(oid::SHA_256_WITH_RSA, write::NULL)
    }))), []

    "replies.no-parameters", Must, ["C-h"],
    "A reply whose digestAlgorithm has no parameters is taken",
    Accept * 1, |case| { case.written = |parts| for signer in &mut parts.signers {
        signer.digest_algorithm = write::algorithm(oid::SHA_256, &[]);
        parts.digest_algorithms = vec![signer.digest_algorithm.clone()];
    }; }, |_| {},
    Flaw::Picky(|reading| reading.written(|reply| reply.signers.iter().any(|signer| {
        signer.digest_algorithm == write::algorithm(oid::SHA_256, &[])
    }))), []

    "replies.signer-by-key-id", Robustness, ["C-a", "C-b"],
    "A reply that names its signer by key identifier is taken",
    Accept * 1, |case| {
        case.reply = |parts| {
            // the case's CA: its identifier is the hash of its key
            parts.certificates = vec![parts.signer.certificate.clone()];
        };
        case.written = |parts| {
            let certificate = parts.certificates.first().and_then(|c| Certificate::from_der(c).ok());
            let id = certificate.and_then(|c| c.subject_key_identifier()).unwrap_or_default();
            parts.version = 3;
            for signer in &mut parts.signers {
                signer.version = 3;
                signer.sid = write::tlv(tag::context(0), &id);
            }
        };
    }, |_| {},
    Flaw::Picky(|reading| reading.written(|reply| reply.signers.iter().any(|signer| signer.version == 3))), []

    "replies.unsorted", Robustness, ["C-c"],
    "A reply whose signed attributes are in another order than DER's is taken or refused",
    Either * 1, |case| { case.written = |parts| parts.change_attributes(|attributes| attributes.reverse()); }, |_| {},
    Flaw::Crashes(|reading| reading.written(|reply| reply.signers.iter().any(|signer| {
        signer.attributes.as_ref().is_some_and(|attributes| !attributes.is_sorted())
    }))), []

    "replies.more-attributes", Robustness, [],
    "A reply with attributes that only Microsoft knows is taken",
    Accept * 1, |case| { case.reply = |parts| {
        parts.attributes.push(Attribute::new(oid::MS_SCEP_SERVER_MESSAGE, write::tlv(tag::UTF8_STRING, b"Issued")));
    }; }, |_| {},
    Flaw::Picky(|reading| reading.written(|reply| reply.value(oid::MS_SCEP_SERVER_MESSAGE).is_some())), []

    "replies.leaf-last", Must, ["R-3.3.2.1-a", "R-3.3.2.1-c", "R-2.5.1-b"],
    "The certificate is found by its key where the CA's comes before it",
    Accept * 1, |case| { case.reply = |parts| {
        let mut all = vec![parts.ca.certificate.clone()];
        all.extend(bundle(parts));
        parts.plain = Some(cms::certs_only(&all));
    }; }, |_| {},
    Flaw::Picky(|reading| reading.holds(|bundle| bundle.len() == 2 && bundle.first().is_some_and(Certificate::is_ca))), []

    "replies.with-chain", Robustness, ["R-3.3.2.1-b"],
    "The CA's certificate may come along",
    Accept * 1, |case| { case.reply = |parts| {
        let mut all = bundle(parts);
        all.push(parts.ca.certificate.clone());
        parts.plain = Some(cms::certs_only(&all));
    }; }, |_| {},
    Flaw::Picky(|reading| reading.holds(|bundle| bundle.len() == 2 && bundle.last().is_some_and(Certificate::is_ca))), []

    "replies.long-serial", Must, ["X-a"],
    "A certificate whose serial number has 20 octets is taken",
    Accept * 1, |case| { case.issues = |certificate| certificate.serial.extend([0x45; 4]); }, |_| {},
    Flaw::Picky(|reading| reading.holds(|bundle| bundle.iter().any(|c| c.serial().len() == 20))), []

    "replies.content-type", Robustness, ["R-4.3.1-e"],
    "A right reply as text/plain is taken or refused",
    Either * 1, |case| { case.http = |operation, response| if operation == scep_core::http::Operation::PkiOperation {
        response.headers = vec![("content-type".into(), "text/plain".into())];
    }; }, |_| {},
    Flaw::Crashes(|reading| reading.reply.is_some() && reading.came(|http| http.header("content-type") == Some("text/plain"))), []

    "replies.behind", Robustness, ["C-t"],
    "A reply with something behind it is taken or refused",
    Either * 1, |case| { case.octets = |mut octets| { octets.extend(b"-- behind --"); octets }; }, |_| {},
    Flaw::Crashes(|reading| reading.came(|http| http.body.ends_with(b"-- behind --"))), []

    "replies.restrung-signer", Robustness, ["X-e"],
    "A reply that writes the name of its signer's issuer in another string type is taken or refused",
    Either * 1, |case| { case.written = |parts| for signer in &mut parts.signers {
        signer.sid = crate::by_hand::restrung(&signer.sid);
    }; }, |_| {},
    Flaw::Crashes(|reading| reading.written(|reply| {
        let signer = reply.signers.first();
        let sent = reply.certificates.first().and_then(|c| Certificate::from_der(c).ok());
        let named = sent.map(|c| c.issuer_and_serial().to_der());
        signer.is_some_and(|signer| signer.version == 1 && named.is_some_and(|named| named.len() == signer.sid.len()
            && named != signer.sid && signer.attributes.is_some()))
    })), []

    "replies.bundle-digests", Robustness, ["C-p", "R-3.4-a"],
    "A bundle whose digestAlgorithms is not empty is taken or refused",
    Either * 1, |case| { case.reply = |parts| if let Some(mut bundle) = parts.plain.as_deref().and_then(SignedParts::read) {
        bundle.digest_algorithms = vec![write::algorithm(oid::SHA_256, write::NULL)];
        parts.plain = bundle.encode(&mut scep_client::random::SharedRandom::default()).ok();
    }; }, |_| {},
    Flaw::Crashes(|reading| reading.plain.and_then(SignedParts::read).is_some_and(|bundle| !bundle.digest_algorithms.is_empty())), []

    // ---------------------------------------------------------------- what must not be taken

    "replies.other-nonce", Must, ["R-3.2.1-i", "R-3.2.1.5-b", "R-3.2.1.5-c", "R-3.2.1.5-d", "R-3.2.1.5-e"],
    "A reply with another recipientNonce is refused",
    Refuse * 1, |case| { case.reply = |parts| replace(parts, oid::RECIPIENT_NONCE, write::octet_string(&[5; 16])); }, |_| {},
    Flaw::Lax(|lax| lax.any_nonce = true), ["replies.no-nonce", "pending.other-nonce"]

    "replies.no-nonce", Must, ["R-3.2.1-i"],
    "A reply without a recipientNonce is refused",
    Refuse * 1, |case| { case.reply = |parts| leave_out(parts, oid::RECIPIENT_NONCE); }, |_| {},
    Flaw::Lax(|lax| lax.any_nonce = true), ["replies.other-nonce", "pending.other-nonce"]

    "replies.other-id", Must, ["R-3.2.1.1-d"],
    "A reply with another transactionID is refused",
    Refuse * 1, |case| { case.reply = |parts| replace(parts, oid::TRANSACTION_ID, printable("SOMEBODY-ELSE")); }, |_| {},
    Flaw::Lax(|lax| lax.any_id = true), ["replies.no-id"]

    "replies.no-id", Must, ["R-3.2.1-a"],
    "A reply without a transactionID is refused",
    Refuse * 1, |case| { case.reply = |parts| leave_out(parts, oid::TRANSACTION_ID); }, |_| {},
    Flaw::Lax(|lax| lax.any_id = true), ["replies.other-id"]

    "replies.type-19", Must, ["R-3.2.1.2-b", "R-3-c"],
    "A reply that says it is a PKCSReq is refused",
    Refuse * 1, |case| { case.reply = |parts| replace(parts, oid::MESSAGE_TYPE, printable("19")); }, |_| {},
    Flaw::Lax(|lax| lax.any_type = true), ["replies.type-99", "replies.no-type"]

    "replies.type-99", Must, ["R-3.2.1.2-c"],
    "A reply of a type that does not exist is refused",
    Refuse * 1, |case| { case.reply = |parts| replace(parts, oid::MESSAGE_TYPE, printable("99")); }, |_| {},
    Flaw::Lax(|lax| lax.any_type = true), ["replies.type-19", "replies.no-type"]

    "replies.no-type", Must, ["R-3.2.1-b", "R-3.2.1.2-a"],
    "A reply without a messageType is refused",
    Refuse * 1, |case| { case.reply = |parts| leave_out(parts, oid::MESSAGE_TYPE); }, |_| {},
    Flaw::Lax(|lax| lax.any_type = true), ["replies.type-19", "replies.type-99"]

    "replies.no-status", Must, ["R-3.2.1-f", "R-3.2.1.3-a"],
    "A reply without a pkiStatus is refused",
    Refuse * 1, |case| { case.reply = |parts| leave_out(parts, oid::PKI_STATUS); }, |_| {},
    Flaw::Lax(|lax| lax.any_status = true), ["replies.status-1", "replies.status-4", "failures.with-certificate", "pending.with-certificate"]

    "replies.status-1", Must, ["R-3.2.1.3-b", "R-3.2.1.3-d"],
    "A reply with pkiStatus 1 is refused, though a certificate is in it",
    Refuse * 1, |case| { case.reply = |parts| replace(parts, oid::PKI_STATUS, printable("1")); }, |_| {},
    Flaw::Lax(|lax| lax.any_status = true), ["replies.no-status", "replies.status-4", "failures.with-certificate", "pending.with-certificate"]

    "replies.status-4", Must, ["R-3.2.1.3-d"],
    "A reply with pkiStatus 4 is refused, though a certificate is in it",
    Refuse * 1, |case| { case.reply = |parts| replace(parts, oid::PKI_STATUS, printable("4")); }, |_| {},
    Flaw::Lax(|lax| lax.any_status = true), ["replies.no-status", "replies.status-1", "failures.with-certificate", "pending.with-certificate"]

    "replies.stranger", Must, ["R-3.1-e"],
    "A reply that a stranger signed is refused",
    Refuse * 1, |case| { case.reply = |parts| {
        parts.signer = parts.stranger.clone();
        parts.certificates = vec![parts.stranger.certificate.clone()];
    }; }, |_| {},
    Flaw::Lax(|lax| lax.any_signer = true), []

    "replies.own-signature", Security, [],
    "A reply that names the client's own certificate as its signer's is refused",
    Refuse * 1, |case| {
        case.reply = |parts| parts.certificates = vec![parts.receiver.clone()];
        case.written = |parts| {
            let certificate = parts.certificates.first().and_then(|c| Certificate::from_der(c).ok());
            if let (Some(certificate), [signer]) = (certificate, parts.signers.as_mut_slice()) {
                signer.sid = certificate.issuer_and_serial().to_der();
            }
        };
    }, |_| {},
    Flaw::Lax(|lax| {
        lax.any_signer = true;
        lax.any_signature = true;
    }), ["replies.stranger", "replies.other-signature"]

    "replies.other-signature", Must, ["R-2.3-j", "R-3.1-e"],
    "A reply whose signature is over something else is refused",
    Refuse * 1, |case| { case.signed = |parts| for signer in &mut parts.signers {
        if let Signature::Octets(octets) = &mut signer.signature
            && let Some(last) = octets.last_mut() { *last ^= 1; }
    }; }, |_| {},
    Flaw::Lax(|lax| lax.any_signature = true), []

    "replies.unsigned-attributes", Must, ["R-3.2-f", "R-3.2.1-j"],
    "A reply whose attributes are not signed is refused",
    Refuse * 1, |case| { case.written = |parts| for signer in &mut parts.signers {
        signer.unsigned = signer.attributes.take().unwrap_or_default();
    }; }, |_| {},
    Flaw::Lax(|lax| {
        lax.unsigned = true;
        lax.any_type = true;
        lax.any_id = true;
        lax.any_nonce = true;
        lax.any_status = true;
    }), ["replies.no-signer", "replies.type-19", "replies.type-99", "replies.no-type", "replies.other-id", "replies.no-id",
         "replies.other-nonce", "replies.no-nonce", "replies.no-status", "replies.status-1", "replies.status-4",
         "failures.with-certificate", "pending.with-certificate", "pending.other-nonce"]

    "replies.no-signer", Must, ["C-i"],
    "A reply without a signer is refused",
    Refuse * 1, |case| { case.written = |parts| parts.signers.clear(); }, |_| {},
    Flaw::Lax(|lax| {
        lax.unsigned = true;
        lax.any_type = true;
        lax.any_id = true;
        lax.any_nonce = true;
        lax.any_status = true;
    }), ["replies.unsigned-attributes", "replies.type-19", "replies.type-99", "replies.no-type", "replies.other-id",
         "replies.no-id", "replies.other-nonce", "replies.no-nonce", "replies.no-status", "replies.status-1",
         "replies.status-4", "failures.with-certificate", "pending.with-certificate", "pending.other-nonce"]

    "replies.two-signers", Must, ["C-i"],
    "A reply with two signers is refused",
    Refuse * 1, |case| { case.written = |parts| if let Some(first) = parts.signers.first().cloned() {
        parts.signers.push(first);
    }; }, |_| {},
    Flaw::Lax(|lax| lax.two_signers = true), []

    "replies.other-digest", Must, ["C-d", "C-e"],
    "A reply whose messageDigest is not that of its content is refused",
    Refuse * 1, |case| { case.written = |parts| parts.set(oid::MESSAGE_DIGEST, write::octet_string(&[0x5c; 32])); }, |_| {},
    Flaw::Lax(|lax| lax.any_digest = true), []

    "replies.other-content-type", Must, ["R-3.2-b", "R-3.2.1-e", "C-d"],
    "A reply whose contentType attribute is not its eContentType is refused",
    Refuse * 1, |case| { case.written = |parts| parts.set(oid::CONTENT_TYPE, write::oid(oid::SIGNED_DATA)); }, |_| {},
    Flaw::Lax(|lax| lax.any_content_type = true), []

    "replies.for-another", Must, ["R-2.3-m"],
    "A reply that is encrypted to somebody else brings no certificate",
    Refuse * 1, |case| { case.reply = |parts| parts.receiver = parts.stranger.certificate.clone(); }, |_| {},
    Flaw::Lax(|lax| lax.no_certificate = true),
    ["replies.no-bundle", "replies.bare", "replies.no-envelope", "replies.one-octet", "replies.no-certificate", "replies.other-key",
     "replies.no-encryption-padding", "replies.single-des"]

    "replies.bare", Security, ["R-3.1-f", "R-3.2-c"],
    "A certificate that is not encrypted is refused",
    Refuse * 1, |case| { case.reply = |parts| parts.content = parts.plain.take(); }, |_| {},
    Flaw::Lax(|lax| lax.bare = true), []

    "replies.no-envelope", Must, ["R-3-c", "R-3.2-d"],
    "SUCCESS without a certificate in it is no success",
    Refuse * 1, |case| { case.reply = |parts| parts.plain = None; }, |_| {},
    Flaw::Lax(|lax| lax.no_certificate = true),
    ["replies.no-bundle", "replies.bare", "replies.for-another", "replies.one-octet", "replies.no-certificate", "replies.other-key",
     "replies.no-encryption-padding", "replies.single-des"]

    "replies.one-octet", Robustness, ["R-3.2-d"],
    "SUCCESS with one octet in the place of the envelope is no success",
    Refuse * 1, |case| { case.reply = |parts| {
        parts.plain = None;
        parts.content = Some(vec![0]);
    }; }, |_| {},
    Flaw::Lax(|lax| lax.no_certificate = true),
    ["replies.bare", "replies.for-another", "replies.no-envelope", "replies.no-certificate", "replies.other-key", "replies.no-encryption-padding", "replies.single-des", "replies.no-bundle"]

    "replies.no-certificate", Must, ["R-3.3.2.1-a"],
    "An envelope with an empty bundle brings no certificate",
    Refuse * 1, |case| { case.reply = |parts| parts.plain = Some(cms::certs_only(&[])); }, |_| {},
    Flaw::Lax(|lax| lax.no_certificate = true),
    ["replies.bare", "replies.for-another", "replies.no-envelope", "replies.one-octet", "replies.other-key", "replies.no-encryption-padding", "replies.single-des", "replies.no-bundle"]

    "replies.no-bundle", Must, ["R-3.2.2-c"],
    "An envelope with something else than a bundle of certificates brings no certificate",
    Refuse * 1, |case| { case.reply = |parts| parts.plain = Some(b"congratulations".to_vec()); }, |_| {},
    Flaw::Lax(|lax| lax.no_certificate = true),
    ["replies.no-bundle", "replies.no-bundle", "replies.no-bundle", "replies.bare", "replies.for-another", "replies.no-envelope", "replies.one-octet", "replies.no-certificate",
     "replies.no-encryption-padding", "replies.other-key", "replies.single-des"]

    "replies.no-encryption-padding", Must, ["C-n"],
    "An envelope whose content does not decrypt brings no certificate",
    Refuse * 1, |case| { case.enveloped = |envelope| if let Some(octets) = &mut envelope.ciphertext
        && let Some(last) = octets.last_mut() { *last ^= 0xff; }; }, |_| {},
    Flaw::Lax(|lax| lax.no_certificate = true),
    ["replies.bare", "replies.for-another", "replies.no-envelope", "replies.one-octet", "replies.no-certificate", "replies.other-key", "replies.single-des", "replies.no-bundle"]

    "replies.other-key", Must, ["X-g"],
    "A certificate for another key is refused",
    Refuse * 1, |case| { case.issues = |certificate| certificate.spki = other_key(); }, |_| {},
    Flaw::Lax(|lax| lax.any_key = true), ["replies.other-ca"]

    "replies.other-ca", Must, ["X-g"],
    "A certificate that another CA signed is refused",
    Refuse * 1, |case| { case.issuer = |layout| Arc::clone(&layout.stranger.key); }, |_| {},
    Flaw::Lax(|lax| lax.any_certificate_issuer = true), []

    "replies.single-des", Must, ["R-2.9-j"],
    "A certificate that is encrypted in single DES is refused",
    Refuse * 1, |case| { case.reply = |parts| parts.cipher = ContentCipher::DesCbc; }, |_| {},
    Flaw::Lax(|lax| lax.des = true), []

    "replies.md5", Must, ["R-2.9-k"],
    "A reply that is signed with MD5 is refused",
    Refuse * 1, |case| { case.reply = |parts| parts.digest = DigestAlgorithm::Md5; }, |_| {},
    Flaw::Lax(|lax| lax.md5 = true), []

    "replies.des3", Robustness, ["R-2.9-h"],
    "A reply in triple DES to a message in AES is taken or refused",
    Either * 1, |case| { case.reply = |parts| parts.cipher = ContentCipher::DesEde3Cbc; }, |_| {},
    Flaw::Crashes(|reading| reading.written(|reply| in_cipher(reply, ContentCipher::DesEde3Cbc))), []

    "replies.empty", Robustness, ["R-3.5.2-x"],
    "An empty body with status 200, as NDES of 2012 sends it, ends the enrollment",
    Refuse * 1, |case| { case.octets = |_| Vec::new(); }, |_| {},
    Flaw::Crashes(|reading| reading.came(|http| http.status == 200 && http.body.is_empty()
        && http.header("content-type") == Some("application/x-pki-message"))), []

    "replies.html", Robustness, [],
    "A page of HTML with status 200 ends the enrollment",
    Refuse * 1, |case| { case.octets = |_| b"<html><head><title>Sign in</title></head></html>".to_vec(); }, |_| {},
    Flaw::Crashes(|reading| reading.came(|http| http.body.starts_with(b"<html>")
        && http.header("content-type") == Some("application/x-pki-message"))), []

    "replies.status-500", Robustness, [],
    "A right reply with HTTP 500 is taken, as it speaks for itself, or refused",
    Either * 1, |case| { case.http = |operation, response| if operation == scep_core::http::Operation::PkiOperation {
        response.status = 500;
    }; }, |_| {},
    Flaw::Crashes(|reading| reading.came(|http| http.status == 500)), []

    "replies.half", Must, ["C-t"],
    "A reply that ends in the middle is refused",
    Refuse * 1, |case| { case.octets = |mut octets| { octets.truncate(octets.len() / 2); octets }; }, |_| {},
    Flaw::Crashes(|reading| reading.came(|http| http.body.starts_with(&[0x30, 0x82]) && http.body.len() > 900
        && SignedParts::read(&http.body).is_none() && !http.body.ends_with(&[0; 64])
        && Certificate::from_der(&http.body).is_err())), []

    "replies.nested", Security, ["C-t"],
    "Ten thousand nested sequences are refused",
    Refuse * 1, |case| { case.octets = |_| [[0x30, 0x80].repeat(10_000), [0, 0].repeat(10_000)].concat(); }, |_| {},
    Flaw::Crashes(|reading| reading.came(|http| http.body.starts_with(&[0x30, 0x80, 0x30, 0x80, 0x30, 0x80]))), []

    "replies.large", Security, ["C-t"],
    "A body of ten megabytes is refused",
    Refuse * 1, |case| { case.octets = |_| vec![0x30; 10 << 20]; }, |_| {},
    Flaw::Lax(|lax| lax.reads_everything = true), []
}

/// A public key that nobody here has.
fn other_key() -> Vec<u8> {
    // the modulus is odd and of 2048 bits, and that is all that is known of it
    let mut modulus = vec![0xc5; 256];
    if let Some(last) = modulus.last_mut() {
        *last = 0xc7;
    }
    let key = write::sequence(&[&write::unsigned_integer(&modulus), &write::integer(65_537)]);
    write::sequence(&[
        &write::algorithm(oid::RSA_ENCRYPTION, write::NULL),
        &write::bit_string(&key),
    ])
}
