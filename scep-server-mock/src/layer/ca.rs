//! The issuing CA, as NDES reaches it by RPC.

use scep_core::message::TransactionId;
use scep_core::x509::{Certificate, CertificationRequest};

use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::log::{system, text};
use crate::pki::issue;
use crate::runtime::ca_database::{IssuedCertificate, Pending, Resolution};
use crate::wire::Transit;

mod policy;

pub(crate) use policy::rsa_bits;

/// How long RPC tries before it gives up.
const RPC_TIMEOUT_MS: u64 = 21_000;

/// Whether the CA can be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaContact {
    /// It answers.
    Answers,
    /// RPC does not get through, or nobody listens.
    Unreachable,
    /// The domain controller gives the service account no ticket for the CA.
    LogonFailed,
}

/// What the CA says to a request.
#[derive(Clone, Debug)]
pub(crate) enum CaAnswer {
    Issued(Box<Certificate>),
    Pending,
    Failed(Hresult),
}

/// Opens a connection to the CA as the service account.
pub(crate) fn contact(d: &Deployment, t: &mut Transit) -> CaContact {
    // The ticket comes first: a process that runs since before the account was locked has none.
    if !d.state.ndes.service_account.can_log_on() {
        t.spend_ms(40);
        CaContact::LogonFailed
    } else if !d.state.ca.rpc_reachable {
        t.spend_ms(RPC_TIMEOUT_MS);
        CaContact::Unreachable
    } else if !d.state.ca.service.is_running() || !d.ca_started {
        t.spend_ms(1_000);
        CaContact::Unreachable
    } else {
        t.spend_ms(8);
        CaContact::Answers
    }
}

/// The CA's host has been restarted: `CertSvc` checks its own chain, and does not start if the root's
/// CRL cannot be had or is too old.
pub(crate) fn start(d: &mut Deployment, t: &Transit) {
    let (_, next_update, _) = d.crl_schedules.root.current(t.now());
    let fresh = d.state.crl.http_reachable && t.now() <= next_update;
    d.ca_started = fresh;
    if fresh {
        d.log(t, system::ca_started());
    } else {
        let code = Hresult::CRYPT_E_REVOCATION_OFFLINE;
        d.log(t, system::ca_revocation_offline(code));
        d.log(t, system::ca_not_started(code));
    }
}

fn unreachable(contact: CaContact) -> Option<CaAnswer> {
    match contact {
        CaContact::Answers => None,
        CaContact::Unreachable => Some(CaAnswer::Failed(Hresult::RPC_UNAVAILABLE)),
        CaContact::LogonFailed => Some(CaAnswer::Failed(Hresult::E_ACCESSDENIED)),
    }
}

/// Submits a request.
pub(crate) fn submit(
    d: &mut Deployment,
    t: &mut Transit,
    transaction: &TransactionId,
    signer: &Certificate,
    request: &CertificationRequest,
) -> CaAnswer {
    if let Some(answer) = unreachable(contact(d, t)) {
        return answer;
    }
    t.spend_ms(25);
    t.spent = t.spent.saturating_add(d.state.ca.latency.duration());
    let id = d.ca_database.number();
    if let Err(code) = policy::check(d, t, request) {
        d.log(
            t,
            system::ca_refused(id, code, &request.subject().to_string()),
        );
        return CaAnswer::Failed(code);
    }
    if d.state.ca.template.manager_approval {
        d.log(t, text::ca_pending(id, &request.subject().to_string()));
        d.ca_database.pending.push(Pending {
            id,
            transaction: transaction.clone(),
            signer_spki: signer.spki_der().to_vec(),
            request: request.clone(),
            resolution: None,
        });
        return CaAnswer::Pending;
    }
    issue(d, t, id, request)
}

/// Asks for a request that was pending.
pub(crate) fn retrieve_pending(
    d: &mut Deployment,
    t: &mut Transit,
    transaction: &TransactionId,
    signer: &Certificate,
) -> CaAnswer {
    if let Some(answer) = unreachable(contact(d, t)) {
        return answer;
    }
    let Some(pending) = d.ca_database.pending(transaction, signer).cloned() else {
        return CaAnswer::Failed(Hresult::E_INVALIDARG);
    };
    let Some(resolution) = pending.resolution else {
        return CaAnswer::Pending;
    };
    d.ca_database.pending.retain(|p| p.id != pending.id);
    match resolution {
        Resolution::Issue => issue(d, t, pending.id, &pending.request),
        Resolution::Deny => {
            let code = Hresult::ADMIN_DENIED;
            d.log(
                t,
                system::ca_refused(pending.id, code, &pending.request.subject().to_string()),
            );
            CaAnswer::Failed(code)
        }
    }
}

fn issue(d: &mut Deployment, t: &Transit, id: u32, request: &CertificationRequest) -> CaAnswer {
    let now = t.now();
    let settings = d.state.ca.clone();
    let mut rng = d.rng.clone();
    match issue::issue(
        &d.pki,
        &settings,
        d.profile.denies_security_identifiers,
        request,
        now,
        d.provider.as_ref(),
        &mut rng,
    ) {
        Ok(certificate) => {
            d.ca_database.add(IssuedCertificate {
                request_id: id,
                certificate: certificate.clone(),
                issued_at: now.0,
            });
            CaAnswer::Issued(Box::new(certificate))
        }
        Err(_) => CaAnswer::Failed(Hresult::E_FAIL),
    }
}
