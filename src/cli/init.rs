//! `viaduct init`: everything a first gateway needs, in one folder.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::args::InitArgs;
use super::ca::{PrivateCa, ServerCertificate};
use super::failure::Failure;
use super::init_config::{Content, Key, Names};
use super::output::print;
use crate::entity::{HostName, NamespaceName, key_text};

/// Runs it.
pub(super) fn run(args: &InitArgs) -> Result<(), Failure> {
    let names = names(args)?;
    let files = files(&names)?;
    let dir = &args.dir;
    fs::create_dir_all(dir).map_err(|error| in_the_way(dir, &error))?;
    if let Some(file) = files.list.iter().find(|file| dir.join(file.name).exists()) {
        let path = dir.join(file.name);
        return Err(Failure::new(
            format!("{} is there already", path.display()),
            "nothing was written; name another folder or move it away",
        ));
    }
    for file in &files.list {
        file.write(dir).map_err(|error| in_the_way(&dir.join(file.name), &error))?;
    }
    tell(&names, &files, dir)
}

fn in_the_way(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()), "name a folder that can be written to")
}

/// What the command line says, checked, with what this machine adds.
fn names(args: &InitArgs) -> Result<Names, Failure> {
    let namespace = NamespaceName::parse(&args.namespace)
        .map_err(|error| Failure::Usage(format!("--namespace {:?}: {error}", args.namespace)))?;
    let mut hosts = Vec::new();
    for host in &args.hosts {
        let parsed =
            HostName::parse(host).map_err(|error| Failure::Usage(format!("--host {host:?}: {error}")))?;
        hosts.push(parsed.as_str().to_owned());
    }
    hosts.push("localhost".to_owned());
    hosts.push("127.0.0.1".to_owned());
    let machine = gethostname::gethostname().to_string_lossy().to_lowercase();
    // A machine may have a name that no certificate can hold; then it goes by the others.
    if HostName::parse(&machine).is_ok_and(|host| host.as_str() == machine) && machine.is_ascii() {
        hosts.push(machine);
    }
    let mut known = Vec::new();
    hosts.retain(|host| {
        !known.contains(host) && {
            known.push(host.clone());
            true
        }
    });
    Ok(Names { namespace: namespace.as_str().to_owned(), hosts, port: args.port })
}

/// The files to write and what is told about them.
struct Files {
    list: Vec<NewFile>,
    keys: Vec<Key>,
    server: ServerCertificate,
}

struct NewFile {
    name: &'static str,
    secrecy: Secrecy,
    content: SecretString,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Public,
    /// Readable by its owner alone.
    Private,
}

fn files(names: &Names) -> Result<Files, Failure> {
    let no_certificate = |error| {
        Failure::new(format!("no certificate for {}: {error}", names.hosts.join(", ")), "check --host")
    };
    let ca = PrivateCa::new(&format!("Viaduct private CA of {}", names.hosts[0])).map_err(no_certificate)?;
    let server = ca.issue(&names.hosts).map_err(no_certificate)?;
    let oneway = ca.issue(&names.hosts[..1]).map_err(no_certificate)?;
    let keys = vec![
        Key::new("RootManageSharedAccessKey", &["Manage", "Send", "Listen"], fresh_key()?),
        Key::new("listen", &["Listen"], fresh_key()?),
        Key::new("send", &["Send"], fresh_key()?),
    ];
    let token = BASE64_URL_SAFE_NO_PAD.encode(random()?);
    let config = Content { names, keys: &keys, until: server.until }.to_string();
    let file = |name, secrecy, content: String| NewFile { name, secrecy, content: content.into() };
    let list = vec![
        file("ca.pem", Secrecy::Public, ca.certificate().to_owned()),
        file("ca.key", Secrecy::Private, ca.key().to_owned()),
        file("server.pem", Secrecy::Public, server.certificate.clone()),
        file("server.key", Secrecy::Private, server.key.clone()),
        file("oneway.pem", Secrecy::Public, oneway.certificate),
        file("oneway.key", Secrecy::Private, oneway.key),
        file("admin.token", Secrecy::Private, format!("{token}\n")),
        // Last, so that a folder with a configuration is a complete one.
        file("viaduct.toml", Secrecy::Private, config),
    ];
    Ok(Files { list, keys, server })
}

fn fresh_key() -> Result<SecretString, Failure> {
    Ok(key_text(&random()?))
}

fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(format!("no random numbers: {error}"), "look at the operating system")
    })?;
    Ok(bytes)
}

impl NewFile {
    /// Writes it whole or not at all, and never over another.
    fn write(&self, dir: &Path) -> io::Result<()> {
        let content = self.content.expose_secret().as_bytes();
        if self.secrecy == Secrecy::Public {
            return fs::File::create_new(dir.join(self.name))?.write_all(content);
        }
        // A temporary file is its owner's alone from the first moment.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(dir.join(self.name))?;
        Ok(())
    }
}

/// What was written, the connection strings, and what to do next.
fn tell(names: &Names, files: &Files, dir: &Path) -> Result<(), Failure> {
    let here = dir == Path::new(".");
    let path = |name: &str| if here { name.to_owned() } else { dir.join(name).display().to_string() };
    print(format!("wrote {}", path("viaduct.toml")))?;
    print(format!("      {} (a private CA: let clients trust it), {}", path("ca.pem"), path("ca.key")))?;
    print(format!(
        "      {}, {} (good until {}, for {})",
        path("server.pem"),
        path("server.key"),
        files.server.until,
        names.hosts.join(", ")
    ))?;
    print(format!(
        "      {}, {} (for {} alone: the WCF port 9351 takes one name)",
        path("oneway.pem"),
        path("oneway.key"),
        names.hosts[0]
    ))?;
    print(format!("      {} (opens the admin door)", path("admin.token")))?;
    for (key, what) in files.keys.iter().zip(["everything", "listeners", "senders"]) {
        print(format!("\nconnection string for {what} ({}):", key.name))?;
        print(format!("  {}", names.connection_string(key).expose_secret()))?;
    }
    let serve = if here { String::new() } else { format!(" --config {}", path("viaduct.toml")) };
    let authority = names.authority();
    print("\nnext:")?;
    print(format!("  viaduct serve{serve}"))?;
    print(format!("  export VIADUCT_CA={}", path("ca.pem")))?;
    print("  export VIADUCT_CONNECTION_STRING='<the first of the above>'")?;
    print("  viaduct listen hello --to echo")?;
    print(format!(
        "  curl --cacert {} -H \"ServiceBusAuthorization: $(viaduct token --path hello)\" -d hi https://{authority}/hello",
        path("ca.pem")
    ))
}
