//! What every provider says when something is wrong: the same whichever it is.

use alloc::format;

use super::{ContentCipher, PublicKeyAlgorithm, SignatureAlgorithm};
use crate::Error;
use crate::error::{Check, Layer};

pub(super) fn wrong_signature() -> Error {
    Error::not_authentic(Check::Signature, "the signature is wrong")
}

pub(super) fn wrong_scheme(key: PublicKeyAlgorithm, algorithm: SignatureAlgorithm) -> Error {
    Error::not_authentic(
        Check::Signature,
        format!("a signature by {algorithm} cannot come from a key of type {key}"),
    )
}

pub(super) fn bad_key(what: &str) -> Error {
    Error::malformed(Layer::Key, format!("{what} cannot be read"))
}

pub(super) fn no_iterations() -> Error {
    Error::Misuse("PBKDF2 needs at least one iteration".into())
}

pub(super) fn wrong_mode(cipher: ContentCipher, mode: &str) -> Error {
    Error::Misuse(format!("{cipher} is not a {mode} cipher"))
}

pub(super) fn bad_lengths(cipher: ContentCipher) -> Error {
    Error::Misuse(format!("the key or IV for {cipher} has the wrong length"))
}

pub(super) fn bad_blocks(cipher: ContentCipher) -> Error {
    Error::Misuse(format!("{cipher} without padding works on whole blocks"))
}

pub(super) fn undecipherable() -> Error {
    Error::not_authentic(Check::Decryption, "the content cannot be decrypted")
}
