//! Signed tokens, those of applications and our own. As text, or (after a zero byte) one of three that are well signed
//! with some bytes changed: a place and what it is changed by, three bytes each.
//! What verifies says, byte for byte, what somebody signed.

use std::sync::LazyLock;

use idp::crypto::foreign::Unverified;
use idp::crypto::jwt;
use idp::crypto::keyring::KeyRing;
use idp::model::jwks::Jwks;
use idp::model::key::{KeyState, PublicKey, SigningAlg};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::keys;

const CLAIMS: &[u8] = br#"{"iss":"app","sub":"app","aud":"https://id.example","exp":1795424400,"jti":"1"}"#;

struct Known {
    keys: Jwks,
    /// Of ours, with one key for `EdDSA` that has a name.
    ring: KeyRing,
    signed: [String; 3],
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut public = keys::set()["keys"][1].clone();
    public["kid"] = json!("ours");
    let mut private = public.clone();
    private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let key = PublicKey {
        kid: "ours".to_owned(),
        alg: SigningAlg::EdDsa,
        state: KeyState::Current,
        jwk: public,
        created_at: OffsetDateTime::UNIX_EPOCH,
        changed_at: OffsetDateTime::UNIX_EPOCH,
    };
    Known {
        keys: keys::jwks(),
        ring: KeyRing::load([(key, private.to_string().into_bytes().into())]).expect("a ring"),
        signed: [
            keys::sign_es256(br#"{"alg":"ES256"}"#, CLAIMS),
            keys::sign_eddsa(br#"{"alg":"EdDSA"}"#, CLAIMS),
            keys::sign_eddsa(br#"{"alg":"EdDSA","typ":"at+jwt","kid":"ours"}"#, CLAIMS),
        ],
    }
});

pub fn run(data: &[u8]) {
    let known = &*KNOWN;
    if let [0, which, changes @ ..] = data {
        let signed = &known.signed[usize::from(*which) % known.signed.len()];
        let mut token = signed.clone().into_bytes();
        for change in changes.chunks_exact(3).take(8) {
            let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % token.len();
            token[place] ^= change[2];
        }
        if let Ok(token) = std::str::from_utf8(&token) {
            judge(known, token);
            assert!(token != signed || verifies(known, token), "a good signature is refused");
        }
    } else if let Ok(token) = std::str::from_utf8(data) {
        judge(known, token);
    }
}

fn verifies(known: &Known, token: &str) -> bool {
    Unverified::parse(token).is_some_and(|token| token.signed_by(&known.keys).is_some())
}

fn judge(known: &Known, token: &str) {
    let message = |token: &str| token.rsplit_once('.').map(|(message, _)| message.to_owned());
    let is_known = || known.signed.iter().any(|signed| message(signed) == message(token));
    assert!(!verifies(known, token) || is_known(), "nobody signed this");
    if let Some(claims) = jwt::read::<Value>(&known.ring, "at+jwt", token) {
        assert!(is_known() && Some(claims) == serde_json::from_slice(CLAIMS).ok(), "this is not ours");
    }
    assert!(jwt::read::<Value>(&known.ring, "JWT", token).is_none(), "no such token was signed");
    let Some(parsed) = Unverified::parse(token) else {
        return;
    };
    let known_alg =
        parsed.alg().and_then(SigningAlg::from_stored).is_some() || parsed.alg() == Some("Ed25519");
    if let Some((_, key)) = parsed.signed_by_its_own_key() {
        assert!(known_alg && key.as_str().len() == 43, "a proof by an algorithm of its own");
    }
    let with_secret =
        Unverified::parse(token).and_then(|parsed| parsed.signed_with(b"nobody knows this secret"));
    assert!(with_secret.is_none(), "nobody knows this secret");
}
