//! Reads a call of the Bot API from HTTP: path, query, JSON, form or multipart.
//!
//! As with Telegram, the query wins over the body and the first of several equal names wins.

use std::collections::HashMap;

use axum::extract::{Form, FromRequest, Multipart, Query};
use axum::http::Request as HttpRequest;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde_json::Value;

use crate::refusal::Refusal;
use crate::schema::Params;

/// Telegram takes uploads of up to 50 MB; the rest is for the other fields.
pub(crate) const BODY_MAX: usize = 51 * 1024 * 1024;

/// A file that came with a request, under the name of its part.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) mime: String,
    pub(crate) bytes: Bytes,
}

/// What a request carries.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    pub(crate) params: Params,
    pub(crate) uploads: HashMap<String, Upload>,
}

/// Token and method of a path `/bot<token>/<method>`.
pub(crate) fn split_path(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("/bot")?
        .split_once('/')
        .filter(|(_, method)| !method.is_empty() && !method.contains('/'))
}

/// Reads all parameters and files.
pub(crate) async fn read(request: HttpRequest<axum::body::Body>) -> Result<Carried, Refusal> {
    let mut carried = Carried::default();
    if let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()) {
        pairs
            .into_iter()
            .for_each(|(name, value)| carried.put(name, value.into()));
    }
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
        .to_owned();
    if kind.starts_with("multipart/form-data") {
        let broken = |_| Refusal::bad("can't parse multipart/form-data");
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| Refusal::bad("can't parse multipart/form-data"))?;
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            let name = part.name().unwrap_or_default().to_owned();
            match part.file_name().map(str::to_owned) {
                Some(file) => {
                    let mime = part
                        .content_type()
                        .unwrap_or("application/octet-stream")
                        .to_owned();
                    let bytes = part
                        .bytes()
                        .await
                        .map_err(|_| Refusal::new(413, "Request Entity Too Large"))?;
                    carried.put(name.clone(), format!("attach://{name}").into());
                    carried.uploads.insert(
                        name,
                        Upload {
                            name: file,
                            mime,
                            bytes,
                        },
                    );
                }
                None => carried.put(name, part.text().await.map_err(broken)?.into()),
            }
        }
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        let Form(pairs) = form.map_err(|_| Refusal::bad("can't parse the form"))?;
        pairs
            .into_iter()
            .for_each(|(name, value)| carried.put(name, value.into()));
    } else {
        let body = Bytes::from_request(request, &())
            .await
            .map_err(|_| Refusal::new(413, "Request Entity Too Large"))?;
        if !body.is_empty() {
            let parsed = serde_json::from_slice(&body);
            let Ok(Value::Object(fields)) = parsed else {
                return Err(Refusal::bad(
                    "can't parse request: the body must be a JSON object",
                ));
            };
            fields
                .into_iter()
                .for_each(|(name, value)| carried.put(name, value));
        }
    }
    Ok(carried)
}

impl Carried {
    fn put(&mut self, name: String, value: Value) {
        // A null stands for "not given", as many clients write it.
        if !value.is_null() {
            self.params.entry(name).or_insert(value);
        }
    }
}
