//! Everything unusual that was understood.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A way to depart from RFC 8894, or from what it builds on, that does not hinder understanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviationKind {
    /// Stable id, such as `ber-encoding`.
    pub id: &'static str,
    /// Section of RFC 8894 (or another document, by name) that says how it should be.
    pub section: &'static str,
    /// What it means, as a sentence without a final stop.
    pub meaning: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $id:literal, $section:literal, $meaning:literal;)*) => {
        $(#[doc = concat!("`", $id, "` (", $section, "): ", $meaning, ".")]
        pub const $name: DeviationKind = DeviationKind { id: $id, section: $section, meaning: $meaning };)*

        /// All kinds, by id.
        pub const KINDS: &[DeviationKind] = &[$($name),*];
    };
}

kinds! {
    ATTRIBUTE_STRING_TYPE = "attribute-string-type", "3.2.1", "a signed attribute is a string of another type than it should be";
    AUTHENTICATED_ENVELOPE = "authenticated-envelope", "3.2.2", "the content is an AuthEnvelopedData (AES-GCM), which RFC 8894 does not know";
    BARE_NEXT_CA_CERTIFICATE = "bare-next-ca-certificate", "4.7.1", "the next CA certificate stands where a certs-only message should";
    BER_ENCODING = "ber-encoding", "RFC 5652 2", "it is BER and not DER, which strict readers refuse";
    BER_ENVELOPE = "ber-envelope", "RFC 5652 2", "the envelope inside is BER and not DER";
    CIPHER_DES = "cipher-des", "2.9", "the content is encrypted with single DES, which is broken";
    CONTENT_ILLEGIBLE = "content-illegible", "3.3", "the content was decrypted, and is nothing that is known";
    CONTENT_TYPE_ABSENT = "content-type-absent", "RFC 5652 11.1", "the contentType attribute is missing";
    CONTENT_WITHOUT_SUCCESS = "content-without-success", "3.3.2", "a PENDING or FAILURE has a content";
    CRL_ISSUER_WITHOUT_CRL_SIGN = "crl-issuer-without-crl-sign", "RFC 5280 4.2.1.3", "the certificate whose key signed the CRL is not for that";
    CRL_NOT_VALID_NOW = "crl-not-valid-now", "RFC 5280 5.1.2.5", "the CRL is out of date, or not in force yet";
    CRL_WITH_CERTIFICATES = "crl-with-certificates", "4.6.1", "a reply to GetCRL holds certificates too";
    CURRENT_CA_AMONG_NEXT = "current-ca-among-next", "4.7.1", "the current CA certificate is among the next ones";
    DIGEST_MD5 = "digest-md5", "2.9", "MD5 is signed, which is broken";
    DIGEST_SHA1 = "digest-sha1", "2.9", "SHA-1 is signed, which is weak";
    ENVELOPE_CONTENT_TYPE = "envelope-content-type", "3.2.2", "the encrypted content is not labelled as data";
    ENVELOPE_ILLEGIBLE = "envelope-illegible", "3.1", "the content is no envelope that can be read";
    FAIL_INFO_ABSENT = "fail-info-absent", "3.2.1.4", "a FAILURE has no failInfo";
    FAIL_INFO_TEXT_OID = "fail-info-text-oid", "3.2.1.4", "failInfoText has the OID of the arc it stands in";
    HRESULT_ILLEGIBLE = "hresult-illegible", "Microsoft 1.3.6.1.4.1.311.21.33", "Microsoft's error attribute holds no number";
    ILLEGIBLE_CERTIFICATES = "illegible-certificates", "RFC 5652 10.2.3", "some certificates that came along cannot be read";
    ISSUED_BY_CURRENT_CA = "issued-by-current-ca", "5.1", "the next CA was asked for, and the current one issued";
    ISSUED_NOT_VALID_NOW = "issued-not-valid-now", "RFC 5280 4.1.2.5", "the issued certificate is not valid at this moment";
    LEAF_NOT_FIRST = "leaf-not-first", "3.4", "the certificate asked for is not the first of the reply";
    MANY_NAMES = "many-names", "RFC 5280 4.2.1.6", "there are more alternative names than are shown";
    NEXT_CA_CERTIFICATES_OUTSIDE = "next-ca-certificates-outside", "4.7.1", "the next CA certificates lie beside the signed content, not in it";
    NEXT_CA_CONTENT_TYPE = "next-ca-content-type", "4.7.1", "the reply to GetNextCACert has another content type";
    NO_CAPABILITIES = "no-capabilities", "3.5.2", "the server names no capabilities";
    NONCE_LENGTH = "nonce-length", "3.2.1.5", "a nonce has not 16 octets";
    NOT_A_PKI_MESSAGE = "not-a-pki-message", "3.2", "a signed CMS message breaks a rule that makes a pkiMessage";
    RA_IS_ASSUMED = "ra-is-assumed", "RFC 5280 4.2.1.12", "the certificate taken for the RA's does not say by extended key usage that it is one";
    SENDER_NONCE_ABSENT = "sender-nonce-absent", "3.2.1.5", "the reply has no senderNonce";
    SENDER_NONCE_COPIED = "sender-nonce-copied", "3.2.1.5", "the reply's senderNonce is a copy of the request's";
    SEVERAL_CRLS = "several-crls", "4.6.1", "a reply to GetCRL holds more than one CRL";
    SIGNED_INSIDE = "signed-inside", "4.7.1", "the certs-only message inside is signed as well";
    SIGNED_OVER_SORTED_ATTRIBUTES = "signed-over-sorted-attributes", "RFC 5652 5.4", "the attributes were sent in another order than they were signed in";
    SIGNER_BY_KEY_IDENTIFIER = "signer-by-key-identifier", "3.2", "the signer is named by key identifier";
    SIGNING_TIME_ILLEGIBLE = "signing-time-illegible", "RFC 5652 11.3", "signingTime is no time";
    TRAILING_OCTETS = "trailing-octets", "4.1", "octets follow that do not belong to it";
    TRAILING_OCTETS_IN_CONTENT = "trailing-octets-in-content", "3.2.2", "octets follow the envelope inside";
    UNRELATED_CERTIFICATES = "unrelated-certificates", "4.2.1.2", "some certificates of GetCACert do not belong to the trusted CA";
    UNSIGNED_ATTRIBUTES = "unsigned-attributes", "3.2", "there are unsigned attributes, which are ignored";
    UNSORTED_ATTRIBUTES = "unsorted-attributes", "RFC 5652 5.3", "the signed attributes are not in DER order";
}

/// A departure that was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Stable id.
    pub id: &'static str,
    /// Section of RFC 8894 (or another document, by name) that says how it should be.
    pub section: &'static str,
    /// What was seen, as a sentence without a final stop.
    pub text: String,
}

/// The deviations of one message, in the order in which they were met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deviations(Vec<Deviation>);

impl Deviations {
    /// Notes one; the same kind is noted once.
    pub fn note(&mut self, kind: DeviationKind, text: impl ToString) {
        if !self.has(kind.id) {
            self.0.push(Deviation {
                id: kind.id,
                section: kind.section,
                text: text.to_string(),
            });
        }
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Deviation] {
        &self.0
    }

    /// Whether one with this id was noted.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|known| known.id == id)
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: &Self) {
        for deviation in &other.0 {
            if !self.has(deviation.id) {
                self.0.push(deviation.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_each_is_there_once() {
        let ids: Vec<&str> = KINDS.iter().map(|kind| kind.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
    }

    #[test]
    fn a_kind_is_noted_once() {
        let mut deviations = Deviations::default();
        deviations.note(BER_ENCODING, "first");
        deviations.note(BER_ENCODING, "second");
        let mut other = Deviations::default();
        other.note(CIPHER_DES, "third");
        deviations.extend(&other);
        deviations.extend(&other);
        let texts: Vec<&str> = deviations
            .as_slice()
            .iter()
            .map(|d| d.text.as_str())
            .collect();
        assert_eq!(texts, ["first", "third"]);
    }
}
