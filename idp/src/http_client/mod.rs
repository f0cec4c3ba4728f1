//! The only outgoing HTTP; `operator` is the way to what the operator names. Applications name addresses that we then call, so each is held to the open
//! internet: no redirects, no address of ours or of our network, little time (security: S22).

mod operator;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tracing::Instrument;
use url::{Host, Url};

use crate::config::Config;

pub use operator::OperatorClient;

const TIMEOUT: Duration = Duration::from_secs(5);
/// Nothing that we read is longer.
const MAX_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone)]
pub struct HttpClient {
    inner: reqwest::Client,
    /// On a developer's machine the applications are on this machine too.
    loopback: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the address must use https and name a host on the open internet")]
    Forbidden,
    #[error("it did not answer: {}", innermost(.0))]
    Unreachable(reqwest::Error),
    #[error("it answered {0}")]
    Refused(u16),
    #[error("its answer is longer than 64 KiB")]
    TooLong,
}

/// What somebody else's server answered.
#[derive(Debug)]
pub struct Fetched {
    /// Without its parameters, in lower case.
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// A call in a trace: whom it was for is nobody's business there.
fn call() -> tracing::Span {
    tracing::debug_span!(target: "idp::work", "call")
}

/// What a library says about a failure tends to be inside of what it says first.
fn innermost(error: &reqwest::Error) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Asks the service of this configuration, on this machine. Which certificate it shows does not matter: nothing is told to
/// it, and it is reached without leaving the machine.
///
/// # Errors
/// When nothing answers within five seconds.
pub async fn ask_ourselves(config: &Config, path: &str) -> Result<(u16, String), FetchError> {
    let (mut address, host) = (config.http.listen, config.public_url.host());
    if address.ip().is_unspecified() {
        let loopback =
            if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    let scheme = if config.http.tls.is_some() { "https" } else { "http" };
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .resolve(host, address)
        .tls_danger_accept_invalid_certs(true)
        .build()
        .map_err(FetchError::Unreachable)?;
    let answer = client.get(format!("{scheme}://{host}:{}{path}", address.port())).send().await;
    let answer = answer.map_err(FetchError::Unreachable)?;
    let status = answer.status().as_u16();
    Ok((status, answer.text().await.map_err(FetchError::Unreachable)?))
}

impl HttpClient {
    /// # Errors
    /// When this machine has no list of certificate authorities, or the one in the configuration can not be read.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let profile = &config.conformance;
        let loopback = config.public_url.is_local() || profile.enabled;
        let mut builder = reqwest::Client::builder();
        if let Some(path) = profile.ca_file.as_ref().filter(|_| profile.enabled) {
            let what = || format!("conformance.ca_file {} can not be used", path.display());
            let authority = reqwest::Certificate::from_pem(&std::fs::read(path).with_context(what)?);
            builder = builder.tls_certs_merge([authority.with_context(what)?]);
        }
        let inner = builder
            .user_agent(concat!("Portico/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(OpenInternet { loopback }))
            .build()?;
        Ok(Self { inner, loopback })
    }

    /// Sends a form. Anything but a success is an error.
    ///
    /// # Errors
    /// When the address is forbidden, nobody answers in time, or the answer is no success.
    pub async fn post_form(&self, address: &str, fields: &[(&str, &str)]) -> Result<(), FetchError> {
        let body = serde_urlencoded::to_string(fields).unwrap_or_default();
        self.post(address, "application/x-www-form-urlencoded", (body, None)).await
    }

    /// Sends JSON. Anything but a success is an error.
    ///
    /// # Errors
    /// As [`Self::post_form`].
    pub async fn post_json(&self, address: &str, json: String) -> Result<(), FetchError> {
        self.post(address, "application/json", (json, None)).await
    }

    /// The same with a token of whoever is called.
    ///
    /// # Errors
    /// As [`Self::post_form`].
    pub async fn post_json_as(&self, address: &str, token: &str, json: String) -> Result<(), FetchError> {
        self.post(address, "application/json", (json, Some(token))).await
    }

    async fn post(
        &self,
        address: &str,
        content_type: &str,
        (body, token): (String, Option<&str>),
    ) -> Result<(), FetchError> {
        let request = self.inner.post(self.checked(address)?);
        let mut request = request.header("content-type", content_type).body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().instrument(call()).await.map_err(FetchError::Unreachable)?;
        // Nothing in the answer matters to us, however long it is.
        if response.status().is_success() {
            Ok(())
        } else {
            Err(FetchError::Refused(response.status().as_u16()))
        }
    }

    /// Reads what is at an address.
    ///
    /// # Errors
    /// When the address is forbidden, nobody answers in time, or the answer is no success or too long.
    pub async fn get(&self, address: &str, accept: &str) -> Result<Fetched, FetchError> {
        let request = self.inner.get(self.checked(address)?).header("accept", accept);
        let mut response = request.send().instrument(call()).await.map_err(FetchError::Unreachable)?;
        if !response.status().is_success() {
            return Err(FetchError::Refused(response.status().as_u16()));
        }
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        let content_type = content_type.trim().to_ascii_lowercase();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(FetchError::Unreachable)? {
            if bytes.len() + chunk.len() > MAX_BYTES {
                return Err(FetchError::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Fetched { content_type, bytes })
    }

    /// Names are judged when they are resolved; numbers here.
    fn checked(&self, address: &str) -> Result<Url, FetchError> {
        let url = Url::parse(address).map_err(|_| FetchError::Forbidden)?;
        let number = match url.host() {
            Some(Host::Ipv4(number)) => Some(IpAddr::V4(number)),
            Some(Host::Ipv6(number)) => Some(IpAddr::V6(number)),
            Some(Host::Domain(_)) => None,
            None => return Err(FetchError::Forbidden),
        };
        let here = self.loopback
            && (number.is_some_and(|ip| ip.is_loopback()) || url.host_str() == Some("localhost"));
        let good = match url.scheme() {
            "https" => number.is_none_or(|ip| is_global(ip) || here),
            "http" => here,
            _ => false,
        };
        let plain = url.username().is_empty() && url.password().is_none();
        if good && plain { Ok(url) } else { Err(FetchError::Forbidden) }
    }
}

/// A resolver that knows the open internet only. What it answers is what is connected to, so that a name can
/// not lead elsewhere a moment later.
#[derive(Debug)]
struct OpenInternet {
    loopback: bool,
}

impl Resolve for OpenInternet {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback = self.loopback;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let good =
                |address: &SocketAddr| is_global(address.ip()) || loopback && address.ip().is_loopback();
            // One that is not good makes all of them suspicious.
            if found.is_empty() || !found.iter().all(good) {
                return Err("the name leads to an address that is not on the open internet".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address can be that of somebody else on the internet (RFC 6890).
fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !(special
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation())
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [first, second, ..] = segments;
    // Those that stand for an IPv4 address are judged by it: mapped, compatible, NAT64, 6to4.
    let [.., high, low] = segments;
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_global_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => return embedded(high, low),
        [0x2002, high, low, ..] => return embedded(high, low),
        _ => {}
    }
    // Only what has been handed out (2000::/3), but for Teredo, ORCHID and documentation.
    let handed_out = first & 0xe000 == 0x2000;
    let special = first == 0x2001 && (second < 0x200 || second == 0xdb8) || first == 0x3fff;
    handed_out && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(public_url: &str) -> HttpClient {
        let environment = [("IDP_PUBLIC_URL".to_owned(), public_url.to_owned())];
        HttpClient::new(&Config::from_sources(None, environment).unwrap()).unwrap()
    }

    /// S22, class 2.16
    #[test]
    fn only_the_open_internet_is_called() {
        let client = client("https://login.example.org");
        for good in ["https://app.example.org/x", "https://203.1.113.9", "https://[2606:4700::1111]/"] {
            assert!(client.checked(good).is_ok(), "{good}");
        }
        for bad in [
            "http://app.example.org",
            "ftp://app.example.org",
            "file:///etc/passwd",
            "https://user:password@app.example.org",
            "https://127.0.0.1",
            "https://127.1",
            "https://0x7f000001",
            "https://2130706433",
            "https://0.0.0.0",
            "https://10.0.0.1",
            "https://172.16.0.1",
            "https://192.168.1.1",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1",
            "https://198.18.0.1",
            "https://192.0.2.1",
            "https://224.0.0.1",
            "https://255.255.255.255",
            "https://[::1]",
            "https://[::]",
            "https://[::ffff:127.0.0.1]",
            "https://[::ffff:10.0.0.1]",
            "https://[::127.0.0.1]",
            "https://[64:ff9b::10.0.0.1]",
            "https://[64:ff9b:1::1]",
            "https://[2002:7f00:1::]",
            "https://[2001::1]",
            "https://[2001:db8::1]",
            "https://[fc00::1]",
            "https://[fe80::1]",
            "https://[fec0::1]",
            "https://[ff02::1]",
            "nonsense",
        ] {
            assert!(client.checked(bad).is_err(), "{bad}");
        }
    }

    /// S22: a name that leads to ourselves.
    #[tokio::test]
    async fn a_name_is_judged_by_where_it_leads() {
        let error =
            client("https://login.example.org").post_form("https://localhost:9/x", &[]).await.unwrap_err();
        assert!(error.to_string().contains("not on the open internet"), "{error}");
        let local = client("http://localhost:8080");
        assert!(local.checked("http://localhost:9").is_ok() && local.checked("http://127.0.0.1:9").is_ok());
        assert!(
            local.checked("http://10.0.0.1").is_err() && local.checked("http://app.example.org").is_err()
        );
    }
}
