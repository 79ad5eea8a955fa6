//! `docs/servers.md`: what `--server` knows, as a table.

use std::fmt::Write as _;

use scep_client::servers::Server;
use scep_core::capabilities::Capability;
use scep_core::client::{MethodChoice, RenewalStyle};

use crate::support::{compare, repository, run};

const HEAD: &str = "\
# Servers that are known

<!-- Generated from `scep-client/src/servers.toml` by `cargo test`; write it anew with `SCEP_WRITE_DOCS=1 cargo test -p scep-cli`. -->

What `--server NAME` of `enroll`, `renew`, `get-cert` and `get-crl` sends, and what it does not believe. Without it,
`scep` does what the server says of itself. `--policy` and `--method` override a row. The rows are tried at the mock's
profiles of these servers (of OpenXPKI: the old one), `step-ca` and `micromdm` at the programs themselves, too ([interop.md](interop.md)).

| `--server` | server | algorithms | PKIOperation | renewal | keys | GetCACaps | note |
|---|---|---|---|---|---|---|---|
";

fn keywords(verb: &str, capabilities: &[Capability]) -> Option<String> {
    let words: Vec<&str> = capabilities.iter().map(|c| c.keyword()).collect();
    (!words.is_empty()).then(|| format!("{verb} {}", words.join(", ")))
}

fn row(server: &Server) -> String {
    let by_capabilities = "as listed";
    let method = match server.method {
        MethodChoice::Get => "GET",
        MethodChoice::Post => "POST",
        _ => by_capabilities,
    };
    let renewal = match server.renewal {
        RenewalStyle::RenewalReq => "RenewalReq",
        RenewalStyle::PkcsReq => "PKCSReq",
        _ => by_capabilities,
    };
    let listed = [
        (!server.asks_capabilities).then(|| "not asked".to_owned()),
        keywords("taken for listed:", &server.assumed),
        keywords("not believed:", &server.disbelieved),
    ];
    let listed: Vec<String> = listed.into_iter().flatten().collect();
    let listed = if listed.is_empty() {
        "believed".to_owned()
    } else {
        listed.join("; ")
    };
    format!(
        "| `{}` | {} | {} | {method} | {renewal} | {} | {listed} | {} |",
        server.name,
        server.title,
        server.policy.name,
        if server.rsa_only { "RSA" } else { "any" },
        server.note.as_deref().unwrap_or_default(),
    )
}

#[test]
fn the_document_has_what_the_program_knows() {
    let mut page = HEAD.to_owned();
    for server in Server::all() {
        writeln!(page, "{}", row(server)).unwrap();
        let help = run(&["enroll", "--help"]).stdout;
        assert!(help.contains(&server.title), "{}", server.title);
    }
    compare(&repository().join("docs/servers.md"), &page);
}
