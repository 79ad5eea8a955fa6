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
    /// What stays behind on the server, a sentence each without final stop.
    pub left_behind: Vec<String>,
    /// Requests that were refused for their challenge password.
    #[serde(skip)]
    refused: u32,
}

impl Footprint {
    pub(super) fn note_issued(&mut self, serial: &str, subject: &str) {
        self.issued.push(serial.into());
        self.left_behind.push(format!(
            "the CA's database holds certificate {serial} for {subject}: revoke it"
        ));
    }

    pub(super) fn note_pending(&mut self, subject: &str) {
        self.left_behind.push(format!("a request for {subject} is pending at the CA: deny it"));
    }

    pub(super) fn note_failed(&mut self, subject: &str) {
        self.left_behind.push(format!(
            "a refused request for {subject}: on NDES event 29 or 31, perhaps a failed request at the CA"
        ));
    }

    /// A request with a wrong challenge password was refused.
    pub(super) const fn note_refused(&mut self) {
        self.refused = self.refused.saturating_add(1);
    }

    /// Puts the refused requests into words and adds the number of all requests.
    pub(super) fn finish(mut self, requests: u32) -> Self {
        self.requests = requests;
        if self.refused > 0 {
            let requests = if self.refused == 1 { "request" } else { "requests" };
            self.left_behind.push(format!(
                "{} {requests} with a wrong challenge password: on NDES, event 29 in the Application log for each",
                self.refused
            ));
        }
        self
    }
}
