//! What a diagnosis did to the server.

use serde::{Deserialize, Serialize};

/// What was sent, what was issued and what stays behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Footprint {
    /// HTTP requests that were sent, answered or not.
    pub requests: u32,
    /// Serial numbers of certificates that were issued, in hexadecimal.
    pub issued: Vec<String>,
    /// What stays behind on the server, a sentence each.
    pub left_behind: Vec<String>,
}
