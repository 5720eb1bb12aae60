//! The token is in no text that anyone could read.

use proptest::prelude::*;

use super::*;
use crate::channel::telegram::testing::TOKEN;

fn reveals(text: &str) -> bool {
    text.contains("AAthis") || text.contains("p4ss")
}

#[tokio::test]
async fn no_failure_and_no_debug_text_shows_the_token() {
    let (telegram, client_there) = started().await;
    let mut shown = vec![format!("{client_there:?}")];
    let echo = FaultKind::Refuse {
        code: 404,
        description: format!("Not Found: /bot{TOKEN}/getMe"),
        parameters: None,
    };
    let page = FaultKind::Status {
        code: 502,
        html_body: true,
    };
    for kind in [echo, page, FaultKind::DropBefore, FaultKind::DropAfter] {
        telegram.fault(fault("getMe", 1, kind));
        let error = client_there.get_me().await.unwrap_err();
        shown.push(format!("{error} {error:?}"));
    }
    telegram.stop().await;
    for url in [
        nobody(),
        telegram.url(),
        "http://[::1".into(),
        "ftp://127.0.0.1".into(),
        "https://127.0.0.1:1".into(),
        "http://name.that.does.not.exist.invalid".into(),
    ] {
        for proxy in [None, Some("socks5://ann:p4ss@127.0.0.1:1")] {
            let mut bot = bot([url.clone()]);
            bot.proxy = proxy.map(Secret::new);
            let client = client(&bot);
            let error = client.get_me().await.unwrap_err();
            shown.push(format!("{error} {error:?}"));
        }
    }
    let mut bot = bot([telegram.url()]);
    bot.proxy = Some(Secret::new("http://ann:p4ss@[::1"));
    let error = Client::new(&bot).unwrap_err();
    shown.push(format!("{error} {error:?} {}", chain(&error)));
    for text in shown {
        assert!(!reveals(&text), "{text}");
        assert!(!text.is_empty());
    }
}

proptest! {
    #[test]
    fn whatever_stands_around_it_the_token_is_taken_out(
        id in 1_u64..10_000_000_000,
        secret in "[A-Za-z0-9_-]{8,40}",
        before in ".{0,40}",
        after in ".{0,40}",
    ) {
        let token = format!("{id}:{secret}");
        let mut bot = bot([nobody()]);
        bot.token = Secret::new(token.clone());
        let client = client(&bot);
        for echo in [&token, &secret] {
            let text = client.redact(format!("{before}{echo}{after}"));
            prop_assert!(!text.contains(&secret), "{text}");
        }
    }
}
