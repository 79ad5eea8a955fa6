//! What NDES decides about a request, and what it leaves to the policy module and the CA.

use std::cell::RefCell;
use std::sync::Arc;

use scep_core::UnixTime;
use scep_core::asn1::tag;
use scep_core::crypto::PublicKeyAlgorithm;
use scep_core::message::{FailInfo, IssuerAndSerialNumber, MessageType};
use scep_core::server::{
    Authority, Authorization, Begin, Decision, EnrollmentKind, EnrollmentRequest,
    InMemoryTransactions, IssuedEntry, PendingEntry, PollRequest, Refusal, Reply, RequestDigest,
    TransactionKey, Transactions,
};
use scep_core::x509::{Certificate, Crl};

use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::layer::ca::{self, CaAnswer};
use crate::layer::policy_module;
use crate::log::ndes as event;
use crate::pki::crl;
use crate::profile::{ChallengeString, Served};
use crate::wire::Transit;

/// NDES, as the responder sees it. The responder holds it shared and calls it once at a time.
pub(super) struct NdesAuthority<'a> {
    inner: RefCell<Inner<'a>>,
    transactions: Arc<InMemoryTransactions>,
}

struct Inner<'a> {
    d: &'a mut Deployment,
    t: &'a mut Transit,
}

impl<'a> NdesAuthority<'a> {
    pub(super) fn new(d: &'a mut Deployment, t: &'a mut Transit) -> Self {
        let transactions = Arc::clone(&d.transactions);
        Self {
            inner: RefCell::new(Inner { d, t }),
            transactions,
        }
    }
}

impl Authority for NdesAuthority<'_> {
    fn authorize(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Authorization {
        let mut inner = self.inner.borrow_mut();
        inner.record(request);
        match inner.authorize(request) {
            Ok(()) => Authorization::Granted,
            Err(refusal) => Authorization::Refused(refusal),
        }
    }

    fn issue(&self, request: &EnrollmentRequest<'_>, _now: UnixTime) -> Decision {
        let mut inner = self.inner.borrow_mut();
        let Inner { d, t } = &mut *inner;
        let (now, lifetime) = (t.now(), d.state.ndes.registry.cache_request());
        let key = request.csr.spki_der();
        let cached = d.pool.ndes_mut().filter(|_| d.profile.caches_requests);
        let before = cached.and_then(|ndes| {
            ndes.answered
                .find(request.transaction_id, key, lifetime, now)
        });
        if let Some(certificate) = before {
            t.notes
                .push("answered from the cache of requests: same key, same transaction".to_owned());
            return decision(d, t, CaAnswer::Issued(Box::new(certificate)));
        }
        let answer = ca::submit(d, t, request.transaction_id, request.signer, request.csr);
        if let (CaAnswer::Issued(certificate), Some(ndes)) = (&answer, d.pool.ndes_mut()) {
            ndes.answered
                .remember(request.transaction_id, key, certificate, now);
        }
        decision(d, t, answer)
    }

    fn is_revoked(&self, certificate: &Certificate) -> bool {
        let mut inner = self.inner.borrow_mut();
        let Inner { d, t } = &mut *inner;
        !d.ca_database.is_good(certificate, t.now())
    }

    fn poll(&self, request: &PollRequest<'_>, _now: UnixTime) -> Decision {
        let mut inner = self.inner.borrow_mut();
        let Inner { d, t } = &mut *inner;
        let answer = ca::retrieve_pending(d, t, request.transaction_id, request.signer);
        decision(d, t, answer)
    }

    fn certificate(&self, id: &IssuerAndSerialNumber, _: &Certificate) -> Option<Certificate> {
        let inner = self.inner.borrow();
        let d = &*inner.d;
        let served = d.profile.message_types.contains(&Served::GetCert);
        let found = d.ca_database.find(&id.serial);
        let found = found.filter(|issued| issued.certificate.issuer().matches(&id.issuer));
        found
            .filter(|_| served)
            .map(|issued| issued.certificate.clone())
    }

    fn crl(&self, id: &IssuerAndSerialNumber, _: &Certificate) -> Option<Crl> {
        let mut inner = self.inner.borrow_mut();
        let Inner { d, t } = &mut *inner;
        let served = d.profile.message_types.contains(&Served::GetCrl);
        if !served || !d.pki.issuing_ca.certificate.subject().matches(&id.issuer) {
            return None;
        }
        let dates = d.crl_schedules.base.current(t.now());
        let revoked = d.revoked();
        crl::sign(&d.pki.issuing_ca, dates, revoked, Vec::new(), &mut d.rng).ok()
    }

    fn transactions(&self) -> &dyn Transactions {
        self
    }
}

/// What NDES remembers, and for how long.
impl Transactions for NdesAuthority<'_> {
    fn begin(&self, request: RequestDigest, transaction: Option<&TransactionKey>) -> Begin {
        self.transactions.begin(request, transaction)
    }

    fn finish(
        &self,
        request: RequestDigest,
        transaction: Option<&TransactionKey>,
        reply: Option<&Reply>,
    ) {
        self.transactions.finish(request, transaction, reply);
    }

    fn pending(&self, key: &TransactionKey) -> Option<PendingEntry> {
        self.transactions.pending(key)
    }

    fn remember_pending(&self, key: &TransactionKey, entry: PendingEntry) {
        self.transactions.remember_pending(key, entry);
    }

    fn resolve_pending(&self, key: &TransactionKey, issued: Option<IssuedEntry>) {
        self.transactions.resolve_pending(key, issued);
    }

    /// Until `CacheRequest` is over, or the process ends.
    fn issued(&self, key: &TransactionKey) -> Option<IssuedEntry> {
        let mut inner = self.inner.borrow_mut();
        let Inner { d, t } = &mut *inner;
        let (now, lifetime) = (t.now(), d.state.ndes.registry.cache_request());
        let caches = d.profile.caches_requests;
        let at = d.pool.ndes_mut()?.answered.time(&key.id);
        let over = caches && at.is_some_and(|at| now.since(at) >= lifetime);
        self.transactions.issued(key).filter(|_| !over)
    }
}

impl Inner<'_> {
    /// Who may have a certificate: whoever knows a challenge password, and whoever signs with an
    /// earlier certificate for the same subject.
    fn authorize(&mut self, request: &EnrollmentRequest<'_>) -> Result<(), Refusal> {
        let (served, message_type) = match request.kind {
            EnrollmentKind::Initial => (Served::PkcsReq, MessageType::PkcsReq),
            EnrollmentKind::Renewal => (Served::RenewalReq, MessageType::RenewalReq),
        };
        if !self.d.profile.message_types.contains(&served) {
            let text = format!("{message_type} is not served");
            return Err(Refusal::new(FailInfo::BadRequest).with_text(text));
        }
        let now = self.t.now();
        let signer = request.signer;
        let rsa = signer.public_key_algorithm();
        if !self.d.profile.verifies_other_keys && !rsa.is_ok_and(PublicKeyAlgorithm::can_encrypt) {
            return Err(Refusal::new(FailInfo::BadMessageCheck)
                .with_text("the signature cannot be verified"));
        }
        let earlier = self.d.ca_database.is_good(signer, now);
        if earlier && signer.subject().matches(request.csr.subject()) {
            return Ok(());
        }
        // A certificate of somebody else, or one that has expired, in the place of a password.
        let by_certificate = !signer.is_self_issued() && request.challenge().is_none();
        if request.kind == EnrollmentKind::Renewal || by_certificate {
            self.d.log(self.t, event::renewal_not_verified());
            let text =
                "the request is not signed with a certificate of this CA that it could renew";
            return Err(Refusal::new(FailInfo::BadRequest).with_text(text));
        }
        if self.d.state.policy_module.installed {
            match policy_module::verify(self.d, self.t, request.challenge(), request.csr) {
                Ok(true) => Ok(()),
                Ok(false) => Err(self.password_refused()),
                // Nobody is left to send this.
                Err(policy_module::Crash) => Err(Refusal::new(FailInfo::BadRequest)),
            }
        } else {
            self.check_password(request)
        }
    }

    fn check_password(&mut self, request: &EnrollmentRequest<'_>) -> Result<(), Refusal> {
        let registry = &self.d.state.ndes.registry;
        if !registry.enforce_password {
            return Ok(());
        }
        let Some(password) = request.challenge() else {
            return Err(self.password_refused());
        };
        let printable = request.csr.challenge_tag() == Some(tag::PRINTABLE_STRING);
        if !printable && self.d.profile.challenge_string == ChallengeString::PrintableOnly {
            self.d.log(self.t, event::password_not_verified());
            let code = Hresult::E_INVALIDARG;
            self.t.decoded.get_or_insert_default().hresult = Some(code.to_string());
            return Err(Refusal::new(FailInfo::BadRequest)
                .with_text("the challenge password is no PrintableString")
                .with_hresult(code.signed()));
        }
        let good = if super::uses_single_password(self.d) {
            self.d.static_challenge.matches(password)
        } else {
            let (validity, now) = (super::password_validity(self.d), self.t.now());
            let ndes = self.d.pool.ndes_mut();
            ndes.is_some_and(|ndes| ndes.passwords.redeem(password, validity, now))
        };
        if good {
            Ok(())
        } else {
            Err(self.password_refused())
        }
    }

    fn password_refused(&mut self) -> Refusal {
        self.d.log(self.t, event::password_not_verified());
        self.t.challenge_refused = true;
        Refusal::new(self.d.profile.challenge_fail_info.fail_info())
            .with_text("the challenge password is not accepted")
    }

    fn record(&mut self, request: &EnrollmentRequest<'_>) {
        let decoded = self.t.decoded.get_or_insert_default();
        decoded.signer = Some(request.signer.subject().to_string());
        decoded.subject = Some(request.csr.subject().to_string());
        decoded.challenge_present = Some(request.challenge().is_some());
    }
}

/// The CA's answer, as NDES passes it on.
fn decision(d: &mut Deployment, t: &mut Transit, answer: CaAnswer) -> Decision {
    match answer {
        CaAnswer::Issued(certificate) => Decision::Issue {
            certificates: vec![*certificate],
            server_message: Some("Issued".to_owned()),
        },
        CaAnswer::Pending => Decision::Pending,
        CaAnswer::Failed(code) => {
            let logged = if code == Hresult::RPC_UNAVAILABLE || code == Hresult::E_ACCESSDENIED {
                code
            } else {
                // The field's event 31 carries this code whatever the CA's own one is.
                Hresult::E_FAIL
            };
            d.log(t, event::submit_failed(code.phrase(), &logged.to_string()));
            t.decoded.get_or_insert_default().hresult = Some(code.to_string());
            let mut refusal = Refusal::new(FailInfo::BadRequest)
                .with_text(code.phrase())
                .with_hresult(code.signed());
            refusal.server_message = Some(code.phrase().to_owned());
            Decision::Refuse(refusal)
        }
    }
}
