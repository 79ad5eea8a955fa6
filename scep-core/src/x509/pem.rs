//! PEM (RFC 7468), read the way people's files need it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine;

use crate::error::Layer;
use crate::{Error, Result};

/// One PEM block.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// The label, such as `CERTIFICATE`.
    pub label: String,
    /// The decoded content.
    pub der: Vec<u8>,
}

impl core::fmt::Debug for Block {
    /// Leaves the content out: it may be a private key.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Block")
            .field("label", &self.label)
            .field("len", &self.der.len())
            .finish_non_exhaustive()
    }
}

/// Reads all blocks of a text. Text around the blocks and CR LF line ends are accepted.
///
/// # Errors
/// `Malformed` if a block has no end, holds other than base64, or has PEM headers (an encrypted
/// key in OpenSSL's traditional format).
pub fn blocks(text: &str) -> Result<Vec<Block>> {
    let mut out = Vec::new();
    let mut open: Option<(String, String)> = None;
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        let fail =
            |what: String| Error::malformed(Layer::X509, format!("PEM line {}: {what}", n + 1));
        match &mut open {
            None => {
                if let Some(label) = line
                    .strip_prefix("-----BEGIN ")
                    .and_then(|l| l.strip_suffix("-----"))
                {
                    open = Some((label.to_string(), String::new()));
                }
            }
            Some((label, body)) => {
                if let Some(end) = line
                    .strip_prefix("-----END ")
                    .and_then(|l| l.strip_suffix("-----"))
                {
                    if end != label {
                        return Err(fail(format!("the block {label} ends as {end}")));
                    }
                    let der = base64::engine::general_purpose::STANDARD
                        .decode(body.as_bytes())
                        .map_err(|_| fail(format!("the block {label} is not base64")))?;
                    out.push(Block {
                        label: label.clone(),
                        der,
                    });
                    open = None;
                } else if line.contains(':') {
                    return Err(fail(
                        "an encrypted key in OpenSSL's traditional format; convert it with \
                         `openssl pkcs8 -topk8 -nocrypt`"
                            .to_string(),
                    ));
                } else {
                    body.push_str(line);
                }
            }
        }
    }
    match open {
        Some((label, _)) => Err(Error::malformed(
            Layer::X509,
            format!("the PEM block {label} has no END line"),
        )),
        None => Ok(out),
    }
}

/// Makes one block with lines of 64 characters.
#[must_use]
pub fn encode(label: &str, der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}
