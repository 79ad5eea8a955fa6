//! Challenge passwords as devices come by them: good ones, and the bad ones of a scenario.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scep_core::UnixTime;
use scep_core::crypto::RandomSource as _;
use scep_core::message::ChallengePassword;
use serde::{Deserialize, Serialize};

use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::layer::ndes;
use crate::names;
use crate::profile::Hosting;
use crate::runtime::password;
use crate::state::{ChallengeMode, WindowsSchemes};
use crate::wire::Request;

/// What kind of challenge password is wanted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ChallengeKind {
    /// One that will be accepted.
    #[default]
    Correct,
    /// One that was never issued.
    Wrong,
    /// One that was issued and has been used.
    Used,
    /// One that was issued too long ago.
    Expired,
    /// One that was issued, and lost by a worker process that has ended since.
    Lost,
    /// None at all.
    Missing,
}

impl ChallengeKind {
    /// The kind that a persona's word means. A client with one password for all comes with a good
    /// one as long as the deployment has one for all.
    ///
    /// # Errors
    /// [`Error::Data`] if the word means nothing.
    pub fn from_word(word: &str) -> Result<Self> {
        Ok(match word {
            "correct" | "static" => Self::Correct,
            "wrong" => Self::Wrong,
            "used" => Self::Used,
            "expired" => Self::Expired,
            "lost" => Self::Lost,
            "missing" => Self::Missing,
            _ => {
                return Err(Error::Data {
                    what: "the client of a failure mode".to_owned(),
                    reason: format!("\"{word}\" is no challenge password that it could have"),
                });
            }
        })
    }
}

/// Octets of a signed challenge of Intune, more or less.
const INTUNE_LEN: usize = 1200;

pub(crate) fn issue(
    d: &mut Deployment,
    kind: ChallengeKind,
    now: UnixTime,
) -> Result<Option<ChallengePassword>> {
    match kind {
        ChallengeKind::Missing => Ok(None),
        ChallengeKind::Wrong if d.state.challenge.mode == ChallengeMode::Intune => {
            let mut octets = vec![0; INTUNE_LEN];
            d.rng.fill(&mut octets);
            Ok(Some(ChallengePassword::new(STANDARD.encode(octets))))
        }
        ChallengeKind::Wrong => Ok(Some(password::new_password(&mut d.rng))),
        ChallengeKind::Correct => correct(d, now).map(Some),
        ChallengeKind::Used => {
            let challenge = correct(d, now)?;
            let validity = ndes::password_validity(d);
            if let Some(ndes) = d.pool.ndes_mut() {
                ndes.passwords.redeem(&challenge, validity, now);
            }
            d.intune.spend(d.provider.as_ref(), &d.pki, &challenge);
            Ok(Some(challenge))
        }
        ChallengeKind::Lost => {
            let challenge = correct(d, now)?;
            d.let_the_worker_end(now);
            Ok(Some(challenge))
        }
        ChallengeKind::Expired => {
            let challenge = correct(d, now)?;
            let validity = ndes::password_validity(d);
            if let Some(ndes) = d.pool.ndes_mut() {
                ndes.passwords.age(&challenge, validity);
            }
            d.intune.age(d.provider.as_ref(), &d.pki, &challenge);
            Ok(Some(challenge))
        }
    }
}

fn correct(d: &mut Deployment, now: UnixTime) -> Result<ChallengePassword> {
    if d.state.challenge.mode == ChallengeMode::Intune {
        let profile = d.state.intune.profile.clone();
        let provider = std::sync::Arc::clone(&d.provider);
        return d
            .intune
            .issue(provider.as_ref(), &d.pki, &profile, now, &mut d.rng);
    }
    if d.profile.hosting != Hosting::Iis {
        return Ok(ChallengePassword::new(
            d.static_challenge.expose().to_owned(),
        ));
    }
    // An administrator inside the network looks at the NDES admin page.
    let url = format!("http://{}{}", names::NDES_HOST, names::ADMIN_PATH);
    let mut request = Request::get(&url).unwrap_or_default();
    let authorization = match d.state.iis.mscep_admin.schemes {
        WindowsSchemes::NtlmOnly => ndes::admin_authorization(),
        WindowsSchemes::NegotiateAndNtlm | WindowsSchemes::WithBasic => {
            names::ADMIN_TICKET.to_owned()
        }
    };
    request
        .headers
        .push(("authorization".to_owned(), authorization));
    request.peer = "192.0.2.50".to_owned();
    let outcome = d.handle_inside(&request, now).outcome;
    let page = outcome
        .response()
        .filter(|r| r.status == 200)
        .ok_or_else(|| {
            Error::NoChallenge(match outcome.status() {
                0 => "the NDES admin page does not answer".to_owned(),
                status => format!("the NDES admin page answers {status}"),
            })
        })?;
    ndes::password_on(&page.body)
        .map(ChallengePassword::new)
        .ok_or_else(|| {
            Error::NoChallenge(
                "the NDES admin page shows none (too many unused ones, or no permission)".into(),
            )
        })
}
