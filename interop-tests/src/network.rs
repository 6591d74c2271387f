//! Another machine: a network namespace of the test's own, joined with this one by a pair of interfaces.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::Program;
use crate::tools::{ip, python};

/// A network namespace with an address of its own; it goes with the value. Needs root.
pub struct OtherMachine {
    name: String,
    third: u8,
}

impl OtherMachine {
    /// Makes it. `third` tells several apart: its network is `10.213.third.0/30`.
    pub fn new(third: u8) -> Self {
        let machine = Self { name: format!("viaduct-{}-{third}", std::process::id()), third };
        let (ours, theirs) = (format!("vd{third}a"), format!("vd{third}b"));
        let (here, there) = (format!("{}/30", machine.gateway()), format!("{}/30", machine.address()));
        run(&["netns", "add", &machine.name]);
        run(&["link", "add", &ours, "type", "veth", "peer", "name", &theirs, "netns", &machine.name]);
        run(&["addr", "add", &here, "dev", &ours]);
        run(&["link", "set", &ours, "up"]);
        run(&["-n", &machine.name, "addr", "add", &there, "dev", &theirs]);
        run(&["-n", &machine.name, "link", "set", &theirs, "up"]);
        machine
    }

    /// Its address.
    pub fn address(&self) -> IpAddr {
        Ipv4Addr::new(10, 213, self.third, 2).into()
    }

    /// The address under which it reaches this machine.
    pub fn gateway(&self) -> IpAddr {
        Ipv4Addr::new(10, 213, self.third, 1).into()
    }

    /// Connects from there to `port` here, sends `bytes` and reads `expect` bytes or to the end; what came.
    pub fn send(&self, port: u16, bytes: &[u8], expect: usize) -> Vec<u8> {
        let script = "import socket, sys\n\
                      s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)\n\
                      s.sendall(bytes.fromhex(sys.argv[3]))\n\
                      got = b''\n\
                      while len(got) < int(sys.argv[4]):\n\
                      \x20   more = s.recv(4096)\n\
                      \x20   if not more: break\n\
                      \x20   got += more\n\
                      print(got.hex())\n";
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let output = Program::new(ip())
            .args(["netns", "exec", &self.name])
            .args([python().into_os_string()])
            .args(["-c", script, &self.gateway().to_string(), &port.to_string(), &hex, &expect.to_string()])
            .run(Duration::from_secs(30));
        let hex = output.trim();
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
    }
}

impl Drop for OtherMachine {
    fn drop(&mut self) {
        // The interfaces go with it.
        let removed =
            Program::new(ip()).args(["netns", "del", &self.name]).start().wait(Duration::from_secs(10));
        if removed != Some(0) && !std::thread::panicking() {
            panic!("{} could not be removed", self.name);
        }
    }
}

fn run(arguments: &[&str]) {
    Program::new(ip()).args(arguments).run(Duration::from_secs(10));
}
