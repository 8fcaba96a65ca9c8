//! What slow, greedy and broken clients may do to the listener: nothing.

mod support;
mod tls;

use std::{
    future::pending,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use poem::{Body, endpoint::make_sync};
use scopegate::server::Limits;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf},
    sync::{Semaphore, mpsc, oneshot},
    time::{Instant, interval, sleep, timeout},
};

use support::*;

// Clients that are slow.

#[tokio::test]
async fn a_connection_that_sends_nothing_is_closed() {
    let server = Server::start(short()).await;
    let mut client = server.connect().await;
    assert_eq!(closes_with(&mut client).await, "");
}

#[tokio::test]
async fn s01_half_a_header_is_closed() {
    let server = Server::start(short()).await;
    for half in ["P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nhost: loc"] {
        let mut client = server.connect().await;
        client.write_all(half.as_bytes()).await.unwrap();
        assert_eq!(closes_with(&mut client).await, "", "{half:?}");
    }
}

#[tokio::test]
async fn s01_half_a_header_after_an_answer_is_closed_as_soon() {
    let limits = Limits {
        drain_time: PATIENCE * 6,
        ..short()
    };
    let server = Server::start(limits).await;
    let mut client = server.connect().await;
    let one_and_a_half = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\nGET / HTTP/1.1\r\nhost: loc";
    client.write_all(one_and_a_half.as_bytes()).await.unwrap();
    let answer = closes_with(&mut client).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[tokio::test]
async fn s01_a_header_that_drips_is_closed() {
    let server = Server::start(short()).await;
    let drips: [&[u8]; 2] = [
        b"GET / HTTP/1.1\r\nx: ",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    for drip in drips {
        let (mut reader, mut writer) = server.connect().await.into_split();
        let began = Instant::now();
        let dripping = async {
            let mut every = interval(Duration::from_millis(15));
            for byte in drip.iter().chain(b"x".iter().cycle()) {
                every.tick().await;
                if writer.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
            pending::<()>().await;
        };
        tokio::select! {
            _ = reader.read_u8() => {}
            () = dripping => {}
        }
        assert!(began.elapsed() >= SHORT);
        assert!(began.elapsed() < PATIENCE / 5, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn s01_a_half_sent_body_gets_408() {
    let server = Server::start(short()).await;
    for framing in [
        "content-length: 10\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let mut client = server.connect().await;
        let half = format!("POST / HTTP/1.1\r\nhost: localhost\r\n{framing}");
        client.write_all(half.as_bytes()).await.unwrap();

        let answer = closes_with(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("content-type: application/problem+json\r\n"));
        assert!(answer.contains("connection: close\r\n"));
        assert!(answer.contains(r#""title":"Request Timeout","status":408"#));
    }
}

#[tokio::test]
async fn a_body_has_only_the_time_that_its_header_left() {
    let request_time = 3 * SHORT;
    let server = Server::start(Limits {
        request_time,
        ..Limits::default()
    })
    .await;
    let mut client = server.connect().await;
    let began = Instant::now();
    client
        .write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\n")
        .await
        .unwrap();
    sleep(2 * SHORT).await;
    client
        .write_all(b"content-length: 10\r\n\r\n")
        .await
        .unwrap();

    let mut status = [0; 12];
    client.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
    assert!(began.elapsed() >= request_time);
    assert!(began.elapsed() < request_time + SHORT * 3 / 2);
}

#[tokio::test]
async fn a_kept_alive_connection_is_closed_after_a_rest() {
    let server = Server::start(short()).await;
    let mut client = server.connect().await;
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let answer = closes_with(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn an_http2_connection_that_only_drips_is_closed() {
    let server = Server::start(short()).await;
    let mut client = server.connect().await;
    client.write_all(&http2_opening()).await.unwrap();
    client
        .write_all(&[0, 0, 99, 1, 4, 0, 0, 0, 1, 0x82])
        .await
        .unwrap();
    closes(&mut client).await;
}

/// A body without end, and word of when the server has let go of it.
struct Endless(#[expect(dead_code, reason = "dropped with it")] oneshot::Sender<()>);

impl AsyncRead for Endless {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let length = buf.initialize_unfilled().len();
        buf.advance(length);
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_response_that_is_not_read_is_cut_off() {
    let (responses, mut begun) = mpsc::unbounded_channel();
    let endpoint = make_sync(move |_| {
        let (body, dropped) = oneshot::channel();
        let _ = responses.send(dropped);
        Body::from_async_read(Endless(body))
    });
    let limits = Limits {
        drain_time: SHORT,
        ..short()
    };
    let server = Server::start_with(limits, None, endpoint).await;
    let http2_get = [&http2_opening()[..], &http2_request(1)].concat();
    for request in [HELLO.as_bytes(), &http2_get] {
        let mut client = server.connect().await;
        client.write_all(request).await.unwrap();
        let dropped = begun.recv().await.unwrap();
        assert!(timeout(PATIENCE, dropped).await.unwrap().is_err());
    }
}

// Clients that send much.

#[tokio::test]
async fn a_header_block_over_32_kib_gets_431() {
    let server = Server::start(Limits::default()).await;
    for (length, status) in [
        (32 * 1024, "200"),
        (32 * 1024 + 1, "431"),
        (33 * 1024, "431"),
        (500 * 1024, "431"),
    ] {
        let mut client = server.connect().await;
        client
            .write_all(header_block(length).as_bytes())
            .await
            .unwrap();
        let answer = closes_with(&mut client).await;
        assert_eq!(answer.get(9..12), Some(status), "{length} bytes");
    }
}

#[tokio::test]
async fn over_100_header_fields_get_431() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.connect().await;
    let request = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(101));
    client.write_all(request.as_bytes()).await.unwrap();
    assert!(closes_with(&mut client).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn s03_a_rapid_reset_is_cut_off() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let endpoint = make_sync(move |_| counted.fetch_add(1, Ordering::Relaxed).to_string());
    let server = Server::start_with(Limits::default(), None, endpoint).await;

    let mut flood = http2_opening();
    for stream in (1..20_000_u32).step_by(2) {
        flood.extend(http2_request(stream));
        flood.extend([0, 0, 4, 3, 0]);
        flood.extend(stream.to_be_bytes());
        flood.extend([0, 0, 0, 8]);
    }
    let mut client = server.connect().await;
    let _ = client.write_all(&flood).await;
    closes(&mut client).await;

    assert!(calls.load(Ordering::Relaxed) < 1000);
    server.get().await;
}

#[tokio::test]
async fn s01_hundreds_of_idle_connections_leave_the_service_unharmed() {
    let server = Server::start(Limits::default()).await;
    let mut idle = Vec::new();
    for number in 0..300 {
        let mut client = server.connect().await;
        let sent: &[u8] = if number % 2 == 0 { b"" } else { b"GET / HT" };
        client.write_all(sent).await.unwrap();
        idle.push(client);
    }

    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(server.get().await, "hello");
    }
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_full_server_serves_again_when_idle_connections_time_out() {
    let limits = Limits {
        connections: 10,
        ..short()
    };
    let server = Server::start(limits).await;
    let mut idle = Vec::new();
    for _ in 0..30 {
        idle.push(server.connect().await);
    }
    assert_eq!(server.get().await, "hello");
}

#[tokio::test]
async fn a10_half_sent_requests_never_keep_new_ones_waiting() {
    let limits = Limits {
        connections: 20,
        ..Limits::default()
    };
    let server = Server::start(limits).await;
    let half: [&[u8]; 4] = [
        b"",
        b"GET / HT",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nha",
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\nGET / HT",
    ];
    let mut idle = Vec::new();
    for round in 0..20 {
        for sent in half {
            let mut client = server.connect().await;
            client.write_all(sent).await.unwrap();
            idle.push(client);
        }
        assert_eq!(server.get().await, "hello", "round {round}");
    }
    closes(&mut idle[0]).await;
}

#[tokio::test]
async fn a10_a_request_that_is_being_handled_is_not_given_up_for_a_newcomer() {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let release = Arc::new(Semaphore::new(0));
    let gate = release.clone();
    let endpoint = poem::endpoint::make(move |mut request: poem::Request| {
        let _ = arrived.send(());
        let gate = gate.clone();
        async move {
            let body = request.take_body().into_string().await.unwrap_or_default();
            gate.acquire().await.map_or("closed".to_owned(), |_| body)
        }
    });
    let limits = Limits {
        connections: 4,
        ..Limits::default()
    };
    let server = Server::start_with(limits, None, endpoint).await;
    let mut client = server.connect().await;
    let request =
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 5\r\n\r\nwhole";
    client.write_all(request.as_bytes()).await.unwrap();
    arrivals.recv().await.unwrap();
    let mut idle = Vec::new();
    for _ in 0..50 {
        idle.push(server.connect().await);
    }
    closes(&mut idle[0]).await;
    release.add_permits(1);
    assert!(closes_with(&mut client).await.ends_with("whole"));
}

// Shutdown.

#[tokio::test]
async fn requests_in_progress_finish_at_shutdown() {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let release = Arc::new(Semaphore::new(0));
    let gate = release.clone();
    let endpoint = poem::endpoint::make(move |_| {
        let _ = arrived.send(());
        let gate = gate.clone();
        async move { gate.acquire().await.map_or("closed", |_| "finished") }
    });
    let mut server = Server::start_with(Limits::default(), None, endpoint).await;
    let mut idle = server.connect().await;
    let mut client = server.connect().await;
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    arrivals.recv().await.unwrap();

    server.stop();
    assert_eq!(closes_with(&mut idle).await, "");
    release.add_permits(1);

    assert!(closes_with(&mut client).await.ends_with("finished"));
    server.ended().await;
}

#[tokio::test]
async fn a_request_that_never_finishes_does_not_hold_up_the_shutdown() {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let endpoint = poem::endpoint::make(move |_| {
        let _ = arrived.send(());
        pending::<String>()
    });
    let limits = Limits {
        drain_time: SHORT,
        ..Limits::default()
    };
    let mut server = Server::start_with(limits, None, endpoint).await;
    let mut client = server.connect().await;
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    arrivals.recv().await.unwrap();

    server.stop();
    server.ended().await;
    closes(&mut client).await;
}
