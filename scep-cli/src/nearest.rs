//! "Did you mean …?"

/// The candidate that is most like `word`, if any is like it at all.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// `no failure mode "x"; did you mean "y"?`
pub(crate) fn unknown<'a>(
    what: &str,
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    match nearest(word, candidates) {
        Some(candidate) => format!("there is no {what} \"{word}\"; did you mean \"{candidate}\"?"),
        None => format!("there is no {what} \"{word}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word_and_nonsense_finds_none() {
        let ids = ["httpsys-503-pool-stopped", "ndes-ra-cert-expired"];
        assert_eq!(nearest("httpsys-503-pool-stoped", ids), Some(ids[0]));
        assert_eq!(nearest("zzz", ids), None);
        assert!(unknown("failure mode", "ndes-ra-cert-expire", ids).contains("did you mean"));
    }
}
