//! ASN.1 that is nothing in particular.

use scep_core::asn1::tag;
use scep_core::asn1::write::{octet_string, sequence};
use scep_core::oid;

use super::parts::{content_info, fill, indefinite};
use super::{FRAME, Kind, kind};

/// Any ASN.1 in a ContentInfo.
pub(crate) const VALUES: &[Kind] = &[
    kind("nested 40 deep", |size| {
        let leaf = octet_string(&[5; 400]);
        let nested = (0..40).fold(leaf, |inner, _| sequence(&[&inner]));
        data(&fill(size - FRAME, |_| nested.clone()))
    }),
    kind("nested 40 deep, indefinite", |size| {
        let leaf = octet_string(&[5; 400]);
        data(&fill(size - FRAME, |_| {
            indefinite(tag::SEQUENCE, 40, &leaf)
        }))
    }),
    kind("values of 11 octets", |size| {
        data(&fill(size - FRAME, |_| octet_string(&[5; 9])))
    }),
    kind("values of 2 octets", |size| {
        data(&[5, 0].repeat((size - FRAME) / 2))
    }),
    kind("indefinite, empty", |size| {
        data(&[tag::SEQUENCE, 0x80, 0, 0].repeat((size - FRAME) / 4))
    }),
    kind("indefinite, in pairs", |size| {
        data(&indefinite(tag::SEQUENCE, 2, &[]).repeat((size - FRAME) / 8))
    }),
    kind("padded lengths", |size| {
        data(&[4, 0x84, 0, 0, 0, 5, 1, 2, 3, 4, 5].repeat((size - FRAME) / 11))
    }),
    kind("padded lengths, empty", |size| {
        data(&[4, 0x81, 0].repeat((size - FRAME) / 3))
    }),
    kind("BIT STRING in segments", |size| {
        let segments = [3, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8].repeat((size - FRAME) / 11);
        data(&indefinite(0x23, 10, &segments))
    }),
    kind("strings of one segment", |size| {
        data(&[0x24, 0x80, 4, 1, 7, 0, 0].repeat((size - FRAME) / 7))
    }),
];

fn data(values: &[u8]) -> Vec<u8> {
    content_info(oid::DATA, &sequence(&[values]))
}
