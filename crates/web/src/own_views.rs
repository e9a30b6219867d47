//! Own views of the list of orders: filters, order and columns under a name, in a cookie of this browser. They may name
//! people whom the visitor looks for, so they are not in the log.

use axum::{
    http::HeaderMap,
    response::{IntoResponse as _, Redirect, Response},
};
use form_urlencoded::Serializer;
use maud::{Markup, html};
use serde_json::json;

use crate::{
    cookies,
    form_token::{FIELD, FormToken},
    front::Trouble,
    order_table,
    params::{AS_OF, Params},
    posted::Posted,
};

const COOKIE: &str = "orderlog_views";
/// More than a year; it starts again with each change.
const SECONDS: u32 = 400 * 24 * 60 * 60;
/// Most bytes of a cookie's value that browsers keep.
const BYTES: usize = 3_800;
const NAME_CHARS: usize = 40;
/// The parameter with the name of the own view from which the visitor came.
pub(crate) const SAVED: &str = "saved";
/// The field with the name that is typed.
const NAME: &str = "name";
/// The field with the act.
const ACT: &str = "act";
/// Parameters of an address that are not part of a view.
const NOT_OF_VIEW: [&str; 3] = [SAVED, "cursor", AS_OF];
/// The address to which forms are sent.
pub(crate) const PATH: &str = "/orders/views";
const LIST: &str = "/orders";

pub(crate) async fn nowhere() -> Redirect {
    Redirect::to(LIST)
}

/// Keeps, renames or forgets a view.
pub(crate) async fn sent(headers: HeaderMap, posted: Posted) -> Response {
    let Posted { visit, form } = posted;
    let mut views = OwnViews::read(&headers);
    match views.act(&form) {
        Ok(path) => views.kept(&path, visit.secured),
        Err(why) => {
            let hint = "Go back in the browser: the list is as you left it.";
            let trouble = json!({ "code": "INVALID_ARGUMENT", "message": why, "hint": hint });
            visit.shown(LIST, Err(Trouble(trouble))).await
        }
    }
}

/// The views of one browser, by name.
#[derive(Debug, Default)]
pub(crate) struct OwnViews(Vec<(String, String)>);

impl OwnViews {
    pub(crate) fn read(headers: &HeaderMap) -> OwnViews {
        let known = Params::read(cookies::read(headers, COOKIE));
        OwnViews(known.without(&[]).map(|(name, query)| (name.to_owned(), query.to_owned())).collect())
    }

    /// The own view from which the visitor came, if this browser has it.
    pub(crate) fn current<'a>(&self, params: &'a Params) -> Option<&'a str> {
        params.get(SAVED).filter(|name| self.query(name).is_some())
    }

    /// The names, each with its address.
    pub(crate) fn links(&self, params: &Params) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(name, query)| (name.as_str(), params.to(&address(name, query))))
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, query)| query.as_str())
    }

    fn set(&mut self, name: &str, query: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = query,
            None => self.0.push((name.to_owned(), query)),
        }
    }

    fn written(&self) -> String {
        Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// The acts on the view that is shown: save it under a name, or reset it to the saved one.
    pub(crate) fn forms(&self, params: &Params, token: &FormToken) -> Markup {
        let query = canonical(params);
        let saved = params.get(SAVED).and_then(|name| Some((name, self.query(name)?)));
        let changed = saved.is_some_and(|(_, known)| known != query);
        if saved.is_none() && query.is_empty() {
            return html! {};
        }
        let carried = html! {
            (token.field()) (params.kept())
            @for (name, value) in params.without(&NOT_OF_VIEW) { input type="hidden" name=(name) value=(value); }
            @if let Some((name, _)) = saved { input type="hidden" name=(SAVED) value=(name); }
        };
        html! {
            @if let (Some((name, known)), true) = (saved, changed) {
                form method="post" action=(PATH) class="inline" {
                    span class="flag" role="status" { bdi { (name) } ": changed" } " " (carried)
                    button name=(ACT) value="save" { "Save" } " "
                    a href=(params.to(&address(name, known))) { "Reset" }
                }
            }
            details {
                summary { @if saved.is_some() { "Save as, rename or delete this view" } @else { "Save this view" } }
                form method="post" action=(PATH) class="filters" {
                    (carried)
                    label { "Name" input name=(NAME) maxlength=(NAME_CHARS) autocomplete="off"; }
                    button name=(ACT) value="save_as" { @if saved.is_some() { "Save as" } @else { "Save" } }
                    @if saved.is_some() {
                        button name=(ACT) value="rename" { "Rename" }
                        button name=(ACT) value="delete" { "Delete" }
                    }
                }
                p class="note" { "Own views stay in this browser, for a year after the last change. To share one, send its address." }
            }
        }
    }

    /// Carries out a form; returns the next address, or why nothing was done.
    fn act(&mut self, form: &Params) -> Result<String, String> {
        let fields = form.without(&[NAME, ACT, FIELD]);
        let shown = Params::of(fields);
        let query = canonical(&shown);
        let typed = form.get(NAME).unwrap_or_default();
        let saved = form.get(SAVED).filter(|name| self.query(name).is_some());
        let new_name = || match typed {
            "" => Err("Type a name for the view first.".to_owned()),
            _ if typed.chars().count() > NAME_CHARS => Err(format!("A name may have {NAME_CHARS} characters.")),
            _ if self.query(typed).is_some() => Err(format!("There is a view {typed} already; take another name.")),
            _ => Ok(typed.to_owned()),
        };
        let leads_to = match (form.get(ACT), saved) {
            (Some("save_as"), _) => {
                let name = new_name()?;
                self.set(&name, query.clone());
                address(&name, &query)
            }
            (Some("save"), Some(name)) => {
                self.set(name, query.clone());
                address(name, &query)
            }
            (Some("rename"), Some(name)) => {
                let new = new_name()?;
                let known = self.0.iter_mut().find(|(known, _)| known == name);
                known.into_iter().for_each(|(known, _)| known.clone_from(&new));
                address(&new, &query)
            }
            (Some("delete"), Some(name)) => {
                self.0.retain(|(known, _)| known != name);
                LIST.to_owned()
            }
            _ => return Err("That view is not there any more. Nothing was done.".to_owned()),
        };
        if self.written().len() > BYTES {
            return Err("This browser keeps no more views: delete one first.".to_owned());
        }
        Ok(shown.to(&leads_to))
    }

    /// Leads to a page, and lets the browser keep the views.
    fn kept(&self, path: &str, secured: bool) -> Response {
        let mut response = Redirect::to(path).into_response();
        cookies::give(&mut response, COOKIE, &self.written(), Some(SECONDS), secured);
        response
    }
}

fn address(name: &str, query: &str) -> String {
    let named = Serializer::new(String::new()).append_pair(SAVED, name).finish();
    if query.is_empty() { format!("{LIST}?{named}") } else { format!("{LIST}?{named}&{query}") }
}

/// The view as it is stored and compared: without default values, in a fixed order.
fn canonical(params: &Params) -> String {
    let columns: Vec<&str> = params.all("column").collect();
    let usual = order_table::is_usual(&columns);
    let told = params.without(&NOT_OF_VIEW).filter(|(name, value)| match *name {
        "column" => !usual,
        "view" => *value != "all",
        _ => true,
    });
    let mut pairs: Vec<(&str, &str)> = told.collect();
    pairs.sort_unstable();
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Params {
        Params::read(Some(text))
    }

    #[test]
    fn views_are_saved_changed_renamed_and_deleted() {
        let mut views = OwnViews::default();
        let to = views.act(&form("act=save_as&name=Big+%26+late&min_total=500&sort=oldest&view=all&cursor=7")).unwrap();
        assert_eq!(to, "/orders?saved=Big+%26+late&min_total=500&sort=oldest");
        let headers = HeaderMap::from_iter([(
            axum::http::header::COOKIE,
            format!("{COOKIE}={}", views.written()).parse().unwrap(),
        )]);
        let mut views = OwnViews::read(&headers);
        assert_eq!(views.query("Big & late"), Some("min_total=500&sort=oldest"));
        let to = views.act(&form("act=save&saved=Big+%26+late&min_total=900")).unwrap();
        assert_eq!(to, "/orders?saved=Big+%26+late&min_total=900");
        let to = views.act(&form("act=rename&saved=Big+%26+late&min_total=900&name=Big&as_of=yesterday")).unwrap();
        assert_eq!(to, "/orders?saved=Big&min_total=900&as_of=yesterday");
        assert_eq!(views.act(&form("act=delete&saved=Big")).unwrap(), "/orders");
        assert!(views.0.is_empty());
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let mut views = OwnViews::default();
        views.act(&form("act=save_as&name=Mine&status=paid")).unwrap();
        for (text, told) in [
            ("act=save_as&name=&status=paid", "Type a name"),
            ("act=save_as&name=Mine", "already"),
            ("act=rename&saved=Mine&name=Mine", "already"),
            ("act=save&saved=Gone", "not there any more"),
            ("act=fly&saved=Mine", "not there any more"),
        ] {
            assert!(views.act(&form(text)).unwrap_err().contains(told), "{text}");
        }
        assert!(
            views
                .act(&form(&format!("act=save_as&name=Long&text={}", "x".repeat(BYTES))))
                .unwrap_err()
                .contains("no more")
        );
    }

    #[test]
    fn what_goes_without_saying_makes_no_other_view() {
        let same = canonical(&form("view=all&sort=oldest&cursor=3&saved=X&status=paid"));
        assert_eq!(same, canonical(&form("status=paid&sort=oldest")));
        let usual: String = order_table::ALL
            .iter()
            .filter(|(column, ..)| order_table::USUAL.contains(column))
            .map(|(_, name, _)| format!("&column={name}"))
            .collect();
        assert_eq!(canonical(&form(&usual)), "");
        assert_ne!(canonical(&form("column=total")), "");
    }
}
