//! How long answers take, as far as that tells an attacker something. A finding, and never more: the
//! clock is this side's, and there is a network in between.

use std::time::Duration;

use super::checks;
use super::hostile::{DAMAGES, damaged};
use crate::server_suite::{Flaw, Session, ensure};
use crate::verdict::Outcome;

/// Messages of each kind.
const SAMPLES: usize = 100;
/// Standard deviations from which on two kinds are taken to differ: by chance once in 30000 runs.
const SIGNIFICANT: f64 = 4.0;

/// By how many standard deviations one sample is slower than the other (the rank sum of Mann and
/// Whitney, with ties): 0 if they are alike.
fn deviation(one: &[Duration], other: &[Duration]) -> f64 {
    let below = |a: &Duration, b: &Duration| match a.cmp(b) {
        std::cmp::Ordering::Less => 0.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 1.0,
    };
    let pairs = one
        .iter()
        .flat_map(|a| other.iter().map(move |b| below(a, b)));
    let u: f64 = pairs.sum();
    let size = |sample: &[Duration]| f64::from(u32::try_from(sample.len()).unwrap_or(u32::MAX));
    let (m, n) = (size(one), size(other));
    let spread = (m * n * (m + n + 1.0) / 12.0).sqrt();
    (u - m * n / 2.0) / spread
}

fn median(sample: &mut [Duration]) -> Duration {
    sample.sort();
    sample.get(sample.len() / 2).copied().unwrap_or_default()
}

/// Compares the times of two ways to damage an envelope.
async fn alike(s: &mut Session<'_>, first: usize, second: usize) -> Outcome {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..SAMPLES {
        // one after the other, so that whatever happens meanwhile happens to both
        for (at, times) in [first, second].into_iter().zip(&mut times) {
            let Some(way) = DAMAGES.get(at) else { continue };
            let mut request = s.pkcs_req_without_challenge().await?;
            request.content = Some(damaged(s, &request, *way)?);
            request.transaction_id.push_str(way.tag);
            let message = s.encode(&request)?;
            let began = s.elapsed();
            s.post(message).await?;
            times.push(s.elapsed().saturating_sub(began));
            s.forget_exchanges();
        }
    }
    let [mut one, mut other] = times;
    let deviation = deviation(&one, &other);
    let seen = format!(
        "medians of {:?} and {:?}, {deviation:.1} standard deviations apart",
        median(&mut one),
        median(&mut other)
    );
    ensure(
        deviation.abs() < SIGNIFICANT,
        "times that do not differ",
        seen,
    )
}

checks! {
    "timing.key", Security, ["R-7.2-b"],
    "A key that RSA does not decrypt and a content with wrong padding are refused in the same time",
    Flaw::Slow(|peek| {
        let slow = peek.transaction_id().ends_with("-3");
        Duration::from_millis(if slow { 3 } else { 0 })
    }),
    [],
    |s| { alike(s, 0, 2).await?; }

    "timing.content", Security, ["R-7.2-b"],
    "A key for another cipher and a content that is no request are refused in the same time",
    Flaw::Slow(|peek| {
        let slow = peek.transaction_id().ends_with("-4");
        Duration::from_millis(if slow { 3 } else { 0 })
    }),
    [],
    |s| { alike(s, 1, 3).await?; }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_from_what_does_not() {
        let of = |ms: [u64; 5]| ms.map(Duration::from_millis).repeat(20);
        assert!(deviation(&of([1, 2, 3, 4, 5]), &of([1, 2, 3, 4, 5])).abs() < 0.01);
        assert!(deviation(&of([2, 3, 4, 5, 6]), &of([1, 2, 3, 4, 5])) > SIGNIFICANT);
        assert!(deviation(&of([1, 2, 3, 4, 5]), &of([2, 3, 4, 5, 6])) < -SIGNIFICANT);
    }
}
