//! Requests: polite ones by reqwest, raw ones by hand.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::OnceLock,
    time::Duration,
};

use reqwest::{
    Method,
    blocking::{Client, RequestBuilder},
    redirect,
};
use serde_json::Value;

use super::{Answer, Server};

const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// A request is read within 10 seconds or not at all.
const RAW_LIMIT: Duration = Duration::from_secs(12);

/// In place of an answer: the server neither answers nor closes.
pub const STAYS_OPEN: &str = "the connection stays open";

/// A loopback address that nobody listens at.
pub fn free_address() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("an address")
}

/// A request about to be sent.
pub struct Call(RequestBuilder);

impl Call {
    pub fn new(method: &str, url: &str) -> Self {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Self(client().request(method, url))
    }

    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        Self(self.0.bearer_auth(token.as_ref()))
    }

    pub fn basic(self, client_id: &str, secret: &str) -> Self {
        Self(self.0.basic_auth(client_id, Some(secret)))
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub fn form(self, parameters: &[(&str, &str)]) -> Self {
        Self(self.0.form(parameters))
    }

    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// Any body, said to be of any type.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self(
            self.0
                .header("content-type", content_type)
                .body(body.into()),
        )
    }

    /// Sends it to a server that may be killed meanwhile: none where no whole answer
    /// came.
    pub fn try_send(self) -> Option<Answer> {
        Answer::try_read(self.0.send().ok()?)
    }

    #[track_caller]
    pub fn send(self) -> Answer {
        match self.0.send() {
            Ok(response) => Answer::read(response),
            Err(error) => panic!("no answer: {error:?}"),
        }
    }
}

fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(ANSWER_LIMIT)
            .build()
            .expect("a client")
    })
}

impl Server {
    /// Sends bytes as they are and reads until the server closes: the request
    /// must ask for that, or be bad enough. Empty when it closes unanswered,
    /// [`STAYS_OPEN`] when it does not close in time.
    #[track_caller]
    pub fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).expect("a connection");
        stream
            .set_read_timeout(Some(RAW_LIMIT))
            .expect("a time limit");
        // A server that refuses early closes while the rest is still being sent.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let mut chunk = [0; 8192];
        loop {
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => answer.extend_from_slice(&chunk[..length]),
                Err(error) if is_reset(&error) => break,
                Err(error) if is_over(&error) => return STAYS_OPEN.to_owned(),
                Err(error) => panic!("no answer: {error}"),
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    }
}

fn is_over(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    )
}

fn is_reset(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe
    )
}

/// The status of a raw answer; none where the connection was closed instead.
pub fn raw_status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

/// A text as a part of a path or a query.
pub fn percent_encoded(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}
