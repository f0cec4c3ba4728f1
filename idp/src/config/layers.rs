//! The layers of configuration and where each value came from, so that a complaint can name the
//! file and line, or the variable.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::clients::KEYS as CLIENT_KEYS;
use super::sections::Raw;
use super::{Config, Problem, Problems, authorization, tls};
use crate::model::api;
use crate::model::authorization::AuthorizationTypes;
use crate::model::resource::Resource;

/// Where our own defaults stand. No path is written like this, whatever somebody calls a file of theirs.
const OURS: &str = "config/default.toml (compiled in)";

pub(super) struct Layers {
    merged: Table,
    /// The keys that exist: every path of the compiled-in defaults, such as `http.listen`.
    known: Vec<String>,
    /// Path to place, such as `clients.0.name` to `idp.toml:12`.
    origins: BTreeMap<String, String>,
}

impl Layers {
    pub(super) fn starting_with(defaults: &str) -> Result<Self, Problems> {
        let mut layers = Self { merged: Table::new(), known: Vec::new(), origins: BTreeMap::new() };
        let document = parse_toml(OURS, defaults)?;
        layers.known = leaves(&document);
        layers.add_text(OURS, defaults)?;
        Ok(layers)
    }

    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), Problems> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Problem {
            place: name.clone(),
            what: format!("the configuration file can not be read: {error}."),
            remedy: "Check the path and its permissions.".to_owned(),
        })?;
        self.add_text(&name, &text)
    }

    pub(super) fn add_text(&mut self, name: &str, text: &str) -> Result<(), Problems> {
        let table = parse_toml(name, text)?;
        let spans = DeTable::parse(text).map_err(|error| syntax_problem(name, text, &error))?;
        let mut lines = BTreeMap::new();
        collect_lines(spans.get_ref(), "", text, &mut lines);
        let unknown: Vec<Problem> = lines
            .iter()
            .filter(|(path, _)| !self.is_known(path))
            .map(|(path, line)| self.unknown_key(&format!("{name}:{line}"), path))
            .collect();
        if !unknown.is_empty() {
            return Err(Problems(unknown));
        }
        for (path, line) in lines {
            self.origins.insert(path, format!("{name}:{line}"));
        }
        merge(&mut self.merged, table);
        Ok(())
    }

    pub(super) fn add_environment(&mut self, variables: &[(String, String)]) -> Result<(), Problems> {
        let mut problems = Vec::new();
        for (name, value) in variables {
            if let Err(problem) = self.add_variable(name, value) {
                problems.push(problem);
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }

    fn add_variable(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        let path_of = |name: &str| name.trim_start_matches("IDP_").to_lowercase().replace("__", ".");
        let (path, value) = match name.strip_suffix("_FILE").map(path_of) {
            Some(path) if self.known.contains(&path) => {
                let text = std::fs::read_to_string(value).map_err(|error| Problem {
                    place: name.to_owned(),
                    what: format!("the file {value} can not be read: {error}."),
                    remedy: "Check the path and its permissions.".to_owned(),
                })?;
                (path, text.trim_end().to_owned())
            }
            _ => (path_of(name), value.to_owned()),
        };
        if !self.known.contains(&path) {
            return Err(self.unknown_key(name, &path));
        }
        let (sections, key) = path.rsplit_once('.').map_or((None, path.as_str()), |(s, k)| (Some(s), k));
        let mut sections = sections.into_iter().flat_map(|sections| sections.split('.'));
        let table = sections.try_fold(&mut self.merged, |table, section| {
            table.get_mut(section).and_then(Value::as_table_mut)
        });
        if let Some(slot) = table.and_then(|table| table.get_mut(key)) {
            *slot = typed_like(slot, &value).ok_or_else(|| Problem {
                place: name.to_owned(),
                what: format!("{value:?} is not a {}.", slot.type_str()),
                remedy: String::new(),
            })?;
        }
        self.origins.insert(path, name.to_owned());
        Ok(())
    }

    pub(super) fn parse(&self) -> Result<Config, Problems> {
        let raw: Raw =
            serde_path_to_error::deserialize(Value::Table(self.merged.clone())).map_err(|error| Problem {
                place: self.origin(&error.path().to_string()),
                what: format!("{}.", error.inner().message().trim().trim_end_matches('.')),
                remedy: String::new(),
            })?;
        let mut clients = Vec::new();
        let mut problems = Vec::new();
        let api = Resource::parse(&raw.public_url.join(api::PATH)).map_err(|error| Problem {
            place: self.origin("public_url"),
            what: format!("{error}."),
            remedy: String::new(),
        })?;
        for (index, client) in raw.clients.into_iter().enumerate() {
            match client.parse(&self.origin(&format!("clients.{index}"))) {
                Ok(client) => clients.push(client.for_the_api(&api)),
                Err(problem) => problems.push(problem),
            }
        }
        for (index, client) in clients.iter().enumerate() {
            if clients.iter().skip(index + 1).any(|other| other.id == client.id) {
                problems.push(Problem {
                    place: format!("client {}", client.id),
                    what: "is declared twice.".to_owned(),
                    remedy: "Give each client its own id.".to_owned(),
                });
            }
        }
        let place = |index| self.origin(&format!("authorization_types.{index}"));
        let types = authorization::parse(raw.authorization_types, place).unwrap_or_else(|wrong| {
            problems.extend(wrong);
            AuthorizationTypes::default()
        });
        if problems.is_empty() {
            problems.extend(authorization::check(&types, &clients));
        }
        let mut http = raw.http;
        let files = tls::check(&mut http, &clients).into_iter();
        problems.extend(files.map(|problem| Problem { place: self.origin(&problem.place), ..problem }));
        let metrics = raw.metrics.check(&http).into_iter();
        problems.extend(metrics.map(|problem| Problem { place: self.origin(&problem.place), ..problem }));
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        Ok(Config {
            public_url: raw.public_url,
            data_dir: raw.data_dir,
            http,
            database: raw.database,
            redis: raw.redis,
            master_key: raw.secrets.master_key,
            brand: raw.brand,
            mail: raw.mail,
            sessions: raw.sessions,
            tokens: raw.tokens,
            keys: raw.keys,
            audit: raw.audit,
            registration: raw.registration,
            sign_in: raw.sign_in,
            sign_up: raw.sign_up,
            conformance: raw.conformance,
            api: raw.api,
            passwords: raw.passwords,
            log: raw.log,
            metrics: raw.metrics,
            telemetry: raw.telemetry,
            authorization_types: types,
            clients,
            development: false,
            places: self.places(),
        })
    }

    /// What is set by somebody, and where: everything but our own defaults.
    fn places(&self) -> BTreeMap<String, String> {
        let ours = |place: &str| place.strip_prefix(OURS).is_some_and(|line| line.starts_with(':'));
        let set = self.origins.iter().filter(|(path, place)| self.known.contains(path) && !ours(place));
        set.map(|(path, place)| (path.clone(), place.clone())).collect()
    }

    /// The place of a path, or of the nearest thing around it. `serde_path_to_error` writes
    /// `clients[0].name`.
    fn origin(&self, path: &str) -> String {
        let path = path.replace('[', ".").replace(']', "");
        let mut prefix = path.as_str();
        loop {
            if let Some(place) = self.origins.get(prefix) {
                return format!("{place}: {path}");
            }
            match prefix.rsplit_once('.') {
                Some((shorter, _)) => prefix = shorter,
                None => return path,
            }
        }
    }

    fn is_known(&self, path: &str) -> bool {
        // Types read themselves, and refuse what they do not know.
        if path.split('.').next() == Some("authorization_types") {
            return true;
        }
        match path.strip_prefix("clients") {
            Some("") => true,
            Some(rest) => match rest.trim_start_matches('.').split_once('.') {
                None => true,
                // What is in such a list reads itself, and refuses what it does not know.
                Some((_, key)) => CLIENT_KEYS.contains(&key.split_once('.').map_or(key, |(list, _)| list)),
            },
            None => {
                let section = format!("{path}.");
                self.known.iter().any(|known| known == path || known.starts_with(&section))
            }
        }
    }

    fn unknown_key(&self, place: &str, path: &str) -> Problem {
        let candidates: Vec<String> =
            match path.strip_prefix("clients.").and_then(|rest| rest.split_once('.')) {
                Some((index, _)) => CLIENT_KEYS.iter().map(|key| format!("clients.{index}.{key}")).collect(),
                None => self.known.clone(),
            };
        let nearest = candidates
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(a, path).total_cmp(&strsim::jaro_winkler(b, path)))
            .map(|nearest| {
                if place.starts_with("IDP_") {
                    format!("IDP_{}", nearest.replace('.', "__").to_uppercase())
                } else {
                    nearest.rsplit('.').next().unwrap_or(nearest).to_owned()
                }
            });
        Problem {
            place: place.to_owned(),
            what: format!("there is no setting {path}."),
            remedy: nearest.map(|nearest| format!("Did you mean {nearest}?")).unwrap_or_default(),
        }
    }
}

fn parse_toml(name: &str, text: &str) -> Result<Table, Problems> {
    let deserializer = toml::Deserializer::parse(text).map_err(|error| syntax_problem(name, text, &error))?;
    Table::deserialize(deserializer).map_err(|error| syntax_problem(name, text, &error).into())
}

fn syntax_problem(name: &str, text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    Problem {
        place: format!("{name}:{line}"),
        what: format!("{}.", error.message().trim_end_matches('.')),
        remedy: String::new(),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Every path of a table that holds a value.
fn leaves(table: &Table) -> Vec<String> {
    table
        .iter()
        .flat_map(|(key, value)| match value {
            Value::Table(section) => leaves(section).iter().map(|inner| format!("{key}.{inner}")).collect(),
            _ => vec![key.clone()],
        })
        .collect()
}

fn collect_lines(table: &DeTable<'_>, prefix: &str, text: &str, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let path = format!("{prefix}{}", key.get_ref());
        lines.insert(path.clone(), line_of(text, key.span().start));
        match value.get_ref() {
            DeValue::Table(inner) => collect_lines(inner, &format!("{path}."), text, lines),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let DeValue::Table(inner) = item.get_ref() {
                        let item_path = format!("{path}.{index}");
                        lines.insert(item_path.clone(), line_of(text, item.span().start));
                        collect_lines(inner, &format!("{item_path}."), text, lines);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Later layers win key by key; a list of clients replaces the one before.
fn merge(base: &mut Table, layer: Table) {
    for (key, value) in layer {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(section)), Value::Table(changes)) => merge(section, changes),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// A variable is text; its type is that of the value it overrides.
fn typed_like(example: &Value, text: &str) -> Option<Value> {
    match example {
        Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.trim().parse().ok().map(Value::Boolean),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Value::Float(_) => text.trim().parse().ok().map(Value::Float),
        _ => Some(Value::String(text.to_owned())),
    }
}
