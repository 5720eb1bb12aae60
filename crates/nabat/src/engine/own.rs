//! What Nabat says about itself: alerts like any other, told to the operators.

use std::time::Duration;

use nabat_core::alert::{News, Status};
use nabat_core::incident::Expiry;

use super::Handle;
use crate::clock;

/// How much of a problem a chat is shown.
const PROBLEM_SHOWN_CHARS: usize = 1_500;

/// What an own alert says.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// In words for people.
    pub words: &'a str,
    /// After how long it is over by itself, unless it is raised again.
    pub lasts: Option<Duration>,
}

impl Handle {
    /// Raises the own alert `name` with these labels, or ends it when there is no `problem`: to
    /// end one that does not fire costs nothing. Returns whether the engine took it.
    pub async fn own_alert(
        &self,
        name: &str,
        labels: &[(&str, &str)],
        problem: Option<Problem<'_>>,
    ) -> bool {
        let shown: Option<String> =
            problem.map(|problem| problem.words.chars().take(PROBLEM_SHOWN_CHARS).collect());
        let words = shown.as_deref().map(|shown| ("description", shown));
        let status = match problem {
            Some(Problem { lasts, .. }) => Status::Firing {
                expires: lasts.map(|lasts| Expiry::given(clock::now().after(lasts))),
            },
            None => Status::Resolved { ends_at: None },
        };
        let news = News::about_itself(name, labels, words, status);
        let taken = self.news(vec![news]).await;
        if let Err(error) = &taken {
            tracing::warn!(alert = name, %error, "the operators were not told");
        }
        taken.is_ok()
    }
}
