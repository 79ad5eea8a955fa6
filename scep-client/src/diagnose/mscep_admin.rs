//! Probe of the NDES admin page without credentials. A healthy one asks for them (401).

use scep_failures::observation::{Probe, Purpose};

use super::run::Run;

impl Run<'_> {
    pub(super) async fn mscep_admin(&mut self) {
        match self.target.admin.clone() {
            Some(url) => {
                self.get(Purpose::MscepAdmin, &url).await;
            }
            None => self.observer.skip(
                Probe::Http {
                    purpose: Purpose::MscepAdmin,
                    method: "GET".into(),
                    url: self.target.base.clone(),
                },
                "the path is not one of NDES, so where its admin page would be is not known",
            ),
        }
    }
}
