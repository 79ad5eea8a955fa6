//! Challenge passwords from the admin page of NDES (`/certsrv/mscep_admin/`).
//!
//! The page is guarded by Windows authentication. [`fetch`] speaks NTLMv2, by the schemes `NTLM` and
//! `Negotiate`, and Basic where the server offers nothing else; Kerberos is left to others.

mod page;
mod sign_in;

use std::time::Duration;

use scep_ntlm::Account;

use crate::network::{HttpRequest, Network};
use crate::random::SharedRandom;
use crate::{Error, Result};
use sign_in::SignIn;
use zeroize::Zeroizing;

pub use page::{AdminPage, NoPassword};

/// Who asks for a challenge password: an account that may enroll on the templates of NDES.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: Zeroizing<String>,
}

impl Credentials {
    /// `DOMAIN\\user` or `user@domain`, and the password.
    #[must_use]
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: Zeroizing::new(password.into()),
        }
    }

    fn account(&self) -> Account {
        Account::new(&self.user, self.password.as_str())
    }
}

impl std::fmt::Debug for Credentials {
    /// Leaves the password out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// How the page is asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AdminOptions {
    /// Whether to sign in over plain http, where whoever listens can read the challenge password, and with
    /// Basic the account's, too.
    pub allow_plain_http: bool,
    /// Bound on the whole conversation.
    pub timeout: Duration,
    /// Randomness.
    pub random: SharedRandom,
}

impl Default for AdminOptions {
    /// https only, 30 s.
    fn default() -> Self {
        Self {
            allow_plain_http: false,
            timeout: Duration::from_secs(30),
            random: SharedRandom::default(),
        }
    }
}

/// Fetches one challenge password. Each counts against `PasswordMax` of NDES until it is used or expires.
///
/// # Errors
/// `Misuse` over plain http, unless the options allow it; `NdesAdmin` if the page has another answer, the
/// account is not let in, or there is no way to sign in; `Network` and `Http`.
pub async fn fetch(
    network: &dyn Network,
    url: &str,
    credentials: &Credentials,
    options: &AdminOptions,
) -> Result<AdminPage> {
    if !url.starts_with("https://") && !options.allow_plain_http {
        return Err(Error::misuse(
            "the admin page of NDES is asked over https only: whoever listens could read the challenge password",
        ));
    }
    let mut request = HttpRequest::get(url);
    request.timeout = options.timeout;
    let mut sign_in = SignIn::new(
        request,
        credentials,
        options.random.clone(),
        network.now().0,
    );
    loop {
        let first = sign_in.first();
        let response = network
            .conversation(first, &mut |response| sign_in.next(response))
            .await
            .map_err(|e| Error::network("the admin page of NDES", e))?;
        match response.status {
            200 => return AdminPage::parse(&response.body).map_err(Error::NdesAdmin),
            401 if sign_in.tries_another_scheme(&response)? => {}
            401 => return Err(Error::NdesAdmin(NoPassword::NotSignedIn)),
            status => {
                return Err(Error::Http {
                    doing: "the admin page of NDES".into(),
                    status,
                    reason: response.reason,
                });
            }
        }
    }
}
