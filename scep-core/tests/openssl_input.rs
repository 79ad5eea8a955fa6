//! What the `openssl` command makes, read by this crate.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;

use common::openssl::OpenSsl;
use common::provider::{supported, transporting, verifying};
use common::samples::{self, Shape};
use common::{NOW, TestCa, TestRandom, key, key_der, provider};
use scep_core::ca_certificates::CaCertificates;
use scep_core::cms::{ContentInfo, EnvelopedData, Openers, SignedData, SignerId};
use scep_core::crypto::{DigestAlgorithm, SignatureAlgorithm};
use scep_core::inspect::private_key_der;
use scep_core::limits::Limits;
use scep_core::message::{MessageType, PkiStatus, SignedMessage};
use scep_core::oid;
use scep_core::x509::{Certificate, CertificationRequest, Crl, pem};
use scep_core::{Error, UnixTime};

const LIMITS: Limits = Limits::DEFAULT;
/// The pairs of provider options that switch single DES on.
const LEGACY: &str = "-provider legacy -provider default";

#[test]
fn envelopes_in_ber_and_der_open() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let ca = TestCa::rfc8894();
    openssl.identity("ra", &ca.ra);
    let keys = [(ca.ra.clone(), key("ra"))];
    let mut checked = 0;
    for len in [0, 1, 1000, 100_000] {
        let plain: Vec<u8> = (0..len).map(|i: u32| i.to_be_bytes()[3]).collect();
        openssl.write("plain", &plain);
        for cipher in ["aes128", "aes192", "aes256", "des3", "des"] {
            for stream in ["", "-stream", "-indef"] {
                for padding in [
                    "",
                    "-keyopt rsa_padding_mode:oaep",
                    "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256",
                    "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256 -keyopt rsa_mgf1_md:sha1",
                ] {
                    // every padding once, every cipher once
                    if !padding.is_empty() && (cipher != "aes128" || stream == "-indef") {
                        continue;
                    }
                    let legacy = if cipher == "des" { LEGACY } else { "" };
                    openssl.ok(&format!(
                        "cms -encrypt -{cipher} -binary -in plain -outform DER -out e {stream} {legacy} \
                         -recip ra.pem {padding}"
                    ));
                    let octets = openssl.read("e");
                    let envelope = EnvelopedData::decode(&octets, &LIMITS).unwrap();
                    assert_eq!(envelope.was_ber, !stream.is_empty());
                    checked += 1;
                    let opened = envelope.open(
                        provider(),
                        Openers::keys(&keys),
                        &Limits::DEFAULT,
                        &mut TestRandom(1),
                    );
                    let transport = envelope.opener(Openers::keys(&keys)).unwrap().transport();
                    let needs = transport.map(transporting);
                    let Some(opened) = supported(opened, needs) else {
                        continue;
                    };
                    assert!(*opened == plain, "{cipher} {stream} {padding} {len}");
                }
            }
        }
    }
    assert_eq!(checked, 4 * (5 * 3 + 3 * 2));
}

#[test]
fn the_recipient_is_found_by_key_identifier_and_among_several() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let ca = TestCa::rfc8894();
    let (device, device_key) = samples::device();
    openssl.write("ra.pem", ca.ra.to_pem());
    openssl.write("client.pem", device.to_pem());
    openssl.write("plain", "x");
    let keys = [(device, device_key)];
    for arguments in [
        "-keyid client.pem",
        "ra.pem client.pem",
        "-keyid client.pem client.pem",
    ] {
        openssl.ok(&format!(
            "cms -encrypt -aes128 -binary -in plain -outform DER -out e {arguments}"
        ));
        let octets = openssl.read("e");
        let envelope = EnvelopedData::decode(&octets, &LIMITS).unwrap();
        let opened = envelope.open(
            provider(),
            Openers::keys(&keys),
            &Limits::DEFAULT,
            &mut TestRandom(1),
        );
        assert_eq!(**opened.unwrap(), b"x"[..], "{arguments}");
    }
    // a password recipient is seen, and refused with its name
    openssl.ok("cms -encrypt -aes128 -binary -in plain -outform DER -out e -pwri_password secret");
    let octets = openssl.read("e");
    let envelope = EnvelopedData::decode(&octets, &LIMITS).unwrap();
    let error = envelope
        .open(
            provider(),
            Openers::keys(&keys),
            &Limits::DEFAULT,
            &mut TestRandom(1),
        )
        .unwrap_err();
    assert!(error.to_string().contains("a password"), "{error}");
}

#[test]
fn a_ber_envelope_of_openssl_in_our_message_is_issued() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let ca = TestCa::rfc8894();
    openssl.identity("ra", &ca.ra);
    openssl.write("plain", samples::csr().as_der());
    openssl.ok("cms -encrypt -aes256 -binary -stream -in plain -outform DER -out e ra.pem");
    let message = samples::around(MessageType::PkcsReq, openssl.read("e"), Shape::default());
    let reply = ca.respond(&message).unwrap();
    assert_eq!(reply.pki_status, PkiStatus::Success, "{:?}", reply.cause);
}

#[test]
fn signed_data_in_ber_and_der_verifies() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let (device, _) = samples::device();
    openssl.identity("client", &device);
    let plain: Vec<u8> = (0..5000_u32).map(|i| i.to_be_bytes()[3]).collect();
    openssl.write("plain", &plain);
    for (md, digest) in [
        ("md5", DigestAlgorithm::Md5),
        ("sha1", DigestAlgorithm::Sha1),
        ("sha224", DigestAlgorithm::Sha224),
        ("sha256", DigestAlgorithm::Sha256),
        ("sha384", DigestAlgorithm::Sha384),
        ("sha512", DigestAlgorithm::Sha512),
    ] {
        for arguments in ["", "-stream", "-keyid -stream", "-nocerts"] {
            openssl.ok(&format!(
                "cms -sign -nodetach -binary -in plain -outform DER -out s -signer client.pem \
                 -inkey client.key -md {md} {arguments}"
            ));
            let der = openssl.read("s");
            let info = ContentInfo::decode(&der, &LIMITS).unwrap();
            assert_eq!(info.was_ber(), arguments.contains("-stream"));
            let data = SignedData::from_content_info(&info, "test", &Limits::DEFAULT).unwrap();
            assert_eq!(data.content, Some(plain.as_slice()));
            let certificates = usize::from(arguments != "-nocerts");
            assert_eq!(data.certificates.len(), certificates);
            let [signer] = data.signers.as_slice() else {
                panic!("{arguments}")
            };
            assert!(signer.signer.names(&device), "{arguments}");
            let by_key_id = matches!(signer.signer, SignerId::KeyIdentifier(_));
            assert_eq!(by_key_id, arguments.contains("-keyid"));
            assert_eq!(signer.digest_algorithm.digest().unwrap(), digest);
            let stated = signer
                .attributes
                .iter()
                .find(|a| a.oid == oid::MESSAGE_DIGEST);
            if let Some(actual) = supported(provider().digest(digest, &plain), [digest]) {
                assert!(stated.unwrap().values[0].ends_with(&actual));
            }
            let algorithm = SignatureAlgorithm::RsaPkcs1v15(digest);
            let verified = provider().verify(
                device.spki_der(),
                algorithm,
                &signer.signed_octets_as_received().unwrap(),
                &signer.signature,
            );
            supported(verified, [verifying(algorithm)]);
            // it is no SCEP message, and that is said in the RFC's words
            let error = SignedMessage::decode(&der, &LIMITS)
                .unwrap_err()
                .to_string();
            assert!(error.contains("no messageType attribute"), "{error}");
        }
    }
    openssl.ok(
        "cms -sign -noattr -nodetach -binary -in plain -outform DER -out s -signer client.pem \
         -inkey client.key",
    );
    let error = SignedMessage::decode(&openssl.read("s"), &LIMITS).unwrap_err();
    assert!(
        error.to_string().contains("no signed attributes"),
        "{error}"
    );
}

#[test]
fn requests_of_openssl_are_understood_and_issued() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let config = "string_mask = MASK\n[req]\nprompt = no\ndistinguished_name = dn\nattributes = a\n\
                  req_extensions = e\n[dn]\nC = CH\nO = Acme\nCN = dëvice\n\
                  [a]\nchallengePassword = CorrectHorse1\nunstructuredName = Acme Inc\n\
                  [e]\nsubjectAltName = DNS:a.example,IP:2001:db8::1,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:u@x\n\
                  keyUsage = digitalSignature\n";
    openssl.key("client");
    for mask in ["utf8only", "nombstr", "default"] {
        openssl.write("r.cnf", config.replace("MASK", mask));
        for md in ["sha1", "sha256", "sha512"] {
            openssl.ok(&format!(
                "req -new -utf8 -config r.cnf -key client.key -{md} -outform DER -out r.der"
            ));
            let csr = CertificationRequest::from_der(&openssl.read("r.der")).unwrap();
            csr.verify(provider()).unwrap();
            assert_eq!(
                csr.challenge_password().unwrap().expose(),
                common::CHALLENGE
            );
            assert_eq!(csr.subject().to_string(), "CN=dëvice,O=Acme,C=CH", "{mask}");
            let names = csr.subject_alt_names();
            assert_eq!(names[..2], ["dns:a.example", "ip:2001:db8::1"]);
            assert_eq!(names.len(), 3);
            let (ca, shape) = (TestCa::rfc8894(), Shape::default());
            let message = samples::request(&ca, MessageType::PkcsReq, csr.as_der(), shape);
            let reply = ca.respond(&message).unwrap();
            let issued = reply.issued.unwrap();
            assert_eq!(issued.subject(), csr.subject());
        }
    }
    openssl.ok("req -in r.der -inform DER -out r.pem");
    let text = String::from_utf8(openssl.read("r.pem")).unwrap();
    assert_eq!(
        CertificationRequest::from_pem(&text).unwrap().as_der(),
        openssl.read("r.der")
    );
}

#[test]
fn crls_are_read_in_der_and_pem() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let ca = TestCa::rfc8894();
    openssl.identity("ca", &ca.ca);
    openssl.write(
        "ca.cnf",
        "[ca]\ndefault_ca = d\n[d]\ndatabase = index\ncrlnumber = number\ncrl_extensions = e\n\
         [e]\nauthorityKeyIdentifier = issuer\n",
    );
    openssl.write("number", "1A\n");
    openssl.write(
        "index",
        "R\t351231235959Z\t260101120000Z,keyCompromise\tC8\tunknown\t/CN=a\n\
         R\t351231235959Z\t260102120000Z\t0123456789ABCDEF0123456789ABCDEF\tunknown\t/CN=b\n\
         V\t351231235959Z\t\t05\tunknown\t/CN=c\n",
    );
    let make = "ca -gencrl -config ca.cnf -keyfile ca.key -cert ca.pem -md sha256 -out c.pem";
    openssl.ok(&format!(
        "{make} -crl_lastupdate 20260301000000Z -crl_nextupdate 20510301000000Z"
    ));
    openssl.ok("crl -in c.pem -outform DER -out c.der");
    for form in ["c.pem", "c.der"] {
        let crl = Crl::from_der(&openssl.read(form)).unwrap();
        assert!(crl.issuer().matches(ca.ca.subject()));
        assert_eq!(crl.this_update(), UnixTime(1_772_323_200));
        assert_eq!(crl.next_update(), Some(UnixTime(2_561_241_600)));
        assert_eq!(crl.number(), Some(vec![0x1a]));
        assert_eq!(crl.revoked().len(), 2);
        assert!(crl.is_revoked(&[0, 0xc8]) && !crl.is_revoked(&[5]));
        assert_eq!(crl.revoked()[0].revoked_at, UnixTime(1_767_268_800));
        crl.verify_issued_by(provider(), &ca.ca).unwrap();
        let error = crl.verify_issued_by(provider(), &ca.ra).unwrap_err();
        assert!(matches!(error, Error::NotAuthentic { .. }), "{error}");
        // the octets of a CRL are what was signed, in a PEM file too
        assert_eq!(crl.as_der(), openssl.read("c.der"));
    }
    // version 1, without extensions and entries
    openssl.write("ca.cnf", "[ca]\ndefault_ca = d\n[d]\ndatabase = index\n");
    openssl.write("index", "");
    openssl.ok(&format!("{make} -crldays 30"));
    let crl = Crl::from_der(&openssl.read("c.pem")).unwrap();
    assert_eq!((crl.number(), crl.revoked().len()), (None, 0));
    crl.verify_issued_by(provider(), &ca.ca).unwrap();
}

#[test]
fn odd_certificates_are_read_and_their_signatures_verify() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    openssl.key("client");
    let config = |extra: &str| {
        format!("{extra}\n[req]\nprompt=no\ndistinguished_name=dn\n[dn]\nCN=Zoë\nO=Acme\n[none]\n")
    };
    let plain = "-key client.key -utf8 -days 30 -set_serial";
    let cases = [
        ("serial 0", "", format!("{plain} 0")),
        ("negative serial", "", format!("{plain} -5")),
        (
            "serial of 32 octets",
            "",
            format!("{plain} 0x{}", "7f".repeat(32)),
        ),
        ("serial with a high bit", "", format!("{plain} 0xff")),
        ("BMPString", "string_mask=nombstr", format!("{plain} 1")),
        (
            "TeletexString",
            "string_mask=MASK:0x4",
            format!("{plain} 1"),
        ),
        (
            "UniversalString",
            "string_mask=MASK:0x100",
            format!("{plain} 1"),
        ),
        ("no extensions", "", format!("{plain} 1 -extensions none")),
        ("GeneralizedTime", "", format!("{plain} 1 -days 20000")),
        ("SHA-1", "", format!("{plain} 1 -sha1")),
        ("MD5", "", format!("{plain} 1 -md5")),
        ("SHA-512", "", format!("{plain} 1 -sha512")),
        (
            "unknown critical extension",
            "",
            format!("{plain} 1 -addext 1.2.3.4=critical,ASN1:UTF8:x"),
        ),
    ];
    for (what, extra, arguments) in cases {
        let der = openssl.self_signed(&config(extra), &arguments);
        let certificate = Certificate::from_der(&der).unwrap();
        assert_eq!(certificate.as_der(), der);
        assert_eq!(
            certificate.subject().common_name().as_deref(),
            Some("Zoë"),
            "{what}"
        );
        assert!(certificate.is_self_issued(), "{what}");
        let algorithm = certificate.signature_scheme().unwrap();
        let verified = certificate.verify_issued_by(provider(), &certificate);
        supported(verified, [verifying(algorithm)]);
        assert!(
            certificate
                .verify_issued_by(provider(), &TestCa::rfc8894().ca)
                .is_err()
        );
        let printed = openssl
            .ok("x509 -inform DER -in x.crt -noout -serial -startdate -enddate -dateopt iso_8601");
        let serial = certificate.serial_hex();
        assert!(
            what == "negative serial"
                || printed.contains(&format!("serial={serial}\n"))
                || serial == "0",
            "{what}: {serial}, {printed}"
        );
        for time in [certificate.not_before(), certificate.not_after()] {
            let text = time.to_string().replace('T', " ");
            assert!(printed.contains(&text), "{what}: {text}, {printed}");
        }
    }
}

#[test]
fn keys_and_signatures_of_every_kind() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    openssl.key("client");
    let config = "[req]\nprompt=no\ndistinguished_name=dn\n[dn]\nCN=x\n";
    let pss = "-key client.key -sigopt rsa_padding_mode:pss";
    for (arguments, key_type) in [
        (pss.to_owned(), "RSA, 2048 bits"),
        (
            format!("{pss} -sigopt rsa_pss_saltlen:-1 -sha512"),
            "RSA, 2048 bits",
        ),
        (
            "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout e.key".into(),
            "EC P-256",
        ),
        (
            "-newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout e.key -sha512".into(),
            "EC P-384",
        ),
        ("-newkey ed25519 -nodes -keyout e.key".into(), "Ed25519"),
    ] {
        let der = openssl.self_signed(config, &arguments);
        let certificate = Certificate::from_der(&der).unwrap();
        certificate
            .verify_issued_by(provider(), &certificate)
            .unwrap();
        let kind = certificate.public_key_algorithm().unwrap();
        assert_eq!(kind.to_string(), key_type);
        if arguments.contains("e.key") {
            let text = String::from_utf8(openssl.read("e.key")).unwrap();
            let key = provider().load_private_key(&pem::blocks(&text).unwrap()[0].der);
            assert_eq!(key.unwrap().spki_der(), certificate.spki_der());
        }
        let mut forged = der.clone();
        *forged.last_mut().unwrap() ^= 1;
        let forged = Certificate::from_der(&forged).unwrap();
        let error = forged.verify_issued_by(provider(), &forged);
        assert!(
            matches!(error, Err(Error::NotAuthentic { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn what_cannot_be_verified_is_read_and_named() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let config = "[req]\nprompt=no\ndistinguished_name=dn\n[dn]\nCN=x\n";
    for (arguments, algorithm) in [
        (
            "-newkey ec -pkeyopt ec_paramgen_curve:P-521 -nodes -keyout e.key",
            "1.3.132.0.35",
        ),
        ("-newkey ed448 -nodes -keyout e.key", "1.3.101.113"),
    ] {
        let der = openssl.self_signed(config, arguments);
        let certificate = Certificate::from_der(&der).unwrap();
        let error = certificate
            .verify_issued_by(provider(), &certificate)
            .unwrap_err();
        assert!(
            matches!(&error, Error::Unsupported { algorithm: a, .. } if a.contains(algorithm)),
            "{error}"
        );
        let text = String::from_utf8(openssl.read("e.key")).unwrap();
        let error = provider().load_private_key(&pem::blocks(&text).unwrap()[0].der);
        assert!(matches!(error, Err(Error::Unsupported { .. })), "{error:?}");
    }
}

#[test]
fn a_certificate_from_before_1970_is_read() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let ca = TestCa::rfc8894();
    openssl.identity("ca", &ca.ca);
    openssl.key("client");
    openssl.write(
        "r.cnf",
        "[req]\nprompt=no\ndistinguished_name=dn\n[dn]\nCN=old\n",
    );
    openssl.ok("req -new -config r.cnf -key client.key -out r.pem");
    openssl.write("index", "");
    openssl.write(
        "ca.cnf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\npolicy=p\n\
         default_md=sha256\n[p]\ncommonName=supplied\n",
    );
    openssl.ok(
        "ca -batch -config ca.cnf -keyfile ca.key -cert ca.pem -in r.pem -notext -out c.pem \
         -startdate 500101000000Z -enddate 99991231235959Z",
    );
    let text = String::from_utf8(openssl.read("c.pem")).unwrap();
    let certificate = Certificate::from_pem(&text).unwrap();
    assert_eq!(certificate.not_before(), UnixTime(-631_152_000));
    assert_eq!(certificate.not_after(), UnixTime::MAX);
    assert!(certificate.is_valid_at(NOW));
}

#[test]
fn bundles_of_openssl_are_read() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let ca = TestCa::rfc8894();
    openssl.write("all.pem", format!("{}{}", ca.ra.to_pem(), ca.ca.to_pem()));
    openssl.ok("crl2pkcs7 -nocrl -certfile all.pem -outform DER -out bundle");
    let certificates = CaCertificates::from_response(&openssl.read("bundle")).unwrap();
    assert_eq!(certificates.as_slice(), [ca.ra.clone(), ca.ca.clone()]);
    openssl.ok("x509 -in all.pem -outform DER -out one");
    let certificates = CaCertificates::from_response(&openssl.read("one")).unwrap();
    assert_eq!(certificates.as_slice(), [ca.ra]);
}

#[test]
fn private_keys_are_read_in_every_plain_form() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    openssl.key("client");
    let ours = key("client");
    let forms = [
        "pkey -in client.key",
        "rsa -in client.key -traditional",
        "pkey -in client.key -outform DER",
        "rsa -in client.key -traditional -outform DER",
    ];
    for form in forms {
        openssl.ok(&format!("{form} -out k"));
        let der = private_key_der(&openssl.read("k")).unwrap();
        let loaded = provider().load_private_key(&der).unwrap();
        assert_eq!(loaded.spki_der(), ours.spki_der(), "{form}");
    }
    assert_eq!(
        *private_key_der(&key_der("client")).unwrap(),
        key_der("client")
    );
    for form in [
        "pkcs8 -topk8 -in client.key -passout pass:x",
        "rsa -in client.key -traditional -aes128 -passout pass:x",
    ] {
        openssl.ok(&format!("{form} -out k"));
        let error = private_key_der(&openssl.read("k")).unwrap_err().to_string();
        assert!(error.contains("openssl pkcs8"), "{form}: {error}");
    }
    for name in ["p256", "p384"] {
        openssl.key(name);
        openssl.ok(&format!("ec -in {name}.key -out k"));
        let text = openssl.read("k");
        assert!(text.starts_with(b"-----BEGIN EC PRIVATE KEY"));
        let loaded = provider().load_private_key(&private_key_der(&text).unwrap());
        assert_eq!(loaded.unwrap().spki_der(), key(name).spki_der());
    }
    // small sizes that are still in the field
    for bits in [1024, 1536] {
        openssl.ok(&format!("genrsa -out k {bits}"));
        let der = private_key_der(&openssl.read("k")).unwrap();
        let loaded = provider().load_private_key(&der);
        supported(loaded, [format!("an RSA key of {bits} bits")]);
    }
}
