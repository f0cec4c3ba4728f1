//! How a service or an organization looks: its name, its accent colours and whether people can read them. Knows no
//! pictures; those are in [`super::picture`].

use std::fmt;

use super::{Invalid, text_type};

text_type!(
    /// What the service is called on its pages: trimmed, 1 to 60 characters, no control characters.
    BrandName,
    |text| {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > 60 {
            return Err(Invalid::new("name", "must be 1 to 60 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("name", "must not contain control characters"));
        }
        Ok(text.to_owned())
    }
);

/// The two looks of every page, chosen by the reader's device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == text)
    }

    /// What links and names stand on: `--surface`, `--surface-soft` and `--arch-0` of `app.css`. A test compares.
    #[must_use]
    pub const fn grounds(self) -> [Colour; 3] {
        match self {
            Self::Light => {
                [Colour([0xff, 0xff, 0xff]), Colour([0xf4, 0xf7, 0xf6]), Colour([0xf7, 0xfa, 0xf9])]
            }
            Self::Dark => {
                [Colour([0x18, 0x26, 0x29]), Colour([0x1e, 0x2e, 0x31]), Colour([0x12, 0x20, 0x23])]
            }
        }
    }

    /// Towards where a colour becomes easier to read.
    const fn away(self) -> Colour {
        match self {
            Self::Light => Colour::BLACK,
            Self::Dark => Colour::WHITE,
        }
    }
}

/// A colour as screens have it, written `#0f4c55`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    const BLACK: Self = Self([0; 3]);
    const WHITE: Self = Self([0xff; 3]);

    /// # Errors
    /// When it is not six hexadecimal digits, with or without the `#`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = Invalid::new("colour", "must be written like #0f4c55");
        let text = text.trim();
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(invalid);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| invalid)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }

    /// Its six digits, as they stand in addresses.
    #[must_use]
    pub fn digits(self) -> String {
        let [red, green, blue] = self.0;
        format!("{red:02x}{green:02x}{blue:02x}")
    }

    /// WCAG 2.2, relative luminance.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let part = f64::from(channel) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// WCAG 2.2, contrast ratio: 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance() + 0.05, other.luminance() + 0.05);
        one.max(two) / one.min(two)
    }

    /// So many 255ths of the way to another colour.
    fn towards(self, other: Self, part: u8) -> Self {
        let part = u32::from(part);
        let [red, green, blue] = self.0;
        let [to_red, to_green, to_blue] = other.0;
        let mix = |from: u8, to: u8| {
            let sum = u32::from(from) * (255 - part) + u32::from(to) * part + 127;
            u8::try_from(sum / 255).unwrap_or(u8::MAX)
        };
        Self([mix(red, to_red), mix(green, to_green), mix(blue, to_blue)])
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.digits())
    }
}

/// WCAG 2.2, 1.4.3 (AA): text of usual size has at least this contrast with what it stands on.
pub const READABLE: f64 = 4.5;

/// What a page needs of an accent: itself, stronger for what is pointed at, the text on it, and a tint of the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    pub accent: Colour,
    pub strong: Colour,
    pub on: Colour,
    pub tint: Colour,
}

impl Palette {
    /// As good as it gets, for colours that can not be read too.
    #[must_use]
    pub fn of(scheme: Scheme, accent: Colour) -> Self {
        let [surface, ..] = scheme.grounds();
        let readable = |tint: &Colour| accent.contrast(*tint) >= READABLE;
        let tint = [30, 20, 10, 5].map(|part| surface.towards(accent, part)).into_iter().find(readable);
        Self {
            accent,
            strong: accent.towards(scheme.away(), 64),
            on: if accent.contrast(Colour::WHITE) >= accent.contrast(Colour::BLACK) {
                Colour::WHITE
            } else {
                Colour::BLACK
            },
            tint: tint.unwrap_or(surface),
        }
    }
}

/// The contrast of an accent where it is least: as a link on the page, and with its own text as a button.
#[must_use]
pub fn least_contrast(scheme: Scheme, accent: Colour) -> f64 {
    let button = accent.contrast(Palette::of(scheme, accent).on);
    scheme.grounds().into_iter().map(|ground| accent.contrast(ground)).fold(button, f64::min)
}

/// A ratio as people read it. Rounded down, so that what is too little never reads as enough.
#[must_use]
pub fn ratio(contrast: f64) -> String {
    format!("{:.2}", (contrast * 100.0).floor() / 100.0)
}

/// An accent that people could not read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unreadable {
    pub scheme: Scheme,
    pub contrast: f64,
    /// Mixed with as little black or white as does it.
    pub nearest: Colour,
}

/// The accents of a brand, each of which can be read. `None`: that of whoever is next, at last our own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accents {
    light: Option<Colour>,
    dark: Option<Colour>,
}

impl Accents {
    /// # Errors
    /// For the first that can not be read.
    pub fn new(light: Option<Colour>, dark: Option<Colour>) -> Result<Self, Unreadable> {
        for (scheme, accent) in [(Scheme::Light, light), (Scheme::Dark, dark)] {
            if let Some(accent) = accent {
                judge(scheme, accent)?;
            }
        }
        Ok(Self { light, dark })
    }

    #[must_use]
    pub const fn get(&self, scheme: Scheme) -> Option<Colour> {
        match scheme {
            Scheme::Light => self.light,
            Scheme::Dark => self.dark,
        }
    }

    /// These, and where there is none the other's.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { light: self.light.or(other.light), dark: self.dark.or(other.dark) }
    }
}

fn judge(scheme: Scheme, accent: Colour) -> Result<(), Unreadable> {
    let contrast = least_contrast(scheme, accent);
    if contrast >= READABLE {
        return Ok(());
    }
    let mixed = (1..=u8::MAX).map(|part| accent.towards(scheme.away(), part));
    let nearest = mixed.into_iter().find(|mixed| least_contrast(scheme, *mixed) >= READABLE);
    Err(Unreadable { scheme, contrast, nearest: nearest.unwrap_or(scheme.away()) })
}

/// SHA-256 of a logo: its name here and in addresses.
pub type LogoHash = [u8; 32];

/// What was set for a service or an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brand {
    /// Of the service; an organization has its own.
    pub name: Option<BrandName>,
    pub accents: Accents,
    pub light_logo: Option<LogoHash>,
    pub dark_logo: Option<LogoHash>,
}

impl Brand {
    #[must_use]
    pub const fn logo(&self, scheme: Scheme) -> Option<LogoHash> {
        match scheme {
            Scheme::Light => self.light_logo,
            Scheme::Dark => self.dark_logo,
        }
    }

    #[must_use]
    pub fn with_logo(self, scheme: Scheme, logo: Option<LogoHash>) -> Self {
        match scheme {
            Scheme::Light => Self { light_logo: logo, ..self },
            Scheme::Dark => Self { dark_logo: logo, ..self },
        }
    }

    /// What is shown: of this, and where it says nothing of `wider`. Logos go together: one of this for light pages
    /// is never beside another's for dark ones.
    #[must_use]
    pub fn over(self, wider: &Self) -> Self {
        let own = self.light_logo.is_some() || self.dark_logo.is_some();
        let (light_logo, dark_logo) =
            if own { (self.light_logo, self.dark_logo) } else { (wider.light_logo, wider.dark_logo) };
        Self {
            name: self.name.or_else(|| wider.name.clone()),
            accents: self.accents.or(wider.accents),
            light_logo,
            dark_logo,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).unwrap()
    }

    #[test]
    fn a_colour_is_six_digits() {
        assert_eq!(colour(" #0F4c55 ").to_string(), "#0f4c55");
        assert_eq!(colour("0f4c55").digits(), "0f4c55");
        for text in ["", "#fff", "red", "#0f4c5g", "#0f4c555", "+f4c55", "#ä4c55", "#0f4c55;}"] {
            assert!(Colour::parse(text).is_err(), "{text:?}");
        }
    }

    /// WCAG 2.2: black on white is 21, and #767676 is the lightest grey that does on white.
    #[test]
    fn contrast_is_as_wcag_computes_it() {
        assert_eq!(ratio(Colour::BLACK.contrast(Colour::WHITE)), "21.00");
        assert_eq!(ratio(colour("#767676").contrast(Colour::WHITE)), "4.54");
        assert_eq!(ratio(colour("#777777").contrast(Colour::WHITE)), "4.47");
        assert_eq!(ratio(4.499_999), "4.49");
    }

    #[test]
    fn an_accent_that_can_not_be_read_is_refused_with_the_nearest_that_can() {
        for (scheme, text) in
            [(Scheme::Light, "#ffcc00"), (Scheme::Dark, "#0f4c55"), (Scheme::Light, "#777777")]
        {
            let wrong = judge(scheme, colour(text)).unwrap_err();
            assert!(wrong.contrast < READABLE);
            assert!(judge(scheme, wrong.nearest).is_ok(), "{text} {}", wrong.nearest);
        }
        assert!(Accents::new(Some(colour("#0f4c55")), Some(colour("#8ccfca"))).is_ok());
    }

    /// Every accent that is taken can be read in all that it is used for.
    #[test]
    fn what_is_made_of_an_accent_can_be_read_too() {
        for scheme in Scheme::ALL {
            for number in (0_u32..0x0100_0000).step_by(4_999) {
                let accent = colour(&format!("{number:06x}"));
                if judge(scheme, accent).is_err() {
                    continue;
                }
                let palette = Palette::of(scheme, accent);
                for (text, ground) in [
                    (palette.on, palette.accent),
                    (palette.on, palette.strong),
                    (palette.accent, palette.tint),
                    (palette.strong, palette.tint),
                ] {
                    assert!(text.contrast(ground) >= READABLE, "{accent} {text} on {ground}");
                }
            }
        }
    }

    #[test]
    fn what_a_brand_does_not_say_the_wider_one_does() {
        let service = Brand {
            name: Some(BrandName::parse("Service").unwrap()),
            accents: Accents::new(Some(colour("#0f4c55")), None).unwrap(),
            light_logo: Some([1; 32]),
            dark_logo: Some([2; 32]),
        };
        let own = Brand { light_logo: Some([3; 32]), ..Brand::default() }.over(&service);
        assert_eq!((own.light_logo, own.dark_logo), (Some([3; 32]), None));
        assert_eq!(own.accents, service.accents);
        assert_eq!(Brand::default().over(&service), service);
    }
}
