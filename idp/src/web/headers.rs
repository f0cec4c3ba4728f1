//! The security headers of every response (security: §4.3).

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};

use serde_json::Value;

use crate::app::App;
use crate::ephemeral::Kind;

/// For everything that is not a page: nothing in it may run, load or be framed.
const BARE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self), \
    otp-credentials=(), camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()";

/// The policy of a page whose scripts carry `nonce` and whose forms may lead to `form_action`.
pub(super) fn page_policy(nonce: &str, form_action: Option<&str>, frames: &[String]) -> String {
    let form_action = form_action.map(|source| format!(" {source}")).unwrap_or_default();
    let frames = if frames.is_empty() { String::new() } else { format!("frame-src {}; ", frames.join(" ")) };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self'; \
         img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'{form_action}; \
         {frames}frame-ancestors 'none'; base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'; \
         report-to csp"
    )
}

/// A response that may be shown in anybody's frame. Its own policy says so too.
#[derive(Debug, Clone, Copy)]
pub struct Framed;

/// So many are added, with the id of the request.
const MOST: usize = 10;

/// Adds what a response has not set itself.
pub fn complete(app: &App, response: &mut Response) {
    let framed = response.extensions().get::<Framed>().is_some();
    let headers = response.headers_mut();
    headers.reserve(MOST);
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(CONTENT_SECURITY_POLICY, BARE_POLICY);
    default(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    default(REFERRER_POLICY, "no-referrer");
    default(X_CONTENT_TYPE_OPTIONS, "nosniff");
    if !framed {
        default(X_FRAME_OPTIONS, "DENY");
    }
    default(HeaderName::from_static("reporting-endpoints"), "csp=\"/csp-report\"");
    default(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    default(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if app.config.public_url.is_secure() {
        default(STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
}

/// More reports than this in a minute are not worth a line each.
const REPORTS_LOGGED: u64 = 30;

/// POST /csp-report: a browser found something on a page of ours that the policy forbids. Anyone can
/// send one, so it is a hint in the log and nothing more, without queries, which may carry secrets.
pub async fn report(State(app): State<App>, body: Bytes) -> StatusCode {
    let counted = app.ephemeral.count(Kind::PolicyReport, [0; 32], time::Duration::MINUTE).await;
    if counted.is_ok_and(|count| count <= REPORTS_LOGGED) {
        let reports: Vec<Value> = serde_json::from_slice(&body).unwrap_or_default();
        for report in reports.iter().take(5) {
            let field = |name: &str| {
                let text =
                    report.pointer(&format!("/body/{name}")).and_then(Value::as_str).unwrap_or_default();
                let text = text.split(['?', '#']).next().unwrap_or_default();
                text.chars().filter(char::is_ascii_graphic).take(200).collect::<String>()
            };
            let (directive, blocked) = (field("effectiveDirective"), field("blockedURL"));
            let page = field("documentURL");
            tracing::warn!(directive, blocked, page, "a page broke its content security policy");
        }
    }
    StatusCode::NO_CONTENT
}
