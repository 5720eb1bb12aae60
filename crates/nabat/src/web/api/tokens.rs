//! `/api/v1/tokens`: by which programs use the API, and what each may do.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use nabat_core::matcher::{self, Matcher};
use nabat_core::time::Timestamp;
use nabat_core::token::{self, NAME_PATTERN, Role, Token};

use super::caller::Admin;
use super::keyring::{self, Refused, TOKENS_MAX};
use super::operation::{self, MERGE_PATCH, Operation};
use super::request::{self, Segment, Sent};
use super::shape::Done;
use super::shape::token::{List, Made, Patch, Shown, Wanted};
use super::{page, patch};
use crate::web::answer::Problem;
use crate::{clock, web};

const ALL: &str = "/api/v1/tokens";
const ONE: &str = "/api/v1/tokens/{name}";
/// The longest scope, in characters; each alert is compared with it.
const SCOPE_CHARS_MAX: usize = 1_000;
/// A token is for who asked for it, not for what lies in between.
const NOT_KEPT: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// The parameters of a list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How many at the most. Without it, 100.
    #[schemars(with = "Option<u16>", range(min = 1, max = 1000))]
    limit: Option<String>,
    /// What the page before gave as `next`.
    after: Option<String>,
}

/// What can be asked.
pub(super) fn operations() -> [Operation; 5] {
    let name = || {
        (
            json!({"type": "string", "pattern": NAME_PATTERN}),
            "The name of a token.",
        )
    };
    let named = |operation: Operation| {
        let (schema, description) = name();
        operation.segment("name", description, schema)
    };
    [
        operation::get(ALL, list)
            .named("listTokens", "List tokens")
            .about("Those that were made here, by name; the tokens themselves are shown to nobody.")
            .needs(Role::Admin)
            .query::<Params>()
            .gives::<List>(StatusCode::OK, "Some tokens."),
        operation::post(ALL, add)
            .named("addToken", "Make a token")
            .about("It is shown once, in the answer.")
            .needs(Role::Admin)
            .takes::<Wanted>("What it is to be.")
            .gives::<Made>(StatusCode::CREATED, "It is there.")
            .fails(
                StatusCode::CONFLICT,
                "There is one of that name, or there are too many.",
            ),
        named(operation::get(ONE, show))
            .named("getToken", "Show a token")
            .needs(Role::Admin)
            .gives::<Shown>(StatusCode::OK, "The token, without the token."),
        named(operation::patch(ONE, edit))
            .named("editToken", "Change what a token admits to")
            .about("What is not named stays as it is.")
            .needs(Role::Admin)
            .takes_as::<Patch>(MERGE_PATCH, "What is to be different, as in RFC 7396.")
            .gives::<Shown>(StatusCode::OK, "The token as it is now."),
        named(operation::delete(ONE, remove))
            .named("removeToken", "Remove a token")
            .needs(Role::Admin)
            .gives::<Done>(StatusCode::OK, "It admits to nothing any more."),
    ]
}

async fn list(
    State(state): State<web::State>,
    _: Admin,
    params: Result<Query<Params>, QueryRejection>,
) -> Result<Json<List>, Problem> {
    let Query(params) =
        params.map_err(|rejection| wrong_query(page::cut(&rejection.body_text())))?;
    let limit = page::limit(params.limit.as_deref()).map_err(wrong_query)?;
    let (tokens, next) = page::after(
        state.api.keyring.all(),
        |token| &token.name,
        params.after.as_deref(),
        limit,
    );
    let tokens = tokens.iter().map(Shown::from).collect();
    Ok(Json(List { tokens, next }))
}

async fn show(
    State(state): State<web::State>,
    _: Admin,
    Segment(name): Segment,
) -> Result<Json<Shown>, Problem> {
    let token = state.api.keyring.named(&name);
    let token = token.ok_or_else(|| unknown(&name))?;
    Ok(Json(Shown::from(&token)))
}

async fn add(
    State(state): State<web::State>,
    _: Admin,
    Sent(wanted): Sent<Wanted>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<Made>), Problem> {
    let now = clock::now();
    let (secret, digest) = keyring::secret().map_err(|error| {
        tracing::error!(%error, "there are no random numbers");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_random_numbers",
            "the system gives no random numbers",
            "send it again; see the log",
        )
    })?;
    let token = read(wanted, digest, now)?;
    let shown = Shown::from(&token);
    match state.api.keyring.add(&state.engine, token).await? {
        Ok(()) => {}
        Err(Refused::Taken) => {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "exists",
                format!("there is a token `{}`", shown.name),
                "take another name, or remove that one first",
            ));
        }
        Err(Refused::TooMany) => {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "too_many_tokens",
                format!("there are {TOKENS_MAX} tokens, which are the most"),
                "remove those that nobody uses: `used_at` says when each was used last",
            ));
        }
    }
    let token = secret.expose().to_owned();
    Ok((StatusCode::CREATED, NOT_KEPT, Json(Made { token, shown })))
}

async fn edit(
    State(state): State<web::State>,
    _: Admin,
    Segment(name): Segment,
    Sent(changes): Sent<Value>,
) -> Result<Json<Shown>, Problem> {
    // Whether it can be understood does not depend on what is there.
    let _: Patch = request::from_value(changes.clone())?;
    let ring = &state.api.keyring;
    let now = clock::now();
    let wanted = name.clone();
    let edited = ring.edit(&state.engine, name.clone(), move |known| {
        let known = known.ok_or_else(|| unknown(&wanted))?;
        let before = Shown::from(&known);
        let mut value = json!({"name": before.name, "role": before.role});
        let rest = json!({"scope": before.scope, "expires_at": before.expires_at});
        patch::merge(&mut value, rest);
        patch::merge(&mut value, changes);
        let token = read(request::from_value(value)?, known.digest, now)?;
        Ok::<_, Problem>(Token {
            created_at: known.created_at,
            used_at: known.used_at,
            ..token
        })
    });
    edited.await??;
    let token = ring.named(&name).ok_or_else(|| unknown(&name))?;
    Ok(Json(Shown::from(&token)))
}

async fn remove(
    State(state): State<web::State>,
    _: Admin,
    Segment(name): Segment,
) -> Result<Json<Done>, Problem> {
    if !state
        .api
        .keyring
        .remove(&state.engine, name.clone())
        .await?
    {
        return Err(unknown(&name));
    }
    Ok(Json(Done {
        result: "removed".to_owned(),
        message: format!("the token `{name}` admits to nothing any more"),
    }))
}

fn read(wanted: Wanted, digest: [u8; 32], now: Timestamp) -> Result<Token, Problem> {
    if !token::is_name(&wanted.name) {
        return Err(wrong(
            "`name` has 1 to 100 of the characters A-Z, a-z, 0-9, `_`, `.` and `-`, and begins with a letter or a digit".to_owned(),
        ));
    }
    if wanted.name == super::ROOT {
        return Err(wrong(format!(
            "`{}` is what Nabat's own token is called; take another name",
            super::ROOT
        )));
    }
    let expires_at = wanted.expires_at.as_deref().map(|text| {
        let at = Timestamp::parse_rfc3339(text).ok().flatten();
        at.ok_or_else(|| wrong("`expires_at` is no time in RFC 3339".to_owned()))
    });
    Ok(Token {
        name: wanted.name,
        digest,
        role: wanted.role,
        scope: scope(wanted.scope.as_deref())?,
        created_at: now,
        expires_at: expires_at.transpose()?,
        used_at: None,
    })
}

fn scope(text: Option<&str>) -> Result<Vec<Matcher>, Problem> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    if text.chars().count() > SCOPE_CHARS_MAX {
        return Err(wrong(format!(
            "`scope` is longer than {SCOPE_CHARS_MAX} characters"
        )));
    }
    let matchers = matcher::parse_list(text)
        .map_err(|error| wrong(page::cut(&format!("`scope`: {error}"))))?;
    match matchers.is_empty() {
        // Whoever wants a limit and makes a mistake must not get a token without one.
        true => Err(wrong(
            "`scope` names no matcher; leave it out for everything".to_owned(),
        )),
        false => Ok(matchers),
    }
}

fn unknown(name: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("there is no token `{}`", page::cut(name)),
        "`GET /api/v1/tokens` lists them",
    )
}

fn wrong(message: String) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid_content",
        message,
        "a token has a `name`, a `role` (viewer, operator, admin), and may have a `scope` and `expires_at`",
    )
}

fn wrong_query(message: String) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid_query",
        message,
        "a list takes `limit` and `after`",
    )
}
