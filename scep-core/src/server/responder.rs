//! From a pkiMessage to its CertRep.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::asked::{Asked, ReplyKey, no_password};
use super::authority::{Authority, EnrollmentKind, EnrollmentRequest};
use super::reply::{Rejection, RejectionStage, Reply};
use super::standing::SignerStanding;
use super::style::{CipherChoice, KeyTransportChoice, ReplyStyle};
use super::transaction::Transaction;
use super::transactions::{Begin, RequestDigest, TransactionKey, Transactions};
use crate::asn1::{Reader, tag};
use crate::cms::{ContentKey, Openers, SealTo};
use crate::crypto::{
    ContentCipher, CryptoProvider, DigestAlgorithm, KeyTransport, PrivateKey, RandomSource,
};
use crate::error::Layer;
use crate::limits::Limits;
use crate::message::{
    ChallengePassword, FailInfo, MessageType, PkiStatus, SignedMessage, VerifiedMessage,
};
use crate::policy::AlgorithmPolicy;
use crate::x509::{Certificate, CertificationRequest, Name};
use crate::{Error, UnixTime};

/// Passwords that are tried on one envelope: each costs a key derivation.
const MAX_PASSWORDS: usize = 8;

/// What a responder is made of.
#[derive(Clone)]
pub struct ResponderConfig {
    /// The crypto library.
    pub provider: Arc<dyn CryptoProvider>,
    /// Who signs replies: the CA, or its RA.
    pub signer: (Certificate, Arc<dyn PrivateKey>),
    /// Whom requests may be encrypted to.
    pub decrypters: Vec<(Certificate, Arc<dyn PrivateKey>)>,
    /// The CAs whose certificates may renew: this one and, in a rollover, its next one. Empty:
    /// RenewalReq is refused.
    pub issuers: Vec<Certificate>,
    /// Algorithms to accept and to send.
    pub policy: AlgorithmPolicy,
    /// How replies are written.
    pub style: ReplyStyle,
    /// Bounds on what is read.
    pub limits: Limits,
}

/// Understands requests and builds replies.
///
/// Every message must be signed by the key of the certificate that it names. That certificate itself
/// is checked only as far as something follows from it: whether this CA issued it, and its dates,
/// decide about a renewal. A self-signed one is taken as it is, also with a signature of its own that
/// is wrong or of an algorithm that nobody should use, as old devices send it; it authorises nothing
/// (RFC 8894 section 2.4).
#[derive(Clone, Debug)]
pub struct Responder(ResponderConfig);

impl core::fmt::Debug for ResponderConfig {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ResponderConfig")
            .field("signer", &self.signer.0)
            .field("policy", &self.policy.name)
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}

impl ResponderConfig {
    /// The common case: one identity that signs and decrypts, for the CA that `issuer` is (which may
    /// be the same), by the rules of RFC 8894.
    #[must_use]
    pub fn new(
        provider: Arc<dyn CryptoProvider>,
        identity: (Certificate, Arc<dyn PrivateKey>),
        issuer: Certificate,
    ) -> Self {
        Self {
            provider,
            signer: identity.clone(),
            decrypters: alloc::vec![identity],
            issuers: alloc::vec![issuer],
            policy: AlgorithmPolicy::RFC8894,
            style: ReplyStyle::RFC8894,
            limits: Limits::DEFAULT,
        }
    }
}

impl Responder {
    /// A responder.
    #[must_use]
    pub const fn new(config: ResponderConfig) -> Self {
        Self(config)
    }

    /// What it is made of.
    #[must_use]
    pub const fn config(&self) -> &ResponderConfig {
        &self.0
    }

    /// Answers one pkiMessage.
    ///
    /// A request that was answered SUCCESS or FAILURE gets the same octets again. One that is
    /// pending counts as a poll. Of one transaction one message at a time reaches the authority; one
    /// that comes meanwhile, be it the same once more, gets [`RejectionStage::InFlight`], and may come
    /// again. PENDING would send its client to poll for a request that is not pending: once it is
    /// granted, a poll finds nothing, whereas the request itself gets its certificate. Whatever goes wrong after the RSA decryption is answered in one
    /// and the same way, so that nobody can use the server to find out about other people's
    /// ciphertexts.
    ///
    /// # Errors
    /// [`Rejection`] if no CertRep can or shall be sent.
    pub fn respond(
        &self,
        message: &[u8],
        authority: &dyn Authority,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<Reply, Rejection> {
        let signed =
            SignedMessage::decode(message, &self.0.limits).map_err(at(RejectionStage::Decode))?;
        let attributes = signed.attributes().clone();
        if attributes.sender_nonce.is_none() {
            // a reply without recipientNonce could be played to anybody
            let error = Error::rule("3.2.1.5", "the request has no senderNonce");
            return Err(Rejection {
                stage: RejectionStage::Decode,
                error,
            });
        }
        let digest = signed
            .signer_info()
            .digest_algorithm
            .digest()
            .unwrap_or(DigestAlgorithm::Sha256);
        let verified = match signed.verify(self.0.provider.as_ref(), &self.0.policy, &[]) {
            Ok(verified) => verified,
            Err(error) => {
                let fail_info = fail_info_of(&error);
                let asked = Asked::unverified(&attributes, digest);
                return self.broken(RejectionStage::Verify, error, fail_info, asked, now, rng);
            }
        };
        let digest = self.request_digest(&verified)?;
        let key = self.transaction_key(&verified)?;
        // queries change nothing, so they need not wait for what goes on in the transaction
        let queried = matches!(
            attributes.message_type,
            MessageType::GetCert | MessageType::GetCrl
        );
        let transactions = authority.transactions();
        let locked = (!queried).then(|| key.clone());
        match transactions.begin(digest, locked.as_ref()) {
            Begin::New => {}
            Begin::Answered(der) => return self.repeated(der, &verified),
            Begin::InFlight => {
                let text = "the same request, or another one of its transaction, is being answered at this moment";
                return Err(at(RejectionStage::InFlight)(Error::Misuse(text.into())));
            }
            Begin::Full => {
                let text = "too many requests are being answered at this moment";
                return Err(at(RejectionStage::Busy)(Error::Misuse(text.into())));
            }
        }
        let mut begun = Begun {
            transactions,
            digest,
            locked,
            ended: false,
        };
        let result = self.first_time(&verified, key, digest, authority, now, rng);
        // what no authority saw costs an attacker nothing, so it is not worth a place in the memory;
        // a query may be answered anew, and CRLs are large
        let kept = result.as_ref().ok().filter(|reply| {
            reply.cause.is_none()
                && !queried
                && matches!(reply.pki_status, PkiStatus::Success | PkiStatus::Failure)
        });
        begun.end(kept);
        result
    }

    fn first_time(
        &self,
        verified: &VerifiedMessage,
        key: TransactionKey,
        digest: RequestDigest,
        authority: &dyn Authority,
        now: UnixTime,
        rng: &mut dyn RandomSource,
    ) -> Result<Reply, Rejection> {
        let mut asked = Asked::of(verified);
        // no default arm: a message type that is not listed here never reaches an authority
        let kind = match &asked.attributes.message_type {
            MessageType::PkcsReq => Some(EnrollmentKind::Initial),
            MessageType::RenewalReq => Some(EnrollmentKind::Renewal),
            MessageType::CertPoll | MessageType::GetCert | MessageType::GetCrl => None,
            MessageType::CertRep | MessageType::Other(_) => {
                let message_type = &asked.attributes.message_type;
                let text = format!("a client may not send a {message_type}");
                let error = Error::rule("3.2.1.2", text);
                let stage = RejectionStage::NotARequest;
                return self.broken(stage, error, FailInfo::BadRequest, asked, now, rng);
            }
        };
        let mut transaction = Transaction {
            key,
            digest,
            signer: verified.signer(),
            authority,
            ca_names: &self.ca_names(),
            by_password: false,
            now,
        };
        // all that the message says in clear, and whether a reply could be made, comes first: a
        // certificate that cannot be sent must not be issued
        let standing = self.standing(kind, verified.signer(), authority, now);
        if kind == Some(EnrollmentKind::Renewal) && standing != SignerStanding::Issued {
            let text = format!("the certificate that signed the renewal is {standing}");
            let error = Error::rule("2.3", text);
            let stage = RejectionStage::Renewal;
            return self.broken(stage, error, FailInfo::BadRequest, asked, now, rng);
        }
        let passwords = passwords(verified, &transaction, kind.is_some());
        let openers = Openers {
            keys: &self.0.decrypters,
            passwords: &passwords,
        };
        let (provider, limits) = (self.0.provider.as_ref(), &self.0.limits);
        let decoded = verified.envelope(limits);
        let opener = decoded
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|envelope| envelope.opener(openers)?.accepted_by(&self.0.policy));
        let opener = match opener {
            Ok(opener) => opener,
            Err(error) => {
                let fail_info = fail_info_of(&error);
                return self.broken(RejectionStage::Decrypt, error, fail_info, asked, now, rng);
            }
        };
        asked.cipher = Some(opener.cipher());
        asked.transport = opener.transport();
        // a request brings its own; only a poll goes by what is remembered
        let challenge = transaction.challenge().filter(|_| kind.is_none());
        let queried = matches!(
            asked.attributes.message_type,
            MessageType::GetCert | MessageType::GetCrl
        );
        if let Err(error) = self.prepare_reply(&mut asked, queried, challenge, rng) {
            let stage = RejectionStage::Reply;
            return self.broken(stage, error, FailInfo::BadAlg, asked, now, rng);
        }
        transaction.by_password = asked.reply_key.is_password() || asked.transport.is_none();
        // a poll is decided without its content, so nothing is learnt from it, and nothing spent on it
        let content = if asked.attributes.message_type == MessageType::CertPoll {
            Err(no_password())
        } else {
            opener.open(provider, limits, rng)
        };
        let Some(kind) = kind else {
            // a query that cannot be read is answered like one that finds nothing
            let readable = content.ok();
            let answer = transaction.look_up(
                &asked.attributes.message_type,
                readable.as_ref().map(|c| c.as_slice()),
            );
            return self.reply(asked, answer, None, now, rng);
        };
        let csr = match content.and_then(|content: zeroize::Zeroizing<Vec<u8>>| self.csr(&content))
        {
            Ok(csr) => csr,
            // one stage, failInfo and text for all that can be wrong behind the encryption
            Err(error) => {
                let stage = RejectionStage::Decrypt;
                return self.broken(stage, error, FailInfo::BadMessageCheck, asked, now, rng);
            }
        };
        // somebody could sign another one's envelope anew with a key that cannot decrypt, and would get a
        // reply that betrays its challenge password to whoever guesses long enough
        if asked.reply_key.is_password()
            && standing != SignerStanding::Issued
            && csr.spki_der() != verified.signer().spki_der()
        {
            let error = Error::rule("3.1", "the request is for another key than the signer's");
            let stage = RejectionStage::Decrypt;
            return self.broken(stage, error, FailInfo::BadMessageCheck, asked, now, rng);
        }
        // polls of this transaction will have to be opened with it
        if asked.transport.is_none() && csr.challenge_password().is_none() {
            let stage = RejectionStage::Reply;
            return self.broken(stage, no_password(), FailInfo::BadAlg, asked, now, rng);
        }
        asked.subject = Some(csr.subject().clone());
        if let Err(error) = asked.reply_key.take_challenge(csr.challenge_password()) {
            let stage = RejectionStage::Reply;
            return self.broken(stage, error, FailInfo::BadAlg, asked, now, rng);
        }
        let answer = transaction.enroll(&EnrollmentRequest {
            kind,
            csr: &csr,
            signer: verified.signer(),
            standing,
            recipient: opener.certificate(),
            transaction_id: &verified.attributes().transaction_id,
        });
        self.reply(asked, answer, None, now, rng)
    }

    /// Whose certificates can be asked for.
    fn ca_names(&self) -> Vec<&Name> {
        let signer = &self.0.signer.0;
        let issuers = self.0.issuers.iter().map(Certificate::subject);
        issuers.chain([signer.subject(), signer.issuer()]).collect()
    }

    /// Judged for requests only: it costs the check of a signature.
    fn standing(
        &self,
        kind: Option<EnrollmentKind>,
        signer: &Certificate,
        authority: &dyn Authority,
        now: UnixTime,
    ) -> SignerStanding {
        if kind.is_none() {
            return SignerStanding::Foreign;
        }
        let config = &self.0;
        let provider = config.provider.as_ref();
        match SignerStanding::of(signer, &config.issuers, provider, &config.policy, now) {
            SignerStanding::Issued if authority.is_revoked(signer) => SignerStanding::Revoked,
            standing => standing,
        }
    }

    /// Does what depends on the client's key: encrypts the key of the reply to it, or finds that it
    /// cannot be encrypted to, and that the challenge password has to serve (RFC 8894 section 3.1).
    fn prepare_reply(
        &self,
        asked: &mut Asked<'_>,
        queried: bool,
        challenge: Option<ChallengePassword>,
        rng: &mut dyn RandomSource,
    ) -> Result<(), Error> {
        let (Some(signer), Some(cipher)) = (asked.signer, asked.cipher) else {
            return Err(Error::Misuse("the request was not opened".into()));
        };
        let policy = &self.0.policy;
        let asked_with_aes = !matches!(cipher, ContentCipher::DesCbc | ContentCipher::DesEde3Cbc);
        let style = &self.0.style;
        let cipher = match style.cipher {
            CipherChoice::Mirror => policy.mirror_cipher(cipher),
            CipherChoice::Fixed(cipher) => cipher,
        };
        let algorithm = signer.public_key_algorithm()?;
        asked.reply_key = if algorithm.can_encrypt() {
            let transport = match style.key_transport {
                KeyTransportChoice::OaepForAes if asked_with_aes => KeyTransport::OAEP_DEFAULT,
                KeyTransportChoice::OaepForAes | KeyTransportChoice::Mirror => {
                    let theirs = asked.transport.unwrap_or(KeyTransport::RsaPkcs1v15);
                    policy.mirror_transport(theirs)
                }
            };
            let to = SealTo::Certificate(signer, transport);
            ReplyKey::Sealed(ContentKey::new(self.0.provider.as_ref(), to, cipher, rng)?)
        } else if queried {
            return Err(no_password());
        } else {
            ReplyKey::Password(cipher, challenge)
        };
        Ok(())
    }

    fn csr(&self, content: &[u8]) -> Result<CertificationRequest, Error> {
        let csr = CertificationRequest::from_der(content)?;
        self.0.policy.accept_key(csr.spki_der())?;
        if let Some(scheme) = csr.signature_scheme() {
            self.0.policy.accept_signature(scheme)?;
        }
        csr.verify(self.0.provider.as_ref())?;
        if csr.has_unreadable_names() {
            return Err(Error::malformed(
                Layer::X509,
                "the subjectAltName that is asked for cannot be read",
            ));
        }
        Ok(csr)
    }

    fn transaction_key(&self, verified: &VerifiedMessage) -> Result<TransactionKey, Rejection> {
        let spki = verified.signer().spki_der();
        let digest = self
            .0
            .provider
            .digest(DigestAlgorithm::Sha256, spki)
            .map_err(at(RejectionStage::Reply))?;
        Ok(TransactionKey {
            id: verified.attributes().transaction_id.clone(),
            signer: <[u8; 32]>::try_from(digest.as_slice()).unwrap_or_default(),
        })
    }

    fn request_digest(&self, verified: &VerifiedMessage) -> Result<RequestDigest, Rejection> {
        let signer_info = verified.message().signer_info();
        // sorted, since the signature holds for the attributes in any order
        let mut identity = signer_info.signed_octets_sorted().unwrap_or_default();
        // not the key: its encoding comes from a certificate that nobody vouches for
        identity.extend_from_slice(unchangeable(&signer_info.signature));
        let digest = self
            .0
            .provider
            .digest(DigestAlgorithm::Sha256, &identity)
            .map_err(at(RejectionStage::Reply))?;
        Ok(RequestDigest(
            <[u8; 32]>::try_from(digest.as_slice()).unwrap_or_default(),
        ))
    }
}

/// A request that is being answered. Should an authority panic, it may come again.
struct Begun<'a> {
    transactions: &'a dyn Transactions,
    digest: RequestDigest,
    locked: Option<TransactionKey>,
    ended: bool,
}

impl Begun<'_> {
    fn end(&mut self, reply: Option<&Reply>) {
        self.ended = true;
        self.transactions
            .finish(self.digest, self.locked.as_ref(), reply);
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end(None);
        }
    }
}

pub(super) fn at(stage: RejectionStage) -> impl FnOnce(Error) -> Rejection {
    move |error| Rejection { stage, error }
}

/// Of a signature, what nobody can change and have it right still. Who has an ECDSA signature (r, s) has
/// another one, (r, −s); r is the same in both.
fn unchangeable(signature: &[u8]) -> &[u8] {
    let r = || {
        let mut outer = Reader::new(signature);
        let value = outer.expect(tag::SEQUENCE, "Ecdsa-Sig-Value").ok()?;
        let mut fields = value.reader();
        let r = fields.expect(tag::INTEGER, "r").ok()?;
        let s = fields.expect(tag::INTEGER, "s").ok()?;
        (outer.is_empty() && fields.is_empty() && !s.value.is_empty()).then_some(r.raw)
    };
    r().unwrap_or(signature)
}

/// The passwords that may open the envelope of a request that is encrypted with one.
fn passwords(
    verified: &VerifiedMessage,
    transaction: &Transaction<'_>,
    enrolls: bool,
) -> Vec<ChallengePassword> {
    let mut passwords: Vec<_> = transaction.challenge().into_iter().collect();
    if enrolls {
        let id = &verified.attributes().transaction_id;
        passwords.extend(
            transaction
                .authority
                .challenge_passwords(id, verified.signer()),
        );
    }
    passwords.retain(|password| !password.is_empty());
    passwords.truncate(MAX_PASSWORDS);
    passwords
}

/// An algorithm that is not taken is badAlg; everything else did not pass the check.
const fn fail_info_of(error: &Error) -> FailInfo {
    match error {
        Error::Unsupported { .. } | Error::ForbiddenByPolicy { .. } => FailInfo::BadAlg,
        _ => FailInfo::BadMessageCheck,
    }
}
