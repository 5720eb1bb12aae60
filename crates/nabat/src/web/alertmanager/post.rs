//! Takes alerts as Alertmanager does: `POST /api/v2/alerts`.

use std::time::Instant;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};

use nabat_core::alert::{News, Status};

use super::answer::{REQUIRED, Refused, WRONG_FORMAT};
use crate::clock;
use crate::intake::parts::Limits;
use crate::intake::prometheus::{self, Mistake};
use crate::metrics::IntakeLabels;
use crate::web::media::Media;
use crate::web::{self, webhook};

/// Takes alerts. What is valid is stored before anything is answered, although others are not.
pub(super) async fn alerts(
    State(state): State<web::State>,
    request: Request<Body>,
) -> Result<(), Refused> {
    let taken = take(&state, request).await;
    let code = taken
        .as_ref()
        .map_or_else(|refused| refused.status().as_u16(), |()| 200);
    let requests = &state.metrics.intake_requests;
    requests.get_or_create(&IntakeLabels { code }).inc();
    taken
}

async fn take(state: &web::State, request: Request<Body>) -> Result<(), Refused> {
    let config = state.config.borrow().clone();
    let intake = &config.intake;
    check_type(request.headers())?;
    let _room = webhook::room(state, request.headers(), intake.max_body_bytes).await?;
    let body = webhook::read(request.into_body(), intake.max_body_bytes).await?;
    let begun = Instant::now();
    let limits = Limits {
        alerts_max: intake.max_alerts_per_request as usize,
        labels_max: intake.max_labels_per_alert as usize,
    };
    let timeout = config.global.resolve_timeout();
    let posted = prometheus::read(&body, limits, timeout, clock::now())?;
    let count = posted.news.len() as u64;
    let fires = |news: &&News| matches!(news.status, Status::Firing { .. });
    let firing = posted.news.iter().filter(fires).count() as u64;
    state.engine.news(posted.news).await?;
    let metrics = &state.metrics;
    metrics.intake_alerts.inc_by(count);
    metrics
        .intake_seconds
        .observe(begun.elapsed().as_secs_f64());
    metrics.alertmanager.received(firing, count - firing);
    metrics.alertmanager.invalid(posted.invalid.len() as u64);
    if posted.invalid.is_empty() {
        return Ok(());
    }
    let problems = posted.invalid.join("; ");
    Err(Refused::said(StatusCode::BAD_REQUEST, problems))
}

/// The type of a body must be said: without one, nothing is read.
pub(super) fn check_type(headers: &HeaderMap) -> Result<(), Refused> {
    let length = headers.get(header::CONTENT_LENGTH);
    let empty = length.is_none_or(|length| length.as_bytes() == b"0");
    if empty && !headers.contains_key(header::TRANSFER_ENCODING) {
        return Ok(());
    }
    let other = |kind: &str| {
        format!("unsupported media type {kind:?}, only [application/json] are allowed")
    };
    let message = match Media::of(headers) {
        Media::Json => return Ok(()),
        Media::Unsaid => other("application/octet-stream"),
        Media::Other(kind) => other(&kind),
        Media::Compressed => {
            "the body is compressed; send it without `Content-Encoding`".to_owned()
        }
    };
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Err(Refused::transport(status, message))
}

impl From<Mistake> for Refused {
    fn from(mistake: Mistake) -> Self {
        let message = mistake.to_string();
        match mistake {
            Mistake::Unreadable(_) => Self::transport(StatusCode::BAD_REQUEST, message),
            Mistake::Missing(_) => Self::invalid(REQUIRED, message),
            Mistake::NoAddress { .. } => Self::invalid(WRONG_FORMAT, message),
            Mistake::TooMany { .. } => Self::transport(StatusCode::PAYLOAD_TOO_LARGE, message),
        }
    }
}
