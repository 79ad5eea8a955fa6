//! The client's side of GetCRL: which CRLs are believed.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::time::Duration;

use common::ask::{LATER, ask, forged, found, id, own, query, server};
use common::hand::Asked;
use common::hand::HandServer;
use common::provider::signs_with;
use common::{CA, NOW, TestRandom, certificate, key, name};
use scep_core::asn1::{tag, write};
use scep_core::client::{Answer, Found, Step, Wanted};
use scep_core::cms::{certs_only, crl_only};
use scep_core::crypto::DigestAlgorithm;
use scep_core::x509::{Certificate, Crl, CrlBuilder, Extension, KeyUsage};
use scep_core::{Error, Result, UnixTime};

fn get_crl(forge: impl Fn(&HandServer, &Asked) -> Vec<u8>) -> Result<Step<Found>> {
    forged(Wanted::Crl(id(42)), forge)
}

/// A CRL of `issuer`, signed by the key `signer`.
fn crl(issuer: &str, signer: &str, this_update: UnixTime) -> Crl {
    CrlBuilder {
        issuer: name(issuer),
        this_update,
        next_update: this_update.plus(Duration::from_secs(86_400)),
        number: 3,
        revoked: vec![(vec![42], NOW)],
        authority_key_identifier: None,
        extensions: Vec::new(),
    }
    .sign(
        key(signer).as_ref(),
        DigestAlgorithm::Sha256,
        &mut TestRandom(6),
    )
    .unwrap()
}

/// A degenerate SignedData with any certificates and CRLs.
fn bundle(certificates: &[&Certificate], crls: &[&[u8]]) -> Vec<u8> {
    let certificates: Vec<&[u8]> = certificates.iter().map(|c| c.as_der()).collect();
    let signed_data = write::sequence(&[
        &write::integer(1),
        &write::tlv(tag::SET, &[]),
        &write::sequence(&[&write::oid(scep_core::oid::DATA)]),
        &write::concat(tag::context_constructed(0), &certificates),
        &write::concat(tag::context_constructed(1), crls),
        &write::tlv(tag::SET, &[]),
    ]);
    write::sequence(&[
        &write::oid(scep_core::oid::SIGNED_DATA),
        &write::tlv(tag::context_constructed(0), &signed_data),
    ])
}

#[test]
fn a_crl_beside_certificates_is_taken_and_noted() {
    let found = found(get_crl(|server, asked| {
        let crl = crl(CA, "ca", NOW);
        let content = bundle(&[&server.ca], &[crl.as_der()]);
        server.success(asked, &content)
    }));
    assert!(found.deviations.has("crl-with-certificates"));
    assert!(matches!(found.answer, Answer::Crl(crl) if crl.is_revoked(&[42])));
}

#[test]
fn of_several_crls_the_newest_of_this_ca_is_taken() {
    let found = found(get_crl(|server, asked| {
        let day = Duration::from_secs(86_400);
        let crls = [
            crl(CA, "ca", NOW.minus(day)),
            crl(CA, "ca", NOW),
            // newer, but not of this CA, or not signed by it
            crl("CN=Other CA", "ca", NOW.plus(day)),
            crl(CA, "other", NOW.plus(day)),
        ];
        let octets: Vec<&[u8]> = crls.iter().map(Crl::as_der).collect();
        server.success(asked, &bundle(&[], &octets))
    }));
    assert!(found.deviations.has("several-crls"));
    let Answer::Crl(crl) = found.answer else {
        panic!("{:?}", found.answer)
    };
    assert_eq!(crl.this_update(), NOW);
}

#[test]
fn a_crl_of_somebody_else_is_refused() {
    for (issuer, signer) in [("CN=Other CA", "ca"), (CA, "other"), ("CN=RA", "ra")] {
        let error = get_crl(|server, asked| {
            server.success(asked, &crl_only(crl(issuer, signer, NOW).as_der()))
        });
        let error = error.unwrap_err();
        assert!(matches!(error, Error::NotAuthentic { .. }), "{error:?}");
        assert!(
            error.to_string().contains("not signed by the CA"),
            "{error}"
        );
    }
    let empty = get_crl(|server, asked| {
        server.success(asked, &certs_only(std::slice::from_ref(&server.ca)))
    });
    let text = empty.unwrap_err().to_string();
    assert!(text.contains("holds no CRL"), "{text}");
    let broken = get_crl(|server, asked| server.success(asked, &crl_only(b"\x30\x00")));
    assert!(matches!(broken, Err(Error::Malformed { .. })), "{broken:?}");
}

#[test]
fn a_crl_with_a_weak_signature_follows_the_policy() {
    if !signs_with(DigestAlgorithm::Md5) {
        return;
    }
    let error = get_crl(|server, asked| {
        let weak = CrlBuilder {
            issuer: name(CA),
            this_update: NOW,
            next_update: LATER,
            number: 1,
            revoked: Vec::new(),
            authority_key_identifier: None,
            extensions: Vec::new(),
        }
        .sign(key("ca").as_ref(), DigestAlgorithm::Md5, &mut TestRandom(6))
        .unwrap();
        server.success(asked, &crl_only(weak.as_der()))
    });
    assert!(
        matches!(error, Err(Error::ForbiddenByPolicy { .. })),
        "{error:?}"
    );
}

#[test]
fn an_old_crl_is_noted_and_so_is_a_ca_that_may_not_sign_crls() {
    let day = Duration::from_secs(86_400);
    for at in [NOW.minus(day * 2), NOW.plus(day)] {
        let found = found(get_crl(|server, asked| {
            server.success(asked, &crl_only(crl(CA, "ca", at).as_der()))
        }));
        assert!(found.deviations.has("crl-not-valid-now"));
    }
    let mut server = server();
    let ca = key("ca");
    let usage = KeyUsage::KEY_CERT_SIGN | KeyUsage::KEY_ENCIPHERMENT;
    server.ca = certificate(
        CA,
        CA,
        ca.as_ref(),
        ca.as_ref(),
        1,
        vec![
            Extension::basic_constraints(true, None),
            Extension::key_usage(usage),
        ],
    );
    let mut query = query(server.server_params(), Wanted::Crl(id(42)), own(&server));
    let (step, _) = ask(&mut query, |request| {
        server.greeting(request).unwrap_or_else(|| {
            let content = crl_only(crl(CA, "ca", NOW).as_der());
            server.success(&server.asked(request), &content)
        })
    });
    assert!(found(step).deviations.has("crl-issuer-without-crl-sign"));
}
