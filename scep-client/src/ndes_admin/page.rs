//! What the admin page says. It is UTF-16LE without a byte order mark, while it claims UTF-8; some have
//! one octet too many.

use scep_core::message::ChallengePassword;

/// A page with a challenge password.
#[derive(Clone)]
#[non_exhaustive]
pub struct AdminPage {
    /// The challenge password.
    pub challenge: ChallengePassword,
    /// MD5 of the CA's certificate, if the page tells it.
    pub ca_md5: Option<[u8; 16]>,
}

impl std::fmt::Debug for AdminPage {
    /// Leaves the challenge password out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminPage")
            .field("ca_md5", &self.ca_md5)
            .finish_non_exhaustive()
    }
}

/// Why there is no challenge password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoPassword {
    /// User or password is wrong.
    #[error("user or password is wrong, or the account is locked")]
    NotSignedIn,
    /// The server wants something else than NTLM or Basic.
    #[error("no way to sign in: the server offers {0:?}, and NTLM and Basic are spoken here")]
    NoCommonScheme(Vec<String>),
    /// Too many passwords were fetched and not used.
    #[error(
        "the password cache is full: too many challenge passwords were fetched and not used. Wait until they \
         expire (PasswordValidity, 60 minutes by default), restart IIS, or raise PasswordMax (5 by default)"
    )]
    CacheFull,
    /// The account may not enroll.
    #[error(
        "the account has no permission: it needs Enroll on the certificate template of NDES, and the template \
         has to be published by the CA"
    )]
    NoPermission,
    /// What came is not the admin page, or in a form that is not understood.
    #[error("what came is not the admin page: {0}")]
    NotThePage(&'static str),
}

impl AdminPage {
    /// Reads a page.
    ///
    /// # Errors
    /// [`NoPassword`], as the page says.
    pub fn parse(body: &[u8]) -> Result<Self, NoPassword> {
        let text = decode(body);
        let bold: Vec<&str> = bold(&text).collect();
        // prose is translated, but what stands in bold letters is not
        let password = bold.iter().find(|word| {
            (8..=64).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        if let Some(password) = password {
            return Ok(Self {
                challenge: ChallengePassword::new(*password),
                ca_md5: bold.iter().find_map(|word| thumbprint(word)),
            });
        }
        let lower = text.to_ascii_lowercase();
        Err(if lower.contains("password cache is full") {
            NoPassword::CacheFull
        } else if lower.contains("sufficient permission") {
            NoPassword::NoPermission
        } else if lower.contains("network device enrollment service") {
            NoPassword::NotThePage("no challenge password stands on it")
        } else {
            NoPassword::NotThePage("its title is another one")
        })
    }
}

/// Text in whatever form of Unicode it is.
fn decode(body: &[u8]) -> String {
    let units = |from_bytes: fn([u8; 2]) -> u16| -> String {
        let units = body.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
        char::decode_utf16(units.map(from_bytes))
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    // the first character is a byte order mark or "<"
    match body {
        [0xff, 0xfe, ..] | [_, 0, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, _, ..] => units(u16::from_be_bytes),
        _ => String::from_utf8_lossy(body).into_owned(),
    }
}

/// What stands in bold letters.
fn bold(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split_inclusive('<').skip(1);
    parts.filter_map(|part| {
        let (tag, content) = part.split_once('>')?;
        let tag = tag.trim();
        (tag.eq_ignore_ascii_case("b")).then(|| content.trim_end_matches('<').trim())
    })
}

/// `01234567 89ABCDEF 01234567 89ABCDEF`
fn thumbprint(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.chars().filter(|c| *c != ' ').collect();
    if !text.contains(' ') || digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    let mut out = [0; 16];
    for (octet, pair) in out.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<HTML><HEAD><TITLE>Network Device Enrollment Service</TITLE></HEAD><BODY>\
        <P>Digest: <B> 00112233 44556677 8899AABB CCDDEEFF </B><P>Word: <B> 0123456789ABCDEF </B></BODY></HTML>";

    #[test]
    fn a_page_in_every_encoding() {
        let little: Vec<u8> = PAGE.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = PAGE.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = [&[0xff, 0xfe], &little[..]].concat();
        let odd = [&little[..], &[0]].concat();
        for page in [PAGE.as_bytes(), &little, &big, &marked, &odd] {
            let found = AdminPage::parse(page).unwrap();
            assert_eq!(found.challenge.expose(), "0123456789ABCDEF");
            assert_eq!(found.ca_md5.unwrap()[..3], [0x00, 0x11, 0x22]);
            assert!(!format!("{found:?}").contains("0123456789ABCDEF"));
        }
    }

    #[test]
    fn pages_without_a_password() {
        let parse = |text: &str| AdminPage::parse(text.as_bytes()).unwrap_err();
        assert_eq!(
            parse("<P> The password cache is full."),
            NoPassword::CacheFull
        );
        let words = "You do not have sufficient permission to enroll";
        assert_eq!(parse(words), NoPassword::NoPermission);
        for other in ["", "<", "<b", "<html>Sign in</html>", "<b></b>"] {
            assert!(matches!(parse(other), NoPassword::NotThePage(_)), "{other}");
        }
    }
}
