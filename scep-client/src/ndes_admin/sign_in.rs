//! Windows authentication over HTTP: NTLM in three messages, or Basic.

use scep_core::crypto::RandomSource as _;
use scep_ntlm::{Random, authenticate, negotiate};

use super::{Credentials, NoPassword};
use crate::network::{HttpRequest, HttpResponse};
use crate::random::SharedRandom;
use crate::{Error, Result, base64};

/// Schemes, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Ntlm,
    /// The same messages under the name by which Kerberos goes as well.
    Negotiate,
    Basic,
}

impl Scheme {
    const ALL: [Self; 3] = [Self::Ntlm, Self::Negotiate, Self::Basic];

    const fn name(self) -> &'static str {
        match self {
            Self::Ntlm => "NTLM",
            Self::Negotiate => "Negotiate",
            Self::Basic => "Basic",
        }
    }
}

/// One sign-in, from conversation to conversation.
pub(super) struct SignIn<'a> {
    request: HttpRequest,
    credentials: &'a Credentials,
    random: SharedRandom,
    /// Seconds since 1970.
    now: i64,
    scheme: Scheme,
    tried: Vec<Scheme>,
}

impl<'a> SignIn<'a> {
    /// With NTLM to begin with: its first message says nothing of the account.
    pub(super) fn new(
        request: HttpRequest,
        credentials: &'a Credentials,
        random: SharedRandom,
        now: i64,
    ) -> Self {
        Self {
            request,
            credentials,
            random,
            now,
            scheme: Scheme::Ntlm,
            tried: Vec::new(),
        }
    }

    /// The request that begins a conversation.
    pub(super) fn first(&mut self) -> HttpRequest {
        self.tried.push(self.scheme);
        match self.scheme {
            Scheme::Ntlm | Scheme::Negotiate => self.with(&negotiate()),
            Scheme::Basic => {
                let (user, password) = (&self.credentials.user, &self.credentials.password);
                self.with(format!("{user}:{}", password.as_str()).as_bytes())
            }
        }
    }

    /// The request that goes on with it: the answer to the server's challenge.
    pub(super) fn next(&mut self, response: &HttpResponse) -> Option<HttpRequest> {
        if response.status != 401 || self.scheme == Scheme::Basic {
            return None;
        }
        let challenge = offered(response).find_map(|(scheme, token)| {
            let same = scheme.eq_ignore_ascii_case(self.scheme.name());
            base64::decode(token).filter(|token| same && !token.is_empty())
        })?;
        let mut random = Random {
            nonce: [0; 8],
            time: file_time(self.now),
        };
        self.random.fill(&mut random.nonce);
        let account = self.credentials.account();
        let third = authenticate(&account, &negotiate(), &challenge, random).ok()?;
        Some(self.with(&third))
    }

    /// Whether the server offers another scheme, which is then the next one. A server that took a whole
    /// handshake and refused knows the account, or not: another scheme would make no difference.
    pub(super) fn tries_another_scheme(&mut self, response: &HttpResponse) -> Result<bool> {
        let offers = |wanted: Scheme| {
            offered(response).any(|(scheme, _)| scheme.eq_ignore_ascii_case(wanted.name()))
        };
        if offers(self.scheme) {
            return Ok(false);
        }
        let mut others = Scheme::ALL.into_iter();
        match others.find(|scheme| !self.tried.contains(scheme) && offers(*scheme)) {
            Some(scheme) => {
                self.scheme = scheme;
                Ok(true)
            }
            None if self.scheme == Scheme::Basic => Ok(false),
            None => Err(Error::NdesAdmin(NoPassword::NoCommonScheme(
                offered(response)
                    .map(|(scheme, _)| scheme.to_owned())
                    .collect(),
            ))),
        }
    }

    fn with(&self, token: &[u8]) -> HttpRequest {
        let mut request = self.request.clone();
        let value = format!("{} {}", self.scheme.name(), base64::encode(token));
        request.headers.push(("authorization".into(), value));
        request
    }
}

/// The schemes of a response, and what follows their names; proxies put several into one field.
fn offered(response: &HttpResponse) -> impl Iterator<Item = (&str, &str)> {
    let fields = response.headers.iter();
    fields
        .filter(|(name, _)| name == "www-authenticate")
        .flat_map(|(_, value)| value.split(','))
        .map(|offer| offer.trim().split_once(' ').unwrap_or((offer.trim(), "")))
        .filter(|(scheme, _)| !scheme.contains(['=', '"']))
}

/// 100 ns since 1601.
const fn file_time(unix: i64) -> u64 {
    let since_1601 = unix.saturating_add(11_644_473_600);
    since_1601.unsigned_abs().saturating_mul(10_000_000)
}
