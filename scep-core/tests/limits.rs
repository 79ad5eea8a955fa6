//! Lists in a message have as many members as the limits allow, and no more.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[allow(dead_code, reason = "made for other inputs as well")]
#[path = "../benches/hostile/inputs/parts.rs"]
mod parts;

use parts::{Signed, attribute, certificate, envelope, name};
use scep_core::asn1::write::{octet_string, sequence};
use scep_core::cms::{ContentInfo, EnvelopedData, SignedData};
use scep_core::limits::Limits;
use scep_core::{Error, Result, oid};

const LIMITS: Limits = Limits {
    certificates: 5,
    members: 9,
    ..Limits::DEFAULT
};

/// So many signed attributes does every message of [`Signed`] have.
const ATTRIBUTES: usize = 5;

/// Checks that `decode` takes `most` members, and names what is too large with one more.
fn bounded<T>(most: usize, what: &str, decode: impl Fn(usize) -> Result<T>) {
    assert!(decode(most).is_ok(), "{what}");
    match decode(most + 1).map(|_| ()) {
        Err(Error::TooLarge { what: found, .. }) => assert_eq!(found, what),
        other => panic!("{what}: {other:?}"),
    }
}

/// The SignedData, not its members: a pkiMessage has one signer anyway.
fn signed(parts: Signed) -> Result<usize> {
    let message = parts.encode();
    let info = ContentInfo::decode(&message, &LIMITS)?;
    SignedData::from_content_info(&info, "a message", &LIMITS).map(|data| data.signers.len())
}

#[test]
fn members_of_a_signed_data_are_bounded() {
    bounded(5, "the number of certificates", |count| {
        signed(Signed {
            certificates: certificate(&name("a"), &[]).repeat(count),
            ..Signed::default()
        })
    });
    bounded(9, "the number of CRLs", |count| {
        signed(Signed {
            crls: [0x30, 0].repeat(count),
            ..Signed::default()
        })
    });
    bounded(8, "the number of signers", |further| {
        let algorithm = [0x30, 3, 6, 1, 0x2a];
        let signer = sequence(&[&[2, 1, 3], &[0x80, 0], &algorithm, &algorithm, &[4, 0]]);
        signed(Signed {
            signers: signer.repeat(further),
            ..Signed::default()
        })
    });
    bounded(
        9 - ATTRIBUTES,
        "the number of signed attributes",
        |further| {
            signed(Signed {
                attributes: attribute(oid::CHALLENGE_PASSWORD, &octet_string(b"x")).repeat(further),
                ..Signed::default()
            })
        },
    );
    bounded(9, "the number of values of an attribute", |count| {
        signed(Signed {
            attributes: attribute(oid::CHALLENGE_PASSWORD, &octet_string(b"x").repeat(count)),
            ..Signed::default()
        })
    });
}

#[test]
fn recipients_are_bounded() {
    bounded(9, "the number of recipients", |count| {
        let message = envelope(&[0xa1, 0].repeat(count), &[0x80, 1, 7]);
        EnvelopedData::decode(&message, &LIMITS).map(|envelope| envelope.recipients.len())
    });
}
