//! Good files become commands, bad ones become errors with rows, and nothing is written while any row is bad.

use std::cell::RefCell;

use futures::executor::block_on;
use orderlog_domain::rejection::{Code, Rejection};

use super::*;

fn read(kind: Kind, text: &str) -> Preview {
    parse(kind, text.as_bytes(), &Shop::default())
}

/// `row column: problem` of every error.
fn problems(preview: &Preview) -> Vec<String> {
    preview.errors.iter().map(|error| format!("{} {}: {}", error.row, error.column, error.problem)).collect()
}

#[test]
fn the_examples_of_the_manual_are_good() {
    for (kind, text, commands) in [
        (Kind::Products, include_str!("../../../../docs/examples/products.csv"), 7),
        (Kind::Customers, include_str!("../../../../docs/examples/customers.csv"), 3),
        (Kind::Orders, include_str!("../../../../docs/examples/orders.csv"), 3),
    ] {
        let preview = read(kind, text);
        assert_eq!(problems(&preview), Vec::<String>::new(), "{kind}");
        assert_eq!(preview.entries.len(), commands, "{kind}");
    }
}

#[test]
fn rows_with_one_reference_are_one_order() {
    let preview = read(
        Kind::Orders,
        "order_ref,customer,product,quantity,unit_price,note,placed_at\n\
         A-1,ann@example.com,MUG,2,,\"gift, wrapped\",2026-11-20T14:30:00+05:30\n\
         A-2,bob@example.com,TEE,1,499.00,,\n\
         A-1,,TEE,1,,,\n",
    );
    assert_eq!(problems(&preview), Vec::<String>::new());
    let [first, second] = &preview.entries[..] else { panic!("two orders") };
    let Input::Order(order) = &first.input else { panic!("an order") };
    assert_eq!((first.row, first.key.as_str(), order.lines.len()), (2, "import:orders:A-1", 2));
    assert_eq!(order.note.as_deref(), Some("gift, wrapped"));
    assert_eq!(first.occurred_at, Some("2026-11-20T09:00:00Z".parse().expect("an instant")));
    assert_eq!((second.row, second.occurred_at), (3, None));
}

#[test]
fn every_problem_is_named_with_its_row_and_column() {
    let products = read(
        Kind::Products,
        "SKU,Name,Price,tax rate,policy,counted\nMUG,Mug,249.999,12,deny,5\n,Tee,399,5,,\nPEN,Pen,49,200,sometimes,many\n",
    );
    assert_eq!(
        problems(&products)[..2],
        ["2 price: cannot be read: `249.999` has more than 2 decimals, which INR does not have", "3 sku: is needed",]
    );
    assert_eq!(products.errors.iter().map(|error| error.row).collect::<Vec<_>>(), [2, 3, 4, 4]);
    assert!(products.entries.is_empty());

    let customers = read(Kind::Customers, "name,email\nAnn,ann@example.com\nAnn,ANN@example.com\nBob,nowhere\n");
    assert_eq!(problems(&customers)[0], "3 email: stands on line 2 already");
    assert_eq!(customers.errors[1].row, 4);
    assert_eq!(customers.entries.len(), 1);

    let orders = read(
        Kind::Orders,
        "order_ref,customer,product,quantity,currency\nA,ann,MUG,2,INR\nA,ann,TEE,0,USD\nB,ann,MUG,-1,\n,ann,MUG,1,\nC,ann,MUG,1,\n",
    );
    assert_eq!(
        orders.errors.iter().map(|error| (error.row, error.column.as_str())).collect::<Vec<_>>(),
        [(3, "currency"), (4, "quantity"), (5, "order_ref"),]
    );
    assert_eq!(orders.entries.len(), 1);
}

#[test]
fn files_that_are_none_are_refused_as_a_whole() {
    assert_eq!(problems(&read(Kind::Customers, "name,mail\n")), ["1 mail: is no column of such a file"]);
    assert_eq!(problems(&read(Kind::Customers, "name\n")), ["1 email: is missing in the header"]);
    assert_eq!(problems(&read(Kind::Customers, "")), ["1 name: is missing in the header"]);
    assert_eq!(problems(&read(Kind::Customers, "name,email,name\n")), ["1 name: stands twice in the header"]);
    let ragged = read(Kind::Customers, "name,email\nAnn,ann@example.com,Pune\n");
    assert_eq!(problems(&ragged), ["2 : has 3 cells, the header has 2"]);
    let latin = parse(Kind::Customers, &b"name,email\nRen\xe9,rene@example.com\n"[..], &Shop::default());
    assert_eq!(latin.errors.len(), 1);
}

#[test]
fn equal_rows_have_equal_keys_and_changed_rows_others() {
    let key = |text: &str| read(Kind::Products, text).entries[0].key.clone();
    let first = key("sku,name,price\nMUG,Mug,249\n");
    assert_eq!(first, key("price,name,sku\n249,Mug, MUG \n"));
    assert_ne!(first, key("sku,name,price\nMUG,Mug,259\n"));
    let customer = read(Kind::Customers, "name,email\nAnn,ann@example.com\n").entries[0].key.clone();
    assert!(!customer.contains("ann"), "{customer}");
}

#[test]
fn nothing_is_written_while_any_row_is_bad_unless_bad_rows_are_skipped() {
    let file = "name,email\nAnn,ann@example.com\nBob,bob@example.com\n";
    for (write, skip_bad, bad, expected) in [
        (false, false, "", (false, 2, 0)),
        (true, false, "", (true, 2, 2)),
        (true, false, "Bob", (false, 1, 0)),
        (true, true, "Bob", (true, 1, 1)),
    ] {
        let written = RefCell::new(0);
        let submit = async |entry: &Entry, dry_run: bool| {
            let Input::Customer(customer) = &entry.input else { panic!("a customer") };
            if customer.name.as_deref() == Some(bad) {
                return Err(Failure::Rejected(Box::new(Rejection::new(Code::Ambiguous, "Which Bob?"))));
            }
            *written.borrow_mut() += usize::from(!dry_run);
            Ok(Outcome::Recorded)
        };
        let report = block_on(run(read(Kind::Customers, file), Options { write, skip_bad }, submit)).expect("a report");
        assert_eq!((report.wrote, report.recorded, *written.borrow()), expected, "{write} {skip_bad} {bad}");
        assert_eq!(report.errors.len(), usize::from(!bad.is_empty()));
    }
}

#[test]
fn the_table_shows_what_to_do() {
    let preview = read(Kind::Customers, "name,email\nAnn,\n");
    let table = preview_table(&preview);
    for shown in ["row", "email", "is needed", "Fill the cell", "1 rows of customers: 0 commands, 1 problems."] {
        assert!(table.contains(shown), "{shown} in\n{table}");
    }
}
