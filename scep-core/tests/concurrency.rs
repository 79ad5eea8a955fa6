//! Requests that come in at one moment, and authorities that do not come to an end.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use common::throwaway::{csr, message, to_ra};
use common::{CHALLENGE, NOW, TestCa, TestRandom, key};
use scep_core::UnixTime;
use scep_core::message::{IssuerAndSubject, MessageType, PkiStatus};
use scep_core::server::{
    Authority, Authorization, Decision, EnrollmentRequest, PollRequest, RejectionStage,
    Transactions,
};
use scep_core::x509::Certificate;

/// Tells when it was asked, and answers when it is told to.
struct Slow {
    ca: TestCa,
    asked: Mutex<Sender<()>>,
    go_on: Mutex<Receiver<()>>,
    calls: AtomicUsize,
    /// The keys whose requests wait.
    inside: Mutex<BTreeSet<Vec<u8>>>,
    panics: AtomicBool,
}

impl Slow {
    fn new() -> (Self, Receiver<()>, Sender<()>) {
        let (asked, was_asked) = channel();
        let (go_on, told) = channel();
        let slow = Self {
            ca: TestCa::rfc8894(),
            asked: Mutex::new(asked),
            go_on: Mutex::new(told),
            calls: AtomicUsize::new(0),
            inside: Mutex::default(),
            panics: AtomicBool::new(false),
        };
        (slow, was_asked, go_on)
    }

    /// A second one of the same key, which should not be here, does not wait: the test shall fail, not
    /// hang.
    fn wait(&self, signer: &Certificate) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.load(Ordering::SeqCst), "as was asked for");
        let key = signer.spki_der().to_vec();
        if self.inside.lock().unwrap().insert(key.clone()) {
            self.asked.lock().unwrap().send(()).unwrap();
            self.go_on.lock().unwrap().recv().unwrap();
            self.inside.lock().unwrap().remove(&key);
        }
    }

    fn stage(&self, message: &[u8]) -> Option<RejectionStage> {
        let rng = &mut TestRandom(7);
        let answer = self.ca.responder.respond(message, self, NOW, rng);
        answer.err().map(|rejection| rejection.stage)
    }
}

impl Authority for Slow {
    fn authorize(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Authorization {
        self.wait(request.signer);
        self.ca.authorize(request, now)
    }
    fn issue(&self, request: &EnrollmentRequest<'_>, now: UnixTime) -> Decision {
        self.ca.issue(request, now)
    }
    fn poll(&self, request: &PollRequest<'_>, _now: UnixTime) -> Decision {
        self.wait(request.signer);
        Decision::Pending
    }
    fn is_revoked(&self, _certificate: &Certificate) -> bool {
        false
    }
    fn transactions(&self) -> &dyn Transactions {
        self.ca.transactions()
    }
}

/// Two requests of one transaction by one key: the second one comes while the authority thinks.
#[test]
fn a_transaction_reaches_the_authority_once_at_a_time() {
    let (slow, was_asked, go_on) = Slow::new();
    let private = key("client");
    let request = |challenge| {
        let content = csr(private.as_ref(), Some(challenge));
        message(
            MessageType::PkcsReq,
            to_ra(&slow.ca, &content),
            private.as_ref(),
        )
    };
    let [first, second] = [request(CHALLENGE), request(CHALLENGE)];
    assert_ne!(first, second);
    let (slow, first) = (&slow, &first);
    // with the sender of a test that fails goes what others wait for
    std::thread::scope(move |scope| {
        let answer = scope.spawn(move || {
            let rng = &mut TestRandom(8);
            slow.ca.responder.respond(first, slow, NOW, rng).unwrap()
        });
        was_asked.recv().unwrap();
        for message in [first, &second] {
            assert_eq!(slow.stage(message), Some(RejectionStage::InFlight));
        }
        // another key's transaction of that name is another transaction
        let other = key("other");
        let content = csr(other.as_ref(), Some("wrong"));
        let theirs = message(
            MessageType::PkcsReq,
            to_ra(&slow.ca, &content),
            other.as_ref(),
        );
        go_on.send(()).unwrap();
        go_on.send(()).unwrap();
        assert_eq!(slow.stage(&theirs), None);
        assert_eq!(answer.join().unwrap().pki_status, PkiStatus::Success);
    });
    assert_eq!(slow.calls.load(Ordering::SeqCst), 2);
    assert_eq!(slow.ca.issued.lock().unwrap().len(), 1);
}

#[test]
fn two_polls_at_one_moment_are_one_question_to_the_authority() {
    let (slow, was_asked, go_on) = Slow::new();
    let private = key("client");
    *slow.ca.pending.lock().unwrap() = 5;
    let content = csr(private.as_ref(), Some(CHALLENGE));
    let request = message(
        MessageType::PkcsReq,
        to_ra(&slow.ca, &content),
        private.as_ref(),
    );
    assert_eq!(
        slow.ca.respond(&request).unwrap().pki_status,
        PkiStatus::Pending
    );
    let poll = || {
        let content = IssuerAndSubject {
            issuer: slow.ca.ca.subject().clone(),
            subject: common::name("CN=e"),
        }
        .to_der();
        message(
            MessageType::CertPoll,
            to_ra(&slow.ca, &content),
            private.as_ref(),
        )
    };
    let [first, second] = [poll(), poll()];
    let (slow, first) = (&slow, &first);
    // with the sender of a test that fails goes what others wait for
    std::thread::scope(move |scope| {
        let answer = scope.spawn(move || slow.stage(first));
        was_asked.recv().unwrap();
        assert_eq!(slow.stage(&second), Some(RejectionStage::InFlight));
        go_on.send(()).unwrap();
        assert_eq!(answer.join().unwrap(), None);
    });
    assert_eq!(slow.calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_request_at_which_the_authority_panicked_may_come_again() {
    let (slow, was_asked, go_on) = Slow::new();
    let private = key("client");
    let content = csr(private.as_ref(), Some(CHALLENGE));
    let request = message(
        MessageType::PkcsReq,
        to_ra(&slow.ca, &content),
        private.as_ref(),
    );
    slow.panics.store(true, Ordering::SeqCst);
    let panicked = catch_unwind(AssertUnwindSafe(|| slow.stage(&request)));
    assert!(panicked.is_err());
    slow.panics.store(false, Ordering::SeqCst);
    go_on.send(()).unwrap();
    assert_eq!(slow.stage(&request), None);
    was_asked.recv().unwrap();
    assert_eq!(slow.ca.issued.lock().unwrap().len(), 1);
}
