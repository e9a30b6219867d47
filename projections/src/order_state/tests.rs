//! Tests that a stored order can be read back.

use super::*;

/// Most bytes of an order of two lines.
const SHORT: usize = 500;

#[test]
fn a_compact_order_is_short_and_is_read_as_it_was_written() {
    let at = DateTime::from_timestamp_millis(1_795_000_000_123);
    let line = |number: u32| {
        let product_id = Uuid::from_u128(u128::from(number) << 100);
        let figures = serde_json::from_str("[3,1,0,0,2,1,1,299700,29970,48551]").unwrap();
        line(StoredLine { line: number, product_id, tracked: true, figures })
    };
    let payment = Payment {
        at: DateTime::UNIX_EPOCH,
        amount: 200_000,
        method: "upi".to_owned(),
        reference: Some("r-1".to_owned()),
        undone: None,
    };
    let order = Order {
        version: Version(9),
        acted: Version(9),
        paid_at: Version(9),
        lines: vec![line(1), line(2)],
        shipping: Charge { net: 9_900, tax: 1_782 },
        shipping_reversed: Charge { net: 100, tax: 18 },
        goodwill: Charge { net: 4_237, tax: 763 },
        totals: Totals { total: 648_244, ..Totals::default() },
        captured: 400_000,
        refunded: 250_000,
        undone: 200_000,
        payments: vec![payment],
        times: Times { placed: at, confirmed: at, processing: at, held: at, held_until: at, ..Times::default() },
        ..Order::empty(OrderId(1001))
    };
    let compact = CompactOrder::of(order.clone());
    assert_eq!(compact.0, order, "nothing of it is words");
    let text = serde_json::to_string(&compact).unwrap();
    assert!(text.len() < SHORT, "{} bytes: {text}", text.len());
    let stored = concat!(
        r#"[[1001,9,"00000000-0000-0000-0000-000000000000","INR","-262143-01-01"],"#,
        r#"[648244,9900,1782,100,18,4237,763,400000,250000,200000],"#,
        r#"[[1,"00000010-0000-0000-0000-000000000000",true,[3,1,0,0,2,1,1,299700,29970,48551]],"#,
        r#"[2,"00000020-0000-0000-0000-000000000000",true,[3,1,0,0,2,1,1,299700,29970,48551]]],"#,
        r#"[1795000000123,1795000000123,1795000000123,1795000000123,1795000000123],[200000,"upi","r-1"]]"#,
    );
    assert_eq!(text, stored, "as it has always been stored");
    assert_eq!(serde_json::from_str::<CompactOrder>(&text).unwrap(), compact);
}
