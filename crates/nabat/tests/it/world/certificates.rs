//! Certificates that OpenSSL makes, of an authority that nobody else trusts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An authority in a folder, with `ca.pem` and `ca.key`.
pub(crate) struct Authority {
    folder: PathBuf,
}

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub(crate) enum Validity {
    /// From now on, for so many days.
    Days(u32),
    /// Long ago, until 2020-02-01.
    Past,
    /// From 2090-01-01 on.
    Future,
}

impl Authority {
    /// A new one.
    pub(crate) fn new(folder: &Path) -> Self {
        let authority = Self {
            folder: folder.to_owned(),
        };
        authority.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
             -subj /CN=authority -keyout ca.key -out ca.pem",
        );
        authority
    }

    /// Its own certificate.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Makes `name.pem` and `name.key` for `names`, such as `DNS:localhost,IP:127.0.0.1`.
    pub(crate) fn certify(&self, name: &str, names: &str, validity: Validity) {
        let (from, until) = match validity {
            Validity::Days(days) => (String::new(), format!("-days {days}")),
            Validity::Past => (
                " -startdate 20200101000000Z".into(),
                "-enddate 20200201000000Z".into(),
            ),
            Validity::Future => (
                " -startdate 20900101000000Z".into(),
                "-enddate 20910101000000Z".into(),
            ),
        };
        let configuration = format!(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\nserial=serial\n\
             default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=optional\n\
             [e]\nsubjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n"
        );
        fs::write(self.folder.join("ca.conf"), configuration).unwrap();
        fs::write(self.folder.join("index.txt"), "").unwrap();
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=server \
             -keyout {name}.key -out {name}.csr"
        ));
        self.openssl(&format!(
            "ca -batch -notext -config ca.conf -create_serial -extensions e -cert ca.pem \
             -keyfile ca.key -in {name}.csr -out {name}.pem{from} {until}"
        ));
    }

    /// Makes `name.pem` and `name.key` that vouch for themselves.
    pub(crate) fn self_signed(&self, name: &str, names: &str) {
        self.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
             -subj /CN=server -addext subjectAltName={names} -keyout {name}.key -out {name}.pem"
        ));
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(&self.folder)
            .output()
            .unwrap_or_else(|error| {
                panic!("cannot start openssl; does `cargo xtask setup` help? {error}")
            });
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl: {errors}");
    }
}
