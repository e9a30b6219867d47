//! Good rows become entries, bad ones errors with their line and column.

use super::*;
use crate::entries::Input;

fn read(kind: Kind, text: &str) -> Preview {
    let now = "2026-11-22T09:00:00Z".parse().expect("a time");
    parse(kind, text.as_bytes().to_vec(), &Shop::default(), now)
}

/// `row column: problem` of every error, by row.
fn problems(preview: &Preview) -> Vec<String> {
    let mut errors: Vec<&RowError> = preview.errors.iter().collect();
    errors.sort_by_key(|error| error.row);
    errors.iter().map(|error| format!("{} {}: {}", error.row, error.column, error.problem)).collect()
}

#[test]
fn the_examples_of_the_manual_are_good() {
    for (kind, text, entries) in [
        (Kind::Products, include_str!("../../../../docs/examples/products.csv"), 4),
        (Kind::Customers, include_str!("../../../../docs/examples/customers.csv"), 3),
        (Kind::Orders, include_str!("../../../../docs/examples/orders.csv"), 3),
    ] {
        let preview = read(kind, text);
        assert_eq!(problems(&preview), Vec::<String>::new(), "{kind}");
        assert_eq!(preview.entries.len(), entries, "{kind}");
    }
}

#[test]
fn rows_with_one_reference_are_one_order() {
    let preview = read(
        Kind::Orders,
        "order_ref,customer,product,quantity,unit_price,note,placed_at\n\
         A-1,ann@example.com,MUG,2,,\"gift, wrapped\",20/11/2026 14:30\n\
         A-2,bob@example.com,TEE,1,499.00,,\n\
         A-1,,TEE,1,,,\n",
    );
    assert_eq!(problems(&preview), Vec::<String>::new());
    let [first, second] = &preview.entries[..] else { panic!("two orders") };
    let (Input::Order(order, placed_at), Input::Order(_, None)) = (&first.input, &second.input) else {
        panic!("an order with its time and one without")
    };
    assert_eq!((&first.rows[..], &second.rows[..], order.lines.len()), (&[0, 2][..], &[1][..], 2));
    assert_eq!((order.note.as_deref(), order.external_reference.as_deref()), (Some("gift, wrapped"), Some("A-1")));
    assert_eq!(*placed_at, Some("2026-11-20T09:00:00Z".parse().expect("an instant")));
}

#[test]
fn every_problem_is_named_with_its_row_and_column() {
    let products = read(
        Kind::Products,
        "SKU,Name,Price,tax rate,policy,counted\nMUG,Mug,249.99,12,deny,5\n,Tee,399,5,,\nPEN,Pen,49,20,sometimes,many\n",
    );
    assert_eq!(problems(&products), ["3 sku: is needed", "4 policy: cannot be read", "4 counted: cannot be read"]);
    assert_eq!(products.entries.len(), 1);

    let customers = read(Kind::Customers, "name,email\nAnn,ann@example.com\nAnn,ANN@example.com\nBob,nowhere\n");
    assert_eq!(
        problems(&customers),
        [
            "3 email: stands on line 2 already",
            "4 email: is no e-mail address; write one such as ann@example.com, or leave it out"
        ]
    );
    assert_eq!(customers.entries.len(), 1);

    let orders = read(
        Kind::Orders,
        "order_ref,customer,product,quantity,currency,placed_at\nA,ann,MUG,2,INR,\nA,ann,TEE,0,USD,\nB,ann,MUG,-1,,\n\
         ,ann,MUG,1,,\nC,ann,MUG,1,,\nD,ann,MUG,1,,2026-11-23\nE,ann,MUG,1,,tomorrow\n",
    );
    assert_eq!(
        problems(&orders),
        [
            "3 currency: differs from line 2 of the same order",
            "4 quantity: must be a whole number from 1 to 1000000; it is -1",
            "5 order_ref: is needed and must be short",
            "7 placed_at: lies in the future",
            "8 placed_at: is no day with its year",
        ]
    );
    assert_eq!(orders.entries.len(), 1);
}

#[test]
fn one_reference_is_one_order_in_every_form_of_unicode() {
    let header = "order_ref,customer,product,quantity,shipping,order_discount,currency,placed_at\n";
    let preview = read(
        Kind::Orders,
        &format!(
            "{header}café,c@e.com,MUG,1,5,5%,eur,2026-10-01\ncafe\u{301},C@E.COM,TEE,1,5.00,5.0%,EUR,1 Oct 2026\n"
        ),
    );
    assert_eq!(problems(&preview), Vec::<String>::new());
    let [Entry { input: Input::Order(order, _), .. }] = &preview.entries[..] else { panic!("one order: {preview:?}") };
    assert_eq!((order.lines.len(), order.external_reference.as_deref()), (2, Some("café")));
    let preview = read(Kind::Orders, &format!("{header}A\u{200b},ann,MUG,1,,,,\n\u{200b},ann,MUG,1,,,,\n"));
    assert_eq!(
        problems(&preview),
        [
            "2 order_ref: contains the invisible character U+200B; remove it",
            "3 order_ref: holds nothing but invisible characters; write what people shall see",
        ]
    );
}

#[test]
fn one_address_is_one_customer_in_every_form_of_unicode() {
    let preview = read(Kind::Customers, "name,email\nJosé,josé@e.com\nJose,jose\u{301}@e.com\nAnn,a\u{202e}nn@e.com\n");
    assert_eq!(
        problems(&preview),
        ["3 email: stands on line 2 already", "4 email: contains the invisible character U+202E; remove it"]
    );
}

#[test]
fn equal_rows_are_two_lines_only_next_to_each_other() {
    let header = "order_ref,customer,product,quantity\n";
    let together = read(Kind::Orders, &format!("{header}A,ann,MUG,1\nA,ann,MUG,1\nB,ann,MUG,1\n"));
    let Input::Order(order, _) = &together.entries[0].input else { panic!("an order") };
    assert_eq!((order.lines.len(), together.notes[0].row), (2, 3));
    let apart = read(Kind::Orders, &format!("{header}A,ann,MUG,1\nB,ann,MUG,1\nA,ann,MUG,1\n"));
    assert_eq!(problems(&apart), ["4 : repeats line 2, with other orders between them"]);
    let other_lines = read(Kind::Orders, &format!("{header}A,ann,MUG,1\nB,ann,MUG,1\nA,ann,TEE,1\n"));
    assert_eq!(other_lines.entries.len(), 2);
}

#[test]
fn rows_are_numbered_as_they_stand_in_the_file() {
    for line_end in ["\n", "\r\n", "\r"] {
        let text = ["\u{feff}name,email", "", "Ann,ann@example.com", "\"Bob", "Rao\",", "", "Cid,"].join(line_end);
        let preview = read(Kind::Customers, &text);
        assert_eq!(problems(&preview), ["4 email: is needed", "7 email: is needed"], "{line_end:?}");
        assert_eq!(preview.rows[preview.entries[0].rows[0]].line, 3, "{line_end:?}");
    }
}

#[test]
fn files_that_are_none_are_refused_as_a_whole() {
    assert_eq!(problems(&read(Kind::Customers, "name\n")), ["1 email: is missing in the header"]);
    assert_eq!(
        problems(&read(Kind::Customers, "")),
        ["1 name: is missing in the header", "1 email: is missing in the header"]
    );
    assert_eq!(problems(&read(Kind::Customers, "name,e mail\n")), ["1 e mail: is no column, but much like email"]);
    assert_eq!(problems(&read(Kind::Customers, "name,email,name\n")), ["1 name: stands twice in the header"]);
    let ragged = read(Kind::Customers, "name,email\nAnn,ann@example.com,Pune\n");
    assert_eq!(problems(&ragged), ["2 : has 3 cells, the header has 2"]);
    let now = "2026-11-22T09:00:00Z".parse().expect("a time");
    let latin = parse(Kind::Customers, b"name,email\nRen\xe9,rene@example.com\n".to_vec(), &Shop::default(), now);
    assert_eq!(problems(&latin), ["2 : is not written in UTF-8"]);
}

#[test]
fn columns_that_are_not_needed_are_told_and_not_read() {
    let preview = read(Kind::Customers, "name;email;colour\nAnn;ann@example.com;red\n");
    assert_eq!((problems(&preview).len(), preview.entries.len()), (0, 1));
    let notes: Vec<&str> = preview.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(
        notes,
        [
            "The column colour is not read: a file of customers needs none such.",
            "The file was read with semicolons between the cells."
        ]
    );
}
