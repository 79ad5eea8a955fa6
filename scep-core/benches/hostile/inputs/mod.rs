//! Hostile inputs of any size, each of a kind that is meant to cost more than it should.
//!
//! What counts values in a message stops at [`Limits`](scep_core::limits::Limits): values of eleven
//! octets are as many as a message of a megabyte may have; smaller ones are refused there.

mod messages;
pub(crate) mod parts;
mod structures;
mod texts;
mod values;

pub(crate) use messages::{ENVELOPES, MESSAGES};
pub(crate) use structures::STRUCTURES;
pub(crate) use texts::{CAPABILITIES, QUERIES, TEXTS};
pub(crate) use values::VALUES;

/// A kind of input, and how to make one of about so many octets.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) make: fn(usize) -> Vec<u8>,
}

const fn kind(name: &'static str, make: fn(usize) -> Vec<u8>) -> Kind {
    Kind { name, make }
}

/// What inputs have besides what their kind is about.
const FRAME: usize = 700;
