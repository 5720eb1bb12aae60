//! The whole way from bytes to settings or mistakes.

use std::fs;
use std::path::{Path, PathBuf};

use nabat_core::time::Timestamp;

use super::*;

mod alertmanager;
mod documents;
mod mistakes;
mod properties;
mod routing;
mod settings;

/// A token that Telegram could have given out.
fn token() -> String {
    format!("123456789:{}", "AbCdE".repeat(7))
}

/// The environment of the tests.
fn env(name: &str) -> Option<String> {
    match name {
        "BOT_TOKEN" => Some(token()),
        "SHOP_TOKEN" => Some(token().replace("123456789", "555555555")),
        "INTAKE_TOKEN" | "INTAKE_PATH" | "PING_KEY" => Some("0123456789abcdef".to_owned()),
        "SIGNING_SECRET" => Some(format!("whsec_{}", "c2Vj".repeat(8))),
        "HOOK_URL" => Some("https://hooks.example.org/T0K3N?key=hidden".to_owned()),
        "OPS_MAIL" => Some("hidden@example.org".to_owned()),
        "PORT" => Some("99".to_owned()),
        "EMPTY" => Some(String::new()),
        "WORD" => Some("wort".to_owned()),
        _ => None,
    }
}

fn read(yaml: &str) -> Result<Config, ConfigError> {
    parse(Path::new("nabat.yml"), yaml.as_bytes(), &env)
}

/// The configuration of `yaml`, which has no mistakes.
fn fine(yaml: &str) -> Config {
    read(yaml).unwrap_or_else(|error| panic!("{yaml}\n{error}"))
}

/// A file of Nabat's own form.
fn own(path: &Path) -> Named {
    let path = path.to_owned();
    Named {
        path,
        form: Form::Nabat,
    }
}

/// What people see about the mistakes of `yaml`.
fn errors(yaml: &str) -> String {
    match read(yaml) {
        Ok(config) => panic!("no mistakes in:\n{yaml}\n{config:#?}"),
        Err(error) => error.to_string(),
    }
}

/// A folder with the files that the example and the documents name.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("ops.token"),
        token().replace("123456789", "987654321") + "\n",
    )
    .unwrap();
    fs::write(folder.path().join("intake.password"), "pass word\r\n").unwrap();
    fs::write(folder.path().join("smtp.password"), "pass word\n").unwrap();
    fs::write(folder.path().join("chat.id"), "-100\n").unwrap();
    let certificate = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    fs::write(folder.path().join("ca.pem"), certificate).unwrap();
    let modules = "modules: {http_2xx: {prober: http}}\n";
    fs::write(folder.path().join("blackbox.yml"), modules).unwrap();
    let file = folder.path().join("nabat.yml");
    (folder, file)
}
