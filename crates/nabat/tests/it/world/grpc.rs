//! A server of gRPC, by its own library.

use std::path::Path;
use std::process::Command;

use super::process::Process;

/// The program, in the language for which Debian has the library.
const PROGRAM: &str = include_str!("grpc.py");

/// Starts it in `folder`, by TLS if a certificate is named; it says of the services `good`, `bad`,
/// `odd` and `mute` that they are what they are called.
pub(crate) async fn server(folder: &Path, certificate: Option<&str>) -> (Process, String) {
    // Debian's own Python, which has Debian's library.
    let mut command = Command::new("/usr/bin/python3");
    command.current_dir(folder).args(["-c", PROGRAM]);
    if let Some(name) = certificate {
        command.args([format!("{name}.key"), format!("{name}.pem")]);
    }
    let name = format!("grpc-{}", certificate.unwrap_or("plain"));
    let mut process = Process::start(&name, folder, &mut command);
    let port = process.word_after("port ").await;
    (process, format!("127.0.0.1:{port}"))
}
