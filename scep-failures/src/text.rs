//! Words in texts.

/// Whether a word stands in a text, and not as a part of a longer one: `503` is not in `5035`. Both are
/// compared as they are; whoever does not mind the case makes them lower-case.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, found)| {
        let before = text.get(..at).and_then(|rest| rest.chars().next_back());
        let after = text
            .get(at + found.len()..)
            .and_then(|rest| rest.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
