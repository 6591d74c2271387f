//! Other people's programs, told where the gateway is.

use std::time::Duration;

use crate::{Gateway, KEY, Program, Running, curl, python, repository};

/// A Python listener that is registered.
pub fn python_listener(gateway: &Gateway, path: &str) -> Running {
    let mut running = python_script(gateway, "http_listener.py").args([path]).start();
    assert_eq!(running.line(Duration::from_secs(20)), "listening");
    running
}

/// A program of `interop-tests/python`, told where the gateway is.
pub fn python_script(gateway: &Gateway, name: &str) -> Program {
    Program::new(python())
        .args(["-u", name])
        .directory(&repository().join("interop-tests/python"))
        .env("RELAY_PORT", &gateway.port("https").to_string())
        .env("RELAY_KEY", KEY)
        .env("RELAY_CA", &gateway.authority().to_string_lossy())
}

/// curl, which prints the body and then, on a line of its own, the status and the body's length.
pub fn curl_at(gateway: &Gateway, target: &str) -> Program {
    let port = gateway.port("https");
    Program::new(curl())
        .args(["--silent", "--show-error", "--cacert", &gateway.authority().to_string_lossy()])
        .args(["--write-out", "\\n%{http_code} %{size_download}\\n"])
        .args([format!("https://localhost:{port}{target}")])
}
