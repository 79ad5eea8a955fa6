//! Enrollment and polling against a small SCEP server, on virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::fake::{Answer, Fake, response};
use crate::pki::{name, provider};
use crate::server::{CHALLENGE, CLIENT_KEY, TinyCa};
use scep_client::enroll::{
    EnrollOptions, Event, NetworkRetry, Outcome, PendingState, enroll, poll,
};
use scep_client::network::HttpRequest;
use scep_client::{Error, Network as _};
use scep_core::client::{CaTrust, EnrollmentParams, MethodChoice};
use scep_core::message::{ChallengePassword, FailInfo};
use scep_core::policy::AlgorithmPolicy;
use scep_failures::observation::{
    NetworkErrorKind, Observations, Outcome as Seen, Probe, Purpose, ReplyFacts,
};

const URL: &str = "http://ndes.example/certsrv/mscep/mscep.dll";

fn params(challenge: &str) -> EnrollmentParams {
    let mut params = EnrollmentParams::new(
        URL,
        TinyCa::trust(),
        CLIENT_KEY.clone(),
        name("CN=printer-01"),
    );
    params.challenge = Some(ChallengePassword::new(challenge));
    params.server.policy = AlgorithmPolicy::NDES;
    params
}

fn healthy(ca: TinyCa) -> Fake {
    Fake::new(move |request| Ok(ca.serve(request)))
}

fn is_pki_operation(request: &HttpRequest) -> bool {
    request.url.contains("operation=PKIOperation")
}

fn purposes(observations: &Observations) -> Vec<Purpose> {
    let purpose = |probe: &Probe| match probe {
        Probe::Http { purpose, .. } => *purpose,
        other => panic!("{other:?}"),
    };
    observations
        .items
        .iter()
        .map(|o| purpose(&o.probe))
        .collect()
}

fn last_reply(observations: &Observations) -> ReplyFacts {
    match &observations.items.last().unwrap().outcome {
        Seen::Response(facts) => *facts.reply.clone().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_certificate_is_issued_and_every_step_is_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut options = EnrollOptions::default();
    let listener = told.clone();
    options.progress = Arc::new(move |event| {
        let word = match event {
            Event::Capabilities {
                n,
                method,
                algorithms,
                ..
            } => format!("{n} {method:?} {algorithms:?}"),
            Event::CaCertificates { n, roles } => format!("{n} {}", roles.encryption.subject()),
            Event::Issued { n, issued } => format!("{n} {}", issued.certificate.serial_hex()),
            other => format!("{other:?}"),
        };
        listener.lock().unwrap().push(word);
    });
    let network = healthy(TinyCa::default());
    let done = enroll(&network, provider(), params(CHALLENGE), &options)
        .await
        .unwrap();
    let Outcome::Issued(issued) = &done.outcome else {
        panic!("{:?}", done.outcome)
    };
    assert_eq!(
        issued.certificate.subject().common_name().as_deref(),
        Some("printer-01")
    );
    assert_eq!(
        *told.lock().unwrap(),
        [
            "1 Post Some((Sha256, DesEde3Cbc))",
            "2 CN=NDES01-MSCEP-RA",
            "3 2B"
        ]
    );
    assert_eq!(
        network.lines(),
        [
            format!("GET {URL}?operation=GetCACaps"),
            format!("GET {URL}?operation=GetCACert"),
            format!("POST {URL}?operation=PKIOperation"),
        ]
    );
    assert_eq!(
        purposes(&done.observations),
        [Purpose::GetCaCaps, Purpose::GetCaCert, Purpose::Enroll]
    );
    let reply = last_reply(&done.observations);
    assert_eq!(
        (reply.status.as_deref(), reply.issued_serial.as_deref()),
        (Some("success"), Some("2B"))
    );
}

#[tokio::test]
async fn a_refusal_is_an_outcome() {
    let network = healthy(TinyCa::default());
    let done = enroll(
        &network,
        provider(),
        params("FEDCBA9876543210"),
        &EnrollOptions::default(),
    )
    .await
    .unwrap();
    let Outcome::Refused(refusal) = &done.outcome else {
        panic!("{:?}", done.outcome)
    };
    assert_eq!(refusal.fail_info, Some(FailInfo::BadMessageCheck));
    assert_eq!(
        last_reply(&done.observations).status.as_deref(),
        Some("failure")
    );
    let written = serde_json::to_string(&done.observations).unwrap();
    assert!(
        !written.contains("FEDCBA98"),
        "the challenge password is in the observations"
    );
}

#[tokio::test]
async fn get_is_used_when_it_is_asked_for() {
    let network = healthy(TinyCa::default());
    let mut params = params(CHALLENGE);
    params.server.method = MethodChoice::Get;
    let done = enroll(&network, provider(), params, &EnrollOptions::default())
        .await
        .unwrap();
    assert!(matches!(done.outcome, Outcome::Issued(_)));
    let Probe::Http { method, url, .. } = &done.observations.items[2].probe else {
        panic!()
    };
    assert_eq!(method, "GET");
    let (_, message) = url.split_once("&message=").unwrap();
    assert!(
        message.starts_with('<') && message.ends_with(" octets>"),
        "{url}"
    );
}

#[tokio::test]
async fn a_pending_request_is_polled_as_long_as_there_is_patience() {
    let ca = TinyCa {
        pending: Mutex::new(3),
        ..TinyCa::default()
    };
    let network = healthy(ca);
    let mut options = EnrollOptions::default();
    options.wait = Duration::from_secs(3600);
    let done = enroll(&network, provider(), params(CHALLENGE), &options)
        .await
        .unwrap();
    assert!(matches!(done.outcome, Outcome::Issued(_)));
    let polls = purposes(&done.observations)
        .iter()
        .filter(|p| **p == Purpose::Poll)
        .count();
    assert_eq!(polls, 3);
    // one minute, then each interval half as long again
    assert_eq!(network.elapsed().as_secs(), 60 + 90 + 135);
}

#[tokio::test]
async fn a_pending_request_outlives_the_program() {
    let network = healthy(TinyCa {
        pending: Mutex::new(2),
        ..TinyCa::default()
    });
    let options = EnrollOptions::default();
    let done = enroll(&network, provider(), params(CHALLENGE), &options)
        .await
        .unwrap();
    let Outcome::Pending(state) = done.outcome else {
        panic!("{:?}", done.outcome)
    };
    assert_eq!(
        last_reply(&done.observations).status.as_deref(),
        Some("pending")
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("printer-01.pending.json");
    state.save(&path).unwrap();
    assert!(!std::fs::read_to_string(&path).unwrap().contains(CHALLENGE));
    let state = PendingState::load(&path).unwrap();

    let ask = async |state: &PendingState, options: &EnrollOptions| {
        poll(
            &network,
            provider(),
            state,
            CLIENT_KEY.clone(),
            AlgorithmPolicy::NDES,
            options,
        )
        .await
    };
    // not yet time to ask: nothing is sent
    let early = ask(&state, &options).await.unwrap();
    assert!(matches!(early.outcome, Outcome::Pending(_)) && early.observations.items.is_empty());

    network.sleep(Duration::from_secs(60)).await;
    let still = ask(&state, &options).await.unwrap();
    let Outcome::Pending(later) = still.outcome else {
        panic!("{:?}", still.outcome)
    };
    assert_eq!(purposes(&still.observations), [Purpose::Poll]);
    assert_eq!(later.transaction.polls, 1);

    network.sleep(Duration::from_secs(3600)).await;
    let done = ask(&later, &options).await.unwrap();
    assert!(
        matches!(done.outcome, Outcome::Issued(_)),
        "{:?}",
        done.outcome
    );
}

#[tokio::test]
async fn polling_needs_the_same_key() {
    let network = healthy(TinyCa {
        pending: Mutex::new(2),
        ..TinyCa::default()
    });
    let options = EnrollOptions::default();
    let done = enroll(&network, provider(), params(CHALLENGE), &options)
        .await
        .unwrap();
    let Outcome::Pending(state) = done.outcome else {
        panic!("{:?}", done.outcome)
    };
    let other = crate::server::CA.key.clone();
    let failed = poll(
        &network,
        provider(),
        &state,
        other,
        AlgorithmPolicy::NDES,
        &options,
    )
    .await
    .unwrap_err();
    assert!(failed.error.is_local());
    assert!(failed.pending.is_some(), "the state is not lost");
}

#[tokio::test]
async fn another_ca_gets_no_challenge_password() {
    let network = healthy(TinyCa::default());
    let mut params = params(CHALLENGE);
    params.server.trust = CaTrust::Sha256([7; 32]);
    let failed = enroll(&network, provider(), params, &EnrollOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(
        &failed.error,
        Error::Scep {
            source: scep_core::Error::NotAuthentic { .. },
            ..
        }
    ));
    assert_eq!(
        purposes(&failed.observations),
        [Purpose::GetCaCaps, Purpose::GetCaCert]
    );
}

#[tokio::test]
async fn an_http_error_is_named_as_such() {
    let network = Fake::new(|_| Ok(response(500, "text/html", "<title>500</title>")));
    let failed = enroll(
        &network,
        provider(),
        params(CHALLENGE),
        &EnrollOptions::default(),
    )
    .await
    .unwrap_err();
    assert!(
        matches!(failed.error, Error::Http { status: 500, .. }),
        "{:?}",
        failed.error
    );
    assert_eq!(failed.observations.items.len(), 1);
}

/// Answers PKIOperation with `first` as often as it has entries, then properly.
fn failing_at_first(first: Vec<Answer>) -> Fake {
    let ca = TinyCa::default();
    let first = Mutex::new(first.into_iter());
    Fake::new(
        move |request| match first.lock().unwrap().next_if_pki(request) {
            Some(answer) => answer,
            None => Ok(ca.serve(request)),
        },
    )
}

trait NextIfPki {
    fn next_if_pki(&mut self, request: &HttpRequest) -> Option<Answer>;
}

impl NextIfPki for std::vec::IntoIter<Answer> {
    fn next_if_pki(&mut self, request: &HttpRequest) -> Option<Answer> {
        if is_pki_operation(request) {
            self.next()
        } else {
            None
        }
    }
}

#[tokio::test]
async fn what_may_pass_is_repeated_with_the_same_octets() {
    let mut busy = response(503, "text/html", "later");
    busy.headers.push(("retry-after".into(), "30".into()));
    let network = failing_at_first(vec![Err(NetworkErrorKind::ResolverFailed), Ok(busy)]);
    let done = enroll(
        &network,
        provider(),
        params(CHALLENGE),
        &EnrollOptions::default(),
    )
    .await
    .unwrap();
    assert!(matches!(done.outcome, Outcome::Issued(_)));
    assert_eq!(network.elapsed().as_secs(), 1 + 30);
    let received = network.received.lock().unwrap();
    let messages: Vec<_> = received
        .iter()
        .filter(|r| is_pki_operation(r))
        .map(|r| &r.body)
        .collect();
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|m| *m == messages[0]));
    // a reply that is not final is not judged
    let Seen::Response(facts) = &done.observations.items[3].outcome else {
        panic!()
    };
    assert_eq!((facts.status, &facts.reply), (503, &None));
}

#[tokio::test]
async fn repetition_has_an_end() {
    let network = failing_at_first(vec![Err(NetworkErrorKind::ResolverFailed); 9]);
    let mut options = EnrollOptions::default();
    options.retry = NetworkRetry {
        times: 4,
        ..NetworkRetry::default()
    };
    let failed = enroll(&network, provider(), params(CHALLENGE), &options)
        .await
        .unwrap_err();
    assert!(
        matches!(failed.error, Error::Network { .. }),
        "{:?}",
        failed.error
    );
    assert_eq!(failed.observations.items.len(), 2 + 5);
    assert!(
        failed.error.causes().contains("resolve"),
        "{}",
        failed.error.causes()
    );
}

#[tokio::test]
async fn a_request_that_the_server_may_have_taken_is_not_sent_twice() {
    for cut in [NetworkErrorKind::Reset, NetworkErrorKind::Closed] {
        let network = failing_at_first(vec![Err(cut); 9]);
        let failed = enroll(
            &network,
            provider(),
            params(CHALLENGE),
            &EnrollOptions::default(),
        )
        .await
        .unwrap_err();
        assert_eq!(failed.observations.items.len(), 3, "{:?}", failed.error);
    }
}
