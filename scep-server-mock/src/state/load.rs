//! Requests of other devices.

use serde::{Deserialize, Serialize};

/// What other devices send at the same time, as after a policy was assigned to all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// Requests of theirs that wait at the same time during a wave.
    pub waiting: usize,
    /// How much of the time such a wave lasts, in per cent.
    pub share_percent: u64,
}
