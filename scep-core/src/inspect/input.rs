//! Getting at the octets, whatever they are wrapped in.

use alloc::string::String;
use alloc::vec::Vec;

use crate::asn1::tag;
use crate::error::Layer;
use crate::http::decode_message;
use crate::x509::pem;
use crate::{Error, Result};

/// What an input was wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Nothing: BER or DER.
    Binary,
    /// PEM.
    Pem,
    /// Base64.
    Base64,
    /// The `message=` parameter of a URL or log line.
    Url,
    /// Hexadecimal digits.
    Hex,
}

impl core::fmt::Display for Encoding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Binary => "binary",
            Self::Pem => "PEM",
            Self::Base64 => "base64",
            Self::Url => "base64 in a URL",
            Self::Hex => "hexadecimal",
        })
    }
}

/// Finds the octets in an input: binary, PEM (all blocks but keys), base64, hexadecimal, a URL or
/// log line with `message=`.
///
/// # Errors
/// `Malformed` if nothing of that is found.
pub fn unwrap_input(input: &[u8]) -> Result<(Encoding, Vec<Vec<u8>>)> {
    if input.is_empty() {
        return Err(Error::malformed(Layer::Asn1, "the input is empty"));
    }
    if input.first() == Some(&tag::SEQUENCE) && !input.iter().take(64).all(u8::is_ascii_graphic) {
        return Ok((Encoding::Binary, alloc::vec![input.to_vec()]));
    }
    let Ok(text) = core::str::from_utf8(input) else {
        return Ok((Encoding::Binary, alloc::vec![input.to_vec()]));
    };
    if text.contains("-----BEGIN ") {
        return from_pem(text);
    }
    if let Some(value) = message_parameter(text) {
        return Ok((Encoding::Url, alloc::vec![decode_message(value)?]));
    }
    if text.trim_start().starts_with(['<', '{']) {
        // let the CMS decoder say what this is
        return Ok((Encoding::Binary, alloc::vec![input.to_vec()]));
    }
    let compact: String = text.split_whitespace().collect();
    if let Some(octets) = from_hex(&compact) {
        return Ok((Encoding::Hex, alloc::vec![octets]));
    }
    match decode_message(&compact) {
        Ok(octets) if octets.first() == Some(&tag::SEQUENCE) => {
            Ok((Encoding::Base64, alloc::vec![octets]))
        }
        _ => Err(Error::malformed(
            Layer::Asn1,
            "a text that is no PEM, base64, hexadecimal or URL with message=",
        )),
    }
}

fn from_pem(text: &str) -> Result<(Encoding, Vec<Vec<u8>>)> {
    let blocks = pem::blocks(text)?;
    let keys = blocks
        .iter()
        .filter(|b| b.label.contains("PRIVATE KEY"))
        .count();
    let der: Vec<Vec<u8>> = blocks
        .into_iter()
        .filter(|b| !b.label.contains("KEY"))
        .map(|b| b.der)
        .collect();
    if der.is_empty() {
        return Err(Error::malformed(
            Layer::Key,
            if keys > 0 {
                "the file holds a private key and nothing else; keys are not shown"
            } else {
                "the PEM text holds nothing that can be inspected"
            },
        ));
    }
    Ok((Encoding::Pem, der))
}

/// The value of `message=` in a URL, a request line or a log line.
fn message_parameter(text: &str) -> Option<&str> {
    let start = text.find("message=")? + "message=".len();
    let rest = text.get(start..)?;
    // a log line goes on after a blank; in a URL the blank would be escaped
    let end = rest.find(['&', ' ', '"']).unwrap_or(rest.len());
    let value = rest.get(..end)?.trim_end();
    (value.len() > 64).then_some(value)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2)
        || !text.starts_with("30")
        || !text.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            core::str::from_utf8(pair)
                .ok()
                .and_then(|p| u8::from_str_radix(p, 16).ok())
        })
        .collect()
}
