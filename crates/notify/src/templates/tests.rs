use std::fs;

use orderlog_domain::{format::Locale, notifications::Watch};

use super::*;
use crate::content::{About, ProductFacts};

fn wording(templates: &Templates) -> Wording {
    Wording::new(templates, Voice::of(&Shop::default(), Some("Tea & Co"))).expect("templates that can be read")
}

/// A folder with these files, and what reading it comes to.
fn read(files: &[(&str, &str)]) -> Result<Templates, String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    Templates::read(folder.path())
}

fn rendered(templates: &Templates, form: Form, content: &Content) -> String {
    let [text] = wording(templates).words([form], "john", None, content, examples::moment());
    text
}

fn example(kind: &str) -> Content {
    examples::all(&Shop::default()).into_iter().find(|one| one.kind == kind).expect("an example")
}

fn named(name: &str) -> Content {
    let product = ProductFacts { sku: "S".to_owned(), name: name.to_owned(), available: 0 };
    let about = About { product: Some(product), ..About::default() };
    Content { about, ..Content::plain("product.out_of_stock", name) }
}

/// Byte for byte what was sent before there were templates.
#[test]
fn the_built_in_words_are_those_of_before() {
    let mut tried = 0;
    for content in examples::all(&Shop::default()) {
        let of = |form| rendered(&Templates::default(), form, &content);
        let facts: Vec<String> = content.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let stop = content.unsubscribe.as_ref().map(|address| format!("\nStop these messages: {address}\n"));
        let lines: String = facts.iter().map(|fact| format!("{fact}\n")).collect();
        assert_eq!(of(Form::EmailText), format!("{}\n\n{lines}{}", content.text, stop.unwrap_or_default()));
        assert_eq!(of(Form::EmailSubject), crate::content::subject(&content.text));
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert_eq!(of(Form::Slack), escaped(&content.text));
        assert_eq!(of(Form::SlackSmall), escaped(&facts.join(" · ")));
        let small = if facts.is_empty() { String::new() } else { format!("\n{}", facts.join(" · ")) };
        let plain = |text: &str| text.replace('@', "@\u{200b}").replace('<', "‹").replace('>', "›");
        assert_eq!(of(Form::Chat), plain(&format!("{}{small}", content.text)));
        let html = |text: &str| escaped(text).replace('"', "&quot;").replace('\'', "&#39;");
        let paragraphs: String = content.text.lines().map(|line| format!("<p>{}</p>", html(line))).collect();
        let row =
            |(name, value): &(&str, String)| format!("<tr><th align=\"left\">{name}</th><td>{}</td></tr>", html(value));
        let rows: String = content.facts.iter().map(row).collect();
        let table = if rows.is_empty() { rows } else { format!("<table>{rows}</table>") };
        let link = |address: &String| format!("<p><a href=\"{address}\">Stop these messages</a></p>");
        let link = content.unsubscribe.as_ref().map(link).unwrap_or_default();
        let title = html(&crate::content::subject(&content.text));
        let page = format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head><body>{paragraphs}{table}{link}</body></html>"
        );
        assert_eq!(of(Form::EmailHtml).replace('\n', ""), page);
        tried += 1;
    }
    assert_eq!(tried, 2 * (Watch::ALL.len() + 3), "each message with everything and with nothing");
}

#[test]
fn an_operator_says_it_in_another_language() {
    let templates = read(&[
        (
            "german/email.subject.txt",
            "{% if order %}Bestellung {{ order.id }}: {{ order.units }} Stück, {{ order.total | money }}, {{ at | date('%d.%m.%Y') }} um {{ at | time }}{% else %}{{ subject }}{% endif %}",
        ),
        ("german/email.html", "{% include '_foot.html' %}{% for one in messages %}{{ one.kind }} {% endfor %}"),
        ("_foot.html", "<b>{{ shop }}</b>"),
    ])
    .expect("a folder");
    assert_eq!(templates.names(), ["german"]);
    let german = |content: &Content| Content { template: Some("german".to_owned()), ..content.clone() };
    let shipped = example("order.shipped");
    let said = rendered(&templates, Form::EmailSubject, &german(&shipped));
    assert_eq!(said, "Bestellung 1234: 3 Stück, ₹1,234.50, 22 Nov 2026".replace("22 Nov 2026", "22.11.2026 um 15:30"));
    assert_eq!(rendered(&templates, Form::EmailSubject, &shipped), crate::content::subject(&shipped.text));
    let html = rendered(&templates, Form::EmailHtml, &german(&example("digest")));
    assert!(html.starts_with("<b>Tea &amp; Co</b>order.placed "), "{html}");
    // By its target, where its rule names none; amounts as the shop writes them.
    let shop = Shop { locale: Locale::DeDe, ..Shop::default() };
    let wording = Wording::new(&templates, Voice::of(&shop, None)).expect("templates");
    let [said] = wording.words([Form::EmailSubject], "john", Some("german"), &shipped, examples::moment());
    assert!(said.contains("1.234,50\u{a0}₹"), "{said}");
}

#[test]
fn what_somebody_typed_is_shown_as_it_is_and_never_read() {
    let name = "{{ 7*7 }}<script>\"'&@all](x) {% include 'email.txt' %}";
    let tricky = [
        "{{ product.name }}",
        "{% set x = product.name %}{{ x }}",
        "{% set x %}{{ product.name }}{% endset %}{{ x }}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(product.name) }}",
        "{% autoescape false %}{{ product.name }}{% endautoescape %}",
    ];
    for template in tricky {
        let guarded = format!("{{% if product %}}{template}{{% else %}}{{{{ text }}}}{{% endif %}}");
        let files: Vec<(&str, &str)> = [Form::EmailHtml, Form::Slack, Form::Chat, Form::EmailText]
            .map(|form| (form.file(), guarded.as_str()))
            .into();
        let templates = read(&files).expect("templates");
        let of = |form| rendered(&templates, form, &named(name));
        assert_eq!(
            of(Form::EmailHtml),
            "{{ 7*7 }}&lt;script&gt;&quot;&#39;&amp;@all](x) {% include &#39;email.txt&#39; %}",
            "{template}"
        );
        assert_eq!(of(Form::Slack), "{{ 7*7 }}&lt;script&gt;\"'&amp;@all](x) {% include 'email.txt' %}", "{template}");
        assert_eq!(
            of(Form::Chat),
            "{{ 7*7 }}‹script›\"'&@\u{200b}all]\u{200b}(x) {% include 'email.txt' %}",
            "{template}"
        );
        assert_eq!(of(Form::EmailText), name, "{template}");
    }
    let refused = read(&[("email.html", "{{ text | safe }}")]).expect_err("a way around");
    assert!(refused.contains("email.html, line 1") && refused.contains("safe"), "{refused}");
}

#[test]
fn what_cannot_be_used_is_said_with_file_and_line() {
    for (file, text, said) in [
        ("email.txt", "{{ text }}\n{{ totl }}", "email.txt, line 2: undefined value: `totl` is undefined"),
        ("email.txt", "{{ text }}{% if order %}{{ order.totl }}{% endif %}", "`order.totl` is undefined"),
        ("email.txt", "{{ text }}\n\n{% if x %}", "email.txt, line 3: syntax error"),
        ("german/chat.txt", "{{ order.total }}", "german/chat.txt, line 1"),
        ("chat.txt", "{% if order %}{{ order.total }}{% else %}x{% endif %}", "this has parts"),
        ("chat.txt", "{{ unsubscribe }}", "ask with `if` first"),
        (
            "chat.txt",
            "{% if order %}{{ text }}{% endif %}",
            "nothing is written for this message (in the message product.low_stock)",
        ),
        ("chat.txt", "{{ text }}{{ at | date('%Q') }}", "this form of a date cannot be read"),
        ("chat.txt", "{{ text }}{{ text | date }}", "take a moment"),
        ("chat.txt", "{{ text | money }}", "takes an amount"),
        ("chat.txt", "{% for i in range(100000) %}{{ i }}{% endfor %}", "fuel"),
        ("chat.txt", "{% for i in range(1500) %}{{ 'x' * 100 }}{% endfor %}", "more than 100000 bytes"),
        ("chat.txt", "{% include 'chat.txt' %}", "line 1"),
        ("chat.txt", "{% include '../targets.toml' %}", "line 1"),
        ("emial.txt", "x", "There are email.subject.txt, email.txt"),
        ("a b/chat.txt", "x", "small letters"),
        ("german/deep/chat.txt", "x", "holds no folders"),
    ] {
        let refused = read(&[(file, text)]).expect_err(text);
        assert!(refused.contains(said), "{text}: {refused}");
    }
    let refused = Templates::read(Path::new("/nowhere/at/all")).expect_err("no folder");
    assert!(refused.contains("/nowhere/at/all"), "{refused}");
}

#[test]
fn a_template_that_fails_loses_no_message_and_tells_nothing_of_it() {
    // Fits every example, and not this name.
    let text = "{{ 1 // (product.available + 1) if product and product.name == 'Secret' else 1 }}{% if product and product.name == 'Secret' %}{{ product.name | money }}{% endif %}{{ text }}";
    let templates = read(&[("email.txt", text)]).expect("templates");
    let shipped = example("order.shipped");
    assert!(rendered(&templates, Form::EmailText, &shipped).starts_with("1Order"), "the operator's words");
    assert_eq!(rendered(&templates, Form::EmailText, &named("Secret")), "Secret\n\n");
    // A set that is not there any more.
    let gone = Content { template: Some("dutch".to_owned()), ..shipped };
    assert!(rendered(&templates, Form::EmailText, &gone).starts_with("1Order"), "the common words");
}
