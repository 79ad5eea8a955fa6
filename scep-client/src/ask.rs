//! Questions to a server beside enrollment: what it can do, who its CA is and will be, an issued
//! certificate, a CRL (RFC 8894 sections 3.5, 4.2 and 4.5 to 4.7).

use std::sync::Arc;

use scep_core::ca_certificates::CaCertificates;
use scep_core::capabilities::Capabilities;
use scep_core::client::{
    Found, NextCa, Query, QueryParams, Refusal, Request, Response, Rollover, ServerParams, Step,
};
use scep_core::crypto::CryptoProvider;
use scep_core::http::Operation;

use crate::enroll::{EnrollOptions, refused_by_http};
use crate::network::{HttpRequest, HttpResponse};
use crate::{Error, Network, Result};

/// What came of a question.
#[derive(Clone, Debug)]
pub enum Asked<T> {
    /// Here it is.
    Found(Box<T>),
    /// The server has no such thing, or not for this client.
    Refused(Box<Refusal>),
}

/// GetCACaps. What cannot be read is no capability.
///
/// # Errors
/// If nothing answers, or with another HTTP status than 200.
pub async fn capabilities(
    network: &dyn Network,
    url: &str,
    options: &EnrollOptions,
) -> Result<Capabilities> {
    let response = get(network, Operation::GetCaCaps, url, options).await?;
    Ok(Capabilities::parse(&response.body))
}

/// GetCACert, as the server answers it: nothing says yet that it is the right CA.
///
/// # Errors
/// If nothing answers, or something else than certificates.
pub async fn ca_certificates(
    network: &dyn Network,
    url: &str,
    options: &EnrollOptions,
) -> Result<CaCertificates> {
    let operation = Operation::GetCaCert;
    let response = get(network, operation, url, options).await?;
    CaCertificates::from_response(&response.body).map_err(|e| Error::scep(operation.name(), e))
}

/// GetNextCACert: the CA that will follow, as the present one says.
///
/// # Errors
/// If the server does not list it, has none, or its answer is not signed by the CA that is trusted.
pub async fn next_ca(
    network: &dyn Network,
    provider: Arc<dyn CryptoProvider>,
    server: ServerParams,
    options: &EnrollOptions,
) -> Result<NextCa> {
    let mut rollover = Rollover::new(provider, server);
    loop {
        let step = rollover.next();
        let step = step.map_err(|e| Error::scep("asking for the next CA", e))?;
        match step {
            Step::Send(request) => {
                let response = send(network, &request, options).await?;
                rollover
                    .on_response(&taken(&response), network.now())
                    .map_err(|e| refused_by_http(request.operation.name(), &response, e))?;
            }
            Step::Done(found) => return Ok(*found),
            Step::Refused(refusal) => {
                let refused = scep_core::Error::from(*refusal);
                return Err(Error::scep(Operation::GetNextCaCert.name(), refused));
            }
        }
    }
}

/// GetCert or GetCRL.
///
/// # Errors
/// If nothing answers, or what cannot be verified. That the server refuses is no error.
pub async fn query(
    network: &dyn Network,
    provider: Arc<dyn CryptoProvider>,
    params: QueryParams,
    options: &EnrollOptions,
) -> Result<Asked<Found>> {
    let mut query = Query::new(provider, params);
    loop {
        let mut random = options.random.clone();
        let step = query.next(&mut random);
        match step.map_err(|e| Error::scep("making the request", e))? {
            Step::Send(request) => {
                let response = send(network, &request, options).await?;
                query
                    .on_response(&taken(&response), network.now(), &mut random)
                    .map_err(|e| refused_by_http(request.operation.name(), &response, e))?;
            }
            Step::Done(found) => return Ok(Asked::Found(found)),
            Step::Refused(refusal) => return Ok(Asked::Refused(refusal)),
        }
    }
}

fn taken(response: &HttpResponse) -> Response<'_> {
    Response {
        status: response.status,
        content_type: response.header("content-type"),
        body: &response.body,
    }
}

async fn get(
    network: &dyn Network,
    operation: Operation,
    url: &str,
    options: &EnrollOptions,
) -> Result<HttpResponse> {
    let request = HttpRequest::get(operation.url(url, None));
    let response = exchange(network, operation, request, options).await?;
    if response.status == 200 {
        return Ok(response);
    }
    Err(Error::Http {
        doing: operation.name().into(),
        status: response.status,
        reason: response.reason,
    })
}

async fn send(
    network: &dyn Network,
    request: &Request,
    options: &EnrollOptions,
) -> Result<HttpResponse> {
    let content_type = request
        .content_type
        .map(|value| ("content-type".into(), value.into()));
    let http = HttpRequest {
        method: request.method.as_str().into(),
        headers: content_type.into_iter().collect(),
        body: request.body.clone(),
        ..HttpRequest::get(request.url.clone())
    };
    exchange(network, request.operation, http, options).await
}

/// One exchange, repeated where that may help.
async fn exchange(
    network: &dyn Network,
    operation: Operation,
    request: HttpRequest,
    options: &EnrollOptions,
) -> Result<HttpResponse> {
    let request = HttpRequest {
        timeout: match operation {
            Operation::PkiOperation => options.pki_operation_timeout,
            _ => options.timeout,
        },
        max_body: options.max_body,
        require_trusted_tls: options.require_trusted_tls,
        ..request
    };
    let mut attempt = 0;
    loop {
        let result = network.exchange(&request).await;
        let again = options
            .retry
            .after(attempt, &result, network.now(), operation);
        match again {
            Some(after) => network.sleep(after).await,
            None => return result.map_err(|e| Error::network(operation.name(), e)),
        }
        attempt += 1;
    }
}
