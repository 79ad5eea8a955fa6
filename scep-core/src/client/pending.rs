//! A pending transaction that outlives the program.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::ca::Ca;
use super::operation::Sender;
use super::password;
use super::session::Session;
use super::{EnrollmentParams, Signer};
use crate::capabilities::Capabilities;
use crate::crypto::CryptoProvider;
use crate::message::TransactionId;
use crate::x509::{Certificate, Name};
use crate::{Error, Result, UnixTime};

/// What is needed to poll a pending request later. There is no secret among it: keys and the
/// challenge password are kept elsewhere.
///
/// With the feature `serde` it can be stored; DER is written in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PendingTransaction {
    /// The SCEP URL.
    pub url: String,
    /// transactionID.
    pub transaction_id: TransactionId,
    /// The certificate that signed the request, DER: a self-signed one, or the one to be renewed.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "signer_certificate", with = "crate::serde_base64")
    )]
    pub signer: Vec<u8>,
    /// Subject that was asked for, DER.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_base64"))]
    pub subject: Vec<u8>,
    /// The CA's trusted certificates, DER.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_base64::list"))]
    pub ca_certificates: Vec<Vec<u8>>,
    /// The certificates of the next CA, if it is to issue, DER.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            skip_serializing_if = "Vec::is_empty",
            with = "crate::serde_base64::list"
        )
    )]
    pub next_ca_certificates: Vec<Vec<u8>>,
    /// Words of GetCACaps.
    pub capabilities: Vec<String>,
    /// How often it was asked for already.
    pub polls: u32,
    /// When to ask next.
    pub next_poll: UnixTime,
    /// Whether the server has not said anything yet, not even that the request is pending.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "core::ops::Not::not")
    )]
    pub unanswered: bool,
    /// When the request was sent, if that is known.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub requested_at: Option<UnixTime>,
    /// The caller's name for the key that is to be certified.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub key: Option<String>,
    /// What else belongs to a renewal.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub renewal: Option<PendingRenewal>,
}

/// What a pending renewal has beyond a first request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PendingRenewal {
    /// The key that is to be certified: SubjectPublicKeyInfo, DER.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_base64"))]
    pub spki: Vec<u8>,
    /// The caller's name for the key of the current certificate.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub current_key: Option<String>,
}

impl PendingTransaction {
    /// What stays the same from poll to poll.
    pub(super) fn new(
        params: &EnrollmentParams,
        sender: &Sender,
        capabilities: &Capabilities,
        ca: &Ca,
    ) -> Self {
        let der = |certificate: &Certificate| certificate.as_der().to_vec();
        Self {
            url: params.server.url.clone(),
            transaction_id: sender.transaction_id.clone(),
            signer: der(sender.signer.certificate()),
            subject: params.subject.as_der().to_vec(),
            ca_certificates: ca.certificates.iter().map(der).collect(),
            next_ca_certificates: ca.next.iter().map(der).collect(),
            capabilities: capabilities.words().to_vec(),
            polls: 0,
            next_poll: UnixTime::default(),
            unanswered: false,
            requested_at: None,
            key: params.key_label.clone(),
            renewal: params.renewal.as_ref().map(|renewal| PendingRenewal {
                spki: params.key.spki_der().to_vec(),
                current_key: renewal.key_label.clone(),
            }),
        }
    }

    /// Puts what is stored into `params`, after a look whether they hold the keys of the request;
    /// returns who signed it.
    pub(super) fn restore(&self, params: &mut EnrollmentParams) -> Result<Signer> {
        let certificate = Certificate::from_der(&self.signer)?;
        let signer = match (&self.renewal, &mut params.renewal) {
            (None, None) => Signer::new(certificate, Arc::clone(&params.key)).map_err(|_| {
                Error::Misuse("the key is not the one that signed the pending request".into())
            })?,
            (Some(stored), Some(renewal)) => {
                if *renewal.current.certificate() != certificate {
                    return Err(Error::Misuse(format!(
                        "the pending renewal is that of another certificate: {}, serial {}",
                        certificate.subject(),
                        certificate.serial_hex()
                    )));
                }
                if stored.spki != params.key.spki_der() {
                    return Err(Error::Misuse(
                        "the key is not the one that the pending renewal asks a certificate for"
                            .into(),
                    ));
                }
                let label = renewal.key_label.take();
                renewal.key_label = label.or_else(|| stored.current_key.clone());
                renewal.current.clone()
            }
            (Some(_), None) => {
                return Err(Error::Misuse(format!(
                    "the pending request is a renewal: the current certificate ({}, serial {}) and its key \
                     are needed to go on",
                    certificate.subject(),
                    certificate.serial_hex()
                )));
            }
            (None, Some(_)) => {
                return Err(Error::Misuse(
                    "the pending request is no renewal, so the current certificate is of no use to it"
                        .into(),
                ));
            }
        };
        params.server.url.clone_from(&self.url);
        params.subject = Name::from_der(&self.subject)?;
        let label = params.key_label.take();
        params.key_label = label.or_else(|| self.key.clone());
        Ok(signer)
    }

    /// The conversation as it was.
    pub(super) fn session(
        &self,
        provider: Arc<dyn CryptoProvider>,
        params: &EnrollmentParams,
        signer: &Signer,
    ) -> Result<Session> {
        let read = |all: &[Vec<u8>]| -> Result<Vec<Certificate>> {
            all.iter().map(|der| Certificate::from_der(der)).collect()
        };
        let ca = Ca::new(read(&self.ca_certificates)?, &params.server)?
            .with_next(read(&self.next_ca_certificates)?, &params.server)?;
        let challenge = password::usable(params.challenge.as_ref());
        for certificate in [signer.certificate(), &ca.roles.encryption] {
            let algorithm = certificate.public_key_algorithm()?;
            if !algorithm.can_encrypt() && challenge.is_none() {
                return Err(Error::Misuse(format!(
                    "the challenge password of the pending request is needed again: nothing can be encrypted \
                     to the key of {} ({algorithm}), so messages are encrypted with the password",
                    certificate.subject()
                )));
            }
        }
        let words: Vec<&str> = self.capabilities.iter().map(String::as_str).collect();
        let (server, capabilities) = (params.server.clone(), Capabilities::from_words(&words));
        Ok(Session::known(provider, server, capabilities, ca))
    }
}
