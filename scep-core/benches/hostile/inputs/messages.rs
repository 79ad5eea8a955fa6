//! pkiMessages, and envelopes.

use scep_core::asn1::tag;
use scep_core::asn1::write::{octet_string, sequence, tlv};
use scep_core::oid;

use super::parts::{Signed, attribute, certificate, envelope, fill, indefinite, name, rdn};
use super::{FRAME, Kind, kind};

/// As many certificates as the limits allow.
const CERTIFICATES: usize = 60;

/// pkiMessages.
pub(crate) const MESSAGES: &[Kind] = &[
    kind("one large content", |size| {
        content(octet_string(&vec![7; size - FRAME]))
    }),
    kind("content in segments of 1000", |size| {
        let segment = octet_string(&[7; 996]);
        content(indefinite(
            0x24,
            1,
            &fill(size - FRAME, |_| segment.clone()),
        ))
    }),
    kind("content in segments of 9", |size| {
        let segments = [4, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9].repeat((size - FRAME) / 11);
        content(indefinite(0x24, 1, &segments))
    }),
    kind("content in segments of 1", |size| {
        content(indefinite(0x24, 1, &[4, 1, 7].repeat((size - FRAME) / 3)))
    }),
    kind("content in segments of 0", |size| {
        content(indefinite(0x24, 1, &[4, 0].repeat((size - FRAME) / 2)))
    }),
    kind("segments nested 40 deep", |size| {
        let nested = indefinite(0x24, 40, &octet_string(&[7; 400]));
        content(indefinite(0x24, 1, &fill(size - FRAME, |_| nested.clone())))
    }),
    kind("octets after the end", |size| {
        let mut message = Signed::default().encode();
        message.resize(size, 0);
        message
    }),
    kind("unsorted attributes", |size| {
        attributes(fill(size - FRAME, |n| {
            let mut value = [6; 48];
            value[44..].copy_from_slice(&(u32::MAX - n).to_be_bytes());
            attribute(oid::CHALLENGE_PASSWORD, &octet_string(&value))
        }))
    }),
    kind("smallest attributes", |size| {
        attributes([0x30, 7, 6, 1, 0x2a, 0x31, 2, 5, 0].repeat((size - FRAME) / 9))
    }),
    kind("an attribute of many values", |size| {
        let values = [4, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9].repeat((size - FRAME) / 11);
        attributes(attribute(oid::CHALLENGE_PASSWORD, &values))
    }),
    kind("an attribute of empty values", |size| {
        let values = [5, 0].repeat((size - FRAME) / 2);
        attributes(attribute(oid::CHALLENGE_PASSWORD, &values))
    }),
    kind("certificates, names alike", |size| {
        // half of it for the name of the signer, which every issuer's name begins like
        let rdns = |octets: usize| rdn(&[b'u'; 40]).repeat(octets / 53);
        let issuer = sequence(&[&rdns((size - FRAME) / CERTIFICATES / 4), &rdn(b"other")]);
        let certificate = certificate(&issuer, &[]);
        let count = CERTIFICATES.min((size - FRAME) / 2 / certificate.len());
        signed(Signed {
            signer: sequence(&[&sequence(&[&rdns((size - FRAME) / 2)]), &[2, 1, 1]]),
            certificates: certificate.repeat(count),
            ..Signed::default()
        })
    }),
    kind("certificates, not one legible", |size| {
        let cut = sequence(&[&octet_string(&vec![1; (size - FRAME) / CERTIFICATES])]);
        certificates(cut.repeat(CERTIFICATES))
    }),
    kind("a certificate of many extensions", |size| {
        let extensions = [0x30, 7, 6, 1, 0x2a, 4, 2, 5, 0].repeat((size - FRAME) / 9);
        certificates(certificate(&name("a"), &extensions))
    }),
    kind("a certificate of empty extensions", |size| {
        let extensions = [0x30, 5, 6, 1, 0x2a, 4, 0].repeat((size - FRAME) / 7);
        certificates(certificate(&name("a"), &extensions))
    }),
    kind("a certificate of many names", |size| {
        let names = rdn(b"0123456789abcdef0123456789abc").repeat((size - FRAME) / 2 / 42);
        certificates(certificate(&sequence(&[&names]), &[]))
    }),
    kind("CRLs of 22 octets", |size| {
        signed(Signed {
            crls: tlv(tag::SEQUENCE, &octet_string(&[5; 18])).repeat((size - FRAME) / 22),
            ..Signed::default()
        })
    }),
    kind("CRLs of 2 octets", |size| {
        signed(Signed {
            crls: [0x30, 0].repeat((size - FRAME) / 2),
            ..Signed::default()
        })
    }),
    kind("many signers", |size| {
        let algorithm = [0x30, 3, 6, 1, 0x2a];
        let signer = sequence(&[&[2, 1, 3], &[0x80, 0], &algorithm, &algorithm, &[4, 0]]);
        signed(Signed {
            signers: signer.repeat((size - FRAME) / signer.len()),
            ..Signed::default()
        })
    }),
];

/// EnvelopedData.
pub(crate) const ENVELOPES: &[Kind] = &[
    kind("one large ciphertext", |size| {
        envelope(&[], &tlv(0x80, &vec![7; size - FRAME]))
    }),
    kind("ciphertext in segments of 9", |size| {
        let segments = [4, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9].repeat((size - FRAME) / 11);
        envelope(&[], &indefinite(0xa0, 1, &segments))
    }),
    kind("ciphertext in segments of 1", |size| {
        envelope(
            &[],
            &indefinite(0xa0, 1, &[4, 1, 7].repeat((size - FRAME) / 3)),
        )
    }),
    kind("many recipients", |size| {
        let algorithm = [0x30, 3, 6, 1, 0x2a];
        let id = sequence(&[&name("recipient"), &[2, 1, 1]]);
        let recipient = sequence(&[&[2, 1, 0], &id, &algorithm, &[4, 16], &[9; 16]]);
        envelope(
            &recipient.repeat((size - FRAME) / recipient.len()),
            &[0x80, 1, 7],
        )
    }),
    kind("smallest recipients", |size| {
        envelope(&[0xa1, 0].repeat((size - FRAME) / 2), &[0x80, 1, 7])
    }),
];

fn signed(parts: Signed) -> Vec<u8> {
    parts.encode()
}

pub(super) fn content(content: Vec<u8>) -> Vec<u8> {
    signed(Signed {
        content,
        ..Signed::default()
    })
}

fn attributes(attributes: Vec<u8>) -> Vec<u8> {
    signed(Signed {
        attributes,
        ..Signed::default()
    })
}

fn certificates(certificates: Vec<u8>) -> Vec<u8> {
    signed(Signed {
        certificates,
        ..Signed::default()
    })
}
