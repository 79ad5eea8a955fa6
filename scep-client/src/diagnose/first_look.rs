//! The first look: what can be asked at once, because no answer decides whether the others are wanted.
//!
//! The root and the bare SCEP URL are no SCEP: a working NDES with a policy module answers its bare URL
//! with 403, and the root tells a machine that is down from an application that is. The admin page of a
//! healthy NDES asks for credentials (401).

use scep_core::ca_certificates::CaCertificates;
use scep_core::http::Operation;
use scep_failures::observation::{NetworkErrorKind, Probe, Purpose};

use super::run::Run;
use crate::network::{HttpRequest, HttpResponse};

impl Run<'_> {
    pub(super) async fn first_look(&mut self) {
        let mut asks = vec![
            (Purpose::Root, self.target.root.clone()),
            (Purpose::BaseUrl, self.target.base.clone()),
            (Purpose::GetCaCaps, self.operation_url(Operation::GetCaCaps)),
            (Purpose::GetCaCert, self.operation_url(Operation::GetCaCert)),
        ];
        match self.target.admin.clone() {
            Some(url) => asks.push((Purpose::MscepAdmin, url)),
            None => self.observer.skip(
                Probe::Http {
                    purpose: Purpose::MscepAdmin,
                    method: "GET".into(),
                    url: self.target.base.clone(),
                },
                "the path is not one of NDES, so where its admin page would be is not known",
            ),
        }
        if self.blocked.is_some() {
            for (purpose, url) in asks {
                self.skip_get(purpose, &url);
            }
            return;
        }
        let address = self.reachable.first().copied();
        let purposes: Vec<Purpose> = asks.iter().map(|(purpose, _)| *purpose).collect();
        let requests = asks
            .into_iter()
            .map(|(purpose, url)| (purpose, self.request(HttpRequest::get(url), address)))
            .collect();
        let results = self.observer.http_all(requests).await;
        let silent = results
            .iter()
            .all(|result| matches!(result, Err(e) if e.kind == NetworkErrorKind::TimedOut));
        for (purpose, result) in purposes.into_iter().zip(results) {
            match (purpose, result) {
                (Purpose::GetCaCaps, Ok(response)) => {
                    self.capabilities_status = Some(response.status);
                    self.capabilities = Some(response).filter(|r| r.status == 200);
                }
                (Purpose::GetCaCert, Ok(response)) => {
                    self.ca_certificates = Some(response).filter(usable);
                }
                // somebody is there who says nothing: further questions would only take time
                (Purpose::BaseUrl, Err(e)) if silent => self.block(&e),
                _ => {}
            }
        }
    }
}

/// Whether a GetCACert response holds certificates.
pub(super) fn usable(response: &HttpResponse) -> bool {
    response.status == 200 && CaCertificates::from_response(&response.body).is_ok()
}
