//! DER around large contents: parts that are copied once, in the end.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::write;

/// Octets in parts.
pub(crate) struct Parts<'a> {
    parts: Vec<Cow<'a, [u8]>>,
    len: usize,
}

impl<'a> Parts<'a> {
    pub(crate) const fn new() -> Self {
        Self {
            parts: Vec::new(),
            len: 0,
        }
    }

    /// The same after `part`.
    pub(crate) fn after(mut self, part: impl Into<Cow<'a, [u8]>>) -> Self {
        let part = part.into();
        self.len += part.len();
        self.parts.insert(0, part);
        self
    }

    /// The same, and then `part`.
    pub(crate) fn then(mut self, part: impl Into<Cow<'a, [u8]>>) -> Self {
        let part = part.into();
        self.len += part.len();
        self.parts.push(part);
        self
    }

    /// The same, and then all of `other`.
    pub(crate) fn then_all(mut self, other: Self) -> Self {
        self.len += other.len;
        self.parts.extend(other.parts);
        self
    }

    /// The value with this tag whose content they are.
    pub(crate) fn within(self, tag: u8) -> Self {
        let mut header = Vec::with_capacity(6);
        header.push(tag);
        write::push_len(&mut header, self.len);
        self.after(header)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len);
        for part in &self.parts {
            out.extend_from_slice(part);
        }
        out
    }
}
