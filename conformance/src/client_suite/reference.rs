//! A small SCEP client that is right, but for one flaw that it is given: so a check can be shown to
//! notice what it is there for.

mod reading;

use std::sync::Arc;
use std::time::Duration;

use scep_client::Network;
use scep_client::network::{HttpRequest, HttpResponse};
use scep_core::asn1::write;
use scep_core::ca_certificates::{CaCertificates, CaRoles};
use scep_core::capabilities::Capabilities;
use scep_core::cms::{SealTo, seal};
use scep_core::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, PrivateKey, PublicKeyAlgorithm,
    RandomSource as _,
};
use scep_core::http::{CT_PKI_MESSAGE, Operation, pki_operation_get_url};
use scep_core::message::{ChallengePassword, IssuerAndSubject};
use scep_core::x509::{Certificate, Name};
use scep_failures::observation::NetworkErrorKind;

use super::flaw::{Flaw, Lax, Reading};
use super::layout::Pki;
use super::{Client, End, Target};
use crate::by_hand::{Envelope, RequestParts, SignedParts};
use crate::server_suite::Identity;
use crate::server_suite::craft::Request;

/// The client.
pub struct ReferenceClient<'n> {
    network: &'n dyn Network,
    flaw: Flaw,
    lax: Lax,
    pki: Pki,
    key: Arc<dyn PrivateKey>,
}

impl std::fmt::Debug for ReferenceClient<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReferenceClient")
    }
}

/// Why an enrollment goes no further.
#[derive(Debug)]
enum Halt {
    /// The client refuses.
    Refused(String),
    /// Nothing came.
    Silent(String),
    /// It breaks.
    Crashed,
    /// It does not end.
    Hung,
}

impl<T: std::fmt::Display> From<T> for Halt {
    fn from(why: T) -> Self {
        Self::Refused(why.to_string())
    }
}

type Result<T> = std::result::Result<T, Halt>;

/// What a CertRep says.
enum Answer {
    /// Here is a certificate.
    Issued,
    /// Later.
    Pending,
}

/// How often it polls, and how long it waits before.
const POLLS: u32 = 5;
const INTERVAL: Duration = Duration::from_secs(10);

impl<'n> ReferenceClient<'n> {
    /// A client with a flaw; `key` is its own, and none of the CA's.
    #[must_use]
    pub fn new(network: &'n dyn Network, flaw: Flaw, pki: Pki, key: Arc<dyn PrivateKey>) -> Self {
        let mut lax = Lax::default();
        if let Flaw::Lax(change) = flaw {
            change(&mut lax);
        }
        Self {
            network,
            flaw,
            lax,
            pki,
            key,
        }
    }

    fn provider(&self) -> &dyn CryptoProvider {
        self.pki.provider.as_ref()
    }

    fn random_hex(&self) -> String {
        let mut octets = [0; 16];
        self.pki.random.clone().fill(&mut octets);
        octets.iter().map(|octet| format!("{octet:02X}")).collect()
    }

    /// Reads something, unless that is its flaw.
    fn read(&self, reading: &Reading<'_>) -> Result<()> {
        match self.flaw {
            Flaw::Picky(refuses) if refuses(reading) => Err("that is not to its taste".into()),
            Flaw::Crashes(crashes) if crashes(reading) => Err(Halt::Crashed),
            Flaw::Hangs(hangs) if hangs(reading) => Err(Halt::Hung),
            _ => Ok(()),
        }
    }

    async fn http(&self, mut request: HttpRequest) -> Result<HttpResponse> {
        request.timeout = Duration::from_secs(20);
        request.max_body = 1 << 20;
        if let Flaw::Http(change) = self.flaw {
            change(&mut request);
        }
        let response = match self.network.exchange(&request).await {
            Err(e) if e.kind == NetworkErrorKind::TooLong && self.lax.reads_everything => {
                return Err(Halt::Hung);
            }
            Err(e) if e.kind == NetworkErrorKind::TooLong => return Err(e.into()),
            response => response.map_err(|e| Halt::Silent(e.to_string()))?,
        };
        self.read(&Reading {
            http: Some(&response),
            ..Reading::default()
        })?;
        if let (true, Some(place)) = (self.lax.follows_redirects, response.header("location")) {
            let folder = request
                .url
                .split("pkiclient.exe")
                .next()
                .unwrap_or_default();
            let moved = HttpRequest {
                url: format!("{folder}{place}"),
                ..request.clone()
            };
            self.network.exchange(&moved).await?;
        }
        if response.status != 200 && !self.lax.any_http_status {
            return Err(format!("HTTP {}", response.status).into());
        }
        Ok(response)
    }

    async fn capabilities(&self, target: &Target) -> Result<Capabilities> {
        if self.lax.skips_capabilities {
            return Ok(Capabilities::from_words(&["SCEPStandard"]));
        }
        let asked = HttpRequest::get(Operation::GetCaCaps.url(&target.url, None));
        let body = match self.http(asked).await {
            Ok(response) => response.body,
            Err(Halt::Refused(_) | Halt::Silent(_)) => Vec::new(),
            Err(other) => return Err(other),
        };
        let text = String::from_utf8_lossy(&body);
        let words = text
            .split(|c: char| c == '\n' || !self.lax.keeps_carriage_returns && c.is_whitespace());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let capabilities = Capabilities::from_words(&words);
        self.read(&Reading {
            capabilities: Some(&capabilities),
            ..Reading::default()
        })?;
        Ok(capabilities)
    }

    fn has(&self, capabilities: &Capabilities, keyword: &str) -> bool {
        let implied = ["AES", "SHA-256", "POSTPKIOperation"].contains(&keyword);
        let standard = implied && !self.lax.ignores_standard;
        capabilities.words().iter().any(|word| {
            let is = |known: &str| {
                if self.lax.exact_case {
                    word == known
                } else {
                    word.eq_ignore_ascii_case(known)
                }
            };
            is(keyword) || standard && is("SCEPStandard")
        })
    }

    /// The CA's certificates, as far as they lead to the trusted one.
    async fn ca(&self, target: &Target) -> Result<CaRoles> {
        let trusted = || CaCertificates::new(vec![target.ca.clone()]);
        let certificates = if self.lax.asks_for_ca_late {
            trusted()
        } else {
            let asked = HttpRequest::get(Operation::GetCaCert.url(&target.url, None));
            match self.http(asked).await {
                Ok(response) => match CaCertificates::from_response(&response.body) {
                    Ok(certificates) => certificates,
                    Err(_) if self.lax.guesses_ca => trusted(),
                    Err(e) => return Err(e.into()),
                },
                Err(Halt::Silent(_)) if self.lax.guesses_ca_in_silence => trusted(),
                Err(halt) => return Err(halt),
            }
        };
        let bundle = certificates.as_slice();
        self.read(&Reading {
            bundle: Some(bundle),
            ..Reading::default()
        })?;
        if self.lax.takes_first {
            let first = bundle.first().ok_or("there is no certificate")?;
            return Ok(CaRoles {
                encryption: first.clone(),
                ..certificates.choose()?
            });
        }
        let roles = certificates.choose()?;
        for certificate in roles
            .signing
            .iter()
            .chain([&roles.encryption, &roles.issuing_ca])
        {
            self.trusts(certificate, bundle, target)?;
        }
        Ok(roles)
    }

    /// Follows a certificate up to the trusted one.
    fn trusts(&self, of: &Certificate, bundle: &[Certificate], target: &Target) -> Result<()> {
        let mut at = of;
        for _ in 0..8 {
            if !self.lax.any_dates && !at.is_valid_at(self.network.now()) {
                return Err(format!("{} is not valid now", at.subject()).into());
            }
            if *at == target.ca || self.lax.any_ca && at.is_self_issued() {
                return Ok(());
            }
            let all = bundle.iter().chain([&target.ca]);
            let issuer = all
                .filter(|issuer| issuer.subject().matches(at.issuer()))
                .find(|issuer| self.lax.any_issuer || at.is_issued_by(self.provider(), issuer));
            let issuer = issuer.ok_or_else(|| format!("nobody vouches for {}", at.subject()))?;
            if !issuer.may_issue() {
                return Err(format!("{} is no CA", issuer.subject()).into());
            }
            at = issuer;
        }
        Err("the chain does not end".into())
    }

    /// The message, in all its parts.
    fn compose(&self, mut request: Request) -> Result<(Vec<u8>, Request)> {
        if let Flaw::Sends(change) = self.flaw {
            change(&mut request);
        }
        let mut random = self.pki.random.clone();
        let kind = PublicKeyAlgorithm::of_spki(request.recipient.spki_der())?;
        if self.lax.bare_for_ec && !kind.can_encrypt() {
            request.content = Some(request.plain.clone());
        }
        if let Flaw::Enveloped(change) = self.flaw {
            let to = SealTo::Certificate(&request.recipient, request.transport);
            let sealed = seal(
                self.provider(),
                to,
                request.cipher,
                &request.plain,
                &mut random,
            )?;
            let mut envelope = Envelope::read(&sealed).ok_or("its own envelope")?;
            change(&mut envelope);
            request.content = Some(envelope.encode());
        }
        let mut parts = request.parts(self.provider(), &mut random)?;
        if let Flaw::Written(change) = self.flaw {
            change(&mut parts);
        }
        let mut octets = parts.encode(&mut random)?;
        if let Flaw::Signed(change) = self.flaw
            && let Some(mut parts) = SignedParts::read(&octets)
        {
            change(&mut parts);
            octets = parts.encode(&mut random)?;
        }
        Ok((octets, request))
    }

    async fn send(&self, message: Vec<u8>, post: bool, target: &Target) -> Result<HttpResponse> {
        let mut request = if post && !self.lax.uses_get {
            let url = Operation::PkiOperation.url(&target.url, None);
            HttpRequest::post(url, CT_PKI_MESSAGE, message)
        } else {
            let mut url = pki_operation_get_url(&target.url, &message);
            if self.lax.url_safe {
                url = url.replace("%2B", "-").replace("%2F", "_");
            }
            HttpRequest::get(url)
        };
        if self.lax.tells_secret {
            let secret = ("x-secret".to_owned(), target.challenge.clone());
            request.headers.push(secret);
        }
        self.http(request).await
    }

    async fn enrolls(&self, target: &Target) -> Result<()> {
        let capabilities = self.capabilities(target).await?;
        let roles = self.ca(target).await?;
        if self.lax.asks_for_next_ca {
            let asked = HttpRequest::get(Operation::GetNextCaCert.url(&target.url, None));
            self.network.exchange(&asked).await?;
        }
        let key = &self.key;
        let subject = Name::from_rfc4514("CN=device-1,O=Suite")?;
        let challenge = RequestParts::challenge(&[write::directory_string(&target.challenge)]);
        let mut csr = RequestParts {
            version: 0,
            subject: subject.clone(),
            spki: key.spki_der().to_vec(),
            attributes: Some(vec![challenge]),
        };
        if let Flaw::Asks(change) = self.flaw {
            change(&mut csr);
        }
        let mut random = self.pki.random.clone();
        let mut builder = Identity::builder(key.as_ref(), &subject, self.network.now());
        if let Flaw::SelfSigned(change) = self.flaw {
            change(&mut builder);
        }
        let signer = Identity {
            certificate: builder.sign(key.as_ref(), DigestAlgorithm::Sha256, &mut random)?,
            key: Arc::clone(key),
        };
        let aes = self.has(&capabilities, "AES");
        let none = capabilities.words().is_empty();
        let post = self.has(&capabilities, "POSTPKIOperation");
        let mut nonce = vec![0; 16];
        random.fill(&mut nonce);
        let request = Request {
            message_type: "19".to_owned(),
            transaction_id: self.random_hex(),
            sender_nonce: nonce,
            without: Vec::new(),
            plain: csr.sign(key.as_ref(), &mut random)?,
            content: None,
            recipient: roles.encryption.clone(),
            cipher: match aes {
                true => ContentCipher::Aes128Cbc,
                false if none && self.lax.falls_back_to_des => ContentCipher::DesCbc,
                false => ContentCipher::DesEde3Cbc,
            },
            transport: KeyTransport::RsaPkcs1v15,
            password: Some(ChallengePassword::new(target.challenge.as_str())),
            certificates: vec![signer.certificate.clone()],
            signer,
            digest: match self.has(&capabilities, "SHA-256") {
                true => DigestAlgorithm::Sha256,
                false => DigestAlgorithm::Sha1,
            },
        };
        if self.lax.asks_twice {
            let (octets, _) = self.compose(request.clone())?;
            self.send(octets, post, target).await?;
        }
        let mut next = request.clone();
        for _ in 0..=POLLS {
            let (octets, sent) = self.compose(next)?;
            let began = self.network.elapsed();
            let response = match self.send(octets, post, target).await {
                Err(Halt::Silent(_)) if self.lax.ignores_silence => return Ok(()),
                response => response?,
            };
            let took = self.network.elapsed().saturating_sub(began);
            if self.lax.hangs_when_slow && took > Duration::from_secs(2) {
                return Err(Halt::Hung);
            }
            match self.reply(&response, &sent, &roles, target)? {
                Answer::Issued => {
                    if self.lax.asks_for_ca_late {
                        let asked = HttpRequest::get(Operation::GetCaCert.url(&target.url, None));
                        self.http(asked).await?;
                    }
                    return Ok(());
                }
                Answer::Pending if self.lax.pending_is_enough => return Ok(()),
                Answer::Pending => {}
            }
            self.network.sleep(INTERVAL).await;
            next = self.poll(&request, &roles);
        }
        if self.lax.polls_for_ever {
            return Err(Halt::Hung);
        }
        Err("it is pending still".into())
    }

    /// The question for a pending request.
    fn poll(&self, first: &Request, roles: &CaRoles) -> Request {
        let mut poll = first.clone();
        if !self.lax.repeats_nonce {
            self.pki.random.clone().fill(&mut poll.sender_nonce);
        }
        if self.lax.polls_with_new_id {
            poll.transaction_id = self.random_hex();
        }
        if self.lax.polls_with_19 {
            return poll;
        }
        "20".clone_into(&mut poll.message_type);
        let subject = first.signer.certificate.subject().clone();
        let issuer = roles.issuing_ca.subject().clone();
        poll.plain = if self.lax.polls_with_wrong_names {
            IssuerAndSubject {
                issuer: subject.clone(),
                subject: issuer,
            }
        } else {
            IssuerAndSubject { issuer, subject }
        }
        .to_der();
        poll
    }
}

#[async_trait::async_trait]
impl Client for ReferenceClient<'_> {
    fn name(&self) -> String {
        "a client with a flaw".to_owned()
    }

    async fn enroll(&self, target: &Target) -> End {
        match self.enrolls(target).await {
            Ok(()) => End::Accepted,
            Err(Halt::Refused(why) | Halt::Silent(why)) => End::Refused(why),
            Err(Halt::Crashed) => End::Crashed("its flaw".to_owned()),
            Err(Halt::Hung) => End::Hung,
        }
    }
}
