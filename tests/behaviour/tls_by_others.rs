//! What clients that are not ours make of the server's TLS: OpenSSL and curl.

use std::process::{Command, Stdio};

use crate::support::*;

/// A server that speaks TLS, with a certificate for `localhost` and `127.0.0.1`.
struct WithTls {
    server: Running,
    home: Home,
}

impl WithTls {
    fn start() -> Self {
        let home = Home::new();
        home.write_certificate();
        let args = ["serve", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];
        let server = Running::start(home.command(&args));
        Self { server, home }
    }

    /// Shakes hands as `openssl s_client` does with more arguments.
    fn handshake(&self, more: &[&str]) -> Done {
        let mut openssl = Command::new("openssl");
        openssl
            .args(["s_client", "-connect", &self.server.address.to_string()])
            .args(["-CAfile", "cert.pem", "-verify_return_error"])
            .args(more)
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        Done::of(&mut openssl)
    }

    /// What curl writes of `GET /healthz`, by a format of its own.
    fn curl(&self, more: &[&str], format: &str) -> String {
        let address = self.server.address;
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--cacert", "cert.pem", "-o", "answer", "-w", format])
            .args(more)
            .arg(format!("https://{address}/healthz"))
            .current_dir(self.home.path());
        Done::of(&mut curl).succeeded().stdout
    }
}

#[test]
fn openssl_gets_tls_1_2_and_1_3_with_forward_secrecy_and_nothing_older() {
    let server = WithTls::start();
    for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let shown = server.handshake(&[version]).succeeded().stdout;
        assert!(shown.contains("Verify return code: 0 (ok)"), "{shown}");
        assert!(
            shown.contains(&format!("New, {name}, Cipher is ")),
            "{shown}"
        );
        assert!(shown.contains("Compression: NONE"), "{shown}");
        let is_strong = |line: &str| {
            line.contains("Cipher is ") && (line.contains("GCM") || line.contains("CHACHA20"))
        };
        assert!(shown.lines().any(is_strong), "{shown}");
    }
    // What this OpenSSL would still speak, it is told to.
    let old = ["-cipher", "ALL:@SECLEVEL=0"];
    for refused in [
        &["-tls1"][..],
        &["-tls1_1"],
        &["-tls1_2", "-cipher", "kRSA:@SECLEVEL=0"],
        &[
            "-tls1_2",
            "-cipher",
            "ECDHE+SHA1:ECDHE+SHA256:ECDHE+SHA384:!AEAD:@SECLEVEL=0",
        ],
        &["-tls1_2", "-cipher", "DHE:!ECDHE:@SECLEVEL=0"],
    ] {
        let has_ciphers = refused.contains(&"-cipher");
        let more = if has_ciphers { &[][..] } else { &old };
        let done = server.handshake(&[refused, more].concat());
        assert_ne!(done.code, Some(0), "{refused:?}: {done:?}");
        assert!(done.stderr.contains("alert"), "{refused:?}: {done:?}");
    }
}

#[test]
fn curl_gets_http_2_and_http_1_1_as_it_asks() {
    let server = WithTls::start();
    let version = "%{http_version} %{response_code} %{ssl_verify_result}";
    assert_eq!(server.curl(&["--http2"], version), "2 200 0");
    assert_eq!(server.curl(&["--http1.1"], version), "1.1 200 0");
    let plain = Call::new("GET", &format!("http://{}/healthz", server.server.address));
    assert!(plain.try_send().is_none_or(|answer| answer.status != 200));
}

#[test]
fn curl_sees_a_renewed_certificate_without_a_restart() {
    let server = WithTls::start();
    assert_eq!(server.curl(&[], "%{response_code}"), "200");
    // Its issuer is itself: who trusts the new one does not trust the old one.
    server.home.write_certificate();
    let renewed = || {
        let shown = server.handshake(&[]);
        shown.code == Some(0)
    };
    eventually_within(10, renewed, |is_renewed| *is_renewed);
    assert_eq!(server.curl(&[], "%{response_code}"), "200");
}
