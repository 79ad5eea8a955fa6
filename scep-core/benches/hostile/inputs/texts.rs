//! Text: around a message, or instead of one.

use base64::Engine;
use scep_core::asn1::write::octet_string;

use super::messages::content;
use super::parts::{Signed, certificate, name};
use super::{FRAME, Kind, kind};

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
