//! From declarations to entities: issuers of simple web tokens, with everything that is wrong with them.

use super::issuer::check_issuer_key;
use super::resolve::Resolver;
use super::{DeclaredIssuer, DeclaredNamespace, KeyName, Rights, SwtIssuer};

impl Resolver<'_> {
    pub(super) fn issuers(&mut self, at: &str, declared: &DeclaredNamespace) -> Vec<SwtIssuer> {
        let issuers = declared.issuers.iter().enumerate();
        let issuers: Vec<_> = issuers
            .filter_map(|(index, issuer)| self.issuer(&format!("{at}.issuers[{index}]"), issuer))
            .collect();
        let most = self.limits.policies_per_level as usize;
        if declared.issuers.len() > most {
            let error = format!("{} issuers, at most {most} are allowed", declared.issuers.len());
            self.problem(format!("{at}.issuers"), error);
        }
        let twice = |(index, one): (usize, &SwtIssuer)| {
            issuers[..index].iter().any(|other| other.issuer == one.issuer).then_some(index)
        };
        // Which key a token was made with could not be told in an error.
        if let Some(index) = issuers.iter().enumerate().find_map(twice) {
            let error = format!("issuer {:?} is declared twice", issuers[index].issuer);
            self.problem(format!("{at}.issuers"), error);
        }
        if declared.token_service && declared.issuers.is_empty() {
            let error = "makes tokens for nobody: declare an issuer in [[namespaces.issuers]]".to_owned();
            self.problem(format!("{at}.token_service"), error);
        }
        issuers
    }

    fn issuer(&mut self, at: &str, declared: &DeclaredIssuer) -> Option<SwtIssuer> {
        let name = self.keep(format!("{at}.name"), KeyName::parse(&declared.name));
        let rights = self.keep(format!("{at}.rights"), Rights::new(declared.rights.iter().copied()));
        let issuer = declared.issuer.clone().unwrap_or_else(|| declared.name.clone());
        if issuer.is_empty() {
            self.problem(format!("{at}.issuer"), "must not be empty".to_owned());
        }
        let place = format!("{at}.key");
        if declared.key.is_none() && declared.key_file.is_none() {
            self.problem(place.clone(), "missing: an issuer needs key or key_file".to_owned());
        }
        let key = self.key(&place, declared.key.as_ref(), declared.key_file.as_deref())?;
        self.keep(place, check_issuer_key(&key))?;
        Some(SwtIssuer { issuer, key, acts_as: name?, rights: rights? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Limits, SecretSource};

    #[test]
    fn issuers_are_read_and_everything_wrong_with_them_is_told_at_once() {
        let key = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
        let read = |issuers: &str, more: &str| {
            let declared: DeclaredNamespace =
                toml::from_str(&format!("name = \"contoso\"\n{more}\n{issuers}")).unwrap();
            let mut secret = |source: SecretSource<'_>| match source {
                SecretSource::Text(text) => Ok(text.clone()),
                SecretSource::File(_) => Err("no such file".to_owned()),
            };
            let resolved = declared.resolve("namespaces[0]", &Limits::default(), &mut secret);
            resolved.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let issuer = |lines: &str| format!("[[issuers]]\n{lines}\n");
        let owner = issuer(&format!("name = \"owner\"\nrights = [\"Send\"]\nkey = \"{key}\""));
        let namespace = read(&owner, "token_service = true").unwrap();
        let issuers = &namespace.issuers;
        assert_eq!((issuers[0].issuer.as_str(), issuers[0].acts_as.as_str()), ("owner", "owner"));
        assert!(namespace.token_service && !format!("{namespace:?}").contains(key));
        let wrong = [
            owner.clone(),
            owner,
            issuer("name = \"\"\nissuer = \"\"\nrights = []"),
            issuer("name = \"a\"\nrights = [\"Send\"]\nkey = \"short\""),
        ];
        let problems = read(&wrong.concat(), "").unwrap_err();
        let paths: Vec<&str> = problems.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
        assert_eq!(
            paths,
            [
                "namespaces[0].issuers[2].name",
                "namespaces[0].issuers[2].rights",
                "namespaces[0].issuers[2].issuer",
                "namespaces[0].issuers[2].key",
                "namespaces[0].issuers[3].key",
                "namespaces[0].issuers",
            ]
        );
        assert!(!problems.concat().contains("short"));
        let alone = read("", "token_service = true").unwrap_err();
        assert_eq!(alone.len(), 1);
        assert!(alone[0].starts_with("namespaces[0].token_service: "), "{alone:?}");
    }
}
