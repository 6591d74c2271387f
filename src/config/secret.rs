//! Secrets in a configuration: `KEY`, `KEY_file`, or `"${ENV_NAME}"`.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::Deserialize;

use super::problem::Problems;

/// A secret as written: itself, or `"${NAME}"` for that of an environment variable. `Debug` prints nothing of it.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct SecretText(String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl JsonSchema for SecretText {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "secret" })
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// The value of an environment variable, by its name.
type Variable = dyn Fn(&str) -> Option<String> + Send + Sync;

/// What a configuration file may refer to: files beside it and the environment of the process.
pub struct Environment {
    base: PathBuf,
    variable: Box<Variable>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Environment {
    /// For a file at `path`: relative paths in it start at its folder, `${NAME}` is a variable of this process.
    pub fn beside(path: &Path) -> Self {
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self { base, variable: Box::new(|name| std::env::var(name).ok()) }
    }

    /// With variables of the caller's choice.
    pub fn new(
        base: impl Into<PathBuf>,
        variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { base: base.into(), variable: Box::new(variable) }
    }

    /// A path of the file as one of this process.
    pub fn path(&self, written: &Path) -> PathBuf {
        self.base.join(written)
    }

    /// The secret `key` of the table at `parent`, from its text or its file. `None` when neither is there, or when
    /// something is wrong with it, which is then in `problems`.
    pub(crate) fn secret(
        &self,
        parent: &str,
        key: &str,
        text: Option<&SecretText>,
        file: Option<&Path>,
        problems: &mut Problems,
    ) -> Option<SecretString> {
        let at = if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") };
        let found = match (text, file) {
            (None, None) => return None,
            (Some(_), Some(_)) => Err(format!("stands here and in {key}_file; keep one of them")),
            (Some(SecretText(text)), None) => self.text(text),
            (None, Some(file)) => {
                return match self.file(file) {
                    Ok(secret) => Some(secret),
                    Err(text) => {
                        problems.add(&format!("{at}_file"), text);
                        None
                    }
                };
            }
        };
        found.map_err(|text| problems.add(&at, text)).ok()
    }

    /// The secret that a text stands for: itself, or that of the variable in `${NAME}`.
    pub(super) fn text(&self, text: &str) -> Result<SecretString, String> {
        let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
            return if text.is_empty() { Err("is empty".into()) } else { Ok(text.into()) };
        };
        match (self.variable)(name) {
            Some(value) if !value.is_empty() => Ok(value.into()),
            Some(_) => Err(format!("the environment variable {name} is empty")),
            None => Err(format!("the environment variable {name} is not set")),
        }
    }

    /// The secret in a file, without blanks and line ends around it.
    pub(super) fn file(&self, file: &Path) -> Result<SecretString, String> {
        let text = self.read_text(file)?;
        let text = text.trim();
        if text.is_empty() { Err(format!("{} is empty", file.display())) } else { Ok(text.into()) }
    }

    /// The text of a file that the configuration names, or what to say when it cannot be read.
    pub(crate) fn read_text(&self, file: &Path) -> Result<String, String> {
        std::fs::read_to_string(self.path(file)).map_err(|error| format!("{}: {error}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn environment() -> Environment {
        Environment::new("/nowhere", |name| (name == "KEY").then(|| "from-environment".to_owned()))
    }

    fn secret(text: Option<&str>, file: Option<&str>) -> Result<Option<String>, String> {
        let mut problems = Problems::default();
        let text = text.map(SecretText::from);
        let found = environment().secret("tls", "key", text.as_ref(), file.map(Path::new), &mut problems);
        problems.finish("f").map_err(|error| error.to_string())?;
        Ok(found.map(|secret| secret.expose_secret().to_owned()))
    }

    #[test]
    fn takes_the_text_itself() {
        assert_eq!(secret(Some("abc"), None), Ok(Some("abc".into())));
    }

    #[test]
    fn takes_the_environment() {
        assert_eq!(secret(Some("${KEY}"), None), Ok(Some("from-environment".into())));
    }

    #[test]
    fn names_a_variable_that_is_not_set() {
        assert_eq!(
            secret(Some("${OTHER}"), None),
            Err("f: tls.key: the environment variable OTHER is not set".into())
        );
    }

    #[test]
    fn refuses_text_and_file_together() {
        assert_eq!(
            secret(Some("a"), Some("b")),
            Err("f: tls.key: stands here and in key_file; keep one of them".into())
        );
    }

    #[test]
    fn names_the_key_of_a_file_that_is_not_there() {
        let error = secret(None, Some("missing")).unwrap_err();
        assert!(error.starts_with("f: tls.key_file: missing: "), "{error}");
    }

    #[test]
    fn debug_prints_no_secret() {
        assert_eq!(format!("{:?}", SecretText::from("abc")), "SecretText(…)");
    }
}
