//! ContentInfo (RFC 5652 section 3), the outermost frame.

use alloc::borrow::Cow;
use alloc::format;

use const_oid::ObjectIdentifier;

use crate::asn1::{Parts, Reader, tag, transcode, write};
use crate::error::Layer;
use crate::limits::Limits;
use crate::oid;
use crate::{Error, Result};

/// A ContentInfo in DER.
///
/// ```text
/// ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT ANY }
/// ```
#[derive(Clone, Debug)]
pub struct ContentInfo<'a> {
    der: Cow<'a, [u8]>,
    content_type: ObjectIdentifier,
    content: (usize, usize),
    trailing: usize,
}

impl<'a> ContentInfo<'a> {
    /// Reads a ContentInfo, BER or DER. Octets that follow it are counted, not refused.
    ///
    /// # Errors
    /// `Malformed` with the octet where it breaks, `TooLarge` beyond `limits`.
    pub fn decode(input: &'a [u8], limits: &Limits) -> Result<Self> {
        if let Some(what) = not_cms(input) {
            return Err(Error::malformed(Layer::Cms, what));
        }
        let transcoded = transcode(input, limits)?;
        let trailing = input.len() - transcoded.used;
        let der = transcoded.der;
        let (content_type, content) = Self::fields(&der).map_err(|e| e.in_layer(Layer::Cms))?;
        Ok(Self {
            der,
            content_type,
            content,
            trailing,
        })
    }

    fn fields(der: &[u8]) -> Result<(ObjectIdentifier, (usize, usize))> {
        let mut fields = Reader::new(der)
            .expect(tag::SEQUENCE, "ContentInfo")?
            .reader();
        let content_type = fields
            .expect(tag::OID, "contentType of ContentInfo")?
            .oid()?;
        let explicit = fields.expect(tag::context_constructed(0), "content of ContentInfo")?;
        fields.finish("ContentInfo")?;
        let mut inner = explicit.reader();
        let value = inner.next("content of ContentInfo")?;
        inner.finish("content of ContentInfo")?;
        Ok((content_type, (value.offset, value.offset + value.raw.len())))
    }

    /// contentType.
    #[must_use]
    pub const fn content_type(&self) -> ObjectIdentifier {
        self.content_type
    }

    /// The content with its tag, in DER.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        self.der
            .get(self.content.0..self.content.1)
            .unwrap_or_default()
    }

    /// Offset of [`content`](Self::content) in [`as_der`](Self::as_der).
    #[must_use]
    pub const fn content_offset(&self) -> usize {
        self.content.0
    }

    /// The whole in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The whole in DER, borrowed from the input where that was DER already.
    #[must_use]
    pub fn into_der(self) -> Cow<'a, [u8]> {
        self.der
    }

    /// Whether the input was BER and not DER.
    #[must_use]
    pub const fn was_ber(&self) -> bool {
        matches!(self.der, Cow::Owned(_))
    }

    /// How many octets followed the ContentInfo.
    #[must_use]
    pub const fn trailing(&self) -> usize {
        self.trailing
    }

    /// The content, which must be of this type.
    ///
    /// # Errors
    /// `Malformed` if it is of another type.
    pub fn expect(&self, content_type: ObjectIdentifier, what: &str) -> Result<&[u8]> {
        if self.content_type != content_type {
            return Err(Error::malformed(
                Layer::Cms,
                format!(
                    "{what} should be {}, but is {}",
                    name(content_type),
                    name(self.content_type)
                ),
            ));
        }
        Ok(self.content())
    }
}

/// Frames a content.
pub(super) fn content_info(content_type: ObjectIdentifier, content: Parts<'_>) -> Parts<'_> {
    content
        .within(tag::context_constructed(0))
        .after(write::oid(content_type))
        .within(tag::SEQUENCE)
}

fn name(content_type: ObjectIdentifier) -> alloc::string::String {
    let known = [
        (oid::DATA, "data"),
        (oid::SIGNED_DATA, "SignedData"),
        (oid::ENVELOPED_DATA, "EnvelopedData"),
        (oid::ENCRYPTED_DATA, "EncryptedData"),
        (oid::AUTH_ENVELOPED_DATA, "AuthEnvelopedData"),
    ];
    known
        .iter()
        .find(|(known, _)| *known == content_type)
        .map_or_else(
            || format!("content type {content_type}"),
            |(_, name)| (*name).into(),
        )
}

/// What the octets are instead, where that can be told at a glance.
fn not_cms(input: &[u8]) -> Option<&'static str> {
    let start = input.get(..input.len().min(512)).unwrap_or_default();
    let trimmed = start.trim_ascii_start();
    let lower = trimmed.to_ascii_lowercase();
    if input.is_empty() {
        Some("there are no octets at all where a CMS message should be")
    } else if lower.starts_with(b"<!doctype") || lower.starts_with(b"<html") {
        Some("an HTML page came where a CMS message should be")
    } else if lower.starts_with(b"<?xml") {
        Some("an XML document (a configuration profile?) came where a CMS message should be")
    } else if trimmed.starts_with(b"{") && core::str::from_utf8(trimmed).is_ok() {
        Some("JSON came where a CMS message should be")
    } else if trimmed.starts_with(b"-----BEGIN") {
        Some("PEM came where DER should be")
    } else if input.first() != Some(&tag::SEQUENCE) {
        Some("the first octet is not that of a SEQUENCE, so this is no CMS message")
    } else {
        None
    }
}
