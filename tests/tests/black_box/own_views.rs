//! Own views of the list of orders, as a browser without a script keeps them.

use anyhow::Result;
use orderlog_tests::{Browser, Checks, Shop, check, on_both_engines};

on_both_engines!(views_are_saved_changed_renamed_and_deleted);

const FORM: &str = "/orders/views";

async fn views_are_saved_changed_renamed_and_deleted(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(2).await?;
    let mut browser = Browser::at(&shop.node.url())?;
    browser.open("/orders").await?;
    check!(checks, !browser.shows(FORM), "there is nothing to save yet: {}", browser.page);

    browser.open("/orders?min_total=1&sort=oldest&column=placed&column=due").await?;
    let name = "Big & <b>old</b>";
    let status = browser.send(FORM, &[("act", "save_as"), ("name", name)]).await?;
    check!(checks, status == 200 && browser.shows("Big &amp; &lt;b&gt;old&lt;/b&gt;"), "{status} {}", browser.page);
    check!(checks, !browser.shows(": changed"), "what was just saved is changed: {}", browser.page);
    check!(checks, browser.shows("Due</th>") && !browser.shows("Payment</th>"), "the columns: {}", browser.page);
    let saved = "/orders?saved=Big+%26+%3Cb%3Eold%3C%2Fb%3E";
    browser.open("/orders").await?;
    let kept = format!("{saved}&amp;column=due&amp;column=placed&amp;min_total=1&amp;sort=oldest");
    check!(checks, browser.shows(&kept), "the list leads to {kept}: {}", browser.page);

    browser.open(&format!("{saved}&column=due&column=placed&min_total=2&sort=oldest")).await?;
    check!(checks, browser.shows(": changed") && browser.shows(&kept), "Reset leads back: {}", browser.page);
    browser.send(FORM, &[("act", "save")]).await?;
    check!(checks, !browser.shows(": changed") && browser.shows("min_total=2"), "{}", browser.page);
    let status = browser.send(FORM, &[("act", "save_as"), ("name", name)]).await?;
    check!(checks, status == 400 && browser.shows("take another name"), "{status} {}", browser.page);

    browser.open(&format!("{saved}&column=due&column=placed&min_total=2&sort=oldest")).await?;
    browser.send(FORM, &[("act", "rename"), ("name", "Mine")]).await?;
    check!(checks, browser.shows(">Mine<") && !browser.shows("&lt;b&gt;"), "{}", browser.page);
    check!(checks, !browser.shows(": changed"), "{}", browser.page);

    // Another browser has none, and the address shows the same list there.
    let mut other = Browser::at(&shop.node.url())?;
    other.open("/orders?saved=Mine&column=due&column=placed&min_total=2&sort=oldest").await?;
    check!(checks, !other.shows(">Mine<") && other.shows("#1001"), "{}", other.page);

    browser.open("/orders?saved=Mine").await?;
    browser.send(FORM, &[("act", "delete")]).await?;
    check!(checks, !browser.shows(">Mine<") && browser.shows("#1001"), "{}", browser.page);
    checks.all_hold()
}
