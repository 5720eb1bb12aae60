//! One operation of the REST API: how it is reached, who serves it, and what the document says of it.
//!
//! The routes and the OpenAPI document are made of the same list of operations, so that neither
//! can hold what the other does not.

use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::routing::{MethodFilter, MethodRouter, on};
use nabat_core::token::Role;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use crate::web::State;

/// Makes the schema of a type, and notes those that it refers to.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A thing that can be asked of the API.
#[derive(Debug)]
pub struct Operation {
    pub(super) method: Method,
    /// As axum and OpenAPI write it: `/api/v1/incidents/{id}`.
    pub(super) path: &'static str,
    pub(super) handler: MethodRouter<State>,
    /// Its name in clients that are made of the document.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    /// The least role that it takes; `None`: anyone may.
    pub(super) role: Option<Role>,
    pub(super) segments: Vec<Segment>,
    pub(super) query: Option<SchemaOf>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    /// Whether an `Idempotency-Key` lets it be done once.
    pub(super) once: bool,
}

/// A variable part of a path.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) schema: Value,
}

/// What an operation takes beside its address.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) media: &'static str,
    pub(super) description: &'static str,
    pub(super) schema: SchemaOf,
    /// One of those that make sense, where the schema alone does not say it.
    pub(super) example: Option<Value>,
}

/// What an operation may answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) description: &'static str,
    /// Its type and schema; `None`: it has no body.
    pub(super) content: Option<(&'static str, SchemaOf)>,
}

/// JSON, the type of most bodies.
pub const JSON: &str = "application/json";
/// A merge patch, RFC 7396.
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// `GET path`.
pub fn get<H: Handler<T, State>, T: 'static>(path: &'static str, handler: H) -> Operation {
    Operation::new(Method::GET, path, on(MethodFilter::GET, handler))
}

/// `POST path`.
pub fn post<H: Handler<T, State>, T: 'static>(path: &'static str, handler: H) -> Operation {
    Operation::new(Method::POST, path, on(MethodFilter::POST, handler))
}

/// `PUT path`.
pub fn put<H: Handler<T, State>, T: 'static>(path: &'static str, handler: H) -> Operation {
    Operation::new(Method::PUT, path, on(MethodFilter::PUT, handler))
}

/// `PATCH path`.
pub fn patch<H: Handler<T, State>, T: 'static>(path: &'static str, handler: H) -> Operation {
    Operation::new(Method::PATCH, path, on(MethodFilter::PATCH, handler))
}

/// `DELETE path`.
pub fn delete<H: Handler<T, State>, T: 'static>(path: &'static str, handler: H) -> Operation {
    Operation::new(Method::DELETE, path, on(MethodFilter::DELETE, handler))
}

impl Operation {
    fn new(method: Method, path: &'static str, handler: MethodRouter<State>) -> Self {
        Self {
            method,
            path,
            handler,
            id: "",
            summary: "",
            description: "",
            role: None,
            segments: Vec::new(),
            query: None,
            body: None,
            answers: Vec::new(),
            once: false,
        }
    }

    /// Its name for programs, such as `listIncidents`, and for people.
    pub fn named(mut self, id: &'static str, summary: &'static str) -> Self {
        (self.id, self.summary) = (id, summary);
        self
    }

    /// What else people should know.
    pub fn about(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// The least role that it takes: that of the proof which its handler takes.
    pub fn needs(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// A part of its path that is a number.
    pub fn number(self, name: &'static str, description: &'static str) -> Self {
        let schema = json!({"type": "integer", "format": "int64", "minimum": 0});
        self.segment(name, description, schema)
    }

    /// A part of its path that is of `schema`; percent-encoded by who asks, and decoded once.
    pub fn segment(mut self, name: &'static str, description: &'static str, schema: Value) -> Self {
        self.segments.push(Segment {
            name,
            description,
            schema,
        });
        self
    }

    /// Its parameters: the properties of an object.
    pub fn query<P: JsonSchema>(mut self) -> Self {
        self.query = Some(SchemaGenerator::root_schema_for::<P>);
        self
    }

    /// What it takes as JSON.
    pub fn takes<B: JsonSchema>(self, description: &'static str) -> Self {
        self.takes_as::<B>(JSON, description)
    }

    /// What it takes, of another type than plain JSON.
    pub fn takes_as<B: JsonSchema>(
        mut self,
        media: &'static str,
        description: &'static str,
    ) -> Self {
        self.body = Some(Body {
            media,
            description,
            schema: SchemaGenerator::subschema_for::<B>,
            example: None,
        });
        self
    }

    /// What its body may look like.
    pub fn example(mut self, example: Value) -> Self {
        if let Some(body) = &mut self.body {
            body.example = Some(example);
        }
        self
    }

    /// What it answers as JSON when all went well.
    pub fn gives<A: JsonSchema>(self, status: StatusCode, description: &'static str) -> Self {
        self.gives_as::<A>(JSON, status, description)
    }

    /// What it answers, of another type than plain JSON.
    pub fn gives_as<A: JsonSchema>(
        mut self,
        media: &'static str,
        status: StatusCode,
        description: &'static str,
    ) -> Self {
        self.answers.push(Answer {
            status,
            description,
            content: Some((media, SchemaGenerator::subschema_for::<A>)),
        });
        self
    }

    /// An answer without a body.
    pub fn gives_nothing(mut self, status: StatusCode, description: &'static str) -> Self {
        self.answers.push(Answer {
            status,
            description,
            content: None,
        });
        self
    }

    /// When it answers with a problem of its own. Those that follow from its role, its parameters and
    /// its body need not be said.
    pub fn fails(mut self, status: StatusCode, description: &'static str) -> Self {
        self.answers.push(Answer {
            status,
            description,
            content: Some((
                JSON,
                SchemaGenerator::subschema_for::<super::shape::Failure>,
            )),
        });
        self
    }

    /// It is done once for each `Idempotency-Key`.
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }
}
