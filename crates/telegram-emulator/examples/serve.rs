//! Serves an empty Telegram with its real limits, for programs that drive it by the control API:
//! `cargo run -p telegram-emulator --example serve`. Prints its address and runs until it is stopped.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "an example that can't go on panics, and it talks"
)]

use telegram_emulator::{Emulator, Settings};

#[tokio::main]
async fn main() {
    // Other clients than Nabat send parameters that Telegram ignores.
    let telegram = Emulator::start(Settings {
        strict: false,
        ..Settings::default()
    })
    .await
    .unwrap();
    println!("{}", telegram.url());
    tokio::signal::ctrl_c().await.unwrap();
    telegram.stop().await;
}
