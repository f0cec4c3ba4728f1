//! A passkey in its browser: asks for a challenge and answers it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::KeyPair;
use serde::Deserialize;

use super::authenticator::{FLAGS, Made, authenticator_data, client_data, encode, sha256};
use super::browser::USER_AGENT;
use crate::driver::line::request;

#[derive(Debug)]
pub struct Passkey {
    made: Made,
    host: String,
    cookie: String,
    csrf: String,
    /// The request for a challenge.
    pub asking: Vec<u8>,
    random: SystemRandom,
}

#[derive(Deserialize)]
struct Begun<'a> {
    ceremony: &'a str,
    #[serde(rename = "publicKey", borrow)]
    options: Options<'a>,
}

#[derive(Deserialize)]
struct Options<'a> {
    challenge: &'a str,
    #[serde(rename = "rpId")]
    rp_id: &'a str,
}

impl Passkey {
    /// Used in a browser with these cookies, where nobody is logged in.
    #[must_use]
    pub fn new(made: Made, host: &str, cookie: &str, csrf: &str) -> Self {
        let mut passkey = Self {
            made,
            host: host.to_owned(),
            cookie: cookie.to_owned(),
            csrf: csrf.to_owned(),
            asking: Vec::new(),
            random: SystemRandom::new(),
        };
        let asking = r#"{"attempt":null,"flow":null,"mediation":"modal"}"#;
        passkey.asking = passkey.request("/login/passkey/options", asking);
        passkey
    }

    fn request(&self, target: &str, body: &str) -> Vec<u8> {
        let headers = [
            ("host", self.host.as_str()),
            ("user-agent", USER_AGENT),
            ("cookie", &self.cookie),
            ("content-type", "application/json"),
            ("sec-fetch-site", "same-origin"),
            ("x-csrf-token", &self.csrf),
        ];
        request("POST", target, &headers, body)
    }

    /// The request that answers a challenge.
    ///
    /// # Errors
    /// When it is none.
    pub fn answer(&self, challenge: &[u8]) -> anyhow::Result<Vec<u8>> {
        let begun: Begun<'_> = serde_json::from_slice(challenge)?;
        let data = authenticator_data(begun.options.rp_id, FLAGS);
        let client_data = client_data("webauthn.get", begun.options.challenge, &self.made.origin);
        let signed = [data.as_slice(), &sha256(client_data.as_bytes())].concat();
        let signature = self.made.key.sign(&self.random, &signed)?;
        let (id, handle, ceremony) = (&self.made.id, &self.made.user_handle, begun.ceremony);
        let (client_data, data) = (encode(client_data.as_bytes()), encode(&data));
        let signature = encode(signature.as_ref());
        let body = format!(
            r#"{{"ceremony":"{ceremony}","credential":{{"id":"{id}","rawId":"{id}","type":"public-key","authenticatorAttachment":"platform","response":{{"clientDataJSON":"{client_data}","authenticatorData":"{data}","signature":"{signature}","userHandle":"{handle}"}},"clientExtensionResults":{{}}}},"attempt":null,"flow":null,"destination":null}}"#
        );
        Ok(self.request("/login/passkey", &body))
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.made.id
    }

    /// The public key: an uncompressed point, in base64url.
    #[must_use]
    pub fn point(&self) -> String {
        encode(self.made.key.public_key().as_ref())
    }
}
