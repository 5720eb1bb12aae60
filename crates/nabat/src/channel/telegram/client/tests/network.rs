//! The way to Telegram: several addresses, proxies, and servers that answer strangely.

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A server that gives every connection to `serve`; it ends with the test's runtime.
async fn server<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address.to_string()
}

/// Reads a request to its end.
async fn request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut read = Vec::new();
    loop {
        stream.read_buf(&mut read).await?;
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        if body.len() >= length.unwrap_or(0) {
            return Ok(text);
        }
    }
}

/// A server that answers every request with this text.
async fn answering(answer: String) -> String {
    let address = server(move |mut stream| {
        let answer = answer.clone();
        async move {
            request(&mut stream).await?;
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        }
    });
    format!("http://{}", address.await)
}

#[tokio::test]
async fn strange_answers_are_lost_or_garbled_but_never_taken() {
    let answer = |status: &str, length: usize, body: &str| {
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let garbled = |status| CallError::Garbled { status };
    for (status, body, expected) in [
        ("200 OK", "<html>please log in</html>", garbled(200)),
        ("200 OK", "{}", garbled(200)),
        ("302 Found\r\nlocation: /login", "", garbled(302)),
        ("403 Forbidden", "blocked here", garbled(403)),
    ] {
        let url = answering(answer(status, body.len(), body)).await;
        let error = client(&bot([url])).get_me().await.unwrap_err();
        assert_eq!(error, expected, "{status}");
    }
    let strange = r#"{"ok":true,"result":{"message_id":"x"}}"#;
    for (status, length, lost) in [
        ("200 OK", strange.len(), true),
        ("200 OK", 500, true),
        ("200 OK", answer::ANSWER_MAX_BYTES + 1, true),
        ("503 Busy", 500, false),
    ] {
        let mut body = strange.to_owned();
        if length > answer::ANSWER_MAX_BYTES {
            body.push_str(&" ".repeat(length - body.len()));
        }
        let url = answering(answer(status, length, &body)).await;
        let client = client(&bot([url]));
        let error = client.send_message(&to_ann("x")).await.unwrap_err();
        let as_expected = match error {
            CallError::Lost { .. } => lost,
            CallError::Garbled { status } => !lost && status == 503,
            _ => false,
        };
        assert!(as_expected, "{status} {length}: {error:?}");
    }
}

#[tokio::test]
async fn an_address_that_accepts_and_then_says_nothing_got_nothing() {
    let silent = server(|stream| async move {
        let _open = stream;
        std::future::pending().await
    });
    let client = client(&bot([format!("https://{}", silent.await)]));
    let begun = Instant::now();
    let error = client.send_message(&to_ann("x")).await.unwrap_err();
    assert!(matches!(error, CallError::Unsent { .. }), "{error:?}");
    assert!(begun.elapsed() < SEND_TIMEOUT / 2);
}

#[tokio::test]
async fn a_dead_address_is_left_for_the_next_within_the_same_call() {
    let (telegram, _) = started().await;
    let client = client(&bot([nobody(), telegram.url()]));
    client.send_message(&to_ann("x")).await.unwrap();
    assert_eq!(texts(&telegram), ["x"]);
    assert_eq!(client.endpoints().current(), 1);
}

#[tokio::test]
async fn the_first_address_is_used_again_once_it_works() {
    let (first, _) = started().await;
    let (second, _) = started().await;
    let client = client(&bot([first.url(), second.url()]));
    client.send_message(&to_ann("a")).await.unwrap();
    first.vanish().await;
    // The connection that was open is found dead first: nobody knows what became of that call.
    for _ in 0..3 {
        let _ = client.get_me().await;
    }
    client.send_message(&to_ann("b")).await.unwrap();
    client.try_first().await;
    assert_eq!(client.endpoints().current(), 1);
    first.resume().await.unwrap();
    client.reconsider().await; // Not yet: it has just been left.
    assert_eq!(client.endpoints().current(), 1);
    client.try_first().await;
    client.send_message(&to_ann("c")).await.unwrap();
    assert_eq!(
        (texts(&first), texts(&second)),
        (vec!["a".into(), "c".into()], vec!["b".into()])
    );
}

#[tokio::test]
async fn a_front_end_that_answers_for_telegram_is_left_after_a_few_times() {
    let (telegram, _) = started().await;
    let busy = answering("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\n\r\nno".into()).await;
    let client = client(&bot([busy, telegram.url()]));
    for _ in 0..3 {
        let error = client.send_message(&to_ann("x")).await.unwrap_err();
        assert_eq!(error, CallError::Garbled { status: 502 });
    }
    client.send_message(&to_ann("x")).await.unwrap();
    assert_eq!(texts(&telegram), ["x"]);
}

fn through(proxy: String, url: String) -> Client {
    let mut bot = bot([url]);
    bot.proxy = Some(Secret::new(proxy));
    client(&bot)
}

/// A proxy for plain HTTP: the address in the request's first line says where it goes.
async fn http_proxy() -> String {
    server(|mut stream| async move {
        let request = request(&mut stream).await?;
        let rest = request.strip_prefix("POST http://").unwrap_or_default();
        let (host, path) = rest.split_once('/').unwrap_or_default();
        let mut inner = TcpStream::connect(host).await?;
        inner.write_all(format!("POST /{path}").as_bytes()).await?;
        copy_bidirectional(&mut stream, &mut inner).await.map(drop)
    })
    .await
}

/// A SOCKS5 proxy without authentication, for IPv4 addresses; or one that refuses everything.
async fn socks_proxy(refuse: bool) -> String {
    server(move |mut stream| async move {
        let mut hello = [0; 2];
        stream.read_exact(&mut hello).await?;
        stream.read_exact(&mut vec![0; hello[1].into()]).await?;
        stream.write_all(&[5, 0]).await?;
        let mut wish = [0; 10];
        stream.read_exact(&mut wish).await?;
        let [_, _, _, _, a, b, c, d, high, low] = wish;
        let answer = if refuse { 5 } else { 0 };
        stream
            .write_all(&[5, answer, 0, 1, 0, 0, 0, 0, 0, 0])
            .await?;
        if refuse {
            return Ok(());
        }
        let port = u16::from_be_bytes([high, low]);
        let mut inner = TcpStream::connect((std::net::Ipv4Addr::new(a, b, c, d), port)).await?;
        copy_bidirectional(&mut stream, &mut inner).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn requests_go_through_the_proxy() {
    let (telegram, _) = started().await;
    let http = format!("http://{}", http_proxy().await);
    let socks = format!("socks5://{}", socks_proxy(false).await);
    for proxy in [http, socks] {
        let client = through(proxy.clone(), telegram.url());
        client.send_message(&to_ann(&proxy)).await.unwrap();
        assert_eq!(texts(&telegram).last(), Some(&proxy));
    }
}

#[tokio::test]
async fn what_a_proxy_refuses_was_not_sent() {
    let (telegram, _) = started().await;
    let dead = nobody();
    let refusing = format!("socks5://{}", socks_proxy(true).await);
    for proxy in [dead, refusing] {
        let client = through(proxy, telegram.url());
        let error = client.send_message(&to_ann("x")).await.unwrap_err();
        assert!(matches!(error, CallError::Unsent { .. }), "{error:?}");
    }
    let denied = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let denying = answering(denied.into()).await;
    let client = through(denying.clone(), telegram.url());
    let error = client.send_message(&to_ann("x")).await.unwrap_err();
    assert_eq!(error, CallError::Garbled { status: 407 });
    // To a TLS address the proxy has to open a tunnel first.
    let client = through(denying, "https://127.0.0.1:1".into());
    let error = client.send_message(&to_ann("x")).await.unwrap_err();
    assert!(matches!(error, CallError::Unsent { .. }), "{error:?}");
    assert!(texts(&telegram).is_empty());
}
