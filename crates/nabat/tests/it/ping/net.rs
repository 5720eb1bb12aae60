//! A network of a test's own: the thread of the test, and a neighbor at the other end of a cable.
//!
//! Both are network namespaces, so that addresses and routes may go away without any machine being
//! harmed. What the test's thread starts from then on, threads and programs, is in its network.

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::Instant;

use nix::sched::{CloneFlags, unshare};

use crate::world::wait::PATIENCE;

/// The test's own address.
pub(super) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 7, 0, 1));
/// The neighbor's addresses.
pub(super) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 7, 0, 2));
pub(super) const PEER_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 7, 0, 0, 0, 0, 0, 2));

pub(super) struct Net {
    /// Keeps the neighbor's network alive.
    peer: Child,
}

impl Net {
    /// Makes the network. Says whether datagram sockets may ping in it, or only raw ones.
    pub(super) fn new(datagram: bool) -> Self {
        unshare(CloneFlags::CLONE_NEWNET)
            .unwrap_or_else(|error| panic!("no network of the test's own; is it root? {error}"));
        let peer = Command::new("unshare")
            .args(["--net", "sleep", "600"])
            .spawn()
            .unwrap();
        let net = Self { peer };
        net.await_peer();
        let range = if datagram { "0 2147483647" } else { "1 0" };
        fs::write("/proc/sys/net/ipv4/ping_group_range", range).unwrap();
        let pid = net.peer.id();
        net.here("ip link set lo up");
        net.here(&format!(
            "ip link add cable type veth peer name cable netns {pid}"
        ));
        net.here(&format!("ip address add {HERE}/16 dev cable"));
        net.here("ip address add fd00:7::1/64 dev cable nodad");
        net.here("ip link set cable up");
        net.peer(&format!("ip address add {} dev cable", with_prefix(PEER)));
        net.peer(&format!(
            "ip address add {} dev cable nodad",
            with_prefix(PEER_V6)
        ));
        net.peer("ip link set cable up");
        net.peer("echo 1 > /proc/sys/net/ipv4/ip_forward");
        net.peer("echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
        // A neighbor that is not there is given up after a moment instead of three seconds.
        net.here("echo 100 > /proc/sys/net/ipv4/neigh/cable/retrans_time_ms");
        net.here("echo 100 > /proc/sys/net/ipv6/neigh/cable/retrans_time_ms");
        await_reach(PEER);
        await_reach(PEER_V6);
        net
    }

    /// Runs a line of the shell in the test's network.
    #[track_caller]
    pub(super) fn here(&self, line: &str) {
        run(Command::new("sh").args(["-c", line]), line);
    }

    /// Runs a line of the shell in the neighbor's network.
    #[track_caller]
    pub(super) fn peer(&self, line: &str) {
        let pid = self.peer.id().to_string();
        let mut command = Command::new("nsenter");
        command.args(["--target", &pid, "--net", "sh", "-c", line]);
        run(&mut command, line);
    }

    /// Waits until the neighbor has left the test's network.
    fn await_peer(&self) {
        let network = |of: String| fs::read_link(PathBuf::from(of).join("ns/net")).ok();
        let here = network("/proc/thread-self".to_owned());
        let start = Instant::now();
        let peer = format!("/proc/{}", self.peer.id());
        while network(peer.clone()) == here {
            assert!(start.elapsed() < PATIENCE, "no neighbor");
            thread::yield_now();
        }
    }
}

/// Waits until the neighbor is reached: then it refuses a connection.
pub(super) fn await_reach(address: IpAddr) {
    let start = Instant::now();
    let refuses = || {
        let connected = TcpStream::connect((address, 9));
        connected.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    };
    while !refuses() {
        assert!(start.elapsed() < PATIENCE, "{address} is not reached");
        thread::yield_now();
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        let _ = self.peer.kill();
        let _ = self.peer.wait();
    }
}

#[track_caller]
fn run(command: &mut Command, line: &str) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("`{line}`; does `cargo xtask setup` help? {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{line}`: {said}");
}

/// One of the neighbor's addresses as `ip` takes it.
pub(super) fn with_prefix(address: IpAddr) -> String {
    let length = if address.is_ipv4() { 16 } else { 64 };
    format!("{address}/{length}")
}

/// How many sockets of a kind are open in the test's network: `icmp`, `raw` and so on.
pub(super) fn sockets(kind: &str) -> usize {
    let table = fs::read_to_string(format!("/proc/thread-self/net/{kind}")).unwrap();
    table.lines().count() - 1
}
