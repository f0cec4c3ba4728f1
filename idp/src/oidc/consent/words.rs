//! What is asked for in detail (RFC 9396), in the words of its types and in the language of whoever reads it. All of an
//! object is shown: nobody allows what they have not seen.

use serde::Serialize;
use serde_json::Value;

use crate::i18n::Locale;
use crate::model::authorization::{
    AuthorizationDetail, AuthorizationDetails, AuthorizationType, AuthorizationTypes, COMMON, Member, Words,
};
use crate::theme::Theme;

/// One object as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DetailCard {
    title: String,
    description: Option<String>,
    lines: Vec<Line>,
    /// Where it is good.
    apis: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Line {
    label: String,
    values: Vec<String>,
}

impl DetailCard {
    pub(in crate::oidc) fn sample() -> Vec<Self> {
        let line = |label: &str, values: &[&str]| Line {
            label: label.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let payment = Self {
            title: "Make a <b>payment</b>".to_owned(),
            description: Some("Once, from your account.".to_owned()),
            lines: vec![
                line("Amount", &["123.50 EUR"]),
                line("To", &["<script>alert(1)</script>"]),
                line("May", &["start it", "see how it goes"]),
            ],
            apis: vec!["https://payments.example.org/<b>".to_owned()],
        };
        let plain = Self { description: None, lines: Vec::new(), ..payment.clone() };
        vec![payment, plain]
    }
}

/// Everything that is asked for.
pub(in crate::oidc) fn of(
    (theme, locale): (&Theme, Locale),
    types: &AuthorizationTypes,
    details: &AuthorizationDetails,
) -> Vec<DetailCard> {
    let reader = Reader { theme, locale, language: theme.catalogues().name(locale) };
    details.iter().map(|detail| reader.card(types, detail)).collect()
}

struct Reader<'a> {
    theme: &'a Theme,
    locale: Locale,
    language: String,
}

impl Reader<'_> {
    fn card(&self, types: &AuthorizationTypes, detail: &AuthorizationDetail) -> DetailCard {
        let known = types.find(detail.kind().as_str());
        // In the order of the declaration; then whatever it does not have, by its bare name.
        let declared = known.iter().flat_map(|known| &known.members);
        let declared = declared.filter_map(|member| Some((member, detail.members().get(&member.name)?)));
        let bare = detail.members().iter().filter(|(name, _)| {
            !known.is_some_and(|known| known.members.iter().any(|member| member.name == **name))
        });
        // Where it is good stands below, also where the object does not say so.
        let lines = declared
            .filter(|(member, _)| member.name != "locations")
            // A text of the application's own choice is shown as it is.
            .map(|(member, value)| {
                self.line(self.label(member), known.filter(|_| !member.values.is_empty()), value)
            })
            .chain(bare.map(|(name, value)| self.line(name.clone(), None, value)));
        DetailCard {
            title: known
                .and_then(|known| self.text(&known.title))
                .unwrap_or_else(|| detail.kind().to_string()),
            description: known.and_then(|known| self.text(&known.description)),
            lines: lines.collect(),
            apis: types.apis_of(detail).iter().map(ToString::to_string).collect(),
        }
    }

    /// In the reader's language, in the one to fall back on, or in any.
    fn text(&self, words: &Words) -> Option<String> {
        let fallback = self.theme.catalogues().name(self.theme.catalogues().fallback());
        let found = words.get(&self.language).or_else(|| words.get(&fallback));
        found.or_else(|| words.values().next()).cloned()
    }

    fn label(&self, member: &Member) -> String {
        if COMMON.contains(&member.name.as_str()) {
            return self.theme.text(self.locale, &format!("details-{}", member.name));
        }
        self.text(&member.label).unwrap_or_else(|| member.name.clone())
    }

    fn line(&self, label: String, known: Option<&AuthorizationType>, value: &Value) -> Line {
        let values = match value {
            Value::Array(list) => list.iter().map(|item| self.value(known, item)).collect(),
            other => vec![self.value(known, other)],
        };
        Line { label, values }
    }

    fn value(&self, known: Option<&AuthorizationType>, value: &Value) -> String {
        let money = |name: &str| value.get(name).and_then(Value::as_str);
        match (value, money("amount"), money("currency")) {
            (Value::String(text), ..) => {
                let words = known.and_then(|known| known.words.get(text));
                words.and_then(|words| self.text(words)).unwrap_or_else(|| text.clone())
            }
            (Value::Bool(yes), ..) => {
                self.theme.text(self.locale, if *yes { "details-yes" } else { "details-no" })
            }
            (Value::Object(_), Some(amount), Some(currency)) => format!("{amount} {currency}"),
            (other, ..) => other.to_string(),
        }
    }
}
