//! The checks, one file a theme; each with the flaw that makes it fail.

mod ca;
mod capabilities;
mod csr;
mod enrollment;
mod failures;
mod messages;
mod pending;
mod replies;
mod transport;

use super::Check;

/// Writes checks down: `id, level, [requirements], title, right * times, |case| { … }, |seen| { … },
/// flaw, also [checks]`.
macro_rules! checks {
    ($($id:literal, $level:ident, [$($row:literal),*], $title:literal, $right:ident * $times:literal,
       |$case:pat_param| $serve:block, |$seen:pat_param| $judge:block,
       $flaw:expr, [$($also:literal),*])*) => {
        pub(super) const CHECKS: &[$crate::client_suite::Check] = &[$(
            $crate::client_suite::Check {
                id: $id,
                title: $title,
                level: $crate::verdict::Level::$level,
                requirements: &[$($row),*],
                right: $crate::client_suite::Right::$right,
                times: $times,
                case: {
                    fn case($case: &mut $crate::client_suite::Case) $serve
                    case
                },
                judge: {
                    fn judge($seen: &$crate::client_suite::Seen<'_>) -> $crate::verdict::Outcome {
                        $judge
                        Ok(())
                    }
                    judge
                },
                flaw: $flaw,
                also: &[$($also),*],
            }
        ),*];
    };
}
use checks;

/// All checks, in the order in which they are made.
pub fn all() -> impl Iterator<Item = &'static Check> {
    [
        enrollment::CHECKS,
        messages::CHECKS,
        csr::CHECKS,
        capabilities::CHECKS,
        ca::CHECKS,
        replies::CHECKS,
        failures::CHECKS,
        pending::CHECKS,
        transport::CHECKS,
    ]
    .into_iter()
    .flatten()
}
