//! Windows authentication of IIS: Kerberos by a ticket that stands for one, NTLM, and Basic.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scep_core::crypto::RandomSource;
use scep_ntlm::{Account, Challenge, verify};

use super::Handled;
use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::names;
use crate::page::iis::HttpError;
use crate::runtime::handshakes::Standing;
use crate::state::{AdminApplication, Kerberos, WindowsSchemes};
use crate::wire::{Request, Response, Transit};

const SIGN_IN: HttpError = HttpError::new(401, 2, "Unauthorized", "IIS Web Core").win32(Hresult(5));
const WRONG_CREDENTIALS: HttpError =
    HttpError::new(401, 1, "Unauthorized", "WindowsAuthenticationModule").win32(Hresult(1326));
/// The second message of a handshake goes out with it.
pub(super) const IN_THE_MIDDLE: HttpError =
    HttpError::new(401, 1, "Unauthorized", "WindowsAuthenticationModule")
        .win32(Hresult(0x8009_030E));

/// Who is not let in (yet).
pub(super) enum Refused {
    With(HttpError),
    /// Value of `WWW-Authenticate`.
    Continue(String),
}

impl From<Refused> for Handled {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::With(error) => Self::Error(error),
            Refused::Continue(token) => Self::Continue(token),
        }
    }
}

/// Who asks. As with every account, the mock knows one only: the administrator of the lab. Basic works
/// even where it is not offered, so that a script can be that administrator.
pub(super) fn authenticate(
    d: &mut Deployment,
    t: &Transit,
    request: &Request,
) -> Result<&'static str, Refused> {
    let Some(given) = request.header("authorization") else {
        // NTLM holds for as long as its connection
        return if d.handshakes.is_known(request.connection) {
            Ok(names::ADMIN_USER)
        } else {
            Err(Refused::With(SIGN_IN))
        };
    };
    let settings = &d.state.iis.mscep_admin;
    if given == names::ADMIN_TICKET && settings.schemes != WindowsSchemes::NtlmOnly {
        return ticket(settings).map_err(Refused::With);
    }
    let (scheme, token) = given.split_once(' ').unwrap_or((given, ""));
    let token = STANDARD.decode(token.trim());
    let token = token.map_err(|_| Refused::With(WRONG_CREDENTIALS))?;
    let negotiated = scheme.eq_ignore_ascii_case("Negotiate");
    if negotiated && settings.schemes == WindowsSchemes::NtlmOnly {
        return Err(Refused::With(WRONG_CREDENTIALS));
    }
    if negotiated || scheme.eq_ignore_ascii_case("NTLM") {
        return ntlm(d, t, request.connection, scheme, &token);
    }
    let expected = format!("{}:{}", names::ADMIN_USER, names::ADMIN_PASSWORD);
    if scheme.eq_ignore_ascii_case("Basic") && token == expected.as_bytes() {
        Ok(names::ADMIN_USER)
    } else {
        Err(Refused::With(WRONG_CREDENTIALS))
    }
}

/// A ticket for the host, as a browser of the domain has it.
fn ticket(settings: &AdminApplication) -> Result<&'static str, HttpError> {
    match settings.kerberos_works {
        Kerberos::Registered => Ok(names::ADMIN_USER),
        Kerberos::WrongPrincipal => Err(WRONG_CREDENTIALS.win32(Hresult::SEC_E_WRONG_PRINCIPAL)),
    }
}

/// The first message of a handshake, or the third.
fn ntlm(
    d: &mut Deployment,
    t: &Transit,
    connection: u64,
    scheme: &str,
    token: &[u8],
) -> Result<&'static str, Refused> {
    let account = Account::new(names::ADMIN_USER, names::ADMIN_PASSWORD);
    if let Some(Standing::Asked {
        negotiate,
        challenge,
    }) = d.handshakes.take(connection)
        && let Ok(right) = verify(&account, &negotiate, &challenge, token)
    {
        return if right {
            d.handshakes.put(connection, Standing::Known);
            Ok(names::ADMIN_USER)
        } else {
            Err(Refused::With(WRONG_CREDENTIALS))
        };
    }
    if token.get(..12) != Some(b"NTLMSSP\0\x01\0\0\0") {
        // of another connection, or no message at all
        return Err(Refused::With(WRONG_CREDENTIALS));
    }
    let mut nonce = [0; 8];
    d.rng.clone().fill(&mut nonce);
    let challenge = Challenge::new("LAB", nonce, file_time(t.now().0));
    let value = format!("{scheme} {}", STANDARD.encode(challenge.encode()));
    let negotiate = token.to_vec();
    let asked = Standing::Asked {
        negotiate,
        challenge,
    };
    d.handshakes.put(connection, asked);
    Err(Refused::Continue(value))
}

/// 100 ns since 1601.
const fn file_time(unix: i64) -> u64 {
    let since_1601 = unix.saturating_add(11_644_473_600);
    since_1601.unsigned_abs().saturating_mul(10_000_000)
}

/// What a page of 401 offers.
pub(super) fn offer(page: Response, schemes: WindowsSchemes) -> Response {
    let offered: &[&str] = match schemes {
        WindowsSchemes::NegotiateAndNtlm => &["Negotiate", "NTLM"],
        WindowsSchemes::NtlmOnly => &["NTLM"],
        WindowsSchemes::WithBasic => &["Negotiate", "NTLM", "Basic realm=\"ndes.lab.example\""],
    };
    offered
        .iter()
        .fold(page, |page, scheme| page.with("WWW-Authenticate", *scheme))
}
