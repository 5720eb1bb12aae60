//! Webhooks: alerts from Alertmanager and Grafana, updates from Telegram.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::answer::Problem;
use super::api::request::{Number, Segment};
use super::media::Media;
use crate::bot::WebhookAnswer;
use crate::clock;
use crate::engine::NotTaken;
use crate::intake::parts::Limits;
use crate::intake::{access, alertmanager};
use crate::metrics::IntakeLabels;

/// How long a request's body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(30);
/// How much of a body is read at most of which only the beginning is kept, in bytes.
const FORGOTTEN_BYTES_MAX: usize = 1 << 20;
/// All bodies that are being read at the same time, in KiB.
pub(super) const BODIES_KIB_MAX: u32 = 256 << 10;
/// How long a body waits for room among the others.
const ROOM_PATIENCE: Duration = Duration::from_secs(5);
/// The largest update of Telegram in bytes.
const UPDATE_BYTES_MAX: u64 = 1 << 20;
/// The header in which Telegram proves that it is Telegram.
const TELEGRAM_SECRET: &str = "x-telegram-bot-api-secret-token";

/// Takes alerts at the open path.
pub(super) async fn open(
    State(state): State<super::State>,
    request: Request<Body>,
) -> Result<&'static str, Problem> {
    counted(&state, None, request).await
}

/// Takes alerts at the path that ends in a secret.
pub(super) async fn secret(
    State(state): State<super::State>,
    Segment(secret): Segment,
    request: Request<Body>,
) -> Result<&'static str, Problem> {
    counted(&state, Some(&secret), request).await
}

async fn counted(
    state: &super::State,
    secret: Option<&str>,
    request: Request<Body>,
) -> Result<&'static str, Problem> {
    let taken = take(state, secret, request).await;
    let code = taken
        .as_ref()
        .map_or_else(|problem| problem.status().as_u16(), |_| 200);
    let metrics = &state.metrics;
    metrics
        .intake_requests
        .get_or_create(&IntakeLabels { code })
        .inc();
    if let Ok(alerts) = &taken {
        metrics.intake_alerts.inc_by(*alerts);
    }
    taken.map(|_| "")
}

/// Takes a request with alerts. Returns how many there were.
async fn take(
    state: &super::State,
    secret: Option<&str>,
    request: Request<Body>,
) -> Result<u64, Problem> {
    let config = state.config.borrow().clone();
    let intake = &config.intake;
    if !access::allowed(intake.auth.as_ref(), request.headers(), secret) {
        return Err(unauthorized());
    }
    check_type(request.headers())?;
    let _room = room(state, request.headers(), intake.max_body_bytes).await?;
    let body = read(request.into_body(), intake.max_body_bytes).await?;
    let begun = Instant::now();
    let limits = Limits {
        alerts_max: intake.max_alerts_per_request as usize,
        labels_max: intake.max_labels_per_alert as usize,
    };
    let news = alertmanager::read(&body, limits, clock::now())?;
    let count = news.len() as u64;
    state.engine.news(news).await?;
    state
        .metrics
        .intake_seconds
        .observe(begun.elapsed().as_secs_f64());
    Ok(count)
}

/// Takes room for a body: as much as it says that it is, or as it may be at the most.
pub(super) async fn room(
    state: &super::State,
    headers: &HeaderMap,
    limit: u64,
) -> Result<OwnedSemaphorePermit, Problem> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let kib = length.unwrap_or(limit).div_ceil(1_024);
    let kib = u32::try_from(kib).map_or(BODIES_KIB_MAX, |kib| kib.min(BODIES_KIB_MAX));
    let room = Arc::clone(&state.bodies).acquire_many_owned(kib);
    match tokio::time::timeout(ROOM_PATIENCE, room).await {
        Ok(Ok(room)) => Ok(room),
        _ => Err(NotTaken::Busy.into()),
    }
}

fn too_large(limit: u64) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        format!("the body is larger than {limit} bytes"),
        "send fewer alerts at once, or raise `intake.max_body_bytes`",
    )
}

/// Takes an update of a bot.
pub(super) async fn telegram(
    State(state): State<super::State>,
    Number(bot): Number,
    request: Request<Body>,
) -> Result<&'static str, Problem> {
    let secret = request
        .headers()
        .get(TELEGRAM_SECRET)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    if !state.ears.admits(bot, secret.as_deref()) {
        return Err(unauthorized());
    }
    let body = read(request.into_body(), UPDATE_BYTES_MAX).await?;
    match state.ears.receive(bot, secret.as_deref(), &body).await {
        WebhookAnswer::Ok => Ok(""),
        WebhookAnswer::Unauthorized => Err(unauthorized()),
        WebhookAnswer::BadRequest => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_body",
            "the body is not an update of Telegram's Bot API",
            "only Telegram calls this path",
        )),
        WebhookAnswer::TryAgain => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            "the update can't be stored at the moment",
            "send it again",
        )),
    }
}

fn unauthorized() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "the request carries no proof that it may send here, or a wrong one",
        "send the credentials of `intake.auth`; in Alertmanager: `http_config`",
    )
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let unsupported = |message: String, hint: &str| {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
            hint,
        )
    };
    if headers.contains_key(header::ORIGIN) {
        // Whoever sends alerts is no web page; a page in somebody's browser may not pretend.
        return Err(unsupported(
            "the request comes from a web page".to_owned(),
            "send it without `Origin`",
        ));
    }
    match Media::of(headers) {
        Media::Json | Media::Unsaid => Ok(()),
        Media::Compressed => Err(unsupported(
            "the body is compressed".to_owned(),
            "send it without `Content-Encoding`",
        )),
        Media::Other(kind) => Err(unsupported(
            format!("the body is `{kind}`"),
            "send JSON; with curl: `-H 'Content-Type: application/json'`",
        )),
    }
}

/// Reads a body to its end, up to a limit.
pub(super) async fn read(body: Body, limit: u64) -> Result<Bytes, Problem> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    in_time(collect(body, limit)).await
}

/// Keeps the beginning of a body. So that whoever sends more is answered all the same, some of what
/// follows is read and forgotten.
pub(super) async fn beginning(mut body: Body, kept: usize) -> Result<Vec<u8>, Problem> {
    in_time(async {
        let (mut beginning, mut length) = (Vec::new(), 0);
        while length < FORGOTTEN_BYTES_MAX
            && let Some(frame) = body.frame().await
        {
            let Ok(data) = frame.map_err(|_| cut())?.into_data() else {
                continue;
            };
            let room = kept - beginning.len();
            beginning.extend_from_slice(&data[..data.len().min(room)]);
            length += data.len();
        }
        Ok(beginning)
    })
    .await
}

async fn in_time<T>(reading: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(BODY_PATIENCE, reading)
        .await
        .unwrap_or_else(|_| {
            Err(Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_timeout",
                format!("the body did not arrive in {} s", BODY_PATIENCE.as_secs()),
                "nothing of the request was taken; send it again",
            ))
        })
}

fn cut() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "body_cut",
        "the body ended before its end",
        "nothing of the request was taken; send it again",
    )
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| cut())?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length > limit {
            return Err(too_large(limit as u64));
        }
        // A body that comes in one piece is not copied.
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                whole.extend_from_slice(&first);
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}
