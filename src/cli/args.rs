//! The command line: every command with its options.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::doctor::DoctorArgs;
use super::recorder_args::{RecordArgs, ReplayArgs};
use crate::config::{ListenTarget, LocalDoor};

/// A relay you run yourself, for Azure Relay's clients: Hybrid Connections and WCF Relay.
#[derive(Debug, Parser)]
#[command(name = "viaduct", version, styles = STYLES, max_term_width = 110)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "Begin with `viaduct demo`, which needs nothing else.")]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Colours on a terminal; none elsewhere.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct GlobalArgs {
    /// How log lines look; they go to standard error
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, trace, or a filter such as viaduct::doors=debug
    #[arg(long, global = true, env = "VIADUCT_LOG", value_name = "LEVEL")]
    pub log: Option<String>,
    /// PEM file with a root certificate to trust besides the usual ones
    #[arg(long, global = true, env = "VIADUCT_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The credit-check story on loopback: an old WCF service and new clients meet through a relay
    Demo(DemoArgs),
    /// Write a configuration, a private CA, a certificate and fresh keys
    Init(InitArgs),
    /// Run a gateway
    Serve(ServeArgs),
    /// Put a listener in front of a service
    Listen(ListenArgs),
    /// Open a local door whose connections go to a relay
    Forward(ForwardArgs),
    /// Run many listeners and local doors in one process
    Connect(ConnectArgs),
    /// Print a SAS token, or the lines an app.config needs
    Token(TokenArgs),
    /// Find what stands between this machine and a working relay: names, ports, certificates, clock, key
    Doctor(DoctorArgs),
    /// Decode recorded or captured traffic: framing records, envelopes, dictionaries, HTTP
    Inspect(InspectArgs),
    /// Stand between a client and a service and write what passes, without its secrets
    Record(RecordArgs),
    /// Play one side of a recording and say where the other one does something else
    Replay(ReplayArgs),
    /// Turn binary XML into text and back
    Xml(XmlArgs),
    /// Print the completion script of a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man(ManArgs),
    /// Print docs/configuration.md, made from the types
    #[command(hide = true)]
    ConfigurationReference,
}

/// `viaduct demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// End after the story, with status 0 when every step worked, else 1
    #[arg(long)]
    pub once: bool,
}

/// `viaduct init`.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// Folder to write to; made when it is not there
    #[arg(default_value = ".", value_name = "DIR")]
    pub dir: PathBuf,
    /// Name of the first namespace
    #[arg(long, default_value = "contoso", value_name = "NAME")]
    pub namespace: String,
    /// Port of the https door; those below 1024 need root, or the right CAP_NET_BIND_SERVICE
    #[arg(long, default_value_t = 443, value_name = "PORT")]
    pub port: u16,
    /// A host name or address by which clients reach this gateway, besides localhost and the machine's own; may be repeated
    #[arg(long = "host", value_name = "HOST")]
    pub hosts: Vec<String>,
}

/// `viaduct serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// The configuration
    #[arg(long, short, default_value = "viaduct.toml", value_name = "FILE")]
    pub config: PathBuf,
}

/// Where the connection string comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct ConnectionArgs {
    /// Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…; left out: the environment variable VIADUCT_CONNECTION_STRING
    #[arg(long, value_name = "CS")]
    pub connection_string: Option<String>,
    /// A file that holds it
    #[arg(long, value_name = "FILE", conflicts_with = "connection_string")]
    pub connection_string_file: Option<PathBuf>,
}

/// How a connector dials.
#[derive(Clone, Debug, Default, Args)]
pub struct DialArgs {
    /// Speak ws: instead of wss:, in clear; for tests on one machine
    #[arg(long, alias = "insecure")]
    pub clear: bool,
    /// Further gateways a listener may be told to dial, host or host:port
    #[arg(long, value_delimiter = ',', value_name = "HOST")]
    pub gateways: Vec<String>,
}

/// `viaduct listen`.
#[derive(Clone, Debug, Args)]
pub struct ListenArgs {
    /// The relay to listen on
    pub path: String,
    /// The service: http(s)://…, tcp://host:port, net.tcp://host:port/path, unix:/path, or echo
    #[arg(long, value_name = "URL")]
    pub to: ListenTarget,
    /// For a net.tcp service: pass on envelopes whose To is neither below the relay nor below the service
    #[arg(long)]
    pub any_to: bool,
    /// Where the connection string comes from.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// How to dial.
    #[command(flatten)]
    pub dial: DialArgs,
}

/// `viaduct forward`.
#[derive(Clone, Debug, Args)]
pub struct ForwardArgs {
    /// Take port 808 for a net.tcp door, though on Windows the Net.TCP Port Sharing Service sits there
    #[arg(long)]
    pub allow_808: bool,
    /// The local door: tcp://127.0.0.1:9000, net.tcp://127.0.0.1:8808/path, or http://127.0.0.1:8080
    pub local: LocalDoor,
    /// The relay its connections go to
    #[arg(long, value_name = "PATH")]
    pub to: String,
    /// Where the connection string comes from.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Speak ws: instead of wss:, in clear; for tests on one machine
    #[arg(long, alias = "insecure")]
    pub clear: bool,
}

/// `viaduct connect`.
#[derive(Clone, Debug, Args)]
pub struct ConnectArgs {
    /// The configuration, with its `listen` and `forward` routes
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
}

/// `viaduct token`.
#[derive(Clone, Debug, Args)]
pub struct TokenArgs {
    /// The relay it is good for; left out: that of the connection string, else the whole namespace
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// How long it is good
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration, value_name = "TIME")]
    pub ttl: Duration,
    /// Print the clientVia line for an app.config instead: the net.tcp address of the gateway's door, such as net.tcp://relay.example.net:808/credit-check
    #[arg(long, value_name = "URL")]
    pub via: Option<String>,
    /// With --via: the host of the service in the endpoint's address, for the identity
    #[arg(long, requires = "via", value_name = "HOST")]
    pub service: Option<String>,
    /// Where the connection string comes from.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// `viaduct inspect`.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// A pcap or pcapng capture, a folder with NAME.c2s.bin and NAME.s2c.bin, a file with one direction, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: InspectFormat,
    /// The direction of a file whose name does not say it
    #[arg(long, value_enum, value_name = "DIR")]
    pub dir: Option<InspectDirection>,
    /// The mode of the sessions, for a file with the receiver's direction alone
    #[arg(long, value_enum, value_name = "MODE")]
    pub mode: Option<InspectMode>,
    /// Of a capture, only the connections with this port; may be repeated
    #[arg(long, value_name = "PORT")]
    pub port: Vec<u16>,
}

/// What `viaduct inspect` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum InspectFormat {
    /// An annotation for people, both directions merged in time.
    #[default]
    Text,
    /// One JSON object a record.
    Json,
    /// The envelopes in one XML document.
    Xml,
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InspectDirection {
    /// Initiator (client) to receiver (service).
    I2r,
    /// Receiver (service) to initiator (client).
    R2i,
}

/// A mode that a receiver answers in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InspectMode {
    /// Buffered transfer.
    Duplex,
    /// Streamed transfer.
    Singleton,
}

/// `viaduct xml`.
#[derive(Clone, Debug, Args)]
pub struct XmlArgs {
    /// Which way
    #[command(subcommand)]
    pub command: XmlCommand,
}

/// The ways of `viaduct xml`. Both go from standard input to standard output.
#[derive(Clone, Debug, Subcommand)]
pub enum XmlCommand {
    /// Binary XML to text
    Decode(DictionaryArgs),
    /// Text to binary XML
    Encode(DictionaryArgs),
}

/// Which strings may stand as ids.
#[derive(Clone, Debug, Args)]
pub struct DictionaryArgs {
    /// Which strings may stand as ids
    #[arg(long, value_enum, default_value_t, value_name = "DICTIONARY")]
    pub dictionary: Dictionary,
}

/// The dictionaries of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Dictionary {
    /// None at all.
    None,
    /// That of SOAP: framing encoding 7, application/soap+msbin1.
    #[default]
    Static,
    /// Also a session's, whose string table stands in front: framing encoding 8, application/soap+msbinsession1.
    Session,
}

/// `viaduct completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `viaduct man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command to this folder instead
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in [["viaduct", "--log-format", "json", "demo"], ["viaduct", "demo", "--log-format", "json"]]
        {
            assert_eq!(Cli::parse_from(line).global.log_format, LogFormat::Json);
        }
    }

    #[test]
    fn a_target_that_is_none_is_a_wrong_command_line() {
        let error = Cli::try_parse_from(["viaduct", "listen", "p", "--to", "ftp://x/"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
