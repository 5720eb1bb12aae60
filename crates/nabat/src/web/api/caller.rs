//! Who asks: authorisation is an argument of the handlers, which only an accepted token becomes.
//!
//! [`Viewer`], [`Operator`] and [`Admin`] prove that whoever asks has at least that role and may
//! know of everything. A handler that shows and changes only what is in somebody's scope takes a
//! [`Scoped`] of them instead; a token that is limited to a scope becomes no other.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use nabat_core::alert::Labels;
use nabat_core::matcher::Matcher;
use nabat_core::token::{self, Role, Token};

use crate::web::State;
use crate::web::answer::Problem;

/// Whoever asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What the token is called; `api-token` for those that no command made.
    pub name: Arc<str>,
    /// The digest of the token, which tells it from an earlier one of that name; zeros for those that
    /// no command made.
    pub id: [u8; 32],
    /// What it admits to.
    pub role: Role,
    /// What it is about; everything without any matcher.
    pub scope: Arc<[Matcher]>,
}

impl From<&Token> for Caller {
    fn from(token: &Token) -> Self {
        Self {
            name: token.name.as_str().into(),
            id: token.digest,
            role: token.role,
            scope: token.scope.as_slice().into(),
        }
    }
}

impl Caller {
    /// Whether it may know of what has these labels.
    pub fn sees(&self, labels: &Labels) -> bool {
        token::covers(&self.scope, labels)
    }
}

/// Proof that whoever asks has at least the role `R`, and no scope.
#[derive(Debug)]
pub struct Admitted<R> {
    /// Who that is.
    pub caller: Caller,
    role: PhantomData<R>,
}

/// Proof that whoever asks has at least a role; `caller` says what may be shown and changed.
#[derive(Debug)]
pub struct Scoped<P>(pub P);

/// Proof of a token that may look.
pub type Viewer = Admitted<ToView>;
/// Proof of a token that may see to what happens.
pub type Operator = Admitted<ToOperate>;
/// Proof of a token that may do everything.
pub type Admin = Admitted<ToAdminister>;

/// A role as a type.
pub trait Needs {
    /// The least role.
    const ROLE: Role;
}

/// To look.
#[derive(Debug)]
pub enum ToView {}
/// To see to what happens.
#[derive(Debug)]
pub enum ToOperate {}
/// To do everything.
#[derive(Debug)]
pub enum ToAdminister {}

impl Needs for ToView {
    const ROLE: Role = Role::Viewer;
}

impl Needs for ToOperate {
    const ROLE: Role = Role::Operator;
}

impl Needs for ToAdminister {
    const ROLE: Role = Role::Admin;
}

impl<R: Needs> FromRequestParts<State> for Admitted<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let Scoped(admitted) = Scoped::<Self>::from_request_parts(parts, state).await?;
        if admitted.caller.scope.is_empty() {
            return Ok(admitted);
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "out_of_scope",
            format!("the token `{}` is limited to a scope", admitted.caller.name),
            "use a token without one: this concerns more than some alerts and monitors",
        ))
    }
}

impl<R: Needs> FromRequestParts<State> for Scoped<Admitted<R>> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        if parts.headers.contains_key(header::ORIGIN) {
            return Err(Problem::from_a_page());
        }
        let caller = state.api.caller(state, &parts.headers).await;
        let caller = caller.ok_or_else(unauthorized)?;
        if caller.role < R::ROLE {
            return Err(forbidden(&caller, R::ROLE));
        }
        let role = PhantomData;
        Ok(Self(Admitted { caller, role }))
    }
}

fn unauthorized() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "the request carries no token of the API, or one that is wrong or over",
        "send `Authorization: Bearer TOKEN`; `nabat token add` makes one, and one for everything is in the file `api-token` in Nabat's data folder, or that of `api` in its configuration",
    )
}

fn forbidden(caller: &Caller, role: Role) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "forbidden",
        format!(
            "the token `{}` has the role {}, and this takes {role}",
            caller.name, caller.role
        ),
        format!("use a token of the role {role}; `nabat token add NAME --role {role}` makes one"),
    )
}
