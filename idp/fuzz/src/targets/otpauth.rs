//! What code apps are told, and the codes that people type: a line for the service's name, one for the person's, one
//! for a code.
//! The address says what was put into it, and a code is good in its own half minute and the next.

use idp::crypto::totp::{matched_step, setup, step_at};
use time::OffsetDateTime;
use url::Url;

use super::lines;

/// The secret of RFC 6238 appendix B.
const SECRET: &[u8] = b"12345678901234567890";

pub fn run(data: &[u8]) {
    let Some([issuer, account, code]) = lines(data) else {
        return;
    };
    let now = OffsetDateTime::from_unix_timestamp(1_111_111_109).expect("a moment");
    if let Some(step) = matched_step(SECRET, code, now) {
        let typed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        assert!(["081804", "731029"].contains(&typed.as_str()), "{code:?} is no code of this moment");
        assert!((0..=1).contains(&(step_at(now) - step)));
    }
    let Some(setup) = setup(SECRET, issuer, account) else {
        return;
    };
    let url = Url::parse(&setup.url).expect("an address");
    assert_eq!((url.scheme(), url.host_str()), ("otpauth", Some("totp")), "{url}");
    let asked = |name: &str| {
        let mut values = url.query_pairs().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        assert!(values.next().is_none(), "{name} comes twice in {url}");
        value
    };
    assert_eq!(asked("secret").as_deref(), Some(setup.typed.replace(' ', "").as_str()));
    assert_eq!(asked("issuer").unwrap_or_default(), issuer.replace(':', " "), "{url}");
    assert!(setup.qr.path.chars().all(|c| c.is_ascii_digit() || "Mhvz,- 1".contains(c)), "no path");
}
