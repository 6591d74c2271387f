//! The connection string of a command.

use std::fs;

use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::args::ConnectionArgs;
use super::failure::Failure;
use crate::entity::ConnectionString;

/// The variable that holds a connection string when no option does.
const VARIABLE: &str = "VIADUCT_CONNECTION_STRING";

impl ConnectionArgs {
    /// The connection string of the option, of the file, or of the environment variable, in this order.
    pub(crate) fn resolve(&self) -> Result<ConnectionString, Failure> {
        let text = self.text(|name| std::env::var(name).ok())?;
        ConnectionString::parse(text.expose_secret().trim()).map_err(|error| {
            Failure::Usage(format!("connection string: {error}; copy it whole, as `viaduct init` printed it"))
        })
    }

    fn text(&self, variable: impl Fn(&str) -> Option<String>) -> Result<SecretString, Failure> {
        if let Some(text) = &self.connection_string {
            return Ok(text.as_str().into());
        }
        if let Some(file) = &self.connection_string_file {
            return fs::read_to_string(file).map(SecretString::from).map_err(|error| {
                Failure::new(
                    format!("{}: {error}", file.display()),
                    "name a file that holds a connection string",
                )
            });
        }
        variable(VARIABLE).filter(|text| !text.trim().is_empty()).map(SecretString::from).ok_or_else(|| {
            Failure::Usage(format!(
                "no connection string; give --connection-string or --connection-string-file, or set {VARIABLE}"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(option: Option<&str>, variable: Option<&str>) -> Result<String, Failure> {
        let args = ConnectionArgs { connection_string: option.map(str::to_owned), ..Default::default() };
        args.text(|_| variable.map(str::to_owned)).map(|text| text.expose_secret().to_owned())
    }

    #[test]
    fn option_comes_before_the_variable() {
        assert_eq!(text(Some("option"), Some("variable")).unwrap(), "option");
        assert_eq!(text(None, Some("variable")).unwrap(), "variable");
    }

    #[test]
    fn none_at_all_is_a_wrong_command_line() {
        assert!(matches!(text(None, None), Err(Failure::Usage(_))));
        assert!(matches!(text(None, Some(" ")), Err(Failure::Usage(_))));
    }

    #[test]
    fn a_file_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "Endpoint=x\n").unwrap();
        let args =
            ConnectionArgs { connection_string_file: Some(file.path().to_owned()), ..Default::default() };
        assert_eq!(args.text(|_| None).unwrap().expose_secret().trim(), "Endpoint=x");
    }
}
