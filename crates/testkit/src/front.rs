//! What stands before the sandbox: TLS, or a way that leads nowhere.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use ami_sandbox::Sandbox;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// An authority in PEM, and the configuration of a server for localhost that it has signed for.
///
/// # Panics
/// When no key can be made.
pub fn authority(name: &str) -> (String, Arc<ServerConfig>) {
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    let mut ca = rcgen::CertificateParams::new(Vec::new()).expect("an authority");
    ca.distinguished_name.push(rcgen::DnType::CommonName, name);
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = ca.self_signed(&ca_key).expect("an authority").pem();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let server = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = server.signed_by(&key, &issuer).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a configuration");
    (pem, Arc::new(config))
}

/// Speaks TLS before the sandbox, and gives its URL.
///
/// # Panics
/// When no port can be listened on.
pub fn with_tls(sandbox: &Sandbox, config: Arc<ServerConfig>) -> String {
    let port = listen(sandbox, move |stream, backend| {
        let server = ServerConnection::new(Arc::clone(&config)).expect("a server");
        let mut stream = StreamOwned::new(server, stream);
        // A client that does not trust the certificate hangs up here.
        pass(&mut stream, backend, |_| true);
        stream.conn.send_close_notify();
        let _ = stream.flush();
    });
    format!("https://localhost:{port}")
}

/// Hangs up on requests that are presigned, and lets others through; gives its URL.
///
/// # Panics
/// When no port can be listened on.
pub fn without_presigned(sandbox: &Sandbox) -> String {
    let port = listen(sandbox, |mut stream, backend| {
        pass(&mut stream, backend, |head| {
            !head.contains("X-Amz-Signature")
        });
    });
    format!("http://127.0.0.1:{port}")
}

fn listen(sandbox: &Sandbox, serve: impl Fn(TcpStream, &str) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let backend = sandbox.endpoint().trim_start_matches("http://").to_owned();
    let serve = Arc::new((serve, backend));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || (serve.0)(stream, &serve.1));
        }
    });
    port
}

/// One request and its answer. Connections end after that, so nothing need be known of answers.
fn pass(client: &mut (impl Read + Write), backend: &str, may: impl Fn(&str) -> bool) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    if !may(&text) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let length = lower
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.map_or(Ok(0), |length| length.trim().parse());
    let mut body = vec![0; length.ok()?];
    client.read_exact(&mut body).ok()?;
    let mut backend = TcpStream::connect(backend).ok()?;
    head.truncate(head.len() - 2);
    head.extend(b"Connection: close\r\n\r\n");
    backend.write_all(&head).ok()?;
    backend.write_all(&body).ok()?;
    let mut answer = Vec::new();
    backend.read_to_end(&mut answer).ok()?;
    client.write_all(&answer).ok()?;
    client.flush().ok()
}
