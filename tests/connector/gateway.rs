//! `viaduct serve` on free ports, with a certificate and keys that `viaduct init` made.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::program::{PATIENCE, Viaduct};

/// A running gateway of the namespace `contoso`.
pub(crate) struct Gateway {
    folder: TempDir,
    key: String,
    https: u16,
    _process: Viaduct,
}

impl Gateway {
    /// With the relays `web`, `raw` (hybrid) and `credit` (WCF); all of them want a token.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("gateway");
        let mut init = Viaduct::start(&["init", dir.to_str().unwrap()], &[]);
        assert_eq!(init.end().await, Some(0), "{}", init.errors());
        let key = "dGhlLWtleS1vZi10aGUtY29ubmVjdG9yLXRlc3RzISE=".to_owned();
        let relays: String = [("web", "hybrid"), ("raw", "hybrid"), ("credit", "wcf")]
            .map(|(path, kind)| {
                let kind = if kind == "wcf" { "\"wcf\"\nwcf_type = \"NetTcp\"" } else { "\"hybrid\"" };
                format!("[[namespaces.relays]]\npath = \"{path}\"\nkind = {kind}\n")
            })
            .concat();
        let config = format!(
            "[gateway]\ndata_dir = \"data\"\n[doors]\nhttps = \"127.0.0.1:0\"\n\
             [tls]\ncertificate = \"server.pem\"\nkey_file = \"server.key\"\n[store]\nkind = \"memory\"\n\
             [[namespaces]]\nname = \"contoso\"\nhosts = [\"localhost\", \"127.0.0.1\"]\n\
             [[namespaces.policies]]\nname = \"all\"\nrights = [\"Listen\", \"Send\"]\nprimary_key = \"{key}\"\n{relays}"
        );
        let file = dir.join("test.toml");
        std::fs::write(&file, config).unwrap();
        let mut process = Viaduct::start(&["serve", "--config", file.to_str().unwrap()], &[]);
        let line = tokio::time::timeout(PATIENCE, process.line("https ")).await.unwrap();
        let https = line.rsplit(':').next().unwrap().parse().unwrap();
        Self { folder, key, https, _process: process }
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("gateway/ca.pem")
    }

    pub(crate) fn port(&self) -> u16 {
        self.https
    }

    /// A file in a folder that ends with the gateway.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn connection_string(&self) -> String {
        format!(
            "Endpoint=sb://localhost:{}/;SharedAccessKeyName=all;SharedAccessKey={}",
            self.https, self.key
        )
    }

    /// The binary with this gateway's connection string and CA.
    pub(crate) fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> Viaduct {
        let connection_string = self.connection_string();
        let ca = self.ca();
        let own =
            [("VIADUCT_CONNECTION_STRING", connection_string.as_str()), ("VIADUCT_CA", ca.to_str().unwrap())];
        Viaduct::start(args, &[&own, variables].concat())
    }

    /// `viaduct listen`, registered.
    pub(crate) async fn listen(&self, relay: &str, to: &str) -> Viaduct {
        let mut listener = self.run(&["listen", relay, "--to", to], &[]);
        listener.line("listening").await;
        listener
    }

    /// `viaduct forward`, open; with the port it took.
    pub(crate) async fn forward(&self, local: &str, to: &str) -> (Viaduct, u16) {
        let mut door = self.run(&["forward", local, "--to", to], &[]);
        let line = door.line("open ").await;
        let port = line.split(' ').nth(1).unwrap().rsplit(':').next().unwrap().parse().unwrap();
        (door, port)
    }
}
