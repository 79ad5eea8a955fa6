//! Which crypto library does the work.

use std::sync::Arc;

use scep_core::crypto::{AwsLcRs, CryptoProvider, Fallback, RustCrypto};

/// Names of crypto libraries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProviderChoice {
    /// AWS-LC: fast; pure Rust does what it lacks, such as MD5.
    #[default]
    AwsLcRs,
    /// Pure Rust for all of SCEP.
    Rustcrypto,
}

impl ProviderChoice {
    pub(crate) fn provider(self) -> Arc<dyn CryptoProvider> {
        match self {
            Self::AwsLcRs => Arc::new(Fallback::new(Arc::new(AwsLcRs), Arc::new(RustCrypto))),
            Self::Rustcrypto => Arc::new(RustCrypto),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ProviderChoice;

    #[test]
    fn aws_lc_comes_first_unless_told_otherwise() {
        let shown = |choice: ProviderChoice| format!("{:?}", choice.provider());
        assert_eq!(
            shown(ProviderChoice::default()),
            "Fallback { first: AwsLcRs, second: RustCrypto }"
        );
        assert_eq!(shown(ProviderChoice::Rustcrypto), "RustCrypto");
    }
}
