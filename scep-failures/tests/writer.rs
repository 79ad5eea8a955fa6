//! Who wrote this response? Judged on made-up pages of the right shape, and on real ones where
//! the environment variable `SCEP_CORPUS` names a folder that has them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod support;

use scep_failures::evidence::page::Page as Read;
use scep_failures::evidence::writer::{Writer, identify};
use support::*;

#[track_caller]
fn wrote(page: Page, writer: Writer, certain: bool) {
    let facts = page.facts();
    let identified = identify(&Read::new(&facts));
    assert_eq!(
        (identified.writer, identified.certain),
        (writer, certain),
        "{}",
        identified.because
    );
}

#[test]
fn http_sys_is_known_by_shape_and_length_even_without_its_name() {
    wrote(pool_down(), Writer::HttpSys, true);
    wrote(pool_down().without("server"), Writer::HttpSys, true);
    // through a proxy that puts its own name there
    wrote(
        pool_down().without("server").header("server", "nginx"),
        Writer::HttpSys,
        true,
    );
    wrote(
        http_sys(414, "Request-URI Too Long", "The request URL is too long."),
        Writer::HttpSys,
        true,
    );
    wrote(
        http_sys(503, "Service Unavailable", "In other words.").without("server"),
        Writer::HttpSys,
        false,
    );
    wrote(
        page(503, "Microsoft-HTTPAPI/2.0", "", b""),
        Writer::HttpSys,
        false,
    );
}

#[test]
fn kestrel_imitates_http_sys() {
    let imitation = http_sys(
        400,
        "Bad Request - Invalid Hostname",
        "The request hostname is invalid.",
    )
    .without("server")
    .header("server", "Kestrel");
    wrote(imitation, Writer::KestrelHostFilter, true);
}

#[test]
fn iis_pages() {
    wrote(iis_error(500), Writer::Iis, true);
    wrote(iis_error(404).without("server"), Writer::Iis, true);
    wrote(iis_detailed(404, 15, "0x00000000"), Writer::Iis, true);
    wrote(iis_welcome(), Writer::Iis, true);
    wrote(
        page(500, IIS, "text/html", b"<html>something else"),
        Writer::Iis,
        false,
    );
    wrote(page(401, IIS, "", b""), Writer::Iis, false);
    // the title must be that of the status
    let lying = iis_error(404);
    let mut facts = lying.facts();
    facts.status = 503;
    facts.headers.clear();
    assert_eq!(identify(&Read::new(&facts)).writer, Writer::Unknown);
}

#[test]
fn ndes_and_other_scep_services() {
    wrote(caps(), Writer::Mscep, true);
    wrote(ca_certificates(1, 1), Writer::Mscep, true);
    wrote(caps().without("server"), Writer::ScepServer, true);
    wrote(
        caps().without("server").header("x-ms-proxy-app-id", "1"),
        Writer::Mscep,
        false,
    );
    wrote(page(200, IIS, "", b""), Writer::Mscep, false);
    let info = b"<html><head><title>Network Device Enrollment Service</title></head></html>";
    wrote(page(200, IIS, "text/html", info), Writer::Mscep, true);
    wrote(
        page(200, "", "text/plain", b"It works!"),
        Writer::Unknown,
        false,
    );
}

#[test]
fn the_application_proxy_and_what_it_passes_on() {
    wrote(
        app_proxy(504, "GatewayTimeout", "No connector."),
        Writer::EntraAppProxy,
        true,
    );
    wrote(
        app_proxy(502, "BadGateway", "No back end.").without("x-ms-proxy-app-id"),
        Writer::EntraAppProxy,
        false,
    );
    wrote(sign_in(), Writer::EntraAppProxy, true);
    wrote(
        sign_in().without("x-ms-proxy-app-id"),
        Writer::EntraSignIn,
        true,
    );
    // the back end's own pages stay the back end's
    wrote(
        iis_error(500).header("x-ms-proxy-app-id", "1"),
        Writer::Iis,
        true,
    );
    wrote(
        pool_down().header("x-ms-proxy-app-id", "1"),
        Writer::HttpSys,
        true,
    );
}

#[test]
fn other_front_ends() {
    let nginx = b"<html><head><title>502 Bad Gateway</title></head><body><hr><center>nginx</center></body></html>";
    wrote(page(502, "", "text/html", nginx), Writer::Nginx, true);
    wrote(
        page(502, "nginx/1.25", "text/plain", b"no"),
        Writer::Nginx,
        false,
    );
    let haproxy = b"<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>";
    wrote(page(503, "", "text/html", haproxy), Writer::Haproxy, true);
    wrote(
        page(
            502,
            "Microsoft-Azure-Application-Gateway/v2",
            "text/html",
            b"<html>",
        ),
        Writer::AzureApplicationGateway,
        true,
    );
    wrote(
        page(520, "cloudflare", "text/html", b"<html>").header("cf-ray", "1"),
        Writer::Cloudflare,
        true,
    );
    wrote(
        page(
            403,
            "",
            "text/html",
            b"<html><h1>Error 403 - This web app is stopped.</h1>",
        ),
        Writer::AzureAppService,
        true,
    );
    wrote(
        page(400, "", "application/json", b"{}").header("x-amzn-errortype", "X"),
        Writer::AwsConnector,
        true,
    );
    wrote(
        page(407, "", "text/html", b"<html>"),
        Writer::ForwardProxy,
        true,
    );
    wrote(
        page(302, "", "", b"").header("location", "https://sts.example/adfs/ls/?x"),
        Writer::Adfs,
        true,
    );
    wrote(
        page(200, "", "text/html", b"<html><input type=\"password\">"),
        Writer::SignInPage,
        false,
    );
    wrote(page(418, "acme-gw/2", "", b""), Writer::Unknown, false);
}

#[test]
fn real_pages() {
    let Ok(corpus) = std::env::var("SCEP_CORPUS") else {
        return;
    };
    let read = |file: &str| std::fs::read(std::path::Path::new(&corpus).join(file)).unwrap();
    // as they came, without header fields: the corpus holds bodies only, stored with LF
    let http_sys = String::from_utf8(read("http__httpsys_503.html"))
        .unwrap()
        .replace("\r\n", "\n")
        .replace('\n', "\r\n");
    wrote(
        page(503, "", "text/html", http_sys.as_bytes()),
        Writer::HttpSys,
        http_sys.len() == 326,
    );
    wrote(
        page(404, "", "text/html", &read("http__iis_custerr_404.html")),
        Writer::Iis,
        true,
    );
    wrote(
        page(
            200,
            IIS,
            "application/x-pki-message",
            &read("smallstep__CertRep_NoCertificatesForSigners.der"),
        ),
        Writer::Mscep,
        true,
    );
    wrote(
        page(200, "", "text/plain", &read("cacaps__step-ca.txt")),
        Writer::ScepServer,
        true,
    );
}
