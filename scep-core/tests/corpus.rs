//! Messages and files of real systems: each is understood, with these facts, or refused with this
//! sentence. The files are not ours to copy; `SCEP_CORPUS` names their folder.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::provider::supported;
use common::{TestRandom, provider};
use scep_core::Error;
use scep_core::capabilities::{Capabilities, Capability};
use scep_core::cms::EnvelopedData;
use scep_core::inspect::{Aids, Kind, Report, SignatureVerdict, inspect, private_key_der};
use scep_core::limits::Limits;
use scep_core::message::{MessageType, PkiStatus, SignedMessage};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::Certificate;

/// What [`facts`] must say of each file, one a line; `refused:` begins what it is refused with.
fn table() -> BTreeMap<&'static str, &'static str> {
    let mut table = lines(include_str!("corpus.txt"));
    table.extend(otherwise());
    table
}

/// The same, where this provider cannot do what the file needs.
fn otherwise() -> BTreeMap<&'static str, &'static str> {
    if cfg!(feature = "rustcrypto") {
        BTreeMap::new()
    } else {
        lines(include_str!("corpus-aws-lc-rs.txt"))
    }
}

fn lines(text: &'static str) -> BTreeMap<&'static str, &'static str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(": ").unwrap())
        .collect()
}

/// The folder of the corpus; `None` is said aloud.
fn corpus() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let named = std::env::var_os("SCEP_CORPUS").map(PathBuf::from);
    let candidates = match &named {
        Some(named) => vec![named.clone()],
        // beside the repository, or beside the folder of a worktree
        None => vec!["../shared/corpus".into(), "../../shared/corpus".into()],
    };
    // cargo runs tests in the package's folder; a relative path means the workspace's
    let found = candidates
        .iter()
        .map(|folder| workspace.join(folder))
        .find(|folder| folder.join("README.md").is_file());
    if found.is_none() {
        let required = std::env::var("SCEP_REQUIRE_PEERS").is_ok_and(|v| v == "1");
        assert!(
            named.is_none() || !required,
            "SCEP_REQUIRE_PEERS=1, but there is no corpus at {candidates:?}"
        );
        eprintln!("SKIPPED: there is no corpus at {candidates:?}");
    }
    found
}

/// Keys that their owners published, and the RA certificate of an NDES reply without certificates.
fn aids(folder: &Path) -> Aids {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let key = |(name, bits): (&str, u32)| {
        let der = private_key_der(&read(name)).unwrap();
        let loaded = provider().load_private_key(&der);
        supported(loaded, [format!("an RSA key of {bits} bits")])
    };
    let ra = String::from_utf8(read("smallstep__ca2.pem")).unwrap();
    Aids {
        keys: [
            ("ejbca__AdminCA1_sign.key.pem", 2048),
            ("micromdm__ca_plain.key.pem", 4096),
            ("smallstep__client.key", 1024),
        ]
        .into_iter()
        .filter_map(key)
        .collect(),
        certificates: Certificate::all_from_pem(&ra).unwrap(),
        passwords: Vec::new(),
    }
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    names.sort();
    names
}

/// The facts of a report on one line.
fn facts(report: &Report) -> String {
    let mut out = vec![report.encoding.clone(), report.kind.name().to_owned()];
    if let Some(attributes) = &report.attributes {
        out.push(attributes.message_type.name().to_owned());
        out.extend(attributes.pki_status.as_ref().map(|s| s.name().to_owned()));
        out.push(format!("id {}", attributes.transaction_id));
        let message = &attributes.microsoft.server_message;
        out.extend(message.as_ref().map(|text| format!("\"{text}\"")));
    }
    out.extend(report.digest.clone());
    out.extend(report.cipher.clone());
    out.extend(report.recipients.iter().map(|r| r.algorithm.clone()));
    out.extend(
        report
            .subject
            .as_ref()
            .map(|text| format!("subject {text}")),
    );
    out.extend(
        report
            .challenge_type
            .as_ref()
            .map(|kind| format!("challenge {kind}")),
    );
    if !report.subject_alt_names.is_empty() {
        out.push(format!("names {}", report.subject_alt_names.join(" ")));
    }
    if report.kind != Kind::Certificate && !report.certificates.is_empty() {
        out.push(format!("{} certificates", report.certificates.len()));
    }
    out.extend(report.signature.as_ref().map(|verdict| match verdict {
        SignatureVerdict::Valid { signer } => format!("signed by {signer}"),
        SignatureVerdict::Wrong { .. } => "signature WRONG".to_owned(),
        SignatureVerdict::NotChecked { why } => format!("not checked: {why}"),
    }));
    out.extend(report.deviations.as_slice().iter().map(|d| d.id.to_owned()));
    out.extend(
        report
            .content
            .as_ref()
            .map(|inner| format!("INSIDE {}", facts(inner))),
    );
    out.join(", ")
}

#[test]
fn every_file_is_understood_or_refused_as_the_table_says() {
    let Some(folder) = corpus() else { return };
    let aids = aids(&folder);
    let table = table();
    let mut wrong = Vec::new();
    for name in files(&folder) {
        let bytes = std::fs::read(folder.join(&name)).unwrap();
        let found = match inspect(provider(), &bytes, &aids, &mut TestRandom(1)) {
            Ok(report) => facts(&report),
            Err(error) => format!("refused: {error}"),
        };
        match table.get(name.as_str()) {
            Some(expected) if *expected == found => {}
            _ => wrong.push(format!("{name}: {found}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "differ from the table:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_table_names_every_file_and_no_other() {
    let Some(folder) = corpus() else { return };
    let known: Vec<&str> = table().into_keys().collect();
    assert_eq!(known, files(&folder));
}

/// One row of the README's table: the cells between the bars.
fn rows(folder: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let rows = text.lines().filter(|line| line.contains("__"));
    rows.filter_map(|line| line.strip_prefix("| "))
        .map(|line| {
            line.split(" | ")
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect()
}

/// The README was written from what `openssl` and a hex dump say, so this is not circular.
#[test]
fn the_readme_of_the_corpus_says_the_same() {
    let Some(folder) = corpus() else { return };
    let aids = aids(&folder);
    let rows = rows(&folder);
    let named: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    for name in files(&folder) {
        assert!(
            named.contains(&name.as_str()),
            "{name} is not in the README"
        );
    }
    let otherwise = otherwise();
    let able = |name: &String| !otherwise.contains_key(name.as_str());
    let (mut messages, mut requests) = (0, 0);
    for row in &rows {
        let [
            name,
            what,
            _made_by,
            _origin,
            encoding,
            algorithms,
            signature,
            key,
            ..,
        ] = row.as_slice()
        else {
            panic!("{row:?}")
        };
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let report = inspect(provider(), &bytes, &aids, &mut TestRandom(1));
        if what.contains("[type ") || what == "EnvelopedData" {
            let report = report.unwrap();
            assert_eq!(&report.encoding, encoding, "{name}");
            assert_algorithms(&report, name, algorithms);
            if let Some(attributes) = &report.attributes {
                let (message_type, status) = if what.contains("[type 19]") {
                    (MessageType::PkcsReq, None)
                } else {
                    assert!(what.contains("[type 3 status 0]"), "{what}");
                    (MessageType::CertRep, Some(PkiStatus::Success))
                };
                assert_eq!(attributes.message_type, message_type, "{name}");
                assert_eq!(attributes.pki_status, status, "{name}");
                assert!(signature.starts_with("OK"), "{signature}");
                let valid = matches!(report.signature, Some(SignatureVerdict::Valid { .. }));
                assert_eq!(valid, able(name), "{name}: {:?}", report.signature);
            }
            assert_eq!(report.content.is_some(), key.starts_with("yes"), "{name}");
            messages += 1;
        } else if what.starts_with("CSR") {
            let report = report.unwrap();
            assert_eq!(report.kind, Kind::CertificationRequest);
            assert_eq!(signature, "OK");
            let valid = matches!(report.signature, Some(SignatureVerdict::Valid { .. }));
            // a Brainpool curve, which no provider of ours has
            let foreign = name == "cryptpkcs10__csr4.pem";
            let verdict = &report.signature;
            assert_eq!(valid, !foreign && able(name), "{name}: {verdict:?}");
            let challenge = algorithms.contains("+challenge");
            assert_eq!(report.has_challenge, Some(challenge), "{name}");
            requests += 1;
        } else if what == "degenerate SignedData" {
            assert_eq!(report.unwrap().kind, Kind::CertsOnly);
        } else if what == "cert" {
            assert_eq!(report.unwrap().kind, Kind::Certificate);
        } else {
            assert!(report.is_err(), "{name}: {what}");
        }
    }
    assert_eq!((messages, requests), (11, 12));
}

/// The `inner` files were decrypted with `openssl`.
#[test]
fn envelopes_open_to_the_octets_that_openssl_found() {
    let Some(folder) = corpus() else { return };
    let keys = aids(&folder).keys;
    for name in ["ejbca__sscep", "ejbca__ciscovpnscep", "micromdm__PKCSReq"] {
        let bytes = std::fs::read(folder.join(format!("{name}.der"))).unwrap();
        let message = SignedMessage::decode(&bytes, &Limits::DEFAULT).unwrap();
        let content = message.content().unwrap();
        let envelope = EnvelopedData::decode(content, &Limits::DEFAULT).unwrap();
        let opened = keys.iter().find_map(|key| {
            let mut rng = TestRandom(1);
            envelope
                .open_by_trying(provider(), key.as_ref(), &mut rng)
                .ok()
        });
        let inner = std::fs::read(folder.join(format!("{name}.inner-csr.der"))).unwrap();
        assert_eq!(*opened.unwrap(), inner, "{name}");
    }
}

#[test]
fn md5_and_des_are_read_under_the_legacy_policy_only() {
    let Some(folder) = corpus() else { return };
    for (name, modern) in [
        ("ejbca__sscep.der", false),
        ("ejbca__ciscovpnscep.der", false),
        ("aki__sscep_StVincentQA_PKCSReq.der", false),
        ("blapki__sscep_PKCSReq.der", true),
        ("micromdm__PKCSReq.der", true),
        // sound algorithms, but a CA key of 1536 bits
        ("jscep__scep_resp2.der", false),
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let decode = || SignedMessage::decode(&bytes, &Limits::DEFAULT).unwrap();
        let verified = decode().verify(provider(), &AlgorithmPolicy::RFC8894, &[]);
        match verified {
            Ok(_) => assert!(modern, "{name}"),
            Err(Error::ForbiddenByPolicy { algorithm, .. }) => {
                let known = ["MD5", "an RSA key of 1536 bits"];
                assert!(
                    !modern && known.contains(&algorithm.as_str()),
                    "{name}: {algorithm}"
                );
            }
            Err(other) => panic!("{name}: {other}"),
        }
        let digest = decode().signer_info().digest_algorithm.digest().unwrap();
        let verified = decode().verify(provider(), &AlgorithmPolicy::LEGACY, &[]);
        supported(verified, [digest]);
    }
}

#[test]
fn capability_lists_of_real_servers() {
    let Some(folder) = corpus() else { return };
    for (name, expected) in [
        ("ejbca-old", "POSTPKIOperation SHA-1"),
        (
            "ejbca8",
            "AES DES3 POSTPKIOperation Renewal SHA-1 SHA-256 SHA-512 SCEPStandard",
        ),
        (
            "micromdm",
            "AES DES3 POSTPKIOperation Renewal SHA-1 SHA-256 SCEPStandard",
        ),
        (
            "openxpki-legacy",
            "DES3 GetNextCACert POSTPKIOperation Renewal SHA-1 SHA-256 SHA-512",
        ),
        (
            "step-ca",
            "AES DES3 POSTPKIOperation Renewal SHA-1 SHA-256 SCEPStandard",
        ),
    ] {
        let body = std::fs::read(folder.join(format!("cacaps__{name}.txt"))).unwrap();
        let capabilities = Capabilities::parse(&body);
        let found: Vec<&str> = Capability::ALL
            .into_iter()
            .filter(|capability| capabilities.has(*capability))
            .map(Capability::keyword)
            .collect();
        assert_eq!(found.join(" "), expected, "{name}");
    }
}

/// `sha256; ktri PKCS1v1.5; aes128_cbc`
fn assert_algorithms(report: &Report, name: &str, algorithms: &str) {
    let words = [
        ("md5", "MD5"),
        ("sha1", "SHA-1"),
        ("sha256", "SHA-256"),
        ("ktri PKCS1v1.5", "RSA PKCS#1 v1.5"),
        ("ktri OAEP", "RSA OAEP (SHA-1)"),
        ("des", "DES-CBC"),
        ("tripledes_3key", "DES-EDE3-CBC"),
        ("aes128_cbc", "AES-128-CBC"),
        ("aes256_cbc", "AES-256-CBC"),
    ];
    let mut expected: Vec<&str> = algorithms
        .split("; ")
        .map(|theirs| words.iter().find(|(word, _)| *word == theirs).unwrap().1)
        .collect();
    let transports = report.recipients.iter().map(|r| r.algorithm.as_str());
    let mut found: Vec<&str> = report.digest.iter().map(String::as_str).collect();
    found.extend(transports);
    found.extend(report.cipher.as_deref());
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected, "{name}");
}
