//! Who signs in, and the keys that come of the password ([MS-NLMP] 3.3.2).

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;
use zeroize::Zeroizing;

/// Domain, user and password.
#[derive(Clone)]
pub struct Account {
    pub(crate) domain: String,
    pub(crate) user: String,
    pub(crate) password: Zeroizing<String>,
}

impl Account {
    /// An account by its name as Windows writes it: `DOMAIN\user`, `user@domain` or `user`.
    #[must_use]
    pub fn new(name: &str, password: impl Into<String>) -> Self {
        // a user principal name is a user name without a domain: the server takes it apart
        let (domain, user) = name.split_once('\\').unwrap_or(("", name));
        Self {
            domain: domain.to_owned(),
            user: user.to_owned(),
            password: Zeroizing::new(password.into()),
        }
    }

    /// NTOWFv2.
    pub(crate) fn response_key(&self) -> Zeroizing<[u8; 16]> {
        let password = Zeroizing::new(utf16(&self.password));
        let hash: Zeroizing<[u8; 16]> = Zeroizing::new(Md4::digest(&*password).into());
        let name = utf16(&(self.user.to_uppercase() + &self.domain));
        Zeroizing::new(hmac(&*hash, &[&name]))
    }
}

impl std::fmt::Debug for Account {
    /// Leaves the password out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("domain", &self.domain)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// HMAC-MD5 over the parts.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    // HMAC takes keys of any length
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(key) else {
        return [0; 16];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [MS-NLMP] 4.2.4.1.1.
    #[test]
    fn the_published_response_key() {
        let account = Account::new("Domain\\User", "Password");
        let expected = [
            0x0c, 0x86, 0x8a, 0x40, 0x3b, 0xfd, 0x7a, 0x93, 0xa3, 0x00, 0x1e, 0xf2, 0x2e, 0xf0,
            0x2e, 0x3f,
        ];
        assert_eq!(*account.response_key(), expected);
        assert!(!format!("{account:?}").contains("Password"));
    }

    #[test]
    fn names_as_windows_writes_them() {
        let principal = Account::new("user@lab.example", "");
        assert_eq!(principal.domain, "");
        assert_eq!(principal.user, "user@lab.example");
        assert_eq!(Account::new("LAB\\x", "").domain, "LAB");
    }
}
