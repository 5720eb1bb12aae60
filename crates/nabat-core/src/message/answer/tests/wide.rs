//! Answers that have much to say.

use super::*;

#[test]
fn an_owner_is_told_what_waits_for_others() {
    let status = Answer::Status(Box::new(ChatStatus {
        elsewhere: elsewhere(),
        ..status()
    }));
    for (language, expected) in [
        (
            Language::En,
            "*Other destinations*\n\
             ⛔ *Ops* · Nothing is sent there any more: \
             `Forbidden: bot was kicked from the group chat`\n\
             ⚠️ *db/e-mail ops@example.org* · 12 wait, the oldest for 3 h 20 min: \
             `connection refused`\n\
             ⏳ *Ann* · 1 waits, for 30 s",
        ),
        (
            Language::Ru,
            "*Другие получатели*\n\
             ⛔ *Ops* · Туда больше ничего не отправляется: \
             `Forbidden: bot was kicked from the group chat`\n\
             ⚠️ *db/e-mail ops@example.org* · ждёт 12, самое старое уже 3 ч 20 мин: \
             `connection refused`\n\
             ⏳ *Ann* · ждёт 1, уже 30 с",
        ),
        (
            Language::PtBr,
            "*Outros destinos*\n\
             ⛔ *Ops* · Nada mais é enviado para lá: \
             `Forbidden: bot was kicked from the group chat`\n\
             ⚠️ *db/e-mail ops@example.org* · 12 na fila, a mais antiga há 3 h 20 min: \
             `connection refused`\n\
             ⏳ *Ann* · 1 na fila, há 30 s",
        ),
    ] {
        let text = told(&status, language);
        let (first, elsewhere) = text.rsplit_once("\n\n").unwrap();
        assert!(first.starts_with("⚠️ "), "{text}");
        assert_eq!(elsewhere, expected);
    }
}

#[test]
fn long_lists_stay_within_a_message() {
    let long: Vec<(i64, String)> = (0..300).map(|n| (n, "x".repeat(400))).collect();
    let page = Answer::Alerts {
        page: 1,
        pages: 1,
        total: 10,
        selected: "x".repeat(9_000),
        items: (0..10)
            .map(|_| Firing {
                silenced_until: Some(now()),
                explained_by: Some("x".repeat(500)),
                ..firing(taken(disk_full(&"x".repeat(500))))
            })
            .collect(),
    };
    let troubled = Queue {
        waiting: 1_000,
        last_error: Some("x".repeat(9_000)),
        disabled: Some("x".repeat(9_000)),
        ..Queue::default()
    };
    let status = Answer::Status(Box::new(ChatStatus {
        here: troubled.clone(),
        elsewhere: vec![("x".repeat(300), troubled); 30],
        ..status()
    }));
    let wide = Silence {
        matchers: vec![Matcher::equal("alertname", &"x".repeat(500)); 20],
        created_by: "x".repeat(500),
        ..silence().as_ref().clone()
    };
    let silenced = Answer::Silenced {
        until_resolved: false,
        until: wide.ends_at,
        matchers: wide.matchers.clone(),
        comment: "x".repeat(9_000),
    };
    let toast = silenced.toast(&locale(Language::Ru), now());
    assert!(toast.encode_utf16().count() <= 200, "{toast}");
    let answers = [
        status,
        Answer::Silences {
            total: 9_999,
            items: std::iter::repeat_n(Arc::new(wide), 20).collect(),
        },
        Answer::Subscriptions {
            items: long.clone(),
            routed: vec![("x".repeat(500), "x".repeat(500)); 30],
            muted_until: None,
        },
        Answer::ChooseUnsubscribe { items: long },
        page,
    ];
    for answer in answers {
        let message = answer.message(&locale(Language::Ru), now());
        let width = message.text().encode_utf16().count();
        assert!(width < 4_000, "{width}: {answer:?}");
        assert!(message.buttons.len() <= 51);
    }
}
