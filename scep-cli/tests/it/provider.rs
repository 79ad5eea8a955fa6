//! `--provider`: either crypto library on either side, and what one of them cannot do.

use crate::support::{Mock, repository, run, run_in};

#[test]
fn either_enrolls_at_the_other() {
    for (client, server) in [("aws-lc-rs", "rustcrypto"), ("rustcrypto", "aws-lc-rs")] {
        let mock = Mock::start(&["--provider", server]);
        let folder = tempfile::tempdir().unwrap();
        let password = mock.challenge_file(folder.path());
        let report = run_in(
            folder.path(),
            &[
                "--provider",
                client,
                "enroll",
                mock.url(),
                "--subject",
                "CN=printer-01",
                "--out",
                "P",
                "--ca-sha256",
                mock.pin(),
                "--challenge-file",
                &password,
            ],
        );
        report.exits(0).in_order(&["issued: CN=printer-01"]);
    }
}

/// MD5 and single DES, of which AWS-LC has only one.
#[test]
fn an_old_message_is_checked_with_either() {
    let message = repository().join("fuzz/corpus/signed_message/legacy");
    let message = message.to_str().unwrap();
    for more in [&[][..], &["--provider", "rustcrypto"]] {
        let arguments = [&["inspect", message][..], more].concat();
        let report = run(&arguments).exits(0);
        report.in_order(&["digest           MD5", "signature        valid"]);
    }
}

#[test]
fn another_one_is_a_usage_error() {
    run(&["demo", "--provider", "aws-lc"])
        .exits(2)
        .only_says("'aws-lc-rs'");
}
