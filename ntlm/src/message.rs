//! How the messages are laid out ([MS-NLMP] 2.2.1).

/// What begins each of them.
pub(crate) const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

pub(crate) const UNICODE: u32 = 0x0000_0001;
pub(crate) const REQUEST_TARGET: u32 = 0x0000_0004;
pub(crate) const NTLM: u32 = 0x0000_0200;
pub(crate) const ALWAYS_SIGN: u32 = 0x0000_8000;
pub(crate) const TARGET_TYPE_DOMAIN: u32 = 0x0001_0000;
pub(crate) const EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
pub(crate) const TARGET_INFO: u32 = 0x0080_0000;
pub(crate) const VERSION: u32 = 0x0200_0000;
pub(crate) const KEY_128: u32 = 0x2000_0000;
pub(crate) const KEY_56: u32 = 0x8000_0000;

/// A message that is none, or not one that is understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("NTLM message: {0}")]
pub struct Error(pub(crate) &'static str);

/// Fixed fields at the front, what they point to behind.
pub(crate) struct Layout<'a>(&'a [u8]);

impl<'a> Layout<'a> {
    /// A message of that type.
    pub(crate) fn parse(message: &'a [u8], message_type: u32) -> Result<Self, Error> {
        let layout = Self(message);
        if message.get(..8) != Some(SIGNATURE) {
            return Err(Error("it does not begin with NTLMSSP"));
        }
        if layout.u32(8)? != message_type {
            return Err(Error("it is of another type"));
        }
        Ok(layout)
    }

    pub(crate) fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], Error> {
        let octets = self.0.get(at..).and_then(|rest| rest.first_chunk());
        octets.copied().ok_or(Error("it is too short"))
    }

    pub(crate) fn u32(&self, at: usize) -> Result<u32, Error> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// What the field at this place points to: its length, room for it, and where it begins.
    pub(crate) fn payload(&self, at: usize) -> Result<&'a [u8], Error> {
        let length = usize::from(u16::from_le_bytes(self.array(at)?));
        let outside = Error("a field points outside of it");
        let start = usize::try_from(self.u32(at + 4)?).map_err(|_| outside.clone())?;
        let end = start.checked_add(length).ok_or(outside.clone())?;
        self.0.get(start..end).ok_or(outside)
    }
}

/// Puts fields and what they point to together.
pub(crate) struct Composer {
    fixed: Vec<u8>,
    payload: Vec<u8>,
    /// Length of the fixed part when it is complete.
    front: usize,
}

impl Composer {
    pub(crate) fn new(message_type: u32, front: usize) -> Self {
        let mut fixed = SIGNATURE.to_vec();
        fixed.extend(message_type.to_le_bytes());
        Self {
            fixed,
            payload: Vec::new(),
            front,
        }
    }

    pub(crate) fn octets(mut self, octets: &[u8]) -> Self {
        self.fixed.extend(octets);
        self
    }

    pub(crate) fn u32(self, value: u32) -> Self {
        self.octets(&value.to_le_bytes())
    }

    /// A field that points to `content`. What is longer than the format allows is cut short, and will
    /// not be accepted.
    pub(crate) fn field(mut self, content: &[u8]) -> Self {
        let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
        let content = content.get(..usize::from(length)).unwrap_or(content);
        let start = u32::try_from(self.front + self.payload.len()).unwrap_or(u32::MAX);
        self.fixed.extend(length.to_le_bytes());
        self.fixed.extend(length.to_le_bytes());
        self.fixed.extend(start.to_le_bytes());
        self.payload.extend(content);
        self
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        debug_assert_eq!(self.fixed.len(), self.front);
        self.fixed.extend(self.payload);
        self.fixed
    }
}
