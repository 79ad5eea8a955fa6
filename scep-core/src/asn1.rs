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

/// Whether an octet may stand in a PrintableString.
#[must_use]
pub const fn is_printable(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b' ' | b'\'' | b'(' | b')' | b'+' | b',' | b'-' | b'.' | b'/' | b':' | b'=' | b'?'
        )
}
