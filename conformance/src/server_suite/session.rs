//! One check's conversation with the server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scep_client::network::{HttpRequest, HttpResponse};
use scep_client::random::SharedRandom;
use scep_core::UnixTime;
use scep_core::ca_certificates::{CaCertificates, CaRoles};
use scep_core::capabilities::Capabilities;
use scep_core::crypto::{
    ContentCipher, DigestAlgorithm, KeyTransport, PrivateKey, RandomSource as _,
};
use scep_core::http::{CT_PKI_MESSAGE, Operation, pki_operation_get_url};
use scep_core::message::ChallengePassword;
use scep_core::x509::{
    Certificate, CertificateBuilder, CertificationRequestBuilder, Extension, Name,
};
use scep_failures::observation::NetworkErrorKind;

use super::craft::Request;
use super::reply::Reply;
use super::{Identity, Subject, ensure};
use crate::by_hand::{Envelope, SignedParts};
use crate::verdict::{Exchange, Stop};

/// Octets of a response that the report keeps.
const KEPT: usize = 64 << 10;

/// Octets of a message that the report keeps: all but what only its length makes hostile.
const LONGEST_TOLD: usize = 1 << 20;

/// How often a server is asked again that says it is busy, and after which pause.
const BUSY_TRIES: usize = 20;
const BUSY_PAUSE: Duration = Duration::from_millis(200);

/// A conversation.
pub struct Session<'n> {
    subject: Subject<'n>,
    /// Who signs, who decrypts, who issues, once it has been asked.
    roles: Option<CaRoles>,
    /// When the check has to be over, by the network's clock.
    deadline: Duration,
    /// The challenge passwords that were taken.
    secrets: Mutex<Vec<ChallengePassword>>,
    /// What passed.
    pub(super) exchanges: Vec<Exchange>,
    /// Serial numbers of certificates that came.
    pub(super) issued: Vec<String>,
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("url", &self.subject.url)
            .finish_non_exhaustive()
    }
}

/// What a request asks for.
#[derive(Clone)]
pub(super) struct Wish {
    pub(super) subject: Name,
    pub(super) challenge: Option<ChallengePassword>,
    pub(super) extensions: Vec<Extension>,
    pub(super) key: Arc<dyn PrivateKey>,
}

pub(super) fn not_run(e: impl std::fmt::Display) -> Stop {
    Stop::NotRun(e.to_string())
}

impl<'n> Session<'n> {
    pub(super) fn new(subject: &Subject<'n>) -> Self {
        Self {
            subject: subject.clone(),
            roles: None,
            deadline: subject.network.elapsed() + subject.check_patience,
            secrets: Mutex::default(),
            exchanges: Vec::new(),
            issued: Vec::new(),
        }
    }

    /// Whether pkiMessages were sent.
    pub(super) fn sent_messages(&self) -> bool {
        let exchanges = self.exchanges.iter();
        exchanges.into_iter().any(|exchange| {
            exchange.method == "POST" || exchange.url.contains("PKIOperation&message=")
        })
    }

    /// Time since whenever, by the network's clock.
    pub(super) fn elapsed(&self) -> Duration {
        self.subject.network.elapsed()
    }

    /// Leaves out of the report what passed so far: of hundreds of messages that are alike, nobody reads
    /// one.
    pub(super) fn forget_exchanges(&mut self) {
        self.exchanges.clear();
    }

    pub(super) fn now(&self) -> UnixTime {
        self.subject.network.now()
    }

    pub(super) fn random(&self) -> SharedRandom {
        self.subject.random.clone()
    }

    pub(super) fn keys(&self) -> &'n super::Keys {
        self.subject.keys
    }

    pub(super) const fn expected_ca(&self) -> Option<[u8; 32]> {
        self.subject.ca_sha256
    }

    /// A device whose certificate has expired.
    pub(super) fn expired(&self) -> Option<Identity> {
        self.subject.expired.clone()
    }

    /// Another conversation with the same server, for messages that are to cross each other.
    pub(super) fn beside(&self) -> Self {
        Self {
            subject: self.subject.clone(),
            roles: self.roles.clone(),
            deadline: self.deadline,
            secrets: Mutex::new(self.known_secrets().clone()),
            exchanges: Vec::new(),
            issued: Vec::new(),
        }
    }

    /// Takes over what another conversation brought.
    pub(super) fn join(&mut self, mut other: Self) {
        self.exchanges.append(&mut other.exchanges);
        self.issued.append(&mut other.issued);
    }

    pub(super) fn provider(&self) -> Arc<dyn scep_core::crypto::CryptoProvider> {
        Arc::clone(&self.subject.provider)
    }

    pub(super) fn octets(&self, n: usize) -> Vec<u8> {
        let mut octets = vec![0; n];
        self.random().fill(&mut octets);
        octets
    }

    /// A URL of an operation; `rest` follows the operation's name.
    pub(super) fn url(&self, operation: Operation, rest: &str) -> String {
        operation.url(&self.subject.url, None) + rest
    }

    /// The SCEP URL.
    pub(super) fn base(&self) -> &str {
        &self.subject.url
    }

    // ------------------------------------------------------------------ HTTP

    pub(super) async fn http(&mut self, request: HttpRequest) -> Result<HttpResponse, Stop> {
        let left = self.deadline.saturating_sub(self.subject.network.elapsed());
        if left.is_zero() {
            let what = format!(
                "{} {}, as the time for this check is over",
                request.method, request.url
            );
            return Err(Stop::Silence(what));
        }
        let request = HttpRequest {
            timeout: self.subject.patience.min(left),
            max_body: 4 << 20,
            require_trusted_tls: false,
            ..request
        };
        let result = self.subject.network.exchange(&request).await;
        let mut exchange = Exchange {
            method: request.method.clone(),
            url: request.url.clone(),
            sent: self.told(&request.body),
            status: 0,
            content_type: String::new(),
            received: String::new(),
            error: String::new(),
        };
        match &result {
            Ok(response) => {
                exchange.status = response.status;
                let kept = response.body.get(..KEPT).unwrap_or(&response.body);
                exchange.received = self.told(kept);
                exchange.content_type = response
                    .header("content-type")
                    .unwrap_or_default()
                    .to_owned();
            }
            Err(e) => exchange.error = e.to_string(),
        }
        self.exchanges.push(exchange);
        result.map_err(|e| match e.kind {
            NetworkErrorKind::TimedOut => {
                Stop::Silence(format!("{} {}", request.method, request.url))
            }
            _ => Stop::unlike("an HTTP response", e),
        })
    }

    fn known_secrets(&self) -> MutexGuard<'_, Vec<ChallengePassword>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Octets for the report. A message that has a challenge password in the open is not in it.
    fn told(&self, octets: &[u8]) -> String {
        let secrets = self.known_secrets();
        let open = secrets.iter().any(|secret| {
            let secret = secret.expose().as_bytes();
            octets
                .windows(secret.len().max(1))
                .any(|part| part == secret)
        });
        if open {
            return String::new();
        }
        STANDARD.encode(octets.get(..LONGEST_TOLD).unwrap_or(octets))
    }

    pub(super) async fn get(&mut self, url: String) -> Result<HttpResponse, Stop> {
        self.http(HttpRequest::get(url)).await
    }

    pub(super) async fn post(&mut self, message: Vec<u8>) -> Result<HttpResponse, Stop> {
        let url = self.url(Operation::PkiOperation, "");
        self.http(HttpRequest::post(url, CT_PKI_MESSAGE, message))
            .await
    }

    // ------------------------------------------------------------------ what the server says of itself

    pub(super) async fn capabilities(&mut self) -> Result<Capabilities, Stop> {
        let response = self.get(self.url(Operation::GetCaCaps, "")).await?;
        ensure(response.status == 200, "status 200", response.status)?;
        Ok(Capabilities::parse(&response.body))
    }

    pub(super) async fn ca(&mut self) -> Result<CaCertificates, Stop> {
        let response = self.get(self.url(Operation::GetCaCert, "")).await?;
        ensure(response.status == 200, "status 200", response.status)?;
        CaCertificates::from_response(&response.body).map_err(|e| Stop::unlike("certificates", e))
    }

    /// Who signs, who decrypts, who issues. Without a trusted CA what the server says is believed: the
    /// suite judges how it talks, not who it is.
    pub(super) async fn roles(&mut self) -> Result<CaRoles, Stop> {
        if let Some(roles) = &self.roles {
            return Ok(roles.clone());
        }
        let all = self.ca().await?;
        if let Some(expected) = self.subject.ca_sha256 {
            let provider = self.provider();
            let known = all.as_slice().iter().any(|certificate| {
                certificate
                    .sha256(provider.as_ref())
                    .is_ok_and(|hash| hash == expected)
            });
            if !known {
                return Err(not_run(
                    "none of the server's certificates is the CA that is trusted",
                ));
            }
        }
        let roles = all
            .choose()
            .map_err(|e| Stop::unlike("a certificate to encrypt to", e))?;
        Ok(self.roles.insert(roles).clone())
    }

    // ------------------------------------------------------------------ requests

    /// The next challenge password.
    pub(super) async fn challenge(&self) -> Result<ChallengePassword, Stop> {
        let next = self.subject.challenges.next().await;
        let next = next.ok_or_else(|| not_run("there is no challenge password left"))?;
        self.known_secrets().push(next.clone());
        Ok(next)
    }

    /// A name that nobody has.
    pub(super) fn name(&self) -> Result<Name, Stop> {
        let suffix: String = self
            .octets(4)
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect();
        Name::from_rfc4514(&format!("CN=scep-conformance-{suffix}")).map_err(not_run)
    }

    /// What a well-behaved device wishes.
    pub(super) async fn wish(&self) -> Result<Wish, Stop> {
        Ok(Wish {
            subject: self.name()?,
            challenge: Some(self.challenge().await?),
            extensions: Vec::new(),
            key: Arc::clone(&self.keys().device),
        })
    }

    pub(super) fn csr(&self, wish: &Wish) -> Result<Vec<u8>, Stop> {
        let builder = CertificationRequestBuilder {
            subject: wish.subject.clone(),
            challenge: wish.challenge.clone(),
            extensions: wish.extensions.clone(),
        };
        let csr = builder.sign(
            wish.key.as_ref(),
            DigestAlgorithm::Sha256,
            &mut self.random(),
        );
        Ok(csr.map_err(not_run)?.as_der().to_vec())
    }

    /// A self-signed certificate for a wish that is made otherwise than usual.
    pub(super) fn self_signed(
        &self,
        wish: &Wish,
        change: impl FnOnce(&mut CertificateBuilder),
    ) -> Result<Identity, Stop> {
        let mut builder = Identity::builder(wish.key.as_ref(), &wish.subject, self.now());
        change(&mut builder);
        let digest = DigestAlgorithm::Sha256;
        let certificate = builder.sign(wish.key.as_ref(), digest, &mut self.random());
        Ok(Identity {
            certificate: certificate.map_err(not_run)?,
            key: Arc::clone(&wish.key),
        })
    }

    /// A PKCSReq for a wish, as RFC 8894 wants it.
    pub(super) async fn pkcs_req(&mut self, wish: &Wish) -> Result<Request, Stop> {
        let signer =
            Identity::self_signed(&wish.key, &wish.subject, self.now(), &mut self.random())
                .map_err(not_run)?;
        let plain = self.csr(wish)?;
        let mut request = self.request("19", signer, plain).await?;
        request.password.clone_from(&wish.challenge);
        Ok(request)
    }

    /// The same for a wish without a challenge password, where none is to be used up.
    pub(super) async fn pkcs_req_without_challenge(&mut self) -> Result<Request, Stop> {
        let wish = Wish {
            subject: self.name()?,
            challenge: None,
            extensions: Vec::new(),
            key: Arc::clone(&self.keys().device),
        };
        self.pkcs_req(&wish).await
    }

    /// A message of a type.
    pub(super) async fn request(
        &mut self,
        message_type: &str,
        signer: Identity,
        plain: Vec<u8>,
    ) -> Result<Request, Stop> {
        let roles = self.roles().await?;
        let id: String = self
            .octets(16)
            .iter()
            .map(|octet| format!("{octet:02X}"))
            .collect();
        Ok(Request {
            message_type: message_type.to_owned(),
            transaction_id: id,
            sender_nonce: self.octets(16),
            without: Vec::new(),
            plain,
            content: None,
            recipient: roles.encryption,
            cipher: ContentCipher::Aes128Cbc,
            transport: KeyTransport::RsaPkcs1v15,
            password: None,
            certificates: vec![signer.certificate.clone()],
            signer,
            digest: DigestAlgorithm::Sha256,
        })
    }

    pub(super) fn encode(&self, request: &Request) -> Result<Vec<u8>, Stop> {
        let provider = self.provider();
        request
            .encode(provider.as_ref(), &mut self.random())
            .map_err(not_run)
    }

    /// A message in parts.
    pub(super) fn parts(&self, request: &Request) -> Result<SignedParts, Stop> {
        let provider = self.provider();
        request
            .parts(provider.as_ref(), &mut self.random())
            .map_err(not_run)
    }

    /// An envelope in parts, and the key of its content.
    pub(super) fn envelope(&self, request: &Request) -> Result<(Envelope, [u8; 16]), Stop> {
        let mut key = [0; 16];
        self.random().fill(&mut key);
        let provider = self.provider();
        let envelope = Envelope::new(
            provider.as_ref(),
            &request.recipient,
            &key,
            &request.plain,
            &mut self.random(),
        );
        Ok((envelope.map_err(not_run)?, key))
    }

    /// Signs a message that was put together by hand.
    pub(super) fn written(&self, parts: &SignedParts) -> Result<Vec<u8>, Stop> {
        parts.encode(&mut self.random()).map_err(not_run)
    }

    /// Sends a message as it is, and reads the CertRep.
    pub(super) async fn ask_octets(
        &mut self,
        message: Vec<u8>,
        request: &Request,
    ) -> Result<Reply, Stop> {
        let response = self.post(message).await?;
        self.read(response, request).await
    }

    /// Sends a message that may be served or refused, but has to be answered: with a CertRep, or with
    /// an error of the client's. Gives the CertRep if there is one.
    pub(super) async fn answered_octets(
        &mut self,
        message: Vec<u8>,
        request: &Request,
    ) -> Result<Option<Reply>, Stop> {
        let response = self.post(message).await?;
        match response.status {
            400..500 => Ok(None),
            200 => self.read(response, request).await.map(Some),
            status => Err(Stop::unlike("an answer, or 4xx", format!("HTTP {status}"))),
        }
    }

    /// As [`answered_octets`](Self::answered_octets); a server that is busy is asked again.
    pub(super) async fn answered_when_free(
        &mut self,
        message: Vec<u8>,
        request: &Request,
    ) -> Result<Option<Reply>, Stop> {
        for _ in 0..BUSY_TRIES {
            let response = self.post(message.clone()).await?;
            match response.status {
                503 | 429 => self.subject.network.sleep(BUSY_PAUSE).await,
                400..500 => return Ok(None),
                200 => return self.read(response, request).await.map(Some),
                status => return Err(Stop::unlike("an answer, or 4xx", format!("HTTP {status}"))),
            }
        }
        Err(Stop::unlike("an answer", "HTTP 503 again and again"))
    }

    /// As [`answered_octets`](Self::answered_octets).
    pub(super) async fn answered(&mut self, request: &Request) -> Result<Option<Reply>, Stop> {
        let message = self.encode(request)?;
        self.answered_octets(message, request).await
    }

    /// Sends a request by POST and reads the CertRep.
    pub(super) async fn ask(&mut self, request: &Request) -> Result<Reply, Stop> {
        let message = self.encode(request)?;
        let response = self.post(message).await?;
        self.read(response, request).await
    }

    /// Sends a request by GET.
    pub(super) async fn ask_by_get(
        &mut self,
        request: &Request,
        written: impl FnOnce(String) -> String,
    ) -> Result<Reply, Stop> {
        let message = self.encode(request)?;
        let url = written(pki_operation_get_url(&self.subject.url, &message));
        let response = self.get(url).await?;
        self.read(response, request).await
    }

    /// Reads a response to a request.
    pub(super) async fn read(
        &mut self,
        response: HttpResponse,
        request: &Request,
    ) -> Result<Reply, Stop> {
        self.read_signed_by(response, request, &[]).await
    }

    /// As [`read`](Self::read); `others` may have signed it as well as the server's certificates.
    pub(super) async fn read_signed_by(
        &mut self,
        response: HttpResponse,
        request: &Request,
        others: &[Certificate],
    ) -> Result<Reply, Stop> {
        let mut signers = self.roles().await?.signing;
        signers.extend_from_slice(others);
        let provider = self.provider();
        let rng = &mut self.random();
        let receiver = (&request.signer, request.password.as_ref());
        let reply = Reply::read(response, receiver, &signers, provider.as_ref(), rng)?;
        if let (true, Ok(inside)) = (reply.granted(), &reply.opened) {
            let ours = inside.certificates.iter().filter(|c| !c.is_ca());
            self.issued.extend(ours.map(Certificate::serial_hex));
        }
        Ok(reply)
    }

    /// Sends a request that has to be granted.
    pub(super) async fn granted(&mut self, request: &Request) -> Result<Reply, Stop> {
        let reply = self.ask(request).await?;
        ensure(reply.granted(), "SUCCESS", reply.says())?;
        Ok(reply)
    }

    /// An enrollment that has to work: the wish, the request and the reply.
    pub(super) async fn enrolled(&mut self) -> Result<(Wish, Request, Reply), Stop> {
        let wish = self.wish().await?;
        let request = self.pkcs_req(&wish).await?;
        let reply = self.granted(&request).await?;
        Ok((wish, request, reply))
    }

    /// Sends a request that must not be granted: FAILURE, or an error of HTTP. Gives the CertRep if
    /// there is one.
    pub(super) async fn refused(
        &mut self,
        request: &Request,
        why: &str,
    ) -> Result<Option<Reply>, Stop> {
        let message = self.encode(request)?;
        self.refused_octets(message, request, why).await
    }

    /// As [`refused`](Self::refused), with the message as it is to be sent.
    pub(super) async fn refused_octets(
        &mut self,
        message: Vec<u8>,
        request: &Request,
        why: &str,
    ) -> Result<Option<Reply>, Stop> {
        let response = self.post(message).await?;
        if (400..600).contains(&response.status) {
            return Ok(None);
        }
        let reply = self.read(response, request).await?;
        let refused = reply.attributes.pki_status == Some(scep_core::message::PkiStatus::Failure);
        ensure(refused, format!("a refusal, as {why}"), reply.says())?;
        Ok(Some(reply))
    }

    /// As [`refused_octets`](Self::refused_octets), by a server that knows whose fault it is: an error of
    /// HTTP has to be one of the client's.
    pub(super) async fn declined_octets(
        &mut self,
        message: Vec<u8>,
        request: &Request,
        why: &str,
    ) -> Result<Option<Reply>, Stop> {
        let reply = self.refused_octets(message, request, why).await?;
        let status = self.exchanges.last().map_or(0, |exchange| exchange.status);
        let expected = format!("FAILURE, or 4xx, as {why}");
        ensure(status < 500, expected, format!("HTTP {status}"))?;
        Ok(reply)
    }

    /// Requires a capability.
    pub(super) async fn offers(&mut self, word: &str) -> Result<(), Stop> {
        let capabilities = self.capabilities().await?;
        let words = capabilities.words();
        let standard = ["AES", "SHA-256", "POSTPKIOperation"];
        let implied = standard.contains(&word) && words.iter().any(|w| w == "SCEPStandard");
        if words.iter().any(|w| w == word) || implied {
            Ok(())
        } else {
            Err(Stop::NotApplicable(format!(
                "the server does not list {word}"
            )))
        }
    }
}
