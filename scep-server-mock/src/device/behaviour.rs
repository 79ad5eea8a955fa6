//! A persona's words, understood.

use std::time::Duration;

use scep_core::UnixTime;
use scep_core::crypto::{ContentCipher, DigestAlgorithm, KeyType};
use scep_core::message::{ChallengeString, MessageType};
use scep_core::x509::GeneralName;
use scep_failures::catalogue::Persona;
use scep_failures::catalogue::reproduce::seconds;

use crate::challenge::ChallengeKind;
use crate::error::{Error, Result};

/// What a device does. By default all is well.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    pub(super) challenge: ChallengeKind,
    pub(crate) challenge_string: Option<ChallengeString>,
    pub(super) post: bool,
    pub(super) path: Option<String>,
    pub(super) scheme: Option<String>,
    pub(super) host: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) message_len: Option<usize>,
    pub(super) damage: Damage,
    pub(super) base64: Base64Style,
    pub(super) key_type: KeyType,
    pub(super) digest: Option<DigestAlgorithm>,
    pub(super) cipher: Option<ContentCipher>,
    pub(super) recipient: Recipient,
    pub(super) kind: MessageKind,
    pub(super) signer: SignedBy,
    pub(super) repeats_transaction: bool,
    pub(super) times: u32,
    pub(super) subject: String,
    pub(super) subject_alt_names: Vec<GeneralName>,
    clock_offset_s: i64,
    pub(super) accept_encoding: Option<String>,
    /// HTTP/1.0, in which some send a body without saying how long it is.
    pub(super) old_http: bool,
    pub(super) place: Place,
}

/// What becomes of the message before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    None,
    /// Something else is sent.
    Garbage,
    /// The second half is lost.
    Truncated,
    /// Indefinite lengths, as encoders write them that stream.
    Ber,
}

/// How a message by GET is put into the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base64Style {
    /// Percent-encoded.
    Percent,
    /// `+`, `/` and `=` as they are.
    Raw,
    /// RFC 4648 section 5.
    UrlSafe,
    /// A line break after every 64 characters.
    Newlines,
    /// Percent-encoded, and once more.
    Twice,
}

/// To whom a request is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    RaEncryption,
    RaSigning,
    Ca,
    /// An RA certificate that the server no longer has.
    Stale,
}

/// Which message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageKind {
    PkcsReq,
    RenewalReq,
    CertPoll,
    GetCert,
    GetCrl,
}

impl MessageKind {
    pub(super) const fn message_type(self) -> MessageType {
        match self {
            Self::PkcsReq => MessageType::PkcsReq,
            Self::RenewalReq => MessageType::RenewalReq,
            Self::CertPoll => MessageType::CertPoll,
            Self::GetCert => MessageType::GetCert,
            Self::GetCrl => MessageType::GetCrl,
        }
    }
}

/// With which certificate a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignedBy {
    /// A self-signed one.
    SelfSigned,
    /// The one that the device got last.
    Previous,
    /// One of this CA that has expired.
    Expired,
    /// One of another CA.
    OtherCa,
}

/// Where the device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Internet,
    Inside,
}

impl Behaviour {
    /// Whether requests are encrypted to the certificate that the server decrypts with.
    pub(crate) fn encrypts_as_it_should(&self) -> bool {
        self.recipient == Recipient::RaEncryption
    }

    /// What the words of a persona mean.
    ///
    /// # Errors
    /// [`Error::Data`] names the word that means nothing.
    pub(crate) fn of(persona: &Persona) -> Result<Self> {
        let challenge = persona.challenge.as_deref().unwrap_or("correct");
        let offset = match persona.clock_offset.as_deref() {
            None => 0,
            Some(text) => {
                seconds(text).ok_or_else(|| unknown("clock_offset", text, &["9h", "-2d"]))?
            }
        };
        Ok(Self {
            challenge: ChallengeKind::from_word(challenge)?,
            challenge_string: word(
                "challenge_encoding",
                persona.challenge_encoding.as_deref().or(Some("as-it-fits")),
                &[
                    ("as-it-fits", None),
                    ("printable", Some(ChallengeString::Printable)),
                    ("utf8", Some(ChallengeString::Utf8)),
                    ("bmp", Some(ChallengeString::Bmp)),
                ],
            )?,
            post: word(
                "method",
                persona.method.as_deref(),
                &[("POST", true), ("GET", false)],
            )?,
            path: persona.path.clone(),
            scheme: persona
                .scheme
                .as_deref()
                .map(|scheme| {
                    word(
                        "scheme",
                        Some(scheme),
                        &[("http", "http"), ("https", "https")],
                    )
                    .map(str::to_owned)
                })
                .transpose()?,
            host: persona.host.clone(),
            operation: persona.operation.clone(),
            message_len: persona
                .message_len
                .and_then(|length| usize::try_from(length).ok()),
            damage: word(
                "message",
                persona.message.as_deref().or(Some("whole")),
                &[
                    ("whole", Damage::None),
                    ("garbage", Damage::Garbage),
                    ("truncated", Damage::Truncated),
                    ("ber", Damage::Ber),
                ],
            )?,
            base64: word(
                "base64",
                persona.base64.as_deref(),
                &[
                    ("percent", Base64Style::Percent),
                    ("raw", Base64Style::Raw),
                    ("url-safe", Base64Style::UrlSafe),
                    ("newlines", Base64Style::Newlines),
                    ("twice", Base64Style::Twice),
                ],
            )?,
            key_type: word(
                "key_type",
                persona.key_type.as_deref(),
                &[
                    ("rsa:2048", KeyType::Rsa(2048)),
                    ("rsa:3072", KeyType::Rsa(3072)),
                    ("rsa:1024", KeyType::Rsa(1024)),
                    ("ec:p256", KeyType::EcP256),
                    ("ec:p384", KeyType::EcP384),
                    ("ed25519", KeyType::Ed25519),
                ],
            )?,
            digest: word(
                "digest",
                persona.digest.as_deref().or(Some("by-capabilities")),
                &[
                    ("by-capabilities", None),
                    ("sha256", Some(DigestAlgorithm::Sha256)),
                    ("sha512", Some(DigestAlgorithm::Sha512)),
                    ("sha1", Some(DigestAlgorithm::Sha1)),
                    ("md5", Some(DigestAlgorithm::Md5)),
                ],
            )?,
            cipher: word(
                "cipher",
                persona.cipher.as_deref().or(Some("by-capabilities")),
                &[
                    ("by-capabilities", None),
                    ("aes128", Some(ContentCipher::Aes128Cbc)),
                    ("aes256", Some(ContentCipher::Aes256Cbc)),
                    ("aes128-gcm", Some(ContentCipher::Aes128Gcm)),
                    ("des3", Some(ContentCipher::DesEde3Cbc)),
                    ("des", Some(ContentCipher::DesCbc)),
                ],
            )?,
            recipient: word(
                "recipient",
                persona.recipient.as_deref(),
                &[
                    ("ra-encryption", Recipient::RaEncryption),
                    ("ra-signing", Recipient::RaSigning),
                    ("ca", Recipient::Ca),
                    ("stale", Recipient::Stale),
                ],
            )?,
            kind: word(
                "message_type",
                persona.message_type.as_deref(),
                &[
                    ("PKCSReq", MessageKind::PkcsReq),
                    ("RenewalReq", MessageKind::RenewalReq),
                    ("CertPoll", MessageKind::CertPoll),
                    ("GetCert", MessageKind::GetCert),
                    ("GetCRL", MessageKind::GetCrl),
                ],
            )?,
            signer: word(
                "signer",
                persona.signer.as_deref(),
                &[
                    ("self", SignedBy::SelfSigned),
                    ("previous", SignedBy::Previous),
                    ("expired", SignedBy::Expired),
                    ("other-ca", SignedBy::OtherCa),
                ],
            )?,
            repeats_transaction: word(
                "transaction_id",
                persona.transaction_id.as_deref(),
                &[("new", false), ("repeated", true)],
            )?,
            times: persona.times.unwrap_or(1),
            subject: persona
                .subject
                .clone()
                .unwrap_or_else(|| "CN=device.lab.example".to_owned()),
            subject_alt_names: persona
                .subject_alt_names
                .iter()
                .flatten()
                .map(|name| general_name(name))
                .collect::<Result<_>>()?,
            clock_offset_s: offset,
            accept_encoding: persona.accept_encoding.clone(),
            old_http: word(
                "http_version",
                persona.http_version.as_deref(),
                &[("1.1", false), ("1.0", true)],
            )?,
            place: match persona.network.as_deref() {
                Some("inside") => Place::Inside,
                _ => Place::Internet,
            },
        })
    }

    /// The time by the device's clock.
    pub(super) fn clock(&self, now: UnixTime) -> UnixTime {
        let offset = Duration::from_secs(self.clock_offset_s.unsigned_abs());
        if self.clock_offset_s < 0 {
            now.minus(offset)
        } else {
            now.plus(offset)
        }
    }
}

/// The value of a word; without one, the first of the list.
fn word<T: Copy>(field: &str, given: Option<&str>, words: &[(&str, T)]) -> Result<T> {
    let found = match given {
        None => words.first(),
        Some(given) => words.iter().find(|(word, _)| *word == given),
    };
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| unknown(field, given.unwrap_or_default(), &names))
}

fn unknown(field: &str, given: &str, words: &[&str]) -> Error {
    Error::Data {
        what: "the client of a failure mode".to_owned(),
        reason: format!("{field}: \"{given}\" is none of {}", words.join(", ")),
    }
}

/// `DNS:`, `email:`, `IP:` or `URI:`, and the name.
fn general_name(text: &str) -> Result<GeneralName> {
    let forms = ["DNS:...", "email:...", "IP:...", "URI:..."];
    let fail = || unknown("subject_alt_names", text, &forms);
    let (kind, name) = text.split_once(':').ok_or_else(fail)?;
    Ok(match kind {
        "DNS" => GeneralName::Dns(name.to_owned()),
        "email" => GeneralName::Email(name.to_owned()),
        "IP" => GeneralName::Ip(name.parse().map_err(|_| fail())?),
        "URI" => GeneralName::Uri(name.to_owned()),
        _ => return Err(fail()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_means_nothing_is_named_with_those_that_do() {
        let persona = Persona {
            recipient: Some("ra-encrypt".into()),
            ..Persona::default()
        };
        let error = Behaviour::of(&persona).unwrap_err().to_string();
        assert!(
            error.contains("recipient") && error.contains("ra-encrypt") && error.contains("stale"),
            "{error}"
        );
    }

    #[test]
    fn the_clock_of_a_device_may_be_off_either_way() {
        for (offset, expected) in [("9h", 32_400), ("-2d", -172_800)] {
            let persona = Persona {
                clock_offset: Some(offset.into()),
                ..Persona::default()
            };
            let behaviour = Behaviour::of(&persona).unwrap();
            assert_eq!(behaviour.clock(UnixTime(1_000_000)).0, 1_000_000 + expected);
        }
    }
}
