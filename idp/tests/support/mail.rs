//! Mails, as their readers get them.

use std::path::Path;

/// One message.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The message as it is sent.
    pub raw: String,
}

impl Mail {
    /// The path and query of the link in it.
    pub fn link(&self) -> String {
        let line = self.text.lines().find(|line| line.starts_with("http") && line.contains("token="));
        let url = line.unwrap_or_else(|| panic!("no link in: {}", self.text));
        let (_, rest) = url.split_once("://").unwrap();
        format!("/{}", rest.split_once('/').unwrap().1)
    }

    pub fn token(&self) -> String {
        self.link().split_once("token=").unwrap().1.to_owned()
    }

    fn parse(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let field = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in: {head}")).trim().to_owned()
        };
        let (_, part) = body.split_once("Content-Type: text/plain").unwrap();
        let (part_head, rest) = part.split_once("\r\n\r\n").unwrap();
        // A line of a token may begin with two dashes as well.
        let (_, boundary) = raw.split_once("boundary=\"").unwrap();
        let (boundary, _) = boundary.split_once('"').unwrap();
        let text = rest.split(&format!("\r\n--{boundary}")).next().unwrap();
        let text = if part_head.contains("quoted-printable") {
            unquote(text)
        } else if part_head.contains("base64") {
            unbase64(text)
        } else {
            text.to_owned()
        };
        Self {
            to: field("To: "),
            subject: field("Subject: "),
            text: text.replace("\r\n", "\n"),
            raw: raw.to_owned(),
        }
    }
}

/// The mails of a folder, oldest first.
pub fn read(folder: &Path) -> Vec<Mail> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
    // Names are time-ordered identifiers; of the same moment, the file's own time decides.
    paths.sort_by_key(|path| (std::fs::metadata(path).unwrap().modified().unwrap(), path.clone()));
    paths.iter().map(|path| Mail::parse(&std::fs::read_to_string(path).unwrap())).collect()
}

/// RFC 2045 §6.7.
fn unquote(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'=' {
            let code = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(code, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn unbase64(text: &str) -> String {
    use base64::Engine;
    let joined: String = text.split_whitespace().collect();
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(joined).unwrap()).unwrap()
}
