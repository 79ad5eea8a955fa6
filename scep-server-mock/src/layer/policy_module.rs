//! The Intune policy module inside the worker process.

use scep_core::message::ChallengePassword;
use scep_core::x509::CertificationRequest;

use super::registration_point::{self, Refused};
use super::{cloud_connector, worker};
use crate::deployment::Deployment;
use crate::log::{Severity, text};
use crate::runtime::intune::Verdict;
use crate::state::ConnectorKind;
use crate::wire::Transit;

/// The module did not survive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crash;

/// Opens the channel to the certificate registration point.
///
/// # Errors
/// [`Crash`] if the registration point does not let the module in: the module does not expect an
/// error page there, and takes the worker process down (documented: 503 and Application Error 1000
/// for each of the causes; that it is the module's handling of the page is inferred).
pub(crate) fn open_channel(d: &mut Deployment, t: &mut Transit) -> Result<(), Crash> {
    let sending = "Sending request to certificate registration point";
    match registration_point::admit(d, t) {
        Ok(()) => return Ok(()),
        Err(Refused::Page(error)) => {
            let status = error.status.to_string();
            let line = format!("{sending}. Answer: HTTP {status}, HTML page");
            d.log(t, text::ndes_plugin(Severity::Error, &status, &line));
        }
        // The log just ends there.
        Err(Refused::NotSent) => {
            d.log(t, text::ndes_plugin(Severity::Information, "", sending));
        }
    }
    worker::crash(d, t, &worker::ACCESS_VIOLATION);
    Err(Crash)
}

/// Asks the registration point about a request, and says whether it may be granted.
///
/// # Errors
/// [`Crash`] if the registration point is broken.
pub(crate) fn verify(
    d: &mut Deployment,
    t: &mut Transit,
    challenge: Option<&ChallengePassword>,
    request: &CertificationRequest,
) -> Result<bool, Crash> {
    if d.state.intune.connector.kind == ConnectorKind::Cloud {
        return Ok(cloud_connector::verify(d, t, challenge, request));
    }
    let line = "Calling VerifyRequest. Sending request to certificate registration point.";
    d.log(t, text::ndes_plugin(Severity::Information, "", line));
    if registration_point::is_broken(d, t) {
        worker::crash(d, t, &worker::HEAP_CORRUPTION);
        return Err(Crash);
    }
    if let Some(error) = registration_point::unreachable(d, t) {
        let line = format!(
            "Failed to send http request /CertificateRegistrationSvc/Certificate/VerifyRequest. Error {error}"
        );
        d.log(t, text::ndes_plugin(Severity::Error, error, &line));
        return Ok(false);
    }
    let valid = registration_point::verify_request(d, t, challenge, request) == Verdict::Valid;
    let entry = if valid {
        let line = "Verify challenge returns true. Exiting VerifyRequest with 0x0";
        text::ndes_plugin(Severity::Information, "0x0", line)
    } else {
        text::ndes_plugin(Severity::Error, "", "Verify challenge returns false")
    };
    d.log(t, entry);
    Ok(valid)
}
