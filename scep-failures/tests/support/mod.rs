//! Observations made by hand: the looks of deployments, without a deployment.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scep_core::UnixTime;
use scep_core::ca_certificates::CaCertificates;
use scep_core::crypto::{DigestAlgorithm, KeyType, PrivateKey, SystemRandom, default_provider};
use scep_core::message::{
    EmptyContent, FailInfo, MessageBuilder, MessageType, PkiStatus, TransactionId,
};
use scep_core::x509::{Certificate, CertificateBuilder, CrlBuilder, Extension, KeyUsage, Name};
use scep_failures::catalogue::Level;
use scep_failures::observation::{
    HttpFacts, LogRecord, Memory, NetworkErrorKind, Observation, Observations, Outcome, Probe,
    Purpose, ReplyFacts, TlsFacts,
};

pub const NOW: i64 = 1_800_000_000;
pub const BASE: &str = "http://ndes.lab.example/certsrv/mscep/mscep.dll";
pub const CDP: &str = "http://crl.lab.example/issuing.crl";
pub const NDES: &str = "Microsoft-Windows-NetworkDeviceEnrollmentService";
const DAY: i64 = 86_400;

pub struct Scene(pub Observations);

impl Scene {
    pub fn new(level: Level) -> Self {
        Self(Observations {
            url: BASE.to_owned(),
            started: NOW,
            level,
            ..Observations::default()
        })
    }

    pub fn add(mut self, probe: Probe, outcome: Outcome) -> Self {
        let n = u32::try_from(self.0.items.len()).unwrap() + 1;
        self.0.items.push(Observation {
            n,
            probe,
            at_ms: u64::from(n) * 10,
            elapsed_ms: 4,
            outcome,
        });
        self
    }

    pub fn http(self, purpose: Purpose, outcome: impl Into<Page>) -> Self {
        let query = match purpose {
            Purpose::GetCaCaps => "?operation=GetCACaps",
            Purpose::GetCaCert => "?operation=GetCACert",
            _ => "",
        };
        let url = if purpose == Purpose::Crl {
            CDP.to_owned()
        } else {
            format!("{BASE}{query}")
        };
        self.at(purpose, url, outcome)
    }

    pub fn at(self, purpose: Purpose, url: String, outcome: impl Into<Page>) -> Self {
        let post = matches!(
            purpose,
            Purpose::PkiOperationPost | Purpose::Enroll | Purpose::Poll
        );
        let method = if post { "POST" } else { "GET" };
        self.add(
            Probe::Http {
                purpose,
                method: method.to_owned(),
                url,
            },
            outcome.into().0,
        )
    }

    /// Name and connection as they should be.
    pub fn reached(self) -> Self {
        let resolved = Outcome::Resolved {
            addresses: vec!["192.0.2.1".to_owned()],
            cnames: Vec::new(),
        };
        self.add(
            Probe::Resolve {
                host: "ndes.lab.example".to_owned(),
            },
            resolved,
        )
        .add(
            Probe::Connect {
                address: "192.0.2.1:80".to_owned(),
            },
            Outcome::Connected,
        )
    }

    pub fn tls(self, facts: TlsFacts) -> Self {
        let probe = Probe::Tls {
            address: "192.0.2.1:443".to_owned(),
            server_name: "ndes.lab.example".to_owned(),
        };
        self.add(probe, Outcome::Secured(facts))
    }

    /// The same answer to every SCEP operation.
    pub fn everywhere(self, page: &Page) -> Self {
        self.http(Purpose::BaseUrl, page.clone())
            .http(Purpose::GetCaCaps, page.clone())
            .http(Purpose::GetCaCert, page.clone())
    }

    /// A healthy NDES with a policy module.
    pub fn answers(self) -> Self {
        self.http(Purpose::Root, iis_welcome())
            .http(Purpose::BaseUrl, iis_error(403))
            .http(Purpose::GetCaCaps, caps())
            .http(Purpose::GetCaCert, ca_certificates(30, 700))
    }

    pub fn memory(mut self, ra_days_left: i64) -> Self {
        self.0.memory = Some(Memory {
            taken: NOW - 40 * DAY,
            ca_certificates: STANDARD
                .encode(ndes_bundle(NOW - 700 * DAY, NOW + ra_days_left * DAY)),
            capabilities: "POSTPKIOperation\nSHA-256\n".to_owned(),
        });
        self
    }

    pub fn log(mut self, log: &str, source: &str, event_id: u32, code: &str) -> Self {
        self.0.logs.push(LogRecord {
            log: log.to_owned(),
            source: source.to_owned(),
            event_id,
            code: code.to_owned(),
            severity: "error".to_owned(),
            ..LogRecord::default()
        });
        self
    }
}

#[derive(Clone)]
pub struct Page(pub Outcome);

impl From<NetworkErrorKind> for Page {
    fn from(error: NetworkErrorKind) -> Self {
        Self(Outcome::Failed {
            error,
            detail: String::new(),
        })
    }
}

impl Page {
    pub fn facts(self) -> HttpFacts {
        match self.0 {
            Outcome::Response(facts) => facts,
            other => panic!("{other:?}"),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Outcome::Response(facts) = &mut self.0 {
            facts.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        if let Outcome::Response(facts) = &mut self.0 {
            facts.headers.retain(|(field, _)| field != name);
        }
        self
    }

    pub fn client(mut self, reply: ReplyFacts) -> Self {
        if let Outcome::Response(facts) = &mut self.0 {
            facts.reply = Some(Box::new(reply));
        }
        self
    }
}

pub fn page(status: u16, server: &str, content_type: &str, body: &[u8]) -> Page {
    let mut headers = Vec::new();
    for (name, value) in [("server", server), ("content-type", content_type)] {
        if !value.is_empty() {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    Page(Outcome::Response(HttpFacts {
        completes_chain: None,
        status,
        reason: String::new(),
        headers,
        body: STANDARD.encode(body),
        body_len: body.len() as u64,
        reply: None,
    }))
}

pub const IIS: &str = "Microsoft-IIS/10.0";

pub fn http_sys(status: u16, heading: &str, sentence: &str) -> Page {
    let title = heading.split(" - ").next().unwrap();
    let body = format!(
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n\
         <HTML><HEAD><TITLE>{title}</TITLE>\r\n\
         <META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>\r\n\
         <BODY><h2>{heading}</h2>\r\n<hr><p>HTTP Error {status}. {sentence}</p>\r\n</BODY></HTML>\r\n"
    );
    page(
        status,
        "Microsoft-HTTPAPI/2.0",
        "text/html; charset=us-ascii",
        body.as_bytes(),
    )
}

pub fn pool_down() -> Page {
    http_sys(503, "Service Unavailable", "The service is unavailable.")
}

pub fn iis_error(status: u16) -> Page {
    let body = format!(
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>{status} - Some words.</title></head>\n\
         <body><div id=\"header\"><h1>Server Error</h1></div><h2>{status} - Some words.</h2></body></html>"
    );
    page(status, IIS, "text/html", body.as_bytes())
}

pub fn iis_detailed(status: u16, substatus: u16, code: &str) -> Page {
    let body = format!(
        "<!DOCTYPE html><html><head><title>IIS 10.0 Detailed Error - {status}.{substatus} - Words</title></head>\
         <body><table><tr><th>Error Code</th><td>{code}</td></tr></table></body></html>"
    );
    page(status, IIS, "text/html; charset=utf-8", body.as_bytes())
}

pub fn iis_welcome() -> Page {
    page(
        200,
        IIS,
        "text/html",
        b"<!DOCTYPE html><html><head><title>IIS Windows Server</title></head></html>",
    )
}

pub fn app_proxy(status: u16, word: &str, detail: &str) -> Page {
    let body = format!(
        "<!DOCTYPE html><html><head><title>This corporate app can't be accessed</title></head>\
         <body><p>{detail}</p><div>Status Code: {word}</div></body></html>"
    );
    page(status, "", "text/html; charset=utf-8", body.as_bytes())
        .header("x-ms-proxy-app-id", "6f2b7a4e")
}

pub fn sign_in() -> Page {
    page(302, "", "", b"")
        .header(
            "location",
            "https://login.microsoftonline.com/tenant/oauth2/authorize?client_id=x",
        )
        .header("x-ms-proxy-app-id", "6f2b7a4e")
}

pub fn caps() -> Page {
    page(
        200,
        IIS,
        "text/plain",
        b"POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\n",
    )
}

pub fn ca_certificates(issued_days_ago: i64, days_left: i64) -> Page {
    let body = ndes_bundle(NOW - issued_days_ago * DAY, NOW + days_left * DAY);
    page(200, IIS, "application/x-x509-ca-ra-cert", &body)
}

pub fn crl(days_left: i64) -> Page {
    let key = key();
    let crl = CrlBuilder {
        issuer: name("CN=Contoso Issuing CA 1"),
        this_update: UnixTime(NOW + (days_left - 7) * DAY),
        next_update: UnixTime(NOW + days_left * DAY),
        number: 7,
        revoked: Vec::new(),
        authority_key_identifier: None,
        extensions: Vec::new(),
    };
    let crl = crl
        .sign(&*key, DigestAlgorithm::Sha256, &mut SystemRandom)
        .unwrap();
    page(200, IIS, "application/pkix-crl", crl.as_der())
}

/// A CertRep as NDES writes it.
pub struct Reply {
    pub status: PkiStatus,
    pub fail_info: Option<FailInfo>,
    pub hresult: Option<i32>,
}

impl Reply {
    pub fn page(self) -> Page {
        let key = key();
        let signer = certificate(
            "CN=NDES01-MSCEP-RA",
            3,
            KeyUsage::DIGITAL_SIGNATURE,
            (NOW - DAY, NOW + DAY),
        );
        let mut builder = MessageBuilder::new(
            MessageType::CertRep,
            TransactionId::new("AB12").unwrap(),
            signer,
        );
        builder.certificates = Vec::new();
        builder.empty_content = EmptyContent::OneZeroOctet;
        builder.pki_status = Some(self.status);
        builder.fail_info = self.fail_info;
        builder.hresult = self.hresult;
        let der = builder
            .sign(&*default_provider(), &*key, &mut SystemRandom)
            .unwrap();
        page(200, IIS, "application/x-pki-message", &der)
    }
}

pub fn refused(fail_info: FailInfo, hresult: Option<i32>) -> Page {
    Reply {
        status: PkiStatus::Failure,
        fail_info: Some(fail_info),
        hresult,
    }
    .page()
}

/// What the client adds to a reply.
pub fn told(status: &str, wrong_challenge_sent: bool) -> ReplyFacts {
    ReplyFacts {
        status: Some(status.to_owned()),
        issued_serial: (status == "success").then(|| "6100002B".to_owned()),
        wrong_challenge_sent,
        ..ReplyFacts::default()
    }
}

pub fn key() -> Arc<dyn PrivateKey> {
    static KEY: OnceLock<Arc<dyn PrivateKey>> = OnceLock::new();
    Arc::clone(KEY.get_or_init(|| {
        let provider = default_provider();
        let pkcs8 = provider
            .generate_private_key(KeyType::Rsa(2048), &mut SystemRandom)
            .unwrap();
        provider.load_private_key(&pkcs8).unwrap()
    }))
}

pub fn name(text: &str) -> Name {
    Name::from_rfc4514(text).unwrap()
}

pub fn certificate(
    subject: &str,
    serial: u8,
    usage: KeyUsage,
    validity: (i64, i64),
) -> Certificate {
    let key = key();
    let ca = usage.contains(KeyUsage::KEY_CERT_SIGN);
    let mut extensions = vec![
        Extension::basic_constraints(ca, None),
        Extension::key_usage(usage),
    ];
    if !ca {
        extensions.push(Extension::crl_distribution_points(&[CDP]));
    }
    let builder = CertificateBuilder {
        serial: vec![serial],
        issuer: name("CN=Contoso Issuing CA 1"),
        subject: name(subject),
        not_before: UnixTime(validity.0),
        not_after: UnixTime(validity.1),
        spki: key.spki_der().to_vec(),
        extensions,
    };
    builder
        .sign(&*key, DigestAlgorithm::Sha256, &mut SystemRandom)
        .unwrap()
}

/// RA signing, RA encryption, issuing CA: what NDES answers to GetCACert.
pub fn ndes_bundle(ra_from: i64, ra_until: i64) -> Vec<u8> {
    let ra = (ra_from, ra_until);
    let ca = (
        NOW - 1000 * DAY,
        UnixTime(NOW).plus(Duration::from_secs(3000 * 86_400)).0,
    );
    CaCertificates::new(vec![
        certificate("CN=NDES01-MSCEP-RA", 3, KeyUsage::DIGITAL_SIGNATURE, ra),
        certificate("CN=NDES01-MSCEP-RA", 4, KeyUsage::KEY_ENCIPHERMENT, ra),
        certificate("CN=Contoso Issuing CA 1", 1, KeyUsage::KEY_CERT_SIGN, ca),
    ])
    .to_bundle()
}
