//! The signed attributes of a pkiMessage (RFC 8894 section 3.2.1).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use const_oid::ObjectIdentifier;

use super::{FailInfo, MessageType, PkiStatus, RecipientNonce, SenderNonce, TransactionId};
use crate::asn1::{Reader, Tlv, decode_time, tag};
use crate::cms::{Attribute, only_value};
use crate::deviation::{self, Deviations};
use crate::error::Layer;
use crate::oid;
use crate::{Error, Result, UnixTime};

/// What the attributes of a pkiMessage say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScepAttributes {
    /// messageType.
    pub message_type: MessageType,
    /// transactionID.
    pub transaction_id: TransactionId,
    /// pkiStatus; in a CertRep only.
    pub pki_status: Option<PkiStatus>,
    /// failInfo; in a CertRep with FAILURE only.
    pub fail_info: Option<FailInfo>,
    /// failInfoText.
    pub fail_info_text: Option<String>,
    /// senderNonce.
    pub sender_nonce: Option<SenderNonce>,
    /// recipientNonce.
    pub recipient_nonce: Option<RecipientNonce>,
    /// signingTime.
    pub signing_time: Option<UnixTime>,
    /// Microsoft's attributes.
    pub microsoft: MicrosoftAttributes,
}

/// Attributes below 1.3.6.1.4.1.311.21, as NDES and Windows clients use them. Those without a
/// documented type belong to TPM attestation, and are kept as their encoded values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MicrosoftAttributes {
    /// ENROLL_SCEP_ERROR (.33): the HRESULT of the failure.
    pub hresult: Option<i32>,
    /// ENROLL_SCEP_SERVER_MESSAGE (.38): a text.
    pub server_message: Option<String>,
    /// ENROLL_SCEP_SERVER_STATE (.34).
    pub server_state: Option<Vec<u8>>,
    /// ENROLL_SCEP_CHALLENGE_ANSWER (.35).
    pub challenge_answer: Option<Vec<u8>>,
    /// ENROLL_SCEP_CLIENT_REQUEST (.37).
    pub client_request: Option<Vec<u8>>,
    /// ENROLL_SCEP_SERVER_SECRET (.40).
    pub server_secret: Option<Vec<u8>>,
    /// ENROLL_SCEP_SIGNER_HASH (.42).
    pub signer_hash: Option<Vec<u8>>,
}

impl MicrosoftAttributes {
    /// Those without a documented type that are present: Microsoft's name, and the encoded value.
    pub fn untyped(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        [
            ("server state", &self.server_state),
            ("challenge answer", &self.challenge_answer),
            ("client request", &self.client_request),
            ("server secret", &self.server_secret),
            ("signer hash", &self.signer_hash),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

const SECTION: &str = "3.2.1";

impl ScepAttributes {
    /// Reads the attributes; what is odd but legible is noted.
    pub(crate) fn read(attributes: &[Attribute], deviations: &mut Deviations) -> Result<Self> {
        let mut found = Found {
            attributes,
            deviations,
        };
        let message_type = found
            .text(oid::MESSAGE_TYPE, "messageType")?
            .ok_or_else(|| Error::rule("3.2.1.2", "the message has no messageType attribute"))?;
        let transaction_id = found
            .text(oid::TRANSACTION_ID, "transactionID")?
            .ok_or_else(|| Error::rule("3.2.1.1", "the message has no transactionID attribute"))?;
        let transaction_id = TransactionId::new(transaction_id)
            .map_err(|e| Error::rule("3.2.1.1", format!("{e}")))?;
        let hresult = match found.text(oid::MS_SCEP_ERROR, "Microsoft's SCEP error")? {
            Some(text) => found.hresult(&text),
            None => None,
        };
        let fail_info_text = match found.text(oid::FAIL_INFO_TEXT, "failInfoText")? {
            Some(text) => Some(text),
            None => found.text(oid::FAIL_INFO_TEXT_ARC, "failInfoText under a wrong OID")?,
        };
        Ok(Self {
            message_type: MessageType::from_text(&message_type),
            transaction_id,
            pki_status: found
                .text(oid::PKI_STATUS, "pkiStatus")?
                .map(|t| PkiStatus::from_text(&t)),
            fail_info: found
                .text(oid::FAIL_INFO, "failInfo")?
                .map(|t| FailInfo::from_text(&t)),
            fail_info_text,
            sender_nonce: found
                .octets(oid::SENDER_NONCE, "senderNonce")?
                .map(SenderNonce::from_octets),
            recipient_nonce: found
                .octets(oid::RECIPIENT_NONCE, "recipientNonce")?
                .map(RecipientNonce::from_octets),
            signing_time: found.time()?,
            microsoft: MicrosoftAttributes {
                hresult,
                server_message: found
                    .text(oid::MS_SCEP_SERVER_MESSAGE, "Microsoft's server message")?,
                server_state: found.encoded(oid::MS_SCEP_SERVER_STATE, "server state")?,
                challenge_answer: found
                    .encoded(oid::MS_SCEP_CHALLENGE_ANSWER, "challenge answer")?,
                client_request: found.encoded(oid::MS_SCEP_CLIENT_REQUEST, "client request")?,
                server_secret: found.encoded(oid::MS_SCEP_SERVER_SECRET, "server secret")?,
                signer_hash: found.encoded(oid::MS_SCEP_SIGNER_HASH, "signer hash")?,
            },
        })
    }
}

struct Found<'a> {
    attributes: &'a [Attribute],
    deviations: &'a mut Deviations,
}

impl<'a> Found<'a> {
    /// The one value of an attribute.
    fn value(&self, oid: ObjectIdentifier, name: &str) -> Result<Option<Tlv<'a>>> {
        only_value(self.attributes, oid, name)?
            .map(|value| Reader::new(value).next(name))
            .transpose()
            .map_err(|e| e.in_layer(Layer::Message))
    }

    /// A text attribute: PrintableString, though others are read too.
    fn text(&mut self, oid: ObjectIdentifier, name: &str) -> Result<Option<String>> {
        let Some(value) = self.value(oid, name)? else {
            return Ok(None);
        };
        let wanted = if matches!(oid, oid::FAIL_INFO_TEXT | oid::MS_SCEP_SERVER_MESSAGE) {
            tag::UTF8_STRING
        } else {
            tag::PRINTABLE_STRING
        };
        match value.tag {
            tag::PRINTABLE_STRING | tag::UTF8_STRING | tag::IA5_STRING | tag::TELETEX_STRING => {}
            other => {
                return Err(Error::rule(
                    SECTION,
                    format!(
                        "the attribute {name} is {}, not {}",
                        tag::name(other),
                        tag::name(wanted)
                    ),
                ));
            }
        }
        if value.tag != wanted {
            self.deviations.note(
                deviation::ATTRIBUTE_STRING_TYPE,
                format!(
                    "{name} is {}, not {}",
                    tag::name(value.tag),
                    tag::name(wanted)
                ),
            );
        }
        if oid == oid::FAIL_INFO_TEXT_ARC {
            self.deviations.note(
                deviation::FAIL_INFO_TEXT_OID,
                "failInfoText has the OID of its arc",
            );
        }
        let text = core::str::from_utf8(value.value).map_err(|_| {
            Error::rule(
                SECTION,
                format!("the attribute {name} holds octets that are no text"),
            )
        })?;
        Ok(Some(text.into()))
    }

    /// A nonce: an OCTET STRING, by the RFC of 16 octets.
    fn octets(&mut self, oid: ObjectIdentifier, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(value) = self.value(oid, name)? else {
            return Ok(None);
        };
        if value.tag != tag::OCTET_STRING {
            return Err(Error::rule(
                "3.2.1.5",
                format!(
                    "the attribute {name} is {}, not OCTET STRING",
                    tag::name(value.tag)
                ),
            ));
        }
        let len = value.value.len();
        if !(1..=64).contains(&len) {
            return Err(Error::rule(
                "3.2.1.5",
                format!("{name} has {len} octets, not 16"),
            ));
        }
        if len != SenderNonce::LEN {
            self.deviations.note(
                deviation::NONCE_LENGTH,
                format!("{name} has {len} octets, not 16"),
            );
        }
        Ok(Some(value.value.to_vec()))
    }

    fn time(&mut self) -> Result<Option<UnixTime>> {
        match self.value(oid::SIGNING_TIME, "signingTime")? {
            Some(value) => match decode_time(&value) {
                Ok(time) => Ok(Some(time)),
                Err(e) => {
                    self.deviations.note(deviation::SIGNING_TIME_ILLEGIBLE, e);
                    Ok(None)
                }
            },
            None => Ok(None),
        }
    }

    /// A signed decimal HRESULT; some writers send it unsigned or in hexadecimal.
    fn hresult(&mut self, text: &str) -> Option<i32> {
        let parsed = text.parse::<i32>().ok().or_else(|| {
            let unsigned = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => text.parse::<u32>().ok(),
            };
            unsigned.map(|n| i32::from_ne_bytes(n.to_ne_bytes()))
        });
        if parsed.is_none() {
            self.deviations.note(
                deviation::HRESULT_ILLEGIBLE,
                format!("the error attribute holds \"{text}\", which is no HRESULT"),
            );
        }
        parsed
    }

    /// A value that is kept as it is encoded.
    fn encoded(&self, oid: ObjectIdentifier, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.value(oid, name)?.map(|value| value.raw.to_vec()))
    }
}
