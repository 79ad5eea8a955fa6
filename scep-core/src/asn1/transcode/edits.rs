//! The places where DER differs from the BER it is made of.

use alloc::vec::Vec;

use super::super::write;
use super::header::encoded_len;

/// Replaces `at..until` of the input by a header, or by nothing.
#[derive(Clone, Copy)]
struct Edit {
    at: u32,
    until: u32,
    /// Octets of the content after the header.
    len: u32,
    /// The tag of the header; `None`: no header.
    tag: Option<u8>,
    /// The first octet of the content, if it comes from elsewhere: a BIT STRING's unused bits.
    first: Option<u8>,
}

/// Edits in the order of the input. None overlap.
#[derive(Default)]
pub(super) struct Edits(Vec<Edit>);

/// A header that was begun, whose length is not known yet.
pub(super) struct Mark {
    index: usize,
    /// The edit that it swallowed.
    before: Option<Edit>,
}

impl Edits {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The header in `at..until` becomes one with this tag; [`finish`](Self::finish) follows.
    pub(super) fn header(&mut self, at: usize, until: usize, tag: u8) -> Mark {
        // what is left out just before it is left out by the same edit
        let before = self
            .0
            .pop_if(|last| last.tag.is_none() && last.until == offset(at));
        let index = self.0.len();
        self.push(Edit {
            at: before.map_or(offset(at), |dropped| dropped.at),
            until: offset(until),
            len: 0,
            tag: Some(tag),
            first: None,
        });
        Mark { index, before }
    }

    /// Sets the length of the content; `first` is its first octet, if that is not in the input there.
    /// Returns the length of the whole value.
    pub(super) fn finish(&mut self, mark: &Mark, len: usize, first: Option<u8>) -> usize {
        if let Some(edit) = self.0.get_mut(mark.index) {
            edit.len = offset(len);
            edit.first = first;
        }
        encoded_len(len)
    }

    /// Whether the header was the last edit.
    pub(super) const fn nothing_since(&self, mark: &Mark) -> bool {
        self.0.len() == mark.index + 1
    }

    /// The header, which was the last edit, stays as it is.
    pub(super) fn undo(&mut self, mark: Mark) {
        self.0.truncate(mark.index);
        self.0.extend(mark.before);
    }

    /// Leaves `at..until` out.
    pub(super) fn drop(&mut self, at: usize, until: usize) {
        match self.0.last_mut() {
            Some(last) if last.until == offset(at) => last.until = offset(until),
            _ => self.push(Edit {
                at: offset(at),
                until: offset(until),
                len: 0,
                tag: None,
                first: None,
            }),
        }
    }

    /// Grows by half and not to the double: who sends the input chooses how many there are.
    fn push(&mut self, edit: Edit) {
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(self.0.len() / 2 + 16);
        }
        self.0.push(edit);
    }

    /// Copies `input` with all changes; `len` octets come out.
    pub(super) fn apply(&self, input: &[u8], len: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(len);
        let mut from = 0;
        for edit in &self.0 {
            let (at, until) = (index(edit.at), index(edit.until));
            out.extend_from_slice(input.get(from..at).unwrap_or_default());
            if let Some(tag) = edit.tag {
                out.push(tag);
                write::push_len(&mut out, index(edit.len));
                out.extend(edit.first);
            }
            from = until;
        }
        out.extend_from_slice(input.get(from..).unwrap_or_default());
        out
    }
}

/// Inputs are shorter than 2³² octets.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
