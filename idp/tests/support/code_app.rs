//! Somebody's code app, and the recovery codes on their paper.

use time::OffsetDateTime;

pub struct CodeApp {
    secret: Vec<u8>,
}

impl CodeApp {
    /// Types the secret of the setup page in.
    pub fn scan(page: &str) -> Self {
        let (_, rest) = page.split_once("class=\"secret\">").expect("a page with a secret");
        let typed: String = rest.split('<').next().unwrap().chars().filter(|c| *c != ' ').collect();
        let secret = totp_rs::Secret::try_from_base32(typed).unwrap().as_bytes().to_vec();
        assert_eq!(secret.len(), 20, "H1: 160 bits");
        Self { secret }
    }

    /// What it shows at this moment.
    pub fn code(&self, now: OffsetDateTime) -> String {
        let totp = totp_rs::Builder::new().with_secret(self.secret.clone()).build().unwrap();
        totp.generate(now.unix_timestamp().try_into().unwrap()).to_string()
    }
}

/// The codes on the page that shows them.
pub fn recovery_codes(page: &str) -> Vec<String> {
    let (_, rest) = page.split_once("<ul class=\"codes\"").expect("a page with recovery codes");
    let list = rest.split("</ul>").next().unwrap();
    list.split("<code>").skip(1).map(|item| item.split('<').next().unwrap().to_owned()).collect()
}
