//! BER and DER: reading what was sent, writing DER.
//!
//! [`transcode`] turns any BER into DER once, in front of every decoder; [`Reader`] then slices the
//! DER without copying, so that what was signed stays the octets that were received; [`mod@write`]
//! makes DER.

mod parts;
mod reader;
pub mod tag;
mod time;
mod transcode;
pub mod write;

pub(crate) use parts::Parts;
pub use reader::{Reader, Tlv};
pub use time::decode_time;
pub use transcode::{Transcoded, transcode};

/// The tag of the first value inside a SEQUENCE, BER or DER, as far as it can be told by a glance at
/// the headers.
pub(crate) fn first_inner_tag(input: &[u8]) -> Option<u8> {
    match input {
        [tag::SEQUENCE, 0x00..=0x80, inner, ..] => Some(*inner),
        [tag::SEQUENCE, long, rest @ ..] => rest.get(usize::from(long & 0x7f)).copied(),
        _ => None,
    }
}

/// Whether an octet may stand in a PrintableString.
#[must_use]
pub const fn is_printable(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b' ' | b'\'' | b'(' | b')' | b'+' | b',' | b'-' | b'.' | b'/' | b':' | b'=' | b'?'
        )
}
