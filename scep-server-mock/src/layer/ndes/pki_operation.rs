//! PKIOperation: one pkiMessage in, one CertRep out.

use scep_core::http::CT_PKI_MESSAGE;
use scep_core::server::{RejectionStage, Reply};

use super::authority::NdesAuthority;
use super::{Handled, undecodable};
use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::log::ndes as event;
use crate::page::iis::HttpError;
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
    let mut rng = d.rng.clone();
    let now = t.now();
    let authority = NdesAuthority::new(d, t);
    let result = responder.respond(message, &authority, now, &mut rng);
    if t.crashed {
        return Handled::Crashed;
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
            undecodable(d)
        }
    }
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
