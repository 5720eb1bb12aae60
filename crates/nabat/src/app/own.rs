//! What Nabat says about itself: alerts like any other, told to the operators.

use nabat_core::alert::{Labels, Links, News, Status};

use crate::engine::Handle;

/// How much of a problem a chat is shown.
const PROBLEM_SHOWN_CHARS: usize = 1_500;

/// Raises the alert `name` with these labels, or ends it when there is no `problem`. Returns
/// whether the engine took it.
pub(super) async fn own_alert(
    engine: &Handle,
    name: &str,
    labels: &[(&str, &str)],
    problem: Option<&str>,
) -> bool {
    let labels: Labels = [("alertname", name), ("severity", "warning")]
        .iter()
        .chain(labels)
        .copied()
        .collect();
    let annotations: Labels = problem
        .map(|problem| {
            let shown: String = problem.chars().take(PROBLEM_SHOWN_CHARS).collect();
            ("description", shown)
        })
        .into_iter()
        .collect();
    let status = match problem {
        Some(_) => Status::Firing { expires_at: None },
        None => Status::Resolved { ends_at: None },
    };
    let news = News {
        labels,
        annotations,
        links: Links::default(),
        group: None,
        starts_at: None,
        status,
        own: true,
    };
    let taken = engine.news(vec![news]).await;
    if let Err(error) = &taken {
        tracing::warn!(alert = name, %error, "the operators were not told");
    }
    taken.is_ok()
}
