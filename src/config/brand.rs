//! How the pages show whose they are: a name, a logo, a colour.

use std::path::Path;

/// The most bytes of a logo: pages are small.
const MAX_LOGO_BYTES: usize = 64 * 1024;

/// The contrast that text needs (WCAG 2.2, 1.4.3).
const CONTRAST: f64 = 4.5;

/// The cards that text is on, in light and in dark: those of the stylesheet.
const CARDS: [Color; 2] = [Color([0xff, 0xff, 0xff]), Color([0x1e, 0x22, 0x26])];

/// What the pages show of the team.
#[derive(Clone, Debug)]
pub struct Brand {
    pub name: String,
    pub logo: Option<Logo>,
    pub color: Option<Color>,
}

/// A logo as it is served.
#[derive(Clone, Debug)]
pub struct Logo {
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// A colour in red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

impl Brand {
    pub const NAME: &'static str = "Scopegate";

    /// Whether nothing of it was set but perhaps a colour: the pages then have no header.
    pub fn is_plain(&self) -> bool {
        self.name == Self::NAME && self.logo.is_none()
    }

    /// The rules that the stylesheet ends with: the colour, made lighter or darker where
    /// it could not be read.
    pub fn style(&self) -> String {
        let Some(color) = self.color else {
            return String::new();
        };
        let [light, dark] = CARDS.map(|card| {
            let accent = color.readable_on(card);
            let ink = if accent.contrast(WHITE) >= accent.contrast(BLACK) {
                WHITE
            } else {
                BLACK
            };
            format!(
                ":root{{--accent:{};--on-accent:{}}}",
                accent.hex(),
                ink.hex()
            )
        });
        format!("{light}\n@media (prefers-color-scheme:dark){{{dark}}}\n")
    }
}

impl Logo {
    /// Reads a file: SVG or PNG.
    pub fn read(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).into_owned();
        let media_type = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            "image/png"
        } else if start.contains("<svg") {
            "image/svg+xml"
        } else {
            return Err(format!("{} is neither SVG nor PNG", path.display()));
        };
        if bytes.len() > MAX_LOGO_BYTES {
            return Err(format!("{} is larger than 64 KiB", path.display()));
        }
        Ok(Self { media_type, bytes })
    }
}

const WHITE: Color = Color([0xff; 3]);
const BLACK: Color = Color([0; 3]);

impl Color {
    /// Reads `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex =
            |digits: &&str| digits.len() == 6 && digits.bytes().all(|c| c.is_ascii_hexdigit());
        let digits = text.strip_prefix('#').filter(is_hex)?;
        let bytes = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self([bytes[1], bytes[2], bytes[3]]))
    }

    fn hex(self) -> String {
        let [r, g, b] = self.0;
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    /// The colour itself, or the nearest one towards white or black that can be read there.
    fn readable_on(self, card: Self) -> Self {
        let target = if card.contrast(WHITE) > card.contrast(BLACK) {
            WHITE
        } else {
            BLACK
        };
        let shades = (0..=100).map(|part| self.mixed(target, part));
        let readable = |shade: &Self| shade.contrast(card) >= CONTRAST;
        shades.into_iter().find(readable).unwrap_or(target)
    }

    /// With so many parts in a hundred of another.
    fn mixed(self, other: Self, part: u32) -> Self {
        let mix = |index: usize| {
            let (own, other) = (u32::from(self.0[index]), u32::from(other.0[index]));
            u8::try_from((own * (100 - part) + other * part) / 100).unwrap_or(u8::MAX)
        };
        Self([mix(0), mix(1), mix(2)])
    }

    fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        let [r, g, b] = self.0.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_hexadecimal_digits() {
        assert_eq!(Color::parse("#0b5cad"), Some(Color([0x0b, 0x5c, 0xad])));
        for bad in ["0b5cad", "#fff", "#0b5cag", "red", "#+b5cad0"] {
            assert_eq!(Color::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_colour_can_be_read_on_both_cards() {
        for text in [
            "#000000", "#ffffff", "#ffff00", "#0b5cad", "#777777", "#ff0000",
        ] {
            let color = Color::parse(text).expect("a colour");
            for card in CARDS {
                assert!(color.readable_on(card).contrast(card) >= CONTRAST, "{text}");
            }
        }
        let readable = Color::parse("#0b5cad").expect("a colour");
        assert_eq!(readable.readable_on(CARDS[0]), readable);
    }

    #[test]
    fn the_cards_are_those_of_the_stylesheet() {
        let style = include_str!("../web/style.css");
        for card in CARDS {
            let rule = format!("--card: {}", card.hex());
            assert!(style.contains(&rule), "{rule}");
        }
    }
}
