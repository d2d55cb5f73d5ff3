//! What is where.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use earshot_identity::DeviceKey;
use earshot_signaling::{Greeting, HubHandle, IceServers, assets, hub_router_with};

use crate::hosts::{Hosts, guard};

pub(crate) fn router(
    hub: HubHandle,
    key: Arc<DeviceKey>,
    title: &str,
    ice_servers: IceServers,
    hosts: Hosts,
) -> Router {
    // The page learns what it is part of: here everybody is a guest.
    let surface = serde_json::json!({ "surface": "guest", "title": title });
    let for_those_who_run_it =
        Router::new().route("/healthz", get(health)).route("/metrics", get(metrics)).with_state(hub.clone());
    hub_router_with(hub, Greeting::without_phrase(key, false), ice_servers)
        .route("/surface.json", get(async || Json(surface)))
        .merge(assets::router())
        .layer(from_fn_with_state(hosts, guard))
        // Asked for by whatever address is at hand, and nothing of anybody is told there.
        .merge(for_those_who_run_it)
}

async fn health(State(hub): State<HubHandle>) -> Response {
    match hub.counts().await {
        Some(_) => "ok\n".into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response(),
    }
}

/// Numbers only; nothing of anybody in particular (Prometheus' text format 0.0.4).
async fn metrics(State(hub): State<HubHandle>) -> Response {
    let Some(counts) = hub.counts().await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response();
    };
    let mut text = String::new();
    for (name, help, value) in [
        ("earshot_members", "Places, connected or in their grace.", counts.places),
        ("earshot_connections", "Places that are connected.", counts.connections),
        ("earshot_devices", "Devices that have a place.", counts.devices),
        ("earshot_rooms", "Rooms.", counts.rooms),
        ("earshot_rings", "Rings that have not ended.", counts.rings),
    ] {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
