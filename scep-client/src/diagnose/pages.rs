//! Probes of pages that are not SCEP: the root of the host and the bare SCEP URL.
//!
//! A working NDES with a policy module answers its bare URL with 403; the root tells a machine
//! that is down from an application that is.

use scep_failures::observation::Purpose;

use super::run::Run;

impl Run<'_> {
    /// `GET /`.
    pub(super) async fn root(&mut self) {
        let url = self.target.root.clone();
        self.get(Purpose::Root, &url).await;
    }

    /// The SCEP URL without an operation.
    pub(super) async fn base_url(&mut self) {
        let url = self.target.base.clone();
        self.get(Purpose::BaseUrl, &url).await;
    }
}
