//! CMS messages in parts that can each be made otherwise: what encoders never write, suites have to.

mod envelope;
mod parts;
mod peek;
mod request;
mod signed_data;

use scep_core::asn1::tag;

pub use envelope::{Envelope, key_transport_info, password_info};
pub use parts::Parts;
pub use peek::Peek;
pub use request::RequestParts;
pub use signed_data::{Signature, SignedParts, SignerParts, version_of};

/// The names in some DER with strings of another type: PrintableString for UTF8String, and the other way
/// round. Same text, other octets.
#[must_use]
pub fn restrung(der: &[u8]) -> Vec<u8> {
    let mut der = der.to_vec();
    // an AttributeTypeAndValue of three octets of OID (2.5.4.x) and a string
    let types: Vec<usize> = der
        .windows(4)
        .enumerate()
        .filter(|(_, window)| window.starts_with(&[6, 3, 0x55, 4]))
        .map(|(at, _)| at + 5)
        .collect();
    for at in types {
        if let Some(octet) = der.get_mut(at) {
            *octet = match *octet {
                tag::PRINTABLE_STRING => tag::UTF8_STRING,
                tag::UTF8_STRING => tag::PRINTABLE_STRING,
                other => other,
            };
        }
    }
    der
}
