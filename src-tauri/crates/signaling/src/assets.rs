//! The UI as web pages, embedded into the program when it was built for release.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../../ui/dist"]
#[allow_missing = true]
struct Ui;

/// Nothing from elsewhere, nothing inline, in nobody's frame. `'self'` in connect-src covers the WebSocket to the same
/// host and port (CSP level 3, section 6.7.2.8).
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self'; img-src 'self' blob: data:; \
    media-src 'self' blob: mediastream:; style-src 'self'; script-src 'self'; font-src 'self'; worker-src 'self'; \
    object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PERMISSIONS_POLICY: &str = "camera=(self), microphone=(self), display-capture=(self), \
    speaker-selection=(self), fullscreen=(self), autoplay=(self), screen-wake-lock=(self), geolocation=(), usb=(), \
    serial=(), hid=(), payment=(), midi=()";

/// The headers that every page of the UI has.
pub const SECURITY_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS_POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// The UI at `/`. Files whose name holds their hash may be kept for ever; all others are asked for again.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/", get(async |headers: HeaderMap| page("index.html", &headers)))
        .route("/{*path}", get(async |Path(path): Path<String>, headers: HeaderMap| page(&path, &headers)))
}

fn page(path: &str, request: &HeaderMap) -> Response {
    let mut response = match Ui::get(path) {
        Some(file) => answer(path, file, request),
        None if Ui::get("index.html").is_none() => {
            (StatusCode::NOT_FOUND, "The UI is not part of this build.\n").into_response()
        }
        None => (StatusCode::NOT_FOUND, "There is no such page.\n").into_response(),
    };
    response.headers_mut().extend(SECURITY_HEADERS);
    response
}

fn answer(path: &str, file: rust_embed::EmbeddedFile, request: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    // Vite puts what it names by its hash into this folder, and nothing else.
    let caching =
        if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = request
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = mime_guess::from_path(path).first_or_octet_stream();
        let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
        ([(header::CONTENT_TYPE, kind)], Body::from(file.data.into_owned())).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
