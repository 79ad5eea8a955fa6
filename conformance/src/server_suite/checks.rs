//! The checks, one file a theme; each with the flaw that makes it fail.

mod authorization;
mod ca_certificates;
mod capabilities;
mod certificates;
mod concurrency;
mod csr;
mod failures;
mod hostile;
mod messages;
mod next_ca;
mod polling;
mod queries;
mod renewal;
mod replies;
mod requests;
mod signers;
mod timing;
mod transport;

use super::Check;

/// Writes checks down: `id, level, [requirements], title, flaw, also [checks], |session| { … }`.
macro_rules! checks {
    ($($id:literal, $level:ident, [$($row:literal),*], $title:literal,
       $flaw:expr, [$($also:literal),*], |$s:ident| $body:block)*) => {
        pub(super) const CHECKS: &[$crate::server_suite::Check] = &[$(
            $crate::server_suite::Check {
                id: $id,
                title: $title,
                level: $crate::verdict::Level::$level,
                requirements: &[$($row),*],
                run: {
                    fn run<'s>(
                        $s: &'s mut $crate::server_suite::Session<'_>,
                    ) -> $crate::server_suite::Running<'s> {
                        Box::pin(async move {
                            $body
                            Ok(())
                        })
                    }
                    run
                },
                flaw: $flaw,
                also: &[$($also),*],
            }
        ),*];
    };
}
use checks;

/// Those that measure how long answers take.
pub fn timing() -> impl Iterator<Item = &'static Check> {
    timing::CHECKS.iter()
}

/// All checks but [`timing`], in the order in which they are made.
pub fn all() -> impl Iterator<Item = &'static Check> {
    [
        capabilities::CHECKS,
        ca_certificates::CHECKS,
        transport::CHECKS,
        messages::CHECKS,
        replies::CHECKS,
        requests::CHECKS,
        signers::CHECKS,
        csr::CHECKS,
        certificates::CHECKS,
        authorization::CHECKS,
        failures::CHECKS,
        polling::CHECKS,
        renewal::CHECKS,
        next_ca::CHECKS,
        queries::CHECKS,
        concurrency::CHECKS,
        hostile::CHECKS,
    ]
    .into_iter()
    .flatten()
}
