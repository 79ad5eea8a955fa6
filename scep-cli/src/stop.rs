//! The wish of the user that a program ends which would go on for ever.

use crate::failure::{Failure, Result};

/// Ctrl-C, or whoever started the program asks it to end. From the moment that this exists neither
/// kills the process.
pub(crate) struct Stop {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Stop {
    pub(crate) fn listen() -> Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signals: {
                use tokio::signal::unix::{SignalKind, signal};
                let listen =
                    |kind| signal(kind).map_err(|e| Failure::local(format!("signals: {e}")));
                [
                    listen(SignalKind::interrupt())?,
                    listen(SignalKind::terminate())?,
                ]
            },
        })
    }

    #[cfg(unix)]
    pub(crate) async fn asked(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn asked(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
