//! Importing files: rows are numbered as in the file, a second file sets its values, and a trial predicts the write.

use std::fs;

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    another_import_sets_what_the_file_says,
    nothing_is_written_when_a_row_is_bad,
    an_imported_order_is_found_by_its_number,
    an_order_is_one_however_its_cells_are_written,
    problems_stand_where_they_are,
    files_are_read_as_programs_write_them
);

const ORDERS: &str = "order_ref,customer,product,quantity,unit_price,note,placed_at\n";

/// Imports a text and brings the report.
async fn import(shop: &Shop, kind: &str, text: &str, options: &[&str]) -> Result<Value> {
    let file = shop.folder().join("import.csv");
    fs::write(&file, text)?;
    let file = file.display().to_string();
    let arguments = [&["import", kind, &file, "--json"][..], options].concat();
    let finished = shop.cli(&arguments).await?;
    let report: Value = serde_json::from_str(&finished.stdout)
        .with_context(|| format!("no report: {} {}", finished.stdout, finished.stderr))?;
    let good = report["errors"].as_array().is_some_and(Vec::is_empty);
    ensure!(finished.success == good, "the exit code must tell whether rows are bad: {report}");
    Ok(report)
}

async fn write(shop: &Shop, kind: &str, text: &str) -> Result<Value> {
    let report = import(shop, kind, text, &["--write"]).await?;
    ensure!(report["wrote"] == true, "{report}");
    Ok(report)
}

/// `row column: problem`
fn errors(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = report["errors"].as_array().into_iter().flatten();
    errors.map(|error| format!("{} {}: {}", error["row"], text(&error["column"]), text(&error["problem"]))).collect()
}

/// A mug of which there are eight, a service, and Asha.
async fn furnish(shop: &Shop) -> Result<()> {
    let mcp = shop.mcp();
    mcp.ok("products.upsert", json!({ "sku": "MUG", "name": "Mug", "price": "20.00" })).await?;
    mcp.ok("inventory.receive", json!({ "product": "MUG", "quantity": 8 })).await?;
    mcp.ok("products.upsert", json!({ "sku": "SVC", "name": "Service", "price": "5.00", "policy": "untracked" }))
        .await?;
    shop.customer("Asha", "asha@example.org").await
}

async fn another_import_sets_what_the_file_says(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    let products = |price: &str| format!("sku,name,price,policy,counted\nMUG,Mug,{price},deny,10\n");
    write(&shop, "products", &products("20.00")).await?;
    let again = write(&shop, "products", &products("20.00")).await?;
    check!(checks, (&again["recorded"], &again["unchanged"]) == (&json!(0), &json!(1)), "the same file twice: {again}");
    shop.customer("Asha", "asha@example.org").await?;
    let order = json!({ "customer": "asha@example.org", "lines": [{ "product": "MUG", "quantity": 3 }] });
    let placed = mcp.ok("orders.create_order", order).await?;
    mcp.ok("orders.ship", json!({ "order_id": placed["order_id"] })).await?;
    let report = write(&shop, "products", &products("20.00")).await?;
    check!(checks, report["recorded"] == 1 && report["changes"][0]["text"] == "MUG: on hand 7 → 10", "{report}");
    let stock = mcp.ok("inventory.check", json!({ "product": "MUG" })).await?;
    check!(checks, stock.to_string().contains("\"on_hand\":10"), "ten were counted: {stock}");

    write(&shop, "products", &products("25.00")).await?;
    let trial = import(&shop, "products", &products("20.00"), &[]).await?;
    check!(checks, trial["changes"][0]["text"] == "MUG: price ₹25.00 → ₹20.00", "{trial}");
    write(&shop, "products", &products("20.00")).await?;
    let found = mcp.ok("products.search", json!({ "text": "MUG" })).await?;
    check!(checks, found["products"][0]["price"] == "₹20.00", "the price is back: {found}");

    for phone in ["111", "222", "111"] {
        let report = write(&shop, "customers", &format!("name,email,phone\nAsha,asha@example.org,{phone}\n")).await?;
        check!(
            checks,
            report["recorded"] == 1 && report["changes"][0]["text"] == "asha@example.org: phone",
            "{report}"
        );
        let found = mcp.ok("customers.search", json!({ "text": "asha" })).await?;
        check!(checks, found["customers"][0]["phone"] == phone, "{found}");
    }
    let again = write(&shop, "customers", "name,email,phone\nAsha,asha@example.org,111\n").await?;
    check!(checks, (&again["recorded"], &again["unchanged"]) == (&json!(0), &json!(1)), "the same file twice: {again}");
    checks.all_hold()
}

async fn nothing_is_written_when_a_row_is_bad(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    furnish(&shop).await?;
    let file = format!(
        "{ORDERS}P1,asha@example.org,MUG,5,,,\nP2,asha@example.org,MUG,5,,,\nP3,asha@example.org,SVC,1,,,\n\
         F1,asha@example.org,SVC,1,,,2999-01-01T00:00:00Z\n"
    );
    for options in [&[][..], &["--write"]] {
        let report = import(&shop, "orders", &file, options).await?;
        let expected =
            ["3 quantity: Not enough in stock: 3 of \"Mug\" available, 5 asked for", "5 placed_at: lies in the future"];
        check!(checks, errors(&report) == expected, "{report}");
        check!(
            checks,
            report["wrote"] == false && report["recorded"] == 2,
            "a trial tells what a write would do: {report}"
        );
    }
    let found = shop.mcp().ok("orders.search", json!({})).await?;
    check!(checks, found["total_count"] == 0, "nothing may be written: {found}");
    let report = import(&shop, "orders", &file, &["--write", "--skip-bad"]).await?;
    check!(checks, report["wrote"] == true && report["recorded"] == 2, "{report}");
    let found = shop.mcp().ok("orders.search", json!({})).await?;
    check!(checks, found["total_count"] == 2, "the good ones are written: {found}");
    checks.all_hold()
}

async fn an_imported_order_is_found_by_its_number(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    furnish(&shop).await?;
    let mcp = shop.mcp();
    let file = |quantity: i64, customer: &str| {
        format!("{ORDERS}#AA10412,{customer},SVC,{quantity},4.5,,2026-03-12 09:14:02 +0530\n")
    };
    let report = write(&shop, "orders", &file(1, "asha@example.org")).await?;
    check!(checks, report["recorded"] == 1, "{report}");
    for text in ["AA10412", "#aa10412"] {
        let found = mcp.ok("orders.search", json!({ "text": text })).await?;
        check!(checks, found["total_count"] == 1, "{text} found {found}");
    }
    let order = mcp.ok("orders.get", json!({ "order_id": 1001 })).await?;
    check!(checks, order["order"]["external_reference"] == "#AA10412", "{order}");
    check!(checks, order["order"]["placed_on"] == "2026-03-12", "{order}");
    let history = mcp.full("orders.history", json!({ "order_id": 1001 })).await?;
    check!(checks, history.to_string().contains("#AA10412"), "{history}");

    // An address in capitals and the zeros of an amount say nothing new.
    let same = file(1, "ASHA@example.org").replace("4.5", "4.50");
    let report = write(&shop, "orders", &same).await?;
    check!(checks, (&report["recorded"], &report["unchanged"]) == (&json!(0), &json!(1)), "{report}");
    for options in [&[][..], &["--write"]] {
        let report = import(&shop, "orders", &file(3, "asha@example.org"), options).await?;
        let expected = "2 order_ref: `#AA10412` was imported before as order #1001 with other content";
        check!(checks, errors(&report) == [expected] && report["wrote"] == false, "{report}");
        check!(checks, !report.to_string().contains("idempotency"), "the file has no such column: {report}");
    }
    checks.all_hold()
}

async fn an_order_is_one_however_its_cells_are_written(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    furnish(&shop).await?;
    let header = "order_ref,customer,product,quantity,shipping,order_discount,placed_at\n";
    let file = |first: &str, second: &str| {
        format!(
            "{header}{first},asha@example.org,SVC,1,5,5%,2026-03-12\n{second},ASHA@example.org,MUG,1,5.00,5.0%,12 Mar 2026\n"
        )
    };
    let report = write(&shop, "orders", &file("caf\u{e9}", "cafe\u{301}")).await?;
    check!(checks, report["recorded"] == 1, "two lines of one order: {report}");
    let again = write(&shop, "orders", &file("cafe\u{301}", "caf\u{e9}")).await?;
    check!(checks, (&again["recorded"], &again["unchanged"]) == (&json!(0), &json!(1)), "the same order: {again}");
    let report = import(&shop, "orders", &file("cafe\u{200b}", "\u{200b}"), &[]).await?;
    let expected = [
        "2 order_ref: contains the invisible character U+200B; remove it",
        "3 order_ref: holds nothing but invisible characters; write what people shall see",
    ];
    check!(checks, errors(&report) == expected, "{report}");
    checks.all_hold()
}

async fn problems_stand_where_they_are(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    furnish(&shop).await?;
    let mcp = shop.mcp();
    mcp.ok(
        "products.upsert",
        json!({ "sku": "OLD", "name": "Old", "price": "5.00", "policy": "untracked", "archived": true }),
    )
    .await?;
    let orders = |rows: &str| format!("{ORDERS}{rows}");
    for (kind, file, expected) in [
        ("customers", "name,email\r\nOk,ok@example.com\r\nBad,\r\n".to_owned(), vec!["3 email: is needed"]),
        ("customers", "name,email\rOk,ok@example.com\rBad,\r".to_owned(), vec!["3 email: is needed"]),
        ("customers", "name,email\n\n\nOk,ok@example.com\n\n\"Bad\nOne\",\n".to_owned(), vec!["6 email: is needed"]),
        (
            "products",
            "sku,name,price\nW1 ,Trail,1.00\nw1,Lower,2.00\n".to_owned(),
            vec!["3 sku: stands on line 2 already"],
        ),
        (
            "orders",
            orders("N1,asha@example.org,SVC,1,,,\nN1,asha@example.org,OLD,1,,,\nN2,nobody@example.org,NOWHERE,1,,,\n"),
            vec![
                "3 product: Old is archived and no longer sold",
                "4 customer: No customer has the e-mail address nobody@example.org",
                "4 product: There is no product called `NOWHERE`",
            ],
        ),
        (
            "orders",
            orders("R1,asha@example.org,SVC,1,,,\nR2,asha@example.org,SVC,2,,,\nR1,asha@example.org,SVC,1,,,\n"),
            vec!["4 : repeats line 2, with other orders between them"],
        ),
    ] {
        let report = import(&shop, kind, &file, &[]).await?;
        check!(checks, errors(&report) == expected, "{file:?}: {report}");
        for word in ["lines[", "_search", "_upsert", "sk the user", "idempotency"] {
            check!(checks, !report.to_string().contains(word), "`{word}` is no word for a terminal: {report}");
        }
    }
    // A product that is no longer sold was sold before.
    let history = orders("N1,asha@example.org,OLD,1,4.50,,1996-07-04\n");
    let report = write(&shop, "orders", &history).await?;
    check!(checks, report["recorded"] == 1, "{report}");
    checks.all_hold()
}

async fn files_are_read_as_programs_write_them(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    furnish(&shop).await?;
    let semicolons = "Order Ref;Customer;Product;Quantity;Placed at;Colour;Gift\nS1;asha@example.org;SVC;1;20/11/2025 14:30;red;no\n";
    let report = import(&shop, "orders", semicolons, &[]).await?;
    check!(checks, report["recorded"] == 1 && errors(&report).is_empty(), "{report}");
    let notes = report["notes"].to_string();
    check!(checks, notes.contains("semicolons") && notes.contains("Colour, Gift are not read"), "{report}");
    let tabs = semicolons.replace(';', "\t");
    check!(checks, import(&shop, "orders", &tabs, &[]).await?["recorded"] == 1, "tabs");

    let foreign = "Name,Email,Created at,Lineitem quantity,Lineitem sku,Total\n#1001,asha@example.org,2025-05-11 09:55:16 -0400,1,A,5.00\n";
    let report = import(&shop, "orders", foreign, &[]).await?;
    let told = errors(&report).join("\n");
    for said in [
        "order_ref: is missing",
        "quantity: is missing",
        "Name, Email, Created at, Lineitem quantity, Lineitem sku, Total",
    ] {
        check!(checks, told.contains(said), "all that is wrong with a header is told at once: {report}");
    }
    let misspelt = "sku,name,price,tax rte\nTEA,Tea,5.00,18\n";
    let report = import(&shop, "products", misspelt, &[]).await?;
    check!(checks, errors(&report) == ["1 tax rte: is no column, but much like tax_rate"], "{report}");

    // At a terminal: problems once, on standard error; the result on standard output, counted in one way.
    let file = shop.folder().join("bad.csv");
    fs::write(&file, "name,email\nAnn,ann@example.com\nBob,\n")?;
    let finished = shop.cli(&["import", "customers", &file.display().to_string()]).await?;
    let expected = "2 rows read: 1 customer would be recorded, 0 unchanged. 1 problem. Nothing was written; \
                    correct the file, or import the rest with --write --skip-bad.\n";
    check!(checks, finished.stdout == expected, "{}", finished.stdout);
    check!(checks, finished.stderr.matches("is needed").count() == 1, "{}", finished.stderr);
    let finished = shop.cli(&["import", "customers", &file.display().to_string(), "--write", "--skip-bad"]).await?;
    check!(
        checks,
        !finished.stdout.contains("skip-bad") && finished.stdout.contains("1 customer recorded"),
        "{}",
        finished.stdout
    );
    checks.all_hold()
}
