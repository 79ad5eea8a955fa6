//! Algorithms and transport, and what is known of the server.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use scep_client::servers::Server;
use scep_core::client::{EnrollmentParams, MethodChoice, ServerParams};
use scep_core::policy::AlgorithmPolicy;

use super::NetworkArgs;
use crate::failure::{Failure, Result};

/// Algorithms and transport.
#[derive(Args, Debug)]
pub(crate) struct ProtocolArgs {
    /// What kind of server it is, which says what to send and what not to believe of its capabilities.
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = servers())]
    server: String,
    /// Algorithms that are acceptable; rfc8894, unless --server knows better.
    #[arg(long, value_enum, value_name = "NAME")]
    policy: Option<PolicyChoice>,
    /// GET or POST for PKIOperation; auto, unless --server knows better.
    #[arg(long, value_enum, value_name = "METHOD")]
    method: Option<MethodArg>,
    /// CA identifier, sent as message= of GetCACaps and GetCACert.
    #[arg(long, value_name = "TEXT")]
    ca_identifier: Option<String>,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// The names that `--server` takes.
fn servers() -> PossibleValuesParser {
    let words = "whatever the server says of itself, and GET where it takes no POST";
    let auto = PossibleValue::new("auto").help(words);
    let known = Server::all().iter();
    let known = known.map(|s| PossibleValue::new(s.name.as_str()).help(s.title.as_str()));
    PossibleValuesParser::new(std::iter::once(auto).chain(known))
}

impl ProtocolArgs {
    /// Puts everything into the parameters of a transaction.
    pub(crate) fn apply(&self, params: &mut ServerParams) {
        if let Some(server) = Server::find(&self.server) {
            server.apply(params);
        }
        self.apply_flags(params);
    }

    /// The same for an enrollment, which may be a renewal.
    pub(crate) fn apply_to_enrollment(&self, params: &mut EnrollmentParams) {
        if let Some(server) = Server::find(&self.server) {
            server.apply_to_enrollment(params);
        }
        self.apply_flags(&mut params.server);
    }

    /// Refuses a key that the server is known not to serve.
    pub(crate) fn check_key(&self, spki: &[u8]) -> Result<()> {
        match Server::find(&self.server) {
            Some(server) => server.serves_key(spki).map_err(|e| {
                Failure::usage(format!(
                    "{e}: use --key-type rsa:2048, or --server auto to try"
                ))
            }),
            None => Ok(()),
        }
    }

    fn apply_flags(&self, params: &mut ServerParams) {
        if let Some(policy) = self.policy {
            params.policy = policy.policy();
        }
        if let Some(method) = self.method {
            params.method = method.into();
        }
        params.ca_identifier.clone_from(&self.ca_identifier);
    }
}

/// Names of algorithm policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PolicyChoice {
    /// RFC 8894: SHA-256 and AES; SHA-1 and 3DES are read.
    #[default]
    Rfc8894,
    /// As NDES: SHA-1 may be sent.
    Ndes,
    /// Anything, single DES and MD5 included.
    Legacy,
}

impl PolicyChoice {
    pub(crate) const fn policy(self) -> AlgorithmPolicy {
        match self {
            Self::Rfc8894 => AlgorithmPolicy::RFC8894,
            Self::Ndes => AlgorithmPolicy::NDES,
            Self::Legacy => AlgorithmPolicy::LEGACY,
        }
    }
}

/// GET or POST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum MethodArg {
    /// As the server's capabilities say.
    #[default]
    Auto,
    /// GET.
    Get,
    /// POST.
    Post,
}

impl From<MethodArg> for MethodChoice {
    fn from(arg: MethodArg) -> Self {
        match arg {
            MethodArg::Auto => Self::ByCapabilities,
            MethodArg::Get => Self::Get,
            MethodArg::Post => Self::Post,
        }
    }
}
