//! The addresses an application may be answered at.

use url::{Host, Url};

use super::{Invalid, text_type};

text_type!(
    /// An address an application may be answered at, as registered. Compared byte by byte, see
    /// [`RedirectUri::matches`].
    RedirectUri,
    |text| {
        let invalid = |why| Err(Invalid::new("redirect_uri", why));
        if text.len() > 2000 {
            return invalid("must be at most 2000 bytes");
        }
        if !text.is_ascii() || text.bytes().any(|b| b <= 0x20 || b == 0x7f || b == b'\\') {
            return invalid("must be plain ASCII without spaces or backslashes");
        }
        if text.contains('*') {
            return invalid("must not contain a wildcard");
        }
        let Ok(url) = Url::parse(text) else {
            return invalid("must be an absolute URI");
        };
        if url.fragment().is_some() {
            return invalid("must not contain a fragment (RFC 6749 §3.1.2)");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return invalid("must not contain user information");
        }
        match url.scheme() {
            "https" if !has_plain_host(&url) => invalid("must have a host of letters, digits, hyphens, dots and underscores"),
            "https" => Ok(text.to_owned()),
            "http" if is_loopback(&url) => Ok(text.to_owned()),
            "http" => invalid("must use https (http only on loopback)"),
            // RFC 8252 §7.1: a private-use scheme is a reversed domain name. This also keeps
            // javascript:, data:, file:, blob: and their kin out.
            scheme if scheme.contains('.') => Ok(text.to_owned()),
            _ => invalid("must use https, http on loopback, or a scheme such as com.example.app"),
        }
    }
);

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// URLs allow more in a host than names of hosts have, such as `;` and `,`: in a content security policy, where origins
/// are written, these would begin something else.
fn has_plain_host(url: &Url) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    match url.host() {
        Some(Host::Domain(name)) => name.chars().all(legal),
        other => other.is_some(),
    }
}

/// Whether a URL is safe to publish: encrypted, or never leaving this machine.
#[must_use]
pub fn is_https_or_loopback(url: &Url) -> bool {
    has_plain_host(url) && (url.scheme() == "https" || url.scheme() == "http" && is_loopback(url))
}

impl RedirectUri {
    /// RFC 9700 §2.1: the presented text must equal the registered one byte by byte. For native
    /// clients alone, the port of a loopback IP literal may differ (RFC 8252 §7.3).
    #[must_use]
    pub fn matches(&self, presented: &str, native: bool) -> bool {
        presented == self.0 || native && self.matches_but_for_port(presented)
    }

    fn matches_but_for_port(&self, presented: &str) -> bool {
        let split = |text: &str| -> Option<(String, String)> {
            let (host, rest) = ["http://127.0.0.1", "http://[::1]"]
                .into_iter()
                .find_map(|host| text.strip_prefix(host).map(|rest| (host, rest)))?;
            let path = match rest.strip_prefix(':') {
                None => rest,
                Some(port_and_path) => {
                    let digits = port_and_path.bytes().take_while(u8::is_ascii_digit).count();
                    port_and_path.get(..digits)?.parse::<u16>().ok()?;
                    port_and_path.get(digits..)?
                }
            };
            (path.is_empty() || path.starts_with('/') || path.starts_with('?'))
                .then(|| (host.to_owned(), path.to_owned()))
        };
        // What is presented must itself be a legal redirect URI: the port is the only liberty.
        Self::parse(presented).is_ok()
            && split(&self.0).is_some_and(|registered| split(presented) == Some(registered))
    }

    /// RFC 8252 §7.1: an address that a program on the person's device answers at.
    #[must_use]
    pub fn has_private_scheme(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| !matches!(url.scheme(), "https" | "http"))
    }

    /// Scheme, host and port; of a private scheme there is none.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        let origin = Url::parse(&self.0).ok()?.origin();
        origin.is_tuple().then(|| origin.ascii_serialization())
    }

    /// Its host, of which a sector is made (OIDC Core §8.1).
    #[must_use]
    pub fn host(&self) -> Option<String> {
        Url::parse(&self.0).ok()?.host_str().map(ToOwned::to_owned)
    }

    /// The source to allow in `form-action`, because Chromium applies it to the redirect that
    /// follows a form.
    #[must_use]
    pub fn form_action_source(&self) -> Option<String> {
        let url = Url::parse(&self.0).ok()?;
        match url.origin() {
            url::Origin::Tuple(..) => Some(url.origin().ascii_serialization()),
            url::Origin::Opaque(_) => Some(format!("{}:", url.scheme())),
        }
    }

    /// The host or scheme that a person is told they are going to.
    #[must_use]
    pub fn display_host(&self) -> String {
        Url::parse(&self.0).map_or_else(
            |_| self.0.clone(),
            |url| url.host_str().map_or_else(|| format!("{}:", url.scheme()), ToOwned::to_owned),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A2
    #[test]
    fn registration_refuses_dangerous_redirect_uris() {
        for text in [
            "",
            "/callback",
            "https://app.example/cb#x",
            "https://app.example/cb#",
            "https://*.app.example/cb",
            "https://user@app.example/cb",
            "https://user:pw@app.example/cb",
            "http://app.example/cb",
            "http://localhost.evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://10.0.0.1/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "blob:https://app.example/x",
            "myapp:/cb",
            "https://app.example/c b",
            "https://app.example\\@evil.example/cb",
            "https://app.example/\u{e9}",
        ] {
            assert!(RedirectUri::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_host_says_nothing_else_in_a_policy() {
        for host in ["a;sandbox", "a,b", "a'b", "a\"b", "(a)", "a$b"] {
            let text = format!("https://{host}/cb");
            assert!(RedirectUri::parse(&text).is_err(), "{text}");
            assert!(!Url::parse(&text).is_ok_and(|url| is_https_or_loopback(&url)), "{text}");
        }
        assert!(RedirectUri::parse("https://xn--bcher-kva.example:8443/cb;a,b").is_ok());
        assert!(RedirectUri::parse("https://[2001:db8::1]/cb").is_ok());
    }

    #[test]
    fn registration_accepts_the_usual_redirect_uris() {
        for text in [
            "https://app.example/cb?tenant=1",
            "http://localhost:8090/callback",
            "http://127.0.0.1/cb",
            "http://[::1]:4000/cb",
            "com.example.app:/oauth2redirect",
        ] {
            assert!(RedirectUri::parse(text).is_ok(), "{text:?}");
        }
    }

    /// A1
    #[test]
    fn a_redirect_uri_matches_byte_by_byte() {
        let registered = RedirectUri::parse("https://app.example/cb").unwrap();
        for text in [
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://APP.example/cb",
            "https://app.example:443/cb",
            "https://app.example/cb?",
            "https://app.example/cb?x=1",
            "https://app.example/./cb",
            "https://app.example/%63b",
            "https://app.example./cb",
            "https://app.example/cb#",
            "https://app.example@evil.example/cb",
            "https://app.example/..;/cb",
            "http://app.example/cb",
        ] {
            assert!(!registered.matches(text, false), "{text:?}");
            assert!(!registered.matches(text, true), "{text:?}");
        }
    }

    /// A1: the port of a loopback literal, for native clients, and nothing else.
    #[test]
    fn only_a_native_client_may_choose_its_loopback_port() {
        let registered = RedirectUri::parse("http://127.0.0.1/cb").unwrap();
        assert!(registered.matches("http://127.0.0.1:53127/cb", true));
        assert!(!registered.matches("http://127.0.0.1:53127/cb", false));
        for text in [
            "http://127.0.0.1:53127/other",
            "http://127.0.0.1:53127@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://[::1]:53127/cb",
            "http://localhost:53127/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:/cb",
            "https://127.0.0.1:53127/cb",
            "http://127.0.0.1:53127/cb#f",
        ] {
            assert!(!registered.matches(text, true), "{text:?}");
        }
        let localhost = RedirectUri::parse("http://localhost/cb").unwrap();
        assert!(!localhost.matches("http://localhost:53127/cb", true));
    }
}
