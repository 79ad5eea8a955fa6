//! What a lab leaves on disk, and what the next run finds.

use scep_core::UnixTime;
use scep_failures::catalogue::{Persona, Step};
use scep_server_mock::scenario::play_step;
use scep_server_mock::{KeySource, MockNdes};

use crate::sockets::enroll;

fn lab(folder: &tempfile::TempDir) -> scep_server_mock::Builder {
    MockNdes::builder().with_data(folder.path())
}

/// Ends a mock, and waits until its ports are free.
async fn end(mock: MockNdes) {
    let url = mock.urls().crl;
    let address = url
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    drop(mock);
    while std::net::TcpListener::bind(&address).is_err() {
        tokio::task::yield_now().await;
    }
}

fn serials(mock: &MockNdes) -> Vec<String> {
    mock.issued()
        .iter()
        .map(|i| i.certificate.serial_hex())
        .collect()
}

#[tokio::test]
async fn ca_certificates_requests_passwords_and_journal_outlive_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let first = lab(&folder)
        .with_keys(KeySource::Fresh)
        .start()
        .await
        .unwrap();
    enroll(&first).await;
    enroll(&first).await;
    let cas = first.ca_certificates();
    let issued = serials(&first);
    let last = first.journal().last().unwrap().n;
    first
        .set(&toml::from_str("ca.template.manager_approval = true").unwrap())
        .unwrap();
    first.with_deployment(|d, mut now| {
        play_step(
            d,
            &Step::Enroll { times: 1 },
            &Persona::default(),
            "a test",
            &mut now,
        )
        .unwrap();
    });
    first.advance(std::time::Duration::from_secs(86_400));
    let password = first.issue_challenge().unwrap().unwrap();
    let (bundle, now, url) = (
        first.with(|s| s.deployment().last_good()),
        first.now(),
        first.urls().crl,
    );
    end(first).await;

    let second = lab(&folder).start().await.unwrap();
    assert_eq!(second.ca_certificates(), cas);
    assert_eq!(serials(&second), issued);
    assert_eq!(
        second.with(|s| s.deployment().last_good()),
        bundle,
        "and its RA"
    );
    assert!(second.journal().iter().any(|entry| entry.n == last));
    assert!(
        second.now() >= now && UnixTime::now() < now,
        "time does not go back"
    );
    assert_eq!(second.urls().crl, url, "certificates name it");
    let pending = second.with(|s| s.deployment().pending().next()).unwrap();
    assert!(second.with_deployment(|d, _| d.decide_pending(pending.id, true)));
    second
        .set(&toml::from_str("ca.template.manager_approval = false").unwrap())
        .unwrap();
    crate::sockets::enroll_with(&second, password).await;
    assert_eq!(serials(&second).len(), 3);
    assert!(second.journal().last().unwrap().n > last, "numbers go on");
}

#[tokio::test]
async fn what_is_chosen_anew_is_laid_over_the_lab() {
    let folder = tempfile::tempdir().unwrap();
    let first = lab(&folder).start().await.unwrap();
    enroll(&first).await;
    let (cas, issued) = (first.ca_certificates(), serials(&first));
    drop(first);
    let second = lab(&folder)
        .with_failure("pool-stopped-manually")
        .start()
        .await
        .unwrap();
    assert_eq!(second.ca_certificates(), cas);
    // the history of the failure has a device of its own
    assert!(serials(&second).starts_with(&issued));
    let issued = serials(&second);
    assert_eq!(second.armed(), ["pool-stopped-manually"]);
    drop(second);
    let third = lab(&folder).start().await.unwrap();
    assert_eq!(third.armed(), ["pool-stopped-manually"], "as it was left");
    assert_eq!((third.ca_certificates(), serials(&third)), (cas, issued));
}

#[tokio::test]
async fn a_lab_is_used_by_one_program_at_a_time_and_a_broken_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let first = lab(&folder).start().await.unwrap();
    let error = lab(&folder).start().await.unwrap_err().to_string();
    assert!(error.contains("lab.redb"), "{error}");
    drop(first);
    std::fs::write(folder.path().join("lab.redb"), b"no database").unwrap();
    let error = lab(&folder).start().await.unwrap_err().to_string();
    assert!(error.contains("lab.redb"), "{error}");
}
