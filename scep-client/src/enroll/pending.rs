//! A pending request in a file, for another day.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scep_core::client::{
    CaTrust, EnrollmentParams, MethodChoice, PendingTransaction, Renewal, Signer,
};
use scep_core::crypto::PrivateKey;
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::{Certificate, Name};
use serde::{Deserialize, Serialize};

use crate::{Result, file};

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
struct File {
    schema: String,
    #[serde(flatten)]
    transaction: PendingTransaction,
    method: MethodChoice,
    key_file: Option<PathBuf>,
}

/// The keys of a pending request.
#[derive(Clone)]
pub struct PendingKeys {
    /// The key that is to be certified.
    pub key: Arc<dyn PrivateKey>,
    /// In a renewal, the key of the certificate that is to be renewed.
    pub current: Option<Arc<dyn PrivateKey>>,
}

impl std::fmt::Debug for PendingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingKeys").finish_non_exhaustive()
    }
}

impl From<Arc<dyn PrivateKey>> for PendingKeys {
    fn from(key: Arc<dyn PrivateKey>) -> Self {
        Self { key, current: None }
    }
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
        keys: PendingKeys,
        policy: AlgorithmPolicy,
    ) -> scep_core::Result<EnrollmentParams> {
        let subject = Name::from_der(&self.transaction.subject)?;
        let mut params = EnrollmentParams::new(
            self.transaction.url.clone(),
            CaTrust::FirstSeen,
            keys.key,
            subject,
        );
        if let Some(current) = keys.current {
            let certificate = Certificate::from_der(&self.transaction.signer)?;
            params.renewal = Some(Renewal::new(Signer::new(certificate, current)?));
        }
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
        Ok(Self {
            transaction: file.transaction,
            method: file.method,
            key_file: file.key_file,
        })
    }

    /// Writes the state to a file, whole or not at all.
    ///
    /// # Errors
    /// `File` if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        file::write_json(
            path,
            &File {
                schema: SCHEMA.into(),
                transaction: self.transaction.clone(),
                method: self.method,
                key_file: self.key_file.clone(),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use scep_core::UnixTime;
    use scep_core::client::PendingRenewal;
    use scep_core::message::TransactionId;

    use super::*;
    use crate::Error;

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
                next_ca_certificates: vec![vec![4]],
                capabilities: vec!["AES".into()],
                polls: 3,
                next_poll: UnixTime(17),
                unanswered: true,
                requested_at: Some(UnixTime(5)),
                key: None,
                renewal: Some(PendingRenewal {
                    spki: vec![0x30, 2],
                    current_key: Some("old.key".into()),
                }),
            },
            MethodChoice::Get,
        );
        state.key_file = Some("printer-01.key".into());
        state.save(&path).unwrap();
        assert_eq!(PendingState::load(&path).unwrap(), state);
    }

    /// Written by the first version.
    #[test]
    fn a_file_of_before_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.pending.json");
        let old = r#"{
            "schema": "scep-pending/1",
            "url": "http://h/scep",
            "transaction_id": "8C1F",
            "signer_certificate": "MAA=",
            "subject": "MAE=",
            "ca_certificates": ["AQ==", "AgM="],
            "capabilities": ["AES"],
            "method": "by-capabilities",
            "polls": 3,
            "next_poll": 17,
            "key_file": null
        }"#;
        std::fs::write(&path, old).unwrap();
        let state = PendingState::load(&path).unwrap();
        assert_eq!(state.transaction.ca_certificates, [vec![1], vec![2, 3]]);
        assert_eq!(state.transaction.next_poll, UnixTime(17));
        assert_eq!(state.transaction.renewal, None);
        assert!(!state.transaction.unanswered);
        assert_eq!(state.method, MethodChoice::ByCapabilities);
        let broken = old.replace("MAE=", "no base64");
        std::fs::write(&path, broken).unwrap();
        assert!(matches!(
            PendingState::load(&path),
            Err(Error::Format { .. })
        ));
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
