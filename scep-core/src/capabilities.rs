//! GetCACaps (RFC 8894 section 3.5.2): what a server says it can do.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// A keyword of RFC 8894 (or of its drafts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// `AES`: AES-128-CBC or better.
    Aes,
    /// `DES3`: triple DES.
    Des3,
    /// `GetNextCACert`.
    GetNextCaCert,
    /// `POSTPKIOperation`: PKIOperation by HTTP POST.
    PostPkiOperation,
    /// `Renewal`: RenewalReq; to NDES it means PKCSReq signed with the old certificate.
    Renewal,
    /// `SHA-1`.
    Sha1,
    /// `SHA-256`.
    Sha256,
    /// `SHA-512`.
    Sha512,
    /// `SCEPStandard`: all that RFC 8894 makes mandatory.
    ScepStandard,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Aes,
        Self::Des3,
        Self::GetNextCaCert,
        Self::PostPkiOperation,
        Self::Renewal,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::ScepStandard,
    ];

    /// The keyword, in the case in which servers must write it.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Aes => "AES",
            Self::Des3 => "DES3",
            Self::GetNextCaCert => "GetNextCACert",
            Self::PostPkiOperation => "POSTPKIOperation",
            Self::Renewal => "Renewal",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
            Self::ScepStandard => "SCEPStandard",
        }
    }

    /// The capability of a keyword, in whatever case.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|c| c.keyword().eq_ignore_ascii_case(keyword))
    }

    /// What `SCEPStandard` stands for.
    const STANDARD: [Self; 3] = [Self::Aes, Self::PostPkiOperation, Self::Sha256];
}

/// The words of a GetCACaps reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<String>);

impl Capabilities {
    /// Longest reply that is looked at, in octets.
    pub const MAX_LEN: usize = 64 << 10;

    /// Most words that are kept.
    pub const MAX_WORDS: usize = 1000;

    /// Reads a reply: words separated by any white space, in any case; unknown words are kept.
    ///
    /// A reply that is an HTML page or no text has no capabilities: RFC 8894 section 3.5.2 tells
    /// clients to go on without.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        let body = body
            .get(..body.len().min(Self::MAX_LEN))
            .unwrap_or_default();
        let text = String::from_utf8_lossy(body);
        // octets that are no text at all are no list; a single odd word does no harm to the others
        if text.trim_start_matches(is_separator).starts_with('<') || body.contains(&0) {
            return Self::default();
        }
        Self(
            text.split(is_separator)
                .filter(|word| !word.is_empty())
                .take(Self::MAX_WORDS)
                .map(ToString::to_string)
                .collect(),
        )
    }

    /// A list of one's own.
    #[must_use]
    pub fn from_words(words: &[&str]) -> Self {
        Self(words.iter().map(ToString::to_string).collect())
    }

    /// Whether the server has this capability, by its keyword or by `SCEPStandard`.
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        let named = |wanted: Capability| {
            let keyword = wanted.keyword();
            self.0.iter().any(|word| word.eq_ignore_ascii_case(keyword))
        };
        named(capability)
            || (Capability::STANDARD.contains(&capability) && named(Capability::ScepStandard))
    }

    /// The same without what is not believed, and with what is known better.
    #[must_use]
    pub fn corrected(&self, disbelieved: &[Capability], assumed: &[Capability]) -> Self {
        let mut words = self.0.clone();
        let is =
            |word: &str, capability: Capability| word.eq_ignore_ascii_case(capability.keyword());
        let standard = Capability::ScepStandard;
        if disbelieved.iter().any(|c| Capability::STANDARD.contains(c))
            && words.iter().any(|word| is(word, standard))
        {
            // it stands for others, of which some are to stay
            words.retain(|word| !is(word, standard));
            words.extend(Capability::STANDARD.map(|c| c.keyword().to_string()));
        }
        words.retain(|word| !disbelieved.iter().any(|c| is(word, *c)));
        let corrected = Self(words);
        let missing = assumed.iter().filter(|c| !corrected.has(**c));
        let added = missing.map(|c| c.keyword().to_string()).collect();
        Self([corrected.0.clone(), added].concat())
    }

    /// Whether the reply named nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words as received.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.0
    }

    /// The body of a reply: one keyword a line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = self.0.join("\n");
        out.push('\n');
        out
    }
}

/// White space, or a byte order mark, wherever an editor left it.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_case_do_not_matter() {
        for body in [
            &b"AES\nSHA-256\n"[..],
            b"aes SHA-256",
            b"\xef\xbb\xbfAES\r\nsha-256",
        ] {
            let caps = Capabilities::parse(body);
            assert!(
                caps.has(Capability::Aes) && caps.has(Capability::Sha256),
                "{caps}"
            );
            assert!(!caps.has(Capability::Renewal));
        }
    }

    #[test]
    fn scep_standard_implies_what_is_mandatory() {
        let caps = Capabilities::parse(b"SCEPStandard");
        assert!(caps.has(Capability::Aes));
        assert!(caps.has(Capability::PostPkiOperation));
        assert!(!caps.has(Capability::Renewal));
    }

    #[test]
    fn what_a_server_says_can_be_corrected() {
        let listed = Capabilities::from_words(&["SCEPStandard", "Renewal"]);
        let corrected = listed.corrected(&[Capability::Aes], &[Capability::Des3]);
        assert!(!corrected.has(Capability::Aes));
        for kept in [
            Capability::PostPkiOperation,
            Capability::Sha256,
            Capability::Renewal,
            Capability::Des3,
        ] {
            assert!(corrected.has(kept), "{kept:?}");
        }
        assert_eq!(listed.corrected(&[], &[Capability::Sha256]), listed);
    }

    #[test]
    fn html_is_no_capability_list() {
        assert!(Capabilities::parse(b"<html>AES</html>").is_empty());
        assert!(Capabilities::parse(b"0\x82\x00\x01").is_empty());
        let latin = Capabilities::parse(b"AES\ncaf\xe9\nPOSTPKIOperation");
        assert!(latin.has(Capability::Aes) && latin.has(Capability::PostPkiOperation));
    }
}
