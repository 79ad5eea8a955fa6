//! The server said no (RFC 8894 section 3.2.1.4).

use alloc::string::String;

use crate::Error;
use crate::message::{FailInfo, PkiStatus, ScepAttributes};

/// The server said no.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// failInfo.
    pub fail_info: Option<FailInfo>,
    /// failInfoText.
    pub text: Option<String>,
    /// Microsoft's HRESULT.
    pub hresult: Option<i32>,
    /// Microsoft's server message.
    pub server_message: Option<String>,
}

impl Refusal {
    /// What the attributes of a FAILURE say.
    pub(super) fn from_attributes(attributes: &ScepAttributes) -> Self {
        Self {
            fail_info: attributes.fail_info.clone(),
            text: attributes.fail_info_text.clone(),
            hresult: attributes.microsoft.hresult,
            server_message: attributes.microsoft.server_message.clone(),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::PeerRefused {
            status: PkiStatus::Failure,
            fail_info: refusal.fail_info,
            text: refusal.text.or(refusal.server_message),
            hresult: refusal.hresult,
        }
    }
}
