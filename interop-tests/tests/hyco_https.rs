//! The tests inside the npm package `hyco-https`, unmodified, against the binary on port 443. Hybrid page 10.3.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use interop_tests::{Config, Gateway, KEY, NAMESPACE, Program, node, output_dir, repository};
use serde_json::Value;

#[test]
fn the_39_tests_inside_the_package_pass() {
    // The port stands in the package's helpers and tests.
    let config = Config::new().door("https", "127.0.0.1:443").relay("path = \"a2\"\nkind = \"hybrid\"\n");
    let gateway = Gateway::start(config);
    let installed = repository().join("interop-tests/hyco-https/node_modules");
    // Jest passes over anything below `node_modules`, and the package's tests are there.
    let copy = output_dir().join("hyco-https");
    copy_package(&installed, &copy);

    let report = copy.join("report.json");
    let mut jest = Program::new(node())
        .args([
            &*installed.join("jest/bin/jest.js").to_string_lossy(),
            "--runInBand",
            "--forceExit",
            "--json",
        ])
        .args(["--outputFile", &*report.to_string_lossy()])
        .directory(&copy)
        .env("SB_HC_NAMESPACE", NAMESPACE)
        .env("SB_HC_PATH", "a2")
        .env("SB_HC_KEYRULE", "RootManageSharedAccessKey")
        .env("SB_HC_KEY", KEY)
        .env("NODE_EXTRA_CA_CERTS", &gateway.authority().to_string_lossy())
        .env("NODE_OPTIONS", "--dns-result-order=ipv4first")
        .start();
    let status = jest.wait(Duration::from_secs(300));

    let text = fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}\n{}", jest.errors()));
    let report: Value = serde_json::from_str(&text).unwrap();
    let counts = ["numTotalTests", "numPassedTests", "numFailedTests"].map(|count| report[count].as_u64());
    assert_eq!(counts, [Some(39), Some(39), Some(0)], "{}", jest.errors());
    assert_eq!(status, Some(0), "{}", jest.errors());
}

/// Copies the package to `copy`, beside a link to what it needs.
fn copy_package(installed: &Path, copy: &Path) {
    // Left over from an earlier run, or not there.
    let _ = fs::remove_dir_all(copy);
    let package = installed.join("hyco-https");
    for part in ["", "lib", "tests"] {
        let (from, to) = (package.join(part), copy.join(part));
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(&from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
            let file = entry.unwrap();
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
    }
    std::os::unix::fs::symlink(installed, copy.join("node_modules")).unwrap();
}
