//! "Did you mean …?"

/// So many names fit into one message.
const FEW: usize = 8;

/// The candidate that is most like `word`, if any is like it at all.
fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), *candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// `there is no failure mode "x"; did you mean "y"?`, or all there are if they are few.
pub(crate) fn unknown<'a>(
    what: &str,
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(word, &candidates) {
        Some(candidate) => format!("there is no {what} \"{word}\"; did you mean \"{candidate}\"?"),
        None if candidates.len() <= FEW => {
            format!(
                "there is no {what} \"{word}\"; there are: {}",
                candidates.join(", ")
            )
        }
        None => format!("there is no {what} \"{word}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word_and_nonsense_finds_none() {
        let ids = ["httpsys-503-pool-stopped", "ndes-ra-cert-expired"];
        assert_eq!(nearest("httpsys-503-pool-stoped", &ids), Some(ids[0]));
        assert_eq!(nearest("NDES-RA-Cert-Expired", &ids), Some(ids[1]));
        assert_eq!(nearest("zzz", &ids), None);
        assert!(unknown("failure mode", "ndes-ra-cert-expire", ids).contains("did you mean"));
        assert!(unknown("profile", "x", ["plain", "rfc8894"]).ends_with("plain, rfc8894"));
    }
}
