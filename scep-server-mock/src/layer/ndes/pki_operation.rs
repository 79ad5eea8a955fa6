//! PKIOperation: one pkiMessage in, one CertRep out.

use scep_core::asn1::transcode;
use scep_core::cms::EnvelopedData;
use scep_core::crypto::ContentCipher;
use scep_core::http::CT_PKI_MESSAGE;
use scep_core::limits::Limits;
use scep_core::message::SignedMessage;
use scep_core::server::{RejectionStage, Reply};

use super::authority::NdesAuthority;
use super::{Handled, undecodable};
use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::log::ndes as event;
use crate::page::iis::HttpError;
use crate::profile::Encoding;
use crate::state::EndEntity;
use crate::wire::{Response, Transit};

pub(super) fn handle(d: &mut Deployment, t: &mut Transit, message: &[u8]) -> Handled {
    t.spend_ms(12);
    let Some(responder) = d.pool.ndes().map(|ndes| ndes.responder.clone()) else {
        return Handled::Error(HttpError::new(
            500,
            0,
            "Internal Server Error",
            "IsapiModule",
        ));
    };
    if let Some(error) = refused_unread(d, t, message) {
        return error;
    }
    let mut rng = d.rng.clone();
    let now = t.now();
    let authority = NdesAuthority::new(d, t);
    let result = responder.respond(message, &authority, now, &mut rng);
    if t.crashed {
        return Handled::Crashed;
    }
    if t.challenge_refused && d.profile.challenge_status != 0 {
        return Handled::Error(super::by_status(d.profile.challenge_status));
    }
    match result {
        Ok(reply) => {
            if let Some((stage, error)) = &reply.cause {
                log_rejection(d, t, *stage);
                t.decoded.get_or_insert_default().error = Some(format!("{stage}: {error}"));
            }
            record(t, &reply);
            Handled::Response(Response::new(200, "OK", CT_PKI_MESSAGE, reply.der))
        }
        Err(rejection) => {
            log_rejection(d, t, rejection.stage);
            t.decoded.get_or_insert_default().error = Some(rejection.to_string());
            let status = d.profile.undecryptable_status;
            if rejection.stage == RejectionStage::Decrypt && status != 0 {
                return Handled::Error(super::by_status(status));
            }
            undecodable(d)
        }
    }
}

/// What servers of other vendors refuse before they look whose request it is.
fn refused_unread(d: &Deployment, t: &mut Transit, message: &[u8]) -> Option<Handled> {
    let limits = Limits::DEFAULT;
    let mut because = |sentence: &str, handled: Handled| {
        t.decoded.get_or_insert_default().error = Some(sentence.to_owned());
        Some(handled)
    };
    if d.profile.encoding == Encoding::Der
        && transcode(message, &limits).is_ok_and(|value| value.was_ber())
    {
        return because(
            "asn1: structure error: indefinite length found",
            undecodable(d),
        );
    }
    if d.profile.aes_status != 0 {
        let signed = SignedMessage::decode(message, &limits).ok();
        let cipher = signed.and_then(|message| {
            let envelope = EnvelopedData::decode(message.content()?, &limits).ok()?;
            envelope.cipher().ok().map(|(cipher, _)| cipher)
        });
        let des = [ContentCipher::DesCbc, ContentCipher::DesEde3Cbc];
        if cipher.is_some_and(|cipher| !des.contains(&cipher)) {
            let error = super::by_status(d.profile.aes_status);
            return because("the cipher is not supported", Handled::Error(error));
        }
    }
    if d.state.third_party.ca_disabled {
        let error = super::by_status(400);
        return because(
            "The certificate authority is not active.",
            Handled::Error(error),
        );
    }
    if d.state.third_party.end_entity == EndEntity::Generated {
        let error = super::by_status(400);
        return because("the end entity has its certificate", Handled::Error(error));
    }
    None
}

fn log_rejection(d: &mut Deployment, t: &Transit, stage: RejectionStage) {
    let entry = match stage {
        RejectionStage::Decrypt => event::undecryptable_message(Hresult::NTE_BAD_DATA),
        RejectionStage::Renewal => event::renewal_not_verified(),
        _ => event::unreadable_message(Hresult::ASN1_BADTAG),
    };
    d.log(t, entry);
}

fn record(t: &mut Transit, reply: &Reply) {
    let decoded = t.decoded.get_or_insert_default();
    decoded.message_type = Some(reply.message_type.to_string());
    decoded.transaction_id = Some(reply.transaction_id.to_string());
    decoded.pki_status = Some(reply.pki_status.to_string());
    decoded.fail_info = reply.fail_info.as_ref().map(ToString::to_string);
    decoded.subject = reply
        .subject
        .as_ref()
        .map(ToString::to_string)
        .or(decoded.subject.take());
    decoded.issued_serial = reply
        .issued
        .as_ref()
        .map(scep_core::x509::Certificate::serial_hex);
}
