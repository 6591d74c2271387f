//! Does the chain of a certificate lead to a root that is trusted, and if not, why not?

use super::certificate::{Exhibit, Viewer, failed};
use super::doors::Door;
use super::finding::{Fault, Finding, Whose};
use super::shown::Shown;
use crate::io::ChainFault;

/// What is wrong with it, if something is.
pub(super) fn verdict(exhibit: &Exhibit, viewer: &Viewer<'_>) -> Option<Finding> {
    let Shown { issuer, missing, length, self_signed, names_its_issuer, .. } = &exhibit.shown;
    let fault = exhibit.chain.err()?;
    let finding = match fault {
        ChainFault::UnknownIssuer if *self_signed => failed(
            Fault::CertificateSelfSigned,
            format!("it signed itself ({issuer})"),
            Whose::Gateway,
            "use one that an authority signed (`viaduct init` makes both); WCF programs take a self-signed one only \
             where it stands among the machine's trusted roots",
        ),
        ChainFault::UnknownIssuer
            if exhibit.door == Door::Https && viewer.ca && viewer.proxy.is_some() && !names_its_issuer =>
        {
            failed(
                Fault::CertificateIntercepted,
                format!(
                    "{issuer} signed it, which is not what --ca names, and it came through the proxy {}",
                    viewer.proxy.unwrap_or_default()
                ),
                Whose::Network,
                "if that is the proxy's own authority, it opens TLS: let it pass this host through unopened, or name the \
                 host in NO_PROXY. If it is the gateway's, name its root with --ca",
            )
        }
        ChainFault::UnknownIssuer if *names_its_issuer && missing.is_some() => {
            let missing = missing.as_deref().unwrap_or_default();
            failed(
                Fault::CertificateChainIncomplete,
                format!("the chain stops after {}: {missing} is not sent", count(*length)),
                Whose::Gateway,
                "put the intermediate certificates behind the server's own in the file of [tls] certificate, the server's \
                 first; Windows may hide the fault by fetching them",
            )
        }
        ChainFault::UnknownIssuer => {
            let top = missing.as_ref().unwrap_or(issuer);
            let seen = format!(
                "no root that is trusted here signed it: it is of {issuer}, and its chain ends at {top}"
            );
            let advice = match viewer.ca {
                true => {
                    "name the root of that authority with --ca, or, if it is an intermediate, let the gateway send it; on \
                     Windows the root must stand in the machine's store (certlm.msc, Trusted Root Certification Authorities)"
                }
                false => {
                    "name the gateway's root with --ca FILE or VIADUCT_CA; on Windows it must also stand in the machine's \
                     store (certlm.msc, Trusted Root Certification Authorities). If the name is none of yours, something on \
                     the way opens TLS: let it pass this host through"
                }
            };
            failed(Fault::CertificateIssuerUnknown, seen, Whose::Here, advice)
        }
        ChainFault::Weak => failed(
            Fault::CertificateWeak,
            fault.to_string(),
            Whose::Gateway,
            "use a key of ECDSA P-256 or RSA 2048 and signatures with SHA-256",
        ),
        ChainFault::NotValidNow => failed(
            Fault::CertificateUnfit,
            fault.to_string(),
            Whose::Gateway,
            "renew the certificate of the authority above it, and put it into the file of [tls] certificate",
        ),
        ChainFault::Authority | ChainFault::NotForServers => failed(
            Fault::CertificateUnfit,
            fault.to_string(),
            Whose::Gateway,
            "use a certificate for server authentication (extended key usage serverAuth, no CA)",
        ),
        _ => failed(Fault::CertificateUnfit, fault.to_string(), Whose::Gateway, "have it made again"),
    };
    Some(finding)
}

fn count(length: usize) -> String {
    match length {
        1 => "the server's own certificate".to_owned(),
        length => format!("{length} certificates"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::certificate::tests::{exhibit, faults, viewer};

    #[test]
    fn what_is_wrong_with_a_chain_is_told_apart() {
        let of = |change: fn(&mut Exhibit), viewer: &Viewer<'_>| {
            let mut exhibit = exhibit(Door::Https, |_| {});
            exhibit.chain = Err(ChainFault::UnknownIssuer);
            change(&mut exhibit);
            faults(&exhibit, viewer)
        };
        assert_eq!(of(|_| {}, &viewer()), [Fault::CertificateIssuerUnknown]);
        assert_eq!(of(|one| one.shown.self_signed = true, &viewer()), [Fault::CertificateSelfSigned]);
        assert_eq!(
            of(|one| one.shown.names_its_issuer = true, &viewer()),
            [Fault::CertificateChainIncomplete]
        );
        let through = Viewer { proxy: Some("proxy:3128"), ca: true, ..viewer() };
        assert_eq!(of(|_| {}, &through), [Fault::CertificateIntercepted]);
        assert_eq!(of(|_| {}, &Viewer { ca: false, ..through }), [Fault::CertificateIssuerUnknown]);
        assert_eq!(of(|one| one.chain = Err(ChainFault::Weak), &viewer()), [Fault::CertificateWeak]);
        for unfit in
            [ChainFault::Authority, ChainFault::NotForServers, ChainFault::NotValidNow, ChainFault::Malformed]
        {
            let mut exhibit = exhibit(Door::Https, |_| {});
            exhibit.chain = Err(unfit);
            assert_eq!(faults(&exhibit, &viewer()), [Fault::CertificateUnfit]);
        }
    }
}
