//! What a client asks for (RFC 8894 sections 2.4 and 3.3.1, PKCS #10).

use scep_core::asn1::{Reader, tag};
use scep_core::x509::{CertificationRequest, Name};

use super::checks;
use crate::by_hand::version_of;
use crate::client_suite::{Flaw, Seen};
use crate::server_suite::ensure;
use crate::verdict::Stop;

fn csr(seen: &Seen<'_>) -> Result<CertificationRequest, Stop> {
    let none = || Stop::unlike("a certification request", "none that can be read");
    seen.first()?.csr.ok_or_else(none)
}

/// The encoded CertificationRequestInfo.
fn info(csr: &CertificationRequest) -> Vec<u8> {
    let outer = Reader::new(csr.as_der()).next("the request");
    let info = outer.and_then(|outer| {
        outer
            .reader()
            .next("its info")
            .map(|info| info.raw.to_vec())
    });
    info.unwrap_or_default()
}

checks! {
    "csr.challenge", Must, ["R-2.1.1-b", "R-2.4-a", "R-2.4-c", "R-3.3.1-a", "R-3.3.1-d", "P-d"],
    "The challenge password is in the certification request",
    Any * 1, |_| {},
    |seen| {
        let csr = csr(seen)?;
        let sent = csr.challenge_password().map(|password| password.expose() == seen.challenge());
        ensure(sent == Some(true), "the challenge password", if sent.is_some() { "another one" } else { "none" })?;
    },
    Flaw::Asks(|csr| csr.attributes = Some(Vec::new())), ["csr.challenge-string"]

    "csr.challenge-string", Should, ["P-e"],
    "A challenge password of letters and digits is a PrintableString",
    Any * 1, |_| {},
    |seen| {
        let string = csr(seen)?.challenge_tag();
        ensure(string == Some(tag::PRINTABLE_STRING), "tag 0x13", string.map_or_else(|| "none".to_owned(), |tag| format!("{tag:#04x}")))?;
    },
    Flaw::Asks(|csr| for attribute in csr.attributes.iter_mut().flatten() {
        // the string follows the OID and the header of the SET
        let at = attribute.iter().position(|octet| *octet == tag::PRINTABLE_STRING);
        if let Some(octet) = at.and_then(|at| attribute.get_mut(at)) { *octet = tag::UTF8_STRING; }
    }), []

    "csr.signature", Must, ["P-c"],
    "The certification request is signed with its own key",
    Any * 1, |_| {},
    |seen| { ensure(csr(seen)?.verify(seen.provider()).is_ok(), "a signature that is right", "one that is not")?; },
    Flaw::Sends(|request| if request.message_type == "19"
        && let Some(last) = request.plain.last_mut() { *last ^= 1; }), []

    "csr.version", Must, ["P-a"],
    "Its version is 0",
    Any * 1, |_| {},
    |seen| {
        let version = version_of(&info(&csr(seen)?));
        ensure(version == Some(0), "0", version.map_or_else(|| "none".to_owned(), |v| v.to_string()))?;
    },
    Flaw::Asks(|csr| csr.version = 1), []

    "csr.attributes", Must, ["P-b"],
    "The field for attributes is there",
    Any * 1, |_| {},
    |seen| {
        let info = info(&csr(seen)?);
        let mut fields = Reader::new(&info).next("the info").map_err(|e| Stop::unlike("DER", e))?.reader();
        let mut last = 0;
        while let Some(tag) = fields.peek() {
            last = tag;
            fields.next("a field").map_err(|e| Stop::unlike("DER", e))?;
        }
        ensure(last == tag::context_constructed(0), "attributes [0]", format!("{last:#04x} at the end"))?;
    },
    Flaw::Asks(|csr| csr.attributes = None), ["csr.challenge", "csr.challenge-string"]

    "csr.subject", Must, ["R-3.3.1-b", "R-3.3.1-c"],
    "It has a subject",
    Any * 1, |_| {},
    |seen| { ensure(!csr(seen)?.subject().is_empty(), "a subject", "an empty one")?; },
    Flaw::Asks(|csr| csr.subject = Name::empty()), ["messages.self-signed-subject", "pending.data"]
}
