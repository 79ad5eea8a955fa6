//! Bounds on what a decoder will look at.

/// Bounds that hold before anything was authenticated.
///
/// A peer chooses the bytes, so the peer must not choose how much memory or stack they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest message in octets.
    pub message_len: usize,
    /// Deepest nesting of constructed ASN.1 values.
    pub depth: usize,
    /// Most ASN.1 values in one message.
    pub elements: usize,
    /// Most certificates in one message: chains are searched in them.
    pub certificates: usize,
    /// Most members of each other list of a message: CRLs, signers, recipients, signed attributes,
    /// values of one attribute. SCEP needs one of most of them.
    pub members: usize,
    /// Most PBKDF2 iterations that a PasswordRecipientInfo may ask for.
    pub pbkdf2_iterations: u32,
}

impl Limits {
    /// The default: 1 MiB, 48 levels, 100 000 values, 64 certificates, 64 members of
    /// other lists, a million PBKDF2 iterations.
    pub const DEFAULT: Self = Self {
        message_len: 1 << 20,
        depth: 48,
        elements: 100_000,
        certificates: 64,
        members: 64,
        pbkdf2_iterations: 1_000_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
