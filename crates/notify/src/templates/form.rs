//! The parts of messages that are worded by templates, and the file that words each.

use std::borrow::Cow;

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    EmailSubject,
    EmailText,
    EmailHtml,
    /// Each line a block.
    Slack,
    /// What stands beneath, in small letters.
    SlackSmall,
    Chat,
}

impl Form {
    /// All of them.
    pub(crate) const ALL: [Form; 6] =
        [Form::EmailSubject, Form::EmailText, Form::EmailHtml, Form::Slack, Form::SlackSmall, Form::Chat];

    /// The file's name.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Form::EmailSubject => "email.subject.txt",
            Form::EmailText => "email.txt",
            Form::EmailHtml => "email.html",
            Form::Slack => "slack.txt",
            Form::SlackSmall => "slack.small.txt",
            Form::Chat => "chat.txt",
        }
    }

    /// What the file holds where the operator has none.
    pub(crate) fn built_in(self) -> &'static str {
        match self {
            Form::EmailSubject => include_str!("../../templates/email.subject.txt"),
            Form::EmailText => include_str!("../../templates/email.txt"),
            Form::EmailHtml => include_str!("../../templates/email.html"),
            Form::Slack => include_str!("../../templates/slack.txt"),
            Form::SlackSmall => include_str!("../../templates/slack.small.txt"),
            Form::Chat => include_str!("../../templates/chat.txt"),
        }
    }

    pub(super) fn markup(self) -> Markup {
        match self {
            Form::EmailSubject | Form::EmailText => Markup::None,
            Form::EmailHtml => Markup::Html,
            Form::Slack | Form::SlackSmall => Markup::Slack,
            Form::Chat => Markup::Chat,
        }
    }

    /// Whether a message may have nothing there.
    pub(super) fn may_be_blank(self) -> bool {
        self == Form::SlackSmall
    }

    /// Whether a message never has a line end at its end.
    pub(super) fn ends_with_text(self) -> bool {
        !matches!(self, Form::EmailText | Form::EmailHtml)
    }
}

/// How a reader takes what stands in a part of a message, and so what has to be escaped of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markup {
    None,
    Html,
    Slack,
    Chat,
}

impl Markup {
    pub(super) const ALL: [Markup; 4] = [Markup::None, Markup::Html, Markup::Slack, Markup::Chat];

    /// Endings of the files that may be included.
    pub(super) fn ending(self) -> &'static str {
        if self == Markup::Html { ".html" } else { ".txt" }
    }

    /// The text so that it is shown as it is, and means nothing.
    pub(crate) fn escaped(self, text: &str) -> Cow<'_, str> {
        match self {
            Markup::None => Cow::Borrowed(text),
            Markup::Html => Cow::Owned(replaced(
                text,
                &[("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")],
            )),
            // A name could otherwise mention a channel.
            Markup::Slack => Cow::Owned(replaced(text, &[("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")])),
            // Chats differ in what they read as markup. What would mention people, or show a link under other words, is written
            // so that it looks the same and means nothing; also where a value ends with it and another one begins.
            Markup::Chat => {
                let mut text = replaced(text, &[("@", "@\u{200b}"), ("<", "‹"), (">", "›"), ("](", "]\u{200b}(")]);
                if text.ends_with(']') {
                    text.push('\u{200b}');
                }
                Cow::Owned(text)
            }
        }
    }
}

fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
