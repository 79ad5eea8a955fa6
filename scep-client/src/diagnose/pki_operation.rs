//! Probe of PKIOperation: a signed PKCSReq with a challenge password that cannot be right, by
//! POST, by GET, by GET as Apple's devices write it, and by POST with a long body.
//!
//! It shows whether messages get through to the SCEP service and whether that checks challenge
//! passwords at all. It is a whole, well-formed request, so that nothing but the password is wrong
//! with it.

use std::fmt::Write as _;
use std::sync::Arc;

use scep_core::asn1::write;
use scep_core::capabilities::{Capabilities, Capability};
use scep_core::client::{CaTrust, Enrollment, EnrollmentParams, MethodChoice, TransactionIdChoice};
use scep_core::crypto::{KeyType, PrivateKey, RandomSource as _};
use scep_core::http::Operation;
use scep_core::message::ChallengePassword;
use scep_core::oid::ObjectIdentifier;
use scep_core::x509::Extension;
use scep_failures::observation::{NetworkErrorKind, Outcome, Probe, Purpose};

use super::POLICY;
use super::run::Run;
use crate::enroll::{Claims, Driver, EnrollOptions, Known, NetworkRetry, Step};
use crate::network::HttpResponse;
use crate::{Error, Result};

/// An extension that nobody knows (its arc is reserved for examples, RFC 5612): it makes a request
/// long and means nothing.
const PADDING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1");

impl Run<'_> {
    pub(super) async fn pki_operations(&mut self) -> Result<()> {
        if let Err(reason) = self.can_encrypt_to(self.ca_certificates.as_ref()) {
            for (purpose, method) in [
                (Purpose::PkiOperationPost, MethodChoice::Post),
                (Purpose::PkiOperationGet, MethodChoice::Get),
                (Purpose::PkiOperationGetRaw, MethodChoice::Get),
            ] {
                self.skip_pki_operation(purpose, method, &reason);
            }
            return Ok(());
        }
        let mut stop = None;
        if self.offers_post() {
            stop = self
                .wrong_challenge(Purpose::PkiOperationPost, MethodChoice::Post, 0)
                .await?;
        } else {
            let reason = "the server does not offer POSTPKIOperation";
            self.skip_pki_operation(Purpose::PkiOperationPost, MethodChoice::Post, reason);
        }
        if let Some(reason) = &stop {
            self.skip_pki_operation(Purpose::PkiOperationGet, MethodChoice::Get, reason);
        } else {
            stop = self
                .wrong_challenge(Purpose::PkiOperationGet, MethodChoice::Get, 0)
                .await?;
        }
        let not_raw = if stop.is_some() {
            stop.clone()
        } else if self.last_reply_was_a_refusal() {
            None
        } else {
            Some("PKIOperation by GET does not work in the first place".to_owned())
        };
        if let Some(reason) = &not_raw {
            self.skip_pki_operation(Purpose::PkiOperationGetRaw, MethodChoice::Get, reason);
        } else {
            stop = self
                .wrong_challenge(Purpose::PkiOperationGetRaw, MethodChoice::Get, 0)
                .await?;
        }
        if let (None, Some(length), true) = (stop, self.options.long_post, self.offers_post()) {
            self.wrong_challenge(Purpose::PkiOperationPost, MethodChoice::Post, length)
                .await?;
        }
        Ok(())
    }

    /// Whether a request can be made at all; otherwise, why not.
    pub(super) fn can_encrypt_to(&self, certificates: Option<&HttpResponse>) -> Result<(), String> {
        if let Some(reason) = &self.blocked {
            return Err(reason.clone());
        }
        if certificates.is_none() {
            return Err(
                "GetCACert gave no certificate to which a request could be encrypted".into(),
            );
        }
        Ok(())
    }

    /// Whether the last request got as far as its challenge password.
    fn last_reply_was_a_refusal(&self) -> bool {
        let last = self.observer.observations().items.last();
        matches!(
            last.map(|observation| &observation.outcome),
            Some(Outcome::Response(http))
                if http.reply.as_ref().and_then(|reply| reply.status.as_deref()) == Some("failure")
        )
    }

    /// A server whose capabilities are not known may take POST.
    fn offers_post(&self) -> bool {
        self.capabilities.as_ref().is_none_or(|response| {
            let words = Capabilities::parse(&response.body);
            words.is_empty() || words.has(Capability::PostPkiOperation)
        })
    }

    /// Sends one request; gives a reason to send no further ones.
    async fn wrong_challenge(
        &mut self,
        purpose: Purpose,
        method: MethodChoice,
        padding: usize,
    ) -> Result<Option<String>> {
        let key = self.key()?;
        let mut params = EnrollmentParams::new(
            &self.target.base,
            CaTrust::FirstSeen,
            key,
            self.options.subject.clone(),
        );
        params.challenge = Some(self.impossible_challenge());
        params.transaction_id = TransactionIdChoice::Random;
        params.server.policy = POLICY;
        params.server.method = method;
        params
            .server
            .ca_identifier
            .clone_from(&self.options.ca_identifier);
        if padding > 0 {
            let value = write::octet_string(&vec![0; padding]);
            params.extensions.push(Extension {
                oid: PADDING,
                critical: false,
                value,
            });
        }
        let claims = Claims {
            wrong_challenge: true,
            challenge_obtained: None,
        };
        let before = self.observer.observations().items.len();
        let known = Known {
            ca_certificates: self.ca_certificates.clone(),
            capabilities: None,
        };
        let step = self.transact(params, known, purpose, claims, false).await;
        if self.observer.observations().items.len() == before {
            // nothing was sent: the server's certificates cannot be used
            if let Err(e) = step {
                let reason = e.causes();
                self.skip_pki_operation(purpose, method, &reason);
                return Ok(Some(reason));
            }
            return Ok(None);
        }
        Ok(match step {
            Ok(Step::Issued(_) | Step::Wait(_) | Step::GaveUp) => {
                Some("a request was accepted in spite of its wrong challenge password".into())
            }
            Err(Error::Network { source, .. })
                if matches!(
                    source.kind,
                    NetworkErrorKind::Reset | NetworkErrorKind::Closed
                ) =>
            {
                Some(
                    "the server broke the connection off, and if a worker process crashed, \
                     another request would crash it again"
                        .into(),
                )
            }
            Ok(Step::Refused(_)) | Err(_) => None,
        })
    }

    /// Runs a transaction with what is known already.
    pub(super) async fn transact(
        &mut self,
        params: EnrollmentParams,
        known: Known,
        purpose: Purpose,
        claims: Claims,
        require_trusted_tls: bool,
    ) -> Result<Step> {
        let mut options = EnrollOptions::default();
        // what POST brings is what is to be seen
        options.get_fallback = false;
        options.timeout = self.options.timeouts.http;
        options.pki_operation_timeout = self.options.timeouts.pki_operation;
        options.max_body = self.options.max_body;
        options.retry = NetworkRetry::NEVER;
        options.require_trusted_tls = require_trusted_tls;
        options.random = self.options.random.clone();

        // a server without GetCACaps is an old one, says RFC 8894 section 3.5.2, not a broken one
        let none = HttpResponse {
            status: 404,
            ..HttpResponse::default()
        };
        let method = params.server.method;
        let enrollment = Enrollment::new(Arc::clone(&self.provider), params);
        let mut driver = Driver::new(&mut self.observer, enrollment, method, &options);
        driver.purpose = purpose;
        driver.claims = claims;
        driver.address = self.reachable.first().copied();
        driver.known = known;
        let capabilities = self.capabilities.clone().unwrap_or(none);
        driver.known.capabilities.get_or_insert(capabilities);
        driver.step().await
    }

    pub(super) fn skip_pki_operation(
        &mut self,
        purpose: Purpose,
        method: MethodChoice,
        reason: &str,
    ) {
        let url = Operation::PkiOperation.url(&self.target.base, None);
        let method = if method == MethodChoice::Get {
            "GET"
        } else {
            "POST"
        };
        self.observer.skip(
            Probe::Http {
                purpose,
                method: method.into(),
                url,
            },
            reason,
        );
    }

    /// The key of requests: the one given, or one that is made now.
    pub(super) fn key(&mut self) -> Result<Arc<dyn PrivateKey>> {
        if let Some(key) = self.options.key.as_ref().or(self.key.as_ref()) {
            return Ok(Arc::clone(key));
        }
        let made = self
            .provider
            .generate_private_key(KeyType::Rsa(2048), &mut self.options.random.clone())
            .and_then(|pkcs8| self.provider.load_private_key(&pkcs8))
            .map_err(|e| Error::scep("making a key for a request", e))?;
        self.key = Some(Arc::clone(&made));
        Ok(made)
    }

    /// Of the form that NDES hands out, and random, so that it is nobody's.
    fn impossible_challenge(&self) -> ChallengePassword {
        let mut octets = [0; 8];
        self.options.random.clone().fill(&mut octets);
        let mut text = String::new();
        for octet in octets {
            // writing to a String cannot fail
            let _ = write!(text, "{octet:02X}");
        }
        ChallengePassword::new(text)
    }
}
