//! A transaction that waits: under which transactionID, and for how long.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::hand::{HandServer, PATIENT, enrollment, ok, talk, talk_at};
use common::{NOW, TestRandom, key};
use scep_core::Result;
use scep_core::client::{
    Enrollment, EnrollmentParams, Next, PendingTransaction, Request, RetryPolicy,
    TransactionIdChoice,
};
use scep_core::crypto::default_provider;
use scep_core::http::Operation;
use scep_core::message::TransactionId;

fn server(pending: u32) -> HandServer {
    let server = HandServer::new(key("ca"));
    *server.pending.lock().unwrap() = pending;
    server
}

fn resume(params: EnrollmentParams, pending: &PendingTransaction) -> Result<Enrollment> {
    Enrollment::resume(default_provider(), params, pending)
}

fn polls(sent: &[Request]) -> usize {
    let messages = sent
        .iter()
        .filter(|r| r.operation == Operation::PkiOperation);
    messages.count().saturating_sub(1)
}

#[test]
fn the_transaction_id_is_chosen_once() {
    let own = key("client");
    let id = |choice: TransactionIdChoice, seed: u64| {
        let server = server(2);
        let mut params = server.params(Arc::clone(&own));
        params.transaction_id = choice;
        let mut enrollment = enrollment(params);
        let mut rng = TestRandom(seed);
        let mut ids = Vec::new();
        let mut now = NOW;
        loop {
            match enrollment.next(now, &mut rng).unwrap() {
                Next::Send(request) => {
                    if request.operation == Operation::PkiOperation {
                        let asked = server.asked(&request);
                        ids.push(asked.message.attributes().transaction_id.clone());
                    }
                    let body = server.grant(&request, own.spki_der());
                    enrollment.on_response(&ok(&body), now, &mut rng).unwrap();
                }
                Next::WaitUntil(time) => now = time,
                _ => break,
            }
        }
        assert_eq!(ids.len(), 3);
        ids.dedup();
        assert_eq!(ids.len(), 1);
        assert_eq!(enrollment.transaction_id(), ids.first());
        ids.remove(0)
    };
    let of_key = TransactionId::of_key(default_provider().as_ref(), own.spki_der()).unwrap();
    assert_eq!(id(TransactionIdChoice::HashOfKey, 1), of_key);
    // two enrollments for one key are two transactions, unless somebody wants it otherwise
    assert_eq!(TransactionIdChoice::default(), TransactionIdChoice::Random);
    let random = [3, 4].map(|seed| id(TransactionIdChoice::default(), seed));
    assert_ne!(random[0], random[1]);
    assert_eq!(random[0].as_str().len(), 32);
    let given = TransactionId::new("RTU-7/2026").unwrap();
    assert_eq!(id(given.clone().into(), 5), given);
}

#[test]
fn after_the_last_poll_the_transaction_gives_up_and_can_be_resumed() {
    for (max_polls, pending) in [(0, 1), (1, 2), (3, 4)] {
        let server = server(pending);
        let mut params = server.params(key("client"));
        params.retry = RetryPolicy {
            max_polls: Some(max_polls),
            ..PATIENT
        };
        let mut first = enrollment(params.clone());
        let answer = |r: &Request| server.grant(r, key("client").spki_der());
        let (next, sent, at) = talk(&mut first, answer);
        let Ok(Next::GaveUp(state)) = next else {
            panic!("{next:?}")
        };
        assert_eq!(polls(&sent), usize::try_from(max_polls).unwrap());
        assert_eq!(state.polls, max_polls);
        assert_eq!(first.pending(), Some(*state.clone()));
        // asked again it says the same
        let again = first.next(at.plus(Duration::from_secs(9999)), &mut TestRandom(1));
        assert!(matches!(again, Ok(Next::GaveUp(_))), "{again:?}");

        // as many are enough when it is resumed, too
        let (next, sent, _) = talk(&mut resume(params.clone(), &state).unwrap(), answer);
        assert!(matches!(next, Ok(Next::GaveUp(_))), "{next:?}");
        assert!(sent.is_empty());

        params.retry = PATIENT;
        let (next, sent, _) = talk(&mut resume(params, &state).unwrap(), answer);
        assert!(matches!(next, Ok(Next::Issued(_))), "{next:?}");
        assert_eq!(sent.len(), 1);
    }
}

#[test]
fn when_the_time_is_over_there_is_one_last_poll() {
    let server = server(100);
    let mut params = server.params(key("client"));
    params.retry = RetryPolicy {
        max_time: Some(Duration::from_secs(150)),
        ..PATIENT
    };
    let answer = |r: &Request| server.grant(r, key("client").spki_der());
    let (next, sent, at) = talk(&mut enrollment(params.clone()), answer);
    let Ok(Next::GaveUp(state)) = next else {
        panic!("{next:?}")
    };
    // at 60, 120 and 150 seconds
    assert_eq!(polls(&sent), 3);
    assert_eq!(at, NOW.plus(Duration::from_secs(150)));
    assert_eq!(state.requested_at, Some(NOW));

    // the time runs on while the program does not: one poll, and it is over
    let mut resumed = resume(params.clone(), &state).unwrap();
    let (next, sent, _) = talk_at(&mut resumed, state.next_poll, answer);
    assert!(matches!(next, Next::GaveUp(_)), "{next:?}");
    assert_eq!(sent, 1);

    // a state of before, that does not say when it began, begins now
    let old = PendingTransaction {
        requested_at: None,
        ..*state
    };
    let mut resumed = resume(params, &old).unwrap();
    let (next, ..) = talk_at(&mut resumed, old.next_poll, answer);
    assert!(matches!(next, Next::WaitUntil(_)), "{next:?}");
    assert_eq!(resumed.pending().unwrap().requested_at, Some(old.next_poll));
}
