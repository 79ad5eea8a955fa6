//! Base64 with the standard alphabet and padding, as observations and files hold octets.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

/// Octets to text.
pub(crate) fn encode(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// Text to octets; `None` if it is not base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
