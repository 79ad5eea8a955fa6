//! A pending transaction that is interrupted: what is kept of it, and that it goes on from there.
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

use common::hand::{HandServer, PATIENT, enrollment, ok, talk_at};
use common::{CHALLENGE, NOW, TestRandom, key, name};
use proptest::prelude::*;
use scep_core::client::{Enrollment, EnrollmentParams, Next, PendingTransaction, Renewal, Signer};
use scep_core::crypto::{PrivateKey, default_provider};
use scep_core::http::Operation;
use scep_core::message::{ChallengePassword, FailInfo};
use scep_core::{Error, Result};

fn server(pending: u32) -> HandServer {
    let server = HandServer::new(key("ca"));
    *server.pending.lock().unwrap() = pending;
    server
}

/// What a program does that ends and starts again.
fn stored(pending: &PendingTransaction) -> PendingTransaction {
    #[cfg(feature = "serde")]
    let read = {
        let text = serde_json::to_string(pending).unwrap();
        assert!(!text.contains(CHALLENGE), "{text}");
        serde_json::from_str::<PendingTransaction>(&text).unwrap()
    };
    #[cfg(not(feature = "serde"))]
    let read = pending.clone();
    assert_eq!(read, *pending);
    read
}

fn resume(params: EnrollmentParams, pending: &PendingTransaction) -> Result<Enrollment> {
    Enrollment::resume(default_provider(), params, &stored(pending))
}

/// The keys of the cases below, by label.
fn labelled(label: &str) -> Arc<dyn PrivateKey> {
    match label {
        "rsa-new" => key("other"),
        "rsa-old" => key("client"),
        "ec-new" => key("p256"),
        "ec-old" => key("p384"),
        other => panic!("no key \"{other}\""),
    }
}

fn params(server: &HandServer, new: &str, old: Option<&str>) -> EnrollmentParams {
    let mut params = server.params(labelled(new));
    params.key_label = Some(new.into());
    params.challenge = Some(ChallengePassword::new(CHALLENGE));
    params.retry = PATIENT;
    if let Some(old) = old {
        let later = NOW.plus(Duration::from_secs(86_400));
        let certificate = server.issue(labelled(old).spki_der(), "CN=device-1", 44, later);
        let mut renewal = Renewal::new(Signer::new(certificate, labelled(old)).unwrap());
        renewal.key_label = Some(old.into());
        params.renewal = Some(renewal);
    }
    params
}

/// Parameters as a program has them that finds its keys by the labels in the state.
fn params_by_label(server: &HandServer, state: &PendingTransaction) -> EnrollmentParams {
    let old = state.renewal.as_ref().map(|r| r.current_key.as_deref());
    let mut params = params(
        server,
        state.key.as_deref().unwrap(),
        old.map(|label| label.unwrap()),
    );
    // what the state says itself need not be said again
    params.key_label = None;
    params.subject = name("CN=ignored");
    params.server.url = "http://ignored.test/".into();
    if let Some(renewal) = &mut params.renewal {
        renewal.key_label = None;
    }
    params
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Wherever the program ends, the transaction goes on from what was kept: with the same
    /// transactionID, and as many polls as without an interruption.
    #[test]
    fn an_interruption_changes_nothing(
        new in prop_oneof![Just("rsa-new"), Just("ec-new")],
        old in prop_oneof![Just(None), Just(Some("rsa-old")), Just(Some("ec-old"))],
        pending in 0_u32..5,
        // after which steps the program ends, as bits
        ends in any::<u16>(),
        lost_replies in any::<u16>(),
    ) {
        let server = server(pending);
        let first = params(&server, new, old);
        let spki = first.key.spki_der().to_vec();
        let mut transaction = enrollment(first);
        let (mut now, mut rng) = (NOW, TestRandom(5));
        let mut id = None;
        let mut polled = 0;
        let issued = 'steps: {
            for step in 0..40_u32 {
                match transaction.next(now, &mut rng).unwrap() {
                    Next::Send(request) => {
                        let message = request.operation == Operation::PkiOperation;
                        if message {
                            let asked = server.asked(&request);
                            let its = asked.message.attributes().transaction_id.clone();
                            prop_assert_eq!(id.get_or_insert(its.clone()), &its);
                            let poll = asked.message_type().as_text() == "20";
                            // a poll on its way is kept as one that is due
                            prop_assert_eq!(transaction.pending().is_some(), poll);
                        }
                        let lost = message && (lost_replies >> (step % 16)) & 1 == 1 && step < 16;
                        if !lost {
                            let body = server.grant(&request, &spki);
                            transaction.on_response(&ok(&body), now, &mut rng).unwrap();
                            polled += u32::from(message);
                        }
                    }
                    Next::WaitUntil(time) => now = time,
                    Next::Issued(issued) => break 'steps issued,
                    other => panic!("{other:?}"),
                }
                if (ends >> (step % 16)) & 1 == 1
                    && let Some(state) = transaction.pending()
                {
                    let state = stored(&state);
                    let params = params_by_label(&server, &state);
                    transaction = resume(params, &state).unwrap();
                    let mut again = transaction.pending().unwrap();
                    prop_assert_eq!(again.polls, state.polls);
                    again.polls = state.polls;
                    prop_assert_eq!(&again, &state);
                }
            }
            panic!("the transaction does not end");
        };
        prop_assert_eq!(issued.certificate.spki_der(), spki);
        // the first reply, and one for each that was PENDING before
        prop_assert_eq!(polled, pending + 1);
        prop_assert!(transaction.pending().is_none());
    }
}

#[test]
fn each_state_that_is_not_pending_keeps_nothing() {
    let server = server(0);
    let mut transaction = enrollment(params(&server, "rsa-new", None));
    let mut rng = TestRandom(1);
    for _ in 0..3 {
        assert_eq!(transaction.pending(), None);
        let Next::Send(request) = transaction.next(NOW, &mut rng).unwrap() else {
            panic!()
        };
        assert_eq!(transaction.pending(), None);
        let body = server.greeting(&request);
        let body =
            body.unwrap_or_else(|| server.failure(&server.asked(&request), FailInfo::BadTime));
        transaction.on_response(&ok(&body), NOW, &mut rng).unwrap();
    }
    assert_eq!(transaction.pending(), None);
    let next = transaction.next(NOW, &mut rng);
    assert!(matches!(next, Ok(Next::Refused(_))), "{next:?}");
    let error = transaction
        .on_response(&ok(b""), NOW, &mut rng)
        .unwrap_err();
    assert!(matches!(error, Error::Misuse(_)), "{error:?}");
}

/// A pending transaction, and its server.
fn pending(new: &str, old: Option<&str>) -> (HandServer, PendingTransaction) {
    let server = server(1);
    let params = params(&server, new, old);
    let spki = params.key.spki_der().to_vec();
    let mut transaction = enrollment(params);
    let (next, ..) = talk_at(&mut transaction, NOW, |r| server.grant(r, &spki));
    assert!(matches!(next, Next::WaitUntil(_)), "{next:?}");
    let state = transaction.pending().unwrap();
    (server, state)
}

#[test]
fn the_wrong_key_or_certificate_is_told_apart() {
    let (server, first) = pending("rsa-new", None);
    let (_, renewal) = pending("rsa-new", Some("rsa-old"));
    let cases = [
        ("signed the pending request", "rsa-old", None, &first),
        ("is no renewal", "rsa-new", Some("rsa-old"), &first),
        ("is a renewal", "rsa-new", None, &renewal),
        (
            "of another certificate",
            "rsa-new",
            Some("ec-old"),
            &renewal,
        ),
        (
            "asks a certificate for",
            "ec-new",
            Some("rsa-old"),
            &renewal,
        ),
    ];
    for (expected, new, old, state) in cases {
        let error = resume(params(&server, new, old), state).unwrap_err();
        assert!(matches!(error, Error::Misuse(_)), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(resume(params(&server, "rsa-new", Some("rsa-old")), &renewal).is_ok());
}

#[test]
fn a_damaged_state_is_an_error_and_no_panic() {
    let (server, good) = pending("rsa-new", Some("rsa-old"));
    let broken: [fn(&mut PendingTransaction); 5] = [
        |state| state.signer.truncate(40),
        |state| state.subject.clear(),
        |state| state.ca_certificates.clear(),
        |state| state.ca_certificates[0].truncate(9),
        |state| state.signer.clone_from(&state.ca_certificates[0]),
    ];
    for damage in broken {
        let mut state = good.clone();
        damage(&mut state);
        assert!(resume(params(&server, "rsa-new", Some("rsa-old")), &state).is_err());
    }
}

#[cfg(feature = "serde")]
#[test]
fn the_stored_form_is_text_that_was_readable_before() {
    let (_, state) = pending("rsa-new", None);
    let mut value = serde_json::to_value(&state).unwrap();
    assert_eq!(value["transaction_id"], state.transaction_id.as_str());
    assert_eq!(value["next_poll"], state.next_poll.0);
    assert_eq!(value["key"], "rsa-new");
    assert!(value.get("renewal").is_none());
    // what the first version did not write
    for field in ["requested_at", "key"] {
        value.as_object_mut().unwrap().remove(field);
    }
    let old: PendingTransaction = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(old.signer, state.signer);
    for (field, nonsense) in [
        ("transaction_id", serde_json::json!("")),
        ("signer_certificate", serde_json::json!("?")),
        ("ca_certificates", serde_json::json!(["?"])),
        ("polls", serde_json::json!(-1)),
    ] {
        let mut damaged = value.clone();
        damaged[field] = nonsense;
        assert!(serde_json::from_value::<PendingTransaction>(damaged).is_err());
    }
}
