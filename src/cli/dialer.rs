//! What the connector's commands dial with: trusted roots and the proxy, from options, configuration and environment.

use std::path::Path;

use super::failure::Failure;
use crate::connector::{Dialer, ProxySettings};
use crate::io::ClientTls;

/// A dialer, and the text of the extra roots it trusts (to tell whether they changed).
pub(super) fn dialer(ca: Option<&Path>) -> Result<(Dialer, String), Failure> {
    let roots = match ca {
        Some(file) => std::fs::read_to_string(file).map_err(|error| {
            Failure::new(format!("{}: {error}", file.display()), "name a PEM file with --ca or VIADUCT_CA")
        })?,
        None => String::new(),
    };
    let extra: &[&[u8]] = if ca.is_some() { &[roots.as_bytes()] } else { &[] };
    let tls = ClientTls::new(extra).map_err(|error| {
        let file = ca.map(|file| format!("{}: ", file.display())).unwrap_or_default();
        Failure::new(format!("{file}{error}"), "name a PEM file with a root certificate")
    })?;
    let proxy = proxy(|name| std::env::var(name).ok())?;
    Ok((Dialer::new(tls, proxy), roots))
}

/// `HTTPS_PROXY` and `NO_PROXY`, in either spelling; the small one first, as in curl.
fn proxy(variable: impl Fn(&str) -> Option<String>) -> Result<ProxySettings, Failure> {
    let value = |names: [&str; 2]| names.into_iter().find_map(&variable);
    let https_proxy = value(["https_proxy", "HTTPS_PROXY"]);
    let no_proxy = value(["no_proxy", "NO_PROXY"]);
    ProxySettings::from_values(https_proxy.as_deref(), no_proxy.as_deref())
        .map_err(|error| Failure::new(error, "correct the variable, or unset it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_cannot_be_used_is_said() {
        assert!(proxy(|_| None).is_ok());
        assert!(proxy(|name| (name == "HTTPS_PROXY").then(|| "http://proxy:3128".to_owned())).is_ok());
        assert!(proxy(|name| (name == "https_proxy").then(|| "socks5://proxy".to_owned())).is_err());
    }

    #[test]
    fn a_file_without_a_certificate_is_said() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(dialer(Some(file.path())).is_err());
        assert!(dialer(Some(Path::new("/nowhere/ca.pem"))).is_err());
    }
}
