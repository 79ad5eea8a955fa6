//! The URLs that belong to a SCEP URL.

use url::{Host, Url};

use crate::{Error, Result};

/// A SCEP URL, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The SCEP URL in its normal form, without user information and fragment.
    pub(super) base: String,
    /// Host name or literal address, as SNI and resolver want it.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) https: bool,
    /// `GET /` of the host.
    pub(super) root: String,
    /// The NDES admin page, if the path is one of NDES.
    pub(super) admin: Option<String>,
    /// The paths under which NDES answers, but this one.
    pub(super) other_paths: Vec<String>,
    /// `mscep.dll` for `mscep.dll/pkiclient.exe`, and the other way round.
    pub(super) twin: Option<String>,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self> {
        let base = crate::redact::url(url, false);
        let mut parsed =
            Url::parse(&base).map_err(|e| Error::misuse(format!("{base:?} is not a URL: {e}")))?;
        parsed.set_fragment(None);
        let https = match parsed.scheme() {
            "http" => false,
            "https" => true,
            other => {
                return Err(Error::misuse(format!(
                    "SCEP goes over http or https, not {other}"
                )));
            }
        };
        let host = match parsed.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(Error::misuse(format!("{base:?} names no host"))),
        };
        let with_path = |path: &str| {
            let mut other = parsed.clone();
            other.set_path(path);
            other.set_query(None);
            other.to_string()
        };
        Ok(Self {
            base: parsed.to_string(),
            host,
            port: parsed
                .port_or_known_default()
                .unwrap_or(if https { 443 } else { 80 }),
            https,
            root: with_path("/"),
            admin: admin_path(parsed.path()).map(|path| with_path(&path)),
            other_paths: PATHS
                .iter()
                .filter(|path| !parsed.path().eq_ignore_ascii_case(path))
                .map(|path| with_path(path))
                .collect(),
            twin: PAIR
                .into_iter()
                .find(|(path, _)| parsed.path().eq_ignore_ascii_case(path))
                .map(|(_, twin)| with_path(twin)),
        })
    }
}

/// The SCEP URLs of NDES.
const PATHS: [&str; 3] = [
    "/certsrv/mscep/mscep.dll",
    "/certsrv/mscep/mscep.dll/pkiclient.exe",
    "/certsrv/mscep/",
];

/// The two that devices use.
const PAIR: [(&str, &str); 2] = [(PATHS[0], PATHS[1]), (PATHS[1], PATHS[0])];

/// `/certsrv/mscep/mscep.dll` has its admin page at `/certsrv/mscep_admin/`.
fn admin_path(path: &str) -> Option<String> {
    const APPLICATION: &str = "/certsrv/mscep";
    let at = path.to_ascii_lowercase().find(APPLICATION)?;
    let (before, rest) = path.split_at_checked(at + APPLICATION.len())?;
    (rest.is_empty() || rest.starts_with('/')).then(|| format!("{before}_admin/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_page_stands_beside_the_application() {
        let admin = |url| Target::parse(url).unwrap().admin;
        let at = |path| Some(format!("http://h:8080{path}"));
        assert_eq!(
            admin("http://h:8080/certsrv/mscep/mscep.dll"),
            at("/certsrv/mscep_admin/")
        );
        assert_eq!(
            admin("http://h:8080/CertSrv/mscep"),
            at("/CertSrv/mscep_admin/")
        );
        assert_eq!(
            admin("http://h:8080/x/certsrv/mscep/mscep.dll/pkiclient.exe?a=b"),
            at("/x/certsrv/mscep_admin/")
        );
        assert_eq!(admin("http://h:8080/certsrv/mscepx"), None);
        assert_eq!(admin("http://h:8080/scep"), None);
    }

    #[test]
    fn what_is_taken_apart() {
        let target = Target::parse("https://user:secret@[::1]/scep#x").unwrap();
        assert_eq!(target.base, "https://[::1]/scep");
        assert_eq!(
            target.other_paths[0],
            "https://[::1]/certsrv/mscep/mscep.dll"
        );
        let known = Target::parse("http://h/CertSrv/mscep/mscep.dll").unwrap();
        assert_eq!(known.other_paths.len(), 2);
        assert_eq!(
            (target.host.as_str(), target.port, target.https),
            ("::1", 443, true)
        );
        assert_eq!(target.root, "https://[::1]/");
        assert!(Target::parse("ftp://h/").is_err());
        assert!(Target::parse("ndes.example").is_err());
    }
}
