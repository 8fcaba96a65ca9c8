//! A server in this process, and clients that are careful with it or not.

use std::{net::SocketAddr, time::Duration};

use poem::{Endpoint, EndpointExt, Request, Response};
use scopegate::server::{Limits, Tls, bind, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

pub const SHORT: Duration = Duration::from_millis(200);
pub const PATIENCE: Duration = Duration::from_secs(10);
pub const HELLO: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

pub fn short() -> Limits {
    Limits {
        request_time: SHORT,
        ..Limits::default()
    }
}

/// Greets, or gives back the body that it was sent.
pub fn hello() -> impl Endpoint<Output = Response> + 'static {
    poem::endpoint::make(async |mut request: Request| {
        let body = request.take_body().into_bytes().await?;
        Ok::<_, poem::Error>(match body.is_empty() {
            true => Response::from("hello"),
            false => Response::from(body),
        })
    })
}

pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub async fn start(limits: Limits) -> Self {
        Self::start_with(limits, None, hello()).await
    }

    pub async fn start_with<E>(limits: Limits, tls: Option<Tls>, endpoint: E) -> Self
    where
        E: Endpoint + 'static,
    {
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let endpoint = endpoint.map_to_response().boxed();
        let running = tokio::spawn(serve(listener, tls, endpoint, limits, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop: Some(stop),
            running,
        }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    pub async fn get(&self) -> String {
        let mut client = self.connect().await;
        client.write_all(HELLO.as_bytes()).await.unwrap();
        let answer = closes_with(&mut client).await;
        let (_, body) = answer.split_once("\r\n\r\n").expect(&answer);
        body.to_owned()
    }

    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub async fn ended(self) {
        timeout(PATIENCE, self.running)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

/// All that the server says until it closes the connection in an orderly way.
pub async fn closes_with(client: &mut TcpStream) -> String {
    let mut answer = String::new();
    timeout(PATIENCE, client.read_to_string(&mut answer))
        .await
        .expect("the server closes the connection")
        .expect("the answer can be read to its end");
    answer
}

/// The server closes the connection, or resets it.
pub async fn closes(client: &mut TcpStream) {
    timeout(PATIENCE, client.read_to_end(&mut Vec::new()))
        .await
        .expect("the server closes the connection")
        .ok();
}

pub fn header_block(length: usize) -> String {
    let (start, end) = (
        "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx: ",
        "\r\n\r\n",
    );
    format!(
        "{start}{}{end}",
        "x".repeat(length - start.len() - end.len())
    )
}

/// The head of a GET on a stream.
pub fn http2_request(stream: u32) -> Vec<u8> {
    let mut request = vec![0, 0, 3, 1, 5];
    request.extend(stream.to_be_bytes());
    request.extend([0x82, 0x86, 0x84]);
    request
}

/// The preface and empty settings.
pub fn http2_opening() -> Vec<u8> {
    let mut opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    opening.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    opening
}
