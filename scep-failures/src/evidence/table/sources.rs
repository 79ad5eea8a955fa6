//! The table itself: sources, and the facts that each gives.

use super::{Definition, Source};
use crate::catalogue::Visibility;

const fn fact(name: &'static str, meaning: &'static str) -> Definition {
    Definition {
        name,
        meaning,
        volatile: false,
    }
}

const fn volatile(name: &'static str, meaning: &'static str) -> Definition {
    Definition {
        name,
        meaning,
        volatile: true,
    }
}

const RESOLVE: &[Definition] = &[
    fact(
        "outcome",
        "name resolution: resolved, name-not-found, resolver-failed, timed-out",
    ),
    volatile("addresses", "number of addresses of the name"),
    volatile("cname", "a name on the way to the addresses"),
];

const CONNECT: &[Definition] = &[fact(
    "outcome",
    "TCP: connected, refused, unreachable, timed-out, reset, closed; mixed if addresses differ",
)];

const TLS: &[Definition] = &[
    fact(
        "outcome",
        "handshake: secured, tls-failed, reset, closed, timed-out; mixed if addresses differ",
    ),
    fact(
        "verdict",
        "certificate chain: trusted, unknown-issuer, name-mismatch, expired, not-yet-valid, other",
    ),
    fact("version", "version of TLS"),
    fact(
        "chain-length",
        "number of certificates that the server sent",
    ),
    fact(
        "client-certificate-requested",
        "whether the server asked for a client certificate",
    ),
    fact(
        "leaf.self-issued",
        "whether issuer and subject of the server's certificate are the same",
    ),
    fact(
        "leaf.expired",
        "whether the server's certificate has expired",
    ),
    volatile(
        "leaf.days-left",
        "days until the server's certificate expires",
    ),
    fact(
        "leaf.app-proxy",
        "whether the server's certificate is the application proxy's own, for *.msappproxy.net",
    ),
    fact(
        "missing-intermediate",
        "whether the chain leads to a trusted root once the issuer's certificate is fetched, which the server should have sent",
    ),
    volatile("leaf.issuer", "issuer of the server's certificate"),
    volatile("leaf.name", "a name in the server's certificate"),
];

const HTTP: &[Definition] = &[
    fact(
        "outcome",
        "HTTP exchange: response, refused, reset, closed, timed-out, not-http, too-long, ...",
    ),
    fact("status", "HTTP status"),
    fact(
        "writer",
        "who wrote the response: http-sys, iis, mscep, entra-app-proxy, nginx, ...",
    ),
    fact("server", "header field Server"),
    fact("content-type", "media type; `none` if the field is missing"),
    volatile("body-length", "octets in the body"),
    fact(
        "shape",
        "what the body looks like: empty, der, html, json, text, binary",
    ),
    fact(
        "encoding",
        "encoding rules of a body that is ASN.1: der, or ber where it has what DER forbids",
    ),
    fact(
        "trailing",
        "what follows the ASN.1 of the body: html, other; absent if nothing does",
    ),
    fact("title", "title of the HTML page"),
    fact(
        "substatus",
        "status and substatus that the page itself tells, such as 404.15",
    ),
    fact(
        "win32-code",
        "error code that the page itself tells, such as 0x80070542",
    ),
    fact(
        "content-encoding",
        "header field Content-Encoding, such as gzip",
    ),
    fact(
        "redirect-elsewhere",
        "whether a redirect leads to another host than the one that was asked",
    ),
    fact("location-host", "host that a redirect leads to"),
    fact("location-path", "path that a redirect leads to"),
    fact("via", "header field Via"),
    fact("authenticate", "a scheme of WWW-Authenticate"),
    fact(
        "app-proxy",
        "whether Microsoft Entra application proxy marked the response",
    ),
    fact(
        "app-proxy-status",
        "status text on the application proxy's page, such as GatewayTimeout",
    ),
    fact(
        "slow-backend",
        "whether the page says that a connector or back end timed out",
    ),
    volatile("elapsed-ms", "milliseconds that the exchange took"),
];

const CAPABILITIES: &[Definition] = &[
    fact("valid", "whether the answer is a list of capabilities"),
    fact("word", "a capability"),
    fact(
        "lists-digest",
        "whether the list names SHA-1, SHA-256 or SHA-512",
    ),
];

const OTHER_IDENTIFIER: &[Definition] = &[fact(
    "valid",
    "whether GetCACaps gives capabilities once it carries a CA identifier",
)];

const OTHER_PATH: &[Definition] = &[
    fact("valid", "whether another path of NDES gives capabilities"),
    fact("path", "the path that does"),
];

const CERTIFICATES: &[Definition] = &[
    fact(
        "valid",
        "whether there is a certificate, or a bundle of them, to read",
    ),
    fact("count", "number of certificates"),
    fact(
        "ra.present",
        "whether registration authority certificates are among them",
    ),
    fact(
        "ra.expired",
        "whether a registration authority certificate has expired",
    ),
    volatile(
        "ra.days-left",
        "days until the first registration authority certificate expires",
    ),
    fact(
        "ra.issuer-missing",
        "whether a registration authority certificate was signed by none of the CA certificates beside it",
    ),
    fact(
        "ca.expired",
        "whether the issuing CA's certificate has expired",
    ),
    volatile(
        "ca.days-left",
        "days until the issuing CA's certificate expires",
    ),
    fact(
        "ca.signature",
        "algorithm that a CA certificate is signed with: sha256-rsa, sha1-rsa, rsassa-pss, ecdsa, ...",
    ),
    fact(
        "encryption.usable",
        "whether there is a certificate that a request may be encrypted to",
    ),
    fact(
        "type-fits",
        "whether the content type is that of what is sent: one certificate, or several with those of an RA",
    ),
    fact(
        "content",
        "eContent of the bundle: absent, or empty where there are no octets in it",
    ),
    fact(
        "encryption.key",
        "kind of key of the certificate to encrypt to: rsa, ec, other",
    ),
];

const NODES: &[Definition] = &[fact(
    "nodes-differ",
    "whether repeated requests get different certificates",
)];

const MEMORY: &[Definition] = &[volatile("age-days", "days since the remembered look")];

const REPLY: &[Definition] = &[
    fact(
        "reply",
        "CertRep: success, failure, pending; or empty, not-scep, undecodable",
    ),
    fact(
        "fail-info",
        "failInfo: badAlg, badMessageCheck, badRequest, badTime, badCertId",
    ),
    fact("hresult", "HRESULT that NDES adds, such as 0x80094012"),
    fact("fail-text", "failInfoText"),
    fact("server-message", "text that NDES adds"),
    fact(
        "one-zero-byte",
        "whether a refusal carries one zero octet as content, as NDES does",
    ),
    fact("certificates", "number of certificates within the reply"),
    fact("issued", "whether a certificate was issued"),
    fact("accepted", "whether the client could accept the reply"),
    fact(
        "subject-kept",
        "whether the certificate has the subject that was asked for",
    ),
    fact(
        "names-kept",
        "whether the certificate has all subject alternative names that were asked for",
    ),
    fact(
        "intune-challenge",
        "that the challenge password looked like one of Intune; absent if not",
    ),
    fact(
        "signer-key",
        "kind of key that signed the request: rsa, ec, other",
    ),
    fact("renewal", "whether the request asked for a renewal"),
    fact(
        "refused-for",
        "why the client did not accept the reply: encoding, signature, signer-unknown, nonce, ...",
    ),
    fact(
        "certificate-new",
        "whether the certificate was made for this request, by the start of its validity",
    ),
    fact(
        "cipher",
        "cipher of the reply's content: des, des3, aes128, ...",
    ),
    fact(
        "key-transport",
        "how the reply's content key is encrypted: pkcs1, oaep, other",
    ),
    volatile(
        "challenge-sent",
        "whether the request carried a challenge password",
    ),
    volatile(
        "challenge-age-s",
        "age of the challenge password in seconds",
    ),
];

const ALIKE: &[Definition] = &[
    fact(
        "alike",
        "whether GetCACaps and GetCACert were answered with the same status by the same writer",
    ),
    fact(
        "refused-now-and-then",
        "whether HTTP.sys refused some requests to the SCEP application with 503 and others were answered",
    ),
    fact("outcome", "outcome that GetCACaps and GetCACert share"),
    fact("status", "HTTP status that GetCACaps and GetCACert share"),
    fact("writer", "writer that GetCACaps and GetCACert share"),
    fact("location-host", "host that both are redirected to"),
    fact(
        "redirect-elsewhere",
        "whether that is another host than the one that was asked",
    ),
];

const LONG_URL: &[Definition] = &[
    fact("broken", "whether long URLs fail"),
    fact(
        "longest-ok",
        "octets of the longest URL that was answered as a short one is",
    ),
    fact("shortest-broken", "octets of the shortest URL that was not"),
    fact("outcome", "what came of the longest URL that failed"),
    fact("status", "HTTP status of the longest URL that failed"),
    fact("writer", "who answered the longest URL that failed"),
    fact("substatus", "substatus that this page tells"),
];

const CRL: &[Definition] = &[
    fact(
        "ra.fetchable",
        "whether the CRL of the registration authority certificates can be fetched by http",
    ),
    fact("ra.expired", "whether that CRL is past its next update"),
    fact("ra.status", "HTTP status of the attempt to fetch it"),
    fact(
        "ra.revoked",
        "whether it revokes a registration authority certificate",
    ),
    volatile("ra.days-left", "days until its next update"),
    fact(
        "ca.fetchable",
        "whether the CRL of the issuing CA's certificate can be fetched by http",
    ),
    fact("ca.expired", "whether that CRL is past its next update"),
    fact("ca.status", "HTTP status of the attempt to fetch it"),
    fact(
        "ca.revoked",
        "whether it revokes the issuing CA's certificate",
    ),
    volatile("ca.days-left", "days until its next update"),
    fact(
        "other.fetchable",
        "whether another CRL can be fetched by http",
    ),
    fact(
        "other.expired",
        "whether another CRL is past its next update",
    ),
];

const CLOCK: &[Definition] = &[
    volatile("skew-s", "seconds by which the server's clock is ahead"),
    fact("skewed", "whether clocks differ by more than five minutes"),
];

/// A probe sends a wrong challenge password on purpose, and then that is part of the look.
const TRIED: &[Definition] = &[fact(
    "wrong-challenge-sent",
    "whether the challenge password was wrong on purpose",
)];

/// In an enrolment it is the client's own knowledge, which the server's look does not depend on.
const OWN: &[Definition] = &[volatile(
    "wrong-challenge-sent",
    "whether the client knows that the challenge password is wrong",
)];

const REQUEST: &[&[Definition]] = &[HTTP, REPLY, TRIED];

const ENROLLMENT: &[&[Definition]] = &[HTTP, REPLY, OWN];

/// Every source, logs excepted (their names are open: `log.<source>.<event>`).
pub const SOURCES: &[Source] = &[
    Source {
        name: "resolve",
        title: "name resolution",
        visible_at: Visibility::Passive,
        families: &[RESOLVE],
    },
    Source {
        name: "connect",
        title: "TCP connection",
        visible_at: Visibility::Passive,
        families: &[CONNECT],
    },
    Source {
        name: "tls",
        title: "TLS",
        visible_at: Visibility::Passive,
        families: &[TLS],
    },
    Source {
        name: "root",
        title: "GET /",
        visible_at: Visibility::Passive,
        families: &[HTTP],
    },
    Source {
        name: "base-url",
        title: "SCEP URL without operation",
        visible_at: Visibility::Passive,
        families: &[HTTP],
    },
    Source {
        name: "get-ca-caps",
        title: "GetCACaps",
        visible_at: Visibility::Passive,
        families: &[HTTP, CAPABILITIES],
    },
    Source {
        name: "other-path",
        title: "GetCACaps under another path",
        visible_at: Visibility::Passive,
        families: &[HTTP, OTHER_PATH],
    },
    Source {
        name: "other-identifier",
        title: "GetCACaps with a CA identifier",
        visible_at: Visibility::Passive,
        families: &[HTTP, OTHER_IDENTIFIER],
    },
    Source {
        name: "get-ca-cert",
        title: "GetCACert",
        visible_at: Visibility::Passive,
        families: &[HTTP, CERTIFICATES, NODES],
    },
    Source {
        name: "scep",
        title: "SCEP application as a whole",
        visible_at: Visibility::Passive,
        families: &[ALIKE],
    },
    Source {
        name: "mscep-admin",
        title: "NDES admin page",
        visible_at: Visibility::Passive,
        families: &[HTTP],
    },
    Source {
        name: "long-url",
        title: "long URL",
        visible_at: Visibility::Passive,
        families: &[LONG_URL],
    },
    Source {
        name: "crl",
        title: "CRL",
        visible_at: Visibility::Passive,
        families: &[CRL],
    },
    Source {
        name: "clock",
        title: "clock",
        visible_at: Visibility::Passive,
        families: &[CLOCK],
    },
    Source {
        name: "memory",
        title: "remembered GetCACert",
        visible_at: Visibility::Memory,
        families: &[MEMORY, CERTIFICATES],
    },
    Source {
        name: "pki-operation",
        title: "PKIOperation",
        visible_at: Visibility::Request,
        families: REQUEST,
    },
    Source {
        name: "pki-operation-post",
        title: "PKIOperation by POST",
        visible_at: Visibility::Request,
        families: REQUEST,
    },
    Source {
        name: "pki-operation-get",
        title: "PKIOperation by GET",
        visible_at: Visibility::Request,
        families: REQUEST,
    },
    Source {
        name: "pki-operation-get-raw",
        title: "PKIOperation by GET, `+` and `/` not escaped",
        visible_at: Visibility::Request,
        families: REQUEST,
    },
    Source {
        name: "enroll",
        title: "enrolment",
        visible_at: Visibility::Enroll,
        families: ENROLLMENT,
    },
    Source {
        name: "poll",
        title: "poll",
        visible_at: Visibility::Enroll,
        families: ENROLLMENT,
    },
];
