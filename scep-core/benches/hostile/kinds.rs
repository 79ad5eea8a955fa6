//! Hostile inputs of any size, each of a kind that is meant to cost more than it should.
//!
//! What counts values in a message stops at [`Limits`](scep_core::limits::Limits): values of eleven
//! octets are as many as a message of a megabyte may have; smaller ones are refused there.

use base64::Engine;
use scep_core::asn1::tag;
use scep_core::asn1::write::{self, octet_string, sequence, tlv};
use scep_core::oid;

use super::parts::{
    Signed, attribute, certificate, content_info, envelope, fill, indefinite, name, rdn,
};

/// A kind of input, and how to make one of about so many octets.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) make: fn(usize) -> Vec<u8>,
}

const fn kind(name: &'static str, make: fn(usize) -> Vec<u8>) -> Kind {
    Kind { name, make }
}

/// What messages have besides what the kind is about.
const FRAME: usize = 700;

/// As many certificates as the limits allow.
const CERTIFICATES: usize = 60;

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

/// What is text around a message, or instead of one.
pub(crate) const TEXTS: &[Kind] = &[
    kind("PEM, many blocks", |size| {
        let block = scep_core::x509::pem::encode("CERTIFICATE", &certificate(&name("a"), &[]));
        block.repeat(size / block.len()).into_bytes()
    }),
    kind("PEM, short lines", |size| {
        let lines = "MA==\n".repeat(size / 5).replace("==", "AA");
        format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n").into_bytes()
    }),
    kind("base64, one octet a line", |size| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(Signed::default().encode());
        let mut out: String = encoded.chars().flat_map(|c| [c, '\n']).collect();
        out.push_str(&" ".repeat(size - out.len()));
        out.into_bytes()
    }),
    kind("hexadecimal", |size| {
        content(octet_string(&vec![7; size / 2 - FRAME]))
            .iter()
            .flat_map(|octet| format!("{octet:02x}").into_bytes())
            .collect()
    }),
    kind("a log line", |size| {
        let encoded = base64::engine::general_purpose::STANDARD
            .encode(content(octet_string(&vec![7; size / 4 - FRAME])));
        let escaped: String = encoded
            .bytes()
            .map(|octet| format!("%{octet:02x}"))
            .collect();
        format!("GET /scep?operation=PKIOperation&message={escaped} HTTP/1.1").into_bytes()
    }),
];

/// GetCACaps replies.
pub(crate) const CAPABILITIES: &[Kind] = &[
    kind("one-letter words", |size| b"A ".repeat(size / 2)),
    kind("blanks", |size| vec![b' '; size]),
    kind("octets that are no text", |size| vec![0xff; size]),
];

/// Queries of GET requests.
pub(crate) const QUERIES: &[Kind] = &[
    kind("many parameters", |size| {
        let mut out = b"a&".repeat(size / 2 - 40);
        out.extend(b"operation=PKIOperation&message=MAAA");
        out
    }),
    kind("escaped message", |size| {
        let mut out = b"operation=PKIOperation&message=".to_vec();
        out.extend(b"%4D%41%41%41".repeat(size / 12 - 3));
        out
    }),
    kind("message with blanks", |size| {
        let mut out = b"operation=PKIOperation&message=".to_vec();
        out.extend(b"+ +%0A%0D".repeat(size / 9 - 4));
        out
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

fn data(values: &[u8]) -> Vec<u8> {
    content_info(oid::DATA, &sequence(&[values]))
}

fn signed(parts: Signed) -> Vec<u8> {
    parts.encode()
}

fn content(content: Vec<u8>) -> Vec<u8> {
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
