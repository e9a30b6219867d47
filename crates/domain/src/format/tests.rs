//! Amounts in the form of CLDR, and that no digit is lost in writing.

use proptest::prelude::*;

use super::*;
use crate::money::{MAX_AMOUNT_MINOR, parse_amount};

/// The amounts that ICU 78.2 with CLDR 48 writes in the order of [`Locale::ALL`], with the digits of ISO 4217 (CLDR
/// gives some currencies, such as the forint, fewer digits than their minor unit has; an amount here is never rounded).
#[rustfmt::skip]
const WRITTEN: &[(&str, i64, [&str; 4])] = &[
    ("INR", 123_456_750, ["₹12,34,567.50", "₹1,234,567.50", "1.234.567,50\u{a0}₹", "₹1,234,567.50"]),
    ("USD", 123_456_750, ["$12,34,567.50", "$1,234,567.50", "1.234.567,50\u{a0}$", "$1,234,567.50"]),
    ("EUR", 123_456_750, ["€12,34,567.50", "€1,234,567.50", "1.234.567,50\u{a0}€", "€1,234,567.50"]),
    ("GBP", 123_456_750, ["£12,34,567.50", "£1,234,567.50", "1.234.567,50\u{a0}£", "£1,234,567.50"]),
    ("JPY", 123_456_750, ["JP¥12,34,56,750", "¥123,456,750", "123.456.750\u{a0}¥", "￥123,456,750"]),
    ("KRW", 123_456_750, ["₩12,34,56,750", "₩123,456,750", "123.456.750\u{a0}₩", "₩123,456,750"]),
    ("KWD", 123_456_750, ["KWD\u{a0}1,23,456.750", "KWD\u{a0}123,456.750", "123.456,750\u{a0}KWD", "KWD\u{a0}123,456.750"]),
    ("BHD", 123_456_750, ["BHD\u{a0}1,23,456.750", "BHD\u{a0}123,456.750", "123.456,750\u{a0}BHD", "BHD\u{a0}123,456.750"]),
    ("CHF", 123_456_750, ["CHF\u{a0}12,34,567.50", "CHF\u{a0}1,234,567.50", "1.234.567,50\u{a0}CHF", "CHF\u{a0}1,234,567.50"]),
    ("CNY", 123_456_750, ["CN¥12,34,567.50", "CN¥1,234,567.50", "1.234.567,50\u{a0}CN¥", "元\u{a0}1,234,567.50"]),
    ("CAD", 123_456_750, ["CA$12,34,567.50", "CA$1,234,567.50", "1.234.567,50\u{a0}CA$", "CA$1,234,567.50"]),
    ("AUD", 123_456_750, ["A$12,34,567.50", "A$1,234,567.50", "1.234.567,50\u{a0}AU$", "A$1,234,567.50"]),
    ("BRL", 123_456_750, ["R$12,34,567.50", "R$1,234,567.50", "1.234.567,50\u{a0}R$", "R$1,234,567.50"]),
    ("AED", 123_456_750, ["AED\u{a0}12,34,567.50", "AED\u{a0}1,234,567.50", "1.234.567,50\u{a0}AED", "AED\u{a0}1,234,567.50"]),
    ("VND", 123_456_750, ["₫12,34,56,750", "₫123,456,750", "123.456.750\u{a0}₫", "₫123,456,750"]),
    ("ILS", 123_456_750, ["₪12,34,567.50", "₪1,234,567.50", "1.234.567,50\u{a0}₪", "₪1,234,567.50"]),
    ("MXN", 123_456_750, ["MX$12,34,567.50", "MX$1,234,567.50", "1.234.567,50\u{a0}MX$", "MX$1,234,567.50"]),
    ("NZD", 123_456_750, ["NZ$12,34,567.50", "NZ$1,234,567.50", "1.234.567,50\u{a0}NZ$", "NZ$1,234,567.50"]),
    ("TWD", 123_456_750, ["NT$12,34,567.50", "NT$1,234,567.50", "1.234.567,50\u{a0}NT$", "NT$1,234,567.50"]),
    ("HKD", 123_456_750, ["HK$12,34,567.50", "HK$1,234,567.50", "1.234.567,50\u{a0}HK$", "HK$1,234,567.50"]),
    ("SGD", 123_456_750, ["SGD\u{a0}12,34,567.50", "SGD\u{a0}1,234,567.50", "1.234.567,50\u{a0}SGD", "SGD\u{a0}1,234,567.50"]),
    ("THB", 123_456_750, ["THB\u{a0}12,34,567.50", "THB\u{a0}1,234,567.50", "1.234.567,50\u{a0}฿", "THB\u{a0}1,234,567.50"]),
    ("PHP", 123_456_750, ["₱12,34,567.50", "₱1,234,567.50", "1.234.567,50\u{a0}PHP", "PHP\u{a0}1,234,567.50"]),
    ("XAF", 123_456_750, ["FCFA\u{a0}12,34,56,750", "FCFA\u{a0}123,456,750", "123.456.750\u{a0}FCFA", "FCFA\u{a0}123,456,750"]),
    ("XOF", 123_456_750, ["F\u{202f}CFA\u{a0}12,34,56,750", "F\u{202f}CFA\u{a0}123,456,750", "123.456.750\u{a0}F\u{202f}CFA", "F\u{202f}CFA\u{a0}123,456,750"]),
    ("XPF", 123_456_750, ["CFPF\u{a0}12,34,56,750", "CFPF\u{a0}123,456,750", "123.456.750\u{a0}CFPF", "CFPF\u{a0}123,456,750"]),
    ("XCD", 123_456_750, ["EC$12,34,567.50", "EC$1,234,567.50", "1.234.567,50\u{a0}EC$", "EC$1,234,567.50"]),
    ("SEK", 123_456_750, ["SEK\u{a0}12,34,567.50", "SEK\u{a0}1,234,567.50", "1.234.567,50\u{a0}SEK", "SEK\u{a0}1,234,567.50"]),
    ("HUF", 123_456_750, ["HUF\u{a0}12,34,567.50", "HUF\u{a0}1,234,567.50", "1.234.567,50\u{a0}HUF", "HUF\u{a0}1,234,567.50"]),
    ("UYW", 123_456_750, ["UYW\u{a0}12,345.6750", "UYW\u{a0}12,345.6750", "12.345,6750\u{a0}UYW", "UYW\u{a0}12,345.6750"]),
    ("INR", 0, ["₹0.00", "₹0.00", "0,00\u{a0}₹", "₹0.00"]),
    ("INR", 5, ["₹0.05", "₹0.05", "0,05\u{a0}₹", "₹0.05"]),
    ("INR", -5, ["-₹0.05", "-₹0.05", "-0,05\u{a0}₹", "-₹0.05"]),
    ("INR", 99, ["₹0.99", "₹0.99", "0,99\u{a0}₹", "₹0.99"]),
    ("INR", 99_900, ["₹999.00", "₹999.00", "999,00\u{a0}₹", "₹999.00"]),
    ("INR", -420_625, ["-₹4,206.25", "-₹4,206.25", "-4.206,25\u{a0}₹", "-₹4,206.25"]),
    ("INR", 100_000, ["₹1,000.00", "₹1,000.00", "1.000,00\u{a0}₹", "₹1,000.00"]),
    ("INR", 999_999, ["₹9,999.99", "₹9,999.99", "9.999,99\u{a0}₹", "₹9,999.99"]),
    ("INR", 1_000_000, ["₹10,000.00", "₹10,000.00", "10.000,00\u{a0}₹", "₹10,000.00"]),
    ("INR", i64::MAX, ["₹92,23,37,20,36,85,47,758.07", "₹92,233,720,368,547,758.07", "92.233.720.368.547.758,07\u{a0}₹", "₹92,233,720,368,547,758.07"]),
    ("INR", i64::MIN, ["-₹92,23,37,20,36,85,47,758.08", "-₹92,233,720,368,547,758.08", "-92.233.720.368.547.758,08\u{a0}₹", "-₹92,233,720,368,547,758.08"]),
    ("JPY", 0, ["JP¥0", "¥0", "0\u{a0}¥", "￥0"]),
    ("JPY", -1_235, ["-JP¥1,235", "-¥1,235", "-1.235\u{a0}¥", "-￥1,235"]),
    ("JPY", 45_000, ["JP¥45,000", "¥45,000", "45.000\u{a0}¥", "￥45,000"]),
    ("JPY", i64::MAX, ["JP¥92,23,37,20,36,85,47,75,807", "¥9,223,372,036,854,775,807", "9.223.372.036.854.775.807\u{a0}¥", "￥9,223,372,036,854,775,807"]),
    ("JPY", i64::MIN, ["-JP¥92,23,37,20,36,85,47,75,808", "-¥9,223,372,036,854,775,808", "-9.223.372.036.854.775.808\u{a0}¥", "-￥9,223,372,036,854,775,808"]),
    ("KWD", 5, ["KWD\u{a0}0.005", "KWD\u{a0}0.005", "0,005\u{a0}KWD", "KWD\u{a0}0.005"]),
    ("KWD", -1_500, ["-KWD\u{a0}1.500", "-KWD\u{a0}1.500", "-1,500\u{a0}KWD", "-KWD\u{a0}1.500"]),
    ("KWD", i64::MIN, ["-KWD\u{a0}9,22,33,72,03,68,54,775.808", "-KWD\u{a0}9,223,372,036,854,775.808", "-9.223.372.036.854.775,808\u{a0}KWD", "-KWD\u{a0}9,223,372,036,854,775.808"]),
    ("USD", 5_000, ["$50.00", "$50.00", "50,00\u{a0}$", "$50.00"]),
    ("EUR", 123_450, ["€1,234.50", "€1,234.50", "1.234,50\u{a0}€", "€1,234.50"]),
    ("USD", 123_450, ["$1,234.50", "$1,234.50", "1.234,50\u{a0}$", "$1,234.50"]),
    ("EUR", -100, ["-€1.00", "-€1.00", "-1,00\u{a0}€", "-€1.00"]),
];

fn currency(code: &str) -> Currency {
    code.parse().expect("a currency")
}

#[test]
fn amounts_are_written_as_cldr_writes_them() {
    for (code, minor, written) in WRITTEN {
        for (locale, written) in Locale::ALL.into_iter().zip(written) {
            assert_eq!(&locale.money(*minor, currency(code)).formatted, written, "{locale}");
        }
    }
}

#[test]
fn whole_amounts_have_no_decimals_in_sentences() {
    for (locale, minor, code, sentence) in [
        (Locale::EnIn, 4_500_000, "INR", "₹45,000"),
        (Locale::EnIn, 123_456_750, "INR", "₹12,34,567.50"),
        (Locale::EnIn, 12_345_678_900, "INR", "₹12,34,56,789"),
        (Locale::EnIn, 0, "INR", "₹0"),
        (Locale::EnIn, -420_600, "INR", "-₹4,206"),
        (Locale::EnIn, 1_500, "KWD", "KWD\u{a0}1.500"),
        (Locale::EnIn, 2_000, "KWD", "KWD\u{a0}2"),
        (Locale::EnUs, 123_456_750, "USD", "$1,234,567.50"),
        (Locale::EnUs, 5_000, "USD", "$50"),
        (Locale::DeDe, 123_456_700, "EUR", "1.234.567\u{a0}€"),
        (Locale::DeDe, 100, "CHF", "1\u{a0}CHF"),
        (Locale::JaJp, 45_000, "JPY", "￥45,000"),
    ] {
        assert_eq!(locale.money_in_words(minor, currency(code)), sentence);
    }
}

#[test]
fn money_has_the_shape_of_the_reference() {
    assert_eq!(
        serde_json::to_string(&Locale::EnIn.money(4_500_000, Currency::INR)).expect("json"),
        r#"{"minor":4500000,"currency":"INR","formatted":"₹45,000.00"}"#
    );
}

#[test]
fn days_in_sentences_name_the_month() {
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
    assert_eq!(day_in_words(day("2026-11-05")), "5 Nov 2026");
    for (from, to, written) in [
        ("2026-11-21", "2026-11-21", "21 Nov 2026"),
        ("2026-11-09", "2026-11-15", "9–15 Nov 2026"),
        ("2026-10-28", "2026-11-03", "28 Oct – 3 Nov 2026"),
        ("2025-12-29", "2026-01-04", "29 Dec 2025 – 4 Jan 2026"),
        ("2025-11-21", "2026-11-21", "21 Nov 2025 – 21 Nov 2026"),
    ] {
        assert_eq!(days_in_words(day(from), day(to)), written);
    }
}

#[test]
fn locales_are_read_by_tag() {
    assert!(Locale::ALL.iter().all(|locale| locale.tag().parse() == Ok(*locale)));
    assert_eq!("EN-in".parse(), Ok(Locale::EnIn));
    assert!("fr-FR".parse::<Locale>().is_err());
}

/// The amount without sign and separators, with a point, as a person would type it.
fn as_typed(written: &str, locale: Locale, currency: Currency) -> String {
    let decimal_mark = if locale == Locale::DeDe { ',' } else { '.' };
    // A currency's sign may contain a point itself.
    let number = written.replace(locale.sign(currency), "");
    let kept = number.chars().filter_map(|c| match c {
        c if c == decimal_mark => Some('.'),
        c if c.is_ascii_digit() => Some(c),
        _ => None,
    });
    kept.collect()
}

proptest! {
    #[test]
    fn what_is_written_is_the_amount(
        minor in prop_oneof![any::<i64>(), -1_000_000_i64..1_000_000],
        code in prop::sample::select(WRITTEN.iter().map(|(code, ..)| *code).collect::<Vec<_>>()),
        locale in prop::sample::select(Locale::ALL.to_vec()),
    ) {
        let currency = currency(code);
        for written in [locale.money(minor, currency).formatted, locale.money_in_words(minor, currency)] {
            prop_assert_eq!(written.starts_with('-'), minor < 0, "{}", written);
            let typed = as_typed(&written, locale, currency);
            if minor.unsigned_abs() <= MAX_AMOUNT_MINOR.unsigned_abs() {
                prop_assert_eq!(parse_amount(&typed, currency), Ok(minor.abs()), "{}", written);
            }
            prop_assert!(!written.contains(' '), "{} could break over two lines", written);
        }
    }
}
