//! Certificates, certification requests and CRLs by themselves.

use scep_core::asn1::tag;
use scep_core::asn1::write::{self, octet_string, sequence, tlv};
use scep_core::oid;

use super::parts::{attribute, certificate, name};
use super::{FRAME, Kind, kind};

/// Certificates, certification requests and CRLs by themselves.
pub(crate) const STRUCTURES: &[Kind] = &[
    kind("certificate, smallest names", |size| {
        let rdn = [0x31, 7, 0x30, 5, 6, 1, 0x2a, 5, 0];
        certificate(&sequence(&[&rdn.repeat((size - FRAME) / 2 / 9)]), &[])
    }),
    kind("certificate, empty RDNs", |size| {
        certificate(&sequence(&[&[0x31, 0].repeat((size - FRAME) / 4)]), &[])
    }),
    kind("certificate, smallest extensions", |size| {
        certificate(
            &name("a"),
            &[0x30, 5, 6, 1, 0x2a, 4, 0].repeat((size - FRAME) / 7),
        )
    }),
    kind("certificate, empty alternative names", |size| {
        let names = sequence(&[&[0x82, 0].repeat((size - FRAME) / 2)]);
        certificate(
            &name("a"),
            &sequence(&[&write::oid(oid::SUBJECT_ALT_NAME), &octet_string(&names)]),
        )
    }),
    kind("certificate, long alternative name", |size| {
        let names = sequence(&[&tlv(0x82, &vec![b'a'; size - FRAME])]);
        certificate(
            &name("a"),
            &sequence(&[&write::oid(oid::SUBJECT_ALT_NAME), &octet_string(&names)]),
        )
    }),
    kind("request, many attributes", |size| {
        let attribute = attribute(
            oid::CHALLENGE_PASSWORD,
            &tlv(tag::PRINTABLE_STRING, b"secret"),
        );
        request(&attribute.repeat((size - FRAME) / attribute.len()))
    }),
    kind("request, smallest extensions", |size| {
        let extensions = [0x30, 5, 6, 1, 0x2a, 4, 0].repeat((size - FRAME) / 7);
        request(&attribute(
            oid::EXTENSION_REQUEST,
            &sequence(&[&extensions]),
        ))
    }),
    kind("request, many extension lists", |size| {
        let list = [0x30, 7, 0x30, 5, 6, 1, 0x2a, 4, 0];
        request(&attribute(
            oid::EXTENSION_REQUEST,
            &list.repeat((size - FRAME) / 9),
        ))
    }),
    kind("CRL, many entries", |size| {
        let time = tlv(tag::UTC_TIME, b"260101000000Z");
        let entry = sequence(&[&[2, 1, 1], &time]);
        let entries = sequence(&[&entry.repeat((size - FRAME) / entry.len())]);
        let algorithm = [0x30, 3, 6, 1, 0x2a];
        let tbs = sequence(&[&algorithm, &name("a"), &time, &entries]);
        sequence(&[&tbs, &algorithm, &write::bit_string(&[0])])
    }),
];

/// A certification request with these attributes, an odd key, and an odd signature.
fn request(attributes: &[u8]) -> Vec<u8> {
    let algorithm = [0x30, 3, 6, 1, 0x2a];
    let tbs = sequence(&[
        &[2, 1, 0],
        &name("a"),
        &sequence(&[&algorithm, &write::bit_string(&[0])]),
        &tlv(tag::context_constructed(0), attributes),
    ]);
    sequence(&[&tbs, &algorithm, &write::bit_string(&[0])])
}
