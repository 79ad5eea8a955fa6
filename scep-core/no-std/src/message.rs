//! A PKCSReq that scep-core made, read back.

use scep_core::cms::Recipient;
use scep_core::limits::Limits;
use scep_core::message::{MessageType, SignedMessage};

const MESSAGE: &[u8] = include_bytes!("../../../fuzz/corpus/signed_message/request");

/// Whether the message, read, is the one it should be.
pub(crate) fn reads_as_expected() -> bool {
    let limits = Limits::DEFAULT;
    let Ok(message) = SignedMessage::decode(MESSAGE, &limits) else {
        return false;
    };
    let attributes = message.attributes();
    attributes.message_type == MessageType::PkcsReq
        && attributes.transaction_id.as_str() == "T-1"
        && message.certificates().len() == 1
        && has_one_recipient(&message, &limits)
        && has_good_signature(message, &limits)
}

fn has_one_recipient(message: &SignedMessage, limits: &Limits) -> bool {
    let content = message.content().unwrap_or_default();
    scep_core::cms::EnvelopedData::decode(content, limits)
        .is_ok_and(|envelope| matches!(envelope.recipients.as_slice(), [Recipient::KeyTrans(_)]))
}

/// Without a crypto provider there is none to check it.
#[cfg(not(feature = "rustcrypto"))]
fn has_good_signature(_message: SignedMessage, limits: &Limits) -> bool {
    // a message that was cut is not read
    SignedMessage::decode(MESSAGE.split_last().map_or(&[], |(_, cut)| cut), limits).is_err()
}

/// It is right, and that of a message which was changed is not.
#[cfg(feature = "rustcrypto")]
fn has_good_signature(message: SignedMessage, limits: &Limits) -> bool {
    use scep_core::crypto::RustCrypto;
    use scep_core::policy::AlgorithmPolicy;

    let policy = AlgorithmPolicy::RFC8894;
    let mut changed = MESSAGE.to_vec();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    let forged = SignedMessage::decode(&changed, limits)
        .and_then(|message| message.verify(&RustCrypto, &policy, &[]));
    forged.is_err() && message.verify(&RustCrypto, &policy, &[]).is_ok()
}
