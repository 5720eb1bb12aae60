//! How this Alertmanager is: `GET /api/v2/status` and `GET /api/v2/receivers`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use nabat_core::engine::SUBSCRIBERS;

use super::original;
use crate::metrics::alertmanager::VERSION;
use crate::web;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    cluster: Cluster,
    config: Config,
    /// Since when it runs, in spite of its name.
    uptime: String,
    version_info: Version,
}

#[derive(Serialize)]
struct Cluster {
    name: String,
    peers: [Peer; 1],
    status: &'static str,
}

#[derive(Serialize)]
struct Peer {
    address: String,
    name: String,
}

#[derive(Serialize)]
struct Config {
    original: String,
}

/// Programs compare `version` with those of Alertmanager that they know, so it is one of these.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    branch: &'static str,
    build_date: &'static str,
    build_user: &'static str,
    go_version: &'static str,
    revision: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
pub(super) struct Receiver {
    name: String,
}

/// Shows how it is. It is a cluster of one.
pub(super) async fn show(State(state): State<web::State>) -> Json<Status> {
    let about = &state.about;
    let name = about.instance.clone();
    let peer = Peer {
        address: about.address.to_string(),
        name: name.clone(),
    };
    Json(Status {
        cluster: Cluster {
            name,
            peers: [peer],
            status: "ready",
        },
        config: Config {
            original: original::of(&state.config.borrow()),
        },
        uptime: about.started_at.to_string(),
        version_info: Version {
            branch: "nabat",
            build_date: "",
            build_user: "nabat",
            go_version: "none",
            revision: concat!("nabat ", env!("CARGO_PKG_VERSION")),
            version: VERSION,
        },
    })
}

/// Lists who can be told.
pub(super) async fn receivers(State(state): State<web::State>) -> Json<Vec<Receiver>> {
    let config = state.config.borrow();
    let subscribers = config.route.is_none().then(|| SUBSCRIBERS.to_owned());
    let configured = config
        .receivers
        .iter()
        .map(|receiver| receiver.name.clone());
    let names = subscribers.into_iter().chain(configured);
    Json(names.map(|name| Receiver { name }).collect())
}
