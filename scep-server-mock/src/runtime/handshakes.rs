//! Where NTLM stands on each connection.

use std::collections::VecDeque;

use scep_ntlm::Challenge;

/// How many connections are remembered; the oldest go first.
const CAPACITY: usize = 256;

/// How far a connection has come.
#[derive(Debug)]
pub(crate) enum Standing {
    /// The client said hello, and was asked.
    Asked {
        negotiate: Vec<u8>,
        challenge: Challenge,
    },
    /// It proved who it is.
    Known,
}

/// The connections on which somebody signs in.
#[derive(Debug, Default)]
pub(crate) struct Handshakes(VecDeque<(u64, Standing)>);

impl Handshakes {
    pub(crate) fn put(&mut self, connection: u64, standing: Standing) {
        self.take(connection);
        self.0.truncate(CAPACITY - 1);
        self.0.push_front((connection, standing));
    }

    /// What is remembered, which is then forgotten: no message can be answered twice.
    pub(crate) fn take(&mut self, connection: u64) -> Option<Standing> {
        let at = self.0.iter().position(|(known, _)| *known == connection)?;
        self.0.remove(at).map(|(_, standing)| standing)
    }

    pub(crate) fn is_known(&self, connection: u64) -> bool {
        // the connection of requests that came by none
        let real = connection != 0;
        let known = (self.0.iter()).any(|(c, s)| *c == connection && matches!(s, Standing::Known));
        real && known
    }
}
