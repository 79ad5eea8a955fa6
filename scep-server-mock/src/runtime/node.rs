//! A second NDES server behind a load balancer: certificates, worker process and passwords of its own.

use super::pool::Pool;
use crate::pki::StoreEntry;

/// What is a node's own. The first node's lies in the deployment itself.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) pool: Pool,
    pub(crate) ra_signing: StoreEntry,
    pub(crate) ra_encryption: StoreEntry,
}
