//! A pending request in a file, for another day.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scep_core::UnixTime;
use scep_core::client::{CaTrust, EnrollmentParams, MethodChoice, PendingTransaction};
use scep_core::crypto::PrivateKey;
use scep_core::message::TransactionId;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::Name;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, base64, file};

/// Everything that is needed to ask for a pending request again, except the key. No secrets: the
/// key stays in its own file, and the challenge password has done its work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingState {
    /// The transaction.
    pub transaction: PendingTransaction,
    /// GET or POST.
    pub method: MethodChoice,
    /// Where the key is; a relative path is relative to the state's file.
    pub key_file: Option<PathBuf>,
}

const SCHEMA: &str = "scep-pending/1";

/// The file. Octets are DER in base64, times are seconds since 1970.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    url: String,
    transaction_id: String,
    signer_certificate: String,
    subject: String,
    ca_certificates: Vec<String>,
    capabilities: Vec<String>,
    method: Method,
    polls: u32,
    next_poll: i64,
    key_file: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Method {
    ByCapabilities,
    Get,
    Post,
}

impl PendingState {
    pub(crate) const fn new(transaction: PendingTransaction, method: MethodChoice) -> Self {
        Self {
            transaction,
            method,
            key_file: None,
        }
    }

    /// Parameters to go on with. The CA's certificates were checked when the request was made.
    pub(super) fn params(
        &self,
        key: Arc<dyn PrivateKey>,
        policy: AlgorithmPolicy,
    ) -> scep_core::Result<EnrollmentParams> {
        let subject = Name::from_der(&self.transaction.subject)?;
        let mut params = EnrollmentParams::new(
            self.transaction.url.clone(),
            CaTrust::FirstSeen,
            key,
            subject,
        );
        params.server.policy = policy;
        params.server.method = self.method;
        Ok(params)
    }

    /// Reads a file that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// `File` if it cannot be read, `Format` if it is not such a file.
    pub fn load(path: &Path) -> Result<Self> {
        let file: File = file::from_json(path, &file::read(path)?, SCHEMA)?;
        let octets = |what: &str, text: &str| {
            base64::decode(text).ok_or_else(|| Error::format(path, format!("{what} is no base64")))
        };
        Ok(Self {
            transaction: PendingTransaction {
                transaction_id: TransactionId::new(file.transaction_id)
                    .map_err(|e| Error::format(path, e.to_string()))?,
                signer: octets("signer_certificate", &file.signer_certificate)?,
                subject: octets("subject", &file.subject)?,
                ca_certificates: file
                    .ca_certificates
                    .iter()
                    .map(|text| octets("a CA certificate", text))
                    .collect::<Result<_>>()?,
                url: file.url,
                capabilities: file.capabilities,
                polls: file.polls,
                next_poll: UnixTime(file.next_poll),
            },
            method: match file.method {
                Method::ByCapabilities => MethodChoice::ByCapabilities,
                Method::Get => MethodChoice::Get,
                Method::Post => MethodChoice::Post,
            },
            key_file: file.key_file,
        })
    }

    /// Writes the state to a file, whole or not at all.
    ///
    /// # Errors
    /// `File` if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let transaction = &self.transaction;
        file::write_json(
            path,
            &File {
                schema: SCHEMA.into(),
                url: transaction.url.clone(),
                transaction_id: transaction.transaction_id.as_str().into(),
                signer_certificate: base64::encode(&transaction.signer),
                subject: base64::encode(&transaction.subject),
                ca_certificates: transaction
                    .ca_certificates
                    .iter()
                    .map(|der| base64::encode(der))
                    .collect(),
                capabilities: transaction.capabilities.clone(),
                method: match self.method {
                    MethodChoice::ByCapabilities => Method::ByCapabilities,
                    MethodChoice::Get => Method::Get,
                    MethodChoice::Post => Method::Post,
                },
                polls: transaction.polls,
                next_poll: transaction.next_poll.0,
                key_file: self.key_file.clone(),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("printer-01.pending.json");
        let mut state = PendingState::new(
            PendingTransaction {
                url: "http://h/scep".into(),
                transaction_id: TransactionId::new("8C1F").unwrap(),
                signer: vec![0x30, 0],
                subject: vec![0x30, 1],
                ca_certificates: vec![vec![1], vec![2, 3]],
                capabilities: vec!["AES".into()],
                polls: 3,
                next_poll: UnixTime(17),
            },
            MethodChoice::Get,
        );
        state.key_file = Some("printer-01.key".into());
        state.save(&path).unwrap();
        assert_eq!(PendingState::load(&path).unwrap(), state);
    }

    #[test]
    fn other_files_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        assert!(matches!(PendingState::load(&path), Err(Error::File { .. })));
        for text in [
            "",
            "{}",
            "{\"schema\":\"scep-capture/1\"}",
            "{\"schema\":\"scep-pending/1\"}",
        ] {
            std::fs::write(&path, text).unwrap();
            assert!(
                matches!(PendingState::load(&path), Err(Error::Format { .. })),
                "{text}"
            );
        }
    }
}
