//! The options of `viaduct doctor`.

use clap::{Args, ValueEnum};

use super::doors::Door;
use crate::cli::args::ConnectionArgs;

/// `viaduct doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// The relay; left out: that of the connection string, else only the key's namespace is looked at
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
    /// Look at the doors for programs built on Microsoft.ServiceBus.dll as well; --wcf=https: where 443 is to be their only door
    #[arg(long, value_enum, value_name = "DOORS", num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    pub wcf: Option<Wcf>,
    /// What the key is for: it must then hold the right Listen or Send
    #[arg(long, value_enum, value_name = "ROLE")]
    pub role: Option<Role>,
    /// A door at another port, such as amqps=15671; may be repeated
    #[arg(long = "port", value_name = "DOOR=PORT", value_parser = port)]
    pub(crate) ports: Vec<(Door, u16)>,
    /// What to print
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: DoctorFormat,
    /// Where the connection string comes from.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Which doors WCF programs are to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Wcf {
    /// All of them.
    All,
    /// 443 alone; the others must refuse, so that nobody waits for them.
    Https,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// A service.
    Listener,
    /// A client.
    Sender,
}

/// What `viaduct doctor` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// One line a check.
    #[default]
    Text,
    /// One JSON object a check.
    Json,
}

fn port(text: &str) -> Result<(Door, u16), String> {
    let (door, port) = text.split_once('=').ok_or("write DOOR=PORT")?;
    let door = Door::ALL.into_iter().find(|known| known.as_str() == door).ok_or_else(|| {
        let names = Door::ALL.map(Door::as_str).join(", ");
        format!("no door {door:?}: {names}")
    })?;
    let port = port.parse().ok().filter(|port| *port != 0).ok_or("a port is a number from 1 to 65535")?;
    Ok((door, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_names_its_door() {
        assert_eq!(port("amqps=15671"), Ok((Door::Amqps, 15671)));
        assert_eq!(port("oneway_tls=1"), Ok((Door::OnewayTls, 1)));
        for wrong in ["amqps", "5671", "amqp=1", "amqps=0", "amqps=x", "amqps=65536"] {
            assert!(port(wrong).is_err(), "{wrong}");
        }
    }
}
